"""`lgc report`, `lgc view` and `lgc draw` as they are typed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.request import url2pathname

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli import call
from report_networks import HOSTILE, image_model, table_model

import lgc
from lgc.frontend import write_model

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    write_model(image_model(), Path("image.safetensors"))
    return "image.safetensors"


def test_a_report_in_html_needs_a_file_and_markdown_is_printed(model: str, capfd: Capture) -> None:
    told = call(capfd, "report", model)
    assert told.code == 2 and "-o report.html" in told.paragraph()
    told = call(capfd, "report", model, "--format", "md")
    assert told.code == 0 and told.out.startswith("# image\n") and "## Verification" in told.out
    told = call(capfd, "report", model, "-o", "r.html")
    assert told.code == 0 and "wrote r.html" in told.out and Path("r.html").read_text().startswith("<!doctype html>")
    told = call(capfd, "report", model, "-o", "r.md", "--json")
    assert json.loads(told.out)["sections"][0] == "summary" and Path("r.md").read_text().startswith("# image\n")


def test_a_report_that_cannot_be_made_leaves_no_file(model: str, capfd: Capture) -> None:
    Path("c.json").write_text('{"format": "lgc-certificate", "model_digest": "0"}')
    told = call(capfd, "report", model, "-o", "r.html", "--result", "c.json")
    assert told.code == 2 and "of another network" in told.paragraph()
    assert not Path("r.html").exists()
    told = call(capfd, "report", model, "-o", "nowhere/r.html")
    assert told.code == 2 and "nowhere" in told.paragraph()


def test_a_page_is_made_among_the_temporary_files(
    model: str, capfd: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told = call(capfd, "view", model, "--no-open")
    path = Path(told.out.splitlines()[-1])
    assert told.code == 0 and path.read_text().count("<section") == 1 and tmp_path in path.parents
    asked: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: bool(asked.append(url)) or len(asked) == 1)
    told = call(capfd, "view", model)
    assert told.code == 0 and asked[0] == Path(told.out.splitlines()[-1]).as_uri()
    told = call(capfd, "view", model)
    assert told.code == 3 and url2pathname(asked[1].removeprefix("file://")) in told.paragraph()


def test_a_drawing_is_written_and_said(model: str, capfd: Capture) -> None:
    told = call(capfd, "draw", model, "-o", "a.svg", "--class", "left", "--top", "2", "--layout", "own")
    assert told.code == 0 and "2 of 40 votes" in told.out and "wrote a.svg" in told.out
    told = call(capfd, "draw", model, "-o", "a.svg", "--class", "up")
    assert told.code == 2 and "There are left, right" in told.paragraph()


def test_names_of_networks_are_text_in_the_terminal(capfd: Capture, tmp_path: Path) -> None:
    found = lgc.report(table_model(), tmp_path / "r.html")
    assert HOSTILE in repr(found)
