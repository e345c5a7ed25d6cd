"""Truth tables as integers: bit a is the output for address a."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1 << 16)
def cofactors(table: int, operand: int, arity: int) -> tuple[int, int]:
    """The functions of the other operands where one operand is 0, and where it is 1."""
    low = high = 0
    step = 1 << operand
    for address in range(1 << (arity - 1)):
        source = (address & (step - 1)) | (address & ~(step - 1)) << 1
        low |= (table >> source & 1) << address
        high |= (table >> (source | step) & 1) << address
    return low, high
