"""What the bare formats (BLIF, AIGER) cannot say: widths, order, encoder, groups, bias, tie rule.

Their files hold the netlist alone: input i is the encoder's bit i, output o is the netlist's output o. The
sidecar, JSON beside the file, is what turns outputs into scores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lgc
from lgc.bounds import read_json
from lgc.errors import InputError, LgcError
from lgc.ir import THERMOMETER, Circuit, Head


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


@dataclass(frozen=True, eq=False)
class Sidecar:
    """What a sidecar says, read back.

    Attributes:
        thresholds: float64 (F, T), or None where features are bits.
        ordered: whether the netlist is right only for bits that features can give.
        fields: all that it says.
    """

    path: Path
    inputs: int
    outputs: int
    head: Head
    thresholds: NDArray[np.float64] | None
    model_digest: str
    circuit_digest: str
    ordered: bool
    fields: Mapping[str, Any]


def read_sidecar(path: Path) -> Sidecar:
    """Read what :func:`sidecar` wrote. It is a file like any other: nothing in it is believed unchecked.

    Raises:
        InputError: missing, damaged, or none of lgc's.
    """
    try:
        fields: dict[str, Any] = read_json(path)
        if fields["format"] != "lgc-sidecar" or fields["version"] != 1:
            raise ValueError("no lgc sidecar of version 1")
        inputs, outputs, metadata = fields["inputs"], fields["outputs"], fields["metadata"]
        head = _head(fields)
        thresholds = None if fields["thresholds"] is None else np.array(fields["thresholds"], np.float64)
        digests = metadata.get("model_digest", "none"), fields["circuit_digest"]
        if not all(isinstance(digest, str) for digest in digests):
            raise ValueError("the digests")
        ordered = metadata.get("assumes") == THERMOMETER
        return Sidecar(path, inputs, outputs, head, thresholds, *digests, ordered, fields)
    except FileNotFoundError:
        raise InputError(
            "the sidecar is missing", where=str(path), hint="`lgc compile` writes it; keep the two together"
        ) from None
    except LgcError as error:
        raise error.at(str(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError, OverflowError) as error:
        raise InputError(f"the sidecar is damaged ({error})", where=str(path), hint="Compile again") from None


def _head(fields: dict[str, Any]) -> Head:
    """The head that a sidecar describes, if its numbers fit together."""
    classes = tuple(map(str, fields["classes"]))
    # numpy would make text of all of them where one is text, each as long as the longest.
    if not all(type(number) is int for name in ("offsets", "bias") for number in fields[name]):
        raise ValueError("offsets or bias")
    head = Head(np.array(fields["offsets"]), np.array(fields["bias"]), classes, tie=fields["tie"])
    offsets, outputs = head.offsets, fields["outputs"]
    sound = (
        type(fields["inputs"]) is int
        and type(outputs) is int
        and head.num_classes == len(head.classes) == len(offsets) - 1 > 0
        and offsets[0] == 0
        and (np.diff(offsets) >= 0).all()
        and offsets[-1] == outputs
        and head.tie in ("first", "last")
    )
    if not sound:
        raise ValueError("offsets, bias, classes, outputs and tie do not fit together")
    return head
