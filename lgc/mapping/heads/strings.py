"""Carry chains strung together: between two of them stands one position, which ends one and begins the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lgc.mapping.heads.plan import Chain, Mapped

LONGEST = 32
"""Positions of a string, about: a part has them in a row, and a timing analysis takes it for one way."""


def strings(chains: Sequence[Chain]) -> Iterator[list[Chain]]:
    """Chains of one level, those of a string together."""
    string: list[Chain] = []
    length = 0
    for chain in chains:
        if string and length + len(chain.select) + 2 > LONGEST:
            yield string
            string, length = [], 0
        string.append(chain)
        length += len(chain.select) + 1
    if string:
        yield string


def end_sites(mapped: Mapped, positions: int) -> int:
    """Sites of tables at the ends of strings: for the last carry, and to fill up the last cell.

    Args:
        positions: of a carry cell.
    """
    if not mapped.folded:
        return 0
    found = 0
    levels: dict[int, list[Chain]] = {}
    for chain in mapped.chains:
        levels.setdefault(int(mapped.netlist.levels[chain.sums[0]]), []).append(chain)
    for string in (one for chains in levels.values() for one in strings(chains)):
        length = sum(len(chain.select) + 1 for chain in string)
        end = bool(string[-1].carries[-1])
        found += end - (length + end) % -positions
    return found
