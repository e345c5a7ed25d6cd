"""`lgc inspect` and `lgc convert`, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import peer_files as peers
import peer_luts as luts
import peer_torchlogix as tlx
import pytest
from click.testing import CliRunner, Result

from lgc.cli import cli, main
from lgc.errors import MissingToolError, OutputError
from lgc.frontend import ImportOptions, load_circuit, load_model, read_model
from lgc.frontend.facts import FACTS

EXAMPLE = Path(__file__).parents[2] / "examples/mnist/mnist-8k.pt"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)


def report(*arguments: object) -> dict:
    return json.loads(run("inspect", "--json", *arguments).output)


class TestInspect:
    def test_a_native_file(self) -> None:
        found = report(EXAMPLE)
        circuit = found["circuit"]
        assert (found["family"], circuit["form"], circuit["features"]) == ("lgc", "hardened", 784)
        assert circuit["digest"] == read_model(EXAMPLE).digest()
        assert circuit["depth"] == 1
        assert circuit["nodes"] == sum(circuit["gates"].values()) == 8000
        assert circuit["layers"][0]["used"] == circuit["features_used"]
        assert found["problem"] is None

    def test_tables_name_the_layers(self) -> None:
        text = run("inspect", EXAMPLE).output
        assert "layer1" in text
        assert "538 of them used" in text

    def test_what_is_missing_is_named_and_no_error(self, tmp_path: Path) -> None:
        file = tlx.dense(tmp_path / "net.pth", kind="light", rank=4)
        result = run("inspect", file.path)
        assert result.exit_code == 0
        assert "not read" in result.output
        assert "--parametrization" in result.output or "--features" in result.output
        found = report(file.path, "--features", 6, "--classes", 3)
        assert "--parametrization" in found["problem"]
        found = report(file.path, "--features", 6, "--classes", 3, "--parametrization", "light")
        assert found["problem"] is None
        assert {"fact": "classes", "value": "3", "flag": "--classes"}.items() <= found["facts"][0].items()

    def test_unused_inputs_and_dead_nodes_are_counted(self, tmp_path: Path) -> None:
        (tmp_path / "m.blif").write_text(
            ".model m\n.inputs a b c\n.outputs z\n.names a b z\n11 1\n.names b c y\n11 1\n.end\n"
        )
        circuit = report(tmp_path / "m.blif")["circuit"]
        assert (circuit["features"], circuit["features_used"], circuit["live_nodes"]) == (3, 2, 1)

    @pytest.mark.parametrize("writer", [peers.difflogic, peers.salon64, luts.dwn, tlx.conv])
    def test_every_fact_of_the_family_has_its_flag(self, writer, tmp_path: Path) -> None:
        found = report(writer(tmp_path / "net.pth").path)
        assert all(row["flag"].startswith("--") and row["meaning"] for row in found["facts"])
        assert found["facts"]


def test_every_fact_has_a_flag_or_a_place_in_the_sidecar() -> None:
    flags = {option for parameter in cli.get_command(None, "convert").params for option in parameter.opts}
    assert {fact.flag for fact in FACTS.values()} <= flags


class TestConvert:
    def test_to_every_container(self, tmp_path: Path) -> None:
        file = peers.lilogic(tmp_path / "net.pth")
        model = load_model(file.path, ImportOptions(file.options))
        for name in ("a.pt", "a.safetensors", "a.lgn"):
            result = run("convert", file.path, "--classes", 4, "-o", tmp_path / name)
            assert result.exit_code == 0, result.output
            assert "LILogicNet" in result.output
        assert read_model(tmp_path / "a.pt").digest() == model.digest()
        assert read_model(tmp_path / "a.safetensors").digest() == model.digest()
        assert load_circuit(tmp_path / "a.lgn").digest() == load_circuit(tmp_path / "a.pt").digest()

    def test_class_names(self, tmp_path: Path) -> None:
        file = peers.lilogic(tmp_path / "net.pth")
        run("convert", file.path, "--classes", "n,e,s,w", "-o", tmp_path / "a.pt", "-q")
        assert read_model(tmp_path / "a.pt").head.classes == ("n", "e", "s", "w")

    def test_a_sidecar(self, tmp_path: Path) -> None:
        file = tlx.conv(tmp_path / "net.pth")
        result = run("convert", file.path, "--config", file.options["config_path"], "-o", tmp_path / "a.pt")
        assert result.exit_code == 0
        assert read_model(tmp_path / "a.pt").num_nodes > 100

    def test_a_replay_says_how_it_was_proved(self, tmp_path: Path) -> None:
        file = peers.difflogic(tmp_path / "net.pth")
        flags = [part for key, value in file.options.items() for part in (f"--{key}", value)]
        result = run("convert", file.path, *flags, "-o", tmp_path / "a.pt")
        assert "seed 3, preamble 600, built on cuda, unique connections" in result.output
        assert "accuracy 1.0000" in result.output

    def test_a_netlist_is_no_checkpoint(self, tmp_path: Path) -> None:
        (tmp_path / "m.blif").write_text(".model m\n.inputs a\n.outputs z\n.names a z\n0 1\n.end\n")
        with pytest.raises(OutputError, match="no layers"):
            run("convert", tmp_path / "m.blif", "-o", tmp_path / "a.pt")
        assert not (tmp_path / "a.pt").exists()

    def test_a_missing_fact_is_one_paragraph(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = peers.difflogic(tmp_path / "net.pth")
        with pytest.raises(SystemExit) as caught:
            main(["convert", str(file.path), "-o", str(tmp_path / "a.pt")])
        assert caught.value.code == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "--seed" in error

    def test_without_yosys(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shutil.which", lambda _: None)
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
        cases = "always @* case (a) 0: z = 1; default: z = 0; endcase"  # what lgc does not read by itself
        (tmp_path / "m.v").write_text(f"module m(input [1:0] a, output reg z); {cases} endmodule\n")
        with pytest.raises(MissingToolError, match=r"-m pip install .*synth"):
            load_circuit(tmp_path / "m.v")
