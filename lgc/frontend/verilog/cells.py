"""What each cell of yosys computes, over the bits that it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lgc.errors import NetlistError
from lgc.frontend.verilog.logic import Bit
from lgc.frontend.verilog.words import WordLogic, extended, same_sign

_MAX_SHIFT = 1 << 16
UNDEFINED = ("x", "z")


@dataclass(frozen=True)
class YosysCell:
    """A cell of yosys's JSON.

    Attributes:
        pins: the bits at each port: numbers of nets, or '0', '1', 'x', 'z'.
        number: how many cells stand before it.
    """

    type: str
    pins: dict[str, list[Any]]
    parameters: dict[str, str]
    attributes: dict[str, str]
    number: int

    def flag(self, name: str) -> bool:
        """A parameter that is a truth value."""
        return "1" in self.parameters.get(name, "")


@dataclass(frozen=True)
class Operands:
    """A cell, and the values at its ports."""

    cell: YosysCell
    values: dict[str, list[Bit]]
    undefined: Bit  # what stands for an undefined bit that this cell makes

    def pair(self, width: int | None = None) -> tuple[list[Bit], list[Bit], bool]:
        """A and B, widened to ``width`` or to the wider of them; and whether they have a sign."""
        a, b = self.values["A"], self.values["B"]
        signed = same_sign(self.cell.type, self.cell.flag("A_SIGNED"), self.cell.flag("B_SIGNED"))
        width = width or max(len(a), len(b))
        return extended(a, width, signed=signed), extended(b, width, signed=signed), signed

    @property
    def width(self) -> int:
        """Of the output."""
        return len(self.cell.pins["Y"])


def _reduction(name: str, *, invert: bool = False) -> Callable[[WordLogic, Operands], list[Bit]]:
    def evaluate(words: WordLogic, given: Operands) -> list[Bit]:
        bit = getattr(words, name)(given.values["A"])
        return [words.not_(bit) if invert else bit]

    return evaluate


def _compare(words: WordLogic, given: Operands) -> list[Bit]:
    a, b, signed = given.pair()
    match given.cell.type:
        case "$eq":
            return [words.equal(a, b)]
        case "$ne":
            return [words.not_(words.equal(a, b))]
        case "$lt":
            return [words.less(a, b, signed=signed)]
        case "$gt":
            return [words.less(b, a, signed=signed)]
        case "$ge":
            return [words.not_(words.less(a, b, signed=signed))]
        case _:
            return [words.not_(words.less(b, a, signed=signed))]


def _identical(words: WordLogic, given: Operands) -> list[Bit]:
    """``===``: a bit that is always defined differs from ``x`` and from ``z``."""
    a, b, _ = given.pair()
    unknown = [type(x) is tuple or type(y) is tuple for x, y in zip(a, b, strict=True)]
    if any(type(x) is tuple and type(y) is tuple for x, y in zip(a, b, strict=True)):
        raise NetlistError("it asks by === whether a signal is x or z")
    names = [*given.cell.pins["A"], *given.cell.pins["B"]]
    if any(unknown) and not any(name in UNDEFINED for name in names):
        raise NetlistError("it asks by === about a signal that may be x or z")
    same: Bit = 0 if any(unknown) else words.equal(a, b)
    return [same if given.cell.type == "$eqx" else words.not_(same)]


def _arithmetic(words: WordLogic, given: Operands) -> list[Bit]:
    a, b, _ = given.pair(given.width)
    match given.cell.type:
        case "$add":
            return words.add(a, b)
        case "$sub":
            return words.subtract(a, b)
        case _:
            return words.multiply(a, b)


def _negated(words: WordLogic, given: Operands) -> list[Bit]:
    a = extended(given.values["A"], given.width, signed=given.cell.flag("A_SIGNED"))
    return words.subtract([0] * given.width, a)


def _division(words: WordLogic, given: Operands) -> list[Bit]:
    """``/`` and ``%``, which round towards zero: of sizes, with the signs put back."""
    a, b, signed = given.pair(max(given.width, len(given.values["A"]), len(given.values["B"])))
    minus_a, minus_b = (a[-1], b[-1]) if signed else (0, 0)
    size_a, size_b = (_signed_if(words, bits, minus) for bits, minus in ((a, minus_a), (b, minus_b)))
    quotient, rest = words.divide(size_a, size_b)
    if given.cell.type == "$div":
        return _signed_if(words, quotient, words.xor(minus_a, minus_b))[: given.width]
    return _signed_if(words, rest, minus_a)[: given.width]


def _signed_if(words: WordLogic, bits: list[Bit], minus: Bit) -> list[Bit]:
    if minus == 0:
        return bits
    negative = words.subtract([0] * len(bits), bits)
    return [words.mux(minus, low, high) for low, high in zip(bits, negative, strict=True)]


def _logical(words: WordLogic, given: Operands) -> list[Bit]:
    a = words.any(given.values["A"])
    if given.cell.type == "$logic_not":
        return [words.not_(a)]
    gate = words.and_ if given.cell.type == "$logic_and" else words.or_
    return [gate(a, words.any(given.values["B"]))]


def _shift(words: WordLogic, given: Operands) -> list[Bit]:
    """``<<``, ``>>``, ``<<<``, ``>>>`` by an unsigned number."""
    cell, b = given.cell, given.values["B"]
    left, arithmetic = cell.type in ("$shl", "$sshl"), cell.type == "$sshr"
    signed = cell.flag("A_SIGNED")
    width = max(given.width, len(given.values["A"]))
    word = extended(given.values["A"], width, signed=signed)
    fill: Bit = word[-1] if arithmetic and signed else 0
    for index, bit in enumerate(b):
        step = min(1 << min(index, 20), width)
        moved = [fill] * step + word[: width - step] if left else word[step:] + [fill] * step
        word = [words.mux(bit, low, high) for low, high in zip(word, moved, strict=True)]
    return word[: given.width]


def _indexed(words: WordLogic, given: Operands) -> list[Bit]:
    """``a[b +: width]``: what lies outside of the word is 0 for ``$shift`` and undefined for ``$shiftx``."""
    cell, word = given.cell, given.values["A"]
    outside: Bit = given.undefined if cell.type == "$shiftx" else 0
    if cell.type == "$shift":
        word = extended(word, max(len(word), given.width), signed=cell.flag("A_SIGNED"))
    if len(word) > _MAX_SHIFT:
        raise NetlistError(f"it picks a bit of a word of {len(word)} bits; lgc reads up to {_MAX_SHIFT}")
    index = [*given.values["B"], *([] if cell.flag("B_SIGNED") else [0])]
    bits = max(len(word), given.width).bit_length() + 1
    near = extended(index, bits, signed=True)
    sign = near[-1]
    far = words.any([words.xor(bit, sign) for bit in index[bits:]])
    numbers = [*range(1 << (bits - 1)), *range(-(1 << (bits - 1)), 0)]
    result: list[Bit] = []
    for position in range(given.width):
        places = [position + number for number in numbers]
        entries = [word[place] if 0 <= place < len(word) else outside for place in places]
        result.append(words.settled(words.mux(far, words.entry(entries, near), outside)))
    return result


def _bmux(words: WordLogic, given: Operands) -> list[Bit]:
    width, address, word = given.width, given.values["S"], given.values["A"]
    return [words.entry(word[bit::width], address) for bit in range(width)]


CELLS: dict[str, Callable[[WordLogic, Operands], list[Bit]]] = {
    "$reduce_and": _reduction("all"),
    "$reduce_or": _reduction("any"),
    "$reduce_bool": _reduction("any"),
    "$reduce_xor": _reduction("parity"),
    "$reduce_xnor": _reduction("parity", invert=True),
    **dict.fromkeys(("$logic_not", "$logic_and", "$logic_or"), _logical),
    **dict.fromkeys(("$eq", "$ne", "$lt", "$le", "$gt", "$ge"), _compare),
    **dict.fromkeys(("$eqx", "$nex"), _identical),
    **dict.fromkeys(("$add", "$sub", "$mul"), _arithmetic),
    **dict.fromkeys(("$div", "$mod"), _division),
    **dict.fromkeys(("$shl", "$shr", "$sshl", "$sshr"), _shift),
    **dict.fromkeys(("$shift", "$shiftx"), _indexed),
    "$neg": _negated,
    "$bmux": _bmux,
}
"""Cells whose output is one word: A, and B where there is one, to Y."""

BITWISE: dict[str, Callable[[WordLogic, list[Bit]], Bit]] = {
    "$not": lambda words, bits: words.not_(bits[0]),
    "$pos": lambda _, bits: bits[0],
    "$buf": lambda _, bits: bits[0],
    "$and": lambda words, bits: words.and_(*bits),
    "$or": lambda words, bits: words.or_(*bits),
    "$xor": lambda words, bits: words.xor(*bits),
    "$xnor": lambda words, bits: words.not_(words.xor(*bits)),
    "$_NOT_": lambda words, bits: words.not_(bits[0]),
    "$_BUF_": lambda _, bits: bits[0],
    "$_AND_": lambda words, bits: words.and_(*bits),
    "$_NAND_": lambda words, bits: words.not_(words.and_(*bits)),
    "$_OR_": lambda words, bits: words.or_(*bits),
    "$_NOR_": lambda words, bits: words.not_(words.or_(*bits)),
    "$_XOR_": lambda words, bits: words.xor(*bits),
    "$_XNOR_": lambda words, bits: words.not_(words.xor(*bits)),
    "$_ANDNOT_": lambda words, bits: words.and_(bits[0], words.not_(bits[1])),
    "$_ORNOT_": lambda words, bits: words.or_(bits[0], words.not_(bits[1])),
}
"""Cells whose output bit k depends on bit k of A, and of B where there is one."""
