"""Strings of carry chains, as :mod:`lgc.backend.verilog.strings` writes them, held against the gate lines beside them.

Their tables are gate lines of the section before, where hardware has nothing for them: they are parts of carry cells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lgc.verify.formal.grammar.context import Context
from lgc.verify.formal.grammar.gates import REFERENCE, Computed, same_function
from lgc.verify.formal.grammar.lines import NUMBER

Reader = Callable[[list[str]], tuple[str, ...]]
"""Nets, as cells call them, as gate lines call them; refused if the section does not read them."""

_NET = rf"(?:{REFERENCE}|1'b[01])"
_HALVES = [
    ", ".join(rf"\.{letter}{half}\(({_NET})\)" for letter in "ABCD") + rf", \.S{half}\(((?:{REFERENCE})?)\)"
    for half in (0, 1)
]
_CCU2C = re.compile(
    r"  CCU2C #\(\.INIT0\(16'h([0-9a-f]{4})\), \.INJECT1_0\(\"NO\"\), \.INIT1\(16'h([0-9a-f]{4})\), "
    rf"\.INJECT1_1\(\"NO\"\)\) (\w+) \(\.CIN\((1'b0|\w+)\), {', '.join(_HALVES)}, \.COUT\((\w+)\)\);",
    re.ASCII,
)
_SUM = re.compile(
    rf"  SB_LUT4 #\(\.LUT_INIT\(16'hc33c\)\) (\w+_s{NUMBER}) \(\.O\(({REFERENCE})\), \.I0\(1'b0\), \.I1\(({_NET})\), "
    rf"\.I2\(({_NET})\), \.I3\((1'b0|\w+)\)\);",
    re.ASCII,
)
_CARRY = re.compile(
    rf"  SB_CARRY (\w+) \(\.CO\((\w+)\), \.I0\(({_NET})\), \.I1\(({_NET})\), \.CI\((1'b0|\w+)\)\);", re.ASCII
)
_ALU = re.compile(
    rf"  ALU #\(\.ALU_MODE\(0\)\) (\w+) \(\.CIN\((1'b0|\w+)\), \.I0\(({_NET})\), \.I1\(({_NET})\), \.I3\(1'b0\), "
    rf"\.SUM\(((?:{REFERENCE})?)\), \.COUT\((\w+)\)\);",
    re.ASCII,
)
_SPELLED = re.compile(rf"({REFERENCE}) \^ (.+)")
_NOTHING = Computed(0, ())


@dataclass(frozen=True)
class _Slot:
    """A position: the table that steers it, what it carries on where that is 0, and what its sum drives."""

    steer: Computed
    data: Computed
    target: str


def is_string(text: Context, section: str) -> bool:
    """Whether a string is next."""
    return text.lines.line == f"  wire {section}_0_co0;"


def take_strings(text: Context, section: str, gates: list[Computed], read: Reader) -> None:
    """Take the strings of a section: each gate line must spell what a position gives."""
    assert text.fabric is not None
    take = _TAKES[text.fabric.carry]
    spelled = set[str]()
    number = 0
    while text.lines.line != "`endif":
        found = [*take(text, f"{section}_{number}", read)]
        if not found:
            raise text.lines.departure("a carry cell of a string was expected")
        reading = _Reading(text, section, gates, spelled)
        for slot in found:
            reading.take(slot)
        number += 1
    if len(spelled) != len(gates):
        raise text.lines.departure(f"the cells make only {len(spelled)} of {len(gates)} nets", 1)


def _couples(text: Context, name: str, read: Reader) -> Iterator[_Slot]:
    """The positions of a string of CCU2C."""
    index = 0
    while text.lines.maybe("  wire @Carry@;", Carry=f"{name}_co{index}"):
        match = text.lines.match(_CCU2C)
        entry = f"{name}_co{index - 1}" if index else "1'b0"
        if match is None or (match[3], match[4], match[15]) != (f"{name}_{index}", entry, f"{name}_co{index}"):
            raise text.lines.departure("that is no CCU2C of this string", match is not None)
        for half in (0, 1):
            pins, table = read([match[group] for group in range(5 + 5 * half, 9 + 5 * half)]), int(match[1 + half], 16)
            yield _Slot(Computed(table, pins), Computed(table & 15, pins[:2]), match[9 + 5 * half])
        index += 1


def _singles(text: Context, name: str, read: Reader) -> Iterator[_Slot]:
    """The positions of a string of SB_CARRY, each with its SB_LUT4 where its sum is read."""
    index = 0
    while True:
        entry = f"{name}_co{index - 1}" if index else "1'b0"
        total = text.lines.match(_SUM) if f" {name}_s{index} (" in text.lines.line else None
        if total and (total[1], total[5]) != (f"{name}_s{index}", entry):
            raise text.lines.departure("that is no SB_LUT4 of this string", 1)
        nets = [total[3], total[4]] if total else []
        if text.lines.maybe("  wire @Carry@;", Carry=f"{name}_co{index}"):
            carry = text.lines.match(_CARRY)
            if carry is None or (carry[1], carry[2], carry[5]) != (f"{name}_{index}", f"{name}_co{index}", entry):
                raise text.lines.departure("that is no SB_CARRY of this string", carry is not None)
            if nets not in ([], [carry[3], carry[4]]):
                raise text.lines.departure("sum and carry of a position read different nets", 1)
            nets = [carry[3], carry[4]]
        if not nets:
            return
        pins = read(nets)
        yield _Slot(Computed(0b0110, pins), Computed(0b10, pins[:1]), total[2] if total else "")
        index += 1


def _adders(text: Context, name: str, read: Reader) -> Iterator[_Slot]:
    """The positions of a string of ALU."""
    index = 0
    while text.lines.maybe("  wire @Carry@;", Carry=f"{name}_co{index}"):
        match = text.lines.match(_ALU)
        entry = f"{name}_co{index - 1}" if index else "1'b0"
        if match is None or (match[1], match[2], match[6]) != (f"{name}_{index}", entry, f"{name}_co{index}"):
            raise text.lines.departure("that is no ALU of this string", match is not None)
        pins = read([match[3], match[4]])
        yield _Slot(Computed(0b0110, pins), Computed(0b10, pins[:1]), match[5])
        index += 1


_TAKES = {"ccu2c": _couples, "sb_carry": _singles, "alu": _adders}
"""By :attr:`lgc.parts.fabrics.Fabric.carry`, what reads a string."""


@dataclass
class _Reading:
    """What the gate lines of a string spell, position by position.

    Attributes:
        carry: the carry that comes, as they spell it up to what is still to be told; empty after a chain's end.
        data: the function that stands there.
    """

    text: Context
    section: str
    gates: list[Computed]
    spelled: set[str]
    carry: tuple[str, str] | None = None
    data: Computed = field(default=_NOTHING)

    def take(self, slot: _Slot) -> None:
        """One more position: of a chain, or between two."""
        line = self._line(slot.target) if slot.target else ""
        match = _SPELLED.fullmatch(line)
        carry = self._carried(match[2] if match else line)
        if match is None or not carry:
            self._between(slot, line, carry)
            return
        if not self._is(match[1], slot.steer):
            raise self._departure(slot.target)
        self.carry, self.data = (f"(({match[1]} & {carry}) | (~{match[1]} & ", "))"), slot.data

    def _between(self, slot: _Slot, line: str, carry: str) -> None:
        """The position that hands out a carry, if anything reads it, and lets in the next chain's."""
        if not same_function(slot.steer, _NOTHING) or (line and not carry):
            raise self._departure(slot.target)
        self.carry, self.data = ("", ""), slot.data

    def _line(self, target: str) -> str:
        vector, _, index = target.partition("[")
        if vector != self.section or int(index[:-1]) >= len(self.gates) or target in self.spelled:
            raise self._departure(target)
        self.spelled.add(target)
        gate = self.gates[int(index[:-1])]
        return gate.text

    def _carried(self, spelled: str) -> str:
        """The carry as a line spells it; empty if that is another one."""
        if self.carry is None:
            return ""
        before, behind = self.carry
        if not (spelled.startswith(before) and spelled.endswith(behind)):
            return ""
        name = spelled[len(before) : len(spelled) - len(behind)]
        return spelled if name and self._is(name, self.data) else ""

    def _is(self, name: str, function: Computed) -> bool:
        """Whether a net computes a function: a table that is part of a carry cell, or the net itself."""
        return same_function(self.text.folded.get(name, Computed(0b10, (name,))), function)

    def _departure(self, target: str) -> Exception:
        return self.text.lines.departure(
            f"the cells make something else of {target or 'a carry'} than the gate lines", 1
        )
