"""torchlogix: dense and convolutional networks, lowered to layers of LUTs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import GATES, check_bound
from lgc.errors import CheckpointError, OptionError
from lgc.frontend.assemble import ZERO, Assembler, Bits, Tables, from_thresholds, make_head, make_inputs, take
from lgc.frontend.containers.content import Content
from lgc.frontend.facts import MissingFactError
from lgc.frontend.families.torchlogix_plan import Step, make_plan
from lgc.frontend.families.torchlogix_tables import read_tables, read_thresholds, read_wires
from lgc.frontend.importer import Importer, ImportJob
from lgc.frontend.kernels import Kernels, append_kernels, append_pool
from lgc.frontend.model import Model

Array = NDArray[Any]

_MAX_POSITIONS = 1 << 20
_MAX_BITS = 1 << 23


def _matches(content: Content) -> bool:
    dense = any(f"{prefix}connections.indices" in content.state for prefix in content.prefixes("weight"))
    old = any(content.state[f"{prefix}weight"].ndim == 2 for prefix in content.prefixes("weight"))
    return dense or bool(content.prefixes("tree_weights.0")) or (old and _only_logic(content))


def _only_logic(content: Content) -> bool:
    """A file of 0.1.1 or older has weights (N, 16) and nothing else."""
    return all(array.ndim == 2 and array.shape[1] == 16 for array in content.state.values())


def _read(job: ImportJob) -> Model:
    plan = make_plan(job)
    network = _Network(job)
    for step in plan:
        network.run(step)
    if network.assembler is None or network.bits is None:
        raise CheckpointError("the network has no layers")
    head = network.head or {}
    if any(name.endswith("connections.indices") or "_indices_L" in name for name in job.content.state):
        job.certain.append("the wiring is in the file: it was saved by torchlogix 0.2.1 or later")
    bits = network.bits.reshape(-1)
    found = make_head(job.facts, len(bits), classes=head.get("k"), tau=head.get("tau"), beta=head.get("beta"))
    return network.assembler.finish(bits, found, job.content.path.stem, "torchlogix", form="trained")


class _Network:
    """The values between the steps, as arrays of bits shaped like the peer's tensors (without the batch)."""

    def __init__(self, job: ImportJob) -> None:
        self.job = job
        self.assembler: Assembler | None = None
        self.bits: Bits | None = None
        self.head: Step | None = None
        self._counts: dict[str, int] = {}

    def run(self, step: Step) -> None:
        """Append one step.

        Raises:
            CheckpointError: it does not fit what comes before.
        """
        match step["type"]:
            case "binarization":
                self._binarize(step)
            case "flatten":
                self.bits = None if self.bits is None else self.bits.reshape(-1)
            case "dense":
                self._dense(step)
            case "conv":
                self._conv(step)
            case "orpool":
                self._pool(step)
            case "residual":
                self._residual(step)
            case "groupsum":
                self.head = step

    def _name(self, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{kind}{self._counts[kind]}"

    def _binarize(self, step: Step) -> None:
        """Thresholds of shape (T), (F, T) or, for images, (C, T); T is merged into ``feature_dim``."""
        thresholds = read_thresholds(self.job, step["prefix"])
        if thresholds is None:
            return
        if self.bits is not None:
            raise CheckpointError("a binarisation follows another layer")
        shape = self.job.facts.integers("input_shape") or self._flat_shape(thresholds)
        axis = step.get("feature_dim")
        axis = axis if isinstance(axis, int) else self.job.facts.integer("feature_dim", -4, 3)
        if axis is None and len(shape) > 1:
            raise MissingFactError("feature_dim", "where the encoder's bits go is not in the file")
        count = thresholds.shape[-1]
        if thresholds.ndim == 2 and len(shape) == 3:
            thresholds = thresholds[:, None, None, :]
        try:
            full = np.broadcast_to(thresholds, (*shape, count))
        except ValueError:
            raise CheckpointError(
                f"thresholds of shape {thresholds.shape} do not fit samples of shape {shape}"
            ) from None
        self.assembler, bits = from_thresholds(full.reshape(-1, count))
        self.bits = _merge(bits.reshape(*shape, count), -2 if axis is None else axis)

    def _flat_shape(self, thresholds: Array) -> tuple[int, ...]:
        if thresholds.ndim == 2:
            return (len(thresholds),)
        features = self.job.facts.integer("features")
        if features is None:
            raise MissingFactError("features", "all features share their thresholds, and the file does not count them")
        return (features,)

    def _start(self, width: int | None) -> tuple[Assembler, Bits]:
        """The values so far; before the first layer, the network's input."""
        if self.assembler is None or self.bits is None:
            shape = self.job.facts.integers("input_shape")
            self.assembler, bits = make_inputs(self.job.facts, math.prod(shape) if shape else width)
            self.bits = bits.reshape(shape) if shape and math.prod(shape) == len(bits) else bits
        return self.assembler, self.bits

    def _dense(self, step: Step) -> None:
        prefix = step["prefix"]
        weights, wires = self.job.tensor(f"{prefix}weight", 2), read_wires(self.job, prefix)
        if len(weights) != len(wires):
            raise CheckpointError(f"{prefix}weight has {len(weights)} gates, its wiring {len(wires)}")
        full = self.job.maybe(f"{prefix}connections.weights")
        all_inputs = full is not None and _is_all_inputs(self.job.tensor(f"{prefix}connections.indices", 3))
        assembler, bits = self._start(full.shape[0] if full is not None and all_inputs else None)
        name = self._name("layer")
        tables = read_tables(self.job, f"{prefix}weight", weights, wires.shape[1], prefix)
        self.bits = assembler.layer(take(bits.reshape(-1), wires, name), tables, name)

    def _conv(self, step: Step) -> None:
        """A tree of LUTs per kernel and position; level 0 reads the padded input."""
        prefix = step["prefix"]
        assembler, image = self._start(None)
        if image.ndim not in (3, 4):
            raise MissingFactError("input_shape", f"{prefix} is a convolution, and the input has no shape")
        places = _positions(self.job, prefix, image.ndim)
        out_shape = _out_shape(step, image, places.shape[2])
        stride, padding = _whole(step, "stride", 1), _whole(step, "padding", 0)
        first = _from_field(places, out_shape, stride)
        if first is None:
            self.bits = self._tree(prefix, _gather(_pad(image, padding), places, prefix), out_shape)
            return
        levels, order = self._levels(prefix, *first.shape[:3])
        row, column, channel = (
            np.moveaxis(first[..., axis], 0, -1)[:, order].reshape(first.shape[1], -1) for axis in range(3)
        )
        height, width = _whole_tuple(step, "receptive_field_size", 2)
        kernels = Kernels(self._name("conv"), channel, row, column, np.concatenate(levels, axis=1))
        self.bits = append_kernels(assembler, image, kernels, (height, width), (stride, stride), (padding, padding))

    def _levels(self, prefix: str, rank: int, kernels: int, leaves: int) -> tuple[list[Tables], Array]:
        """Tables (K, nodes) of each level of full trees, leaves first, and which node each leaf is.

        Operand j of a node is then node r*i + j of the level below, in whatever order the file has them.
        """
        tables, children = [self._tables(prefix, 0, rank, leaves)], list[Array]()
        while (below := self._children(prefix, len(tables), rank, tables[-1].shape[1])) is not None:
            children.append(below)
            tables.append(self._tables(prefix, len(tables), rank, below.shape[1]))
        for number, one in enumerate(tables):
            self._check_kernels(prefix, number, one, kernels)
        if tables[-1].shape[1] != 1:
            raise CheckpointError(f"{prefix}: its trees end in {tables[-1].shape[1]} nodes instead of one")
        order, ordered = np.zeros(1, np.int64), [tables[-1]]
        for below, level in zip(reversed(children), reversed(tables[:-1]), strict=True):
            check_bound(order.size * rank * kernels, GATES, "nodes in one layer's trees", CheckpointError)
            order = below[:, order].T.reshape(-1)
            ordered.insert(0, level[:, order])
        return ordered, order

    def _tables(self, prefix: str, level: int, rank: int, nodes: int) -> Tables:
        """Tables (K, nodes) of one level of the trees."""
        name = f"{prefix}tree_weights.{level}"
        weights = self.job.tensor(name, 3)
        if len(weights) != nodes:
            raise CheckpointError(f"{name} has shape {weights.shape}, expected ({nodes}, kernels, .)")
        kernels = weights.shape[1]
        flat = weights.transpose(1, 0, 2).reshape(kernels * nodes, -1)
        return read_tables(self.job, name, flat, rank, prefix).reshape(kernels, nodes)

    def _tree(self, prefix: str, operands: Bits, out_shape: tuple[int, ...]) -> Bits:
        """Kernels that do not slide over an image of two dimensions, position by position."""
        values = np.moveaxis(operands, 0, -1)  # (K, P, S, r)
        name = self._name("conv")
        level = 0
        while True:
            nodes = self._tree_level(prefix, level, values, f"{name}.tree{level}")  # (K, P, S)
            level += 1
            children = self._children(prefix, level, values.shape[3], nodes.shape[2])
            if children is None:
                break
            values = nodes[:, :, children.T]
        if nodes.shape[2] != 1:
            raise CheckpointError(f"{prefix}: its trees end in {nodes.shape[2]} nodes instead of one")
        return nodes.reshape(len(nodes), *out_shape)

    def _tree_level(self, prefix: str, level: int, operands: Bits, name: str) -> Bits:
        """One level of every tree: operands (K, P, S, r) to nodes (K, P, S); positions share their tables."""
        assembler, _ = self._start(None)
        kernels, positions, nodes, rank = operands.shape
        tables = self._tables(prefix, level, rank, nodes)
        self._check_kernels(prefix, level, tables, kernels)
        tables = np.broadcast_to(tables[:, None], (kernels, positions, nodes)).reshape(-1)
        return assembler.layer(operands.reshape(-1, rank), tables, name).reshape(kernels, positions, nodes)

    def _check_kernels(self, prefix: str, level: int, tables: Tables, kernels: int) -> None:
        if len(tables) != kernels:
            raise CheckpointError(f"{prefix}tree_weights.{level} has tables of {len(tables)} kernels, not of {kernels}")

    def _children(self, prefix: str, level: int, rank: int, nodes: int) -> Array | None:
        """Which nodes of the level below each node reads, (r, nodes); None above the root."""
        name = f"{prefix}connections._indices_L{level}"
        children = self.job.maybe(name)
        if children is None:
            return None
        if children.dtype.kind not in "iu" or children.ndim != 2 or len(children) != rank or not children.size:
            raise CheckpointError(f"{name} is {children.dtype} {children.shape}, expected ({rank}, nodes)")
        if not 0 <= int(children.min()) <= int(children.max()) < nodes:
            raise CheckpointError(f"{name} names a node that does not exist")
        return children

    def _pool(self, step: Step) -> None:
        """Max-pooling of bits: OR over a window; padding never wins."""
        assembler, image = self._start(None)
        axes = image.ndim - 1
        if axes not in (2, 3):
            raise CheckpointError("a pooling layer follows something that is no image")
        size, stride, padding = (_whole_tuple(step, name, axes) for name in ("kernel_size", "stride", "padding"))
        if any(2 * pad > window for pad, window in zip(padding, size, strict=True)):
            raise CheckpointError(f"a pooling window of {size} is padded by {padding}, more than half of it")
        _bounded(_padded_size(image, padding))
        padded = np.pad(image, [(0, 0), *((p, p) for p in padding)], constant_values=ZERO)
        if any(extent < window for extent, window in zip(padded.shape[1:], size, strict=True)):
            raise CheckpointError(f"a pooling window of {size} does not fit an image of {padded.shape[1:]}")
        name = self._name("pool")
        if axes == 2:
            pairs = (size[:2], stride[:2], padding[:2])
            self.bits = append_pool(assembler, image, name, *((pair[0], pair[1]) for pair in pairs))
            return
        windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=tuple(range(1, axes + 1)))
        windows = windows[(slice(None), *(slice(None, None, s) for s in stride))]
        shape = windows.shape[: axes + 1]
        _bounded(math.prod(shape) * math.prod(size))
        operands = windows.reshape(math.prod(shape), math.prod(size))
        self.bits = or_layers(assembler, operands, name).reshape(shape)

    def _residual(self, step: Step) -> None:
        """The relaxed OR of two branches; on bits it is OR."""
        assembler, start = self._start(None)
        ends = []
        for part in ("main", "shortcut"):
            self.bits = start
            for inner in step[part]:
                self.run(inner)
            ends.append(self.bits)
        main, shortcut = ends
        if main is None or shortcut is None or main.shape != shortcut.shape:
            raise CheckpointError("the two branches of a residual block have different shapes")
        pair = np.stack([main.reshape(-1), shortcut.reshape(-1)], axis=1)
        self.bits = or_layers(assembler, pair, self._name("residual")).reshape(main.shape)


def _positions(job: ImportJob, prefix: str, ndim: int) -> Array:
    """The positions that level 0 reads, int (r, K, P, S, ndim): spatial axes, then the channel."""
    places = job.tensor(f"{prefix}connections._indices_L0", 5)
    if places.dtype.kind not in "iu" or places.shape[-1] != ndim or 0 in places.shape:
        raise CheckpointError(f"{prefix}connections._indices_L0 is {places.dtype} {places.shape}")
    if places.shape[0] > 6 or places.shape[2] > _MAX_POSITIONS:
        raise CheckpointError(f"{prefix}connections._indices_L0 has shape {places.shape}: too large")
    return places


def _from_field(places: Array, out_shape: tuple[int, ...], stride: int) -> Array | None:
    """What the leaves read, int64 (r, K, S, 3), counted from a field that slides; None if it does not, or in 3-D."""
    if len(out_shape) != 2:
        return None
    start = np.stack(np.divmod(np.arange(math.prod(out_shape)), out_shape[1]), axis=1) * stride
    moved = places.astype(np.int64)
    moved[..., :2] -= start[:, None]
    return moved[:, :, 0] if (moved == moved[:, :, :1]).all() else None


def _gather(padded: Bits, places: Array, prefix: str) -> Bits:
    """The bits at positions (..., spatial axes and channel) of a padded image (C, ...)."""
    channel, spatial = places[..., -1], [places[..., axis] for axis in range(places.shape[-1] - 1)]
    for index, extent in zip([channel, *spatial], padded.shape, strict=True):
        if int(index.min()) < 0 or int(index.max()) >= extent:
            raise CheckpointError(
                f"{prefix} reads outside its padded input of {padded.shape}",
                hint="Check the padding and the shape of the input",
            )
    found: Bits = padded[(channel, *spatial)]
    return found


def _padded_size(image: Bits, padding: tuple[int, ...]) -> int:
    return len(image) * math.prod(extent + 2 * pad for extent, pad in zip(image.shape[1:], padding, strict=True))


def _bounded(count: int) -> None:
    """A small file can describe an image of any size.

    Raises:
        CheckpointError: more than eight million bits at once.
    """
    if count > _MAX_BITS:
        raise CheckpointError(f"a layer would look at {count} bits, more than any model's")


def _pad(image: Bits, padding: int) -> Bits:
    _bounded(_padded_size(image, (padding,) * (image.ndim - 1)))
    return np.pad(image, [(0, 0), *[(padding, padding)] * (image.ndim - 1)], constant_values=ZERO)


def _out_shape(step: Step, image: Bits, positions: int) -> tuple[int, ...]:
    """The spatial shape of a convolution's output, whose size the file knows."""
    padding, stride = _whole(step, "padding", 0), _whole(step, "stride", 1)
    sizes = _whole_tuple(step, "receptive_field_size", image.ndim - 1)
    shape = tuple(
        (extent + 2 * padding - size) // stride + 1 for extent, size in zip(image.shape[1:], sizes, strict=True)
    )
    if math.prod(shape) != positions or min(shape) < 1:
        raise OptionError(
            f"{step['prefix']} has {positions} output positions, but its description makes {shape}",
            hint="Check padding, stride, receptive_field_size and the shape of the input",
        )
    return shape


def _whole(step: Step, name: str, low: int) -> int:
    value = step.get(name)
    if isinstance(value, list) and value and all(item == value[0] for item in value):
        value = value[0]
    if value is None:
        raise MissingFactError("layers", f"'{name}' of layer '{step.get('prefix', step['type'])}' is not in the file")
    if type(value) is not int or not low <= value <= 4096:
        raise OptionError(f"'{name}' of layer '{step.get('prefix', step['type'])}' is {str(value)[:40]}")
    return value


def _whole_tuple(step: Step, name: str, axes: int) -> tuple[int, ...]:
    value = step.get(name)
    if isinstance(value, list) and len(value) == axes:
        return tuple(_whole({**step, name: item}, name, 0 if name == "padding" else 1) for item in value)
    return (_whole(step, name, 0 if name == "padding" else 1),) * axes


def _merge(bits: Bits, axis: int) -> Bits:
    """torchlogix's merge of the last axis into axis ``axis`` of (batch, ..., T)."""
    dimensions = bits.ndim + 1
    place = (axis + dimensions if axis < 0 else axis) - 1  # without the batch
    if not 0 <= place < bits.ndim - 1:
        raise OptionError(f"--feature-dim {axis} is no axis of samples with {bits.ndim - 1} dimensions")
    moved = np.moveaxis(bits, -1, place + 1)
    shape = [*moved.shape[:place], moved.shape[place] * moved.shape[place + 1], *moved.shape[place + 2 :]]
    return moved.reshape(shape)


def _is_all_inputs(indices: Array) -> bool:
    """Whether the candidates are all inputs, so that their number is the input's width."""
    return bool((indices == np.arange(len(indices))[:, None, None]).all())


def or_layers(assembler: Assembler, operands: Bits, name: str) -> Bits:
    """The OR of each row of bits (N, m), as few layers of LUTs of up to 6 inputs."""
    level = 0
    while operands.shape[1] > 1 or level == 0:
        size = min(6, operands.shape[1])
        short = -operands.shape[1] % size
        padded = np.concatenate([operands, np.repeat(operands[:, -1:], short, axis=1)], axis=1)  # OR is idempotent
        groups = padded.reshape(-1, size)
        table = np.uint64((1 << (1 << size)) - 2)
        level += 1
        nodes = assembler.layer(groups, np.full(len(groups), table), name if level == 1 else f"{name}.{level}")
        operands = nodes.reshape(len(padded), -1)
    return operands[:, 0]


IMPORTER = Importer(
    "torchlogix", "torchlogix", _matches, _read,
    ("classes", "features", "input_shape", "parametrization", "feature_dim", "torchlogix_version",
     "temperature_softplus", "layers", "tau", "beta"),
    ("._export_",),
)  # fmt: skip
