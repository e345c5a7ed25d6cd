"""Regenerates the pages of docs/ that derive from the code; `--check` only says whether they are current.

Run by `make docs`; tests/test_docs.py runs the check.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent))
from stubs import api_stub

from lgc.cli import COMMANDS, cli
from lgc.cli._console import VARIABLE
from lgc.ends import EXIT_CODES, TRACEBACK
from lgc.ir.gates import markdown_table
from lgc.passes import PASSES, PIPELINES, Pass, Repeat
from lgc.passes.rules import RULES

DOCS = Path(__file__).parent


_OUTPUT = f"""## Output

Every command prints for people, and takes the same three options:

| option | what it does |
|---|---|
| `-q` | Nothing is printed but errors. |
| `-v` | More is printed: details of the result, and a line with its time for each step. |
| `--json` | One JSON document is printed in place of text. With a path that ends in `.json` it is written there. |

Progress goes to standard error. A terminal shows a bar with the time that is left. A pipe or a log file gets a line
every ten seconds, also while a step says nothing. `{VARIABLE}` in the environment is the number of seconds between
two such lines; 0 is for none. A table that is wider than the terminal is printed as a line for each cell, so that no
word is cut.
""".splitlines()


def cli_page() -> str:
    """docs/cli.md: the help of every command."""
    parts = ["# Command line", "", "Generated from the code by `make docs`.", ""]
    parts += ["| command | what it does |", "|---|---|"]
    parts += [f"| [`lgc {name}`](#lgc-{name}) | {text} |" for name, (_, text) in COMMANDS.items()]
    parts += ["", "| exit code | means, for every command |", "|---|---|"]
    parts += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    parts += ["", f"With `{TRACEBACK}=1` in the environment, 70 comes with the place that it comes from.", ""]
    parts += _OUTPUT
    root = click.Context(cli, info_name="lgc")
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root, terminal_width=100, max_content_width=100)
        parts += [f"## lgc {name}", "", "```", command.get_help(context), "```", ""]
    return "\n".join(parts)


def passes_page() -> str:
    """docs/passes.md: passes, levels and rewrites."""
    parts = ["# Passes", "", "Generated from the code by `make docs`. Every pass keeps every score of every class.", ""]
    parts += ["| pass | what it does |", "|---|---|"]
    parts += [f"| `{name}` | {(type_.__doc__ or '').splitlines()[0]} |" for name, type_ in PASSES.items()]
    parts += ["", "| level | pipeline |", "|---|---|"]
    for level, pipeline in PIPELINES.items():
        steps = [item.name if isinstance(item, Pass) else _repeated(item) for item in pipeline]
        parts.append(f"| `-{level}` | {', '.join(steps) or 'nothing'} |")
    parts += ["", "The local rewrites, each proved over all inputs by `tests/passes/test_rules.py`:", ""]
    parts += ["| rewrite | algebra |", "|---|---|"]
    parts += [f"| {rule.name} | `{rule.algebra}` |" for rule in RULES]
    return "\n".join([*parts, ""])


def _repeated(item: Repeat) -> str:
    return "repeat until nothing changes (" + ", ".join(one.name for one in item.passes) + ")"


def ir_page(text: str) -> str:
    """docs/ir.md with the gate table between its marks."""
    table = f"<!-- gates:begin -->\n{markdown_table()}\n<!-- gates:end -->"
    return re.sub(r"<!-- gates:begin -->.*?<!-- gates:end -->", lambda _: table, text, flags=re.DOTALL)


def main() -> int:
    """Write the pages, or with ``--check`` name those that are not current."""
    ir = DOCS / "ir.md"
    pages = {
        DOCS / "cli.md": cli_page(),
        DOCS / "passes.md": passes_page(),
        ir: ir_page(ir.read_text(encoding="utf-8")),
        DOCS.parent / "lgc" / "api.pyi": api_stub(),
    }
    stale = [path.name for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        print("stale: " + ", ".join(stale) if stale else "all current")
        return 1 if stale else 0
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
