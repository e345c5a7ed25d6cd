"""What yosys reads in the Verilog: gates, words that are added, and registers; nothing is taken from the compiler."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lgc.errors import NotCheckedError
from lgc.tools.run import FailedError, or_not_checked, reading
from lgc.tools.yosys import SINGLE, run_yosys
from lgc.verify.formal.cells import KNOWN, Bit, Cell, expand

ADD, INDEX = "lgc.add", "lgc.index"  # no words of Verilog: a network named lgc has a module lgc_add
_DFF = "$_DFF_P_"
# Additions stay words and tables stay tables, under names that techmap does not know; all the rest becomes gates, the
# simple ones by simplemap, which is several times as fast.
_WORDS = (f"select -assert-none t:{ADD} t:{INDEX}", f"chtype -set {ADD} t:$add")
_GATES_SCRIPT = (f"chtype -set {INDEX} t:$shiftx", "simplemap", "techmap t:$* t:$_*_ %d", "opt_clean")
# What is undefined stays so, and registers have no value to begin with. Those of netlists have resets and enables that
# are never used, or are gates before them.
_KEPT = "setattr -mod -unset keep_hierarchy"
_FLAT = ("proc -norom -noopt", _KEPT, "flatten", SINGLE, "check", "setattr -unset init w:*", "opt_clean")
_REGISTERS = ("opt_expr -keepdc", "opt_dff -simple-dffe -keepdc", "dffunmap", "opt_expr -keepdc", "opt_clean")
# What yosys only warns of.
_WARNINGS = re.compile(r"^Warning: (multiple conflicting drivers|found logic loop).*", re.MULTILINE)
# What cells.py knows better than their models, which would become trees of multiplexers.
_MODEL = re.compile(rf"\bmodule\s++(?:{KNOWN})\b")
_END = re.compile(r"\bendmodule\b")
_PINS = ("A", "B", "C", "D", "S")
# Table, LSB first, over the pins in the order A, B, C, D, S that the cell has; S is a multiplexer's select.
_GATES = {
    "$_BUF_": 0b10, "$_NOT_": 0b01, "$_AND_": 0b1000, "$_NAND_": 0b0111, "$_OR_": 0b1110, "$_NOR_": 0b0001,
    "$_XOR_": 0b0110, "$_XNOR_": 0b1001, "$_ANDNOT_": 0b0010, "$_ORNOT_": 0b1011, "$_MUX_": 0b11001010,
    "$_NMUX_": 0b00110101,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class FlatDesign:
    """A flattened design.

    Attributes:
        driver: maps a net to the cell that makes it.
        wires: the text's own names of nets; a hint where to cut, no more.
    """

    ports: dict[str, tuple[Bit, ...]]
    cells: tuple[Cell, ...]
    driver: dict[Bit, Cell] = field(default_factory=dict)
    wires: dict[str, tuple[Bit, ...]] = field(default_factory=dict)

    def cone(self, bits: Iterable[Bit], stop: Iterable[Bit] = ()) -> Iterator[Cell]:
        """The cells that ``bits`` depend on, operands first; nets in ``stop`` are not looked behind.

        Raises:
            NotCheckedError: a combinational loop, or registers in one.
        """
        done: dict[int, bool] = {}
        stopped = set(stop)
        stack = [(bit, False) for bit in bits]
        while stack:
            bit, ready = stack.pop()
            cell = None if bit in stopped else self.driver.get(bit)
            if cell is None:
                continue
            if ready:
                if not done[id(cell)]:
                    done[id(cell)] = True
                    yield cell
            elif id(cell) not in done:
                done[id(cell)] = False
                stack.append((bit, True))
                stack += [(one, False) for one in cell.inputs]
            elif not done[id(cell)]:
                raise NotCheckedError("the Verilog feeds a net back into itself: it is no pipeline, not proved")

    def cone_over_registers(self, bits: Iterable[Bit]) -> list[Cell]:
        """All cells that ``bits`` depend on in any clock: registers first, then gates, operands first."""
        registers: dict[Bit, Cell] = {}
        reached: set[int] = set()
        stack = list(bits)
        ends = list(stack)
        while stack:
            bit = stack.pop()
            cell = self.driver.get(bit)
            if cell is None or id(cell) in reached:
                continue
            reached.add(id(cell))
            stack += cell.inputs
            if cell.kind == "dff":
                registers[bit] = cell
        ends += [cell.inputs[0] for cell in registers.values()]
        return [*registers.values(), *self.cone(ends, registers)]


def read_flat(
    source: Path, top: str, folder: Path, timeout: float, *, words: bool = True, models: bool = False
) -> FlatDesign:
    """Let yosys read, flatten and map a Verilog file, in a process of its own.

    Args:
        words: additions stay words, else they become gates too.
        models: the file brings models of the cells in :mod:`lgc.verify.formal.cells`, which are not needed.

    Raises:
        MissingToolError: there is no yosys.
        NotCheckedError: yosys does not take the file, or takes longer than ``timeout`` seconds.
    """
    text = source.read_text(encoding="utf-8")
    (folder / "source.v").write_text(without_models(text) if models else text, encoding="utf-8")
    script = ["read_verilog source.v", f"hierarchy -top {top}", *_FLAT, *_REGISTERS]
    script += [*(_WORDS if words else ()), *_GATES_SCRIPT, f"select {top}", "write_json design.json"]
    log = folder / "yosys.log"
    try:
        with or_not_checked("not proved"):
            run_yosys(script, log, timeout)
    except FailedError as error:
        raise NotCheckedError(f"yosys does not take the Verilog: {error.reason}", where=str(source)) from None
    if warned := _WARNINGS.search(log.read_text(encoding="utf-8", errors="replace")):
        raise NotCheckedError(f"yosys warns of the Verilog: {warned[0][9:200]}: not proved", where=str(source))
    with reading("yosys", folder):
        return _design(json.loads((folder / "design.json").read_text(encoding="utf-8")), top)


def without_models(text: str) -> str:
    """A text without the models of the cells that are known, and without the attributes before them.

    No pattern looks for a beginning and an end at once: it would take the square of a hostile text.
    """
    pieces, done = [], 0
    while match := _MODEL.search(text, done):
        start, end = _beginning(text, done, match.start()), match.end()
        line = text.rfind("\n", done, start)
        if (line >= 0 or not done) and not text[line + 1 : start].strip(" \t"):
            closing = _END.search(text, end)
            if closing is None:
                break
            pieces.append(text[done:start])
            end = closing.end()
        else:
            pieces.append(text[done:end])
        done = end
    return "".join([*pieces, text[done:]])


def _beginning(text: str, least: int, at: int) -> int:
    """Where the attributes before a module begin, or the module if there are none."""
    while True:
        end = at
        while end > least and text[end - 1].isspace():
            end -= 1
        opening = text.rfind("(*", least, end) if text.endswith("*)", least, end) else -1
        if opening < 0 or "\n" in text[opening:end]:
            return at
        at = opening


def _design(document: dict[str, Any], top: str) -> FlatDesign:
    module = document["modules"][top]
    ports = {name: tuple(port["bits"]) for name, port in module["ports"].items()}
    clock = ports.get("clk", ())
    wires = {name: tuple(net["bits"]) for name, net in module["netnames"].items() if not net["hide_name"]}
    inside = {name: cell for name, cell in module["cells"].items() if cell["type"] != "$scopeinfo"}
    cells = tuple(one for name, cell in inside.items() for one in _cells(name, cell, clock))
    driver: dict[Bit, Cell] = {}
    given = {bit for name, port in module["ports"].items() if port["direction"] != "output" for bit in ports[name]}
    for cell in cells:
        for bit in cell.outputs:
            if bit in driver or bit in given or bit in ("0", "1"):
                raise NotCheckedError("two things drive one net: not proved")
            driver[bit] = cell
    return FlatDesign(ports, cells, driver, wires)


def _cells(name: str, cell: dict[str, Any], clock: tuple[Bit, ...]) -> list[Cell]:
    kind, pins = cell["type"], {pin: tuple(bits) for pin, bits in cell["connections"].items()}
    if kind == _DFF:
        if pins["C"] != clock:
            raise NotCheckedError(f"register {name} has another clock than clk: not proved")
        return [Cell("dff", pins["D"], pins["Q"])]
    if kind == ADD:
        signed = any(int(cell["parameters"][f"{pin}_SIGNED"], 2) for pin in "AB")
        return [Cell("add", pins["A"] + pins["B"], pins["Y"], words=(pins["A"], pins["B"]), signed=signed)]
    if kind == INDEX:
        return [_index(name, pins, signed=int(cell["parameters"]["B_SIGNED"], 2) != 0)]
    if kind in _GATES:
        inputs = tuple(pins[pin][0] for pin in _PINS if pin in pins)
        return [Cell("gate", inputs, pins["Y"], _GATES[kind])]
    if (found := expand(name, kind, cell["parameters"], pins)) is None:
        raise NotCheckedError(f"cell {name} is of the type {kind}, whose meaning is not known here: not proved")
    return found


def _index(name: str, pins: dict[str, tuple[Bit, ...]], *, signed: bool) -> Cell:
    """A constant table and its address, which reaches every entry and none beside them."""
    entries, address = pins["A"], pins["B"]
    whole = len(pins["Y"]) == 1 and len(entries) == 1 << len(address) and set(entries) <= {"0", "1"}
    if signed or not whole or len(address) > 6:
        raise NotCheckedError(f"cell {name} picks a bit of something that is no lookup table: not proved")
    table = sum(1 << place for place, bit in enumerate(entries) if bit == "1")
    return Cell("gate", address, pins["Y"], table)
