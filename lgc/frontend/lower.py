"""Lowering: a hardened model to a circuit, gate for gate, with every node's origin."""

from __future__ import annotations

import json

import numpy as np

from lgc.frontend.model import CONSTANTS, Layer, Model
from lgc.frontend.unroll import unrolled
from lgc.ir import CONST0, FIRST_INPUT, Builder, Circuit, verify_circuit
from lgc.ir.inputs import LABELS, METADATA


def lower(model: Model) -> Circuit:
    """The circuit of a model, unoptimised: node i of layer l is one node, in order; convolution is unrolled.

    Raises:
        CheckpointError: from :func:`lgc.frontend.model.check_model`, if the model was made by hand.
        NetlistError: the circuit is too large.
    """
    digest, model = model.digest(), unrolled(model)
    builder = Builder(model.encoder.num_bits)
    # A stage is its first net: its others follow. What a layer reads may be far more than it uses.
    first = {CONSTANTS: CONST0, 0: FIRST_INPUT}
    for index, layer in enumerate(model.layers):
        assert isinstance(layer, Layer)
        handles = builder.layer(layer.name, layer.width)
        ends = np.cumsum([model.stage_width(stage) for stage in layer.sources])
        source = np.searchsorted(ends, layer.wires, side="right")
        shifts = np.array([first[stage] for stage in layer.sources]) - np.concatenate([[0], ends[:-1]])
        first[index + 1] = builder.num_nets
        nets = builder.add_layer(layer.tables, layer.wires + shifts[source], handles)
    circuit = Circuit(
        name=model.name,
        encoder=model.encoder,
        netlist=builder.build(nets),
        head=model.head,
        metadata={"model_digest": digest, **_said(model)},
    )
    verify_circuit(circuit)
    return circuit


def _said(model: Model) -> dict[str, str]:
    said = {} if model.inputs is None else {METADATA: model.inputs.to_text()}
    return said if model.labels is None else said | {LABELS: json.dumps(model.labels)}
