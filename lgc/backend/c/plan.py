"""From a circuit to straight-line code: the order of gates and the fusion with the counters."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from lgc.backend.c.counter import Counter
from lgc.backend.c.halves import Decompositions, decompositions_of
from lgc.backend.c.literal import FALSE, NONE, STORE, TRUE, Program
from lgc.backend.c.lut import append_lut
from lgc.backend.c.near import near_order, takes_long
from lgc.backend.c.split import splits_of
from lgc.backend.c.ternary import TERNARY, TernaryCounter, TernaryProgram
from lgc.backend.c.trails import Vote
from lgc.backend.c.votes import votes_of
from lgc.ir import FIRST_INPUT, Circuit, Netlist

_OR_NOT = 0b10111011  # word | ~other, of (word, other, word)


def num_planes(circuit: Circuit) -> int:
    """Bits of a score above :func:`base`, at least 1."""
    head = circuit.head
    return max(1, int((head.bias - base(circuit) + head.sizes).max()).bit_length())


def base(circuit: Circuit) -> int:
    """What is subtracted from every score, so that none is negative."""
    return int(circuit.head.bias.min())


def make_program(circuit: Circuit, *, ternary: bool = False) -> Program:
    """The instructions of a circuit: class after class, gates as late as possible.

    Plane ``c * P + w`` receives bit w of ``score[c] - base``. What no output needs is left out.

    Args:
        ternary: for a machine where any function of three words is one instruction.
    """
    planner = make_planner(circuit.netlist, ternary=ternary)
    planes, head, netlist = num_planes(circuit), circuit.head, circuit.netlist
    read = np.bincount(netlist.fanin.ravel(), minlength=netlist.num_nets) > 0
    for group, (lo, hi) in enumerate(pairwise(head.offsets.tolist())):
        nets, times = np.unique(netlist.outputs[lo:hi], return_counts=True)
        votes, constant = votes_of(netlist, dict(zip(nets.tolist(), times.tolist(), strict=True)), read)
        counter = planner.counter(planner.program)
        counter.constant = int(head.bias[group]) - base(circuit) + constant
        for vote in planner.order(votes):
            counter.add(planner.word(vote), vote.times)
        for weight, literal in enumerate(counter.finish(planes)):
            planner.program.store(literal, group * planes + weight)
        planner.forget()
    return planner.program.pruned()


@dataclass(frozen=True)
class KernelCounts:
    """What the kernel does for one word of samples.

    ``reads`` counts each input once for every run of :data:`RUN` instructions that uses it, a model of what stays
    in registers. ``functions`` are the operations that take three words.
    """

    operations: int = 0
    reads: int = 0
    writes: int = 0
    functions: int = 0

    def plus(self, other: KernelCounts, times: int = 1) -> KernelCounts:
        """With what another kernel does, so many times."""
        return KernelCounts(*(one + times * two for one, two in zip(astuple(self), astuple(other), strict=True)))


RUN = 16


def kernel_counts(circuit: Circuit, *, ternary: bool = False) -> KernelCounts:
    """The kernel's vector operations, operand reads and plane writes; ``ternary``: see :func:`make_program`."""
    return program_counts(make_program(circuit, ternary=ternary))


def program_counts(program: Program) -> KernelCounts:
    """The same of instructions."""
    stores = program.opcode.count(STORE)
    reads: set[tuple[int, int]] = set()
    for index in range(len(program)):
        reads.update((index // RUN, value) for value in program.operands(index) if 0 <= value < program.num_inputs)
    functions = sum(third != NONE for third in program.third)
    return KernelCounts(len(program) - stores, len(reads), stores, functions)


def make_planner(netlist: Netlist, *, ternary: bool, planes: int = 0) -> Planner:
    """What emits the nodes of a netlist.

    Args:
        ternary: see :func:`make_program`.
        planes: so many inputs of the program, behind those of the netlist, are what planes were; see `Planner.join`.
    """
    return (_TernaryPlanner if ternary else Planner)(netlist, planes)


class Planner:
    """Emits the nodes of a netlist on demand.

    Attributes:
        program: what was emitted.
    """

    counter: ClassVar[type[Counter]] = Counter

    def __init__(self, netlist: Netlist, planes: int = 0) -> None:
        self._netlist, self._planes = netlist, planes
        self._fanin = netlist.fanin.tolist()
        self._arity = netlist.arity.tolist()
        self._table = netlist.table.tolist()
        self._origin = netlist.origin.tolist()
        self._first = netlist.first_node
        self._start()

    def literal(self, net: int) -> int:
        """The literal of a net, after its cone has been emitted, operands first."""
        stack = [net]
        while stack:
            top = stack[-1]
            if self._literals[top] is not None:
                stack.pop()
                continue
            node = top - self._first
            missing = [n for n in self._fanin[node][: self._arity[node]] if self._literals[n] is None]
            if missing:
                stack.extend(reversed(missing))
            else:
                self._literals[top] = self._emit(node)
                stack.pop()
        literal = self._literals[net]
        assert literal is not None
        return literal

    def word(self, vote: Vote) -> int:
        """The literal of a vote."""
        if len(vote.operands) == 1:
            return self.literal(vote.operands[0]) ^ (vote.table & 1)
        return self._node(vote.table, [self.literal(net) for net in vote.operands])

    def join(self, net: int, plane: int) -> None:
        """Store ``what the plane was OR net``."""
        self.program.store(self.program.disj(self._word(plane), self.literal(net)), plane)

    def _word(self, plane: int) -> int:
        """The literal of what a plane was."""
        assert plane < self._planes
        return 2 * (self._netlist.num_inputs + plane)

    def _emit(self, node: int) -> int:
        operands = [self._known(net) for net in self._fanin[node][: self._arity[node]]]
        before = len(self.program)
        literal = self._node(self._table[node], operands)
        if len(self.program) > before and self._origin[node] >= 0:
            label = self._netlist.origins.label(self._origin[node])
            self.program.notes[len(self.program) - 1] = ("not " if literal & 1 else "") + label
        return literal

    def taken(self) -> Program:
        """The program so far; what is emitted from now on is another, which shares nothing with it."""
        program = self.program
        self._start()
        return program

    def forget(self) -> None:
        """Another class begins, far from those before it: what is computed more cheaply than kept is computed again."""

    def _start(self) -> None:
        netlist = self._netlist
        self.program = self._empty(netlist.num_inputs + self._planes)
        inputs = [2 * value for value in range(netlist.num_inputs)]
        self._literals: list[int | None] = [FALSE, TRUE, *inputs, *[None] * netlist.num_nodes]

    def _empty(self, num_inputs: int) -> Program:
        return Program(num_inputs)

    def _node(self, table: int, operands: list[int]) -> int:
        return append_lut(self.program, table, operands)

    def _known(self, net: int) -> int:
        literal = self._literals[net]
        assert literal is not None
        return literal

    def order(self, votes: list[Vote]) -> list[Vote]:
        """The votes of a class, so that neighbours read the same operands."""
        reads = {place: self._operands(vote) for place, vote in enumerate(votes)}
        if takes_long(reads):
            return sorted(votes, key=self._operands)
        return [votes[place] for place in near_order(reads)]

    def _operands(self, vote: Vote) -> tuple[int, ...]:
        """The distinct nets that a vote's function reads, but for constants."""
        node = vote.operands[0] - self._first
        nets = vote.operands if len(vote.operands) > 1 or node < 0 else self._fanin[node][: self._arity[node]]
        return tuple(dict.fromkeys(net for net in nets if net >= FIRST_INPUT))


class _TernaryPlanner(Planner):
    """Emits them as functions of three."""

    counter = TernaryCounter

    def __init__(self, netlist: Netlist, planes: int = 0) -> None:
        tables = set(zip(netlist.table.tolist(), netlist.arity.tolist(), strict=True))
        self._splits = splits_of(tables)
        self._halves = self._cheaper(decompositions_of(tables), 0)
        self._joined = self._cheaper(decompositions_of(tables, joined=True), 1) if planes else {}
        read = np.concatenate([netlist.fanin.ravel(), netlist.outputs])
        self._uses = np.bincount(read, minlength=netlist.num_nets)
        self._cheap = self._cheap_nets(netlist)
        super().__init__(netlist, planes)

    def _cheaper(self, every: Decompositions, more: int) -> Decompositions:
        """Those that take fewer instructions than the steps of :mod:`lgc.backend.c.split`, and ``more``."""
        found = {}
        for (table, arity), one in every.items():
            alone = TernaryProgram(arity)
            alone.lut(table, [2 * value for value in range(arity)], self._splits)
            if one.cost < len(alone) + more:
                found[table, arity] = one
        return found

    def _empty(self, num_inputs: int) -> Program:
        self._ternary = TernaryProgram(num_inputs)
        return self._ternary

    def forget(self) -> None:
        """See :class:`Planner`: a function of inputs is one instruction, and to store a word of 512 bits costs four."""
        for net in self._cheap:
            self._literals[net] = None
        self._ternary.forget_inputs()

    def _cheap_nets(self, netlist: Netlist) -> list[int]:
        """Functions of up to three inputs that are read twice at most."""
        of_inputs = (netlist.arity <= 3) & (netlist.fanin.max(axis=1, initial=0) < netlist.first_node)
        nets = np.flatnonzero(of_inputs) + netlist.first_node
        found: list[int] = nets[self._uses[nets] <= 2].tolist()
        return found

    def _node(self, table: int, operands: list[int]) -> int:
        found = self._halves.get((table, len(operands)))
        return self._ternary.decomposed(found, operands) if found else self._ternary.lut(table, operands, self._splits)

    def join(self, net: int, plane: int) -> None:
        """See :class:`Planner`: what nobody else reads is made with the OR."""
        node = net - self._first
        known = self._joined.get((self._table[node], self._arity[node])) if node >= 0 else None
        word = self._word(plane)
        if known is not None and self._uses[net] == 1:
            operands = [self.literal(one) for one in self._fanin[node][: self._arity[node]]]
            self.program.store(self._ternary.decomposed(known, operands, word), plane)
        elif (literal := self.literal(net)) >= 0 and literal & 1:  # else the result would be a complement, one more
            self.program.store(2 * self._ternary.append(TERNARY + _OR_NOT, word >> 1, literal >> 1, word >> 1), plane)
        else:
            super().join(net, plane)
