"""Tables that are written as `case`: yosys makes of them comparisons of one word, and one selection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lgc.frontend.verilog.cells import YosysCell

_MAX_ADDRESS = 14

Driver = Callable[[Any], YosysCell | None]


def case_labels(select: list[Any], driver: Driver) -> tuple[list[Any], list[list[int]]] | None:
    """The word that all of these bits compare with constants, and for each bit the values that set it.

    Returns:
        None where some bit is something else, or the word has more than 14 bits.
    """
    address: list[Any] | None = None
    values: list[list[int]] = []
    for bit in select:
        cell = driver(bit)
        if cell is None:
            return None
        several = cell.pins["A"] if cell.type == "$reduce_or" else [bit]
        found = [_label(driver(one)) for one in several]
        numbers: list[int] = []
        for one in found:
            if one is None or (address is not None and one[0] != address):
                return None
            address = one[0]
            numbers.append(one[1])
        values.append(numbers)
    return None if address is None else (address, values)


def _label(cell: YosysCell | None) -> tuple[list[Any], int] | None:
    """The word that a cell compares with a constant, and the constant."""
    if cell is None or cell.type not in ("$eq", "$logic_not"):
        return None
    word = cell.pins["A"]
    constant = cell.pins["B"] if cell.type == "$eq" else ["0"] * len(word)
    plain = len(constant) == len(word) <= _MAX_ADDRESS and all(bit in ("0", "1") for bit in constant)
    return (word, int("".join(reversed(constant)), 2)) if plain else None
