"""`lgc bench --hardware`: a table a network, and a second run that measures nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from strategies import random_circuit

from lgc.backend.base import write
from lgc.backend.lgn import Lgn
from lgc.cli import cli
from lgc.synth import flow


def test_a_table_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    models = [write(Lgn(), random_circuit(30, [size], 3, seed=1), tmp_path / f"net{size}.lgn")[0] for size in (9, 90)]
    words = [str(model) for model in models]
    words += ["--part", "hx8k", "--pipeline", "4", "--no-route"]
    done = CliRunner().invoke(cli, ["bench", "hardware", *words])
    assert done.exit_code == 0, done.output
    small, large = done.stdout.split("`net90.lgn`")
    found = []
    for text in (small, large):
        rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("| ")][1:]
        assert [row[1] for row in rows] == ["ice40-hx8k", "ice40-hx8k"]
        assert rows[1][2] == "serial"
        found.append([int(row[3]) for row in rows])
    assert all(one < other for one, other in zip(*found, strict=True))
    assert "net90.lgn on ice40-hx8k, serial: " in done.stderr

    monkeypatch.setattr(flow, "run_synthesis", None)
    assert CliRunner().invoke(cli, ["bench", "hardware", *words]).stdout == done.stdout


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--part", "lut5"], "no part 'lut5'"),
        (["--liberty", "cells.lib"], "the Liberty file cannot be read"),
        (["gone.lgn"], "gone.lgn"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_measured(tmp_path: Path, words: list[str], what: str) -> None:
    model = write(Lgn(), random_circuit(8, [6], 3, seed=1), tmp_path / "net.lgn")[0]
    done = CliRunner().invoke(cli, ["bench", "hardware", str(model), "--part", "lut4", *words])
    assert what in str(done.exception)
    assert "net.lgn" not in done.output
