"""Every row of the rule table is proved, by evaluation of the node before and after it.

For arity 1 to 4 the proof is complete: every table, at every position, for every choice of the operands that
the row looks at among the constants, variables and complements of variables, over all inputs. For arity 5
and 6 the tables are a random sample.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from lgc.ir import MAX_ARITY
from lgc.passes import tables
from lgc.passes.rules import CONSTANTS, INVERTED, ONE, OPPOSITE, RULES, SAME, ZERO, Rule

# Nets: 0 and 1, the variables 2..7, and their complements 8..13, which is what `inverse` says.
_NUM_NETS = 2 + 2 * MAX_ARITY
_INVERSE = np.array([-1] * (2 + MAX_ARITY) + list(range(2, 2 + MAX_ARITY)), np.int32)


def _values(arity: int) -> NDArray[np.int64]:
    """(num_nets, 2^arity): each net for all values of the first ``arity`` variables."""
    values = np.zeros((_NUM_NETS, 1 << arity), np.int64)
    values[1] = 1
    for j in range(MAX_ARITY):
        values[2 + j] = (np.arange(1 << arity) >> j) & 1
        values[2 + MAX_ARITY + j] = 1 - values[2 + j]
    return values


def _tables(arity: int) -> NDArray[np.uint64]:
    if arity <= 4:
        narrow = np.arange(1 << (1 << arity), dtype=np.uint64)
    else:
        narrow = np.random.default_rng(arity).integers(0, 2**64 - 1, 500, dtype=np.uint64, endpoint=True)
        narrow &= np.uint64((1 << (1 << arity)) - 1)
    return tables.extend(narrow, np.full(len(narrow), arity, np.uint8))


def _evaluate(table: NDArray[np.uint64], operands: list[int], values: NDArray[np.int64]) -> NDArray[np.uint64]:
    """(tables, inputs): the nodes' output."""
    address = sum(values[net] << place for place, net in enumerate(operands))
    return (table[:, None] >> np.asarray(address, np.uint64)) & np.uint64(1)


def _columns(operands: list[int], i: int, j: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.array([operands[i]], np.int32), np.array([operands[j]], np.int32)


def _choices(rule: Rule, arity: int, i: int, j: int) -> list[list[int]]:
    """Operands of a node: its own variables, but at i and j everything that the row could look at."""
    own = list(range(2, 2 + arity))
    special = [0, 1, 2 + i, 2 + j, 2 + MAX_ARITY + i, 2 + MAX_ARITY + j]
    result = []
    for at_i, at_j in product(special, repeat=2):
        operands = own.copy()
        operands[i], operands[j] = at_i, at_j
        if rule.applies(*_columns(operands, i, j), _INVERSE).item() and operands not in result:
            result.append(operands)
    return result


@pytest.mark.parametrize("arity", range(1, MAX_ARITY + 1))
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_keeps_the_function(rule: Rule, arity: int) -> None:
    """Wherever ``applies`` says yes, the new table over the new operands computes the same."""
    values, table = _values(arity), _tables(arity)
    for i, j in rule.places(arity):
        choices = _choices(rule, arity, i, j)
        assert choices, "the row never applies: nothing would be proved"
        for operands in choices:
            changed = operands.copy()
            changed[j] = int(rule.operand(_columns(operands, i, j)[1], _INVERSE).item())
            rewritten = rule.rewrite(table, i, j)
            assert np.array_equal(_evaluate(rewritten, changed, values), _evaluate(table, operands, values))
            if rule is not INVERTED:
                assert not tables.depends(rewritten, j).any(), "x_j does not go away"
                assert changed[j] == 0


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_keeps_unused_variables_unused(rule: Rule) -> None:
    """The result is an extended table again: it ignores what the node has no operand for."""
    for arity in range(1, 4):
        for i, j in rule.places(arity):
            rewritten = rule.rewrite(_tables(arity), i, j)
            assert not any(tables.depends(rewritten, unused).any() for unused in range(arity, 6))


# Which (operand i, operand j) each row must catch, and which it must leave. Nets as above: 8 is the complement of 2.
MATCHES = {
    ZERO: ([(0, 0), (5, 0)], [(0, 1), (0, 2), (0, 8)]),
    ONE: ([(1, 1), (5, 1)], [(1, 0), (1, 2), (1, 8)]),
    SAME: ([(2, 2), (8, 8)], [(0, 0), (1, 1), (2, 3), (2, 8), (8, 2)]),
    OPPOSITE: ([(2, 8), (8, 2)], [(0, 0), (0, 1), (1, 0), (2, 2), (8, 8), (2, 9), (9, 2), (3, 0), (8, 0)]),
    INVERTED: ([(2, 8), (0, 13)], [(8, 2), (8, 0), (8, 1)]),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_applies_where_it_should(rule: Rule) -> None:
    caught, left = MATCHES[rule]
    for i, j in caught:
        assert rule.applies(np.array([i]), np.array([j]), _INVERSE).item()
    for i, j in left:
        assert not rule.applies(np.array([i]), np.array([j]), _INVERSE).item()


def test_places_are_all_positions_and_all_pairs() -> None:
    assert list(ZERO.places(3)) == [(0, 0), (1, 1), (2, 2)]
    assert list(SAME.places(3)) == [(0, 1), (0, 2), (1, 2)]
    assert list(ZERO.places(0)) == list(SAME.places(1)) == []


def test_rules_have_names_of_their_own_and_state_their_algebra() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.algebra.count("=") >= 1 for rule in RULES)
    assert set(CONSTANTS) <= set(RULES)
