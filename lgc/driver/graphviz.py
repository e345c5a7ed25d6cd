"""Places of a graph by Graphviz's dot, where it is installed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lgc.errors import MissingToolError, ToolError

if TYPE_CHECKING:
    from lgc.report.layout import Graph, Spots

_SECONDS = 60.0
_INCH = 72.0


def placer(name: str) -> tuple[Callable[[Graph], Spots], str]:
    """What finds places, and a note if that is not lgc itself.

    Args:
        name: ``auto``, ``own`` or ``dot``.

    Raises:
        MissingToolError: dot is asked for, and is not installed.
    """
    from lgc.report.layout import place_nodes

    dot = shutil.which("dot") if name != "own" else None
    if dot is None and name == "dot":
        raise MissingToolError(
            "Graphviz is not installed", hint="Run `apt-get install graphviz` on Debian, or take --layout own"
        )
    if dot is None:
        return place_nodes, ""
    program = dot
    return (lambda graph: _placed(graph, program)), "places found by Graphviz"


def _placed(graph: Graph, dot: str) -> Spots:
    """Heights of nodes are dot's; layers stay where they are, and long wires get places of their own.

    Raises:
        ToolError: dot failed, or took too long.
    """
    from lgc.report.layout import Spots, with_bends
    from lgc.tools.run import Setup, capture, reason_in

    layers, edges, height = with_bends(graph, 12.0)
    number = {node: index for index, node in enumerate(node for layer in layers for node in layer)}
    lines = ["digraph g {", "rankdir=LR; nodesep=0.02; ranksep=1; node [shape=box, fixedsize=true, width=0.5];"]
    lines += [f"n{index} [height={height[node] / _INCH:.3f}];" for node, index in number.items()]
    lines += ["{rank=same; " + " ".join(f"n{number[node]};" for node in layer) + "}" for layer in layers if layer]
    lines += [f"n{number[start]} -> n{number[end]};" for start, end in edges]
    with tempfile.TemporaryDirectory(prefix="lgc-dot-") as folder:
        path = Path(folder) / "graph.dot"
        path.write_text("\n".join([*lines, "}"]), encoding="utf-8")
        done = capture([dot, "-Tplain", str(path)], Setup(timeout=_SECONDS), "dot")
    if done.code:
        raise ToolError(f"dot failed: {reason_in(done.err, done.code)}", hint="Take --layout own")
    y = dict(_heights(done.out))
    if len(y) != len(number):
        raise ToolError("dot did not place every gate", hint="Take --layout own")
    found = Spots({node: -y[number[node]] for node in graph.layer})
    for index, (start, end) in enumerate(graph.edges):
        between = range(graph.layer[start] + 1, graph.layer[end])
        found.bends.append([-y[number[("bend", index, layer)]] for layer in between])
    return found


def _heights(text: str) -> Iterator[tuple[int, float]]:
    """Of each node by its number, in pixels, upwards."""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["node"] and len(words) > 3:
            yield int(words[1].removeprefix("n")), float(words[3]) * _INCH
