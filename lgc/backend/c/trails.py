"""Fewer words to count: XORs that share operands are counted along trails.

Of the words a, b, c, ... the XORs of neighbours, ``a ^ b``, ``b ^ c`` and so on, say where the words change. Every fall
follows a rise, so the number of changes is twice that of the rises, plus the first word, minus the last. Of two
neighbouring places only one can be a rise. So for two XORs one word is counted, with weight two: a function of three
words, ``b ? ~a : c``, takes the place of two gates and a full adder. A trail that ends where it began leaves nothing
else to count.

The XORs of a class are the edges of a graph, and its nodes are the operands. A vote for a net itself, or for its
complement, is an edge to the constant 0. Where a node has an odd number of edges a trail ends; a few edges that stay
votes of their own leave few such nodes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GROUND = 0
"""The net that is 0."""
THE_NET, COMPLEMENT = 0b10, 0b01
"""The tables of one operand."""
_NEAR = 3
"""To count the edges between two nodes of odd degree alone costs less than two ends if they are no more than these."""


@dataclass(frozen=True)
class Vote:
    """A word to count: a function of nets.

    Attributes:
        operands: nets; 0 is the constant 0.
        table: LSB-first, operand 0 is address bit 0.
        times: how often it counts.
    """

    operands: tuple[int, ...]
    table: int = THE_NET
    times: int = 1


@dataclass(frozen=True)
class Edge:
    """A vote for ``ends[0] ^ ends[1] ^ inverted``; ``net`` is where the netlist has it, -1 if it is no vote at all."""

    net: int
    ends: tuple[int, int]
    inverted: bool = False


@dataclass
class Trail:
    """Edges that follow one another, from node to node.

    Each node is taken as it is or complemented, so that a change is a one of the edge, inverted or not. With ``flip``
    all are the other way round: then the falls are counted.
    """

    nodes: list[int]
    edges: list[Edge] = field(default_factory=list)

    def words(self, *, flip: bool) -> list[Vote]:
        """The rises, of two edges at a time."""
        flips = self._flips(flip)
        places = range(0, len(self.edges), 2)
        return [Vote(tuple(self.nodes[k : k + 3]), _rises(flips[k : k + 3]), 2) for k in places]

    def ends(self, *, flip: bool) -> tuple[Counter[int], int]:
        """What its first node adds, and its last one takes away: how often each net counts, and a constant."""
        flips = self._flips(flip)
        times: Counter[int] = Counter()
        for node, flipped, sign in ((self.nodes[0], flips[0], 1), (self.nodes[-1], flips[-1], -1)):
            times[node] += -sign if flipped else sign
        del times[GROUND]
        return Counter({node: count for node, count in times.items() if count}), flips[0] - flips[-1]

    def _flips(self, first: bool) -> list[bool]:
        flips = [first]
        for edge in self.edges:
            flips.append(flips[-1] ^ edge.inverted)
        return flips


def _rises(flips: Sequence[bool]) -> int:
    """The table of nets, some complemented: whether somewhere a 1 follows a 0."""
    table = 0
    for address in range(1 << len(flips)):
        bits = [(address >> place & 1) ^ flip for place, flip in enumerate(flips)]
        table |= any(after > before for before, after in pairwise(bits)) << address
    return table


class XorGraph:
    """Edges by their nodes; those that are taken are in it no more."""

    def __init__(self, edges: Sequence[Edge]) -> None:
        self._at: defaultdict[int, dict[Edge, int]] = defaultdict(dict)
        for edge in edges:
            self._join(edge)

    def take_between_odd_nodes(self, cheap: Collection[int]) -> Iterator[Edge]:
        """Edges between nodes of odd degree that are near one another: without them the degrees are even.

        The constant's own degree does not matter, as a trail's end there leaves nothing to count.

        Args:
            cheap: nodes where a trail may end.
        """
        odd = {node for node, edges in self._at.items() if len(edges) % 2 and node != GROUND}
        dear = odd.difference(cheap)
        nodes = [node for node in self._at if node in dear]
        for reach in range(1, _NEAR + 1):
            for node in nodes:
                path = self._path(node, odd if reach == 1 else dear, reach) if node in dear else []
                for edge in path:
                    self._take(edge)
                    yield edge
                if path:
                    for group in (odd, dear):
                        group -= {node, _far_end(node, path)}

    def _path(self, start: int, goals: Collection[int], reach: int) -> list[Edge]:
        """The edges from a node to one of others, or to the constant."""
        paths: dict[int, list[Edge]] = {start: []}
        for _ in range(reach):
            for node, path in [*paths.items()]:
                for edge, other in self._at[node].items():
                    if other in paths:
                        continue
                    paths[other] = [*path, edge]
                    if other in goals or other == GROUND:
                        return paths[other]
        return []

    def take_trails(self) -> Iterator[Trail]:
        """All edges, as few trails: from the constant where it is reached, and between nodes of odd degree."""
        for start in [GROUND, *self._at]:
            if self._at[start]:
                odd = [node for node in self._component(start) if len(self._at[node]) % 2]
                for two in zip(odd[::2], odd[1::2], strict=True):
                    self._join(Edge(-1, two))
                yield from _cut(self._circuit(start))

    def _component(self, start: int) -> list[int]:
        found, new = {start: None}, [start]
        while new:
            for other in self._at[new.pop()].values():
                if other not in found:
                    found[other] = None
                    new.append(other)
        return [*found]

    def _circuit(self, start: int) -> tuple[list[int], list[Edge]]:
        """The nodes and the edges of one round through all edges (Hierholzer, 1873)."""
        stack: list[tuple[int, Edge | None]] = [(start, None)]
        nodes, edges = list[int](), list[Edge]()
        while stack:
            node, way = stack[-1]
            if self._at[node]:
                edge, other = next(iter(self._at[node].items()))
                self._take(edge)
                stack.append((other, edge))
            else:
                nodes.append(node)
                edges += [] if way is None else [way]
                stack.pop()
        return nodes, edges

    def _join(self, edge: Edge) -> None:
        first, second = edge.ends
        self._at[first][edge] = second
        self._at[second][edge] = first

    def _take(self, edge: Edge) -> None:
        for end in edge.ends:
            del self._at[end][edge]


def _far_end(node: int, path: Sequence[Edge]) -> int:
    for edge in path:
        node = edge.ends[edge.ends[0] == node]
    return node


def _cut(circuit: tuple[list[int], list[Edge]]) -> Iterator[Trail]:
    """A round as trails, without the edges that are no votes."""
    nodes, edges = circuit
    gap = next((place for place, edge in enumerate(edges) if edge.net < 0), None)
    if gap is not None:  # it begins behind one of them
        nodes = [*nodes[gap + 1 :], *nodes[1 : gap + 1]]
        edges = [*edges[gap + 1 :], *edges[:gap]]
    trail = Trail([nodes[0]])
    for edge, node in zip(edges, nodes[1:], strict=True):
        if edge.net < 0:
            yield trail
            trail = Trail([node])
        else:
            trail.nodes.append(node)
            trail.edges.append(edge)
    yield trail
