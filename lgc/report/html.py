"""A report as HTML: one file, which fetches nothing and runs no script but its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from lgc.report.blocks import Block, Cards, Chapter, Code, Document, Explorer, Figure, Listing, PlainLine, Status, Text
from lgc.report.svg import as_xml

_MARKS = {"good": "✓", "bad": "✗", "open": "?"}
_SAID = {"good": "shown", "bad": "wrong", "open": "not checked"}
_LONGEST = 10_000
_CODE = re.compile(r"`([^`]{1,200})`")
EXPLORER = "lgc-explorer"
SCRIPTS = ("explorer_net.js", "explorer_view.js", "explorer.js")


def html_of(document: Document) -> str:
    """The whole file."""
    script = explorer_script() if _has_explorer(document) else ""
    links = "".join(f'<li><a href="#{one.id}">{as_xml(one.title)}</a></li>' for one in document.sections)
    sections = "\n".join(_section(one) for one in document.sections)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">
<meta name="generator" content="lgc">
<title>{as_xml(document.name)}: lgc report</title>
<style>{data_file("report.css")}</style>
</head>
<body>
<a class="skip" href="#{document.sections[0].id if document.sections else ""}">To the content</a>
<header><h1>{as_xml(document.name)}</h1><p>{as_xml(document.made)}</p></header>
<nav aria-label="Sections"><ul>{links}</ul></nav>
<main>
{sections}
</main>
{f"<script>{script}</script>" if script else ""}
</body>
</html>
"""


def explorer_script() -> str:
    """The explorer's program; its names are its own."""
    return "(() => {\n" + "\n".join(data_file(name) for name in SCRIPTS) + "})();\n"


@cache
def data_file(name: str) -> str:
    """The text of a file beside this one."""
    return files(__package__ or "lgc.report").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Nothing is fetched, and of scripts only ours runs, whatever got into the text."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    scripts = f"'sha256-{digest}'" if script else "'none'"
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {scripts}"


def _has_explorer(document: Document) -> bool:
    return any(isinstance(block, Explorer) for section in document.sections for block in section.blocks)


def _section(section: Chapter) -> str:
    blocks = "\n".join(_grouped(section.blocks))
    return (
        f'<section id="{as_xml(section.id)}" aria-labelledby="{as_xml(section.id)}-title">'
        f'<h2 id="{as_xml(section.id)}-title">{as_xml(section.title)}</h2>'
        f'<p class="lead">{as_xml(section.lead, _LONGEST)}</p>\n{blocks}\n</section>'
    )


def _grouped(blocks: Sequence[Block]) -> Iterator[str]:
    """Blocks as HTML; pictures and open tables that follow each other stand side by side where there is room."""
    for beside, group in groupby(
        blocks, lambda one: isinstance(one, Figure) or (isinstance(one, Listing) and not one.folded)
    ):
        texts = [f"<div>{block_html(one)}</div>" if beside else block_html(one) for one in group]
        yield f'<div class="row">{"".join(texts)}</div>' if len(texts) > 1 and beside else "".join(texts)


def notebook_html(blocks: Iterable[Block]) -> str:
    """Blocks for a notebook: with their style only where something is drawn, for notebooks have their own tables."""
    found = list(blocks)
    inner = "".join(block_html(one) for one in found)
    if all(isinstance(one, PlainLine | Listing) for one in found):
        return inner
    return f'<style>{data_file("notebook.css")}</style><div class="lgc-report">{inner}</div>'


def block_html(block: Block) -> str:
    """One block, which can stand in any page: notebooks show results so."""
    return "".join(_parts(block))


def _parts(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        coded = _CODE.sub(r"<code>\1</code>", as_xml(block.text, _LONGEST))
        yield f"<p>{coded}</p>"
    elif isinstance(block, PlainLine):
        yield f"<div>{as_xml(block.text, _LONGEST)}</div>"
    elif isinstance(block, Status):
        mark = f'<span class="mark" aria-hidden="true">{_MARKS[block.state]}</span>'
        yield f'<p class="status {block.state}">{mark}<span class="aloud">{_SAID[block.state]}: </span>'
        yield f"{as_xml(block.text, _LONGEST)}</p>"
    elif isinstance(block, Code):
        lines = "\n".join(as_xml(line, _LONGEST) for line in block.text.split("\n"))
        yield f'<pre tabindex="0"><code>{lines}</code></pre>'
    elif isinstance(block, Cards):
        yield from _cards(block)
    elif isinstance(block, Listing):
        yield table_html(block)
    elif isinstance(block, Figure):
        table = table_html(block.table) if block.table is not None else ""
        yield f"<figure>{block.svg}<figcaption>{as_xml(block.caption, _LONGEST)}</figcaption></figure>{table}"
    else:
        yield from _explorer(block)


def _cards(block: Cards) -> Iterator[str]:
    yield '<dl class="cards">'
    for card in block.cards:
        mark = (
            f'<span class="mark" aria-hidden="true">{_MARKS[card.state]}</span> '
            if card.state in ("good", "bad")
            else ""
        )
        yield f'<div class="{card.state or "plain"}"><dt>{as_xml(card.label)}</dt>'
        yield f"<dd><strong>{mark}{as_xml(card.value)}</strong><span>{as_xml(card.note)}</span></dd></div>"
    yield "</dl>"


def table_html(table: Listing) -> str:
    """A table; one that is folded opens when it is asked to."""
    if not table.rows:
        return ""
    aligned = [
        ' class="right" style="text-align:right"' if right else ' style="text-align:left"' for right in table.right
    ]
    head = "".join(
        f'<th scope="col"{style}>{as_xml(name)}</th>' for name, style in zip(table.names, aligned, strict=True)
    )
    rows = "".join(
        "<tr>" + "".join(f"<td{style}>{as_xml(cell)}</td>" for cell, style in zip(row, aligned, strict=True)) + "</tr>"
        for row in table.rows
    )
    caption = f"<caption>{as_xml(table.title)}</caption>" if table.title and not table.folded else ""
    whole = f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    return f"<details><summary>{as_xml(table.title)}</summary>{whole}</details>" if table.folded else whole


def _explorer(block: Explorer) -> Iterator[str]:
    yield f'<div id="{EXPLORER}" class="explorer"><noscript><p>This part needs JavaScript.</p></noscript></div>'
    yield "".join(f'<p class="said">{as_xml(one, _LONGEST)}</p>' for one in block.said)
    yield f'<script type="application/json" id="{EXPLORER}-network">{script_json(block.network)}</script>'


def script_json(value: Any) -> str:
    """JSON for a script element: no character of it can end the element or begin a comment."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
