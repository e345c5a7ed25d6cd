"""Names of a network's input bits, as people read them: ``pixel 12, 7 > 63``, ``mean radius > 14.4``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lgc.ir import Circuit, port_names
from lgc.ir.inputs import Column
from lgc.ir.ports import INPUT_NAMES


@dataclass(frozen=True)
class Bit:
    """An input bit of the network.

    Attributes:
        feature: the model's feature, or with codes the column, that it belongs to.
        step: which of the feature's bits it is.
        owner: the feature's name.
        test: what the bit says of it, `` > 63``; empty where the feature is a bit itself.
    """

    feature: int
    step: int
    owner: str
    test: str

    @property
    def name(self) -> str:
        """For people."""
        return self.owner + self.test


def feature_names(circuit: Circuit) -> tuple[str, ...]:
    """Of all features, or with codes of all columns, that bits belong to."""
    code, inputs = circuit.encoder.code, circuit.inputs
    if inputs is not None:
        return inputs.names if code is not None else inputs.feature_names
    if INPUT_NAMES in circuit.metadata and circuit.encoder.num_thresholds == 1:
        return tuple(port_names(circuit)[0])
    count = circuit.encoder.num_features if code is None else len(code.columns)
    return tuple(f"feature {index}" for index in range(count))


def named_bits(circuit: Circuit, bits: Iterable[int]) -> list[Bit]:
    """Some input bits, by their numbers from 0."""
    names, owner = feature_names(circuit), circuit.encoder.column_of_bits
    first = np.searchsorted(owner, np.arange(len(names)))
    owners = _owners(circuit)
    found = []
    for bit in bits:
        feature = int(owner[bit])
        step = bit - int(first[feature])
        found.append(Bit(feature, step, names[feature], _test(circuit, owners[feature], feature, step)))
    return found


def _owners(circuit: Circuit) -> list[Column | None]:
    """The column of each feature; None where nobody said."""
    if circuit.inputs is None:
        return [None] * len(feature_names(circuit))
    if circuit.encoder.code is not None:
        return list(circuit.inputs.columns)
    return [column for column in circuit.inputs.columns for _ in range(column.num_features)]


def _test(circuit: Circuit, column: Column | None, feature: int, step: int) -> str:
    if circuit.encoder.code is not None:
        return f", bit {step}"
    if circuit.encoder.thresholds is None:
        return ""
    threshold = float(circuit.encoder.thresholds[feature, step])
    if column is None:
        return f" > {threshold:.4g}"
    if column.kind in ("category", "bit"):
        return "" if 0 <= threshold < 1 else f" > {threshold:.4g}"
    return f" > {threshold_of(column, threshold)}"


def threshold_of(column: Column, threshold: float) -> str:
    """A threshold in the unit of its column: a value above it sets the bit, one at or below it does not.

    The model compares what the column's value becomes, a code or a share of the largest pixel.
    """
    if column.kind == "pixel":
        guess = math.floor(threshold * column.scale + column.offset)
        below = [k for k in (guess - 1, guess, guess + 1) if not _is_above(column, k, threshold)]
        return str(max(below, default=guess))
    if column.bits:
        edge = (math.floor(threshold) + 0.5 - column.offset) / column.scale
        return f"{edge:.{_digits(column, edge)}g}"
    return f"{threshold:.4g}"


def _is_above(column: Column, k: int, threshold: float) -> bool:
    return float(np.float32(k - column.offset) / np.float32(column.scale)) > threshold


def _digits(column: Column, edge: float) -> int:
    """So many digits that neighbouring codes differ, and not many more."""
    step = 1 / column.scale
    return max(3, min(12, math.ceil(math.log10(max(abs(edge), step) / step)) + 1))
