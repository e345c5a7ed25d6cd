"""What a network reads: which features, and for which class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lgc.ir import FIRST_INPUT, Circuit, Netlist

MOST_CLASSES = 20


@dataclass(frozen=True, eq=False)
class Reads:
    """How often features are read.

    Attributes:
        features: int64 (F,): operands of gates that reach a vote, and votes, that are bits of each feature.
        by_class: int64 (C, F): the same of the gates behind each class's votes; None where there are too many classes.
    """

    features: NDArray[np.int64]
    by_class: NDArray[np.int64] | None

    @property
    def used(self) -> int:
        """How many features are read at all."""
        return int((self.features > 0).sum())


def count_reads(circuit: Circuit) -> Reads:
    """Count them."""
    netlist, offsets = circuit.netlist, circuit.head.offsets
    every = _reads(circuit, netlist.outputs)
    if circuit.head.num_classes > MOST_CLASSES:
        return Reads(every, None)
    groups = [netlist.outputs[lo:hi] for lo, hi in pairwise(offsets)]
    return Reads(every, np.stack([_reads(circuit, group) for group in groups]))


def _reads(circuit: Circuit, roots: NDArray[np.integer]) -> NDArray[np.int64]:
    netlist, owner = circuit.netlist, circuit.encoder.column_of_bits
    read = operands_behind(netlist, roots)
    bits = read[(read >= FIRST_INPUT) & (read < netlist.first_node)] - FIRST_INPUT
    return np.bincount(owner[bits], minlength=int(owner.max(initial=-1)) + 1)


def operands_behind(netlist: Netlist, roots: NDArray[np.integer]) -> NDArray[np.int64]:
    """The nets that gates behind some nets read, once for each operand, and the roots themselves."""
    live = netlist.live(roots)[netlist.first_node :]
    operands = netlist.fanin[live][netlist.used[live]]
    return np.concatenate([operands, roots]).astype(np.int64)


def image_shape(circuit: Circuit, shape: tuple[int, ...] | None) -> tuple[int, int, int] | None:
    """Channels, height and width, if the features are pixels of an image; else None."""
    count = circuit.encoder.num_features
    if shape is None or circuit.encoder.code is not None or int(np.prod(shape)) != count:
        return _square(circuit)
    if len(shape) == 3 and min(shape[1:]) > 1:
        return shape[0], shape[1], shape[2]
    if len(shape) == 2 and min(shape) > 1:
        return 1, shape[0], shape[1]
    return _square(circuit)


def _square(circuit: Circuit) -> tuple[int, int, int] | None:
    """Of pixels whose shape nobody said: a square, if it is one."""
    inputs = circuit.inputs
    if inputs is None or inputs.pixels is None or circuit.encoder.code is not None:
        return None
    side = round(inputs.num_features**0.5)
    return (1, side, side) if side * side == inputs.num_features else None


def as_images(counts: NDArray[np.int64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Counts (F,) as a picture (H, W), all channels together."""
    return np.asarray(counts.reshape(shape).sum(axis=0), np.float64)


def most_read(counts: NDArray[np.int64], limit: int) -> Sequence[int]:
    """The features that are read most, the first most often."""
    order = np.argsort(-counts, kind="stable")[:limit]
    return [int(index) for index in order if counts[index] > 0]
