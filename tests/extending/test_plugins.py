"""A distribution of its own adds a pass, a format and an importer; one that is broken is one clear error."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "cli"))
from cli import call
from strategies import random_circuit

from lgc.backend.base import format_class, write
from lgc.errors import LgcError, OptionError, ToolError
from lgc.frontend import ImportOptions, load_circuit
from lgc.frontend.registry import read_file
from lgc.ir import interp, verify_circuit, write_lgn
from lgc.passes import PASSES, all_passes, pipeline_of
from lgc.plugins import plugins

ROOT = Path(__file__).parent.parent.parent
Install = Callable[[str, dict[str, dict[str, str]]], Path]
Capture = pytest.CaptureFixture[str]
CIRCUIT = random_circuit(8, [30, 20], 4, seed=2)


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.lgn"
    with path.open("w") as stream:
        write_lgn(CIRCUIT, stream)
    return path


def test_a_list_of_passes_runs_in_its_order() -> None:
    assert [one.name for one in pipeline_of("dead-gates, const-fold,dead-gates")] == [
        "dead-gates", "const-fold", "dead-gates",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("const-fold,dead-gate", "no pass is called 'dead-gate'. Did you mean dead-gates?"),
        ("zzz", "no pass is called 'zzz'. There are: levelize, const-fold"),
        ("", "no pass is called ''"),
        ("const-fold,", "no pass is called ''"),
    ],
)
def test_an_unknown_pass_is_one_clear_error(names: str, message: str) -> None:
    with pytest.raises(OptionError) as error:
        pipeline_of(names)
    assert message in str(error.value)


@pytest.mark.usefixtures("toy")
class TestToy:
    def test_its_pass_runs_among_ours_and_keeps_the_scores(self) -> None:
        passes = pipeline_of("swap-operands,dead-gates")
        swapped = passes[0].run(CIRCUIT).circuit
        verify_circuit(swapped)
        assert swapped.netlist.digest() != CIRCUIT.netlist.digest()
        bits = np.random.default_rng(0).random((200, 8)) < 0.5
        assert (interp.scores(swapped, bits) == interp.scores(CIRCUIT, bits)).all()
        assert [*all_passes()] == [*PASSES, "swap-operands"]

    def test_the_command_line_runs_and_lists_its_pass(self, net: Path, tmp_path: Path, capfd: Capture) -> None:
        assert call(capfd, "compile", net, "-o", tmp_path / "out.lgn", "-p", "swap-operands").code == 0
        assert load_circuit(tmp_path / "out.lgn").netlist.digest() != CIRCUIT.netlist.digest()
        assert "swap-operands" in call(capfd, "passes").out

    def test_what_its_format_writes_its_importer_reads(self, net: Path, tmp_path: Path, capfd: Capture) -> None:
        path = tmp_path / "out.toy"
        assert call(capfd, "compile", net, "-o", path, "-O", "0", "--set", "comment=hello").code == 0
        assert path.read_text().startswith("toy\n# hello\n")
        again = read_file(path)
        assert again.importer.family == "toy"
        assert again.result.netlist.digest() == CIRCUIT.netlist.digest()
        assert call(capfd, "compile", path, "-o", tmp_path / "again.v", "-q").code == 0

    def test_its_family_can_be_asked_for(self, net: Path, tmp_path: Path, capfd: Capture) -> None:
        path = tmp_path / "out.toy"
        assert call(capfd, "compile", net, "-o", path, "-O", "0").code == 0
        assert read_file(path, ImportOptions({"family": "toy"})).importer.family == "toy"

    def test_its_refusals_are_errors_of_lgc(self, tmp_path: Path) -> None:
        with pytest.raises(LgcError, match="gates of two inputs only"):
            write(format_class("a.toy")(), random_circuit(8, [4], 2, arity=3), tmp_path / "a.toy")
        (tmp_path / "b.toy").write_text("toy\n")
        with pytest.raises(LgcError, match="the first line gives the inputs"):
            read_file(tmp_path / "b.toy")

    def test_unknown_names_are_told_with_those_of_plugins(self, net: Path, capfd: Capture) -> None:
        with pytest.raises(LgcError, match=r"\.svg, \.toy, \.v"):
            format_class("net.vhd")
        assert "verilog, toy" in call(capfd, "inspect", net, "--family", "none").err


WRONG_POINTS = {
    "not importable": ("lgc.passes", "other", "lgc_none:A", "it cannot be loaded (ModuleNotFoundError"),
    "no such object": ("lgc.formats", ".other", "lgc_toy:None_", "it cannot be loaded (AttributeError"),
    "not a pass": ("lgc.passes", "other", "lgc_toy:Toy", "that is no subclass of lgc.passes.base.Pass"),
    "not a format": ("lgc.formats", ".other", "lgc_toy:IMPORTER", "that is no subclass of lgc.backend.base.Format"),
    "abstract": ("lgc.passes", "other", "lgc.passes:Pass", "it cannot be made without options"),
    "not an importer": ("lgc.importers", "other", "lgc_toy:Toy", "that is no lgc.frontend.importer.Importer"),
    "another pass": ("lgc.passes", "other", "lgc_toy:SwapOperands", "the pass calls itself 'swap-operands'"),
    "another family": ("lgc.importers", "other", "lgc_toy:IMPORTER", "the importer's family is 'toy'"),
    "our pass": ("lgc.passes", "const-fold", "lgc_toy:SwapOperands", "its name 'const-fold' is one of lgc's own"),
    "our format": ("lgc.formats", ".v", "lgc_toy:Toy", "its name '.v' is one of lgc's own"),
    "our importer": ("lgc.importers", "lgc", "lgc_toy:IMPORTER", "its name 'lgc' is one of lgc's own"),
    "behind our suffix": ("lgc.formats", ".toy.v", "lgc_toy:Toy", "files whose names end in '.v' are written by lgc"),
    "no suffix": ("lgc.formats", "other", "lgc_toy:Toy", "its name is no suffix"),
}


def use(group: str) -> None:
    """Ask for what lgc does not have itself."""
    if group == "lgc.passes":
        all_passes()
    elif group == "lgc.formats":
        format_class("net.other")
    else:
        read_file(ROOT / "LICENSE")


@pytest.mark.parametrize("case", WRONG_POINTS)
def test_a_broken_plugin_is_one_error_that_names_it(case: str, install: Install) -> None:
    group, name, value, problem = WRONG_POINTS[case]
    install("strange", {group: {name: value}})
    with pytest.raises(ToolError) as error:
        use(group)
    assert f"The distribution strange 1.0 extends lgc by '{name} = {value}' in {group}, but {problem}" in str(
        error.value
    )


def test_our_own_names_work_beside_a_broken_plugin(install: Install) -> None:
    """Nothing is loaded, not even looked for, unless a name is unknown."""
    install("strange", {"lgc.passes": {"const-fold": "none:A"}, "lgc.formats": {".v": "none:A"}})
    assert pipeline_of("const-fold") == (PASSES["const-fold"](),)
    assert format_class("net.v").__name__ == "Verilog"


def test_two_distributions_cannot_have_one_name(install: Install) -> None:
    install("first", {"lgc.passes": {"twice": "a:A"}})
    install("second", {"lgc.passes": {"twice": "b:B"}})
    with pytest.raises(ToolError, match=r"first 1\.0 has the name 'twice' too"):
        plugins("lgc.passes", PASSES)


def test_a_command_shows_a_broken_plugin_without_a_traceback(install: Install, capfd: Capture) -> None:
    install("strange", {"lgc.passes": {"other": "none:A"}})
    result = call(capfd, "passes")
    assert result.code == 3
    assert "The distribution strange 1.0" in result.paragraph()


def test_what_lgc_has_itself_costs_no_look_at_what_is_installed(net: Path, tmp_path: Path) -> None:
    code = f"""
import sys, importlib.metadata as metadata
def refuse(**_): sys.exit("looked")
metadata.entry_points = refuse
import lgc
from lgc.cli import main
main(["compile", {str(net)!r}, "-o", {str(tmp_path / "out.v")!r}, "-q", "-p", "const-fold"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, cwd=ROOT)
    assert done.returncode == 0, done.stderr
