"""The bugs that tests/verify/test_injected_bugs.py injects: in each pass, each backend, each head, and the encoder."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from lgc.backend import aiger, blif, json, onnx
from lgc.backend.amaranth import format as amaranth
from lgc.backend.c import format as c
from lgc.backend.c import kernel as c_kernel
from lgc.backend.verilog import cells, gates, head, leaves, mapped, serial, strings, top
from lgc.ir import Circuit, Netlist
from lgc.ir import text as lgn
from lgc.mapping import comparators, encoder
from lgc.mapping.heads import argmax, chains, columns, copies, ternary
from lgc.passes import PASSES
from lgc.passes.base import Pass, PassResult

Patch = pytest.MonkeyPatch
Change = Callable[[Any], Any]


@dataclass(frozen=True)
class Bug:
    """``name`` of ``owner`` becomes what ``change`` makes of it, while a file is compiled.

    Attributes:
        suffix, options, level: of the compilation.
        model: which small one: ``plain``, or ``thresholds`` where there must be an encoder.
        features: whether the encoder is among the gates.
        only_small: why the shipped net cannot show it, if it cannot.
    """

    owner: Any
    name: str
    change: Change
    suffix: str = ".v"
    options: Mapping[str, Any] = field(default_factory=dict)
    level: str = "O2"
    model: str = "plain"
    features: bool = False
    only_small: str = ""

    def inject(self, monkeypatch: Patch) -> None:
        value = self.change(getattr(self.owner, self.name))
        assert value != getattr(self.owner, self.name)
        monkeypatch.setattr(self.owner, self.name, value)


# --- passes: each runs as it is, and its result is then spoilt


def changed(circuit: Circuit, **arrays: Any) -> Circuit:
    return circuit.with_netlist(replace(circuit.netlist, **arrays))


def voter(netlist: Netlist) -> int:
    """A node that is a vote and has an operand."""
    first = netlist.first_node
    return next(net - first for net in netlist.outputs.tolist() if net >= first and netlist.arity[net - first])


def wrong_table(circuit: Circuit) -> Circuit:
    """One gate's function complemented: an inverter absorbed and forgotten."""
    netlist = circuit.netlist
    table, node = netlist.table.copy(), voter(netlist)
    table[node] ^= np.uint64((1 << (1 << int(netlist.arity[node]))) - 1)
    return changed(circuit, table=table)


def moved_outputs(circuit: Circuit) -> Circuit:
    """Votes handed round: the last of a class is the first of the next."""
    return changed(circuit, outputs=np.roll(circuit.netlist.outputs, 1))


def constant_operand(circuit: Circuit) -> Circuit:
    """An operand taken for the constant 1."""
    fanin = circuit.netlist.fanin.copy()
    fanin[voter(circuit.netlist), 0] = 1
    return changed(circuit, fanin=fanin)


def merged(circuit: Circuit) -> Circuit:
    """Two votes that differ taken for equal."""
    outputs = circuit.netlist.outputs.copy()
    outputs[0] = outputs[-1]
    return changed(circuit, outputs=outputs)


def dropped_vote(circuit: Circuit) -> Circuit:
    """A live gate taken for dead."""
    outputs = circuit.netlist.outputs.copy()
    outputs[0] = 0
    return changed(circuit, outputs=outputs)


def lost_bias(circuit: Circuit) -> Circuit:
    """A constant vote that does not reach the bias."""
    bias = circuit.head.bias.copy()
    bias[-1] += 1
    return replace(circuit, head=replace(circuit.head, bias=bias))


def spoilt(name: str, bug: Callable[[Circuit], Circuit], **more: Any) -> Bug:
    def change(real: Callable[[Pass, Circuit], PassResult]) -> Callable[[Pass, Circuit], PassResult]:
        def run(self: Pass, circuit: Circuit) -> PassResult:
            result = real(self, circuit)
            return PassResult(bug(result.circuit), result.counts)

        return run

    return Bug(PASSES[name], "run", change, **more)


PASS_BUGS = {
    "pass levelize": spoilt("levelize", moved_outputs),
    "pass const-fold": spoilt("const-fold", constant_operand),
    "pass fanin-dedup": spoilt("fanin-dedup", merged),
    "pass absorb-inverters": spoilt("absorb-inverters", wrong_table),
    "pass head-fold": spoilt("head-fold", lost_bias),
    "pass dead-gates": spoilt("dead-gates", dropped_vote),
    "pass thermometer": spoilt("thermometer", constant_operand, level="O3", model="thresholds"),
}

# --- backends


def swap(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new)

    return change


def lines(old: str, new: str) -> Change:
    """A generator of lines with one text for another."""
    return lambda real: lambda *given, **named: [line.replace(old, new) for line in real(*given, **named)]


def and_for_or(templates: dict[int, str]) -> dict[int, str]:
    return templates | {table: text.replace("|", "&") for table, text in templates.items()}


def swapped(template: str) -> str:
    return template.replace("{a}", "{x}").replace("{b}", "{a}").replace("{x}", "{b}")


def last_rank_early(real: Callable[..., Any]) -> Callable[..., Any]:
    """A register that is a wire."""
    old, new = "always @(posedge clk) x_q1 <= x;", "always @* x_q1 = x;"
    return lambda *given: [line.replace(old, new) for line in real(*given)]


RANKS = {"pipeline": 3}
VERILOG_BUGS = {
    "gate lines: AND for OR": Bug(gates, "_TWO_INPUT", and_for_or),
    "gate lines: operands swapped": Bug(gates, "_TWO_INPUT", lambda texts: {k: swapped(v) for k, v in texts.items()}),
    "adder head: tie rule": Bug(leaves, "_HARDWARE_ROUND", swap("@compare@", ">=")),
    "adder head: comparison as unsigned": Bug(
        leaves, "_HARDWARE_ROUND", swap("reg @signed@", "reg "), only_small="it has no negative score"
    ),
    "adder head: adder without carry": Bug(leaves, "_HARDWARE_ADD", swap("} + {", "} | {")),
    "adder head: bias off by one": Bug(leaves, "_HARDWARE_BIAS", swap("count + BIAS", "count + BIAS + 1")),
    "adder head: class order": Bug(head, "argmax_module", lines("(c >> i)", "((c ^ 1) >> i)")),
    "adder head: groups misplaced": Bug(head, "_score", lines("), .SIZE(", " / 3 * 3), .SIZE(")),
    "top: inputs reversed": Bug(
        top.Top, "_inputs", lines("[i*`LGC_WIDTH +:", "[(15-i)*`LGC_WIDTH +:"), only_small="it has other inputs"
    ),
    "pipeline: a register lost": Bug(top, "registers", last_rank_early, options=RANKS),
    "pipeline: valid a clock early": Bug(
        top.Top, "_valid", lines("out_valid = valid[2]", "out_valid = valid[1]"), options=RANKS
    ),
    "pipeline: no reset": Bug(top.Top, "_valid", lines("rst ? 3'd0 : ", ""), options=RANKS),
}


def first_table(real: Callable[..., tuple[int, ...]]) -> Callable[..., tuple[int, ...]]:
    """The lowest bit of a counter is wrong where all that it counts is 0."""
    return lambda *given: (real(*given)[0] ^ 1, *real(*given)[1:])


def other_tie(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given, or_equal: real(*given, or_equal=not or_equal)


def other_end(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given, last: real(*given, last=not last)


def without_carry_from_below(real: Callable[..., tuple[int, int]]) -> Callable[..., tuple[int, int]]:
    """A position of a row adds its own three bits only: its net is that of the table below, which is a node."""

    def steer(self: Any, one: Any, with_carry: bool) -> tuple[int, int]:
        below = any(one.literal >> 1 == second for _, second in self.packed)
        return real(self, replace(one, literal=0) if below else one, with_carry)

    return steer


TERNARY = {"head": "ternary", "fabric": "xc7"}
COMPRESS, XC7 = {"head": "compress"}, {"head": "carry", "fabric": "xc7"}
HEAD_BUGS = {
    "compress head: a counter's low bit": Bug(columns, "sum_tables", first_table, options=COMPRESS),
    "compress head: tie rule": Bug(argmax, "_exceeds", other_tie, options=COMPRESS),
    "bit-serial argmax: tie rule": Bug(argmax, "_priority", other_end, options=COMPRESS | {"argmax": "bit-serial"}),
    "carry head: a position forgets a net": Bug(
        chains, "_xor", lambda real: lambda one: (one.table, one.operands), options={"head": "carry"}
    ),
    "couple head: a position hands on the contrary": Bug(
        strings, "_handed", lambda real: lambda *given: 1 - real(*given), options={"head": "couple", "fabric": "ecp5"}
    ),
    "ripple head: a position adds a net to itself": Bug(
        strings, "_added", lambda real: lambda slot: (real(slot)[0],) * 2, options={"head": "ripple", "fabric": "ice40"}
    ),
    "ternary head: the constant is forgotten": Bug(
        ternary.TernaryColumns, "_is_one", lambda _: lambda *given: False, options=TERNARY
    ),
    "ternary head: the carry of the position below is forgotten": Bug(
        chains.ChainColumns, "_steer", without_carry_from_below, options=TERNARY
    ),
    "carry cells: data and selection swapped": Bug(
        mapped, "carry_cells", lambda real: lambda name, s, d, *more: real(name, d, s, *more), options=XC7
    ),
    "cells: outputs of a double table swapped": Bug(
        mapped, "two_outputs", lambda real: lambda name, outputs, *more: real(name, outputs[::-1], *more), options=XC7
    ),
    "cells: pins reversed": Bug(
        cells,
        "instance",
        lambda real: lambda self, name, output, table, pins: real(self, name, output, table, pins[::-1]),
        options={"head": "compress", "fabric": "ecp5"},
    ),
    "serial head: adder": Bug(serial, "_MODULE", swap("= mine ^ carry", "= mine | carry"), options={"head": "serial"}),
    "serial head: tie rule": Bug(
        serial, "_MODULE", swap("LGC_WIDTH] = @order@", "LGC_WIDTH] = ~@order@"), options={"head": "serial"}
    ),
    "copies: of another input": Bug(
        copies,
        "_with_copies",
        lambda real: lambda netlist, inputs, *more: real(netlist, np.roll(inputs, 1), *more),
        options=XC7 | {"copies": True, "pipeline": 5},
    ),
}

ENCODER_BUGS = {
    "encoder: a threshold one code too high": Bug(
        encoder,
        "levels",
        lambda real: lambda *given: real(*given) + 1,
        model="thresholds",
        features=True,
    ),
    "encoder: comparison chain": Bug(
        comparators,
        "_AND",
        lambda _: comparators._OR,
        model="thresholds",
        features=True,
        only_small="its comparators have no AND",
    ),
}


def reversed_operands(real: Callable[..., Any]) -> Callable[..., Any]:
    """ONNX: operands 0 and 1 of a group of nodes exchanged."""

    def group(graph: Any, netlist: Netlist, nodes: Any, rows: str, place: Any) -> Any:
        return real(graph, replace(netlist, fanin=netlist.fanin[:, ::-1]), nodes, rows, place)

    return group


def greater_or_equal(real: Callable[..., Any]) -> Callable[..., Any]:
    names = {"Greater": "GreaterOrEqual"}
    return lambda self, kind, *inputs, **more: real(self, names.get(kind, kind), *inputs, **more)


def with_nodes(values: dict[str, Any]) -> dict[str, Any]:
    """Amaranth: AND for OR."""
    return values | {"nodes": [("and" if node[0] == "or" else node[0], *node[1:]) for node in values["nodes"]]}


def reversed_lut(cells: dict[str, Any]) -> dict[str, Any]:
    """yosys JSON: tables written the wrong way round."""
    for cell in cells.values():
        cell["parameters"]["LUT"] = cell["parameters"]["LUT"][::-1]
    return cells


def exchanged(table: int, arity: int) -> int:
    """A table with operands 0 and 1 exchanged."""
    if arity < 2:
        return table
    moved = [address & ~3 | (address & 1) << 1 | (address >> 1) & 1 for address in range(1 << arity)]
    return sum(((table >> old) & 1) << address for address, old in enumerate(moved))


FILE_BUGS = {
    "C: AND for OR": Bug(c_kernel, "_FORMATS", lambda formats: formats | {c_kernel.OR: "{} & {}"}, suffix=".c"),
    "C: tie rule": Bug(c.C99, "_defines", lines("TIE_LAST 0", "TIE_LAST 1"), suffix=".c"),
    "C: >= for > in the encoder": Bug(
        c,
        "_source",
        lambda real: lambda name: real(name).replace("> threshold[", ">= threshold["),
        suffix=".c",
        model="thresholds",
    ),
    "BLIF: operands exchanged": Bug(
        blif, "cover_rows", lambda real: lambda table, arity: real(exchanged(table, arity), arity), suffix=".blif"
    ),
    "AIGER: branches of a multiplexer swapped": Bug(
        aiger.Aig, "mux", lambda real: lambda self, select, low, high: real(self, select, high, low), suffix=".aag"
    ),
    "binary AIGER: an output complemented": Bug(
        aiger,
        "write_binary",
        lambda real: lambda aig, outputs, stream: real(aig, [outputs[0] ^ 1, *outputs[1:]], stream),
        suffix=".aig",
    ),
    "lgn: another operation's name": Bug(
        lgn,
        "mnemonic",
        lambda real: lambda arity, table: "and" if (arity, table) == (2, 0xE) else real(arity, table),
        suffix=".lgn",
    ),
    "ONNX: operands exchanged": Bug(onnx, "_group", reversed_operands, suffix=".onnx"),
    "ONNX: >= for > in the encoder": Bug(onnx._Graph, "op", greater_or_equal, suffix=".onnx", model="thresholds"),
    "yosys JSON: tables reversed": Bug(
        json, "_cells", lambda real: lambda netlist: reversed_lut(real(netlist)), suffix=".yosys.json"
    ),
    "Amaranth: AND for OR": Bug(
        amaranth, "component_data", lambda real: lambda *given: with_nodes(real(*given)), suffix=".py"
    ),
    "Amaranth: bias off by one": Bug(
        amaranth,
        "component_data",
        lambda real: (
            lambda *given: (lambda found: found | {"bias": [found["bias"][0] + 1, *found["bias"][1:]]})(real(*given))
        ),
        suffix=".py",
        options={"pipeline": 2},
    ),
}

BUGS: dict[str, Bug] = PASS_BUGS | VERILOG_BUGS | HEAD_BUGS | ENCODER_BUGS | FILE_BUGS

INTERFACE_BUGS = {
    "axis": (
        "lgc.backend.verilog.interfaces.axis",
        "_AXIS",
        "{@log@'d0, earn} - {@log@'d0, spend}",
        "{@log@'d0, earn}",
    ),
    "uart": ("lgc.backend.verilog.interfaces.serial", "_UART", "left <= @bytes@", "left <= 1"),
    "spi": ("lgc.backend.verilog.interfaces.serial", "_SPI", "reply[8*(@bytes@-1-i) +: 8]", "reply[8*i +: 8]"),
    "tiny_tapeout": (
        "lgc.backend.verilog.interfaces.serial",
        "_TINY_TAPEOUT",
        "shown <= rest[@reply@+7:8]",
        "shown <= rest",
    ),
}
"""Interface to the module, the template in it, and one text there for another."""


def inject_interfaces(monkeypatch: Patch) -> None:
    """All of them at once: the wrappers have nothing in common but the core."""
    for module, name, old, new in INTERFACE_BUGS.values():
        owner = importlib.import_module(module)
        monkeypatch.setattr(owner, name, swap(old, new)(getattr(owner, name)))
