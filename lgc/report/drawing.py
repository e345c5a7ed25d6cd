"""A network, or a part of it, as a drawing that explains itself: inputs by name, gates, votes, sums, and the class."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lgc.ir import FIRST_INPUT, Circuit
from lgc.report.layout import Graph, Node, Spots
from lgc.report.naming import named_bits
from lgc.report.scene import Lettering, Scene, Shape, box, smooth
from lgc.report.symbols import HEIGHT, WIDTH, Symbol, draw_symbol, symbol_of

_ROOM, _GAP, _MARGIN, _LETTER = 20.0, 84.0, 24.0, 7.7
_SUM_WIDTH, _SUM_HEIGHT, _TOP_WIDTH = 190.0, 46.0, 132.0
_LONGEST_NAME = 42
_TITLE = 64.0
_TOP: Node = ("top",)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is drawn of a network.

    Attributes:
        votes: numbers of outputs, ascending.
        gate: a net that is drawn with what it depends on, in place of votes; -1 for none.
        value: bool (num_nets,), of a sample; None for none.
        scores: of the sample, of all classes.
        said: of the sample, as a sentence; empty for none.
    """

    circuit: Circuit
    votes: tuple[int, ...]
    gate: int = -1
    value: NDArray[np.bool_] | None = None
    scores: tuple[int, ...] = ()
    said: str = ""

    @property
    def classes(self) -> list[int]:
        """Those whose votes are drawn; with all of them those that have none, and win by their bias alone."""
        head = self.circuit.head
        found = {int(np.searchsorted(head.offsets, vote, side="right")) - 1 for vote in self.votes}
        return sorted(found) if set(np.flatnonzero(head.sizes).tolist()) - found else list(range(head.num_classes))

    @property
    def roots(self) -> list[int]:
        """The nets that are drawn with all that they depend on."""
        return [self.gate] if self.gate >= 0 else [int(self.circuit.netlist.outputs[vote]) for vote in self.votes]


@dataclass
class Wiring:
    """The graph of a drawing, and what stands at its nodes.

    Attributes:
        symbols: of the gates, by net.
        pins: of each edge the operand's place, or None where it enters in the middle.
    """

    symbols: dict[int, Symbol] = field(default_factory=dict)
    layer: dict[Node, int] = field(default_factory=dict)
    height: dict[Node, float] = field(default_factory=dict)
    edges: list[tuple[Node, Node]] = field(default_factory=list)
    pins: list[int | None] = field(default_factory=list)

    @property
    def graph(self) -> Graph:
        """For the layout."""
        return Graph(self.layer, self.height, self.edges)

    def add(self, node: Node, layer: int, height: float) -> None:
        """One more node."""
        self.layer[node] = layer
        self.height[node] = height

    def join(self, start: Node, end: Node, pin: int | None = None) -> None:
        """One more wire."""
        self.edges.append((start, end))
        self.pins.append(pin)


def gates_behind(part: Drawn) -> list[int]:
    """The gates that are drawn, as nets, ascending: those that are really read."""
    netlist = part.circuit.netlist
    pending, found = part.roots, set[int]()
    while pending:
        net = pending.pop()
        if net < netlist.first_node or net in found:
            continue
        found.add(net)
        node = net - netlist.first_node
        symbol = symbol_of(int(netlist.arity[node]), int(netlist.table[node]))
        pending += [int(netlist.fanin[node, read]) for read in symbol.reads]
    return sorted(found)


def wiring_of(part: Drawn) -> Wiring:
    """The graph: inputs in the first layer, gates by level, then sums, then the comparison."""
    netlist, wiring = part.circuit.netlist, Wiring()
    level: dict[int, int] = {}
    for net in gates_behind(part):
        node = net - netlist.first_node
        symbol = symbol_of(int(netlist.arity[node]), int(netlist.table[node]))
        reads = [int(netlist.fanin[node, read]) for read in symbol.reads]
        level[net] = 1 + max((level.get(one, 0) for one in reads), default=0)
        wiring.symbols[net] = symbol
        wiring.add(net, level[net], HEIGHT + _ROOM)
        for pin, one in enumerate(reads):
            if one not in level:
                wiring.add(one, 0, 20.0)
            wiring.join(one, net, pin)
    if part.gate < 0:
        _add_sums(part, wiring, 1 + max(level.values(), default=0))
    return wiring


def _add_sums(part: Drawn, wiring: Wiring, last: int) -> None:
    offsets, outputs = part.circuit.head.offsets, part.circuit.netlist.outputs
    for index in part.classes:
        wiring.add(("sum", index), last, _SUM_HEIGHT + 14)
    for vote in part.votes:
        net = int(outputs[vote])
        if net not in wiring.layer:
            wiring.add(net, 0, 20.0)
        wiring.join(net, ("sum", int(np.searchsorted(offsets, vote, side="right")) - 1))
    if len(part.classes) == part.circuit.head.num_classes > 1:
        wiring.add(_TOP, last + 1, 60.0)
        for index in part.classes:
            wiring.join(("sum", index), _TOP)


def scene_of(part: Drawn, place: Callable[[Graph], Spots]) -> Scene:
    """The drawing.

    Args:
        place: finds places for the graph.
    """
    wiring = wiring_of(part)
    placed = place(wiring.graph)
    _uncross(wiring, placed)
    names = _names(part, wiring)
    lefts, width = _columns(wiring, names)
    lowest = min((placed.y[node] - wiring.height[node] / 2 for node in wiring.layer), default=0.0)
    highest = max((placed.y[node] + wiring.height[node] / 2 for node in wiring.layer), default=0.0)
    shift = _MARGIN + _TITLE - lowest
    width = max(width, 560.0)
    words = list(_explained(part, width, shift + highest + 18))
    scene = Scene(width, shift + highest + 18 + 18 * len(words) + _MARGIN, _title(part, wiring))
    paper = _Paper(part, wiring, placed, lefts, shift)
    scene.parts += [*paper.wires(), *paper.inputs(names), *paper.gates(), *paper.sums()]
    scene.parts.append(Lettering(_MARGIN, _MARGIN + 18, part.circuit.name, 20, bold=True))
    scene.parts.append(Lettering(_MARGIN, _MARGIN + 38, scene.label, 12, colour="soft"))
    scene.parts += words
    return scene


def _uncross(wiring: Wiring, placed: Spots) -> None:
    """Let the upper wire enter a gate of two inputs above: which of them is called A is not drawn."""
    upper: dict[Node, list[tuple[float, int]]] = {}
    for number, ((start, end), pin) in enumerate(zip(wiring.edges, wiring.pins, strict=True)):
        if pin is not None:
            upper.setdefault(end, []).append(((placed.bends[number] or [placed.y[start]])[-1], number))
    for net, wires in upper.items():
        assert isinstance(net, int)
        symbol = wiring.symbols[net]
        if len(wires) == 2 and symbol.body != "table" and wires[0][0] > wires[1][0]:
            wiring.symbols[net] = replace(symbol, reads=symbol.reads[::-1], bubbles=symbol.bubbles[::-1])
            wiring.pins[wires[0][1]], wiring.pins[wires[1][1]] = wiring.pins[wires[1][1]], wiring.pins[wires[0][1]]


def _title(part: Drawn, wiring: Wiring) -> str:
    netlist = part.circuit.netlist
    shown, every = len(wiring.symbols), netlist.num_nodes
    if part.gate >= 0:
        name = netlist.origins.label(int(netlist.origin[part.gate - netlist.first_node]))
        return f"{name} and what it depends on: {shown} gate{'s' if shown != 1 else ''}"
    votes, whole = len(part.votes), netlist.num_outputs
    count = f"{shown:,} gates" if shown == every else f"{shown:,} of {every:,} gates"
    return f"{count}, {votes:,} votes" if votes == whole else f"{count}, {votes:,} of {whole:,} votes"


def _names(part: Drawn, wiring: Wiring) -> dict[int, str]:
    first = part.circuit.netlist.first_node
    nets = [net for net in wiring.layer if isinstance(net, int) and net < first]
    inputs = [net for net in nets if net >= FIRST_INPUT]
    named = named_bits(part.circuit, [net - FIRST_INPUT for net in inputs])
    found = {net: bit.name for net, bit in zip(inputs, named, strict=True)}
    found |= {net: str(net) for net in nets if net < FIRST_INPUT}
    return {net: name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…" for net, name in found.items()}


def _columns(wiring: Wiring, names: dict[int, str]) -> tuple[list[float], float]:
    """The left edge of each layer, and the width of all."""
    layers = max(wiring.layer.values(), default=0) + 1
    lefts = [_MARGIN + _LETTER * max((len(name) for name in names.values()), default=0) + 8]
    kinds = {layer: node for node, layer in wiring.layer.items()}
    left = lefts[0] + _GAP * 0.8
    for layer in range(1, layers):
        lefts.append(left)
        node = kinds.get(layer)
        size = _TOP_WIDTH if node == _TOP else _SUM_WIDTH if isinstance(node, tuple) and node[0] == "sum" else WIDTH + 8
        left += size + _GAP * (0.7 if size > WIDTH + 8 else 1)
    return lefts, left - _GAP * 0.7 + _MARGIN


def _explained(part: Drawn, width: float, y: float) -> Iterator[Lettering]:
    """What somebody has to know who never saw such a network."""
    said = [part.said] if part.said else []
    said.append(
        "Read it from left to right. Each input is a question whose answer is 1 or 0. Each gate makes one answer of "
        "the answers that it reads; a small circle inverts. "
        + ("The answers of the last gates are votes: each class adds up its own, and the largest sum wins."
           if part.gate < 0 else "")
    )  # fmt: skip
    lines = [line for text in said for line in textwrap.wrap(text, max(40, int((width - 2 * _MARGIN) / 6.2)))]
    for number, line in enumerate(lines):
        yield Lettering(_MARGIN, y + 14 + 18 * number, line, 12, colour="ink" if part.said and number == 0 else "soft")


@dataclass(frozen=True)
class _Paper:
    """Everything with its place."""

    part: Drawn
    wiring: Wiring
    placed: Spots
    lefts: Sequence[float]
    shift: float

    def at(self, node: Node) -> tuple[float, float]:
        """The left edge and the middle of a node."""
        return self.lefts[self.wiring.layer[node]], self.placed.y[node] + self.shift

    def value(self, net: Node) -> bool | None:
        return None if self.part.value is None or not isinstance(net, int) else bool(self.part.value[net])

    def wires(self) -> Iterator[Shape]:
        drawn: list[tuple[bool, Shape]] = []
        for number, (start, end) in enumerate(self.wiring.edges):
            points = [self._leaves(start), *self._bends(number, start), self._enters(end, self.wiring.pins[number])]
            live = self.value(start)
            colour, width = ("live", 2.2) if live else ("soft" if live is None else "line", 1.2)
            drawn.append((bool(live), Shape(smooth(points), colour, width=width, opacity=0.9)))
        yield from (shape for _, shape in sorted(drawn, key=lambda pair: pair[0]))

    def _bends(self, number: int, start: Node) -> Iterator[tuple[float, float]]:
        """Where a long wire crosses the layers between, level as wide as a gate is."""
        for step, height in enumerate(self.placed.bends[number], self.wiring.layer[start] + 1):
            yield self.lefts[step], height + self.shift
            yield self.lefts[step] + WIDTH, height + self.shift

    def _leaves(self, node: Node) -> tuple[float, float]:
        x, y = self.at(node)
        if isinstance(node, tuple):
            return x + _SUM_WIDTH, y
        assert isinstance(node, int)
        return (x + self.wiring.symbols[node].end if node in self.wiring.symbols else x), y

    def _enters(self, node: Node, pin: int | None) -> tuple[float, float]:
        x, y = self.at(node)
        if pin is None:
            return x, y
        assert isinstance(node, int)
        across, down = self.wiring.symbols[node].pin(pin)
        return x + across, y - HEIGHT / 2 + down

    def inputs(self, names: dict[int, str]) -> Iterator[Lettering]:
        for net, name in names.items():
            x, y = self.at(net)
            live = self.value(net)
            yield Lettering(
                x - 6, y + 4, name, 12.5, "end", "live" if live else "ink" if live is None else "soft", bool(live)
            )

    def gates(self) -> Iterator[Shape | Lettering]:
        netlist = self.part.circuit.netlist
        for net, symbol in self.wiring.symbols.items():
            x, y = self.at(net)
            label = netlist.origins.label(int(netlist.origin[net - netlist.first_node]))
            yield from draw_symbol(symbol, x, y - HEIGHT / 2, live=self.value(net), title=label)
            if label != "?":
                yield Lettering(x + WIDTH / 2, y + HEIGHT / 2 + 11, label, 8.5, "middle", "soft")

    def sums(self) -> Iterator[Shape | Lettering]:
        head, scores = self.part.circuit.head, self.part.scores
        winner = self._winner()
        for index in self.part.classes if self.part.gate < 0 else ():
            x, y = self.at(("sum", index))
            won = index == winner
            yield Shape(box(x, y - _SUM_HEIGHT / 2, _SUM_WIDTH, _SUM_HEIGHT, 7), "live" if won else "ink", "paper",
                        2.6 if won else 1.6)  # fmt: skip
            yield Lettering(
                x + 12, y - 3, _short(head.classes[index], 20), 14, colour="live" if won else "ink", bold=True
            )
            yield Lettering(x + 12, y + 14, self._counted(index, scores), 11, colour="soft")
        if _TOP in self.wiring.layer:
            yield from self._top(winner)

    def _winner(self) -> int:
        return int(self.part.circuit.head.classify(np.array([self.part.scores]))[0]) if self.part.scores else -1

    def _counted(self, index: int, scores: Sequence[int]) -> str:
        offsets, bias = self.part.circuit.head.offsets, int(self.part.circuit.head.bias[index])
        lo, hi = int(offsets[index]), int(offsets[index + 1])
        drawn = sum(lo <= vote < hi for vote in self.part.votes)
        always = f", {bias:+d} always" if bias else ""
        if scores:
            return f"sum {scores[index]} of {hi - lo} votes{always}"
        return f"sum of {hi - lo} votes{always}" if drawn == hi - lo else f"sum; {drawn} of {hi - lo} votes drawn"

    def _top(self, winner: int) -> Iterator[Shape | Lettering]:
        x, y = self.at(_TOP)
        yield Shape(box(x, y - 26, _TOP_WIDTH, 52, 7), "ink", "paper", 1.6)
        yield Lettering(x + _TOP_WIDTH / 2, y - 3, "the largest", 12, "middle")
        said = f"is {_short(self.part.circuit.head.classes[winner], 14)}" if winner >= 0 else "sum is the class"
        yield Lettering(x + _TOP_WIDTH / 2, y + 14, said, 13 if winner >= 0 else 12, "middle",
                    "live" if winner >= 0 else "ink", bold=winner >= 0)  # fmt: skip


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
