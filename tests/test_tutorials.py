"""The tutorials are true: their commands run in the order of the page, and print what the page shows.

Each page runs twice: quickly, without the blocks marked slow and with short training, and as it stands (slow).
`pytest tests/test_tutorials.py -m slow --update-golden` writes what is printed now into the pages.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pages import ROOT, Session, blocks, matched, need, run_page, run_until

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
FIRST = ROOT / "docs" / "tutorials" / "table.md"
GOES_ON = ("board", "ci", "design")
QUICK = {"lgc train": "--epochs 3"}
SECTIONS = ("What you will have", "What you need", "If it goes wrong", "Where to go next")

pytestmark = [pytest.mark.sim, pytest.mark.filterwarnings("ignore::lgc.errors.LgcWarning")]


def agree(session: Session) -> None:
    """The accuracy that training printed is the one that is counted, and the one of the hardware."""
    trained = {}
    for line, output in session.outputs:
        if line.startswith("lgc train"):
            trained[re.search(r"-o (\S+)", line)[1]] = float(re.findall(r"test +([\d.]+) ?%", output)[-1])
        elif line.startswith(("lgc eval", "lgc verify")) and "--data" in line:
            if (model := next(word for word in line.split() if word.endswith(".pt"))) not in trained:
                continue
            counted = re.search(r"accuracy (?:of the (?:hardware|C code) )?([\d.]+) %", output)
            assert counted and float(counted[1]) == trained[model], line


@pytest.fixture(scope="module")
def pumps(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Path]:
    """A folder with what the first two steps of the first tutorial leave, trained quickly or as it stands there."""
    made: dict[bool, Path] = {}

    def folder(slow: bool) -> Path:
        if slow not in made:
            made[slow] = tmp_path_factory.mktemp("pumps")
            with contextlib.chdir(made[slow]):
                run_until(Session(FIRST, made[slow], {} if slow else QUICK), "lgc train")
        return made[slow]

    return folder


@pytest.fixture
def session(
    page: Path, pumps: Callable[[bool], Path], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Session]:
    """A page in a folder of its own, which has the files of the first tutorial if the page goes on from it."""
    need("torch", "sklearn", "pyosys")
    if "iverilog " in page.read_text(encoding="utf-8") and shutil.which("iverilog") is None:
        pytest.skip("needs Icarus Verilog")
    slow = request.node.get_closest_marker("slow") is not None
    if page.stem in GOES_ON:
        shutil.copytree(pumps(slow), tmp_path, dirs_exist_ok=True)
    with contextlib.chdir(tmp_path):
        yield Session(page, tmp_path, {} if slow else QUICK)


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda path: path.stem)
def test_the_commands_run(page: Path, session: Session) -> None:
    run_page(session)
    agree(session)


@pytest.mark.slow
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda path: path.stem)
def test_the_page_shows_what_is_printed(page: Path, session: Session, request: pytest.FixtureRequest) -> None:
    run_page(session, slow=True, update=request.config.getoption("--update-golden"))
    agree(session)


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_has_its_sections(page: Path) -> None:
    headings = re.findall(r"^## (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [one for one in headings if one in SECTIONS] == list(SECTIONS)
    assert len(headings) > len(SECTIONS)
    assert any(block.commands for block in blocks(page) if block.kind == "sh")


def test_another_output_is_noticed() -> None:
    """The comparison itself: numbers may differ and lines be left out, words and the order may not."""
    printed = "epoch 1  loss 0.5\nepoch 2  loss 0.4\nwrote net.v (1,200 bytes)\n"
    assert matched("epoch 1  loss 9\n...\nwrote net.v (7 bytes)\n", printed) == [
        "epoch 1  loss 0.5",
        "...",
        "wrote net.v (1,200 bytes)",
    ]
    assert matched("...\nwrote net.v ...\n", printed) == ["...", "wrote net.v ..."]
    assert matched("epoch 1  loss 0.6\n...\n", printed, exact=True) is None
    assert matched("epoch 1  loss 0.5\n...\n", printed, exact=True) is not None
    assert matched("epoch 1  loss 9\n", printed) is None
    assert matched("...\nwrote net.c (7 bytes)\n", printed) is None
    assert matched("wrote net.v (7 bytes)\n...\n", printed) is None
