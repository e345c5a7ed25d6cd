"""What vectors exercise: do nets toggle, do gates see all their input combinations, and would a wrong gate show?

All of it is measured on the netlist that the text says (:mod:`lgc.backend.verilog.textnet`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lgc.backend.verilog.textnet import read_text, vote_groups
from lgc.errors import NotCheckedError
from lgc.ir import Netlist, interp
from lgc.verify.comparison import Comparison
from lgc.verify.formats.verilog import VerilogText
from lgc.verify.sat import Sat
from lgc.verify.vectors import VectorSet

Bits = NDArray[np.bool_]
U64 = NDArray[np.uint64]
_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_BLOCK = 1 << 12  # vectors evaluated at once
_SAT_ROUND = 64  # vectors made before all gates are looked at again
# Node evaluations that propagation may spend: it evaluates a cone for every gate.
_CONE_BUDGET = 2_000_000_000
_CONE_VECTORS = 256


@dataclass(eq=False)
class Coverage:
    """What a set of vectors exercises.

    Attributes:
        vectors: how many.
        toggled: bool (M,), gates whose output was seen 0 and 1.
        seen: uint64 (M,), bit a is set if the operands of a gate were seen at address a.
        possible: uint64 (M,), the addresses that some input can bring about; all of them until SAT says otherwise.
        propagated: bool (P,), gates whose flipped output changed a score; of the gates ``measured``.
        measured: int64 (P,), the gates that propagation was measured on, by ``propagation_vectors`` vectors.
    """

    vectors: int
    toggled: Bits
    seen: U64
    possible: U64
    propagated: Bits
    measured: NDArray[np.int64]
    propagation_vectors: int

    @property
    def combinations(self) -> tuple[int, int]:
        """Input combinations of gates: seen, and possible."""
        return int(np.bitwise_count(self.seen).sum()), int(np.bitwise_count(self.possible).sum())

    @property
    def excited(self) -> int:
        """Gates that saw every combination of their inputs that is possible."""
        return int((self.seen == self.possible).sum())


def cover(comparison: Comparison[VerilogText], sets: Sequence[VectorSet]) -> tuple[Coverage, Coverage, Bits, int]:
    """The coverage of Verilog by vectors, and by those that are made for the rest too.

    Returns:
        Both, the vectors made, bool (N, I), and how many combinations of inputs the solver left undecided.

    Raises:
        NotCheckedError: there are no vectors.
        MissingToolError: python-sat is not installed.
    """
    device, progress = comparison.device, comparison.progress
    device.check_fits(comparison.circuit)
    if not any(len(one.bits) for one in sets):
        raise NotCheckedError("there are no vectors: nothing was covered", hint="Give data, or --random N")
    progress.step("coverage")
    text, manifest = device.rtl.text, device.rtl.manifest
    netlist = read_text(text, comparison.num_inputs).netlist
    groups = vote_groups(text, netlist, manifest.group_sizes)
    before = measure_coverage(netlist, np.concatenate([one.bits for one in sets]), groups)
    after = replace(before, toggled=before.toggled.copy(), seen=before.seen.copy(), possible=before.possible.copy())
    progress.step("coverage: vectors for the rest")
    return before, after, *complete(netlist, after)


def measure_coverage(netlist: Netlist, bits: Bits, offsets: NDArray[np.int64]) -> Coverage:
    """The coverage of vectors (B, I).

    Args:
        netlist: outputs are the votes.
        offsets: int64 (C+1,): class c's votes are ``offsets[c]`` to ``offsets[c+1]``.
    """
    toggled, seen = excitation(netlist, bits)
    measured, propagated, used = _propagation(netlist, bits, offsets)
    return Coverage(len(bits), toggled, seen, _all_addresses(netlist), propagated, measured, used)


def excitation(netlist: Netlist, bits: Bits) -> tuple[Bits, U64]:
    """Which gates toggle, bool (M,), and which addresses each one sees, uint64 (M,)."""
    zero, one = np.zeros((2, netlist.num_nodes), np.bool_)
    seen = np.zeros(netlist.num_nodes, np.uint64)
    for start in range(0, len(bits), _BLOCK):
        chunk = bits[start : start + _BLOCK]
        nets = interp.evaluate_nets(netlist, interp.pack(chunk))
        valid = interp.pack(np.ones((len(chunk), 1), np.bool_))[0]
        own = nets[netlist.first_node :]
        one |= (own & valid).any(axis=1)
        zero |= (~own & valid).any(axis=1)
        seen |= _addresses(netlist, nets, valid)
    return zero & one, seen


def _addresses(netlist: Netlist, nets: U64, valid: U64) -> U64:
    seen = np.zeros(netlist.num_nodes, np.uint64)
    for arity in np.unique(netlist.arity).tolist():
        nodes = np.flatnonzero(netlist.arity == arity)
        operands = [nets[netlist.fanin[nodes, place]] for place in range(arity)]
        for address in range(1 << arity):
            at = np.broadcast_to(valid, (len(nodes), len(valid)))
            for place, operand in enumerate(operands):
                at = at & (operand if (address >> place) & 1 else ~operand)
            seen[nodes] |= at.any(axis=1).astype(np.uint64) << np.uint64(address)
    return seen


def _all_addresses(netlist: Netlist) -> U64:
    sizes = np.uint64(1) << netlist.arity.astype(np.uint64)
    return np.where(sizes == 64, _ONES, (np.uint64(1) << (sizes % np.uint64(64))) - np.uint64(1))


def _propagation(netlist: Netlist, bits: Bits, offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], Bits, int]:
    """Flip each gate's output on vectors spread over all, and see whether a class's sum changes."""
    picked = bits[np.linspace(0, len(bits) - 1, min(len(bits), _CONE_VECTORS)).astype(np.int64)] if len(bits) else bits
    readers = _Readers(netlist, offsets)
    words = interp.pack(picked)
    nets = interp.evaluate_nets(netlist, words)
    valid = interp.pack(np.ones((len(picked), 1), np.bool_))[0]
    measured, propagated, spent = [], [], 0
    order = np.random.default_rng(0).permutation(netlist.num_nodes)
    for node in order.tolist():
        if spent > _CONE_BUDGET:
            break
        spent += readers.flip(node, nets)
        measured.append(node)
        propagated.append(bool((readers.change(nets) & valid).any()))
    return np.array(measured, np.int64), np.array(propagated, np.bool_), len(picked)


class _Readers:
    """Who reads a net, for evaluating cones; one flipped gate at a time."""

    def __init__(self, netlist: Netlist, offsets: NDArray[np.int64]) -> None:
        self._netlist = netlist
        reader, place = np.nonzero(netlist.used)
        read = netlist.fanin[reader, place]
        order = np.argsort(read, kind="stable")
        self._readers, starts = reader[order], np.bincount(read, minlength=netlist.num_nets)
        self._starts = np.concatenate([[0], np.cumsum(starts)])
        group = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        self._votes: dict[int, list[int]] = {}
        for net, index in zip(netlist.outputs.tolist(), group.tolist(), strict=True):
            self._votes.setdefault(net, []).append(index)
        self._flipped: dict[int, U64] = {}

    def flip(self, node: int, nets: U64) -> int:
        """Evaluate the cone of a node with its output flipped; returns what that costs."""
        first = self._netlist.first_node
        self._flipped = {first + node: ~nets[first + node]}
        pending, cost = set(self._reading(first + node)), nets.shape[1]
        while pending:
            reader = min(pending)
            pending.discard(reader)
            value = self._evaluate(reader, nets)
            cost += nets.shape[1] << int(self._netlist.arity[reader])
            if not np.array_equal(value, nets[first + reader]):
                self._flipped[first + reader] = value
                pending.update(self._reading(first + reader))
        return cost

    def change(self, nets: U64) -> U64:
        """Samples, uint64 (W,), for which some class's sum changes."""
        changed = np.zeros(nets.shape[1], np.uint64)
        groups: dict[int, list[int]] = {}
        for net in self._flipped:
            for index in self._votes.get(net, ()):
                groups.setdefault(index, []).append(net)
        for votes in groups.values():
            if len(votes) == 1:
                changed |= self._flipped[votes[0]] ^ nets[votes[0]]
                continue
            before = sum(interp.unpack(nets[[net]], 64 * nets.shape[1]).astype(np.int64) for net in votes)
            after = sum(interp.unpack(self._flipped[net][None], 64 * nets.shape[1]).astype(np.int64) for net in votes)
            changed |= interp.pack(np.asarray(before != after))[0]
        return changed

    def _reading(self, net: int) -> list[int]:
        return self._readers[self._starts[net] : self._starts[net + 1]].tolist()

    def _evaluate(self, node: int, nets: U64) -> U64:
        netlist = self._netlist
        table, value = int(netlist.table[node]), np.zeros(nets.shape[1], np.uint64)
        operands = [self._flipped.get(net, nets[net]) for net in netlist.fanin[node, : netlist.arity[node]].tolist()]
        for address in range(1 << len(operands)):
            if (table >> address) & 1:
                term = np.full(nets.shape[1], _ONES)
                for place, operand in enumerate(operands):
                    term = term & (operand if (address >> place) & 1 else ~operand)
                value |= term
        return value


def complete(netlist: Netlist, coverage: Coverage) -> tuple[Bits, int]:
    """Vectors for the combinations that were never seen, by SAT; those that are impossible leave ``possible``.

    Args:
        coverage: updated: ``seen`` with what the vectors bring about, ``possible`` without what nothing can.

    Returns:
        The vectors, bool (N, I), and how many combinations the solver left undecided.

    Raises:
        MissingToolError: python-sat is not installed.
    """
    sat, undecided = Sat(netlist), 0
    made: list[Bits] = []
    fresh: list[Bits] = []
    for node, address in _unseen(netlist, coverage):
        if (int(coverage.seen[node]) >> address) & 1:
            continue
        operands = netlist.fanin[node, : netlist.arity[node]].tolist()
        answer = sat.satisfy([(net, bool((address >> place) & 1)) for place, net in enumerate(operands)])
        if answer is None:
            undecided += 1
        elif answer is False:
            coverage.possible[node] &= ~(np.uint64(1) << np.uint64(address))
        else:
            fresh.append(np.asarray(answer))
            coverage.seen[node] |= np.uint64(1) << np.uint64(address)
        if len(fresh) == _SAT_ROUND:
            made += _take(netlist, coverage, fresh)
    made += _take(netlist, coverage, fresh)
    sat.close()
    return np.concatenate([np.zeros((0, netlist.num_inputs), np.bool_), *made]), undecided


def _unseen(netlist: Netlist, coverage: Coverage) -> list[tuple[int, int]]:
    missing = coverage.possible & ~coverage.seen
    nodes = np.flatnonzero(missing).tolist()
    return [(node, a) for node in nodes for a in range(1 << int(netlist.arity[node])) if (int(missing[node]) >> a) & 1]


def _take(netlist: Netlist, coverage: Coverage, fresh: list[Bits]) -> list[Bits]:
    """See what else the new vectors exercise."""
    if not fresh:
        return []
    bits = np.stack(fresh)
    fresh.clear()
    toggled, seen = excitation(netlist, bits)
    coverage.seen |= seen
    coverage.toggled |= toggled
    return [bits]
