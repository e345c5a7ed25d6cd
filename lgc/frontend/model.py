"""A trained model after hardening: indices and truth tables, nothing to decide any more."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError
from lgc.frontend.conv import ConvLayer, PoolLayer, check_image
from lgc.ir import MAX_ARITY, Encoder, Head, Inputs, Label

CONSTANTS = -1
"""The stage that holds the bits 0 and 1."""


@dataclass(frozen=True, eq=False)
class Layer:
    """N nodes of one arity r.

    Attributes:
        name: for people, ``layer1``.
        wires: int64 (N, r), indices into the concatenated ``sources``.
        tables: uint64 (N,), LSB-first, operand 0 is address bit 0.
        sources: stages: -1 the constants, 0 the encoded input, i+1 the output of layer i.
    """

    name: str
    wires: NDArray[np.int64]
    tables: NDArray[np.uint64]
    sources: tuple[int, ...]

    @property
    def width(self) -> int:
        """N."""
        return len(self.tables)

    @property
    def arity(self) -> int:
        """The operands per node, r."""
        return int(self.wires.shape[1])

    @property
    def num_nodes(self) -> int:
        """N."""
        return len(self.tables)

    def words(self) -> bytes:
        """What the model digest takes of it."""
        shape = np.array([self.width, self.arity, len(self.sources), *self.sources], "<i8")
        return shape.tobytes() + self.wires.astype("<i8").tobytes() + self.tables.astype("<u8").tobytes()


AnyLayer = Layer | ConvLayer | PoolLayer


@dataclass(frozen=True, eq=False)
class Model:
    """Encoder, layers and head, as docs/checkpoint.md describes.

    Attributes:
        feature_shape: shape of one sample's features, or None.
        training: whatever the trainer recorded; carried along.
        inputs: what the columns of a sample are, and how they become the encoder's features; None if nobody said.
        labels: the class labels as the data had them, in score order; None if they were the numbers from 0, or if
            nobody said.
        split: which samples the trainer kept for what: seed, sizes, digest of the test rows; empty if nobody said.
        form: ``hardened``, or ``trained`` if the file held logits.
        family: which tool's file this came from.
    """

    name: str
    encoder: Encoder
    layers: tuple[AnyLayer, ...]
    head: Head
    feature_shape: tuple[int, ...] | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    form: str = "hardened"
    family: str = "lgc"
    inputs: Inputs | None = None
    labels: tuple[Label, ...] | None = None
    split: Mapping[str, Any] = field(default_factory=dict)

    @property
    def num_nodes(self) -> int:
        """Nodes of all layers, each kernel counted at each position."""
        return sum(layer.num_nodes for layer in self.layers)

    def stage_width(self, stage: int) -> int:
        """Bits of a stage, see :class:`Layer`."""
        if stage == CONSTANTS:
            return 2
        return self.encoder.num_bits if stage == 0 else self.layers[stage - 1].width

    def digest(self) -> str:
        """The model digest of docs/checkpoint.md: the same for every file that holds this model."""
        sha = hashlib.sha256(b"lgc-model-1")
        sha.update(np.array([self.encoder.num_features, self.encoder.num_thresholds], "<i8").tobytes())
        if self.encoder.thresholds is not None:
            sha.update(self.encoder.thresholds.astype("<f8").tobytes())
        for layer in self.layers:
            sha.update(layer.words())
        sha.update(self.head.offsets.astype("<i8").tobytes())
        sha.update(self.head.bias.astype("<i8").tobytes())
        sha.update(self.head.tie.encode())
        return sha.hexdigest()


def check_model(model: Model) -> Model:
    """The model itself, if it makes a circuit.

    Raises:
        CheckpointError: the first layer and neuron at fault.
    """
    if not model.layers:
        raise CheckpointError("the model has no layers")
    for index, layer in enumerate(model.layers):
        _check_layer(model, index, layer)
    if model.inputs is not None and model.inputs.num_features != model.encoder.num_features:
        raise CheckpointError(
            f"its input makes {model.inputs.num_features} features, but it reads {model.encoder.num_features}"
        )
    if model.head.offsets[-1] != model.layers[-1].width:
        raise CheckpointError("the head's groups do not cover the last layer")
    return model


def _check_layer(model: Model, index: int, layer: AnyLayer) -> None:
    first = CONSTANTS if isinstance(layer, Layer) else 0
    if not layer.sources or not all(first <= stage <= index for stage in layer.sources):
        raise CheckpointError(f"{layer.name} reads the stages {layer.sources}", hint="It can read earlier stages only")
    if isinstance(layer, Layer):
        _check_dense(model, layer)
    else:
        check_image(layer, model.stage_width(layer.source))


def _check_dense(model: Model, layer: Layer) -> None:
    if not 0 <= layer.arity <= MAX_ARITY:
        raise CheckpointError(f"{layer.name} has nodes of arity {layer.arity}", hint=f"Up to {MAX_ARITY} is supported")
    if layer.width < 1 or len(layer.wires) != layer.width:
        raise CheckpointError(f"{layer.name} has {layer.width} tables and {len(layer.wires)} rows of wires")
    reach = sum(model.stage_width(stage) for stage in layer.sources)
    bad = np.argwhere((layer.wires < 0) | (layer.wires >= reach))
    if len(bad):
        neuron, operand = (int(i) for i in bad[0])
        raise CheckpointError(
            f"{layer.name}, neuron {neuron}: operand {operand} is wire {layer.wires[neuron, operand]}, "
            f"but the layer reads {reach} wires",
            hint="The file is damaged, or belongs to another architecture",
        )
    if layer.arity < MAX_ARITY:
        wide = np.flatnonzero(layer.tables >> np.uint64(1 << layer.arity))
        if len(wide):
            raise CheckpointError(
                f"{layer.name}, neuron {wide[0]}: the truth table is wider than {1 << layer.arity} bits"
            )
