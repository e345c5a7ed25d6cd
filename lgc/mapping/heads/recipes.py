"""How the last bits of a class's sum are added up: the carry chains that do it with the fewest lookup tables.

Only the heights of the columns matter. A chain is a recipe of steps from a column up, and each step takes bits of its
column: ``add`` a net and three bits, whose carry leaves by the second output; ``six`` a net and five bits, on two
positions; ``one`` a net and a bit. The first step may take one bit more, as the carry that comes in. A search goes
through the heights that recipes lead to (A*: Hart, Nilsson and Raphael 1968), until a last row, in which the second
output of one step may be the net of the next one, leaves one bit a column. A table removes two bits at best, which is
the bound that the search goes by.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

ADD, SIX, ONE, VOTE, PAIR = "add", "six", "one", "vote", "pair"
"""Kinds of steps; a vote is a function of five nets beside a net, a pair one that counts up to two, on its own."""
_SPAN = {SIX: 2}
_FULL = {ADD: 4, SIX: 6, ONE: 2}
"""Bits that a step takes at most, where no carry comes in from outside."""
_TRIES = 200
_NEVER = 1 << 30

Heights = tuple[int, ...]


@dataclass(frozen=True, order=True)
class ChainStep:
    """One or two positions of a chain.

    Attributes:
        takes: bits of its column, with a carry from outside and a linked one.
        linked: whether its net is the second output of the step before.
    """

    kind: str
    takes: int
    linked: bool = False

    @property
    def span(self) -> int:
        """Positions, a lookup table each."""
        return _SPAN.get(self.kind, 1)


@dataclass(frozen=True, order=True)
class ChainRecipe:
    """A chain from a column up; with ``carry_in`` one bit of its lowest column is the carry that comes in."""

    base: int
    carry_in: bool
    steps: tuple[ChainStep, ...]


@lru_cache(maxsize=1 << 10)
def finish(heights: Heights) -> tuple[ChainRecipe, ...]:
    """Chains, in order, that leave no column of these heights more than one bit; what goes beyond the last is lost."""
    queue: list[tuple[int, int, Heights, tuple[ChainRecipe, ...]]] = [(_least(heights), 0, heights, ())]
    known = {heights: 0}
    best: tuple[int, tuple[ChainRecipe, ...]] = (_NEVER, ())
    tries = 0
    while queue and queue[0][0] < best[0] and (tries < _TRIES or best[0] == _NEVER):
        _, unspent, now, path = heapq.heappop(queue)
        spent = -unspent  # of equal prospects the one that is nearest to its end
        tries += 1
        cost, row = _row(now)
        best = min(best, (spent + cost, (*path, *row)), key=lambda one: one[0])
        for recipe, after in _chains(now):
            total = spent + sum(step.span for step in recipe.steps)
            if total < known.get(after, _NEVER) and total + _least(after) < best[0]:
                known[after] = total
                heapq.heappush(queue, (total + _least(after), -total, after, (*path, recipe)))
    return best[1]


def _least(heights: Heights) -> int:
    """Tables that it takes at least, at two bits a table."""
    total = sum(count << place for place, count in enumerate(heights))
    return max(0, sum(heights) - min(len(heights), total.bit_length()) + 1) // 2


def _chains(heights: Heights) -> Iterator[tuple[ChainRecipe, Heights]]:
    """Chains of full steps that can be built, and the heights behind each."""
    for base, count in enumerate(heights):
        for first in ([ChainStep(SIX, min(7, count))] if count > 4 else []) + [ChainStep(ONE, 3)] * (count > 2):
            yield from _longer(ChainRecipe(base, True, (first,)), _taken(heights, base, first), base + first.span)
        if count >= _FULL[ADD]:
            first = ChainStep(ADD, _FULL[ADD])
            yield from _longer(ChainRecipe(base, False, (first,)), _taken(heights, base, first), base + 1)


def _longer(recipe: ChainRecipe, heights: Heights, place: int) -> Iterator[tuple[ChainRecipe, Heights]]:
    """The chain as it is, its carry a bit of the next column, and all that go on from there."""
    if place >= len(heights):
        yield recipe, heights
        return
    yield recipe, (*heights[:place], heights[place] + 1, *heights[place + 1 :])
    for kind, least in ((ADD, 4), (SIX, 5), (ONE, 1)):
        takes = min(_FULL[kind], heights[place])
        if takes >= least and (kind != ONE or heights[place] < _FULL[ADD]):
            step = ChainStep(kind, takes, takes == heights[place] and recipe.steps[-1].kind == ADD)
            longer = ChainRecipe(recipe.base, recipe.carry_in, (*recipe.steps, step))
            yield from _longer(longer, _taken(heights, place, step), place + step.span)


def _taken(heights: Heights, place: int, step: ChainStep) -> Heights:
    """Heights without the bits that a step takes, and with those that it gives, but for the carry at its end."""
    after = [*heights]
    after[place] += 1 - step.takes
    if step.kind != ONE and place + 1 < len(after):
        after[place + 1] += 1
    return tuple(after)


def _row(heights: Heights) -> tuple[int, tuple[ChainRecipe, ...]]:
    """Chains that leave one bit a column at once, and how many tables they take."""

    @cache
    def best(place: int, running: bool, linked: bool) -> tuple[int, tuple[tuple[int, ChainStep], ...]]:
        if place >= len(heights):
            return 0, ()
        bits = heights[place] + linked
        if bits <= (not running):
            return best(place + 1, False, False)
        options: list[tuple[int, tuple[tuple[int, ChainStep], ...]]] = [(_NEVER, ())]
        for step in _row_steps(bits, running, linked, free=not any(heights[place + 1 : place + 2])):
            cost, rest = best(place + step.span, True, step.kind == ADD)
            options.append((cost + step.span, ((place, step), *rest)))
        return min(options, key=lambda one: one[0])

    cost, steps = best(0, False, False)
    recipes: list[ChainRecipe] = []
    end = -1
    for place, step in steps:
        if place == end:
            last = recipes.pop()
            recipes.append(ChainRecipe(last.base, last.carry_in, (*last.steps, step)))
        else:
            recipes.append(ChainRecipe(place, step.kind == SIX or (step.kind == ONE and step.takes > 2), (step,)))
        end = place + step.span
    return min(cost, _NEVER), tuple(recipes)


def _row_steps(bits: int, running: bool, linked: bool, *, free: bool) -> Iterator[ChainStep]:
    """Steps that take all bits of a column; ``free`` if the next one is empty."""
    if bits <= _FULL[ONE] + (not running):
        yield ChainStep(ONE, bits, linked)
    if 3 <= bits <= _FULL[ADD]:
        yield ChainStep(ADD, bits, linked)
    if 3 <= bits <= _FULL[SIX] + (not running) and free:
        yield ChainStep(SIX, bits, linked)
