"""Layers that slide over an image: kernels of tables, and pooling. They stay what they are until they are unrolled.

The bits of an image of C channels, H rows and W columns stand in the order ((c*H + y)*W + x)*T + t. T is the number of
thresholds behind the encoder, and 1 behind a layer. Outside the image every bit is 0.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError
from lgc.ir import MAX_ARITY


@dataclass(frozen=True)
class Geometry:
    """An image, and the field that slides over it.

    Attributes:
        channels: C.
        height: H, in pixels.
        width: W, in pixels.
        planes: T, bits of a channel of a pixel.
        field: (kh, kw), rows and columns that one position reads.
        stride: (sh, sw), rows and columns between neighbouring positions.
        padding: (ph, pw), rows above and below and columns left and right of the image, which are 0.

    Raises:
        CheckpointError: a size is below 1, a padding negative or as large as the field, or the field larger than the
            padded image.
    """

    channels: int
    height: int
    width: int
    planes: int = 1
    field: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        sizes = (self.channels, self.height, self.width, self.planes, *self.field, *self.stride)
        if min(sizes) < 1 or min(self.padding) < 0:
            raise CheckpointError(f"{self} is no geometry", hint="Sizes and strides are 1 or more, padding 0 or more")
        padded = (self.height + 2 * self.padding[0], self.width + 2 * self.padding[1])
        if self.field[0] > padded[0] or self.field[1] > padded[1]:
            raise CheckpointError(
                f"a field of {_by(self.field)} is larger than the image of {_by(padded)} that it slides over",
                hint="Take a smaller kernel or more padding, or leave out a layer or a stride before it",
            )
        if self.padding[0] >= self.field[0] or self.padding[1] >= self.field[1]:
            raise CheckpointError(
                f"padding of {_by(self.padding)} around a field of {_by(self.field)}: some positions see no pixel",
                hint="The padding is smaller than the field in both directions",
            )

    def __str__(self) -> str:
        planes = f" of {self.planes} bits" if self.planes > 1 else ""
        return (
            f"{self.channels} x {self.height} x {self.width}{planes}, field {_by(self.field)}, "
            f"stride {_by(self.stride)}, padding {_by(self.padding)}"
        )

    @property
    def num_bits(self) -> int:
        """Bits of the image, C*H*W*T."""
        return self.channels * self.height * self.width * self.planes

    @property
    def field_bits(self) -> int:
        """Bits of the field, C*kh*kw*T."""
        return self.channels * self.field[0] * self.field[1] * self.planes

    @property
    def out_height(self) -> int:
        """Rows of positions."""
        return (self.height + 2 * self.padding[0] - self.field[0]) // self.stride[0] + 1

    @property
    def out_width(self) -> int:
        """Columns of positions."""
        return (self.width + 2 * self.padding[1] - self.field[1]) // self.stride[1] + 1

    @property
    def positions(self) -> int:
        """P, positions of the field; position p is (p // out_width, p % out_width)."""
        return self.out_height * self.out_width

    def bits_under(self, wires: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """int64 (..., P): which bit of the image bits of the field are at each position; -1 is padding.

        Bit ``((c*kh + dy)*kw + dx)*T + t`` of the field at position (oy, ox) is channel c, row ``oy*sh + dy - ph``,
        column ``ox*sw + dx - pw``, plane t.

        Args:
            wires: int64 (...), those bits of the field; all of them if None.
        """
        wires = np.arange(self.field_bits) if wires is None else wires
        pixel, t = np.divmod(wires[..., None], self.planes)
        row, dx = np.divmod(pixel, self.field[1])
        c, dy = np.divmod(row, self.field[0])
        oy, ox = np.divmod(np.arange(self.positions), self.out_width)
        y, x = (oy * self.stride[0] + dy - self.padding[0]), (ox * self.stride[1] + dx - self.padding[1])
        inside = (y >= 0) & (y < self.height) & (x >= 0) & (x < self.width)
        return np.where(inside, ((c * self.height + y) * self.width + x) * self.planes + t, -1)


@dataclass(frozen=True, eq=False)
class ConvLayer:
    """N kernels, each a full tree of tables of one arity r and depth d over the field, at each of P positions.

    Output bit ``k*P + p`` is kernel k at position p: the layer behind sees an image of N channels and one plane.

    Attributes:
        name: for people.
        geometry: of the image it reads.
        wires: int64 (N, r^d), bits of the field.
        tables: uint64 (N, (r^d - 1)/(r - 1)), the level of the leaves first, the root last. Operand j of node i of a
            level is node r*i + j of the level below, operand 0 is address bit 0, and tables are LSB-first.
        source: the stage it reads: 0 the encoded input, i+1 the output of layer i.
    """

    name: str
    geometry: Geometry
    wires: NDArray[np.int64]
    tables: NDArray[np.uint64]
    source: int

    @property
    def kernels(self) -> int:
        """N."""
        return len(self.tables)

    @property
    def arity(self) -> int:
        """The operands of a node, r: of a full tree, leaves and nodes tell it."""
        return 1 + (self.wires.shape[1] - 1) // max(1, self.tables.shape[1])

    @property
    def depth(self) -> int:
        """The levels of a tree, d."""
        return len(self.levels)

    @property
    def levels(self) -> tuple[int, ...]:
        """Nodes of each level of a tree, leaves first: r^(d-1), ..., r, 1."""
        sizes = [self.wires.shape[1] // self.arity]
        while sizes[-1] > 1:
            sizes.append(sizes[-1] // self.arity)
        return tuple(sizes)

    @property
    def width(self) -> int:
        """Output bits, N*P."""
        return self.kernels * self.geometry.positions

    @property
    def num_nodes(self) -> int:
        """Nodes of the unrolled layer."""
        return self.tables.size * self.geometry.positions

    @property
    def sources(self) -> tuple[int, ...]:
        """The one source, as :class:`~lgc.frontend.model.Layer` says it."""
        return (self.source,)

    def words(self) -> bytes:
        """What the model digest takes of it."""
        shape = (-1, *_numbers(self.geometry), self.source, *self.wires.shape, self.tables.shape[1])
        parts = (np.array(shape, "<i8"), self.wires.astype("<i8"), self.tables.astype("<u8"))
        return b"".join(part.tobytes() for part in parts)


@dataclass(frozen=True, eq=False)
class PoolLayer:
    """OR over a window, channel by channel. Output bit ``c*P + p`` is channel c at position p.

    Attributes:
        name: for people.
        geometry: of the image it reads, of one plane; its field is the window.
        source: the stage it reads.
    """

    name: str
    geometry: Geometry
    source: int

    @property
    def width(self) -> int:
        """Output bits, C*P."""
        return self.geometry.channels * self.geometry.positions

    @property
    def levels(self) -> tuple[int, ...]:
        """Operands of a node of each level of ORs, first level first: a window may be wider than one table."""
        size = self.geometry.field[0] * self.geometry.field[1]
        found: list[int] = []
        while size > 1 or not found:
            found.append(min(size, MAX_ARITY))
            size = -(-size // MAX_ARITY)
        return tuple(found)

    @property
    def num_nodes(self) -> int:
        """Nodes of the unrolled layer."""
        size, total = self.geometry.field[0] * self.geometry.field[1], 0
        for arity in self.levels:
            size = -(-size // arity)
            total += size * self.width
        return total

    @property
    def sources(self) -> tuple[int, ...]:
        """The one source, as :class:`~lgc.frontend.model.Layer` says it."""
        return (self.source,)

    def words(self) -> bytes:
        """What the model digest takes of it."""
        return np.array((-2, *_numbers(self.geometry), self.source), "<i8").tobytes()


def check_image(layer: ConvLayer | PoolLayer, width: int) -> None:
    """Refuse a layer that does not fit the stage it reads, or whose arrays are no trees.

    Args:
        width: bits of the stage that it reads.

    Raises:
        CheckpointError: the layer and what is wrong with it.
    """
    geometry = layer.geometry
    if geometry.num_bits != width:
        raise CheckpointError(
            f"{layer.name} reads an image of {geometry.channels} x {geometry.height} x {geometry.width} x "
            f"{geometry.planes} = {geometry.num_bits} bits, but the stage before it has {width}",
            hint="Channels, height and width are those that the layer before it makes",
        )
    if isinstance(layer, PoolLayer):
        _check_pool(layer)
    else:
        _check_trees(layer)


def _check_pool(layer: PoolLayer) -> None:
    geometry = layer.geometry
    if geometry.planes != 1:
        raise CheckpointError(
            f"{layer.name} pools {geometry.planes} bits of a channel", hint="Pooling stands behind a layer, not first"
        )
    for what, size, index in (("rows", geometry.height, 0), ("columns", geometry.width, 1)):
        left = (size + 2 * geometry.padding[index] - geometry.field[index]) % geometry.stride[index]
        if left:
            raise CheckpointError(
                f"{layer.name}: windows of {_by(geometry.field)} at a stride of {_by(geometry.stride)} leave {left} of "
                f"{size} {what} out",
                hint="Choose window, stride and padding that cover the image, or another size of the layer before",
            )


def _check_trees(layer: ConvLayer) -> None:
    wires, tables = layer.wires, layer.tables
    if wires.ndim != 2 or tables.ndim != 2 or len(wires) != len(tables) or not len(tables):
        raise CheckpointError(f"{layer.name} has wires of shape {wires.shape} and tables of shape {tables.shape}")
    arity = layer.arity
    leaves, nodes = wires.shape[1], tables.shape[1]
    full = 2 <= arity <= MAX_ARITY and leaves == arity ** (layer.depth) and nodes == (leaves - 1) // (arity - 1)
    if not full:
        raise CheckpointError(
            f"{layer.name} has kernels of {leaves} operands and {nodes} tables, which is no full tree",
            hint=f"Of arity r, 2 to {MAX_ARITY}, and depth d there are r^d operands and (r^d - 1)/(r - 1) tables",
        )
    bad = np.argwhere((wires < 0) | (wires >= layer.geometry.field_bits))
    if len(bad):
        kernel, operand = (int(i) for i in bad[0])
        raise CheckpointError(
            f"{layer.name}, kernel {kernel}: operand {operand} is wire {wires[kernel, operand]}, "
            f"but the field has {layer.geometry.field_bits} bits"
        )
    if arity < MAX_ARITY and (tables >> np.uint64(1 << arity)).any():
        kernel, table = (int(i) for i in np.argwhere(tables >> np.uint64(1 << arity))[0])
        raise CheckpointError(f"{layer.name}, kernel {kernel}: table {table} is wider than {1 << arity} bits")


def _numbers(geometry: Geometry) -> tuple[int, ...]:
    image, slides = astuple(geometry)[:4], astuple(geometry)[4:]
    return (*image, *(number for pair in slides for number in pair))


def _by(pair: tuple[int, int]) -> str:
    return f"{pair[0]} x {pair[1]}"
