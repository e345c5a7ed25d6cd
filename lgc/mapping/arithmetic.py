"""The levels of a circuit whose head is arithmetic, and the register stages among them."""

from __future__ import annotations

from lgc.ir import Circuit, Head
from lgc.mapping.pipeline import Level, Pipeline, input_level, netlist_levels, pipeline
from lgc.mapping.shape import HeadShape, bits_for

# Delays in lookup tables. Synthesis makes the adders between two register stages into 3:2 counters, one table each, of
# which it takes log 2 / log 1.5 in a row to halve the number of terms. A match compares along a carry chain, then
# selects.
_FIRST_ADDER = 1.0
_ADDER = 1.7
_BIAS = 1.0
_MATCH = 3.0


def tree_depth(leaves: int) -> int:
    """Levels of a binary tree."""
    return max(0, leaves - 1).bit_length()


def place_stages(circuit: Circuit, stages: int, outputs: str = "both") -> Pipeline:
    """The circuit's levels, ``stages`` register stages placed among them.

    Args:
        outputs: ``class``, ``scores`` or ``both``.

    Raises:
        OptionError: see :func:`lgc.mapping.pipeline.pipeline`.
    """
    levels = [input_level(circuit.netlist), *netlist_levels(circuit.netlist), *_popcount_levels(circuit.head)]
    shape = HeadShape.of(circuit)
    if circuit.head.bias.any():
        levels.append(Level("scores", 1, _BIAS, shape.num_classes * shape.score))
    if outputs != "scores":
        levels += _argmax_levels(shape, with_scores=outputs == "both")
    return pipeline(levels, stages)


def _popcount_levels(head: Head) -> list[Level]:
    sizes = head.sizes.tolist()
    levels = []
    for index in range(1, tree_depth(max(sizes, default=0)) + 1):
        parts = ((1 << index, size >> index, size % (1 << index)) for size in sizes)
        registers = sum(full * bits_for(span) + (bits_for(rest) if rest else 0) for span, full, rest in parts)
        levels.append(Level("popcount", index, _FIRST_ADDER if index == 1 else _ADDER, registers))
    return levels


def _argmax_levels(shape: HeadShape, *, with_scores: bool) -> list[Level]:
    beside = shape.num_classes * shape.score if with_scores else 0
    rounds = tree_depth(shape.num_classes)
    levels = []
    for index in range(1, rounds + 1):
        left = -(-shape.num_classes // (1 << index))
        registers = left * (shape.score + index) if index < rounds else shape.index
        levels.append(Level("argmax", index, _MATCH, registers + beside))
    return levels
