"""Where two netlists differ, found from the outputs downwards: the few nodes in which alone they do.

Two readings of nearly the same text number their nets differently, and put them in another order. What both make of
the same nodes below is known by its structure. What is not is looked at node by node, operand by operand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lgc.ir import Netlist


@dataclass(frozen=True)
class Difference:
    """A node of the one netlist that is another one in the other.

    Attributes:
        node: in the good netlist.
        table, nets: what it is in the bad one, over nets of the good one.
    """

    node: int
    table: int
    nets: tuple[int, ...]


def differences(good: Netlist, bad: Netlist, most: int) -> list[Difference] | None:
    """The nodes in which ``bad`` departs from ``good``; None if there are more than ``most``, or they cannot be told.

    Where no input makes one of them another value of what its operands are in ``good``, all outputs are the same.
    """
    if good.num_inputs != bad.num_inputs or good.num_outputs != bad.num_outputs:
        return None
    found: list[Difference] = []
    for one in _Walk(good, bad).differences():
        if one is None or len(found) == most:
            return None
        found.append(one)
    return found


Node = tuple[int, tuple[int, ...]]
"""Table and operands."""


@dataclass(eq=False)
class _Walk:
    """Pairs of nets that stand at the same place of both netlists, from the outputs on."""

    good: Netlist
    bad: Netlist
    names: dict[Node, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.first = self.good.first_node
        self.nodes, self.bad_nodes = _nodes(self.good), _nodes(self.bad)
        self.name, self.bad_name = self._named(self.nodes), self._named(self.bad_nodes)
        self.net_of = {name: net for net, name in reversed(list(enumerate(self.name)))}

    def differences(self) -> Iterator[Difference | None]:
        """What differs; None where it cannot be said of a node."""
        outputs = zip(self.good.outputs.tolist(), self.bad.outputs.tolist(), strict=True)
        stack = [pair for pair in outputs if not self._alike(pair)]
        seen = set(stack)
        while stack:
            net, other = stack.pop()
            if net < self.first or other < self.first:
                yield None
                return
            new = self._nets_of(net, other)
            if new is None:
                yield None
                return
            (table, nets), (bad_table, operands) = self.nodes[net - self.first], self.bad_nodes[other - self.first]
            if (table, nets) != (bad_table, new):
                yield Difference(net - self.first, bad_table, new)
            for pair in zip(new, operands, strict=True):
                if not self._alike(pair) and pair not in seen:
                    seen.add(pair)
                    stack.append(pair)

    def _nets_of(self, net: int, other: int) -> tuple[int, ...] | None:
        """Nets of the good netlist for the operands of a bad node: the same function, else what stands there."""
        nets, operands = self.nodes[net - self.first][1], self.bad_nodes[other - self.first][1]
        found = []
        for place, operand in enumerate(operands):
            here = nets[place] if place < len(nets) else None
            if here is None or not self._alike((here, operand)):
                here = self.net_of.get(self.bad_name[operand], here)
            if here is None:
                return None
            found.append(here)
        return tuple(found)

    def _alike(self, pair: tuple[int, int]) -> bool:
        return self.name[pair[0]] == self.bad_name[pair[1]]

    def _named(self, nodes: list[Node]) -> list[int]:
        """A number for each net, the same for the same structure over the inputs."""
        names = list(range(self.first))
        for table, nets in nodes:
            key = table, tuple(names[net] for net in nets)
            names.append(self.names.setdefault(key, self.first + len(self.names)))
        return names


def _nodes(netlist: Netlist) -> list[Node]:
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    return [(table, tuple(fanin[:arity])) for fanin, arity, table in rows]
