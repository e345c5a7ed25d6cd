"""Compressors on carry chains whose positions swallow counters and pieces.

A position of a carry chain adds two bits: one is a net, the other any function of five nets, since the chain's lookup
table, which takes six, gives ``net ^ function``. Of four nets besides the net, the table's second output gives another
function. So a position adds four bits of its weight: three of them as a full adder, whose sum goes onto the chain and
whose carry leaves by the second output. (The 4:2 adder of Kumm and Zipf, "Efficient high speed compression trees on
Xilinx FPGAs", 2014.) It removes two bits, and all that a chain costs beyond its tables is the carry that leaves it. In
place of the full adder, or of one bit of it, stands a piece of the last layer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import ClassVar

from lgc.mapping.heads.chains import ADD, FEW, TAKES, ChainColumns, Position, chain_price
from lgc.mapping.heads.columns import Columns, sum_tables
from lgc.mapping.heads.cuts import Prices
from lgc.mapping.heads.dense import DenseColumns
from lgc.mapping.heads.literals import FALSE, TRUE, positive
from lgc.mapping.heads.mapped import MappedHead
from lgc.mapping.heads.waiting import EDGE, SMALL, SWALLOW, WIDE, Waiting

_TAKES = {kind: 1 + bits for kind, bits in TAKES.items()} | {WIDE: 1}
"""Bits of its column that a position takes, its net among them."""
_LONGEST, _SHORTEST = 8, 2
"""Positions of a chain of a level: a single one removes one bit only."""


@dataclass
class _Draft:
    """A chain that could be built: what its positions are given to, and the bits that it takes of each column."""

    base: int
    carry_in: bool = False
    steps: list[tuple[str, Waiting | None]] = field(default_factory=list)
    length: int = 0
    used: dict[int, int] = field(default_factory=lambda: defaultdict(int))


class CarryColumns(ChainColumns):
    """Columns that are reduced on carry chains, four bits a position."""

    swallows = (WIDE, SMALL, EDGE)

    def reduce(self) -> list[int]:
        """See :meth:`Columns.reduce`."""
        for base in range(self.width):
            self._count(self._pool.shed(WIDE, base, self._pool.count(WIDE, base) // 2))
        while True:
            made = self._level()
            if made < FEW and not self._lay_out() and (not made or max(map(len, self.columns)) < SWALLOW + 2):
                break
        while any(len(column) >= SWALLOW + 2 for column in self.columns):
            self._round()
        for exponent, column in enumerate(self.columns):
            while len(column) > 1 or (column and self._is_one(exponent)):
                self._ripple(exponent)
            if self._is_one(exponent):
                self.constant -= 1 << exponent
                column.append(TRUE)
        return [column[0] if column else FALSE for column in self.columns]

    def _level(self) -> int:
        """Chains side by side: what one gives waits for the next level. How many there are.

        A piece that swallows the carry that comes in begins a chain at no cost, so of the wide ones, which take as many
        tables on their own, as many are kept as chains may begin.
        """
        for base, column in enumerate(self.columns):
            self._count(self._pool.shed(WIDE, base, len(column) // 4))
        self._fresh = [len(column) for column in self.columns]
        before = len(self.chains)
        for base in range(self.width):
            while (draft := self._draft(base)).length >= _SHORTEST:
                self._build(draft)
        return len(self.chains) - before

    def _draft(self, base: int) -> _Draft:
        """The chain that begins at a column now."""
        draft = _Draft(base)
        counts: dict[tuple[str, int], int] = defaultdict(int)
        first = self._pool.peek(WIDE, base, 0)
        if first and self._free(draft, base) > 1 and self._fits(draft, first):
            draft.carry_in = True
            draft.used[base] = 1
        while draft.length < _LONGEST and (place := base + draft.length) < self.width:
            step = self._step(draft, place, counts)
            if step is None:
                break
            kind, piece = step
            counts[kind, place] += 1
            places = [exponent for exponent, _ in piece.tables] if piece and kind == WIDE else [place]
            for exponent in places:
                draft.used[exponent] += _TAKES[kind]
            draft.steps.append(step)
            draft.length += len(places)
        return draft

    def _step(self, draft: _Draft, place: int, counts: dict[tuple[str, int], int]) -> tuple[str, Waiting | None] | None:
        """What the next position of a draft is best given to."""
        if not (draft.carry_in and place == draft.base):  # there, the carry takes the pin that the net would come by
            for kind in (SMALL, EDGE):
                piece = self._pool.peek(kind, place, counts[kind, place])
                if piece and self._free(draft, place) >= _TAKES[kind]:
                    return kind, piece
            if self._free(draft, place) >= _TAKES[ADD]:
                return ADD, None
        piece = self._pool.peek(WIDE, place, counts[WIDE, place])
        return (WIDE, piece) if piece and self._fits(draft, piece) else None

    def _free(self, draft: _Draft, place: int) -> int:
        return self._fresh[place] - draft.used[place]

    def _fits(self, draft: _Draft, piece: Waiting) -> bool:
        return all(self._free(draft, exponent) >= _TAKES[WIDE] for exponent, _ in piece.tables)

    def _build(self, draft: _Draft) -> None:
        carry_in = self._take_fresh(draft.base) if draft.carry_in else FALSE
        positions: list[Position] = []
        swallowed = []
        for kind, piece in draft.steps:
            place = draft.base + len(positions)
            if piece:
                swallowed.append(self._swallow(piece))
            if piece and kind == WIDE:
                nets = tuple(positive(net) for net in piece.nets)
                positions += [Position(self._take_fresh(exponent), table, nets) for exponent, table in piece.tables]
            else:
                positions.append(self._position(self._take_fresh(place), piece, place))
        self._chain(draft.base, positions, carry_in, swallowed=tuple(swallowed))

    def _round(self) -> None:
        """One level of 5:3 counters in every column, each in a chain with three more bits and a carry."""
        for exponent, size in enumerate([len(column) for column in self.columns]):
            for _ in range(size // (SWALLOW + 2)):
                if len(self.columns[exponent]) < SWALLOW + 2:
                    break
                counter = self._counter(exponent, SWALLOW)
                raw = [self._take(exponent + index) for index in range(len(counter))]
                positions = [replace(one, literal=literal) for one, literal in zip(counter, raw, strict=True)]
                self._chain(exponent, positions, self._take(exponent))

    def _ripple(self, base: int) -> None:
        """One long chain from a column up, until it meets an empty one."""
        positions: list[Position] = []
        constant = 0
        carry_in = self._take(base) if len(self.columns[base]) > 2 else FALSE
        pending: list[Position] = []
        for exponent in range(base, self.width):
            column = self.columns[exponent]
            if not column and not pending and not self._is_one(exponent):
                break
            literal = self._take(exponent)
            if not pending:
                size = next((count for count in (5, 3, 1) if len(column) >= count), 0)
                pending = self._counter(exponent, size) if size else [Position(table=self._is_one(exponent))]
                constant |= 0 if size else self._is_one(exponent) << exponent
            positions.append(replace(pending[0], literal=literal))
            pending = pending[1:]
        self.constant -= constant
        self._chain(base, positions, carry_in, constant)

    def _counter(self, exponent: int, size: int) -> list[Position]:
        """Positions that count so many bits of a column, with no literals of their own yet."""
        taken = tuple(self.columns[exponent].popleft() for _ in range(size))
        tables = sum_tables((1,) * size, 0, min(size.bit_length(), self.width - exponent))
        return [Position(FALSE, table, taken, bits=() if index else taken) for index, table in enumerate(tables)]


class CarryHead(MappedHead):
    """Compressors on carry chains whose positions swallow counters and pieces."""

    name: ClassVar[str] = "carry"
    about: ClassVar[str] = "compressors on carry chains"
    lut_sizes: ClassVar[tuple[int, ...]] = (6,)
    chains: ClassVar[tuple[str, ...]] = ("carry4",)
    columns: ClassVar[tuple[type[Columns], ...]] = (CarryColumns, DenseColumns)

    def prices(self, lut: int) -> Prices:
        """A position takes four bits of its weight and gives two."""
        return Prices(lut=lut, bit=0.55, piece=chain_price)
