"""Graphviz: the cone of a class or of one output, for looking at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TextIO

from lgc.backend.base import Format
from lgc.errors import OptionError
from lgc.ir import FIRST_INPUT, Circuit
from lgc.ir.text import mnemonic


@dataclass(frozen=True)
class Dot(Format):
    """The cone of some outputs as a graph.

    Attributes:
        output: the number of one output; -1 for all of the class's.
        class_index: a class; -1 for every output.
        max_nodes: refuse a larger picture, which nobody could read.
    """

    name: ClassVar[str] = "dot"
    output: int = -1
    class_index: int = -1
    max_nodes: int = 2000

    def validate(self, circuit: Circuit) -> None:
        """Refuse outputs and classes that do not exist, and pictures too large.

        Raises:
            OptionError.
        """
        if not -1 <= self.output < circuit.netlist.num_outputs:
            raise OptionError(f"no output {self.output}", hint=f"There are {circuit.netlist.num_outputs}, from 0")
        if not -1 <= self.class_index < circuit.head.num_classes:
            raise OptionError(f"no class {self.class_index}", hint=f"There are {circuit.head.num_classes}, from 0")
        count = len(cone(circuit, self._outputs(circuit)))
        if count > self.max_nodes:
            raise OptionError(
                f"the picture would have {count} nodes, more than max-nodes {self.max_nodes}",
                hint="Choose one output, or one class-index",
            )

    def _outputs(self, circuit: Circuit) -> list[int]:
        if self.output >= 0:
            return [self.output]
        offsets = circuit.head.offsets
        if self.class_index >= 0:
            return list(range(int(offsets[self.class_index]), int(offsets[self.class_index + 1])))
        return list(range(circuit.netlist.num_outputs))

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        """Write the graph, inputs on the left."""
        outputs = self._outputs(circuit)
        stream.write(f"// lgc circuit {circuit.digest()}\n")
        stream.write("digraph lgc {\n  rankdir=LR;\n  node [shape=box, fontname=monospace];\n")
        for net in cone(circuit, outputs):
            stream.writelines(_net_lines(circuit, net))
        for index in outputs:
            label = json.dumps(f"out[{index}]")
            stream.write(f"  o{index} [label={label}, shape=cds];\n  n{circuit.netlist.outputs[index]} -> o{index};\n")
        stream.write("}\n")


def cone(circuit: Circuit, outputs: list[int]) -> list[int]:
    """The nets that some outputs depend on, themselves included, ascending."""
    netlist = circuit.netlist
    pending = [int(netlist.outputs[index]) for index in outputs]
    found: set[int] = set()
    while pending:
        net = pending.pop()
        if net in found:
            continue
        found.add(net)
        if net >= netlist.first_node:
            node = net - netlist.first_node
            pending.extend(netlist.fanin[node, : netlist.arity[node]].tolist())
    return sorted(found)


def _net_lines(circuit: Circuit, net: int) -> Iterator[str]:
    netlist = circuit.netlist
    if net < netlist.first_node:
        label = json.dumps(str(net) if net < FIRST_INPUT else f"in[{net - FIRST_INPUT}]")
        yield f"  n{net} [label={label}, shape=ellipse];\n"
        return
    node = net - netlist.first_node
    arity = int(netlist.arity[node])
    place = netlist.origins.label(int(netlist.origin[node]))
    # Escaped twice: a backslash has a meaning of its own in Graphviz labels.
    text = mnemonic(arity, int(netlist.table[node])) + ("" if place == "?" else "\n" + place.replace("\\", "\\\\"))
    yield f"  n{net} [label={json.dumps(text, ensure_ascii=False)}];\n"
    for position, operand in enumerate(netlist.fanin[node, :arity].tolist()):
        yield f"  n{operand} -> n{net} [label={position}];\n"
