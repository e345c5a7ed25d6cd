"""One contract for every command: quiet, verbose, JSON, progress in a pipe, and tables that cut no word."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import TextColumn

from lgc.cli import COMMANDS, cli
from lgc.cli._console import TerminalBar, show
from lgc.cli._curve import blocks, with_curve
from lgc.cli.output import OutputOptions
from lgc.driver.sheet import Grid
from lgc.errors import OptionError
from lgc.progress import PlainLines, Silence, clock
from tests.cli.cli import call, save

Capture = pytest.CaptureFixture[str]

ENDLESS = {"completion"}  # it prints a script
COMMAND_LINES: dict[str, list[str]] = {
    "compile": ["compile", "model.pt", "-o", "net.v"],
    "convert": ["convert", "model.pt", "-o", "other.pt"],
    "doctor": ["doctor"],
    "estimate": ["estimate", "model.pt", "--lut", "4"],
    "eval": ["eval", "model.pt", "--data", "data.npz"],
    "inspect": ["inspect", "model.pt"],
    "passes": ["passes"],
    "cache": ["cache", "info"],
    "synth": ["synth", "--list"],
    "verify": ["verify", "model.pt", "net.lgn", "--random", "8"],
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, data and a netlist, the current one."""
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "model.pt")
    np.savez(tmp_path / "data.npz", X=np.zeros((3, 16), np.uint8), y=[0, 1, 2])
    subprocess.run([sys.executable, "-m", "lgc", "compile", "model.pt", "-o", "net.lgn", "-q"], check=True)
    return tmp_path


def leaves(command: click.Command) -> list[click.Command]:
    """The commands under a command."""
    if not isinstance(command, click.Group):
        return [command]
    context = click.Context(command)
    found = [command.get_command(context, name) for name in command.list_commands(context)]
    return [leaf for one in found if one is not None for leaf in leaves(one)]


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - ENDLESS))
def test_every_command_has_the_three(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    for one in leaves(command):
        flags = {flag for option in one.params if isinstance(option, click.Option) for flag in option.opts}
        assert {"-q", "--quiet", "-v", "--verbose", "--json"} <= flags, one.name


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - ENDLESS))
def test_what_is_missing_is_said(name: str, capfd: Capture) -> None:
    """A command without an option or argument that it needs is refused with its name, and is no fault of lgc."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    for one in leaves(command):
        needed = [option for option in one.params if isinstance(option, click.Option) and option.required]
        if not needed:
            continue
        arguments = ["x" for argument in one.params if isinstance(argument, click.Argument) and argument.required]
        with pytest.raises(click.MissingParameter) as refused:
            one.make_context(name, arguments)
        assert refused.value.param in needed
    if name in ("compile", "eval", "convert"):
        result = call(capfd, name, "model.pt")
        assert result.code == 2 and "Missing option" in result.err, result.err


@pytest.mark.parametrize("name", sorted(COMMAND_LINES))
def test_json_is_one_document_and_the_same_in_a_file(name: str, place: Path, capfd: Capture) -> None:
    words = COMMAND_LINES[name]
    printed = call(capfd, *words, "--json")
    document = strict(printed.out)
    both = call(capfd, *words, "--json", "out.json")
    assert printed.code == both.code == 0
    assert both.out and without_times(strict(Path("out.json").read_text())) == without_times(document)
    assert call(capfd, *words, "-q").out == ""


def strict(text: str) -> Any:
    """JSON as every reader takes it: NaN and Infinity are none."""

    def refused(word: str) -> Any:
        raise AssertionError(word)

    return json.loads(text, parse_constant=refused)


def without_times(document: Any) -> Any:
    """The same without what a second run changes."""
    if isinstance(document, list):
        return [without_times(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {key: without_times(value) for key, value in document.items() if "seconds" not in key and key != "bytes"}


def test_json_before_an_argument_is_the_flag_alone(place: Path, capfd: Capture) -> None:
    """So it was; and a model is never written over by its report."""
    before = Path("model.pt").read_bytes()
    assert strict(call(capfd, "inspect", "--json", "model.pt").out)["family"] == "lgc"
    assert Path("model.pt").read_bytes() == before
    refused = call(capfd, "inspect", "model.pt", "--json=model.pt")
    assert refused.code == 2 and "written over" in refused.err and Path("model.pt").read_bytes() == before


def test_a_difference_is_short_lines_and_json(place: Path, capfd: Capture) -> None:
    """Exit code 1; lines for people, the vector for machines."""
    text = Path("net.lgn").read_text()
    Path("net.lgn").write_text(re.sub(r"= (xor|xnor) ", "= and ", text))
    result = call(capfd, "verify", "model.pt", "net.lgn", "--random", "64", "--json", "v.json")
    document = strict(Path("v.json").read_text())
    assert result.code == 1 and document["equal"] is False and document["mismatch"]["seen_scores"]
    first, *rest = result.err.splitlines()
    assert first.startswith("lgc: net.lgn: ") and " and model differ on " in first
    assert [line.split()[0] for line in rest][:4] == ["first", "expected", "expected", "input"]
    assert all(line.startswith("  ") for line in rest)


def test_quiet_and_verbose_contradict() -> None:
    with pytest.raises(OptionError, match="contradict"):
        OutputOptions(quiet=True, verbose=True)


def test_verbose_tells_the_steps_with_their_times(place: Path, capfd: Capture) -> None:
    result = call(capfd, "compile", "model.pt", "-o", "net.v", "-v")
    assert re.search(r"(?m)^read: \d+\.\d s$", result.err) and re.search(r"(?m)^write: \d+\.\d s$", result.err)
    assert "const-fold" in result.out and "const-fold" not in call(capfd, "compile", "model.pt", "-o", "net.v").out


def test_compile_says_ports_latency_and_the_next_command(place: Path, capfd: Capture) -> None:
    out = call(capfd, "compile", "model.pt", "-o", "net.v", "--pipeline", "2").out
    for words in ("bits", "class_id", "out_valid", "a result 2 clocks after its input; a new input every clock"):
        assert words in out, words
    assert out.rstrip().splitlines()[-1] == "next: lgc verify model.pt net.v"
    assert "combinational" in call(capfd, "compile", "model.pt", "-o", "net.v").out


def test_a_step_that_says_nothing_leaves_lines_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    lines = PlainLines(sys.stderr, every=0.05)
    lines.step("route", 0, 4)
    lines.step("route", 2, 4)
    time.sleep(0.4)
    lines.note("a note")
    lines.step("pack")
    time.sleep(0.2)
    lines.close()
    time.sleep(0.2)
    told = capsys.readouterr().err.splitlines()
    assert sum(one.endswith("left") and "route, 2 of 4 (50%)" in one for one in told) >= 3, told
    assert "a note" in told and "pack, for 0:00 so far" in told[-1]


def test_a_training_in_a_terminal_has_its_curve() -> None:
    """The last block is the latest epoch; what is no epoch's note changes nothing, and where no bar is, no curve is."""
    assert blocks([]) == blocks([0.5]) == ""
    assert blocks([1, 2, 3, 8]) == "▁▂▃█" and blocks([5, 5]) == "▁▁"
    assert blocks(list(range(240)))[::23] == "▁█" and len(blocks(list(range(240)))) == 24
    silent = Silence()
    assert with_curve(silent) is silent
    out = io.StringIO()
    bar = TerminalBar(
        RichProgress(TextColumn("{task.description}"), console=Console(file=out, force_terminal=True, width=80))
    )
    told = with_curve(bar)
    for accuracy in (90, 95, 98.5):
        told.note(f"epoch   1  loss 0.1  training  90.00%  validation  {accuracy:.2f}%")
    told.note("saved")
    told.step("training", 3, 9)
    bar.stop()
    assert "training ▁▅█" in out.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (6.6, "0:07"), (750, "12:30"), (3723, "1:02:03")])
def test_times_are_for_people(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_progress_in_a_pipe_and_how_often(place: Path) -> None:
    """Nothing but what was asked for goes to standard output; LGC_PROGRESS says how often a line comes, 0 never."""
    words = [sys.executable, "-m", "lgc", "estimate", "model.pt", "--json"]
    for value, told in (("0.001", True), ("0", False)):
        done = subprocess.run(
            words, capture_output=True, text=True, check=True, env=os.environ | {"LGC_PROGRESS": value}
        )
        strict(done.stdout)
        assert bool(done.stderr) is told, done.stderr
    bad = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | {"LGC_PROGRESS": "x"})
    assert bad.returncode == 2 and "LGC_PROGRESS is 'x'" in bad.stderr


GRID = Grid(("part", "what it is", "size>"), (("ecp5-25k-caBGA381", "a word to type", "24,288"), ("x", "", "1")), "All")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_table_cuts_a_word(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal that is too narrow gets a line for each cell."""
    show(Console(width=width, force_terminal=True, color_system=None, legacy_windows=False), [GRID])
    out = capsys.readouterr().out
    assert "ecp5-25k-caBGA381" in out and "a word to type" in out and "…" not in out
    assert ("  what it is: a word to type" in out) is (width < 60)


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        pytest.param("synth", {"NO_COLOR": "1"}, id="synth"),
        *(
            pytest.param(name, environment, marks=pytest.mark.slow, id=f"{name}-{'-'.join(environment)}")
            for name in ("synth", "passes", "doctor", "estimate", "inspect", "compile", "eval", "verify")
            for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {})
        ),
    ],
)
def test_piped_or_not_the_words_are_the_same(name: str, environment: dict[str, str], place: Path) -> None:
    """In a terminal of 40, 80 and 200 columns and in a pipe: every word of the table is there, and no colour."""
    words = [sys.executable, "-m", "lgc", *COMMAND_LINES[name]]
    piped = subprocess.run(words, capture_output=True, text=True, check=True, env=os.environ | environment).stdout
    typed = {word for word in re.findall(r"[A-Za-z][A-Za-z0-9-]{3,}", piped) if "-" in word}
    for columns in (40, 80, 200):
        shown = in_a_terminal(words, {**environment, "COLUMNS": str(columns)})
        assert "…" not in shown and not (environment and re.search(r"\x1b\[[39]\d", shown))
        assert not {word for word in typed if word not in shown.replace("\r\n", "\n")}, (columns, shown)


def in_a_terminal(words: list[str], environment: dict[str, str]) -> str:
    """What a command prints where its standard output is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(words, stdout=theirs, stderr=subprocess.DEVNULL, env=os.environ | environment) as process:
        os.close(theirs)
        found = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so where the other end is closed
                break
            if not part:
                break
            found += part
        assert process.wait() == 0
    os.close(ours)
    return found.decode()
