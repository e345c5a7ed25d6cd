"""Kind 20: what lgc writes beside an output never replaces a file that is somebody else's or another output's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import lgc
from lgc.backend.ours import is_ours, manifest_of
from lgc.errors import OutputError

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
