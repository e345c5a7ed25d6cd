"""Places for a graph in columns: signals run from left to right, and as few wires cross as a simple search finds.

The layers are given. Long wires get a place in every layer that they cross. The order within layers is by the mean of
neighbours, in sweeps to the right and back (Sugiyama, Tagawa and Toda, 1981); heights are then as near to those of the
neighbours as the order allows, which is a regression under constraints of order (pool adjacent violators).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Node: TypeAlias = Hashable
_SWEEPS, _HEIGHT_SWEEPS = 24, 16


@dataclass(frozen=True)
class Graph:
    """What is to be placed.

    Attributes:
        layer: of each node, from 0, in the order that they are first placed in.
        height: of each node, in pixels, with the room around it.
        edges: from a node to one of a later layer.
    """

    layer: Mapping[Node, int]
    height: Mapping[Node, float]
    edges: Sequence[tuple[Node, Node]]


@dataclass
class Spots:
    """Where everything is.

    Attributes:
        y: the middle of each node, in pixels.
        bends: heights at which each edge crosses the layers between its ends, by the number of the edge.
    """

    y: dict[Node, float] = field(default_factory=dict)
    bends: list[list[float]] = field(default_factory=list)


def place_nodes(graph: Graph, wire: float = 12.0) -> Spots:
    """Find places.

    Args:
        wire: the room that a wire takes which crosses a layer.
    """
    layers, edges, height = with_bends(graph, wire)
    order = _ordered(layers, edges)
    y = _heights(order, edges, height)
    found = Spots({node: y[node] for node in graph.layer})
    for number, (start, end) in enumerate(graph.edges):
        between = range(graph.layer[start] + 1, graph.layer[end])
        found.bends.append([y[("bend", number, layer)] for layer in between])
    return found


def with_bends(graph: Graph, wire: float) -> tuple[list[list[Node]], list[tuple[Node, Node]], dict[Node, float]]:
    """Layers and edges in which every edge reaches to the next layer only."""
    count = max(graph.layer.values(), default=0) + 1
    layers: list[list[Node]] = [[] for _ in range(count)]
    for node, layer in graph.layer.items():
        layers[layer].append(node)
    edges: list[tuple[Node, Node]] = []
    height = dict(graph.height)
    for number, (start, end) in enumerate(graph.edges):
        last: Node = start
        for layer in range(graph.layer[start] + 1, graph.layer[end]):
            bend = ("bend", number, layer)
            layers[layer].append(bend)
            height[bend] = wire
            edges.append((last, bend))
            last = bend
        edges.append((last, end))
    return layers, edges, height


def _neighbours(edges: Sequence[tuple[Node, Node]]) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    before: dict[Node, list[Node]] = {}
    behind: dict[Node, list[Node]] = {}
    for start, end in edges:
        behind.setdefault(start, []).append(end)
        before.setdefault(end, []).append(start)
    return before, behind


def _ordered(layers: list[list[Node]], edges: Sequence[tuple[Node, Node]]) -> list[list[Node]]:
    """The order of the sweep that has the fewest crossings."""
    before, behind = _neighbours(edges)
    order = [list(layer) for layer in layers]
    best, least = [list(layer) for layer in order], _crossings(order, behind)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        place = {node: float(row) for layer in order for row, node in enumerate(layer)}
        for layer in order if forth else reversed(order):
            near = before if forth else behind
            wanted = {node: float(np.mean([place[one] for one in near.get(node, [node])])) for node in layer}
            layer.sort(key=lambda node: wanted[node])
            place.update({node: float(row) for row, node in enumerate(layer)})
        crossed = _crossings(order, behind)
        if crossed < least:
            best, least = [list(layer) for layer in order], crossed
    return best


def _crossings(order: Sequence[Sequence[Node]], behind: Mapping[Node, Sequence[Node]]) -> int:
    """How many pairs of edges cross."""
    total = 0
    for layer, after in pairwise(order):
        place = {node: row for row, node in enumerate(after)}
        ends = np.array([place[end] for node in layer for end in sorted(behind.get(node, ()), key=place.__getitem__)])
        for index in range(1, len(ends)):
            total += int((ends[:index] > ends[index]).sum())
    return total


def _heights(
    order: Sequence[Sequence[Node]], edges: Sequence[tuple[Node, Node]], height: Mapping[Node, float]
) -> dict[Node, float]:
    """Heights that keep the order and the room, near to the mean of the neighbours."""
    before, behind = _neighbours(edges)
    gaps = [_gaps(layer, height) for layer in order]
    y: dict[Node, float] = {}
    for layer, gap in zip(order, gaps, strict=True):
        start = np.cumsum(gap) - (np.sum(gap) / 2)
        y.update(zip(layer, start.tolist(), strict=True))
    for sweep in range(_HEIGHT_SWEEPS):
        forth = sweep % 2 == 0
        pairs = list(zip(order, gaps, strict=True))
        for layer, gap in pairs if forth else reversed(pairs):
            near = (before, behind) if sweep >= _HEIGHT_SWEEPS - 2 else (before if forth else behind,)
            wanted = [_mean([y[one] for side in near for one in side.get(node, ())], y[node]) for node in layer]
            shifts = np.cumsum(gap)
            found = _ascending(np.array(wanted) - shifts) + shifts
            y.update(zip(layer, found.tolist(), strict=True))
    return y


def _gaps(layer: Sequence[Node], height: Mapping[Node, float]) -> NDArray[np.float64]:
    """From the middle of each node's forerunner to its own; 0 for the first."""
    sizes = np.array([height[node] for node in layer])
    return np.concatenate([[0.0], (sizes[1:] + sizes[:-1]) / 2]) if len(sizes) else sizes


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _ascending(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ascending numbers that are nearest to some, in the sum of squares."""
    blocks: list[list[float]] = []  # sum and count of numbers that are equal in the result
    for value in wanted.tolist():
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    return np.concatenate([np.full(int(count), total / count) for total, count in blocks]) if blocks else wanted
