"""The Amaranth target: a module that needs amaranth, and nothing of lgc."""

from __future__ import annotations

import ast
import builtins
import json
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, ClassVar, TextIO

import lgc
from lgc.backend.base import Format
from lgc.backend.columns import column_rows, port_notes
from lgc.backend.manifest import Manifest
from lgc.backend.sections import INPUT
from lgc.backend.verilog.top import FEATURES, top_ports
from lgc.errors import InputError, OptionError
from lgc.ir import BY_TABLE, Circuit
from lgc.mapping.arithmetic import place_stages
from lgc.mapping.shape import HeadShape
from lgc.tools.find import has_package, missing

_MAX_LENGTH = 60


@dataclass(frozen=True)
class Amaranth(Format):
    """A readable Python module with one component.

    Attributes:
        class_name: of the component; from the circuit's name if empty.
        pipeline: register stages in all, which is the latency in clocks; 0 is combinational.
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
        place_stages(circuit, self.pipeline)
        if self.class_name and not re.fullmatch(r"[A-Z][A-Za-z0-9]*", self.class_name):
            raise OptionError(f"'{self.class_name}' is no class name", hint="Use letters and digits, a capital first")
        if self.class_name in _taken():
            raise OptionError(
                f"'{self.class_name}' means something else in the module: to Python, to Amaranth or to its own code",
                hint=f"Choose another name, such as {self.class_name}Net",
            )
        if circuit.netlist.num_inputs < 1:
            raise InputError("the circuit has no inputs", hint="A component needs a port")

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        """Write the module."""
        for line in self._lines(circuit):
            stream.write(line + "\n")

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """The manifest of the plain ports; the signature of streams says all about them."""
        if self.stream:
            return {}
        shape = HeadShape.of(circuit)
        manifest = Manifest.of(
            circuit,
            top=self._name_of(circuit),
            ports=top_ports(circuit, shape, clocked=self.pipeline > 0, outputs="both"),
            latency=self.pipeline,
            score_width=shape.score,
            score_signed=shape.signed,
        )
        return {".json": manifest.to_json()}

    def _name_of(self, circuit: Circuit) -> str:
        return self.class_name or _class_name(circuit.name)

    def _lines(self, circuit: Circuit) -> Iterator[str]:
        name = self._name_of(circuit)
        yield f'"""{name}: {circuit.netlist.num_nodes} gates, written by lgc {lgc.__version__}. Do not edit.'
        yield ""
        yield f"circuit {circuit.digest()}"
        yield '"""'
        yield ""
        yield _component().split("\n\n", 1)[1]  # without its docstring: this module has one
        yield ""
        yield from _table(circuit, self.pipeline)
        yield from ("", "", f"class {name}(NetComponent):")
        yield f'    """The network, {self.pipeline} clocks from input to class."""'
        yield from ("", "    def __init__(self) -> None:")
        yield f"        super().__init__(NET, stream={self.stream})"


def require_amaranth() -> None:
    """Raises MissingToolError unless the package is there."""
    if not has_package("amaranth"):
        raise missing("amaranth")


def component_data(circuit: Circuit, pipeline: int = 0) -> dict[str, Any]:
    """What :class:`NetComponent` is built from: netlist, head and register stages as plain Python values.

    ``ranks`` has one entry a register stage: the region and the number of the level that it stands behind.
    """
    netlist, head, shape = circuit.netlist, circuit.head, HeadShape.of(circuit)
    outputs = netlist.outputs.tolist()
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    placed = place_stages(circuit, pipeline)
    return {
        "port": INPUT if circuit.encoder.code is None else FEATURES,
        "inputs": netlist.num_inputs,
        "nodes": [(BY_TABLE[table].name if arity == 2 else table, *fanin[:arity]) for fanin, arity, table in rows],
        "groups": [outputs[lo:hi] for lo, hi in pairwise(head.offsets.tolist())],
        "bias": head.bias.tolist(),
        "tie": head.tie,
        "score": (shape.score, shape.signed),
        "ranks": [(placed.levels[cut].region, placed.levels[cut].index) for cut in placed.cuts],
    }


def _table(circuit: Circuit, pipeline: int) -> Iterator[str]:
    """The data as source: one line a node, with its net and origin."""
    values, netlist = component_data(circuit, pipeline), circuit.netlist
    yield from (f"# {note}" for note in port_notes(column_rows(circuit), circuit.head.classes))
    yield "# Nets 0 and 1 are the constants, then come the inputs, then the nodes: a gate or a table, and its operands."
    yield "NET = {"
    yield from (f'    "port": "{values["port"]}",', f'    "inputs": {values["inputs"]},')
    yield '    "nodes": ['
    for index, node in enumerate(values["nodes"]):
        origin = re.sub(r"[^!-~]", "?", netlist.origins.label(int(netlist.origin[index])))
        row = ", ".join(f'"{part}"' if isinstance(part, str) else str(part) for part in node)
        yield f"        ({row},),  # n{netlist.first_node + index} {origin}".replace(",,", ",")
    yield "    ],"
    yield '    "groups": ['
    yield from (f"        {group}," for group in values["groups"])
    yield "    ],"
    yield from (f'    "{name}": {json.dumps(values[name])},' for name in ("bias", "tie"))
    yield "    # Bits of a score and whether it has a sign; the level that each register rank stands behind."
    yield from (f'    "score": {values["score"]},', f'    "ranks": {values["ranks"]},', "}")


def _class_name(text: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[:1].upper() + word[1:] for word in words)[:_MAX_LENGTH]
    name = name if name[:1].isalpha() else f"Net{name}"
    return f"{name}Net" if name in _taken() else name


def _component() -> str:
    return resources.files("lgc.backend.amaranth").joinpath("component.py").read_text(encoding="utf-8")


@cache
def _taken() -> frozenset[str]:
    """Names that a class of the module cannot have: Python's, and all that the module's own code reads or makes."""
    found = {"NET", *keyword.kwlist, *dir(builtins)}
    for node in ast.walk(ast.parse(_component())):
        match node:
            case ast.Name(id=name) | ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.alias(name=name):
                found.add(name)
    return frozenset(found)
