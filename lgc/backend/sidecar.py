"""What the bare formats (BLIF, AIGER) cannot say: widths, order, encoder, groups, bias, tie rule.

Their files hold the netlist alone: input i is the encoder's bit i, output o is the netlist's output o. The
sidecar, JSON beside the file, is what turns outputs into scores.
"""

from __future__ import annotations

import json
from typing import Any

import lgc
from lgc.ir import Circuit


def port(kind: str, index: int) -> str:
    """The name of input or output ``index``: ``in[12]``, ``out[3]``."""
    return f"{kind}[{index}]"


def describe(circuit: Circuit) -> dict[str, Any]:
    """Everything but the netlist, as JSON types."""
    encoder, head, netlist = circuit.encoder, circuit.head, circuit.netlist
    thresholds = None if encoder.thresholds is None else encoder.thresholds.tolist()
    return {
        "format": "lgc-sidecar",
        "version": 1,
        "generator": f"lgc {lgc.__version__}",
        "name": circuit.name,
        "circuit_digest": circuit.digest(),
        "metadata": dict(sorted(circuit.metadata.items())),
        "inputs": netlist.num_inputs,
        "outputs": netlist.num_outputs,
        "features": encoder.num_features,
        "thresholds": thresholds,
        "classes": list(head.classes),
        "offsets": head.offsets.tolist(),
        "bias": head.bias.tolist(),
        "tau": head.tau,
        "tie": head.tie,
        "meaning": "score[c] = bias[c] + ones in outputs[offsets[c]:offsets[c+1]]",
    }


def sidecar(circuit: Circuit) -> str:
    """The sidecar's text."""
    return json.dumps(describe(circuit), indent=1) + "\n"
