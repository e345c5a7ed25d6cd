"""Expressions of structural Verilog as one tree a bit; whatever has a meaning that depends on context is left to yosys.

A tree is a number, which is a net of the module, or -1 and -2 for the constants 0 and 1; or a tuple of an operator and
trees. Operands of bitwise operators are equally wide here, so that no rule of widening ever applies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

ZERO, ONE = -1, -2
Tree = Any
_TOKEN = re.compile(
    r"[][(),;{}.?:]|[A-Za-z_][\w$]*+|\\\S++|\d++\s*+'[sS]?[bBoOdDhH]\s*+[\w?]++|\d[\d_]*+|~\^|\^~|~&|~\||&&|\|\||[=!]==?|\S"
)
_LITERAL = re.compile(r"(\d+)\s*'([bBoOdDhH])\s*([0-9a-fA-F_]+)")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_BASES = {"b": 2, "o": 8, "d": 10, "h": 16}
_BINARY = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "~^": 4, "^~": 4, "&": 5, "==": 6, "!=": 6,
}  # fmt: skip
_MAX_DEPTH = 60
_MAX_WIDTH = 1 << 20

_WORDS = """
    always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign default
    defparam design disable edge else end endcase endconfig endfunction endgenerate endmodule endprimitive
    endspecify endtable endtask event for force forever fork function generate genvar highz0 highz1 if ifnone
    incdir include initial inout input instance integer join large liblist library localparam macromodule medium
    module nand negedge nmos nor noshowcancelled not notif0 notif1 or output parameter pmos posedge primitive
    pull0 pull1 pulldown pullup pulsestyle_onevent pulsestyle_ondetect rcmos real realtime reg release repeat
    rnmos rpmos rtran rtranif0 rtranif1 scalared showcancelled signed small specify specparam strong0 strong1
    supply0 supply1 table task time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg unsigned use uwire
    vectored wait wand weak0 weak1 while wire wor xnor xor
"""
KEYWORDS = frozenset(_WORDS.split())
"""The words that are no names in Verilog-2005."""


class BeyondError(Exception):
    """The text is not of the structural subset: yosys is to read it."""


@dataclass(frozen=True)
class Vector:
    """A declared net: its first number, and its range as declared."""

    base: int
    left: int
    right: int

    @property
    def width(self) -> int:
        """Number of bits."""
        return abs(self.left - self.right) + 1

    def bit(self, index: int) -> int:
        """The net at an index."""
        place = index - self.right if self.left >= self.right else self.right - index
        if not 0 <= place < self.width:
            raise BeyondError
        return self.base + place

    def bits(self) -> list[int]:
        """All nets, the rightmost first."""
        return list(range(self.base, self.base + self.width))


@dataclass(eq=False)
class Sum:
    """A sum of words, and its bits where it was evaluated: by where the nets of its module begin."""

    terms: list[list[Tree]]
    width: int
    results: dict[int, list[int]] = field(default_factory=dict)


@dataclass
class Parser:
    """Reads expressions from tokens, within the names of one module."""

    tokens: list[str]
    position: int = 0
    names: dict[str, Vector] = field(default_factory=dict)
    _depth: int = 0

    @classmethod
    def of(cls, text: str) -> Parser:
        """A parser of a text without comments and directives."""
        return cls([*_TOKEN.findall(text), "", "", ""])  # what comes next may be looked at from the last token

    @property
    def next(self) -> str:
        """The next token; empty at the end."""
        return self.tokens[self.position]

    def take(self) -> str:
        """The next token, which is then passed."""
        self.position += 1
        return self.tokens[self.position - 1]

    def expect(self, token: str) -> None:
        """Pass a token that must be next."""
        if self.take() != token:
            raise BeyondError

    def accept(self, token: str) -> bool:
        """Pass a token if it is next."""
        if self.tokens[self.position] != token:
            return False
        self.position += 1
        return True

    def name(self) -> str:
        """A name; an escaped one that needs no backslash is the plain one."""
        token = self.take()
        if token[:1] == "\\":
            return token[1:] if _PLAIN.fullmatch(token[1:]) and token[1:] not in KEYWORDS else token
        if not (token[:1].isalpha() or token[:1] == "_") or token in KEYWORDS or not token.isascii():
            raise BeyondError
        return token

    def integer(self) -> int:
        """A plain decimal number of up to nine digits, perhaps negative."""
        sign = -1 if self.accept("-") else 1
        token = self.take()
        if not (token.isascii() and token.isdigit() and len(token) < 10):
            raise BeyondError
        return sign * int(token)

    def range(self) -> tuple[int, int]:
        """``[left:right]`` if it is next, else that of one bit."""
        if not self.accept("["):
            return 0, 0
        left = self.integer()
        self.expect(":")
        right = self.integer()
        self.expect("]")
        if abs(left - right) >= _MAX_WIDTH:
            raise BeyondError
        return left, right

    def assigned(self, width: int) -> list[Tree]:
        """The right-hand side of an assignment to ``width`` bits."""
        token = self.next
        if token.isascii() and token.isdigit() and len(token) < 10 and self.tokens[self.position + 1] in (";", ","):
            value = int(self.take())
            return [ONE if value >> k & 1 else ZERO for k in range(width)]
        start = self.position
        bits = self.expression()
        if self.next != "+":
            return _same(bits, width)
        self.position = start
        return self._sum(width)

    def _sum(self, width: int) -> list[Tree]:
        """Names, picks and literals with ``+`` between them: all widened with zeros, and cut to ``width``."""
        terms = [self.primary()]
        while self.accept("+"):
            terms.append(self.primary())
        if self.next not in (";", ","):
            raise BeyondError
        total = Sum(terms, width)
        return [("+", total, k) for k in range(width)]

    def expression(self) -> list[Tree]:
        """An expression with all its operators."""
        condition = self._binary(1)
        if not self.accept("?"):
            return condition
        self._enter()
        high = self.expression()
        self.expect(":")
        low = _same(self.expression(), len(high))
        self._depth -= 1
        select = _any(condition)
        return [("?", select, a, b) for a, b in zip(low, high, strict=True)]

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise BeyondError

    def _binary(self, lowest: int) -> list[Tree]:
        left = self._unary()
        while (level := _BINARY.get(self.next, 0)) >= lowest:
            operator = self.take()
            parts = [left, self._binary(level + 1)]
            while operator in "&|^" and self.accept(operator):
                parts.append(self._binary(level + 1))
            left = _combined(operator, parts)
        return left

    def _unary(self) -> list[Tree]:
        token = self.next
        if token in ("~", "!", "&", "|", "^", "~&", "~|", "~^", "^~"):
            self._enter()
            self.position += 1
            operand = self._unary()
            self._depth -= 1
            if token == "~":
                return [("~", bit) for bit in operand]
            if token == "!":
                return [("~", _any(operand))]
            bit = _chain(token.strip("~") or "^", operand)
            return [("~", bit) if "~" in token else bit]
        if token == "(":
            self._enter()
            self.position += 1
            inner = self.expression()
            self.expect(")")
            self._depth -= 1
            return inner
        return self.primary()

    def primary(self) -> list[Tree]:
        """A name with what is picked of it, a sized literal, or a concatenation."""
        token = self.next
        if token == "{":
            return self._concatenation()
        if token[:1].isdigit():
            self.position += 1
            return _literal(token)
        vector = self.names.get(self.name())
        if vector is None:
            raise BeyondError
        if not self.accept("["):
            return vector.bits()
        following = self.tokens[self.position + 1]
        if following == "]":
            token = self.next
            if token.isascii() and token.isdigit() and len(token) < 10:
                self.position += 2
                return [vector.bit(int(token))]
        elif self.next == "-" and self.tokens[self.position + 2] == "]":
            index = self.integer()
            self.expect("]")
            return [vector.bit(index)]
        elif following == ":":
            left = self.integer()
            self.position += 1
            right = self.integer()
            self.expect("]")
            return _part(vector, left, right)
        return self._picked(vector)

    def _picked(self, vector: Vector) -> list[Tree]:
        """A bit at an index that is computed: an entry of a table that no index misses."""
        self._enter()
        address = self.expression()
        self.expect("]")
        self._depth -= 1
        if vector.right != 0 or vector.left < 0 or len(address) > 16 or 1 << len(address) > vector.width:
            raise BeyondError
        return [("[]", vector.bits()[: 1 << len(address)], address)]

    def _concatenation(self) -> list[Tree]:
        self._enter()
        self.expect("{")
        if self.next.isdigit() and self.tokens[self.position + 1] == "{":
            count = self.integer()
            bits = self._concatenation()
            if not 0 < count * len(bits) <= _MAX_WIDTH:
                raise BeyondError
            bits = bits * count
            self.expect("}")
        else:
            parts = [self.expression()]
            while self.accept(","):
                parts.append(self.expression())
            self.expect("}")
            bits = [bit for part in reversed(parts) for bit in part]
        self._depth -= 1
        return bits

    def target(self) -> list[int]:
        """What an assignment sets."""
        bits = self.primary()
        if not all(type(bit) is int and bit >= 0 for bit in bits):
            raise BeyondError
        return bits


def _same(bits: list[Tree], width: int) -> list[Tree]:
    if len(bits) != width:
        raise BeyondError
    return bits


def _part(vector: Vector, left: int, right: int) -> list[Tree]:
    high, low = vector.bit(left), vector.bit(right)
    if high < low:
        raise BeyondError
    return list(range(low, high + 1))


def _literal(token: str) -> list[Tree]:
    match = _LITERAL.fullmatch(token)
    if not match or len(match[1]) > 7:
        raise BeyondError
    width, digits = int(match[1]), match[3].replace("_", "")
    try:
        value = int(digits, _BASES[match[2].lower()])
    except ValueError:
        raise BeyondError from None
    if not 0 < width <= _MAX_WIDTH or value >> width:
        raise BeyondError
    return [ONE if value >> k & 1 else ZERO for k in range(width)]


def _chain(operator: str, bits: list[Tree]) -> Tree:
    return bits[0] if len(bits) == 1 else (operator, *bits)


def _any(bits: list[Tree]) -> Tree:
    return _chain("|", bits)


def _combined(operator: str, parts: list[list[Tree]]) -> list[Tree]:
    """One operator between two words, or ``&``, ``|`` or ``^`` between several."""
    if operator in ("&&", "||"):
        return [(operator[0], *map(_any, parts))]
    for part in parts:
        _same(part, len(parts[0]))
    rows = zip(*parts, strict=True)
    if operator in ("==", "!="):
        differs = _any([("^", *row) for row in rows])
        return [differs if operator == "!=" else ("~", differs)]
    if operator in ("^~", "~^"):
        return [("~", ("^", *row)) for row in rows]
    return [(operator, *row) for row in rows]


def leaves(tree: Tree) -> list[int]:
    """The nets that a tree reads."""
    found: list[int] = []
    todo = [tree]
    while todo:
        one = todo.pop()
        if type(one) is int:
            if one >= 0:
                found.append(one)
        elif one[0] == "[]":
            todo += [*one[1], *one[2]]
        elif one[0] == "+":
            todo += [bit for term in one[1].terms for bit in term]
        else:
            todo += one[1:]
    return found
