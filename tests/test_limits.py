"""Functions, files and pages stay short enough to be read: the limits of CONTRIBUTING.md, counted.

A function's lines are all from `def` to its last one. Its arguments are all but self, cls, *args and **kwargs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FUNCTION_LINES, ARGUMENTS, FILE_LINES, COLUMNS = 40, 7, 400, 120

PYTHON = sorted(path for room in ("lgc", "tests", "examples", "docs") for path in (ROOT / room).glob("**/*.py"))
SOURCES = sorted([*PYTHON, *(path for suffix in ("c", "h", "cpp") for path in (ROOT / "lgc").glob(f"**/*.{suffix}"))])
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])

# What still has to shrink; the lists only do so too.
LONG_FUNCTIONS: set[str] = set()
MANY_ARGUMENTS: set[str] = set()
LONG_FILES = {"tests/synth/test_synth.py"}
LONG_LINES: set[str] = set()


@dataclass(frozen=True)
class Function:
    """A function of a file, with what the limits count."""

    name: str
    lines: int
    arguments: int


def functions(tree: ast.AST, prefix: str = "", in_class: bool = False) -> Iterator[Function]:
    """Every function below a node, nested ones too."""
    for node in ast.iter_child_nodes(tree):
        name = f"{prefix}{getattr(node, 'name', '')}"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            own = in_class and given[:1] in (["self"], ["cls"])
            yield Function(name, (node.end_lineno or 0) - node.lineno + 1, len(given) - own)
            yield from functions(node, f"{name}.")
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{name}.", in_class=True)
        else:
            yield from functions(node, prefix, in_class)


def all_functions() -> Iterator[tuple[str, Function]]:
    for path in PYTHON:
        for one in functions(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(ROOT).as_posix()}:{one.name}", one


def long_lines(text: str) -> list[int]:
    """Numbers of lines that are too long, but for tables, code, and what a link leads to."""
    found, fenced = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        indented = line.startswith("    ") and not re.match(r"\s*([-*]|\d+\.) ", line)
        words = re.sub(r"\]\([^)]*\)|https?://\S+", "", line)
        if not fenced and not indented and not line.lstrip().startswith("|") and len(words) > COLUMNS:
            found.append(number)
    return found


def test_functions_are_short() -> None:
    """At most 40 lines each."""
    assert {name for name, one in all_functions() if one.lines > FUNCTION_LINES} <= LONG_FUNCTIONS


def test_functions_take_few_arguments() -> None:
    """At most 7 each; ruff's PLR0913 counts the same."""
    assert {name for name, one in all_functions() if one.arguments > ARGUMENTS} <= MANY_ARGUMENTS


def test_files_are_short() -> None:
    """At most 400 lines each."""
    sizes = {path.relative_to(ROOT).as_posix(): len(path.read_bytes().splitlines()) for path in SOURCES}
    assert {name for name, size in sizes.items() if size > FILE_LINES} <= LONG_FILES


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_have_short_lines(page: Path) -> None:
    """At most 120 columns; tables, code and links may be longer."""
    name = page.relative_to(ROOT).as_posix()
    assert name in LONG_LINES or long_lines(page.read_text(encoding="utf-8")) == []


def test_what_is_too_long_is_found() -> None:
    """The counting itself: methods, nested functions, keyword-only arguments, links, tables and code."""
    body = "\n".join(["        pass"] * FUNCTION_LINES)
    text = f"class A:\n    def long(self, a, /, b, *args, c, **kw):\n{body}\n        async def inner(): pass\n"
    assert list(functions(ast.parse(text))) == [
        Function("A.long", FUNCTION_LINES + 2, 3),
        Function("A.long.inner", 1, 0),
    ]
    long = "word " * 30
    page = f"{long}\n| {long} |\n```\n{long}\n```\n    {long}\n- {long}\n[x](https://{'y' * 120})\n    - {long}\n"
    assert long_lines(page) == [1, 7, 9]
