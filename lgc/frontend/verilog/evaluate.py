"""A flat design as gates: each bit that an output needs, from the cells that drive it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lgc.errors import NetlistError
from lgc.frontend.facts import how_to_say
from lgc.frontend.verilog.cases import case_labels
from lgc.frontend.verilog.cells import BITWISE, CELLS, UNDEFINED, Operands, YosysCell
from lgc.frontend.verilog.design import SourceDesign
from lgc.frontend.verilog.logic import Bit, Logic, net_of, registers_before, settle
from lgc.frontend.verilog.words import WordLogic, extended

_REGISTERS = ("$dff", "$adff", "$aldff")
_LATCHES = ("$dlatch", "$adlatch", "$dlatchsr", "$sr", "$dffsr", "$dffsre", "$ff")
_TIE_HINT = (
    f"An input that holds still, such as a reset or an enable, is set by {how_to_say('tie', 'NAME=0')}, or NAME=1"
)


@dataclass(frozen=True)
class Choices:
    """What the user says about a Verilog file.

    Attributes:
        ties: values of input ports that are held constant.
        undefined: what undefined bits stand for; None refuses them.
    """

    ties: dict[str, int] = field(default_factory=dict)
    undefined: int | None = None


class Evaluator:
    """Bits to signals, on demand and without recursion."""

    def __init__(self, design: SourceDesign, choices: Choices) -> None:
        self.design = design
        self.choices = choices
        self.logic = Logic()
        self.words = WordLogic(self.logic)
        self.inputs: list[int] = []
        self.input_names: list[str] = []
        self.values: dict[Any, Bit] = {"0": 0, "1": 1}
        self.reasons: dict[int, tuple[str, str]] = {}  # of each undefined bit: place and text
        self._labels: dict[int, tuple[list[Any], list[list[int]]] | None] = {}
        self._undefined: dict[int, Bit] = {}
        self.clock = self._find_clock()
        self._take_inputs()

    def _find_clock(self) -> tuple[Any, bool] | None:
        """The bit and the edge that clock all registers; None without registers."""
        clock: tuple[Any, bool] | None = None
        for cell in self.design.cells:
            if cell.type not in _REGISTERS:
                continue
            edge = (cell.pins["CLK"][0], cell.flag("CLK_POLARITY"))
            if clock not in (None, edge):
                raise NetlistError(
                    f"register '{self._register_name(cell)}' has another clock than those before it, or another edge",
                    where=self.design.where(cell),
                    hint="lgc reads pipelines of one clock",
                )
            clock = edge
        port = next((port for port in self.design.ports if clock and port.bits == [clock[0]]), None)
        if clock is not None and (port is None or port.direction != "input"):
            first = next(cell for cell in self.design.cells if cell.type in _REGISTERS)
            raise NetlistError(
                f"the clock of register '{self._register_name(first)}' is no input port of its own",
                where=self.design.where(first),
            )
        return clock

    def _register_name(self, cell: YosysCell) -> str:
        return self.design.name_of(cell.pins["Q"][0])[:60]

    def _take_inputs(self) -> None:
        ties = dict(self.choices.ties)
        for port in self.design.ports:
            if port.direction != "input":
                continue
            if port.name in ties:
                value = ties.pop(port.name)
                if value >> len(port.bits):
                    raise NetlistError(f"--source-tie sets '{port.name[:60]}' to {value}, more than its bits hold")
                self.values.update({bit: value >> k & 1 for k, bit in enumerate(port.word)})
            elif self.clock is None or port.bits != [self.clock[0]]:
                signals = [self.logic.input() for _ in port.bits]
                self.inputs += signals
                self.input_names += port.names
                self.values.update(zip(port.bits, signals, strict=True))
        if ties:
            raise NetlistError(f"--source-tie sets '{next(iter(ties))[:60]}', which is no input of the top module")

    def bit(self, root: Any) -> Bit:
        """The value of a bit.

        Raises:
            NetlistError: it depends on itself, or on what lgc does not read.
        """
        settle(root, self.values, self._step, self._cycle)
        return self.values[root]

    def _cycle(self, bit: Any, opened: set[Any]) -> NetlistError:
        register = next((found[0] for key in opened if (found := self._register_of(key))), None)
        if register is None:
            return NetlistError(
                f"signal '{self.design.name_of(bit)[:60]}' depends on itself: a combinational cycle",
                where=self.design.where_bit(bit),
            )
        return NetlistError(
            f"register '{self._register_name(register)}' depends on itself: feedback has no combinational meaning",
            where=self.design.where(register),
            hint=_TIE_HINT,
        )

    def _register_of(self, bit: Any) -> tuple[YosysCell, int] | None:
        found = self.design.drivers.get(bit)
        return found if found and found[0].type in _REGISTERS else None

    def _step(self, bit: Any) -> list[Any]:
        """Give a bit its value, or say which bits it needs first."""
        if bit in UNDEFINED:
            return self._set(bit, self._unknown(-1, f"a constant {bit}", self.design.where_text("")))
        if self.clock is not None and bit == self.clock[0]:
            raise NetlistError(
                f"clock '{self.design.name_of(bit)[:60]}' is read as data too", where=self.design.where_bit(bit)
            )
        found = self.design.drivers.get(bit)
        if found is None:
            return self._undriven(bit)
        cell, position = found
        try:
            return self._cell_step(bit, cell, position)
        except NetlistError as error:
            raise error.at(self.design.where(cell)) from None

    def _undriven(self, bit: Any) -> list[Any]:
        start = self.design.initial.get(bit, "x")
        if start in "01":  # a variable that is set once, and never again
            return self._set(bit, int(start))
        name = self.design.name_of(bit)
        return self._set(bit, self._unknown(bit, f"nothing drives '{name[:60]}'", self.design.where_bit(bit)))

    def _unknown(self, key: Any, reason: str, where: str) -> Bit:
        """An undefined bit. Each cause is an input of its own, so that an output's cone tells which causes reach it."""
        if self.choices.undefined is not None:
            return self.choices.undefined
        if key not in self._undefined:
            signal = self.logic.input()
            self.reasons[net_of(signal)] = (where, reason)
            self._undefined[key] = (0, signal)
        return self._undefined[key]

    def _set(self, bit: Any, value: Bit) -> list[Any]:
        self.values[bit] = value
        return []

    def _missing(self, bits: Iterable[Any]) -> list[Any]:
        return [bit for bit in bits if bit not in self.values and bit not in UNDEFINED]

    def _get(self, cell: YosysCell, bit: Any) -> Bit:
        return self._cell_unknown(cell) if bit in UNDEFINED else self.values[bit]

    def _cell_unknown(self, cell: YosysCell) -> Bit:
        if self.choices.undefined is not None:
            return self.choices.undefined
        return self._unknown(("cell", cell.number), "it is x or z here", self.design.where(cell))

    def _cell_step(self, bit: Any, cell: YosysCell, position: int) -> list[Any]:
        if cell.type in BITWISE:
            return self._bitwise(bit, cell, position)
        if cell.type in CELLS:
            return self._word(cell)
        if cell.type in ("$mux", "$_MUX_"):
            return self._mux(bit, cell, position)
        if cell.type == "$pmux":
            return self._pmux(bit, cell, position)
        if cell.type in _REGISTERS:
            return self._register(bit, cell, position)
        if cell.type in _LATCHES:
            raise NetlistError(
                f"'{self._register_name(cell)}' is a latch: it keeps its value for some inputs",
                hint="Give it a value for every input: a default, or an else",
            )
        raise NetlistError(f"it needs a cell of type {cell.type[:40]}, which lgc does not read")

    def _bitwise(self, bit: Any, cell: YosysCell, position: int) -> list[Any]:
        ports = [cell.pins["A"], cell.pins["B"]] if "B" in cell.pins else [cell.pins["A"]]
        signed = cell.flag("A_SIGNED")
        # Behind its end a word goes on with its sign, or with 0.
        sources = [word[position] if position < len(word) else word[-1] if signed and word else "0" for word in ports]
        if missing := self._missing(sources):
            return missing
        return self._set(bit, BITWISE[cell.type](self.words, [self._get(cell, source) for source in sources]))

    def _word(self, cell: YosysCell) -> list[Any]:
        inputs = {pin: bits for pin, bits in cell.pins.items() if pin != "Y"}
        if missing := self._missing(bit for bits in inputs.values() for bit in bits):
            return missing
        values = {pin: [self._get(cell, bit) for bit in bits] for pin, bits in inputs.items()}
        unknown = self._cell_unknown(cell) if cell.type == "$shiftx" else 0
        result = CELLS[cell.type](self.words, Operands(cell, values, unknown))
        result = extended(result, len(cell.pins["Y"]), signed=False)
        self.values.update(zip(cell.pins["Y"], result, strict=True))
        return []

    def _mux(self, bit: Any, cell: YosysCell, position: int) -> list[Any]:
        """The selection first: what a constant selection does not choose is not looked at."""
        select, low, high = cell.pins["S"][0], cell.pins["A"][position], cell.pins["B"][position]
        if missing := self._missing([select]):
            return missing
        chosen = self._get(cell, select)
        if chosen in (0, 1):
            source = high if chosen else low
            return self._missing([source]) or self._set(bit, self._get(cell, source))
        if missing := self._missing([low, high]):
            return missing
        return self._set(bit, self.words.mux(chosen, self._get(cell, low), self._get(cell, high)))

    def _pmux(self, bit: Any, cell: YosysCell, position: int) -> list[Any]:
        """One of several words, by selections of which one at most is set."""
        select, width = cell.pins["S"], len(cell.pins["A"])
        choices = cell.pins["B"][position::width]
        if cell.number not in self._labels:
            self._labels[cell.number] = case_labels(select, self.design.driver)
        found = self._labels[cell.number]
        keys = found[0] if found else select
        if missing := self._missing(keys):
            return missing
        if missing := self._missing([*choices, cell.pins["A"][position]]):
            return missing
        default = self._get(cell, cell.pins["A"][position])
        values = [self._get(cell, choice) for choice in choices]
        if found:
            entries = [default] * (1 << len(keys))
            for numbers, value in zip(found[1], values, strict=True):
                for number in numbers:
                    entries[number] = value
            return self._set(bit, self.words.settled(self.words.entry(entries, [self._get(cell, key) for key in keys])))
        result = default
        for one, value in zip(select, values, strict=True):
            result = self.words.mux(self._get(cell, one), result, value)
        return self._set(bit, self.words.settled(result))

    def _register(self, bit: Any, cell: YosysCell, position: int) -> list[Any]:
        if "ARST" in cell.pins or "ALOAD" in cell.pins:
            pin = "ARST" if "ARST" in cell.pins else "ALOAD"
            if missing := self._missing(cell.pins[pin]):
                return missing
            if self._get(cell, cell.pins[pin][0]) != (0 if cell.flag(f"{pin}_POLARITY") else 1):
                raise NetlistError(
                    f"register '{self._register_name(cell)}' has an asynchronous reset, "
                    f"'{self.design.name_of(cell.pins[pin][0])[:60]}', that is not held still",
                    hint=_TIE_HINT,
                )
        source = cell.pins["D"][position]
        if missing := self._missing([source]):
            return missing
        return self._set(bit, self.logic.later(self._get(cell, source)))

    def output(self, name: str, bit: Any) -> int:
        """An output's signal.

        Raises:
            NetlistError: it is undefined for some inputs.
        """
        value = self.words.settled(self.bit(bit) if bit not in UNDEFINED else self._port_unknown(name))
        if type(value) is int:
            return value
        assert type(value) is tuple
        causes = [self.reasons[net] for net in sorted(self.logic.cone(value[1])) if net in self.reasons]
        where, reason = causes[0]
        raise NetlistError(
            f"output '{name[:60]}' is undefined for some inputs: {reason}",
            where=where,
            hint=f"Say what undefined bits stand for, 0 or 1: {how_to_say('undefined', '0')}",
        )

    def _port_unknown(self, name: str) -> Bit:
        where = self.design.where_net(name.split("[")[0])
        return self._unknown(("port", name), "it is x or z", where)


def stages(names: list[str], signals: list[int]) -> int:
    """How many registers stand before all outputs.

    Raises:
        NetlistError: they differ.
    """
    found = {registers_before(signal): name for name, signal in zip(names, signals, strict=True) if signal > 1}
    if len(found) > 1:
        (first, a), (second, b) = sorted(found.items())[:2]
        raise NetlistError(
            f"output '{a[:60]}' stands behind {first} registers and output '{b[:60]}' behind {second}",
            hint="lgc cuts registers where all outputs are equally late",
        )
    return next(iter(found), 0)
