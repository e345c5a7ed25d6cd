"""Building a model out of a peer's layers, whatever they read.

A *bit* is a global number: 0 and 1 are the constants, then come the input bits, then one bit per node. Importers
compute on numpy arrays of bits (reshape, pad, slice as the peer does with values); :class:`Assembler` turns
them into layers with sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import GATES, INPUTS, check_bound
from lgc.errors import CheckpointError, OptionError
from lgc.frontend.conv import ConvLayer, PoolLayer, check_image
from lgc.frontend.facts import ImportOptions, MissingFactError
from lgc.frontend.model import CONSTANTS, AnyLayer, Layer, Model, check_model
from lgc.ir import Encoder, Head
from lgc.ir.circuit import Tie
from lgc.ir.gates import TABLE_OF_ID

Array = NDArray[Any]
Bits = NDArray[np.int64]
Tables = NDArray[np.uint64]

ZERO = 0
ONE = 1
FIRST_BIT = 2
"""Of the input."""
BUFFER_TABLE = np.uint64(2)


@dataclass(frozen=True, eq=False)
class Stage:
    """What an image is.

    Attributes:
        source: the stage.
        planes: T, bits of a channel.
        channel, plane: int64 (C',), of each channel of the image.
    """

    source: int
    planes: int
    channel: Bits
    plane: Bits


class Assembler:
    """Collects layers over an encoder.

    Attributes:
        encoder: stage 0.
        inputs: the input bits in lgc's order, int64 (F*T,).
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        check_bound(encoder.num_bits, INPUTS, "input bits", CheckpointError)
        self.inputs: Bits = np.arange(2, 2 + encoder.num_bits, dtype=np.int64)
        self._starts = [0, 2, 2 + encoder.num_bits]  # first bit of stage -1, of stage 0, and of the next stage
        self._layers: list[AnyLayer] = []
        self._nodes = 0

    def layer(self, operands: Bits, tables: Tables, name: str | None = None) -> Bits:
        """Append N nodes.

        Args:
            operands: (N, r), bits that exist.
            tables: uint64 (N,), LSB-first, operand 0 is address bit 0.

        Returns:
            int64 (N,), the new bits.

        Raises:
            CheckpointError: the network becomes larger than lgc can handle.
        """
        end = self._starts[-1]
        self._count(len(tables))
        stage = np.searchsorted(self._starts, operands, side="right") - 1  # 0 stands for the constants
        used = np.unique(stage)
        sources = [int(index) + CONSTANTS for index in used] or [0]
        widths = np.diff(self._starts)[used] if len(used) else np.zeros(0, np.int64)
        shift = np.zeros(len(self._starts), np.int64)
        shift[used] = np.concatenate([[0], np.cumsum(widths)[:-1]]) - np.array(self._starts)[used] if len(used) else 0
        wires = operands + shift[stage]
        self._layers.append(Layer(name or f"layer{len(self._layers) + 1}", wires, tables, tuple(sources)))
        self._starts.append(end + len(tables))
        return np.arange(end, end + len(tables), dtype=np.int64)

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        check_bound(self._nodes + self.encoder.num_bits, GATES, "gates once it is unrolled", CheckpointError)

    def slide(self, layer: ConvLayer | PoolLayer) -> Bits:
        """Append a layer that slides over a whole stage, its ``source``.

        Returns:
            int64 (width,), the new bits.

        Raises:
            CheckpointError: the layer is none, does not fit the stage, or makes the network larger than lgc can handle.
        """
        start, end = self._starts[layer.source + 1], self._starts[layer.source + 2]
        check_image(layer, end - start)
        self._count(layer.num_nodes)
        self._layers.append(layer)
        self._starts.append(self._starts[-1] + layer.width)
        return np.arange(self._starts[-2], self._starts[-1], dtype=np.int64)

    def stage_of(self, image: Bits) -> Stage | None:
        """The stage that an image (C', H, W) is, whole; None if it is none.

        In the image each bit of a channel is a channel of its own, those of one channel or of one threshold together.
        """
        flat = image.reshape(-1)
        index = int(np.searchsorted(self._starts, flat[0], side="right")) - 2
        if index < 0 or len(flat) != self._starts[index + 2] - self._starts[index + 1]:
            return None
        planes = self.encoder.num_thresholds if index == 0 else 1
        if len(image) % planes:
            return None
        whole = np.arange(self._starts[index + 1], self._starts[index + 2])
        channels = np.arange(len(image) // planes)[:, None]
        for order in (channels * planes + np.arange(planes), channels + len(channels) * np.arange(planes)):
            if np.array_equal(np.moveaxis(image[order], 1, -1).reshape(-1), whole):
                place = np.argsort(order, axis=None)
                return Stage(index, planes, place // planes, place % planes)
        alone = np.arange(len(image))
        return Stage(index, 1, alone, np.zeros_like(alone)) if np.array_equal(flat, whole) else None

    def chain(self, bits: Bits, layers: Sequence[tuple[Array, Tables, int | None]]) -> Bits:
        """Append layers, each of which reads the one before.

        Args:
            bits: what the first one reads.
            layers: of each its wires (N, r), its tables (N,), and how many bits it reads, if the file tells.

        Returns:
            The bits of the last one.

        Raises:
            CheckpointError: a layer reads another number of bits, or a wire that does not exist.
        """
        for index, (wires, tables, width) in enumerate(layers, 1):
            name = f"layer{index}"
            if width is not None and width != len(bits):
                raise CheckpointError(f"{name} reads {width} bits, but the layer before has {len(bits)}")
            bits = self.layer(take(bits, wires, name), tables, name)
        return bits

    def finish(self, outputs: Bits, head: Head, name: str, family: str, **fields: Any) -> Model:
        """The checked model. Outputs that are not just the last layer get a layer of buffers.

        Raises:
            CheckpointError: the head does not fit.
        """
        outputs = outputs.reshape(-1)
        last = np.arange(self._starts[-2], self._starts[-1]) if self._layers else np.zeros(0, np.int64)
        if not np.array_equal(outputs, last):
            self.layer(outputs[:, None], np.full(len(outputs), BUFFER_TABLE), "output")
        model = Model(name, self.encoder, tuple(self._layers), head, family=family, **fields)
        return check_model(model)


def take(bits: Bits, wires: Array, name: str) -> Bits:
    """``bits[wires]`` for wires (N, r) that a file gives.

    Raises:
        CheckpointError: a wire that does not exist, with its neuron.
    """
    if wires.dtype.kind not in "iu":
        raise CheckpointError(f"{name}: the wires are of type {wires.dtype}, not whole numbers")
    bad = np.argwhere((wires < 0) | (wires >= len(bits)))
    if len(bad):
        row = tuple(int(i) for i in bad[0])
        raise CheckpointError(
            f"{name}, neuron {row[0]}: it reads wire {wires[row]}, but there are {len(bits)}",
            hint="The file is damaged, or belongs to another architecture",
        )
    return bits[wires.astype(np.int64)]


def hard_argmax(logits: Array, axis: int, name: str) -> Bits:
    """The first maximum along an axis, torch's rule.

    Raises:
        CheckpointError: a NaN, or nothing to choose from.
    """
    refuse_nan(logits, name)
    if logits.shape[axis] == 0:
        raise CheckpointError(f"{name} has nothing to choose from: its shape is {logits.shape}")
    return np.asarray(logits.argmax(axis=axis), np.int64)


def refuse_nan(values: Array, name: str) -> None:
    """Refuse what diverged training leaves.

    Raises:
        CheckpointError: a NaN, or no real numbers.
    """
    if values.dtype.kind not in "fiub":
        raise CheckpointError(f"{name} holds {values.dtype}, not numbers")
    if values.dtype.kind == "f" and np.isnan(values).any():
        place = [int(i) for i in np.argwhere(np.isnan(values))[0]]
        raise CheckpointError(f"{name}{place} is NaN", hint="Training diverged; use an earlier checkpoint")


def gate_tables(ids: Array, name: str) -> Tables:
    """Truth tables of gate ids 0..15.

    Raises:
        CheckpointError: another id.
    """
    if ids.dtype.kind not in "iu":
        raise CheckpointError(f"{name}: the gate ids are of type {ids.dtype}, not whole numbers")
    bad = np.argwhere((ids < 0) | (ids > 15))
    if len(bad):
        raise CheckpointError(f"{name}, neuron {int(bad[0][0])}: gate id {ids[tuple(bad[0])]} is not one of 0 to 15")
    return TABLE_OF_ID[ids.astype(np.int64)]


def bit_tables(bits: NDArray[np.bool_], *, msb_first: bool) -> Tables:
    """Truth tables of their 2^r output bits, bool (N, 2^r).

    Args:
        msb_first: input 0 is the address's most significant bit (torchlogix), instead of the least (torch-dwn).
    """
    size = bits.shape[-1]
    arity = size.bit_length() - 1
    if msb_first:
        order = [sum(((a >> j) & 1) << (arity - 1 - j) for j in range(arity)) for a in range(size)]
        bits = bits[..., order]
    weights = np.uint64(1) << np.arange(size, dtype=np.uint64)
    return np.asarray(np.bitwise_or.reduce(np.where(bits, weights, np.uint64(0)), axis=-1), np.uint64)


def log2_size(size: int, name: str) -> int:
    """The arity r of tables of 2^r entries.

    Raises:
        CheckpointError: no power of two, or wider than lgc's nodes.
    """
    arity = size.bit_length() - 1
    if size < 1 or size != 1 << arity:
        raise CheckpointError(f"{name} has tables of {size} entries, which is no power of two")
    if arity > 6:
        raise CheckpointError(f"{name} has LUTs of {arity} inputs", hint="lgc's nodes have up to 6")
    return arity


def make_inputs(facts: ImportOptions, width: int | None) -> tuple[Assembler, Bits]:
    """An assembler for the network's input and the input bits in the order the network reads them.

    Args:
        width: the number of bits the first layer reads, if the file tells.

    Raises:
        MissingFactError: neither the file nor the user tells how wide the input is.
        OptionError: what the user says does not fit the file.
    """
    thresholds = facts.array("thresholds")
    features = facts.integer("features")
    width = facts.integer("in_dim") if width is None else width
    if thresholds is None:
        features = features if features is not None else width
        if features is None:
            raise MissingFactError("features", "the file does not say how wide the input is")
        _fit(features, width, f"{features} features")
        assembler = Assembler(Encoder(features))
        return assembler, assembler.inputs
    if thresholds.ndim == 1:
        if features is None and (width is None or width % len(thresholds)):
            raise MissingFactError("features", "the file does not say how many features there are")
        count = features if features is not None else int(width or 0) // len(thresholds)
        thresholds = np.tile(thresholds, (count, 1))
    if features is not None and len(thresholds) != features:
        raise OptionError(f"--thresholds has rows for {len(thresholds)} features, and --features is {features}")
    _fit(thresholds.size, width, f"{len(thresholds)} features with {thresholds.shape[1]} thresholds")
    assembler, bits = from_thresholds(thresholds)
    if facts.choice("bit_order", ("feature-major", "threshold-major")) == "threshold-major":
        bits = bits.T
    return assembler, np.ascontiguousarray(bits).reshape(-1)


def _fit(bits: int, width: int | None, what: str) -> None:
    if width is not None and bits != width:
        raise OptionError(f"{what} make {bits} bits, but the network reads {width}")


def from_thresholds(thresholds: NDArray[np.floating[Any]]) -> tuple[Assembler, Bits]:
    """An assembler whose encoder has these thresholds (F, T) in any order, and their bits, int64 (F, T).

    Raises:
        CheckpointError: a threshold is NaN or infinite.
    """
    if thresholds.ndim != 2 or 0 in thresholds.shape:
        raise CheckpointError(f"the thresholds have shape {thresholds.shape}, expected (F, T)")
    bad = np.argwhere(~np.isfinite(thresholds))
    if len(bad):
        raise CheckpointError(f"threshold {bad[0][1]} of feature {bad[0][0]} is {thresholds[tuple(bad[0])]}")
    order = np.argsort(thresholds, axis=1, kind="stable")
    assembler = Assembler(Encoder(len(thresholds), np.take_along_axis(thresholds, order, axis=1).astype(np.float64)))
    bits = np.empty_like(order, dtype=np.int64)
    np.put_along_axis(bits, order, assembler.inputs.reshape(thresholds.shape), axis=1)
    return assembler, bits


def make_head(
    facts: ImportOptions, width: int, *, classes: int | None = None, tau: float | None = None, beta: float | None = None
) -> Head:
    """GroupSum over ``width`` outputs; what the file tells comes after what the user says.

    Raises:
        MissingFactError: the number of classes is unknown.
        OptionError: the outputs do not divide into the classes.
    """
    given = facts.get("classes")
    if isinstance(given, list | tuple) and given and all(isinstance(name, str) for name in given):
        names = tuple(given)
    else:
        count = facts.integer("classes") if given is not None else classes
        if count is None:
            raise MissingFactError("classes", "the file does not say how its outputs are grouped")
        names = tuple(str(index) for index in range(count))
    if width % len(names):
        raise OptionError(f"{width} outputs do not divide into {len(names)} classes", hint="Correct --classes")
    tau = _known(facts.number("tau"), tau, 1.0)
    beta = _known(facts.number("beta"), beta, 0.0)
    if tau <= 0:
        raise OptionError(f"--tau is {tau}", hint="It must be a positive number")
    # Scores are integers. An offset that is none is the same for every class and changes no decision.
    bias = np.full(len(names), int(beta) if float(beta).is_integer() and abs(beta) < 2**30 else 0, np.int64)
    tie = cast(Tie, facts.choice("tie", ("first", "last")) or "first")
    return Head.equal_groups(width, names, bias=bias, tau=tau, tie=tie)


def _known(*values: float | None) -> float:
    return next(float(value) for value in values if value is not None)
