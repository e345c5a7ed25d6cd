"""Conservation of weight: additions turn words of votes into linear forms over single bits, without overflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lgc.errors import NotCheckedError
from lgc.verify.formal.cells import Bit, Cell
from lgc.verify.formal.rtl import FlatDesign


@dataclass(frozen=True)
class Form:
    """``constant`` plus the sum of weight times bit."""

    weights: dict[Bit, int]
    constant: int = 0

    def plus(self, other: Form, factor: int = 1) -> Form:
        """The form plus ``factor`` times another."""
        weights = dict(self.weights)
        for bit, weight in other.weights.items():
            weights[bit] = weights.get(bit, 0) + factor * weight
        return Form(weights, self.constant + factor * other.constant)

    @property
    def least(self) -> int:
        """A lower bound of its value: every bit on its own."""
        return self.constant + sum(min(0, weight) for weight in self.weights.values())

    @property
    def most(self) -> int:
        """An upper bound of its value."""
        return self.constant + sum(max(0, weight) for weight in self.weights.values())

    def within(self, low: int, width: int) -> Form:
        """The form that equals this one modulo 2^width and lies in [low, low + 2^width).

        Raises:
            NotCheckedError: its values span more than that.
        """
        size = 1 << width
        shift = (self.least - low) // size * size
        if self.most - shift >= low + size:
            raise NotCheckedError(f"a sum may overflow its {width} bits: its weights are not conserved, not proved")
        return Form(self.weights, self.constant - shift)


class Words:
    """Linear forms of words, by the additions behind them."""

    def __init__(self, design: FlatDesign, bits: Sequence[Bit]) -> None:
        self._owner: dict[Bit, tuple[Cell, int]] = {}
        self._forms: dict[int, Form] = {}
        self.additions = 0
        for cell in design.cone(bits):
            if cell.kind == "add":
                self._forms[id(cell)] = self._sum(cell)
                self._owner |= {bit: (cell, place) for place, bit in enumerate(cell.outputs)}
                self.additions += 1

    def _sum(self, cell: Cell) -> Form:
        width = len(cell.outputs)
        if cell.signed and any(len(word) < width for word in cell.words):
            raise NotCheckedError("a signed addition extends its operands: not proved")
        first, second = (self.value(word) for word in cell.words)
        return first.plus(second)

    def value(self, bits: Sequence[Bit], *, signed: bool = False) -> Form:
        """A word, least bit first; two's complement if ``signed``.

        Raises:
            NotCheckedError: it mixes pieces of sums, or a sum overflows.
        """
        form, place = Form({}), 0
        while place < len(bits):
            owner = self._owner.get(bits[place])
            whole = place == 0 and signed
            if owner is None:
                top = signed and place == len(bits) - 1
                form = form.plus(_single(bits[place]), (-1 if top else 1) << place)
                place += 1
                continue
            cell, start = owner
            length = 0
            while (
                place + length < len(bits)
                and length < len(cell.outputs)
                and bits[place + length] == cell.outputs[length]
            ):
                length += 1
            if start or not length:
                raise NotCheckedError("a word begins in the middle of a sum: not proved")
            if whole and length == len(bits):
                return self._forms[id(cell)].within(-(1 << (length - 1)), length)
            exact = self._forms[id(cell)].within(0, len(cell.outputs))
            form = form.plus(exact.within(0, length), 1 << place)
            if length < len(cell.outputs) and exact.most >= 1 << length:
                raise NotCheckedError("a word leaves out bits of a sum: not proved")
            if signed and place + length == len(bits):
                raise NotCheckedError("a sum is the top of a signed word: not proved")
            place += length
        return form


def _single(bit: Bit) -> Form:
    if bit in ("x", "z"):
        raise NotCheckedError("a word has an undefined bit: not proved")
    return Form({}, int(bit)) if bit in ("0", "1") else Form({bit: 1})
