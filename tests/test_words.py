"""The words of docs/glossary.md, and none of those that they took the place of, in what users read."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from lgc.cli import COMMANDS, cli

ROOT = Path(__file__).parent.parent
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")])

TERMS = """argmax, arity, board, certificate, checkpoint, circuit, claim, class, depth, device under test, driver,
encoder, fabric, family, fan-in, format, gate, group, head, interval, lane, latency, level, LUT, mapped netlist,
model, mutant, net, netlist, node, part, pass, pipeline, popcount, proof, reference, register stage, request, result,
score, thermometer, truth table, vector"""

UNUSED = {
    r"\bregister ranks?\b|\branks\b": "register stage",  # torchlogix has another rank
    r"--target\b": "--part",
    r"(?-i:\bTARGETS\b)": "format",
    r"\btest bench|wrappers' bench": "testbench",
    r"\bartefacts?\b": "device under test",
}
"""Words that lgc does not use, and those that it does."""


def words_in(text: str) -> set[str]:
    return {word for word in UNUSED if re.search(word, text, flags=re.IGNORECASE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_use_the_words_of_the_glossary(page: Path) -> None:
    assert words_in(page.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_uses_the_words_of_the_glossary(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert words_in(command.get_help(click.Context(command, info_name=name))) == set()


def test_the_glossary_has_every_term_once_in_order() -> None:
    terms = re.findall(r"^\*\*(.+)\.\*\*", GLOSSARY, flags=re.MULTILINE)
    assert terms == sorted(terms, key=str.lower)
    assert [term.lower() for term in terms] == [term.lower() for term in re.split(r",\s+", TERMS)]


def test_every_entry_is_three_sentences_at_most() -> None:
    for entry in re.findall(r"^\*\*(.+?)\n\n", GLOSSARY + "\n\n", flags=re.DOTALL | re.MULTILINE):
        text = entry.partition(".**")[2]
        assert 1 <= len(re.findall(r"[.!?](?:\s|$)", text)) <= 5, entry


def test_unused_words_are_found() -> None:
    assert len(words_in("A register rank, an Artefact and a test bench; --target; a row of TARGETS")) == len(UNUSED)
    assert not words_in("the command `lgc bench`, learned wiring of rank 1 to 6, one target a bus")
