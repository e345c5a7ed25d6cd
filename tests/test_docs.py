"""The documentation is true: generated pages are current, links lead somewhere, commands exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import lgc
from lgc.cli import COMMANDS
from lgc.frontend import lower

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
)


def test_generated_pages_are_current():
    """`make docs` would change nothing."""
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(page):
    """Every relative link of every page names a file of the repository."""
    text = re.sub(r"`[^`]*`", "", page.read_text(encoding="utf-8"))  # code holds brackets that are no links
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(page):
    """Every `lgc COMMAND` and `make TARGET` that a page shows as a line of its own is one."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for line in page.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"(?:    |\$ )lgc ([a-z]+)\b", line):
            assert match[1] in COMMANDS, line
        if match := re.match(r"(?:    |\$ )make ([a-z-]+)\b", line):
            assert match[1] in targets, line


def test_readme_opens_with_the_two_commands():
    """A newcomer sees `make demo` and `make test` before anything else that is a command."""
    commands = re.findall(r"^    (\S.*?)(?:\s+#.*)?$", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert commands[:2] == ["make demo", "make test"]


def test_readme_is_short_and_its_picture_is_there():
    """At most 90 lines; the picture shows gates that stand in the shipped network's Verilog."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 90
    picture = ROOT / re.search(r"!\[[^]]+\]\(([^)]+)\)", readme)[1]
    assert picture.with_suffix(".py").exists()
    text = picture.read_text(encoding="utf-8")
    circuit = lower(lgc.read(ROOT / "examples" / "mnist" / "mnist-8k.pt").model)
    netlist = circuit.netlist
    shown = re.findall(r"assign votes\[(\d+)\] = .*?bits\[(\d+)\].*?bits\[(\d+)\]", text)
    assert len(shown) == 6
    for vote, *bits in shown:
        operands = netlist.fanin[netlist.outputs[int(vote)] - netlist.first_node][:2] - 2
        assert operands.tolist() == [int(bit) for bit in bits]


def test_every_page_is_listed():
    """docs/README.md leads to each page of its folder, and the README to it."""
    listed = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in listed, page.name
    assert "](docs/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_page_is_on_the_site():
    """mkdocs.yml names each page of docs/ once; `make site` checks the links between them."""
    named = re.findall(r"[\w./-]+\.md\b", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(named) == sorted(path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_pages_name_exist(page):
    """A path of the repository in backticks is one; the changelog may name what is gone."""
    if page.name == "CHANGELOG.md":
        return
    for path in re.findall(r"`((?:lgc|tests|examples|docs)/[\w./-]+)`", page.read_text(encoding="utf-8")):
        assert (ROOT / path).exists() or "toy" in path, f"{page.name}: {path}"  # a toy is what the reader writes
