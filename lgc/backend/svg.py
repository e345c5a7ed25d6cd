"""SVG: the picture of :mod:`lgc.backend.dot` without Graphviz. A level is a column; signals run from left to right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, TextIO
from xml.sax.saxutils import escape

import numpy as np

from lgc.backend.dot import Dot, cone
from lgc.ir import FIRST_INPUT, Circuit
from lgc.ir.text import mnemonic

_COLUMN, _ROW, _BOX, _LETTER, _MARGIN = 60, 44, 32, 7.2, 20
_SWEEPS = 4
_LONGEST = 40

Place = tuple[float, float, float]
"""Left edge, middle, and width of a box, in pixels."""


@dataclass(frozen=True)
class Svg(Dot):
    """The cone of some outputs as a drawing. The options are those of :class:`Dot`."""

    name: ClassVar[str] = "svg"

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        """Write the drawing: inputs on the left, outputs on the right."""
        outputs = self._outputs(circuit)
        nets = cone(circuit, outputs)
        labels = {net: _label(circuit, net) for net in nets} | {-1 - o: [f"out[{o}]"] for o in outputs}
        reads = {net: _operands(circuit, net) for net in nets}
        reads |= {-1 - output: [int(circuit.netlist.outputs[output])] for output in outputs}
        places, width, height = _layout(_columns(circuit, nets, outputs), reads, labels)
        stream.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"')
        stream.write(f' width="{width:.0f}" height="{height:.0f}" font-family="monospace" font-size="12">\n')
        stream.write(f"<!-- lgc circuit {circuit.digest()} -->\n")
        stream.write('<rect width="100%" height="100%" fill="white"/>\n<g fill="none" stroke="#888">\n')
        stream.writelines(_wires(reads, places))
        stream.write('</g>\n<g text-anchor="middle">\n')
        stream.writelines(_box(labels[net], place, net, circuit.netlist.first_node) for net, place in places.items())
        stream.write("</g>\n</svg>\n")


def _operands(circuit: Circuit, net: int) -> list[int]:
    node = net - circuit.netlist.first_node
    if node < 0:
        return []
    operands: list[int] = circuit.netlist.fanin[node, : circuit.netlist.arity[node]].tolist()
    return operands


def _label(circuit: Circuit, net: int) -> list[str]:
    """The lines in a box."""
    netlist = circuit.netlist
    if net < netlist.first_node:
        return [str(net) if net < FIRST_INPUT else f"in[{net - FIRST_INPUT}]"]
    node = net - netlist.first_node
    origin = netlist.origins.label(int(netlist.origin[node]))
    lines = [mnemonic(int(netlist.arity[node]), int(netlist.table[node])), *([origin] if origin != "?" else [])]
    return [line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…" for line in lines]


def _columns(circuit: Circuit, nets: list[int], outputs: list[int]) -> list[list[int]]:
    """Boxes by level, output k as -1 - k in the last column."""
    level = circuit.netlist.levels
    columns: list[list[int]] = [[] for _ in range(max((int(level[net]) for net in nets), default=0) + 2)]
    for net in nets:
        columns[int(level[net])].append(net)
    columns[-1] = [-1 - output for output in outputs]
    return [column for column in columns if column]


def _layout(
    columns: list[list[int]], reads: Mapping[int, list[int]], labels: Mapping[int, list[str]]
) -> tuple[dict[int, Place], float, float]:
    """Every box's place, and the size of all.

    Columns are ordered by the mean height of what their boxes are wired to, in sweeps to the right and back (the
    barycenter heuristic of Sugiyama, Tagawa and Toda, 1981).
    """
    readers: dict[int, list[int]] = {net: [] for net in reads}
    for net, operands in reads.items():
        for operand in operands:
            readers[operand].append(net)
    height = {net: float(row) for column in columns for row, net in enumerate(column)}
    for sweep in range(_SWEEPS):
        neighbours = reads if sweep % 2 == 0 else readers
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = {net: np.mean([height[one] for one in neighbours[net]] or [height[net]]) for net in column}
            column.sort(key=lambda net: (wanted[net], net))
            for row, net in enumerate(column):
                height[net] = row - len(column) / 2
    tallest = max(len(column) for column in columns)
    places: dict[int, Place] = {}
    left = float(_MARGIN)
    for column in columns:
        width = max(len(line) for net in column for line in labels[net]) * _LETTER + 16
        for net in column:
            places[net] = (left, _MARGIN + (height[net] + tallest / 2 + 0.5) * _ROW, width)
        left += width + _COLUMN
    return places, left - _COLUMN + _MARGIN, tallest * _ROW + 2 * _MARGIN


def _wires(reads: Mapping[int, list[int]], places: Mapping[int, Place]) -> Iterator[str]:
    """A curve an operand; operand 0 enters at the top."""
    for net, operands in reads.items():
        right, y, _ = places[net]
        for position, operand in enumerate(operands):
            left, start, width = places[operand]
            end = y + _BOX * ((position + 1) / (len(operands) + 1) - 0.5)
            bend = _COLUMN / 2
            curve = f"C{left + width + bend:.1f},{start:.1f} {right - bend:.1f},{end:.1f} {right:.1f},{end:.1f}"
            yield f'<path d="M{left + width:.1f},{start:.1f} {curve}"/>\n'


def _box(lines: list[str], place: Place, net: int, first_node: int) -> str:
    left, middle, width = place
    corner = 0 if net >= first_node else _BOX / 2  # gates have corners, inputs and outputs are round
    box = f'<rect x="{left:.1f}" y="{middle - _BOX / 2:.1f}" width="{width:.1f}" height="{_BOX}" rx="{corner}"'
    x, top = left + width / 2, middle + 4 - 13 * (len(lines) - 1) / 2
    texts = [f'<text x="{x:.1f}" y="{top + 13 * row:.1f}">{_safe(line)}</text>' for row, line in enumerate(lines)]
    return f'{box} fill="#f4f4f4" stroke="black"/>{"".join(texts)}\n'


def _safe(text: str) -> str:
    """Text that XML can hold."""
    return escape("".join(char if char.isprintable() else "?" for char in text))
