"""Formal equivalence of netlists after synthesis: plain additions by way of the Verilog, and the class alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from proofs import written
from strategies import random_circuit

from lgc.progress import Silence
from lgc.verify.formal import prove
from lgc.verify.netlist import synthesised

pytest.importorskip("pyosys")

NETLISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain additions": ("ecp5-85k", {"pipeline": 2}),
    "the class alone, by a search": ("xc7-a35t", {"head": "carry", "fabric": "xc7", "outputs": "class"}),
}
CIRCUIT = random_circuit(10, [24, 30], 3, seed=4)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGC_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.mark.parametrize(
    ("name", "fault"),
    [(name, fault) if fault or name == "plain additions" else pytest.param(name, fault, marks=pytest.mark.slow)
     for name in NETLISTS for fault in (False, True)],
)  # fmt: skip
def test_a_netlist_is_proved_and_one_with_a_wrong_table_refuted(name: str, fault: bool, tmp_path: Path) -> None:
    part, options = NETLISTS[name]
    emitted = written(CIRCUIT, tmp_path, **options)
    netlist = synthesised(emitted, part, tmp_path, liberty=None, timeout=100, progress=Silence())
    if fault:
        table = r"(\.INIT\(\d+'h)([0-9a-f]+)(?=\)\n?\s*\) \S*(?:score|count|popcount))"
        changed = re.sub(table, _flipped, netlist.text, count=1)
        assert changed != netlist.text
        netlist.path.write_text(changed)
    (tmp_path / "work").mkdir()
    certificate, refutation = prove(netlist, CIRCUIT, tmp_path / "work", 100)
    assert certificate.result == ("refuted" if fault else "proved"), certificate.to_json()
    if fault:
        assert refutation is not None and refutation.bits is not None and refutation.differs is not None
        assert refutation.differs(refutation.bits[None])[0]


def _flipped(match: re.Match[str]) -> str:
    return f"{match[1]}{int(match[2], 16) ^ 1:0{len(match[2])}x}"
