"""Area and depth of a circuit in lookup tables without synthesis, in about a second.

Gates below the votes are packed greedily into tables. A head that is fixed as tables is built for a single class,
and the others are reckoned in proportion to their votes. An arithmetic head is counted in full adders, at what yosys
was measured to make of one; the votes' own gates disappear in them. Where the parts have carry chains, it is counted
as :mod:`lgc.mapping.adders` says, the votes' gates included. docs/hardware.md has the error against yosys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lgc.errors import OptionError
from lgc.ir import Circuit, Head, Netlist
from lgc.mapping.adders import count_matches, count_sums
from lgc.mapping.arithmetic import place_ranks
from lgc.mapping.heads import EFFORT, ON_CHAINS, map_circuit
from lgc.mapping.heads.comparators import Comparator, find_comparators, read_nets
from lgc.mapping.heads.pack import SHARED, pair_up_sets
from lgc.mapping.pipeline import Pipeline, max_ranks, net_ranks
from lgc.mapping.shape import HeadShape
from lgc.parts.part import Adders, Family
from lgc.tools.cc import has_c_compiler

# Lookup tables for one full adder that counts votes, gates swallowed, by operands of a table: fitted to yosys 0.70's
# `synth -lut` over the nets of docs/hardware.md.
_PER_ADDER = {4: 2.65, 6: 2.1}
_PER_ADDER_PIPELINED = {4: 3.25, 6: 2.25}  # register ranks keep adders apart
_PER_ADDER_APART = {4: 2.65, 6: 2.25}  # and the gates from the adders: no gate is swallowed
_PER_ADDER_ALONE = {4: 3.56, 6: 3.22}  # and every pair of votes from the next: no table holds three of them
_MOST_READERS = 2
# Lookup tables for one bit of one comparison of two scores, the choice of the winner included.
_PER_COMPARED = {4: 2.1, 6: 1.8}
_PER_COMPARED_MAPPED = {4: 1.85, 6: 1.45}
_PER_SERIAL_BIT = 3.5  # a bit of the one counter, and as much again of the one comparison
_ROUND_DEPTH = {4: 4, 6: 3}
_ADDER_DEPTH = {4: 2.2, 6: 1.6}


@dataclass(frozen=True)
class Stage:
    """A stage's lookup tables, and how many lie in a row."""

    luts: int
    depth: int


@dataclass(frozen=True)
class Estimate:
    """What a circuit takes.

    Attributes:
        lut: operands of a lookup table, 4 or 6.
        head: the head that was reckoned with.
        stages: by name: gates, popcount, argmax.
        carry: positions of carry chains; of an adder head their cells.
        carry_sites: lookup-table sites that each of them takes.
    """

    lut: int
    head: str
    stages: dict[str, Stage]
    carry: int = 0
    carry_sites: int = 0

    @property
    def luts(self) -> int:
        """All of them."""
        return sum(stage.luts for stage in self.stages.values())

    @property
    def sites(self) -> int:
        """Places for lookup tables that it takes, those of carry cells included."""
        return self.luts + self.carry * self.carry_sites

    @property
    def depth(self) -> int:
        """In a row from input to output."""
        return sum(stage.depth for stage in self.stages.values())


def estimate(
    circuit: Circuit,
    *,
    lut: int,
    head: str = "adder",
    outputs: str = "both",
    pipeline: int = 0,
    family: Family | None = None,
) -> Estimate:
    """Estimate a circuit that the passes have optimised.

    Args:
        lut: 4 or 6.
        head: ``adder``, ``serial`` or one of :mod:`lgc.mapping.heads`.
        outputs: ``class``, ``scores`` or ``both``.
        pipeline: register ranks, or as many as the circuit has places for.
        family: of parts, whose carry chains plain arithmetic goes onto; without, it is all lookup tables.

    Raises:
        OptionError: there is no such head for such tables.
    """
    if lut not in (4, 6):
        raise OptionError(f"lookup tables of {lut} operands", hint="They have 4 or 6")
    width = max(1, int(circuit.head.sizes.max(initial=1)).bit_length())
    if head == "serial":
        return _serial(circuit, lut, width)
    if head == "adder":
        most = max_ranks(place_ranks(circuit, 0, outputs).levels)
        ranks = place_ranks(circuit, min(pipeline, most), outputs)
        if family and family.adders:
            return replace(_chained(circuit, lut, outputs, ranks, family.adders), carry_sites=family.carry_sites)
        gates, popcount, carry = _adder_head(circuit, lut, ranks)
    else:
        gates, popcount, carry = _mapped_head(circuit, lut, head)
    stages = {"gates": gates, "popcount": popcount}
    if outputs != "scores":
        per_bit = (_PER_COMPARED if head == "adder" else _PER_COMPARED_MAPPED)[lut]
        matches = circuit.head.num_classes - 1
        rounds = matches.bit_length()
        stages["argmax"] = Stage(round(per_bit * width * matches), _ROUND_DEPTH[lut] * rounds)
    return Estimate(lut, head, stages, carry)


def _serial(circuit: Circuit, lut: int, width: int) -> Estimate:
    """A vote's gate is in the table before its flip-flop; beside them there is one counter and one comparison."""
    bits = round(_PER_SERIAL_BIT * width)
    stages = {
        "gates": _gates(circuit.netlist, lut),
        "popcount": Stage(circuit.netlist.num_outputs + bits, 2),
        "argmax": Stage(bits, 3),
    }
    return Estimate(lut, "serial", stages)


def _chained(circuit: Circuit, lut: int, outputs: str, ranks: Pipeline, adders: Adders) -> Estimate:
    """Plain arithmetic, partly on carry chains."""
    netlist = circuit.netlist
    below = _gates(netlist, lut, cuts=ranks.indices("gates"))
    votes = 0 if ranks.behind("gates", netlist.depth) else len(np.unique(netlist.outputs))
    shape, sums = HeadShape.of(circuit), count_sums(circuit, ranks, adders)
    depth = round(_ADDER_DEPTH[lut] * shape.count)
    stages = {
        "gates": Stage(round(adders.gate * below.luts), below.depth),
        "popcount": Stage(round(adders.vote * votes + sums.luts(adders)), depth),
    }
    if outputs == "scores":
        return Estimate(lut, "adder", stages, sums.carry)
    matches = count_matches(circuit, adders)
    chosen = max(0, shape.num_classes - 2) * shape.score + (shape.num_classes - 1) * shape.index
    rounds = (shape.num_classes - 1).bit_length()
    stages["argmax"] = Stage(round(matches.luts(adders) + adders.choice * chosen), _ROUND_DEPTH[lut] * rounds)
    return Estimate(lut, "adder", stages, sums.carry + matches.carry)


def _adder_head(circuit: Circuit, lut: int, ranks: Pipeline) -> tuple[Stage, Stage, int]:
    netlist = circuit.netlist
    apart = ranks.behind("gates", netlist.depth) > 0
    below = _gates(netlist, lut, cuts=ranks.indices("gates"))
    per_adder = _PER_ADDER_APART if apart else _PER_ADDER_PIPELINED if ranks.latency > 2 else _PER_ADDER
    if ranks.behind("popcount", 1):
        per_adder = _PER_ADDER_ALONE
    adders = sum(size - size.bit_count() for size in circuit.head.sizes.tolist() if size)
    width = int(circuit.head.sizes.max(initial=1)).bit_length()
    return below, Stage(round(per_adder[lut] * adders), round(_ADDER_DEPTH[lut] * width)), 0


def _mapped_head(circuit: Circuit, lut: int, head: str) -> tuple[Stage, Stage, int]:
    """Build the head of the class with the most votes, and reckon by votes."""
    sizes = circuit.head.sizes
    index = int(sizes.argmax())
    lo, hi = circuit.head.offsets[index : index + 2].tolist()
    one = Head(np.array([0, hi - lo]), circuit.head.bias[index : index + 1], ("one",))
    netlist = circuit.netlist
    sample = replace(circuit, netlist=netlist.with_outputs(netlist.outputs[lo:hi]), head=one)
    mapped = map_circuit(sample, head=head, lut=lut, outputs="scores", effort=EFFORT if has_c_compiler() else 0)
    share = float(sizes.sum()) / max(1, hi - lo)
    chains = int((mapped.kind != 0).sum()) // 2
    compared = find_comparators(circuit, lut) if head in ON_CHAINS else {}
    below = _gates(netlist, lut, fixed=True, apart=compared)
    if compared:
        below = Stage(below.luts + _encoder(netlist, compared), max(1, below.depth))
    luts = mapped.luts["popcount"]
    return below, Stage(round(luts * share), max(0, mapped.netlist.depth - below.depth)), round(chains * share)


def _encoder(netlist: Netlist, found: dict[int, Comparator]) -> int:
    """Lookup tables of two outputs for the encoder's comparators that something else reads."""
    read = sorted(read_nets(netlist, found))
    pairs = pair_up_sets(
        {net: frozenset(found[net].nets) for net in read if len(found[net].nets) <= SHARED}, apart=True
    )
    return len(read) - len(pairs)


def _gates(
    netlist: Netlist,
    lut: int,
    *,
    fixed: bool = False,
    apart: Collection[int] = (),
    cuts: Sequence[int] = (),
) -> Stage:
    """Lookup tables of at most ``lut`` operands below the votes, by greedy packing.

    A table takes over gates of at most two readers while its operands allow, which may double them; a gate that all
    its readers have taken over needs no table of its own. The votes take over gates too, and are not counted; unless
    the head is ``fixed`` as tables, which read what the votes read.

    Args:
        apart: nets of nodes that are tables as they are, and not counted here.
        cuts: levels that a register rank stands behind, 0 for the inputs: no table takes over a gate before its rank,
            and where one stands behind the last level, the votes are counted.
    """
    first = netlist.first_node
    votes = np.zeros(netlist.num_nets, np.bool_)
    votes[netlist.outputs] = True
    nodes = np.flatnonzero(netlist.live()[first:])
    readers = np.bincount(netlist.fanin[nodes][netlist.used[nodes]], minlength=netlist.num_nets).tolist()
    fanin, arity, is_vote = netlist.fanin.tolist(), netlist.arity.tolist(), votes.tolist()
    rank = net_ranks(netlist, cuts).tolist()
    support: dict[int, frozenset[int]] = {}
    depth: dict[int, int] = {}
    taken: Counter[int] = Counter()
    for node in nodes.tolist():
        if first + node in apart:
            depth[first + node] = 1
            continue
        leaves = frozenset(fanin[node][: arity[node]])
        for operand in sorted(leaves, key=lambda net: len(support.get(net, ()))):
            if fixed and is_vote[first + node]:
                break
            inner = support.get(operand) if rank[operand] == rank[first + node] else None
            wider = (leaves - {operand}) | (inner or leaves)
            if inner is not None and readers[operand] <= _MOST_READERS and len(wider) <= lut:
                leaves = wider
                taken[operand] += 1
        support[first + node] = leaves
        depth[first + node] = 1 + max((depth.get(leaf, 0) for leaf in leaves), default=-1)
    counted = netlist.depth in cuts
    kept = [net for net in support if (counted if is_vote[net] else taken[net] < readers[net])]
    return Stage(len(kept), max((depth[net] for net in kept), default=0))
