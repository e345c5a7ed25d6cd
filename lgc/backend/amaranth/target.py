"""The Amaranth target: a module that needs amaranth, and nothing of lgc."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources, util
from itertools import pairwise
from typing import Any, ClassVar, TextIO

import lgc
from lgc.backend.base import Target
from lgc.errors import InputError, MissingToolError, OptionError
from lgc.ir import BY_TABLE, Circuit

MAX_PIPELINE = 3


@dataclass(frozen=True)
class Amaranth(Target):
    """A readable Python module with one component.

    Attributes:
        class_name: of the component; from the circuit's name if empty.
        pipeline: register stages, 0 to 3: after the result, the gates, the scores, in this order of need.
        stream: stream ports instead of plain ones.
    """

    name: ClassVar[str] = "amaranth"
    class_name: str = ""
    pipeline: int = 0
    stream: bool = False

    def validate(self, circuit: Circuit) -> None:
        """Refuse impossible options, and circuits without inputs.

        Raises:
            OptionError, InputError.
        """
        if not 0 <= self.pipeline <= MAX_PIPELINE:
            raise OptionError(f"a pipeline of {self.pipeline} stages", hint=f"Choose 0 to {MAX_PIPELINE}")
        if self.class_name and not re.fullmatch(r"[A-Z][A-Za-z0-9]*", self.class_name):
            raise OptionError(f"'{self.class_name}' is no class name", hint="Use letters and digits, a capital first")
        if circuit.netlist.num_inputs < 1:
            raise InputError("the circuit has no inputs", hint="A component needs a port")

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        """Write the module."""
        for line in self._lines(circuit):
            stream.write(line + "\n")

    def _lines(self, circuit: Circuit) -> Iterator[str]:
        name = self.class_name or _class_name(circuit.name)
        yield f'"""{name}: {circuit.netlist.num_nodes} gates, written by lgc {lgc.__version__}. Do not edit.'
        yield ""
        yield f"circuit {circuit.digest()}"
        yield '"""'
        yield ""
        source = resources.files("lgc.backend.amaranth").joinpath("component.py").read_text(encoding="utf-8")
        yield source.split("\n\n", 1)[1]  # without its docstring: this module has one
        yield ""
        yield from _table(circuit)
        yield from ("", "", f"class {name}(NetComponent):")
        yield f'    """The network, {self.pipeline} clocks from bits to class."""'
        yield from ("", "    def __init__(self) -> None:")
        yield f"        super().__init__(NET, pipeline={self.pipeline}, stream={self.stream})"


def require_amaranth() -> None:
    """Raises MissingToolError unless the package is there."""
    if util.find_spec("amaranth") is None:
        raise MissingToolError("the package amaranth is not installed", hint="pip install 'amaranth[builtin-yosys]'")


def component_data(circuit: Circuit) -> dict[str, Any]:
    """What :class:`NetComponent` is built from: the netlist and the head as plain Python values."""
    netlist, head = circuit.netlist, circuit.head
    outputs = netlist.outputs.tolist()
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    return {
        "inputs": netlist.num_inputs,
        "nodes": [(BY_TABLE[table].name if arity == 2 else table, *fanin[:arity]) for fanin, arity, table in rows],
        "groups": [outputs[lo:hi] for lo, hi in pairwise(head.offsets.tolist())],
        "bias": head.bias.tolist(),
        "tie": head.tie,
    }


def _table(circuit: Circuit) -> Iterator[str]:
    """The data as source: one line a node, with its net and origin."""
    values, netlist = component_data(circuit), circuit.netlist
    yield "# Nets 0 and 1 are the constants, then come the inputs, then the nodes: a gate or a table, and its operands."
    yield "NET = {"
    yield f'    "inputs": {values["inputs"]},'
    yield '    "nodes": ['
    for index, node in enumerate(values["nodes"]):
        origin = re.sub(r"[^!-~]", "?", netlist.origins.label(int(netlist.origin[index])))
        row = ", ".join(f'"{part}"' if isinstance(part, str) else str(part) for part in node)
        yield f"        ({row},),  # n{netlist.first_node + index} {origin}".replace(",,", ",")
    yield "    ],"
    yield '    "groups": ['
    yield from (f"        {group}," for group in values["groups"])
    yield "    ],"
    yield from (f'    "bias": {values["bias"]},', f'    "tie": "{values["tie"]}",', "}")


def _class_name(text: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() else f"Net{name}"
