"""The schedule of serial heads: a fault in its control is never proved; and what unknown values do to gates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from proofs import outcome
from strategies import random_circuit

from lgc.ir import CONST0, CONST1, Builder, interp
from lgc.verify.formal.trajectory import UNKNOWN, fold

pytest.importorskip("pyosys")

SCHEDULES = {
    "an input is taken while one is under way": (r"in_valid && !busy", "in_valid"),
    "the votes are loaded while one is under way": (r"if \(take\) chain", "if (in_valid) chain"),
    "a reset does not end it": (r"busy <= !rst && \(take", "busy <= (take"),
    "a reset does not take out_valid back": (r"out_valid <= !rst && busy", "out_valid <= busy"),
    "out_valid while idle": (r"out_valid <= !rst && busy && finished", "out_valid <= !rst && !busy"),
    "one vote less is counted": (r"(counted = place == )(\d+'d\d+)", r"\1\2 - 1'b1"),
    "one class less is counted": (r"(group == 2'd3 - )1'b1", r"\g<1>2'd2"),
    "it never ends": (r"place <= counted \? 0 : place \+ 1'b1", "place <= place"),
    "the start is not set": (r"score <= take \|\| counted \? start", "score <= counted ? start"),
    "in_valid is not asked": (r"take = in_valid && !busy", "take = !busy"),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_fault_in_the_schedule_is_never_proved(name: str, tmp_path: Path) -> None:
    certificate, _ = outcome(random_circuit(10, [24, 30], 3, seed=4), tmp_path, SCHEDULES[name], head="serial")
    assert certificate.result != "proved"
    assert any("from a reset on" in part.claim and part.result != "proved" for part in certificate.parts)


def test_a_gate_of_unknowns_is_what_all_their_values_agree_on() -> None:
    """Every table of two operands, each a constant, an input or unknown, against all values of the unknown ones."""
    builder = Builder(2)
    kinds = [CONST0, CONST1, 2, 3, UNKNOWN]
    cases = [(table, a, b) for table in range(16) for a in kinds for b in kinds]
    tables = np.array([table * 0x1111111111111111 for table, _, _ in cases], np.uint64)
    found = fold(builder, tables, np.array([[a, b] for _, a, b in cases], np.int32)).tolist()
    netlist = builder.build([max(net, 0) for net in found])
    points = np.array([[x, y] for x in (False, True) for y in (False, True)])
    values = interp.evaluate(netlist, points)
    for index, (table, a, b) in enumerate(cases):
        wanted = set()
        for free in range(4):
            nets = [free >> place & 1 if net == UNKNOWN else net for place, net in enumerate((a, b))]
            columns = [points[:, net - 2] if net > 1 else np.full(4, net == 1) for net in nets]
            wanted.add(tuple(bool(table >> (int(p) + 2 * int(q)) & 1) for p, q in zip(*columns, strict=True)))
        if found[index] == UNKNOWN:
            assert len(wanted) > 1, cases[index]
        else:
            assert wanted == {tuple(values[:, index].tolist())}, cases[index]
