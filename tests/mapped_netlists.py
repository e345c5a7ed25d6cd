"""Mapped netlists under test: what their outputs say, against the interpreter, and what their plan weighs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Circuit
from lgc.ir.interp import evaluate, evaluate_nets, pack, scores, unpack
from lgc.ir.verify import verify_netlist
from lgc.mapping.heads import all_heads
from lgc.mapping.heads.mapped import MappedHead
from lgc.mapping.heads.plan import Mapped, Piece

Architecture = tuple[str, int]
HEADS: list[Architecture] = [
    (head.name, lut) for head in all_heads() if isinstance(head, MappedHead) for lut in head.lut_sizes
]


def results(mapped: Mapped, bits: NDArray[np.bool_]) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """Scores (B, C) and classes (B,) as the netlist's outputs say them."""
    outputs = evaluate(mapped.netlist, bits).astype(np.int64)
    words = [outputs[:, positions] @ (1 << np.arange(len(positions))) for positions in mapped.scores]
    values = np.stack(words, axis=1) if words else None
    if values is not None and mapped.signed:
        values -= (values >> (mapped.width - 1)) << mapped.width
    index = outputs[:, mapped.class_id] @ (1 << np.arange(len(mapped.class_id))) if mapped.class_id else None
    return values, index


def check(circuit: Circuit, mapped: Mapped, bits: NDArray[np.bool_]) -> None:
    verify_netlist(mapped.netlist)
    assert mapped.netlist.num_inputs == circuit.netlist.num_inputs
    assert len(mapped.region) == mapped.netlist.num_nodes
    expected = scores(circuit, bits)
    values, index = results(mapped, bits)
    if values is not None:
        np.testing.assert_array_equal(values, expected)
    if index is not None:
        np.testing.assert_array_equal(index, circuit.head.classify(expected))


def values_of(mapped: Mapped, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return unpack(evaluate_nets(mapped.netlist, pack(bits)), len(bits))


def literal(nets: NDArray[np.bool_], one: int) -> NDArray[np.int64]:
    return (nets[:, one >> 1] ^ bool(one & 1)).astype(np.int64)


def weigh(nets: NDArray[np.bool_], bits: tuple[tuple[int, int], ...]) -> NDArray[np.int64]:
    return sum((literal(nets, one) << exponent for one, exponent in bits), np.zeros(len(nets), np.int64))


def value(nets: NDArray[np.bool_], piece: Piece) -> NDArray[np.int64]:
    address = sum(nets[:, net].astype(np.int64) << index for index, net in enumerate(piece.nets))
    return np.array(piece.values)[address]


def swallowed(nets: NDArray[np.bool_], pieces: Iterable[Piece]) -> NDArray[np.int64]:
    return sum((value(nets, piece) - piece.offset for piece in pieces), np.zeros(len(nets), np.int64))
