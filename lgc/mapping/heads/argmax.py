"""The index of the largest score, in lookup tables: a tournament, or a comparison bit by bit of all at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lgc.mapping.heads.literals import FALSE, TRUE, Mapper

Word = list[int]
"""Literals, LSB first."""


def table_of(arity: int, function: Callable[[Sequence[int]], int]) -> int:
    """The truth table of a function of ``arity`` bits."""
    return sum(
        bool(function([(address >> index) & 1 for index in range(arity)])) << address for address in range(1 << arity)
    )


_MUX = table_of(3, lambda v: v[2] if v[0] else v[1])


def tournament(mapper: Mapper, scores: Sequence[Word], lut: int, *, last: bool) -> Word:
    """Pairs of scores are compared and the larger one goes on, the earlier one on a tie (the later one if ``last``).

    Args:
        scores: unsigned words of equal width.

    Returns:
        The winner's index.
    """
    entries = [(list(score), _index_word(index, len(scores))) for index, score in enumerate(scores)]
    while len(entries) > 1:
        winners = []
        for (left, left_index), (right, right_index) in zip(entries[::2], entries[1::2], strict=False):
            take_right = _exceeds(mapper, right, left, lut, or_equal=last)
            final = len(entries) == 2
            score = [] if final else [_mux(mapper, take_right, a, b) for a, b in zip(left, right, strict=True)]
            winners.append(
                (score, [_mux(mapper, take_right, a, b) for a, b in zip(left_index, right_index, strict=True)])
            )
        entries = winners + entries[len(winners) * 2 :]
    return entries[0][1]


def bit_serial(mapper: Mapper, scores: Sequence[Word], lut: int, *, last: bool) -> Word:
    """From the highest bit down, a score stays in the race while it has a one or none of those in the race has.

    Args:
        scores: unsigned words of equal width.

    Returns:
        The index of the first score left at the end, of the last one if ``last``.
    """
    alive = [TRUE] * len(scores)
    for place in reversed(range(len(scores[0]))):
        bits = [score[place] for score in scores]
        room = lut - 2  # operands that the table of a score's survival has left
        partial = _any_and(mapper, list(zip(alive, bits, strict=True)), lut, room)
        stays = table_of(2 + len(partial), lambda v: v[0] and (v[1] or not any(v[2:])))
        alive = [mapper.lut(stays, [one, bit, *partial]) for one, bit in zip(alive, bits, strict=True)]
    return _priority(mapper, alive, lut, last=last)


ARCHITECTURES = {"tournament": tournament, "bit-serial": bit_serial}
DEFAULT_ARGMAX = next(iter(ARCHITECTURES))


def _index_word(index: int, count: int) -> Word:
    width = max(1, (count - 1).bit_length())
    return [TRUE if (index >> bit) & 1 else FALSE for bit in range(width)]


def _mux(mapper: Mapper, select: int, low: int, high: int) -> int:
    return mapper.lut(_MUX, [select, low, high])


def _exceeds(mapper: Mapper, left: Word, right: Word, lut: int, *, or_equal: bool) -> int:
    """Whether left > right, or left >= right: a ripple from the lowest bits up, as many a table as fit."""
    result, place = (TRUE if or_equal else FALSE), 0
    while place < len(left):
        step = min(len(left) - place, lut // 2 if result >> 1 == 0 else (lut - 1) // 2)
        pairs = slice(place, place + step)
        table = _compare_table(step)
        result = mapper.lut(table, [result, *left[pairs], *right[pairs]])
        place += step
    return result


def _compare_table(bits: int) -> int:
    """Operands: the result from below, left bits, right bits."""

    def exceeds(v: Sequence[int]) -> int:
        left = sum(bit << i for i, bit in enumerate(v[1 : 1 + bits]))
        right = sum(bit << i for i, bit in enumerate(v[1 + bits :]))
        return left > right or (left == right and bool(v[0]))

    return table_of(1 + 2 * bits, exceeds)


def _any_and(mapper: Mapper, pairs: list[tuple[int, int]], lut: int, room: int) -> Word:
    """Literals, at most ``room``, whose OR says whether any pair is 1 and 1."""
    step = lut // 2
    found = []
    for start in range(0, len(pairs), step):
        chunk = pairs[start : start + step]
        table = table_of(2 * len(chunk), lambda v: any(a and b for a, b in zip(v[::2], v[1::2], strict=True)))
        found.append(mapper.lut(table, [literal for pair in chunk for literal in pair]))
    return any_of(mapper, found, lut, room)


def any_of(mapper: Mapper, literals: Word, lut: int, room: int = 1) -> Word:
    """Literals, at most ``room``, whose OR is that of all."""
    literals = [literal for literal in literals if literal != FALSE]
    while len(literals) > room:
        chunk, literals = literals[:lut], literals[lut:]
        literals.append(mapper.lut((1 << (1 << len(chunk))) - 2, chunk))
    return literals


def _priority(mapper: Mapper, alive: Word, lut: int, *, last: bool) -> Word:
    """The index of the first literal that is 1, of the last one if ``last``."""
    order = list(enumerate(alive))[:: -1 if last else 1]
    none_before = TRUE  # no literal before is 1
    first: list[tuple[int, int]] = []
    for index, literal in order:
        first.append((index, mapper.lut(8, [literal, none_before])))
        none_before = mapper.lut(2, [none_before, literal])
    width = max(1, (len(alive) - 1).bit_length())
    words = []
    for bit in range(width):
        found = any_of(mapper, [one for index, one in first if (index >> bit) & 1], lut)
        words.append(found[0] if found else FALSE)
    return words
