"""`lgc verify --netlist`: yosys's netlist in the testbench, right and wrong."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lgc.backend.base import format_class, write
from lgc.backend.verilog import Verilog
from lgc.cli import main
from lgc.ir import Circuit, Encoder, Head, Netlist
from lgc.parts.part import find_part
from lgc.synth.models import simulation_text

pytestmark = pytest.mark.sim


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A net of twelve gates, compiled with two register stages."""
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    fanin = np.array([(2 + i % 8, 2 + (3 * i + 1) % 8) for i in range(12)])
    tables = np.array([6, 8, 14, 1, 6, 7, 9, 2, 4, 6, 11, 13])
    netlist = Netlist(8, fanin, np.full(12, 2), tables, np.arange(10, 22), np.full(12, -1))
    circuit = Circuit("net", Encoder(8), netlist, Head.equal_groups(12, ("a", "b", "c")))
    path = tmp_path / "net.lgn"
    write(format_class(path).from_options({}), circuit, path)
    write(Verilog(top="net", pipeline=2), circuit, tmp_path / "net.v")
    return path


def verify(model: Path, part: str, *more: str) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(["verify", str(model), str(model.with_suffix(".v")), "--netlist", part, "--random", "40", *more])
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


@pytest.mark.slow
def test_the_netlist_of_a_part_is_the_model(model):
    assert verify(model, "hx8k") == 0


def test_lanes_do_not_go_with_a_netlist(model, capfd):
    assert verify(model, "hx8k", "--lanes", "64") == 2
    assert "--lanes 64 does not go with --netlist" in capfd.readouterr().err


def test_only_the_models_of_the_cells_in_use_are_added(tmp_path):
    netlist = tmp_path / "netlist.v"
    netlist.write_text("module net(input a, output z);\n  PFUMX m (.ALUT(a), .BLUT(a), .C0(a), .Z(z));\nendmodule\n")
    text = simulation_text(netlist, find_part("ecp5-25k"))
    assert re.findall(r"^\s*module (\w+)", text, re.MULTILINE) == ["net", "PFUMX"]
