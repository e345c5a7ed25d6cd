"""What estimates say, as text: numbers that are meant to be calibrated change on purpose only.

Every head, table size and output, some numbers of register stages, and every family's carry chains, on three networks;
`pytest --update-golden` writes them anew. That they come near to what yosys makes is another test's matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
from strategies import random_circuit

from lgc.bench.auto import network
from lgc.ir import Circuit, Head
from lgc.mapping.arithmetic import _popcount_levels
from lgc.mapping.heads import all_heads
from lgc.mapping.shape import bits_for
from lgc.parts.part import parts
from lgc.passes import optimize


def networks() -> Iterator[tuple[str, Circuit]]:
    yield "gates", optimize(random_circuit(30, [90, 60], 5, seed=3))
    yield "tables", optimize(random_circuit(12, [40, 21], 3, arity=5, seed=4))
    yield "features", network(24, [60, 30], 3, seed=10, features=6)


FAMILIES = {one.family.name: one.family for one in parts().values() if one.family.adders}
ASKED = [("both", 1, None), ("class", 4, None), ("scores", 7, None), *(("both", 3, name) for name in FAMILIES)]


def lines() -> Iterator[str]:
    for (name, circuit), head in product(networks(), all_heads()):
        for lut, (outputs, stages, family) in product(head.lut_sizes, ASKED):
            used = FAMILIES[family] if family else None
            found = head.estimate(circuit, lut=lut, outputs=outputs, pipeline=stages, family=used)
            areas = " ".join(f"{key} {area.luts}/{area.depth}" for key, area in found.regions.items())
            yield f"{name} {head.name} lut{lut} {outputs} {stages} {family}: {areas} carry {found.carry}"


def test_estimates_are_what_they_were(golden: Callable[[str, str], None]) -> None:
    golden("estimates.txt", "\n".join(lines()) + "\n")


@pytest.mark.parametrize("sizes", [(5,), (1, 2, 3), (8, 7), (16, 1), (0, 4), (33, 31)])
def test_registers_behind_a_level_of_additions_hold_its_partial_counts(sizes: tuple[int, ...]) -> None:
    """Level i has sums of up to 2^i votes each; a register for every bit of every one."""
    head = Head(np.cumsum([0, *sizes]), np.zeros(len(sizes), np.int64), tuple(map(str, range(len(sizes)))))
    for level in _popcount_levels(head):
        span = 1 << level.index
        parts_of = [min(span, size - lo) for size in sizes for lo in range(0, size, span)]
        assert level.registers == sum(map(bits_for, parts_of))
