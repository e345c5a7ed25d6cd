"""Lowering: a hardened model to a circuit, gate for gate, with every node's origin."""

from __future__ import annotations

import numpy as np

from lgc.frontend.model import CONSTANTS, Model
from lgc.ir import CONST0, CONST1, FIRST_INPUT, Builder, Circuit, verify_circuit
from lgc.ir.inputs import METADATA


def lower(model: Model) -> Circuit:
    """The circuit of a model, unoptimised: node i of layer l is one node, in order.

    Raises:
        CheckpointError: from :func:`lgc.frontend.model.check_model`, if the model was made by hand.
        NetlistError: the circuit is too large.
    """
    builder = Builder(model.encoder.num_bits)
    stages = {
        CONSTANTS: np.array([CONST0, CONST1], np.int32),
        0: np.arange(FIRST_INPUT, FIRST_INPUT + model.encoder.num_bits, dtype=np.int32),
    }
    for index, layer in enumerate(model.layers):
        handles = builder.layer(layer.name, layer.width)
        nets = np.concatenate([stages[stage] for stage in layer.sources])
        stages[index + 1] = builder.add_layer(layer.tables, nets[layer.wires], handles)
    circuit = Circuit(
        name=model.name,
        encoder=model.encoder,
        netlist=builder.build(stages[len(model.layers)]),
        head=model.head,
        metadata={"model_digest": model.digest(), **_said(model)},
    )
    verify_circuit(circuit)
    return circuit


def _said(model: Model) -> dict[str, str]:
    return {} if model.inputs is None else {METADATA: model.inputs.to_text()}
