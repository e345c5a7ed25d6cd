"""Registers in the text: a net vector some clocks later."""

from __future__ import annotations

from collections.abc import Iterator


def later(name: str, clocks: int) -> str:
    """The name of a vector ``clocks`` clocks later."""
    return f"{name}_q{clocks}" if clocks else name


def registers(name: str, size: int, clocks: int, *, start: int = 1) -> Iterator[str]:
    """Registers that make a vector of ``size`` nets available from ``start`` up to ``clocks`` clocks later."""
    for clock in range(start, clocks + 1):
        yield f"  reg `LGC_NETS({later(name, clock)}, {size});"
        yield f"  always @(posedge clk) {later(name, clock)} <= {later(name, clock - 1)};"
