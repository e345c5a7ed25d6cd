"""`lgc verify --formal` through the command line: exit codes, its domain, and the crash folder that runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli import call, save
from strategies import random_circuit

from lgc.ir import Circuit, Encoder, to_text

pytest.importorskip("pyosys")
Capture = pytest.CaptureFixture[str]


def compiled(capfd: Capture, model: str, *options: str) -> None:
    assert call(capfd, "compile", model, "-o", "net.v", "-q", *options).code == 0


def proof() -> str:
    return str(json.loads(Path("net.certificate.json").read_text())["result"])


def test_what_is_proved_is_0_and_what_is_not_is_3(
    tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.lgn").write_text(to_text(random_circuit(8, [12, 12], 3, seed=1)))
    compiled(capfd, "net.lgn", "--head", "compress")
    assert (call(capfd, "verify", "--formal", "net.lgn", "net.v").code, proof()) == (0, "proved")
    done = call(capfd, "verify", "--formal", "net.lgn", "net.v", "--timeout", "0.001")
    assert (done.code, proof()) == (3, "not proved")
    compiled(capfd, "net.lgn", "--head", "serial")
    assert (call(capfd, "verify", "--formal", "net.lgn", "net.v").code, proof()) == (0, "proved")
    Path("net.v").write_text(Path("net.v").read_text().replace("in_valid && !busy", "in_valid"))
    done = call(capfd, "verify", "--formal", "net.lgn", "net.v", "--force")
    assert (done.code, proof()) == (3, "not proved") and "not proved" in done.err


@pytest.mark.slow
@pytest.mark.sim
def test_what_is_refuted_is_1_and_the_crash_folder_shows_it(
    tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "model.pt")
    Path("sidecar.json").write_text('{"tie": "first"}')
    compiled(capfd, "model.pt")
    text = Path("net.v").read_text()
    Path("net.v").write_text(re.sub(r"(LGC_GATE votes\[2\] = )([^;]*);", r"\1~(\2);", text, count=1))
    done = call(
        capfd, "verify", "--formal", "model.pt", "net.v", "--force", "--crash", "crash", "--config", "sidecar.json"
    )
    assert (done.code, proof()) == (1, "refuted") and "formally refuted" in done.err
    assert "--config config.json" in Path("crash/run.sh").read_text()
    assert {"vector.npz", "vector.vcd", "report.txt", "model.pt", "net.v", "net.json"} <= {
        file.name for file in Path("crash").iterdir()
    }
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    again = subprocess.run(["sh", "crash/run.sh"], env={"PATH": path}, capture_output=True, text=True, check=False)
    assert again.returncode == 1 and "layer2, neuron 2" in again.stderr, again.stderr


def test_features_and_what_they_can_give(tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    thresholds = np.sort(np.random.default_rng(5).integers(0, 255, (4, 4)) + 0.5, axis=1) / 255
    save(tmp_path / "model.pt", encoder=Encoder(4, thresholds))
    compiled(capfd, "model.pt", "--input", "features", "--pipeline", "2")
    assert (call(capfd, "verify", "--formal", "model.pt", "net.v").code, proof()) == (0, "proved")
    plain = random_circuit(12, [60], 1, seed=1)
    circuit: Circuit = replace(plain, encoder=Encoder(3, np.arange(12.0).reshape(3, 4)))
    Path("net.lgn").write_text(to_text(circuit))
    for head in ("adder", "compress"):
        compiled(capfd, "net.lgn", "-O", "3", "--head", head)
        assert json.loads(Path("net.json").read_text())["assumes"] == "thermometer"
        assert call(capfd, "verify", "--formal", "net.lgn", "net.v").code == 0
        assert "thresholds can give" in json.loads(Path("net.certificate.json").read_text())["domain"]
