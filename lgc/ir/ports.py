"""Names of the inputs and outputs of a plain netlist: labels in a circuit's metadata, which every pass carries along.

They are JSON lists under ``input_names`` and ``output_names``. A circuit without them calls its inputs ``in[0]`` and
on, and its outputs ``out[0]`` and on; so does one whose votes are counted, for passes change those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from lgc.ir.circuit import Circuit, Head

INPUT_NAMES, OUTPUT_NAMES = "input_names", "output_names"


def port(kind: str, index: int) -> str:
    """What lgc calls input or output ``index``: ``in[12]``, ``out[3]``."""
    return f"{kind}[{index}]"


def own_names(kind: str, count: int) -> list[str]:
    """What lgc calls all of them."""
    return [port(kind, index) for index in range(count)]


def named(circuit: Circuit, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, str]:
    """The metadata of a circuit with names: nothing for those that lgc itself would give."""
    found = {}
    for key, kind, names in ((INPUT_NAMES, "in", list(inputs)), (OUTPUT_NAMES, "out", list(outputs))):
        if names != own_names(kind, len(names)) and (kind == "in" or circuit.head.is_interface):
            found[key] = json.dumps(names)
    return {**circuit.metadata, **found}


def port_names(circuit: Circuit) -> tuple[list[str], list[str]]:
    """The names of inputs and outputs, in order, as the source has them; they may be any text."""
    return names_in(circuit.metadata, circuit.netlist.num_inputs, circuit.netlist.num_outputs, circuit.head)


def names_in(metadata: Mapping[str, object], inputs: int, outputs: int, head: Head) -> tuple[list[str], list[str]]:
    """The same of metadata, for so many inputs and outputs behind a head."""
    found = _listed(metadata, OUTPUT_NAMES, outputs) if head.is_interface else None
    return _listed(metadata, INPUT_NAMES, inputs) or own_names("in", inputs), found or own_names("out", outputs)


def damaged_names(circuit: Circuit) -> str | None:
    """The key of the metadata that should hold names and does not, or None."""
    counts = {INPUT_NAMES: circuit.netlist.num_inputs, OUTPUT_NAMES: circuit.netlist.num_outputs}
    wrong = (
        key for key, count in counts.items() if key in circuit.metadata and not _listed(circuit.metadata, key, count)
    )
    return next(wrong, None)


def _listed(metadata: Mapping[str, object], key: str, count: int) -> list[str] | None:
    """The names under a key, if there is one for each of ``count``."""
    try:
        names = json.loads(str(metadata.get(key, "null")))
    except (ValueError, RecursionError):
        return None
    sound = isinstance(names, list) and len(names) == count and all(isinstance(name, str) for name in names)
    return names if sound else None
