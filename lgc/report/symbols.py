"""Symbols of gates, as drawings of circuits have them: AND, OR, XOR with bubbles, buffers, and boxes for tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lgc.report.scene import Lettering, Shape, Step, box, circle

WIDTH, HEIGHT = 46.0, 30.0
_BUBBLE = 3.6

# Body, whether the output is inverted, and which operands are, by truth table: bit A + 2B is the output.
_GATES: dict[int, tuple[str, bool, tuple[bool, bool]]] = {
    0b1000: ("and", False, (False, False)),
    0b0010: ("and", False, (False, True)),
    0b0100: ("and", False, (True, False)),
    0b0111: ("and", True, (False, False)),
    0b1110: ("or", False, (False, False)),
    0b1011: ("or", False, (False, True)),
    0b1101: ("or", False, (True, False)),
    0b0001: ("or", True, (False, False)),
    0b0110: ("xor", False, (False, False)),
    0b1001: ("xor", True, (False, False)),
}
_SINGLE = {0b1010: (0, False), 0b0101: (0, True), 0b1100: (1, False), 0b0011: (1, True)}


@dataclass(frozen=True)
class Symbol:
    """What a gate looks like.

    Attributes:
        body: ``and``, ``or``, ``xor``, ``buffer``, ``constant`` or ``table``.
        inverted: whether the output has a bubble.
        reads: the operands that matter, in their order; others are not drawn.
        bubbles: which of them are inverted.
        text: in the symbol.
    """

    body: str
    inverted: bool = False
    reads: tuple[int, ...] = ()
    bubbles: tuple[bool, ...] = ()
    text: str = ""

    @property
    def end(self) -> float:
        """Where the output leaves, from the left edge."""
        return WIDTH + (2 * _BUBBLE if self.inverted else 0)

    def pin(self, place: int) -> tuple[float, float]:
        """Where an operand enters, by its place in :attr:`reads`, from the left top corner."""
        y = HEIGHT * (place + 1) / (len(self.reads) + 1)
        if len(self.reads) == 2:
            y = HEIGHT * (0.27 if place == 0 else 0.73)
        return (-2 * _BUBBLE if self.bubbles[place] else 0.0), y


def symbol_of(arity: int, table: int) -> Symbol:
    """The symbol of a node."""
    if arity == 1 and table in (1, 2):
        return Symbol("buffer", table == 1, (0,), (False,))
    if arity == 2 and table in _SINGLE:
        read, inverted = _SINGLE[table]
        return Symbol("buffer", inverted, (read,), (False,))
    if arity == 2 and table in _GATES:
        body, inverted, bubbles = _GATES[table]
        return Symbol(body, inverted, (0, 1), bubbles)
    full = (1 << (1 << arity)) - 1
    if table in (0, full):
        return Symbol("constant", text=str(int(table == full)))
    return Symbol("table", False, tuple(range(arity)), (False,) * arity, f"{table:x}")


def draw_symbol(symbol: Symbol, x: float, y: float, *, live: bool | None, title: str) -> Iterator[Shape | Lettering]:
    """The symbol with its left top corner at a place.

    Args:
        live: the value of the output; None if it is not known.
    """
    stroke, fill = ("live" if live else "ink"), "paper"
    for path in _BODIES[symbol.body](x, y):
        yield Shape(path, stroke, fill if path[-1][0] == "Z" else "", 1.6, title=title)
    if symbol.inverted:
        yield Shape(circle(x + WIDTH + _BUBBLE, y + HEIGHT / 2, _BUBBLE), stroke, fill, 1.6)
    for place, inverted in enumerate(symbol.bubbles):
        if inverted:
            yield Shape(circle(x - _BUBBLE, y + symbol.pin(place)[1], _BUBBLE), stroke, fill, 1.6)
    if symbol.body == "table":
        yield Lettering(x + WIDTH / 2, y + 13, f"LUT{len(symbol.reads)}", 10, "middle", bold=True)
        yield Lettering(x + WIDTH / 2, y + 24, symbol.text, 6 if len(symbol.text) > 8 else 9, "middle", "soft")
    elif symbol.body == "constant":
        yield Lettering(x + WIDTH / 2, y + HEIGHT / 2 + 5, symbol.text, 14, "middle", bold=True)


def _and(x: float, y: float) -> list[tuple[Step, ...]]:
    round_, reach = HEIGHT / 2, HEIGHT / 2 * 0.5523
    middle, right, bottom = x + WIDTH - round_, x + WIDTH, y + HEIGHT
    return [(
        ("M", (x, y)), ("L", (middle, y)),
        ("C", (middle + reach, y, right, y + round_ - reach, right, y + round_)),
        ("C", (right, y + round_ + reach, middle + reach, bottom, middle, bottom)),
        ("L", (x, bottom)), ("Z", ()),
    )]  # fmt: skip


def _or(x: float, y: float) -> list[tuple[Step, ...]]:
    right, bottom, middle = x + WIDTH, y + HEIGHT, y + HEIGHT / 2
    return [(
        ("M", (x - 3, y)), ("L", (x + 12, y)), ("C", (x + 28, y, x + 38, y + 6, right, middle)),
        ("C", (x + 38, bottom - 6, x + 28, bottom, x + 12, bottom)), ("L", (x - 3, bottom)),
        ("C", (x + 5, bottom - 9, x + 5, y + 9, x - 3, y)), ("Z", ()),
    )]  # fmt: skip


def _xor(x: float, y: float) -> list[tuple[Step, ...]]:
    bottom = y + HEIGHT
    return [*_or(x, y), (("M", (x - 8, bottom)), ("C", (x, bottom - 9, x, y + 9, x - 8, y)))]


def _buffer(x: float, y: float) -> list[tuple[Step, ...]]:
    return [(("M", (x + 14, y + 3)), ("L", (x + WIDTH, y + HEIGHT / 2)), ("L", (x + 14, y + HEIGHT - 3)), ("Z", ())),
            (("M", (x, y + HEIGHT / 2)), ("L", (x + 14, y + HEIGHT / 2)))]  # fmt: skip


def _box(x: float, y: float) -> list[tuple[Step, ...]]:
    return [box(x, y, WIDTH, HEIGHT, 4)]


_BODIES = {"and": _and, "or": _or, "xor": _xor, "buffer": _buffer, "table": _box, "constant": _box}
