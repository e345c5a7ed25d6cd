"""Clocks of a serial design: what it does from an input that it takes to the result, whatever else comes in.

Symbolic trajectory evaluation (Seger and Bryant, "Formal verification by symbolic evaluation of partially-ordered
trajectories", 1995): a bit is a constant, a function of the input that is taken, or unknown, which stands for any
value. Unknown are the registers' first contents and all that the ports carry at other times, so that what comes out
known holds whatever these are. The schedule of a serial head does not depend on data: its counters are constants in
every clock, and all but a few gates become wires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.backend.manifest import Manifest
from lgc.errors import NotCheckedError
from lgc.ir import CONST0, CONST1, FIRST_INPUT, Builder
from lgc.verify.formal.cells import Bit, Cell
from lgc.verify.formal.rtl import FlatDesign

I32 = NDArray[np.int32]
U64 = NDArray[np.uint64]

UNKNOWN = -1
SCORES = "scores inside"
"""The name of the nets that the counter is said to hold when it has counted a class: a hint, no more."""
_COUNTER = "head.score"
_ARITY = 6
_MOST_NODES = 1 << 24
# Of a table of 64 entries, those whose address has a 0 at a place.
_LOW = tuple(
    np.uint64(sum(1 << address for address in range(64) if not address >> place & 1)) for place in range(_ARITY)
)
_ALL = np.uint64((1 << 64) - 1)


@dataclass(eq=False)
class _Level:
    """Gates that do not depend on each other: operands (N, A), tables (N,), results (N,), and what they were."""

    inputs: I32
    tables: U64
    outputs: I32
    before: I32 | None = None
    after: I32 | None = None


class Machine:
    """Registers and the gates before them, clock by clock; values are nets of a builder, or :data:`UNKNOWN`."""

    def __init__(self, design: FlatDesign, ends: Iterable[Bit], num_inputs: int) -> None:
        cells = design.cone_over_registers(ends)
        self.builder = Builder(num_inputs)
        self._place: dict[Bit, int] = {"0": 0, "1": 1}
        registers = [cell for cell in cells if cell.kind == "dff"]
        self._held = self._places(cell.outputs[0] for cell in registers)
        self._taken = self._places(cell.inputs[0] for cell in registers)
        self._levels = self._levelled([cell for cell in cells if cell.kind != "dff"])
        self.num_registers = len(registers)

    def _places(self, bits: Iterable[Bit]) -> I32:
        return np.array([self._place.setdefault(bit, len(self._place)) for bit in bits], np.int32)

    def _levelled(self, gates: Sequence[Cell]) -> list[_Level]:
        depth: dict[Bit, int] = {}
        levels: list[list[Cell]] = []
        for cell in gates:
            if cell.kind != "gate":
                raise NotCheckedError("there is more than gates and registers in a serial design: not proved")
            level = max((depth.get(bit, 0) for bit in cell.inputs), default=0)
            depth[cell.outputs[0]] = level + 1
            if level == len(levels):
                levels.append([])
            levels[level].append(cell)
        widest = max((len(cell.inputs) for cell in gates), default=1)
        return [self._level(cells, widest) for cells in levels]

    def _level(self, cells: Sequence[Cell], widest: int) -> _Level:
        """Tables are repeated to 64 entries, operands filled up with zeros, which they do not depend on."""
        padded = [[*cell.inputs, *["0"] * (widest - len(cell.inputs))] for cell in cells]
        inputs = self._places(bit for operands in padded for bit in operands).reshape(len(cells), widest)
        repeated = [cell.table * (int(_ALL) // ((1 << (1 << len(cell.inputs))) - 1)) for cell in cells]
        return _Level(inputs, np.array(repeated, np.uint64), self._places(cell.outputs[0] for cell in cells))

    def settle(self, state: I32, ports: Mapping[Bit, int]) -> I32:
        """All values between two edges, from the registers' and the ports'; read them by :meth:`of`."""
        values = np.full(len(self._place), UNKNOWN, np.int32)
        values[[0, 1]] = CONST0, CONST1
        values[self._held] = state
        known = [(self._place[bit], value) for bit, value in ports.items() if bit in self._place]
        values[[place for place, _ in known]] = [value for _, value in known]
        for level in self._levels:
            operands = values[level.inputs]
            if level.before is None or level.after is None or not np.array_equal(operands, level.before):
                level.before, level.after = operands, fold(self.builder, level.tables, operands)
            values[level.outputs] = level.after
        return values

    def edge(self, values: I32) -> I32:
        """The registers' values after the next edge."""
        return values[self._taken]

    def of(self, values: I32, bits: Iterable[Bit]) -> list[int]:
        """The values of nets; unknown where the design does not drive them."""
        return [int(values[self._place[bit]]) if bit in self._place else UNKNOWN for bit in bits]


def fold(builder: Builder, tables: U64, operands: I32) -> I32:
    """The values of gates, with as few new nodes as constants and wires allow.

    Args:
        tables: (N,), each repeated to 64 entries.
        operands: (N, A), nets or :data:`UNKNOWN`.

    Returns:
        (N,): unknown where the result depends on an unknown operand.
    """
    result = np.full(len(tables), UNKNOWN, np.int32)
    places = [(place, _LOW[place], np.uint64(1 << place)) for place in range(operands.shape[1])]
    for place, low, shift in places:
        value, zero, one = operands[:, place], tables & low, (tables >> shift) & low
        tables = np.where(value == CONST0, zero | (zero << shift), tables)
        tables = np.where(value == CONST1, one | (one << shift), tables)
    needs = np.stack([(tables ^ (tables >> shift)) & low != 0 for _, low, shift in places], axis=1)
    count = needs.sum(axis=1)
    result[tables == 0], result[tables == _ALL] = CONST0, CONST1
    known = ~(needs & (operands == UNKNOWN)).any(axis=1) & (count > 0)
    only = operands[np.arange(len(tables)), needs.argmax(axis=1)]
    wire = known & (count == 1) & (tables & np.uint64(1) == 0)
    result[wire] = only[wire]
    if len(made := np.flatnonzero(known & ~wire)):
        width = operands.shape[1]
        entries = _ALL >> np.uint64(64 - (1 << width))
        result[made] = builder.add_layer(tables[made] & entries, np.where(needs, operands, CONST0)[made])
    return result


@dataclass(frozen=True)
class Flight:
    """What follows an input that is taken: the results as a design without registers, or how the schedule is wrong."""

    design: FlatDesign
    note: str
    wrong: str = ""


def follow(design: FlatDesign, manifest: Manifest, outputs: Sequence[str], left: Callable[[], float]) -> Flight:
    """Prove the schedule of a serial design, by induction over what it does with one input.

    *Idle* is a set of states in which some registers have known values. A reset leads there from any state; without an
    input it stays there; and ``interval`` clocks after it takes one it is there again. Of the clocks after an input
    ``out_valid`` is 1 at the ``latency``-th alone, whatever is on offer meanwhile.

    Raises:
        NotCheckedError: it is not so, or not seen to be so; with the reason.
    """
    if manifest.interval < manifest.latency:
        raise NotCheckedError("inputs overlap, but are not taken every clock: not proved")
    source = design.ports[manifest.input_port]
    ends = [bit for name in ("out_valid", *outputs) for bit in design.ports[name]]
    _check_registered(design, ends)
    machine = Machine(design, ends, len(source))
    schedule = _Schedule(machine, design, manifest, left)
    idle = schedule.idle()
    if wrong := schedule.start(idle):
        return Flight(design, "", wrong)
    inputs = dict(zip(source, range(FIRST_INPUT, FIRST_INPUT + len(source)), strict=True))
    results = [bit for name in outputs for bit in design.ports[name]]
    every = max(1, (manifest.latency - 1) // len(manifest.classes))
    reads = dict.fromkeys(range(every, manifest.latency, every), design.wires.get(_COUNTER, ()))
    wrong, found, _ = schedule.flight(idle, inputs, reads | {manifest.latency: results})
    values = found.pop(manifest.latency)
    if UNKNOWN in values:
        raise NotCheckedError("a result depends on more than the input that was taken: not proved")
    counted = [value for clock in reads for value in found[clock]]
    names = {SCORES: () if UNKNOWN in counted else counted}
    names |= {name: [values.pop(0) for _ in design.ports[name]] for name in outputs}
    known = int((idle != UNKNOWN).sum())
    note = f"{manifest.interval:,} clocks from idle to idle, which {known} of {machine.num_registers:,} registers tell"
    return Flight(_flat(machine.builder, manifest.input_port, names), note, wrong)


def _check_registered(design: FlatDesign, ends: Sequence[Bit]) -> None:
    registers = [bit for bit, cell in design.driver.items() if cell.kind == "dff"]
    read = {bit for cell in design.cone(ends, registers) for bit in cell.inputs}
    if not read.union(ends).isdisjoint(design.ports["rst"]):
        raise NotCheckedError("an output depends on rst before an edge: not proved")


@dataclass(frozen=True, eq=False)
class _Schedule:
    machine: Machine
    design: FlatDesign
    manifest: Manifest
    left: Callable[[], float]

    def _clock(self, state: I32, ports: Mapping[Bit, int] | None = None, **control: int) -> I32:
        """The state after an edge; ports that are not named are unknown."""
        named = {self.design.ports[name][0]: value for name, value in control.items()}
        return self.machine.edge(self.machine.settle(state, named | dict(ports or {})))

    def _valid(self, state: I32) -> int:
        return self.machine.of(self.machine.settle(state, {}), self.design.ports["out_valid"])[0]

    def idle(self) -> I32:
        """The registers' values that a reset brings about and that stand again after every input."""
        anything = np.full(self.machine.num_registers, UNKNOWN, np.int32)
        state = self._clock(anything, rst=CONST1)
        state[state > CONST1] = UNKNOWN
        while True:
            _, _, after = self.flight(state, {}, {})
            waiting = self._clock(state, rst=CONST0, in_valid=CONST0)
            kept = np.where((state == after) & (state == waiting), state, UNKNOWN)
            if np.array_equal(kept, state):
                return state
            state = kept

    def start(self, idle: I32) -> str:
        """What is wrong with ``out_valid`` after a reset and while nothing is taken; nothing is empty."""
        anything = np.full(len(idle), UNKNOWN, np.int32)
        reset, waiting = self._clock(anything, rst=CONST1), self._clock(idle, rst=CONST0, in_valid=CONST0)
        for state in (reset, waiting):
            if ((idle != UNKNOWN) & (state != idle)).any():
                raise NotCheckedError("no state was found that the design waits in: not proved")
        found = {what: self._valid(one) for what, one in (("after a reset", reset), ("with no input", waiting))}
        if UNKNOWN in found.values():
            raise NotCheckedError("out_valid is not 0 in some state after a reset or without an input: not proved")
        return next((f"out_valid is 1 {what}" for what, value in found.items() if value != CONST0), "")

    def flight(
        self, idle: I32, inputs: Mapping[Bit, int], reads: Mapping[int, Sequence[Bit]]
    ) -> tuple[str, dict[int, list[int]], I32]:
        """From idle to idle over an input: what is wrong with ``out_valid``, nets at given clocks, the last state."""
        found: dict[int, list[int]] = {}
        wrong = ""
        state = self._clock(idle, inputs, rst=CONST0, in_valid=CONST1)
        for clock in range(1, self.manifest.interval + 1):
            self.left()
            values = self.machine.settle(state, {self.design.ports["rst"][0]: CONST0})
            found[clock] = self.machine.of(values, reads.get(clock, ()))
            valid = self.machine.of(values, self.design.ports["out_valid"])[0]
            if inputs and valid not in (CONST0, CONST1):
                raise NotCheckedError(f"out_valid is not the same for all inputs after {clock} clocks: not proved")
            if valid == (CONST0 if clock == self.manifest.latency else CONST1):
                wrong = wrong or f"out_valid is {valid} after {clock} clocks"
            if self.machine.builder.num_nets > _MOST_NODES:
                raise NotCheckedError(f"unrolled, there are more than {_MOST_NODES:,} gates: not proved")
            if clock < self.manifest.interval:
                state = self.machine.edge(values)
        return wrong, found, state


def _flat(builder: Builder, source: str, words: Mapping[str, Sequence[int]]) -> FlatDesign:
    """What a builder has collected as a design of gates, with ports of the given names."""
    netlist = builder.build([net for word in words.values() for net in word])
    first, fanin, tables = netlist.first_node, netlist.fanin.tolist(), netlist.table.tolist()
    names: dict[int, Bit] = {CONST0: "0", CONST1: "1"}
    cells = []
    for node in np.flatnonzero(netlist.live()[first:]).tolist():
        operands = fanin[node][: int(netlist.arity[node])]
        cells.append(Cell("gate", tuple(names.get(one, one) for one in operands), (first + node,), tables[node]))
    ports = {name: tuple(names.get(net, net) for net in word) for name, word in words.items()}
    hint = {SCORES: ports.pop(SCORES)}
    return FlatDesign(
        ports | {source: tuple(netlist.inputs)}, tuple(cells), {one.outputs[0]: one for one in cells}, hint
    )
