"""The netlist read back from the emitted Verilog text: one node a gate line, nothing taken on trust from the compiler.

Mutation and coverage speak about the text, so they work on what the text says and not on the circuit that was meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lgc.backend.sections import INPUT, VOTES
from lgc.backend.verilog.grammar import GATE_LINE, LUT_CALL, ONE, REFERENCE, ZERO, GateText
from lgc.errors import NotCheckedError
from lgc.ir import CONST0, CONST1, FIRST_INPUT, GATES, Builder, Netlist

_SHAPES = {gate.verilog.format(a="@", b="@").replace(" ", ""): gate for gate in GATES if "{b}" in gate.verilog}
_SHAPES = {shape: gate for shape, gate in _SHAPES.items() if shape.count("@") == 2}

_COUNTED = re.compile(rf"assign result_(?:scores|class)\[i\] = {VOTES}\[")
_CONSTANTS = {ZERO: CONST0, ONE: CONST1}


@dataclass(frozen=True)
class TextGate:
    """A gate line: entry ``index`` of ``vector``, as the text has it.

    Attributes:
        start, end: where its expression stands in the text.
        table: LSB-first truth table over ``operands``; operand 0 is address bit 0.
        operands: as written: ``bits[3]``.
        nets: the same as nets of :attr:`TextNetlist.netlist`.
        place: the neuron that the comment names, or an empty string.
    """

    vector: str
    index: int
    start: int
    end: int
    table: int
    operands: tuple[str, ...]
    nets: tuple[int, ...]
    place: str


@dataclass(frozen=True, eq=False)
class TextNetlist:
    """Gate lines in order, and the netlist they make; gate k is node k, outputs are the votes.

    Attributes:
        widths: entries of each vector.
    """

    gates: tuple[TextGate, ...]
    netlist: Netlist
    widths: dict[str, int]

    @cached_property
    def _names(self) -> dict[str, int]:
        first = self.netlist.first_node
        named = {f"{gate.vector}[{gate.index}]": first + node for node, gate in enumerate(self.gates)}
        inputs = {f"{INPUT}[{index}]": net for index, net in enumerate(self.netlist.inputs)}
        return named | inputs | _CONSTANTS

    def net(self, name: str) -> int:
        """The net that the text calls ``name``: ``bits[3]``, ``layer1[7]``."""
        return self._names[name]


def read_text(text: str, num_inputs: int) -> TextNetlist:
    """Parse all gate lines of an emitted file.

    Raises:
        NotCheckedError: a line is none that lgc writes, or reads what does not exist: the text cannot be judged.
    """
    builder = Builder(num_inputs)
    nets = {f"{INPUT}[{index}]": FIRST_INPUT + index for index in range(num_inputs)}
    nets |= _CONSTANTS
    widths, gates = {INPUT: num_inputs}, []
    for match in GATE_LINE.finditer(text):
        gate = GateText.of(match)
        vector, index = gate.vector, gate.index
        table, operands = parse_gate(gate.expression)
        try:
            found = tuple(nets[name] for name in operands)
        except KeyError as error:
            raise NotCheckedError(f"{vector}[{index}] reads {error.args[0]}, which no line before it makes") from None
        nets[f"{vector}[{index}]"] = builder.add(table, found)
        widths[vector] = max(widths.get(vector, 0), index + 1)
        gates.append(TextGate(vector, index, gate.start, gate.end, table, operands, found, gate.neuron))
    if VOTES not in widths:
        raise NotCheckedError("the Verilog has no votes in gate lines: its gates cannot be judged one by one")
    try:
        outputs = [nets[f"{VOTES}[{index}]"] for index in range(widths[VOTES])]
    except KeyError as error:
        raise NotCheckedError(f"no gate line makes {error.args[0]}") from None
    return TextNetlist(tuple(gates), builder.build(outputs), widths)


def vote_groups(text: str, netlist: Netlist, sizes: Sequence[int]) -> NDArray[np.int64]:
    """int64 (G+1,): which outputs are counted together; group g is outputs ``[g]`` to ``[g + 1]``.

    Args:
        sizes: votes of each class. A head that is gate lines itself has counted already: each output is its own.
    """
    if _COUNTED.search(text):
        return np.arange(netlist.num_outputs + 1, dtype=np.int64)
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def parse_gate(expression: str) -> tuple[int, tuple[str, ...]]:
    """Table and operands of an expression that :func:`lgc.backend.verilog.gates.expression` can write.

    Raises:
        NotCheckedError: it is none.
    """
    if match := LUT_CALL.fullmatch(expression):
        operands = tuple(reversed(match[3].split(", ")))
        if len(operands) == int(match[1]) and all(REFERENCE.fullmatch(name) for name in operands):
            return int(match[2], 16), operands
    operands = tuple(match[0] for match in REFERENCE.finditer(expression))
    shape = REFERENCE.sub("@", expression).replace(" ", "")
    if len(operands) == 1 and shape in ("@", "~@"):
        name, inverted = operands[0], shape == "~@"
        if name.startswith("`"):
            return int((name == ONE) != inverted), ()
        return (1 if inverted else 2), operands
    if len(operands) == 2 and shape in _SHAPES:
        return _SHAPES[shape].table, operands
    raise NotCheckedError(f"'{expression[:80]}' is no gate that lgc writes: the text cannot be judged")
