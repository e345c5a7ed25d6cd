"""When two gates are one function spelled otherwise: a fault must not be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_VALUES = {"`LGC_ZERO": 0, "`LGC_ONE": 1, "1'b0": 0, "1'b1": 1}


def function(table: int, nets: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Support and table over it, sorted: equal for two spellings of one function.

    Args:
        table: least significant operand first.
        nets: operands as the text has them; constants are no support.
    """
    support = sorted({net for net in nets if net not in _VALUES})
    values = [_value(table, nets, support, address) for address in range(1 << len(support))]
    needed = [place for place in range(len(support)) if any(_depends(values, place))]
    packed = [values[sum(((a >> k) & 1) << place for k, place in enumerate(needed))] for a in range(1 << len(needed))]
    return tuple(support[place] for place in needed), sum(bit << a for a, bit in enumerate(packed))


def _value(table: int, nets: Sequence[str], support: list[str], address: int) -> int:
    at = {net: (address >> place) & 1 for place, net in enumerate(support)} | _VALUES
    return (table >> sum(at[net] << place for place, net in enumerate(nets))) & 1


def _depends(values: list[int], place: int) -> Iterator[bool]:
    return (values[address] != values[address ^ 1 << place] for address in range(len(values)))
