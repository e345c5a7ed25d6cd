"""The slowest path by stage, from nextpnr's report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lgc.synth.nextpnr import Placed, _read


def step(kind: str, delay: float, cell: str) -> dict[str, Any]:
    return {"type": kind, "delay": delay, "from": {"cell": "x"}, "to": {"cell": cell}}


def report(*paths: tuple[str, str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "fmax": {"clk": {"achieved": 100.0}}, "utilization": {},
        "critical_paths": [{"from": start, "to": end, "path": steps} for start, end, steps in paths],
    }  # fmt: skip


def test_steps_are_added_up_by_the_stage_that_they_lead_to(tmp_path: Path) -> None:
    """Of the longest path between registers; one from or to a pin is none of these, and may be longer."""
    steps = [
        step("clk-to-q", 0.5, "circuit.u_popcount.add"), step("routing", 1.0, "circuit.u_popcount.add"),
        step("logic", 0.25, "circuit.u_popcount.add"), step("routing", 2.0, "circuit.u_argmax.best"),
        step("setup", 0.125, "out[3].r"),
    ]  # fmt: skip
    found = report(
        ("<async>", "posedge clk", [step("routing", 99.0, "circuit.u_popcount.x")]),
        ("posedge clk", "posedge clk", [step("routing", 1.0, "circuit.u_argmax.best")]),
        ("posedge clk", "posedge clk", steps),
    )
    (tmp_path / "report.json").write_text(json.dumps(found))
    placed = _read(tmp_path / "report.json", 1)
    assert placed.path == (("popcount", 0.75, 1.0), ("argmax", 0.0, 2.0), ("other", 0.125, 0.0))
    assert Placed.of_json(placed.to_json()) == placed


def test_a_report_without_paths_has_none_and_what_was_kept_before_is_read(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(report()))
    assert _read(tmp_path / "report.json", 1).path == ()
    assert Placed.of_json('{"seed": 1, "fmax": 2.0, "used": [["A", 1, 2]], "problem": ""}').path == ()
