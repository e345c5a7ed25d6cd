"""Pages whose code blocks are run: commands, Python and files, in the order of the page, with what they print.

A block of `sh` is commands, one of `python` is Python, and one with a `title` is a file of that name. A block of `text`
is what the block before it prints; numbers in it may differ, unless `<!-- exact -->` stands before it, and `...` stands
for what is left out, of a line or lines. A comment before a block says how it is run: `<!-- slow -->` where it takes
long, `<!-- exit 1 -->` where it fails, `<!-- not run: WHY -->` where nobody can run it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lgc.cli import main

ROOT = Path(__file__).parent.parent
ELSEWHERE = ("pip ", "git clone", "cd ", "source ")
"""What a reader does before the page begins; tests of installing run it."""

_BLOCK = re.compile(
    r'(?:^<!-- (?P<mark>[^>]*?) -->\n+)?^```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)


def need(*packages: str) -> None:
    """Skip the test where one is not installed. None is imported: with pyosys in a process, matplotlib cannot be."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    kind: str
    text: str
    title: str
    mark: str
    line: int
    at: tuple[int, int]

    @property
    def commands(self) -> list[str]:
        """The commands of a block of `sh`, without those of installing."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in lines if line and not line.startswith(("#", *ELSEWHERE))]


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            one["kind"],
            one["text"],
            one["title"] or "",
            one["mark"] or "",
            text.count("\n", 0, one.start("text")) + 1,
            one.span("text"),
        )
        for one in _BLOCK.finditer(text)
    ]


class Session:
    """Runs blocks one after the other in a folder; Python has one namespace.

    ``quick`` maps the first two words of commands to options that are added to them; what they print is not compared.
    """

    def __init__(self, page: Path, folder: Path, quick: dict[str, str]) -> None:
        self.page, self.folder, self.quick = page, folder, quick
        self.names: dict[str, object] = {}
        self.outputs: list[tuple[str, str]] = []
        self.changed = False

    def run(self, block: Block) -> str:
        """What a block prints; a file is written, and prints nothing."""
        if block.title:
            path = self.folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            return ""
        if block.kind == "python":
            return self._python(block)
        wanted = int(block.mark.removeprefix("exit ").split()[0]) if block.mark.startswith("exit ") else 0
        last = len(block.commands) - 1
        done = [
            self._command(line, wanted if index == last else 0, block.line) for index, line in enumerate(block.commands)
        ]
        return "".join(done)

    def _python(self, block: Block) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile("\n" * block.line + block.text, str(self.page), "exec"), self.names)
        return printed.getvalue()

    def _command(self, line: str, wanted: int, at: int) -> str:
        words = shlex.split(line, comments=True)
        if words[0] == "lgc":
            extra = self.quick.get(" ".join(words[:2]), "")
            self.changed |= bool(extra)
            code, output = _lgc([*words[1:], *shlex.split(extra)])
        else:
            code, output = self._program(line)
        assert code == wanted, f"{self.page.name}:{at}: {line} ended with {code}\n{output}"
        self.outputs.append((line, output))
        return output

    def _program(self, line: str) -> tuple[int, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


def _lgc(arguments: list[str]) -> tuple[int, str]:
    """Exit code and output of a command of lgc in this process, which has torch imported once."""
    code: object = 0
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(printed):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
    return int(str(code or 0)), printed.getvalue()


def blurred(line: str) -> str:
    """A line without what differs from machine to machine: numbers, and widths of columns."""
    line = re.sub(r"[─━═]+", "─", line)
    return re.sub(r"-?\d[\d,.]*(?:e-?\d+)?", "#", " ".join(line.split()))


def alike(shown: str, printed: str, exact: bool = False) -> bool:
    """Whether a line of a page is one that was printed; `...` in it stands for any text."""
    first, second = (shown, printed) if exact else (blurred(shown), blurred(printed))
    pattern = ".*".join(re.escape(part) for part in first.split("..."))
    return re.fullmatch(pattern, second) is not None


def matched(shown: str, printed: str, exact: bool = False) -> list[str] | None:
    """The lines of a block of `text` as they were printed now, `...` left in; None where one is not found in order."""
    actual, found, at, free = [line.rstrip() for line in printed.splitlines() if line.strip()], [], 0, False
    for line in [one for one in shown.splitlines() if one.strip()]:
        if line.strip() == "...":
            found.append(line)
            free = True
            continue
        while free and at < len(actual) and not alike(line, actual[at], exact):
            at += 1
        if at == len(actual) or not alike(line, actual[at], exact):
            return None
        found.append(line if "..." in line else actual[at])
        at, free = at + 1, False
    return found if free or at == len(actual) else None


def run_until(session: Session, command: str) -> None:
    """Run the blocks of a page up to a command, without comparing what they print."""
    for block in blocks(session.page):
        if block.kind != "text":
            session.run(block)
        if block.text.startswith(command):
            return


def run_page(session: Session, *, slow: bool = False, update: bool = False) -> None:
    """Run the blocks of a page and compare what they print; with ``update`` the page is written anew instead."""
    page, printed, changes = session.page, "", []
    skipped = False
    for block in blocks(page):
        if block.kind == "text":
            if skipped or session.changed:
                continue
            lines = matched(block.text, printed, block.mark == "exact")
            if lines is None and update and "..." not in block.text:
                lines = [line.rstrip() for line in printed.splitlines() if line.strip()]
            assert lines is not None, f"{page.name}:{block.line} prints something else now:\n{printed}"
            changes.append((block.at, "".join(f"{line}\n" for line in lines)))
            continue
        session.changed = False
        skipped = block.mark.startswith("not run") or (not slow and "slow" in block.mark)
        printed = "" if skipped else session.run(block)
    if update:
        text = page.read_text(encoding="utf-8")
        for (start, end), new in reversed(changes):
            text = text[:start] + new + text[end:]
        page.write_text(text, encoding="utf-8")
