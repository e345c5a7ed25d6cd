"""Which head to build."""

from __future__ import annotations

from dataclasses import dataclass

from lgc.parts.fabrics import Fabric

HEADS = ("compress", "carry", "ternary")
"""The heads that are fixed as lookup tables."""
ON_CHAINS = ("carry", "ternary")
"""Those of carry chains: they take tables of six operands with two outputs, and a fabric that has cells for them."""

_AUTO = {
    "generic": ("adder", 6, "plain arithmetic is portable, and no fabric is named that could hold lookup tables fixed"),
    "xc7": ("carry", 6, "its carry chains swallow counters of five bits at three lookup tables each"),
    "ecp5": ("compress", 4, "its lookup tables have four operands, and a chain pays for both of its ends"),
    "ice40": ("compress", 4, "its lookup tables have four operands, and a chain's take the place of counters"),
    "gowin": ("compress", 4, "its lookup tables have four operands, and a chain pays for both of its ends"),
}


def heads_on(fabric: Fabric) -> tuple[str, ...]:
    """The heads of lookup tables that a fabric has cells for."""
    return tuple(head for head in HEADS if fabric.carry or head not in ON_CHAINS)


@dataclass(frozen=True)
class Choice:
    """A head, the size of lookup tables it is for, and why it was chosen."""

    head: str
    lut: int
    reason: str


def choose_head(head: str, fabric: str) -> Choice:
    """The head that ``auto`` stands for on a fabric, or the one asked for."""
    auto, lut, reason = _AUTO[fabric]
    if head == "auto":
        return Choice(auto, lut, f"{fabric}: {reason}")
    return Choice(head, lut, "as asked for")
