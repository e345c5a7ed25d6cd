"""Layers that slide: the code of a kernel stands once, and is called at every position.

The words of a feature map lie position by position, those of all kernels at a position side by side, so that a field is
a few stretches of memory. Padding is words that are 0 around the map that is padded. Where an OR over windows that do
not overlap stands behind kernels, a function goes through a window with the ORs in registers: the map of all positions,
which is larger than a cache, is never there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.backend.apart import Sliding, dense_circuit, position_circuit, taken_apart
from lgc.backend.c.held import Neighbours
from lgc.backend.c.literal import Program
from lgc.backend.c.plan import make_planner
from lgc.frontend.conv import ConvLayer, Geometry, PoolLayer
from lgc.frontend.model import Model
from lgc.ir import Circuit
from lgc.passes import optimize

I64 = NDArray[np.int64]
_FIRST = 0b1010
"""The table of two operands that is the first."""


@dataclass(frozen=True)
class Image:
    """Where the words of an image lie in an array; those of the planes of a channel lie side by side.

    Attributes:
        first: of channel 0 at row 0, column 0.
        channel, row, column: words from one to the next.
    """

    first: int
    channel: int
    row: int
    column: int

    def words(self, geometry: Geometry) -> I64:
        """int64 (bits,): the word of each bit of the image, in the order of bits."""
        c, y, x, t = np.indices((geometry.channels, geometry.height, geometry.width, geometry.planes))
        return (self.first + c * self.channel + y * self.row + x * self.column + t).reshape(-1)

    def field(self, geometry: Geometry) -> I64:
        """int64 (field_bits,): the word of each bit of the field, counted from its first pixel."""
        c, y, x, t = np.indices((geometry.channels, *geometry.field, geometry.planes))
        return (c * self.channel + y * self.row + x * self.column + t).reshape(-1)

    def corner(self, geometry: Geometry) -> int:
        """The word of the first pixel of the field at the first position."""
        return self.first - geometry.padding[0] * self.row - geometry.padding[1] * self.column


@dataclass(frozen=True, eq=False)
class MapSlide:
    """A layer that slides, and where it reads and writes.

    Attributes:
        layer: whose outputs at a position lie side by side.
        window: (rows, columns) of positions whose outputs are ORed into one of the map.
        circuit: all its kernels at one position, optimised; None where it pools.
        reads: the image before it; of the input's words if ``first``, else of the scratch words.
        writes: its feature map, in the scratch words.
        clears: scratch words (from, count) that must be 0 before it writes, where there is padding behind it.
    """

    layer: Sliding
    window: tuple[int, int]
    circuit: Circuit | None
    reads: Image
    writes: Image
    first: bool
    clears: tuple[int, int] | None

    @property
    def steps(self) -> tuple[int, int]:
        """Words from the field of a position to that of the next, in its column and in its row."""
        stride = self.layer.geometry.stride
        return stride[0] * self.reads.row, stride[1] * self.reads.column

    @property
    def windows(self) -> tuple[int, int]:
        """Rows and columns of windows that are whole: of the map that is written."""
        g = self.layer.geometry
        return g.out_height // self.window[0], g.out_width // self.window[1]

    @property
    def joins(self) -> bool:
        """Whether an output is ORed into the map, and not written."""
        return self.window != (1, 1)

    def programs(self, part_size: int, *, ternary: bool) -> Iterator[Program]:
        """The kernels as code, some at a time; plane k is kernel k.

        Where they join, what plane k was is input ``I + k``, behind the I bits of the field.
        """
        assert self.circuit is not None
        netlist = self.circuit.netlist
        planner = make_planner(netlist, ternary=ternary, planes=netlist.num_outputs if self.joins else 0)
        kernels = Neighbours(netlist, ternary, joins=self.joins)
        while (kernel := kernels.take()) is not None:
            net = int(netlist.outputs[kernel])
            if self.joins:
                planner.join(net, kernel)
            else:
                planner.program.store(planner.literal(net), kernel)
            large = len(planner.program) >= part_size // 4 or self.joins
            if len(planner.program) >= part_size or (large and kernels.full):
                yield planner.taken().pruned()
                kernels.forget()
        if len(planner.program):
            yield planner.taken().pruned()


@dataclass(frozen=True, eq=False)
class MapChain:
    """A model as layers that slide over maps in the scratch words, and the circuit behind the last map.

    Attributes:
        dense: optimised; its head counts the votes.
        words: int64 (bits of the last map,): the scratch word of each input of ``dense``.
        num_words: scratch words that the maps take.
        num_layers: of the model that slide; a padded copy of the input is one more of ``slides``.
    """

    slides: tuple[MapSlide, ...]
    dense: Circuit
    words: I64
    num_words: int
    num_layers: int

    @property
    def num_nodes(self) -> int:
        """Gates of the code: each kernel counts once."""
        kernels = sum(one.circuit.netlist.num_nodes for one in self.slides if one.circuit is not None)
        return kernels + self.dense.netlist.num_nodes


def map_chain(model: Model, level: str) -> MapChain | None:
    """A model taken apart; None if it is no chain of layers that slide and dense ones behind them.

    Maps alternate between two places: while one is written, the one before it is read.

    Args:
        level: of the optimisation, of the kernels too.
    """
    apart = taken_apart(model)
    if apart is None:
        return None
    layers, rest = apart
    steps = _with_windows([*_copies(layers[0]), *layers])
    last = layers[-1].geometry
    behind = Geometry(layers[-1].width // last.positions, last.out_height, last.out_width)
    readers = [*(layer.geometry for layer, _ in steps[1:]), behind]
    sizes = [_size(reader) for reader in readers]
    places = 0, max(sizes[::2])
    slides: list[MapSlide] = []
    reads = _input(steps[0][0].geometry)
    for index, ((layer, window), reader) in enumerate(zip(steps, readers, strict=True)):
        at = places[index % 2]
        circuit = None if isinstance(layer, PoolLayer) else optimize(position_circuit(layer), level)
        clears = (at, sizes[index]) if max(reader.padding) else None
        slides.append(MapSlide(layer, window, circuit, reads, _map(reader, at), index == 0, clears))
        reads = slides[-1].writes
    dense = optimize(dense_circuit(model, rest), level)
    words = places[1] + max(sizes[1::2], default=0)
    return MapChain(tuple(slides), dense, reads.words(behind), words, len(layers))


def _with_windows(layers: list[Sliding]) -> list[tuple[Sliding, tuple[int, int]]]:
    """The layers, each with the window of the pooling behind it, where that can go with it."""
    steps: list[tuple[Sliding, tuple[int, int]]] = []
    for layer in layers:
        g = layer.geometry
        apart = isinstance(layer, PoolLayer) and g.field == g.stride and not max(g.padding)
        if apart and steps and isinstance(steps[-1][0], ConvLayer) and steps[-1][1] == (1, 1):
            steps[-1] = steps[-1][0], g.field
        else:
            steps.append((layer, (1, 1)))
    return steps


def _copies(layer: Sliding) -> list[Sliding]:
    """In front of a first layer with padding, the input as a map: kernels that each take a bit of a pixel as it is."""
    g = layer.geometry
    if not max(g.padding):
        return []
    bits = np.arange(g.channels * g.planes)
    pixel = Geometry(g.channels, g.height, g.width, g.planes)
    return [ConvLayer("padded", pixel, np.stack([bits, bits], axis=1), np.full((len(bits), 1), _FIRST, np.uint64), 0)]


def _input(geometry: Geometry) -> Image:
    """The input's words, in the order of its bits."""
    row = geometry.width * geometry.planes
    return Image(0, geometry.height * row, row, geometry.planes)


def _map(reader: Geometry, at: int) -> Image:
    """A map that begins at a word, with room for the padding of the layer that reads it."""
    pixel = reader.channels * reader.planes
    row = (reader.width + 2 * reader.padding[1]) * pixel
    return Image(at + reader.padding[0] * row + reader.padding[1] * pixel, reader.planes, row, pixel)


def _size(reader: Geometry) -> int:
    """The words of such a map."""
    height, width = (n + 2 * pad for n, pad in zip((reader.height, reader.width), reader.padding, strict=True))
    return height * width * reader.channels * reader.planes
