"""What the design is asked: given data, random inputs, and directed ones that data sets rarely hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Circuit, interp

Bits = NDArray[np.bool_]

_DENSITIES = (0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.98)
_CLIMB_ROUNDS = 8
_CLIMB_CANDIDATES = 32
# Node evaluations that the search for directed vectors may spend; a second or two.
_SEARCH_BUDGET = 150_000_000


@dataclass(frozen=True, eq=False)
class VectorSet:
    """Vectors of one kind.

    Attributes:
        kind: ``data``, ``random`` or ``directed``.
        bits: bool (B, I).
        labels: one description per vector, or None for data and random ones.
        targets: int64 (B,), the true class of each vector, if it is known.
    """

    kind: str
    bits: Bits
    labels: tuple[str, ...] | None = None
    targets: NDArray[np.int64] | None = None

    def label(self, index: int) -> str:
        """Vector ``index`` for people."""
        return f"{self.kind} vector {index}" + (f" ({self.labels[index]})" if self.labels else "")


def random_vectors(num_inputs: int, count: int, seed: int) -> VectorSet:
    """Vectors of densities from sparse to dense, the same for the same seed."""
    rng = np.random.default_rng(seed)
    density = rng.choice(_DENSITIES, (count, 1))
    return VectorSet("random", rng.random((count, num_inputs), dtype=np.float32) < density)


def directed_vectors(circuit: Circuit, start: Bits, seed: int) -> VectorSet:
    """All zeros, all ones, and by search: each class at its largest and smallest score, and ties for the maximum.

    Args:
        circuit: the unoptimised circuit; it only guides the search, expected values come from the software model.
        start: vectors to search from, (B, I), for example a slice of the data.
    """
    num_inputs, num_classes = circuit.netlist.num_inputs, circuit.head.num_classes
    rows = [np.zeros(num_inputs, np.bool_), np.ones(num_inputs, np.bool_)]
    labels = ["all zeros", "all ones"]
    pool = np.concatenate([start, random_vectors(num_inputs, 256, seed).bits, np.stack(rows)])
    scores = interp.scores(circuit, pool)
    search = _Search(circuit, pool, scores, np.random.default_rng(seed))
    names = circuit.head.classes
    for index in range(num_classes):
        rows.append(search.climb(lambda s, c=index: s[:, c]))
        labels.append(f"class {names[index]} at its largest score found")
        rows.append(search.climb(lambda s, c=index: -s[:, c]))
        labels.append(f"class {names[index]} at its smallest score found")
    for first, second in _pairs(num_classes):
        rows.append(search.climb(lambda s, a=first, b=second: _tie_quality(s, a, b)))
        labels.append(f"classes {names[first]} and {names[second]} near a tie for the maximum")
    ties = _tied(scores)
    for index in np.flatnonzero(ties)[:64].tolist():
        rows.append(pool[index])
        labels.append("a tie for the maximum")
    return VectorSet("directed", np.stack(rows), tuple(labels))


def _pairs(num_classes: int) -> list[tuple[int, int]]:
    """Neighbours, and the first with the last: enough to see any wrong tie rule."""
    if num_classes < 2:
        return []
    neighbours = [(index, index + 1) for index in range(min(num_classes - 1, 16))]
    return neighbours if num_classes == 2 else [*neighbours, (0, num_classes - 1)]


def _tied(scores: NDArray[np.int64]) -> Bits:
    return np.asarray((scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1)


def _tie_quality(scores: NDArray[np.int64], first: int, second: int) -> NDArray[np.int64]:
    """0 if both hold the maximum, the more negative the further from it."""
    top = scores.max(axis=1)
    return np.asarray(scores[:, first] + scores[:, second] - 2 * top)


class _Search:
    """Hill climbing over input flips, guided by the interpreter."""

    def __init__(self, circuit: Circuit, pool: Bits, scores: NDArray[np.int64], rng: np.random.Generator) -> None:
        self._circuit, self._pool, self._scores, self._rng = circuit, pool, scores, rng
        goals = 2 * circuit.head.num_classes + 17
        evaluations = _SEARCH_BUDGET // max(1, circuit.netlist.num_nodes) // goals
        self._rounds = min(_CLIMB_ROUNDS, evaluations // _CLIMB_CANDIDATES)

    def climb(self, quality) -> Bits:  # type: ignore[no-untyped-def]
        """The best vector found for ``quality``, a function from scores (B, C) to values (B,)."""
        values = quality(self._scores)
        best = self._pool[int(values.argmax())]
        height = int(values.max())
        for _ in range(self._rounds):
            flips = self._rng.random((_CLIMB_CANDIDATES, len(best))) < self._rng.choice((0.003, 0.02, 0.1))
            candidates = best ^ flips
            values = quality(interp.scores(self._circuit, candidates))
            if int(values.max()) > height:
                best, height = candidates[int(values.argmax())], int(values.max())
        return best
