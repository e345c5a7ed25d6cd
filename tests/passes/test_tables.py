"""Truth-table algebra against a slow definition: a function called at all 64 points."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

from lgc.passes import tables

POINTS = [tuple((address >> j) & 1 for j in range(6)) for address in range(64)]
SAMPLES = np.concatenate(
    [
        np.array([0, 2**64 - 1, 1, 1 << 63, *tables.VARIABLES], np.uint64),
        np.random.default_rng(0).integers(0, 2**64 - 1, 120, dtype=np.uint64, endpoint=True),
    ]
)
Point = tuple[int, ...]


def at(table: int, point: Point) -> int:
    return (int(table) >> sum(bit << j for j, bit in enumerate(point))) & 1


def put(point: Point, j: int, bit: int) -> Point:
    return (*point[:j], bit, *point[j + 1 :])


def assert_maps(result: np.ndarray, where: Callable[[Point], Point]) -> None:
    """The result at each point is the argument at ``where(point)``."""
    assert result.dtype == np.uint64
    for old, new in zip(SAMPLES.tolist(), result.tolist(), strict=True):
        assert [at(new, p) for p in POINTS] == [at(old, where(p)) for p in POINTS]


def test_variables_are_the_functions_x_j() -> None:
    for j, variable in enumerate(tables.VARIABLES):
        assert [at(int(variable), point) for point in POINTS] == [point[j] for point in POINTS]


@pytest.mark.parametrize("j", range(6))
def test_functions_of_one_variable(j: int) -> None:
    """cofactor0, cofactor1, flip and depends."""
    assert_maps(tables.cofactor0(SAMPLES, j), lambda p: put(p, j, 0))
    assert_maps(tables.cofactor1(SAMPLES, j), lambda p: put(p, j, 1))
    assert_maps(tables.flip(SAMPLES, j), lambda p: put(p, j, 1 - p[j]))
    depends = [any(at(t, put(p, j, 0)) != at(t, put(p, j, 1)) for p in POINTS) for t in SAMPLES.tolist()]
    assert tables.depends(SAMPLES, j).tolist() == depends


@pytest.mark.parametrize(("i", "j"), list(combinations(range(6), 2)))
def test_functions_of_two_variables(i: int, j: int) -> None:
    """identify, oppose and swap."""
    assert_maps(tables.identify(SAMPLES, i, j), lambda p: put(p, j, p[i]))
    assert_maps(tables.oppose(SAMPLES, i, j), lambda p: put(p, j, 1 - p[i]))
    assert_maps(tables.swap(SAMPLES, i, j), lambda p: put(put(p, i, p[j]), j, p[i]))


@pytest.mark.parametrize("arity", range(7))
def test_extend_repeats_and_truncate_takes_back(arity: int) -> None:
    size = 1 << arity
    narrow = SAMPLES & np.uint64((1 << size) - 1)
    arities = np.full(len(narrow), arity, np.uint8)
    wide = tables.extend(narrow, arities)
    for old, new in zip(narrow.tolist(), wide.tolist(), strict=True):
        assert [(new >> a) & 1 for a in range(64)] == [(old >> (a % size)) & 1 for a in range(64)]
    assert not any(tables.depends(wide, j).any() for j in range(arity, 6))
    assert tables.truncate(wide, arities).tolist() == narrow.tolist()


def test_extend_and_truncate_take_mixed_arities_and_leave_their_argument() -> None:
    arities = np.arange(7, dtype=np.uint8)
    narrow = np.array([1, 2, 0x6, 0x96, 0x8000, 1 << 31, 1 << 63], np.uint64)
    before = narrow.copy()
    assert tables.truncate(tables.extend(narrow, arities), arities).tolist() == before.tolist() == narrow.tolist()


def test_no_tables() -> None:
    none = np.zeros(0, np.uint64)
    assert len(tables.truncate(tables.extend(none, np.zeros(0, np.uint8)), np.zeros(0, np.uint8))) == 0
