"""Kind 20: what lgc writes beside an output never replaces a file that is somebody else's or another output's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import lgc
from lgc.backend.ours import is_ours, manifest_of
from lgc.errors import OptionError, OutputError

SIMULATOR = "icarus" if shutil.which("vvp") else "verilator"
NET = ".model net\n.inputs a b c\n.outputs f g\n.names a b f\n11 1\n.names b c g\n01 1\n.end\n"


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "source" / "net.blif"
    path.parent.mkdir()
    path.write_text(NET)
    return path


def test_facts_of_the_user_stay(net: Path, tmp_path: Path) -> None:
    """The example: the manifest replaced the file that --config had named."""
    config = tmp_path / "net.json"
    config.write_text('{"classes": 1}\n')
    for _ in range(2):
        found = lgc.compile(net, tmp_path / "net.v", config=config)
        assert config.read_text() == '{"classes": 1}\n'
        assert [path.name for path in found.files] == ["net.v", "net.v.json"]
    assert lgc.verify(net, tmp_path / "net.v", random=2, simulator=SIMULATOR, config=config).ok


def test_two_outputs_of_one_name_have_a_manifest_each(net: Path, tmp_path: Path) -> None:
    """The example: the later one took the other's manifest away."""
    for first, second in ((".v", ".py"), (".py", ".v")):
        folder = tmp_path / first[1:]
        folder.mkdir()
        for suffix in (first, second, first, second):
            lgc.compile(net, folder / f"two{suffix}")
        assert manifest_of(folder / f"two{first}").name == "two.json"
        assert manifest_of(folder / f"two{second}").name == f"two{second}.json"
        tops = {suffix: json.loads(manifest_of(folder / f"two{suffix}").read_text())["top"] for suffix in (".v", ".py")}
        assert tops == {".v": "two", ".py": "Net"}


@pytest.mark.parametrize(
    ("output", "options", "taken"),
    [
        ("net.c", {}, "net.h"),
        ("net.blif", {}, "net.blif.json"),
        ("net.aag", {}, "net.aag.json"),
        ("net.yosys.json", {}, "net.sidecar.json"),
        ("net.v", {"interface": "axis"}, "net_axis.v"),
        ("net.v", {"interface": "uart", "board": "icebreaker"}, "net_icebreaker.pcf"),
    ],
)
def test_other_files_beside_are_refused_or_ours(
    output: str, options: dict[str, str], taken: str, net: Path, tmp_path: Path
) -> None:
    (tmp_path / taken).write_text("mine\n")
    with pytest.raises(OutputError, match=r"not lgc's, and would be replaced.*Move it away"):
        lgc.compile(net, tmp_path / output, **options)
    assert (tmp_path / taken).read_text() == "mine\n"
    assert not (tmp_path / output).exists()
    (tmp_path / taken).unlink()
    for _ in range(2):
        lgc.compile(net, tmp_path / output, **options)
    assert (tmp_path / taken).read_text() != "mine\n"


def test_the_usual_names_stay_where_nothing_collides(net: Path, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("# a script of the user's\n")
    (tmp_path / "net.json").write_text("")
    for _ in range(2):
        assert [path.name for path in lgc.compile(net, tmp_path / "net.v").files] == ["net.v", "net.json"]
    assert is_ours(tmp_path / "net.json")
    assert not is_ours(tmp_path / "net.py")


def test_both_names_taken_is_an_error(net: Path, tmp_path: Path) -> None:
    for name in ("net.json", "net.v.json"):
        (tmp_path / name).write_text("mine\n")
    with pytest.raises(OutputError, match="not lgc's"):
        lgc.compile(net, tmp_path / "net.v")


def test_a_certificate_that_nobody_named_replaces_only_ours(net: Path, tmp_path: Path) -> None:
    lgc.compile(net, tmp_path / "net.v")
    mine = tmp_path / "net.certificate.json"
    mine.write_text("mine\n")
    with pytest.raises(OutputError, match=r"not lgc's.*--certificate FILE"):
        lgc.prove(net, tmp_path / "net.v")
    assert mine.read_text() == "mine\n"
    mine.unlink()
    for _ in range(2):
        assert lgc.prove(net, tmp_path / "net.v").ok


TRAIN: dict[str, object] = {"settings": {"gates": 40, "epochs": 1, "thresholds": (0.5,), "tau": 2.0}}


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "samples.npz", X=rng.random((60, 8)), y=np.arange(60) % 2)
    return tmp_path / "samples.npz"


def train(samples: Path, **settings: object) -> None:
    lgc.train(dataset=str(samples), settings={**TRAIN["settings"], **settings})  # type: ignore[dict-item]


@pytest.mark.parametrize("taken", ["run.csv", "run.png", "m.resume.pt"])
def test_files_beside_a_training_are_refused_or_ours(taken: str, samples: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    mine = tmp_path / taken
    mine.write_bytes(b"mine\n")
    named = {"output": tmp_path / "m.pt", "log": tmp_path / "run.jsonl"}
    with pytest.raises(OutputError, match=r"not lgc's.*Move it away"):
        train(samples, **named)
    assert mine.read_bytes() == b"mine\n" and not (tmp_path / "m.pt").exists() and not (tmp_path / "run.jsonl").exists()
    mine.unlink()
    for _ in range(2):  # its own files are replaced
        train(samples, **named)
    assert {"m.pt", "run.jsonl", "run.csv"} <= {path.name for path in tmp_path.iterdir()}


def test_the_state_of_a_stopped_run_is_lgc_s(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from lgc.train.config import TrainConfig
    from lgc.train.places import check_places

    config = TrainConfig("digits", output=tmp_path / "m.pt")
    torch.save({"lgc-resume": 1, "identity": "{}"}, tmp_path / "m.resume.pt")
    check_places(config, go_on=False)
    torch.save({"weights": torch.zeros(3)}, tmp_path / "m.resume.pt")
    with pytest.raises(OutputError, match="the state of the run"):
        check_places(config, go_on=False)


@pytest.mark.parametrize(
    "named",
    [
        {"output": "samples.npz.pt", "log": "samples.npz.pt"},
        {"output": "run.pt", "log": "samples.npz"},
        {"output": "run.resume.pt", "log": "run.csv"},
        {"log": "run.png"},
    ],
)
def test_files_of_a_training_are_all_different(named: dict[str, str], samples: Path, tmp_path: Path) -> None:
    before = samples.read_bytes()
    with pytest.raises(OptionError, match=r"both written to|is an input of this run"):
        train(samples, **{name: tmp_path / place for name, place in named.items()})
    assert samples.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ["samples.npz"]


def test_no_output_is_an_input(net: Path, tmp_path: Path) -> None:
    """The source, by another path to it too, its facts, its further files, the circuit's manifest."""
    text = net.read_text()
    with pytest.raises(OptionError, match=r"net\.blif is an input of this run"):
        lgc.compile(net, net)
    link = tmp_path / "link.blif"
    link.symlink_to(net)
    with pytest.raises(OptionError, match=r"link\.blif is an input of this run"):
        lgc.compile(net, link)
    lgn = lgc.convert(net, tmp_path / "net.lgn").path
    with pytest.raises(OptionError, match="is an input"):
        lgc.convert(lgn, lgn)
    assert net.read_text() == text
    (tmp_path / "b.v").write_text("module b(input x, output y); assign y = ~x; endmodule\n")
    top = tmp_path / "top.v"
    top.write_text("module top(input x, output y); b u(x, y); endmodule\n")
    with pytest.raises(OptionError, match=r"b\.v is an input"):
        lgc.compile(top, tmp_path / "b.v", facts={"files": "b.v"})
    hardware = lgc.compile(net, tmp_path / "hw.v").path
    for report in ({"junit": tmp_path / "hw.json"}, {"sarif": net}, {"waves": hardware}):
        with pytest.raises(OptionError, match="is an input"):
            lgc.verify(net, hardware, **report)
    with pytest.raises(OptionError, match="is an input"):
        lgc.prove(net, hardware, certificate=tmp_path / "hw.json")


def test_two_outputs_are_two_files(net: Path, tmp_path: Path) -> None:
    output = lgc.compile(net, tmp_path / "net.blif").path
    with pytest.raises(OptionError, match="--junit and --sarif are both written to report"):
        lgc.verify(net, output, junit=tmp_path / "report", sarif=tmp_path / "source" / ".." / "report")
    assert not (tmp_path / "report").exists()
    assert lgc.verify(net, output, random=4, junit=Path("/dev/null"), sarif=Path("/dev/null")).ok
