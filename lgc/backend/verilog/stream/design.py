"""What a streaming circuit is made of: the layers that slide, with their kernels, and what stands behind them.

A layer that slides is one copy of its kernels behind line buffers. It makes a *step* for every pixel that comes. At a
step the pixel enters the line buffers, and the field moves on by one. A position of the field is complete when the last
pixel that it sees has entered. Below and right of the image that would be pixels of the padding, for which the pixels
of the next frame, or idle clocks, stand in: what they hold is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lgc.backend.apart import dense_circuit, with_narrow_pools
from lgc.backend.verilog.stream.wide import Wide, fitting_rates, widened
from lgc.errors import OptionError
from lgc.frontend.conv import ConvLayer, Geometry, PoolLayer
from lgc.frontend.lower import lower
from lgc.frontend.model import CONSTANTS, AnyLayer, Layer, Model
from lgc.ir import Circuit, Encoder, Head
from lgc.ir.naming import identifier, unique
from lgc.mapping.pipeline import level_delays
from lgc.passes import PassManager, optimize, pipeline_of

_KERNEL_PASSES = "levelize,const-fold,dead-gates,fanin-dedup,absorb-inverters,dead-gates,levelize"
"""Those that keep every output: a kernel has its place."""
_TABLES_A_CLOCK = 1.0
AS_THEY_ARE = "series"
"""The level at which every dense table stays one: none is made of two, or shares a part with another."""


@dataclass(frozen=True, eq=False)
class Slide:
    """A layer that slides, as hardware.

    Attributes:
        name: part of its modules' names.
        geometry: of the image it reads.
        circuit: all kernels at one position, from the bits of the field.
        cuts: levels of the circuit behind which register stages stand; another stands at its outputs.
        definition: the circuit, unoptimised.
        together: neighbouring positions that make one of the geometry's: output ``k * together + m`` is kernel k there.
    """

    name: str
    geometry: Geometry
    circuit: Circuit
    cuts: tuple[int, ...]
    definition: Circuit
    together: int = 1

    @property
    def outputs(self) -> int:
        """Kernels, or channels of pooling, of all positions that it computes at once."""
        return self.circuit.netlist.num_outputs

    @property
    def pixel_bits(self) -> int:
        """Bits of a pixel that comes in."""
        return self.geometry.channels * self.geometry.planes

    @property
    def padded(self) -> bool:
        """Whether there is padding, which takes a register stage of its own."""
        return max(self.geometry.padding) > 0

    @property
    def clocks(self) -> int:
        """Clocks from the pixel that completes a position to the kernels' outputs there."""
        return 1 + self.padded + len(self.cuts) + 1

    @property
    def first_step(self) -> int:
        """The step, from 0, that completes the first position."""
        g = self.geometry
        return (g.field[0] - 1 - g.padding[0]) * g.width + g.field[1] - 1 - g.padding[1]

    @property
    def steps(self) -> list[int]:
        """The steps that complete the positions, ascending; those from H*W on come after the last pixel."""
        g = self.geometry
        rows, columns = (np.arange(n) * s for n, s in zip((g.out_height, g.out_width), g.stride, strict=True))
        return [int(step) for step in (self.first_step + rows[:, None] * g.width + columns).reshape(-1)]

    @property
    def tail(self) -> int:
        """Steps after the last pixel of a frame."""
        return max(0, self.steps[-1] + 1 - self.geometry.height * self.geometry.width)


@dataclass(frozen=True, eq=False)
class Streamed:
    """A model as layers that slide, and the dense layers behind them.

    Attributes:
        slides: in order; each reads what the one before makes.
        dense: the layers behind the last feature map, a circuit that reads its bits; None if the head stands there.
        head: of the model.
        chain: the same layers one by one, if none is made of two.
        rate: pixels that come at once, neighbours in a row.
    """

    slides: tuple[Slide, ...]
    dense: Circuit | None
    head: Head
    chain: tuple[Circuit, ...] = ()
    rate: int = 1

    @property
    def image(self) -> Geometry:
        """What comes in, pixel by pixel."""
        wide = self.slides[0].geometry
        return Geometry(wide.channels, wide.height, wide.width * self.rate, wide.planes // self.rate)

    @property
    def pixels(self) -> int:
        """Of a frame, those that come at once taken as one."""
        wide = self.slides[0].geometry
        return wide.height * wide.width

    @property
    def positions(self) -> int:
        """Of the last feature map, those that are computed at once taken as one."""
        return self.slides[-1].geometry.positions


def streamed(model: Model, level: str = "O2", rate: int = 1) -> Streamed:
    """Take a model apart.

    Args:
        level: of the optimisation of the dense layers, or :data:`AS_THEY_ARE`.
        rate: pixels that come at once.

    Raises:
        OptionError: it has no layer that slides, or is no chain, or a geometry that a stream cannot have.
    """
    model = with_narrow_pools(model)
    sliding = _sliding(model.layers)
    names = unique([identifier(layer.name, "layer") for layer in sliding])
    slides = [_slide(name, one) for name, one in zip(names, _wide(sliding, rate), strict=True)]
    rest = model.layers[len(sliding) :]
    kernels = slides[-1].outputs // slides[-1].together
    if not rest and kernels % model.head.num_classes:
        raise OptionError(
            f"{kernels} kernels do not divide into {model.head.num_classes} classes",
            hint="Behind the last feature map each class counts kernels of its own: give the layer a multiple of them",
        )
    if not rest:
        return Streamed(tuple(slides), None, model.head, (), rate)
    chain = _chain(model, rest) if level == AS_THEY_ARE else ()
    return Streamed(tuple(slides), _dense(model, rest, level), model.head, chain, rate)


def _sliding(layers: Sequence[AnyLayer]) -> list[ConvLayer | PoolLayer]:
    found: list[ConvLayer | PoolLayer] = []
    for index, layer in enumerate(layers):
        if isinstance(layer, Layer):
            break
        if layer.source != index:
            raise OptionError(f"{layer.name} reads no layer just before it", hint="What streams is a chain of layers")
        _check_limits(layer)
        found.append(layer)
    if not found:
        raise OptionError(
            "this model does not begin with a convolution, so nothing of it can be streamed",
            hint="--interface axis takes a whole image at a time; docs/streaming.md says what streams",
        )
    if not all(isinstance(layer, Layer) for layer in layers[len(found) :]):
        raise OptionError("a convolution stands behind a dense layer", hint="What streams is a chain of layers")
    return found


def _check_limits(layer: ConvLayer | PoolLayer) -> None:
    """Refuse what the steps of a frame cannot express.

    Raises:
        OptionError: more padding than half of the field, or a field that begins behind the image.
    """
    g = layer.geometry
    if any(2 * pad >= size for pad, size in zip(g.padding, g.field, strict=True)):
        raise OptionError(
            f"{layer.name} has padding of half of its field or more ({g})",
            hint="A stream takes padding p of a field k with 2p < k",
        )
    if any(k - pad > n for k, pad, n in zip(g.field, g.padding, (g.height, g.width), strict=True)):
        raise OptionError(f"{layer.name} has a field that is larger than image and padding on one side ({g})",
                          hint="Take a smaller kernel")  # fmt: skip


def _wide(sliding: Sequence[ConvLayer | PoolLayer], rate: int) -> list[Wide]:
    """The layers with the pixels that each takes at once: as many as positions of the layer before it."""
    found: list[Wide] = []
    for layer in sliding:
        try:
            found.append(widened(layer, found[-1].together if found else rate))
        except OptionError as error:
            rates = " or ".join(map(str, fitting_rates(sliding)))
            hint = f"--pixels-per-clock {rates} fits" if rates else error.hint
            raise OptionError(f"--pixels-per-clock {rate}: {error.message}", hint=hint) from error
    return found


def _slide(name: str, wide: Wide) -> Slide:
    definition = wide.circuit()
    circuit = PassManager().run(definition, pipeline_of(_KERNEL_PASSES))
    return Slide(name, wide.geometry, circuit, _cuts(circuit), definition, wide.together)


def _cuts(circuit: Circuit) -> tuple[int, ...]:
    """Register stages so that about one lookup table lies between two of them."""
    cuts, since = [], 0.0
    arity = circuit.netlist.arity
    delays = level_delays(circuit.netlist) * 0 + (0.5 if len(arity) and arity.max() <= 2 else 1.0)
    for level, delay in enumerate(delays.tolist(), 1):
        if since and since + delay > _TABLES_A_CLOCK:
            cuts.append(level - 1)
            since = 0.0
        since += delay
    return tuple(cuts)


def _dense(model: Model, rest: Sequence[AnyLayer], level: str) -> Circuit:
    """The dense layers as a model of their own, whose input is the last feature map."""
    before = len(model.layers) - len(rest)
    layers = [layer for layer in rest if isinstance(layer, Layer)]
    for layer in layers:
        if any(CONSTANTS < stage < before for stage in layer.sources):
            raise OptionError(f"{layer.name} reads a stage before the last feature map",
                              hint="What streams is a chain of layers")  # fmt: skip
    dense = dense_circuit(model, layers)
    return dense if level == AS_THEY_ARE else optimize(dense, level)


def _chain(model: Model, rest: Sequence[AnyLayer]) -> tuple[Circuit, ...]:
    """Dense layers as circuits, each of which reads the outputs of the one before.

    Raises:
        OptionError: one reads further back.
    """
    found, before = [], len(model.layers) - len(rest)
    for stage, layer in enumerate(rest, before):
        assert isinstance(layer, Layer), "a dense layer stands before no other"
        if any(source not in (CONSTANTS, stage) for source in layer.sources):
            raise OptionError(
                f"{layer.name} reads a layer that is not just before it, and tables in series cannot",
                hint="Leave out --tables-per-clock: they stand side by side then",
            )
        one = replace(layer, sources=tuple(CONSTANTS if source == CONSTANTS else 0 for source in layer.sources))
        head = model.head if layer is rest[-1] else Head.equal_groups(layer.width, ("outputs",))
        found.append(lower(Model(layer.name, Encoder(model.stage_width(stage)), (one,), head)))
    return tuple(found)
