"""Cuts a netlist into the sections that become modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.ir import CONST1, Circuit
from lgc.ir.naming import identifier, unique
from lgc.mapping.pipeline import stages_before

INPUT = "bits"
VOTES = "votes"


@dataclass(frozen=True, eq=False)
class Section:
    """A vector of nets that are computed from earlier sections only.

    Attributes:
        name: of the vector, and part of the module's name.
        nodes: int64 (width,), node indices in vector order. In the votes an entry -1 - k copies net k.
        reads: names of the sections that it reads, in order.
        latency: register stages before it; it reads a section of latency q through latency - q registers.
    """

    name: str
    nodes: NDArray[np.int64]
    reads: tuple[str, ...]
    latency: int = 0

    @property
    def width(self) -> int:
        """The number of nets in the vector."""
        return len(self.nodes)


@dataclass(frozen=True, eq=False)
class Partition:
    """A circuit's sections, in order, the votes last, and how to write every net.

    Attributes:
        references: one entry per net: ``layer1[12]``; for constants ``0`` and ``1``.
    """

    sections: tuple[Section, ...]
    references: list[str]


def cut_sections(circuit: Circuit, top: str = "", cuts: Sequence[int] = ()) -> Partition:
    """Cut a circuit into sections, none of them named like the top module.

    A section is a range of nodes of one layer that do not read each other, all before the same register stage. The last
    section, the votes, has one entry per output, in order: nodes that serve as one output and nothing else are computed
    there; the other entries are copies.

    Args:
        cuts: per register stage the level that it stands behind, below the depth.
    """
    netlist = circuit.netlist
    first = netlist.first_node
    outputs = netlist.outputs.astype(np.int64)
    before = np.minimum(stages_before(netlist, cuts), len(cuts))
    is_vote = np.zeros(netlist.num_nets, np.bool_)
    is_vote[outputs] = True
    is_vote &= (netlist.fanout() == 1) & (before == len(cuts))
    is_vote[:first] = False
    ranges = [nodes[~is_vote[first + nodes]] for nodes in _ranges(circuit, before[first:])]
    ranges = [nodes for nodes in ranges if len(nodes)]
    names = unique([identifier(_layer_name(circuit, int(nodes[0])), "stage") for nodes in ranges], taken=[top])
    home = np.full(netlist.num_nets, -1, np.int64)  # the section of each net: -1 constants, 0 input, i+1 ranges[i]
    home[2:first] = 0
    references = ["0", "1", *(f"{INPUT}[{i}]" for i in range(netlist.num_inputs)), *[""] * netlist.num_nodes]
    for index, (name, nodes) in enumerate(zip(names, ranges, strict=True)):
        home[first + nodes] = index + 1
        for position, node in enumerate(nodes.tolist()):
            references[first + node] = f"{name}[{position}]"
    labels = [INPUT, *names]
    sections = [
        Section(name, nodes, _reads(circuit, nodes, home, labels), int(before[first + nodes[0]]))
        for name, nodes in zip(names, ranges, strict=True)
    ]
    votes = np.where(is_vote[outputs], outputs - first, -1 - outputs)
    sections.append(Section(VOTES, votes, _reads(circuit, votes, home, labels), len(cuts)))
    return Partition(tuple(sections), references)


def _ranges(circuit: Circuit, before: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Node ranges without inner dependences, cut at changes of layer too, and parted by register stages."""
    netlist = circuit.netlist
    if not netlist.num_nodes:
        return []
    layer = np.full(netlist.num_nodes, -1, np.int64)
    known = netlist.origin >= 0
    layer[known] = netlist.origins.layer[netlist.origin[known]]
    cuts = {lo for lo, _ in netlist.runs()} | set((np.flatnonzero(np.diff(layer)) + 1).tolist())
    ranges = np.split(np.arange(netlist.num_nodes), sorted(cuts - {0}))
    return [nodes[before[nodes] == count] for nodes in ranges for count in np.unique(before[nodes])]


def _layer_name(circuit: Circuit, node: int) -> str:
    origins = circuit.netlist.origins
    handle = int(circuit.netlist.origin[node])
    return origins.names[origins.layer[handle]] if handle >= 0 else "logic"


def _reads(circuit: Circuit, nodes: NDArray[np.int64], home: NDArray[np.int64], labels: list[str]) -> tuple[str, ...]:
    netlist = circuit.netlist
    real = nodes[nodes >= 0]
    nets = np.concatenate([netlist.fanin[real][netlist.used[real]], -1 - nodes[nodes < 0]])
    return tuple(labels[index] for index in np.unique(home[nets[nets > CONST1]]).tolist())
