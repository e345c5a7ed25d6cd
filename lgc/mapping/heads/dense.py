"""Carry chains without an idle end: each table counts a vote or removes two bits.

A carry may come into a chain from outside, for its first table can give what the chain carries on by its second output.
So the first position adds a vote of up to five nets and two bits of the same weight, and gives one bit and a carry: the
table that the vote would take anyhow is a full adder besides. Two votes on the same five nets, or any function of them
that counts to two, are the sum by its one output and the carry by the other: they take a position on their own, and a
carry may come in. Or the first two positions add seven bits, the last of
them as the carry: the first table is the parity of six, and the second one gives, by both its outputs, how many pairs
the other five have. (The counters of Kumm and Zipf, "Pipelined compressor tree optimization using integer linear
programming", 2014.) Both go on as a position of :mod:`.carry` does. What is left when all columns are low is added up
by recipe.
"""

from __future__ import annotations

from collections import defaultdict, deque

from lgc.mapping.heads.chains import ChainColumns, Position
from lgc.mapping.heads.columns import sum_tables
from lgc.mapping.heads.literals import FALSE, TRUE, positive
from lgc.mapping.heads.recipes import ADD, ONE, PAIR, SIX, VOTE, ChainRecipe, ChainStep, finish
from lgc.mapping.heads.terms import Values
from lgc.mapping.heads.waiting import SWALLOW, Waiting

_SEVEN = 7


class DenseColumns(ChainColumns):
    """Columns that are reduced on carry chains whose ends take in as much as their middle."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._votes: dict[int, deque[Waiting]] = defaultdict(deque)
        self._pairs: dict[int, deque[Waiting]] = defaultdict(deque)

    def add_piece(self, nets: tuple[int, ...], values: Values) -> None:
        """Keep a piece of one bit, or one that counts to two, for a position of a chain."""
        piece = Waiting.of(nets, values, self.width)
        if len(piece.tables) == 1 and 1 < len(nets) <= SWALLOW:
            self._votes[piece.base].append(piece)
        elif len(piece.tables) == 2 and len(nets) <= SWALLOW and not piece.tables[0][1] & piece.tables[1][1]:
            self._pairs[piece.base].append(piece)
        else:
            super(ChainColumns, self).add_piece(nets, values)

    def reduce(self) -> list[int]:
        """See :meth:`Columns.reduce`."""
        for base in range(self.width):  # each vote on a chain needs a bit more than there are behind it
            bits, waiting = len(self.columns[base]), self._votes[base]
            self._count_votes(base, len(waiting) - max(0, bits + len(waiting) - 1) // 2)
        while self._level() or self._lay_out():
            pass
        for exponent, column in enumerate(self.columns):
            if self._is_one(exponent):
                column.append(TRUE)
        self.constant = 0
        for recipe in finish(tuple(map(len, self.columns))):
            self._fresh = [len(column) for column in self.columns]
            self._build(recipe)
        return [column[0] if column else FALSE for column in self.columns]

    def _count_votes(self, base: int, number: int) -> None:
        """Give so many of the waiting votes a table each, beside the chains."""
        for _ in range(number):
            self._count([self._votes[base].popleft()])

    def _lay_out(self) -> bool:
        """Count half of the votes that wait on their own; whether any waited."""
        waiting = {base: -(-len(votes) // 2) for base, votes in self._votes.items() if votes}
        for base, number in waiting.items():
            self._count_votes(base, number)
        pairs = [piece for queue in self._pairs.values() for piece in queue]
        self._pairs.clear()
        self._count(pairs)
        return bool(waiting or pairs)

    def _level(self) -> bool:
        """Chains side by side: what one gives waits for the next level. Whether there are any."""
        self._fresh = [len(column) for column in self.columns]
        before = len(self.chains)
        for base in range(self.width):
            while first := self._start(base):
                self._build(self._recipe(base, first))
        return len(self.chains) > before

    def _start(self, base: int) -> ChainStep | None:
        """What a chain may begin with, a carry from outside included."""
        if self._pairs[base] and self._fresh[base]:
            return ChainStep(PAIR, 1)
        if self._votes[base] and self._fresh[base] > 1:
            return ChainStep(VOTE, 2)
        return ChainStep(SIX, _SEVEN) if self._fresh[base] >= _SEVEN else None

    def _recipe(self, base: int, first: ChainStep) -> ChainRecipe:
        """A chain as long as there are bits for its positions."""
        steps, place = [first], base + first.span
        while place < self.width:
            fresh = self._fresh[place]
            if self._pairs[place]:
                steps.append(ChainStep(PAIR, 0))
            elif self._votes[place] and fresh:
                steps.append(ChainStep(VOTE, 1))
            elif fresh > 3:
                steps.append(ChainStep(SIX, 6) if fresh > 5 else ChainStep(ADD, 4))
            else:
                break
            place += steps[-1].span
        return ChainRecipe(base, True, tuple(steps))

    def _build(self, recipe: ChainRecipe) -> None:
        """Take the bits and votes of a recipe, and build its chain."""
        carry_in = self._take_fresh(recipe.base) if recipe.carry_in else FALSE
        place = recipe.base
        positions: list[Position] = []
        swallowed = []
        for index, step in enumerate(recipe.steps):
            takes = step.takes - (recipe.carry_in and not index)
            if step.kind in (VOTE, PAIR):
                piece = (self._votes if step.kind == VOTE else self._pairs)[place].popleft()
                swallowed.append(self._swallowed(piece))
                tables, nets = [table for _, table in piece.tables], tuple(positive(net) for net in piece.nets)
                literal = self._take_fresh(place) if step.kind == VOTE else FALSE
                positions.append(Position(literal, tables[0], nets, twice=0 if step.kind == VOTE else tables[1]))
            else:
                positions += self._step(step, place, takes)
            place += step.span
        ones = [(one, at) for at, position in enumerate(positions) for one in (position.literal, *position.bits)]
        constant = sum(1 << recipe.base + at for one, at in ones if one == TRUE)
        self._chain(recipe.base, positions[: self.width - recipe.base], carry_in, constant, tuple(swallowed))

    def _step(self, step: ChainStep, place: int, takes: int) -> list[Position]:
        """Positions that take so many bits of a column, one of them as it is."""
        literal = FALSE if step.linked else self._take_fresh(place)
        bits = tuple(self.columns[place].popleft() for _ in range(takes - 1))
        self._fresh[place] -= len(bits)
        sums = sum_tables((1,) * len(bits), 0, 3)
        first = Position(literal, sums[0], bits, linked=step.linked, bits=bits)
        if step.kind == SIX:  # of five bits there are two pairs at most: the next position counts them by itself
            return [first, Position(table=sums[1], operands=bits, twice=sums[2])]
        return [first if step.kind == ONE else Position(literal, sums[0], bits, sums[1], 0, step.linked, bits)]
