"""Layers as a checkpoint stores them: an entry of its JSON, and tensors; docs/checkpoint.md says what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import GATES, INPUTS, check_bound
from lgc.errors import CheckpointError
from lgc.frontend.conv import ConvLayer, Geometry, PoolLayer, check_image
from lgc.frontend.header import integer
from lgc.frontend.model import AnyLayer, Layer
from lgc.ir.gates import ID_OF_TABLE, TABLE_OF_ID

Array = NDArray[Any]
Tensors = Mapping[str, Array]
_MAX_WIDTH = 1 << 28
_MAX_DEPTH = 8
_IMAGE = ("channels", "height", "width", "planes")
_SLIDES = ("field", "stride", "padding")


def layer_entry(layer: AnyLayer) -> dict[str, Any]:
    """The layer's entry in the JSON."""
    if isinstance(layer, Layer):
        return {"arity": layer.arity, "width": layer.width, "sources": list(layer.sources)}
    geometry = {name: list(value) if name in _SLIDES else value for name, value in asdict(layer.geometry).items()}
    if isinstance(layer, PoolLayer):
        return {"kind": "pool", "geometry": geometry, "source": layer.source}
    shape = {"arity": layer.arity, "depth": layer.depth, "kernels": layer.kernels}
    return {"kind": "conv", **shape, "geometry": geometry, "source": layer.source}


def layer_tensors(prefix: str, layer: AnyLayer) -> dict[str, Array]:
    """The layer's tensors by name, in the narrowest integer types."""
    if isinstance(layer, PoolLayer):
        return {}
    top = int(layer.wires.max(initial=0))
    wires = {f"{prefix}wires": layer.wires.astype(np.int16 if top < 2**15 else np.int32)}
    if layer.arity == 2:
        return wires | {f"{prefix}gates": ID_OF_TABLE[layer.tables]}
    return wires | {f"{prefix}tables": layer.tables.view(np.int64)}


def read_layer(tensors: Tensors, fields: Mapping[str, Any], index: int, widths: Sequence[int]) -> AnyLayer:
    """Layer ``index`` of a checkpoint, hardened.

    Args:
        tensors: of the file, by name.
        fields: the layer's entry.
        widths: bits of the stages -1, 0, ... before it.

    Raises:
        CheckpointError: a field or tensor is missing, of the wrong kind, or out of range.
    """
    name, kind = f"layer{index + 1}", fields.get("kind", "dense")
    if kind == "dense":
        return _dense(tensors, fields, index, widths)
    if kind not in ("conv", "pool"):
        raise CheckpointError(f"{name} is of the kind {str(kind)[:40]!r}", hint="It is 'dense', 'conv' or 'pool'")
    source = integer(fields.get("source", index), f"the source of {name}", 0, index)
    geometry = _geometry(fields.get("geometry"), name)
    layer = PoolLayer(name, geometry, source) if kind == "pool" else _conv(tensors, fields, index, geometry, source)
    check_bound(layer.num_nodes, GATES, "gates once it is unrolled", CheckpointError)
    check_image(layer, widths[source + 1])
    return layer


def _geometry(value: object, name: str) -> Geometry:
    if not isinstance(value, dict):
        raise CheckpointError(f"{name} has no geometry")
    image = [integer(value.get(one), f"{one} of {name}", 1, INPUTS) for one in _IMAGE]
    slides = []
    for one in _SLIDES:
        pair = value.get(one)
        if not isinstance(pair, list) or len(pair) != 2:
            raise CheckpointError(f"{one} of {name} is {str(pair)[:40]}, and no pair of rows and columns")
        slides.append(tuple(integer(number, f"{one} of {name}", 0, INPUTS) for number in pair))
    try:
        return Geometry(*image, *slides)  # type: ignore[arg-type]  # a comprehension makes pairs of any length
    except CheckpointError as error:
        raise CheckpointError(f"{name}: {error.message}", hint=error.hint) from None


def _conv(tensors: Tensors, fields: Mapping[str, Any], index: int, geometry: Geometry, source: int) -> ConvLayer:
    name = f"layer{index + 1}"
    arity = integer(fields.get("arity"), f"the arity of {name}", 2, 6)
    depth = integer(fields.get("depth"), f"the depth of {name}", 1, _MAX_DEPTH)
    kernels = integer(fields.get("kernels"), f"the kernels of {name}", 1, _MAX_WIDTH)
    leaves = arity**depth
    nodes = (leaves - 1) // (arity - 1)
    stored = _Stored(tensors, f"layers.{index}.", (kernels, leaves), (kernels, nodes), arity, geometry.field_bits)
    return ConvLayer(name, geometry, stored.wires(), stored.tables(), source)


def _dense(tensors: Tensors, fields: Mapping[str, Any], index: int, widths: Sequence[int]) -> Layer:
    name = f"layer{index + 1}"
    arity = integer(fields.get("arity"), f"the arity of {name}", 0, 6)
    width = integer(fields.get("width"), f"the width of {name}", 1, _MAX_WIDTH)
    sources = fields.get("sources", [index])
    if not isinstance(sources, list) or not sources or not all(type(s) is int and -1 <= s <= index for s in sources):
        raise CheckpointError(
            f"the sources of {name} are {str(sources)[:60]}", hint="A layer reads earlier stages only"
        )
    reach = sum(widths[stage + 1] for stage in sources)
    stored = _Stored(tensors, f"layers.{index}.", (width, arity), (width,), arity, reach)
    return Layer(name, stored.wires(), stored.tables(), tuple(sources))


class _Stored:
    """The tensors of one layer, checked and hardened.

    Args:
        prefix: of their names.
        wires: shape of the wires, (N, operands).
        tables: shape of the tables, (N,) or (N, tables of a kernel).
        arity: operands of a node.
        reach: bits that a wire can index.
    """

    def __init__(
        self, tensors: Tensors, prefix: str, wires: tuple[int, ...], tables: tuple[int, ...], arity: int, reach: int
    ) -> None:
        self._tensors, self._prefix = tensors, prefix
        self._wires, self._tables = wires, tables
        self._arity, self._reach = arity, reach

    def _get(self, name: str, kinds: str, shape: tuple[int, ...] | None) -> Array | None:
        array = self._tensors.get(self._prefix + name)
        if array is None:
            return None
        if array.dtype.kind not in kinds or (shape is not None and array.shape != shape):
            raise CheckpointError(f"{self._prefix}{name} is {array.dtype} {array.shape}, expected shape {shape}")
        return array

    def wires(self) -> NDArray[np.int64]:
        wires = self._get("wires", "iu", self._wires)
        if wires is not None:
            return wires.astype(np.int64)
        logits = self._get("wire_logits", "f", None)
        if logits is None:
            raise CheckpointError(
                f"{self._prefix}wires is missing", hint="Wiring is part of the model; without it there is no circuit"
            )
        candidates = self._get("candidates", "iu", None)
        shape = (*self._wires, *((self._reach,) if candidates is None else candidates.shape[-1:]))
        if logits.shape != shape or (candidates is not None and candidates.shape != shape):
            raise CheckpointError(f"{self._prefix}wire_logits has shape {logits.shape}, expected {shape}")
        chosen = self._argmax(logits, "wire_logits")
        if candidates is None:
            return chosen
        picked: NDArray[np.int64] = np.take_along_axis(candidates, chosen[..., None], axis=-1)[..., 0].astype(np.int64)
        return picked

    def tables(self) -> NDArray[np.uint64]:
        shape, entries = self._tables, 1 << self._arity
        gates = self._get("gates", "iu", shape)
        if gates is None and (logits := self._get("gate_logits", "f", (*shape, 16))) is not None:
            gates = self._argmax(logits, "gate_logits")
        if gates is not None:
            return self._from_gates(gates)
        tables = self._get("tables", "i", shape)
        if tables is not None:
            return tables.astype(np.int64).view(np.uint64)
        logits = self._get("table_logits", "f", (*shape, entries))
        if logits is None:
            raise CheckpointError(f"{self._prefix}gates is missing", hint="A layer has gates, tables or their logits")
        self._refuse_nan(logits, "table_logits")
        weights = np.uint64(1) << np.arange(entries, dtype=np.uint64)
        bits = np.where(logits > 0, weights, np.uint64(0))
        return np.bitwise_or.reduce(bits, axis=-1)

    def _from_gates(self, gates: Array) -> NDArray[np.uint64]:
        if self._arity != 2:
            raise CheckpointError(f"{self._prefix}gates are two-input gates, but the layer has arity {self._arity}")
        bad = np.argwhere((gates < 0) | (gates > 15))
        if len(bad):
            raise CheckpointError(
                f"{self._prefix}gates: neuron {bad[0][0]} has gate id {gates[tuple(bad[0])]}", hint="Ids are 0 to 15"
            )
        return TABLE_OF_ID[gates]

    def _argmax(self, logits: Array, name: str) -> NDArray[np.int64]:
        self._refuse_nan(logits, name)
        return logits.argmax(axis=-1).astype(np.int64)

    def _refuse_nan(self, logits: Array, name: str) -> None:
        if np.isnan(logits).any():
            neuron = int(np.argwhere(np.isnan(logits))[0][0])
            raise CheckpointError(
                f"{self._prefix}{name}: neuron {neuron} has a NaN logit",
                hint="Training diverged; use an earlier checkpoint",
            )
