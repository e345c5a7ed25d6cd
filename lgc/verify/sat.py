"""Satisfiability of an output of a netlist, by Tseitin's encoding and a CDCL solver (python-sat)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lgc.ir import FIRST_INPUT, Netlist
from lgc.tools.find import missing

_CONFLICTS = 200_000


class Sat:
    """A netlist as clauses; net n is variable n + 1.

    Args:
        netlist: encoded whole; give a cone where that is enough.
        conflicts: after so many, a question is left undecided.

    Raises:
        MissingToolError: python-sat is not installed.
    """

    def __init__(self, netlist: Netlist, conflicts: int = _CONFLICTS) -> None:
        try:
            from pysat.solvers import Solver
        except ImportError:
            raise missing("python-sat", "a proof about single nets") from None
        self._netlist, self._conflicts = netlist, conflicts
        self._solver = Solver("glucose4", bootstrap_with=list(_clauses(netlist)))

    def satisfy(self, nets: Iterable[tuple[int, bool]]) -> NDArray[np.bool_] | bool | None:
        """Inputs, bool (I,), under which every given net has its given value; False if there are none.

        Returns:
            None if the solver gave up.
        """
        assumptions = [net + 1 if value else -net - 1 for net, value in nets]
        self._solver.conf_budget(self._conflicts)
        answer = self._solver.solve_limited(assumptions=assumptions)
        if not answer:
            return None if answer is None else False
        model = np.array(self._solver.get_model()[: self._netlist.first_node])
        bits = np.zeros(self._netlist.num_inputs, np.bool_)
        bits[: max(0, len(model) - FIRST_INPUT)] = model[FIRST_INPUT:] > 0
        return bits

    def learn(self, net: int, *, value: bool) -> None:
        """Tell the solver that a net always has a value, as an answer of it has shown."""
        self._solver.add_clause([net + 1 if value else -net - 1])

    def close(self) -> None:
        """Free the solver."""
        self._solver.delete()


def _clauses(netlist: Netlist) -> Iterable[list[int]]:
    """For each address of each table: the operands are not at it, or the output is the entry."""
    yield [-1]
    yield [2]
    rows = zip(netlist.arity.tolist(), netlist.table.tolist(), netlist.fanin.tolist(), strict=True)
    for net, (arity, table, fanin) in enumerate(rows, netlist.first_node):
        yield from _node(net + 1, table, fanin[:arity])


def _node(output: int, table: int, operands: Sequence[int]) -> Iterable[list[int]]:
    for address in range(1 << len(operands)):
        elsewhere = [-(net + 1) if (address >> place) & 1 else net + 1 for place, net in enumerate(operands)]
        yield [*elsewhere, output if (table >> address) & 1 else -output]
