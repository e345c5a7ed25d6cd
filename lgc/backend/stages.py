"""Cuts a netlist into the stages that become modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.ir import CONST1, Circuit
from lgc.ir.naming import identifier, unique
from lgc.mapping.pipeline import net_ranks

INPUT = "bits"
VOTES = "votes"


@dataclass(frozen=True, eq=False)
class Stage:
    """A vector of nets that are computed from earlier stages only.

    Attributes:
        name: of the vector, and part of the module's name.
        nodes: int64 (width,), node indices in vector order. In the votes an entry -1 - k copies net k.
        reads: names of the stages that it reads, in order.
        rank: register ranks before it; it reads a stage of rank q through rank - q registers.
    """

    name: str
    nodes: NDArray[np.int64]
    reads: tuple[str, ...]
    rank: int = 0

    @property
    def width(self) -> int:
        """The number of nets in the vector."""
        return len(self.nodes)


@dataclass(frozen=True, eq=False)
class Staging:
    """A circuit's stages, in order, the votes last, and how to write every net.

    Attributes:
        references: one entry per net: ``layer1[12]``; for constants ``0`` and ``1``.
    """

    stages: tuple[Stage, ...]
    references: list[str]


def stage(circuit: Circuit, top: str = "", cuts: Sequence[int] = ()) -> Staging:
    """Cut a circuit into stages, none of them named like the top module.

    A stage is a range of nodes of one layer that do not read each other, all before the same register rank. The last
    stage, the votes, has one entry per output, in order: nodes that serve as one output and nothing else are computed
    there; the other entries are copies.

    Args:
        cuts: per rank the level that it stands behind, below the depth; see :func:`lgc.mapping.pipeline.net_ranks`.
    """
    netlist = circuit.netlist
    first = netlist.first_node
    outputs = netlist.outputs.astype(np.int64)
    ranks = np.minimum(net_ranks(netlist, cuts), len(cuts))
    is_vote = np.zeros(netlist.num_nets, np.bool_)
    is_vote[outputs] = True
    is_vote &= (netlist.fanout() == 1) & (ranks == len(cuts))
    is_vote[:first] = False
    ranges = [nodes[~is_vote[first + nodes]] for nodes in _ranges(circuit, ranks[first:])]
    ranges = [nodes for nodes in ranges if len(nodes)]
    names = unique([identifier(_layer_name(circuit, int(nodes[0])), "stage") for nodes in ranges], taken=[top])
    home = np.full(netlist.num_nets, -1, np.int64)  # the stage of each net: -1 constants, 0 input, i+1 ranges[i]
    home[2:first] = 0
    references = ["0", "1", *(f"{INPUT}[{i}]" for i in range(netlist.num_inputs)), *[""] * netlist.num_nodes]
    for index, (name, nodes) in enumerate(zip(names, ranges, strict=True)):
        home[first + nodes] = index + 1
        for position, node in enumerate(nodes.tolist()):
            references[first + node] = f"{name}[{position}]"
    labels = [INPUT, *names]
    stages = [
        Stage(name, nodes, _reads(circuit, nodes, home, labels), int(ranks[first + nodes[0]]))
        for name, nodes in zip(names, ranges, strict=True)
    ]
    votes = np.where(is_vote[outputs], outputs - first, -1 - outputs)
    stages.append(Stage(VOTES, votes, _reads(circuit, votes, home, labels), len(cuts)))
    return Staging(tuple(stages), references)


def _ranges(circuit: Circuit, ranks: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Node ranges without inner dependences, cut at changes of layer too, and parted by rank."""
    netlist = circuit.netlist
    if not netlist.num_nodes:
        return []
    layer = np.full(netlist.num_nodes, -1, np.int64)
    known = netlist.origin >= 0
    layer[known] = netlist.origins.layer[netlist.origin[known]]
    cuts = {lo for lo, _ in netlist.runs()} | set((np.flatnonzero(np.diff(layer)) + 1).tolist())
    ranges = np.split(np.arange(netlist.num_nodes), sorted(cuts - {0}))
    return [nodes[ranks[nodes] == rank] for nodes in ranges for rank in np.unique(ranks[nodes])]


def _layer_name(circuit: Circuit, node: int) -> str:
    origins = circuit.netlist.origins
    handle = int(circuit.netlist.origin[node])
    return origins.names[origins.layer[handle]] if handle >= 0 else "logic"


def _reads(circuit: Circuit, nodes: NDArray[np.int64], home: NDArray[np.int64], labels: list[str]) -> tuple[str, ...]:
    netlist = circuit.netlist
    real = nodes[nodes >= 0]
    nets = np.concatenate([netlist.fanin[real][netlist.used[real]], -1 - nodes[nodes < 0]])
    return tuple(labels[index] for index in np.unique(home[nets[nets > CONST1]]).tolist())
