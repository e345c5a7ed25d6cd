"""Gates with constants folded, each at its register stage; a bit that may be undefined carries a second gate for that.

A *signal* is a net with the number of register stages before it. A *bit* is a signal, or a pair of signals: its value,
and whether it is undefined (``x`` or ``z``) at an input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from lgc.errors import NetlistError
from lgc.frontend.facts import how_to_say
from lgc.ir import FIRST_INPUT, MAX_ARITY, Builder

_STAGE = 25
_NET = (1 << _STAGE) - 1
_MAX_NETS = 1 << 24
_MAX_STAGES = 1 << 12
_WINDOW = 12
_LOOKS = 4096
_AND, _OR, _XOR, _MUX = 0x8, 0xE, 0x6, 0xCA

K = TypeVar("K")

Bit = int | tuple[int, int]


def settle(
    root: K, values: Mapping[K, Any], step: Callable[[K], list[K]], cycle: Callable[[K, set[K]], Exception]
) -> None:
    """Give ``root`` its value, and before it all that it depends on, however deep that is.

    Args:
        values: those that are there.
        step: gives a key its value, or says which keys it needs first.
        cycle: the error about a key that depends on itself, given all keys that wait.
    """
    waiting, stack = set[K](), [root]
    while stack:
        key = stack[-1]
        if key in values:
            waiting.discard(key)
            stack.pop()
            continue
        missing = step(key)
        if not missing:
            continue
        waiting.add(key)
        for source in missing:
            if source in waiting:
                raise cycle(source, waiting)
        stack += missing


class Logic:
    """Nets so far: 0 and 1 are the constants, then come inputs and gates in the order in which they were made."""

    def __init__(self) -> None:
        self.tables: list[int] = [0, 0]
        self.operands: list[tuple[int, ...]] = [(), ()]
        self.inputs: list[int] = []
        self._known: dict[tuple[int, tuple[int, ...]], int] = {}
        self._safe: dict[int, bool] = {}
        self._registers = False

    def input(self) -> int:
        """A signal that no gate makes."""
        self.inputs.append(len(self.tables))
        return self._append(-1, (), 0)

    def _append(self, table: int, operands: tuple[int, ...], stage: int) -> int:
        net = len(self.tables)
        if net >= _MAX_NETS:
            raise NetlistError(f"it has more than {_MAX_NETS} signals")
        self.tables.append(table)
        self.operands.append(operands)
        return net | stage << _STAGE

    def later(self, bit: Bit) -> Bit:
        """The bit behind one more register."""
        self._registers = True
        if type(bit) is tuple:
            return self._later(bit[0]), self._later(bit[1])
        assert type(bit) is int
        return self._later(bit)

    def _later(self, signal: int) -> int:
        if signal >> _STAGE >= _MAX_STAGES:
            raise NetlistError(f"it has more than {_MAX_STAGES} register stages")
        return signal if signal < FIRST_INPUT else signal + (1 << _STAGE)

    def lut(self, table: int, operands: tuple[int, ...]) -> int:
        """A lookup table of up to six signals; operand 0 is address bit 0.

        Raises:
            NetlistError: the operands have passed different numbers of registers.
        """
        for position in range(len(operands) - 1, -1, -1):
            signal = operands[position]
            low, high = _cofactors(table, len(operands), position)
            if signal < FIRST_INPUT or low == high:
                table, operands = (high if signal == 1 else low), operands[:position] + operands[position + 1 :]
            elif signal in operands[:position]:
                first = operands.index(signal)
                table = _merged(table, len(operands), first, position)
                operands = operands[:position] + operands[position + 1 :]
        if not operands:
            return table & 1
        if len(operands) == 1:
            if table in (0, 3):
                return table & 1
            if table == 2:
                return operands[0]
        elif any(len(set(_cofactors(table, len(operands), k))) == 1 for k in range(len(operands))):
            return self.lut(table, operands)  # merging made an operand useless
        return self._node(table, operands)

    def _node(self, table: int, operands: tuple[int, ...]) -> int:
        found = self._known.get((table, operands))
        if found is None:
            found = self._append(table, operands, self._stage_of(operands) if self._registers else 0)
            self._known[table, operands] = found
        return found

    def _stage_of(self, operands: tuple[int, ...]) -> int:
        stage = operands[0] >> _STAGE
        for signal in operands[1:]:
            if signal >> _STAGE != stage:
                counts = sorted({stage, signal >> _STAGE})
                raise NetlistError(
                    f"a gate reads signals behind {counts[0]} and behind {counts[1]} registers",
                    hint="lgc cuts registers where all paths pass equally many. An input that holds still, such as a "
                    f"reset or an enable, is set by {how_to_say('tie', 'NAME=0')}",
                )
        return stage

    def and_(self, a: int, b: int) -> int:
        """``a & b``."""
        if a > b:
            a, b = b, a
        if a < FIRST_INPUT:
            return b if a else 0
        return a if a == b else self._node(_AND, (a, b))

    def or_(self, a: int, b: int) -> int:
        """``a | b``."""
        if a > b:
            a, b = b, a
        if a < FIRST_INPUT:
            return 1 if a else b
        return a if a == b else self._node(_OR, (a, b))

    def xor(self, a: int, b: int) -> int:
        """``a ^ b``."""
        if a > b:
            a, b = b, a
        if a < FIRST_INPUT:
            return self.not_(b) if a else b
        return 0 if a == b else self._node(_XOR, (a, b))

    def not_(self, a: int) -> int:
        """``~a``: the complement of a gate is a gate of the same operands."""
        if a < FIRST_INPUT:
            return 1 - a
        table, operands = self.tables[a & _NET], self.operands[a & _NET]
        shifted = bool(operands) and self._registers and a >> _STAGE != operands[0] >> _STAGE
        if table < 0 or shifted:
            return self._node(0x1, (a,))
        if operands and len(operands) == 1 and table == 0x1:
            return operands[0]
        return self._node(table ^ ((1 << (1 << len(operands))) - 1), operands)

    def mux(self, select: int, low: int, high: int) -> int:
        """``select ? high : low``."""
        if select < FIRST_INPUT:
            return high if select else low
        if low == high:
            return low
        return self.lut(_MUX, (low, high, select))

    def select(self, table: int, size: int, address: list[int]) -> int:
        """Entry ``address`` of a table of ``2^len(address)`` bits; address bit 0 comes first."""
        if table in (0, (1 << size) - 1):
            return table & 1
        if len(address) <= MAX_ARITY:
            return self.lut(table, tuple(address))
        half = size >> 1
        low, high = table & ((1 << half) - 1), table >> half
        return self.mux(address[-1], self.select(low, half, address[:-1]), self.select(high, half, address[:-1]))

    def never(self, signal: int) -> bool:
        """Whether a signal is shown to be 0 always, by a look at the few gates before it."""
        if signal < FIRST_INPUT:
            return signal == 0
        if signal not in self._safe:
            self._safe[signal] = self._window_is_zero(signal)
        return self._safe[signal]

    def _window_is_zero(self, signal: int) -> bool:
        leaves = {signal}
        inner: list[int] = []
        while True:
            choices = [
                (sum(1 for source in self._sources(leaf) if source not in leaves), -leaf)
                for leaf in leaves
                if self._sources(leaf)
            ]
            if not choices:
                break
            growth, leaf = min(choices)
            if len(leaves) - 1 + growth > _WINDOW and inner and len(leaves) <= _WINDOW:
                break
            if len(leaves) > 4 * _WINDOW or len(inner) > _LOOKS:
                return False
            leaf = -leaf
            leaves.remove(leaf)
            inner.append(leaf)
            leaves.update(self._sources(leaf))
        return (
            len(leaves) <= _WINDOW and bool(inner) and self._evaluate(signal, sorted(leaves), sorted(set(inner))) == 0
        )

    def _sources(self, signal: int) -> tuple[int, ...]:
        """The gate's operands that are no constants, at the stage at which the signal stands."""
        operands = self.operands[signal & _NET]
        shift = (signal >> _STAGE) - (operands[0] >> _STAGE) if operands else 0
        return tuple(operand + (shift << _STAGE) for operand in operands)

    def _evaluate(self, signal: int, leaves: list[int], inner: list[int]) -> int:
        """The truth table of a signal over leaves."""
        size = 1 << len(leaves)
        full = (1 << size) - 1
        values = {leaf: full // ((1 << (1 << k)) + 1) << (1 << k) for k, leaf in enumerate(leaves)}
        for gate in inner:
            operands = [values[source] for source in self._sources(gate)]
            table, total = self.tables[gate & _NET], 0
            for address in range(1 << len(operands)):
                if table >> address & 1:
                    product = full
                    for k, operand in enumerate(operands):
                        product &= operand if address >> k & 1 else full ^ operand
                    total |= product
            values[gate] = total
        return values[signal]

    def cone(self, signal: int) -> set[int]:
        """All nets that a signal depends on, itself among them."""
        found, todo = set(), [signal & _NET]
        while todo:
            net = todo.pop()
            if net not in found:
                found.add(net)
                todo += [source & _NET for source in self.operands[net]]
        return found

    def reached(self, outputs: list[int]) -> list[bool]:
        """For each net, whether an output depends on it."""
        needed = [False] * len(self.tables)
        for signal in outputs:
            needed[signal & _NET] = True
        for net in range(len(self.tables) - 1, FIRST_INPUT - 1, -1):
            if needed[net]:
                for source in self.operands[net]:
                    needed[source & _NET] = True
        return needed

    def netlist(self, inputs: list[int], outputs: list[int]) -> tuple[Builder, list[int]]:
        """The gates that outputs need, level by level, and the outputs' nets.

        Args:
            inputs: signals, in the order of the netlist's inputs; the outputs depend on no others.
        """
        builder = Builder(len(inputs))
        needed = self.reached(outputs)
        levels: dict[tuple[int, int], list[int]] = {}
        level = [0] * len(self.tables)
        for net in range(FIRST_INPUT, len(self.tables)):
            operands = self.operands[net]
            if needed[net] and operands:
                level[net] = 1 + max(level[source & _NET] for source in operands)
                levels.setdefault((level[net], len(operands)), []).append(net)
        names = np.zeros(len(self.tables), np.int64)
        names[1] = 1
        names[inputs] = np.arange(FIRST_INPUT, FIRST_INPUT + len(inputs))
        for _, nets in sorted(levels.items()):
            tables = np.array([self.tables[net] for net in nets], np.uint64)
            fanin = names[np.array([self.operands[net] for net in nets], np.int64) & _NET]
            names[nets] = builder.add_layer(tables, fanin)
        return builder, [int(names[signal & _NET]) for signal in outputs]


def net_of(signal: int) -> int:
    """The net of a signal."""
    return signal & _NET


def registers_before(signal: int) -> int:
    """How many registers stand before a signal."""
    return signal >> _STAGE


def _cofactors(table: int, arity: int, position: int) -> tuple[int, int]:
    """The tables over the other operands where one operand is 0, and where it is 1."""
    step, low, high, place = 1 << position, 0, 0, 0
    for start in range(0, 1 << arity, 2 * step):
        mask = (1 << step) - 1
        low |= (table >> start & mask) << place
        high |= (table >> (start + step) & mask) << place
        place += step
    return low, high


def _merged(table: int, arity: int, first: int, second: int) -> int:
    """The table where operand ``second`` is the same signal as operand ``first``, without it."""
    low, high = _cofactors(table, arity, second)
    result = 0
    for address in range(1 << (arity - 1)):
        result |= ((high if address >> first & 1 else low) >> address & 1) << address
    return result
