"""The word-level cells of yosys, as functions of bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from lgc.errors import NetlistError
from lgc.frontend.verilog.logic import Bit, Logic

Word = Sequence[Bit]


class WordLogic:
    """Operations on words of bits, bit 0 first. A result is undefined wherever Verilog may say so."""

    def __init__(self, logic: Logic) -> None:
        self.logic = logic

    def not_(self, a: Bit) -> Bit:
        """``~a``."""
        return self.logic.not_(a) if type(a) is int else (self.logic.not_(a[0]), a[1])  # type: ignore[index]

    def and_(self, a: Bit, b: Bit) -> Bit:
        """``a & b``; what is 0 on one side is defined."""
        logic = self.logic
        if type(a) is int and type(b) is int:
            return logic.and_(a, b)
        (va, ua), (vb, ub) = _pair(a), _pair(b)
        known = logic.and_(logic.or_(ua, va), logic.or_(ub, vb))
        return _bit(logic.and_(va, vb), logic.and_(logic.or_(ua, ub), known))

    def or_(self, a: Bit, b: Bit) -> Bit:
        """``a | b``; what is 1 on one side is defined."""
        if type(a) is int and type(b) is int:
            return self.logic.or_(a, b)
        return self.not_(self.and_(self.not_(a), self.not_(b)))

    def xor(self, a: Bit, b: Bit) -> Bit:
        """``a ^ b``."""
        logic = self.logic
        if type(a) is int and type(b) is int:
            return logic.xor(a, b)
        (va, ua), (vb, ub) = _pair(a), _pair(b)
        return _bit(logic.xor(va, vb), logic.or_(ua, ub))

    def mux(self, select: Bit, low: Bit, high: Bit) -> Bit:
        """``select ? high : low``."""
        logic = self.logic
        if type(select) is int and (select < 2 or (type(low) is int and type(high) is int)):
            if select < 2:
                return high if select else low
            return logic.mux(select, low, high)  # type: ignore[arg-type]
        (vs, us), (va, ua), (vb, ub) = _pair(select), _pair(low), _pair(high)
        return self.settled(_bit(logic.mux(vs, va, vb), logic.or_(us, logic.mux(vs, ua, ub))))

    def settled(self, a: Bit) -> Bit:
        """The bit as a plain signal if it is shown never to be undefined."""
        if type(a) is tuple and self.logic.never(a[1]):
            return a[0]
        return a

    def any(self, word: Word) -> Bit:
        """``|word``, as a balanced tree."""
        return self.tree(self.or_, word, 0)

    def all(self, word: Word) -> Bit:
        """``&word``."""
        return self.tree(self.and_, word, 1)

    def parity(self, word: Word) -> Bit:
        """``^word``."""
        return self.tree(self.xor, word, 0)

    @staticmethod
    def tree(gate: Callable[[Bit, Bit], Bit], word: Word, empty: int) -> Bit:
        """A balanced tree of one gate."""
        level = list(word) or [empty]
        while len(level) > 1:
            paired = [gate(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
            level = paired + level[len(level) & ~1 :]
        return level[0]

    def equal(self, a: Word, b: Word) -> Bit:
        """``a == b``."""
        return self.not_(self.any([self.xor(x, y) for x, y in zip(a, b, strict=True)]))

    def add(self, a: Word, b: Word, carry: Bit = 0) -> list[Bit]:
        """``a + b + carry``, as wide as they are."""
        if undefined := self._undefined([*a, *b]):
            return [undefined] * len(a)
        total: list[Bit] = []
        for x, y in zip(a, b, strict=True):
            half = self.xor(x, y)
            total.append(self.xor(half, carry))
            carry = self.or_(self.and_(x, y), self.and_(half, carry))
        return total

    def total(self, terms: Sequence[Word], width: int) -> list[Bit]:
        """The sum of words without sign, cut or widened to ``width``; a balanced tree of adders as wide as need be."""

        def add(a: Word, b: Word) -> list[Bit]:
            wide = min(width, max(len(a), len(b)) + 1)
            return self.add(extended(a, wide, signed=False), extended(b, wide, signed=False))

        level = [extended(term, min(width, len(term)), signed=False) for term in terms]
        while len(level) > 1:
            paired = [add(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
            level = paired + level[len(level) & ~1 :]
        return extended(level[0], width, signed=False)

    def subtract(self, a: Word, b: Word) -> list[Bit]:
        """``a - b``."""
        return self.add(a, [self.not_(bit) for bit in b], 1)

    def multiply(self, a: Word, b: Word) -> list[Bit]:
        """``a * b``, as wide as they are."""
        if undefined := self._undefined([*a, *b]):
            return [undefined] * len(a)
        total: list[Bit] = [0] * len(a)
        for shift, bit in enumerate(b):
            if bit != 0:
                row = [self.and_(bit, x) for x in a[: len(a) - shift]]
                total = self.add(total, [0] * shift + row)
        return total

    def less(self, a: Word, b: Word, *, signed: bool) -> Bit:
        """``a < b``, of the same width."""
        if undefined := self._undefined([*a, *b]):
            return undefined
        if signed:
            a, b = [*a[:-1], self.not_(a[-1])], [*b[:-1], self.not_(b[-1])]
        result: Bit = 0
        for x, y in zip(a, b, strict=True):
            result = self.mux(self.xor(x, y), result, y)
        return result

    def divide(self, a: Word, b: Word) -> tuple[list[Bit], list[Bit]]:
        """Quotient and remainder without sign; undefined where ``b`` is 0."""
        if undefined := self._undefined([*a, *b]):
            return [undefined] * len(a), [undefined] * len(a)
        rest: list[Bit] = [0] * (len(a) + 1)
        divisor = [*b, 0]
        quotient: list[Bit] = []
        for bit in reversed(a):
            rest = [bit, *rest[:-1]]
            fits = self.not_(self.less(rest, divisor, signed=False))
            rest = [self.mux(fits, x, y) for x, y in zip(rest, self.subtract(rest, divisor), strict=True)]
            quotient.insert(0, fits)
        zero = self.not_(self.any(b))
        assert type(zero) is int
        return [_bit(_pair(q)[0], zero) for q in quotient], [_bit(_pair(r)[0], zero) for r in rest[:-1]]

    def entry(self, entries: Word, address: Word) -> Bit:
        """One of ``2^len(address)`` bits."""
        if len(entries) == 1:
            return entries[0]
        if all(type(bit) is int and bit < 2 for bit in entries) and all(type(bit) is int for bit in address):
            table = int("".join(str(bit) for bit in reversed(entries)), 2)
            return self.logic.select(table, len(entries), list(address))  # type: ignore[arg-type]
        half, last = len(entries) // 2, address[-1]
        if last in (0, 1):
            return self.entry(entries[half:] if last else entries[:half], address[:-1])
        low, high = self.entry(entries[:half], address[:-1]), self.entry(entries[half:], address[:-1])
        return self.mux(last, low, high)

    def _undefined(self, word: Word) -> Bit:
        """What all bits of a result are if some bit of an operand is undefined; 0 if none can be."""
        signals = [bit[1] for bit in word if type(bit) is tuple]
        return (0, reduce(self.logic.or_, signals)) if signals else 0


def extended(word: Word, width: int, *, signed: bool) -> list[Bit]:
    """The word cut or widened, by its sign if it has one."""
    fill = word[-1] if signed and word else 0
    return [*word[:width], *[fill] * (width - len(word))]


def same_sign(cell_type: str, a: bool, b: bool) -> bool:
    """Whether operands are signed: both are, or neither.

    Raises:
        NetlistError: they differ, which yosys never writes.
    """
    if a != b:
        raise NetlistError(f"{cell_type} of a signed and an unsigned word")
    return a


def _pair(bit: Bit) -> tuple[int, int]:
    return bit if type(bit) is tuple else (bit, 0)  # type: ignore[return-value]


def _bit(value: int, undefined: int) -> Bit:
    return (value, undefined) if undefined else value
