"""Layers for images: tables that slide over them, and pooling.

An image is a row of bits, as everywhere: of C channels, H rows and W columns, in this order, and behind an encoder the
bits of a pixel's T thresholds side by side. What a layer makes is an image again, of as many channels as it has
kernels.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lgc.errors import OptionError
from lgc.frontend.conv import ConvLayer, Geometry, PoolLayer
from lgc.train.bits import as_numbers, check_bits, check_width
from lgc.train.net import MAX_DEPTH
from lgc.train.nodes import TableLayer, mixes_bits
from lgc.train.wiring import Dense, Siblings, TopK


class ConvLogicLayer(nn.Module):
    """Kernels of tables that slide over an image: at every position the same tables read the field there.

    A kernel is one table, or a tree of them: its leaves read the field, and each further level the one below.

    Args:
        geometry: the image, and how the field moves over it.
        levels: tables over the field's bits, whose wires are learned inside it; then, for trees, tables over
            :class:`~lgc.train.wiring.Siblings`, a level at a time, up to one table a kernel.

    Raises:
        OptionError: the levels are no trees of one arity over the field.
    """

    under: Tensor

    def __init__(self, geometry: Geometry, *levels: TableLayer) -> None:
        super().__init__()
        self.geometry = geometry
        self.levels = nn.ModuleList(levels)
        self.kernels = levels[-1].width
        self._check(levels)
        under = torch.from_numpy(geometry.bits_under())
        outside = geometry.num_bits  # the place of a last row, of zeros
        self.register_buffer("under", under.where(under >= 0, outside), persistent=False)

    @staticmethod
    def drawn(
        geometry: Geometry,
        kernels: int,
        *,
        k: int | None = None,
        arity: int = 6,
        depth: int = 1,
        residual: bool = True,
        generator: torch.Generator | None = None,
    ) -> ConvLogicLayer:
        """Straight-through kernels as they usually start.

        Args:
            geometry: the image, and how the field moves over it.
            kernels: their number, N.
            k: candidates of an operand, redrawn by training; None, or more than the field has, for the whole field.
            arity: inputs of a table, r: 2 to 6.
            depth: levels of a kernel's tree, d; it has r^d operands.
            residual: whether tables start as their first operand, with noise.
            generator: the source of candidates and logits.

        Raises:
            OptionError: the arity is not between 2 and 6, k is below 1, or the depth not between 1 and 8.
        """
        if not 1 <= depth <= MAX_DEPTH:
            text = f"Give 1 for kernels of one table, or up to {MAX_DEPTH}"
            raise OptionError(f"trees of depth {depth} are asked for", hint=text)
        leaves, bits = kernels * arity ** (depth - 1), geometry.field_bits
        dense = k is None or k >= bits
        wires = Dense(bits, leaves, operands=arity, generator=generator) if dense else TopK(
            bits, leaves, k or 0, operands=arity, generator=generator
        )  # fmt: skip
        levels = [TableLayer(wires, leaves, residual=residual, generator=generator)]
        for level in reversed(range(depth - 1)):
            tables = kernels * arity**level
            levels.append(TableLayer(Siblings(tables, arity), tables, residual=residual, generator=generator))
        return ConvLogicLayer(geometry, *levels)

    def _check(self, levels: tuple[TableLayer, ...]) -> None:
        field, below = levels[0].connectome.in_bits, levels[0].width
        if field != self.geometry.field_bits:
            raise OptionError(
                f"the kernels' wires choose among {field} bits, but the field has {self.geometry.field_bits}",
                hint="Give the connectome geometry.field_bits inputs",
            )
        for level in levels[1:]:
            wires = level.connectome
            if not isinstance(wires, Siblings) or wires.in_bits != below or wires.operands != self.arity:
                raise OptionError(
                    f"{level.width} tables over {below} tables of {self.arity} inputs are no level of trees",
                    hint="Use ConvLogicLayer.drawn(..., depth=2), or TableLayer(Siblings(tables, arity), tables)",
                )
            below = level.width

    @property
    def arity(self) -> int:
        """Inputs of a table, r."""
        return self.levels[0].connectome.operands  # type: ignore[union-attr, return-value]

    @property
    def width(self) -> int:
        """Bits of the layer's output: kernels times positions."""
        return self.kernels * self.geometry.positions

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of the image that the layer makes."""
        return self.kernels, self.geometry.out_height, self.geometry.out_width

    @property
    def mixes(self) -> bool:
        """Whether probabilities are as good as bits now."""
        return any(map(mixes_bits, self.levels))

    def forward(self, x: Tensor) -> Tensor:
        """Bits or probabilities (samples, C*H*W*T) to (samples, kernels * positions), a kernel's positions together.

        Raises:
            InputError: another shape, or values that are no bits.
        """
        check_width(self, x, self.geometry.num_bits)
        check_bits(self, x, soft=self.mixes or x.grad_fn is not None)
        rows = self._fields(as_numbers(x, self.levels[0].logits).t())  # type: ignore[arg-type]
        for level in self.levels:
            rows = level.values(rows)  # type: ignore[operator]
        return rows.reshape(-1, len(x)).t()

    def _fields(self, rows: Tensor) -> Tensor:
        """(C*H*W*T, B) to (field bits, P * B): what each position sees, as if it were more samples."""
        if self.geometry.padding != (0, 0):
            rows = torch.cat([rows, rows.new_zeros(1, rows.shape[1])])
        return rows.index_select(0, self.under.flatten()).view(len(self.under), -1)

    def tables(self) -> NDArray[np.uint64]:
        """(kernels, tables): the truth tables, leaves first."""
        return np.concatenate([level.tables().reshape(self.kernels, -1) for level in self.levels], axis=1)  # type: ignore[operator]

    def harden(self, index: int) -> ConvLayer:
        """The discrete layer number ``index`` of a chain."""
        wires: NDArray[np.int64] = self.levels[0].connectome.wires().cpu().numpy()  # type: ignore[union-attr, operator]
        wires = np.ascontiguousarray(wires.reshape(self.kernels, -1), np.int64)
        return ConvLayer(f"layer{index + 1}", self.geometry, wires, self.tables(), index)


class OrPool(nn.Module):
    """Whether any bit of a window is set, channel by channel; windows lie side by side.

    In training probabilities are taken for independent: the gradient goes to a bit where no other of its window is
    set, as only there it decides.

    Args:
        shape: channels, rows and columns of the image.
        window: rows and columns of a window; one number for both.

    Raises:
        OptionError: windows leave rows or columns over.
    """

    def __init__(self, shape: tuple[int, int, int], window: int | tuple[int, int]) -> None:
        super().__init__()
        rows, columns = (window, window) if isinstance(window, int) else window
        channels, height, width = shape
        if min(rows, columns) < 1 or height % rows or width % columns:
            raise OptionError(
                f"windows of {rows} x {columns} do not divide an image of {height} x {width}",
                hint="Take another window, or another kernel, stride or padding before it",
            )
        self.geometry = Geometry(channels, height, width, 1, (rows, columns), (rows, columns))

    @property
    def width(self) -> int:
        """Bits of the output."""
        return self.geometry.channels * self.geometry.positions

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, rows and columns of the image that is left."""
        return self.geometry.channels, self.geometry.out_height, self.geometry.out_width

    def forward(self, x: Tensor) -> Tensor:
        """Bits or probabilities (samples, C*H*W) to (samples, C * windows).

        Raises:
            InputError: another shape, or values outside 0 to 1.
        """
        check_width(self, x, self.geometry.num_bits)
        check_bits(self, x, soft=True)
        (channels, height, width), (rows, columns) = self.shape, self.geometry.field
        image = x.reshape(len(x), channels, height, rows, width, columns)
        bits = image.permute(3, 5, 0, 1, 2, 4).flatten(0, 1)
        none = 1 - bits[0]
        for bit in bits[1:]:
            none = none * (1 - bit)
        return (1 - none).flatten(1)

    def harden(self, index: int) -> PoolLayer:
        """The discrete layer number ``index`` of a chain."""
        return PoolLayer(f"layer{index + 1}", self.geometry, index)


class Flatten(nn.Flatten):
    """Where dense layers follow: (samples, ...) to (samples, bits). Images are rows of bits already and stay so."""
