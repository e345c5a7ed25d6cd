"""What a head is mapped to: the netlist, its results, and the plan that proves it right."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lgc.mapping.heads.literals import ARGMAX, COPIES, ENCODER, GATES, LUT, POPCOUNT, TABLES
from lgc.mapping.heads.order import ChainedNetlist

Bit = tuple[int, int]
"""(literal, exponent): a literal that counts 2**exponent; a literal is ``2*net + inverted``."""

_FOLDED = 4
"""Operands of the tables that are part of a chain's positions; larger ones steer a chain from outside."""
REGIONS = {
    ENCODER: "encoder",
    GATES: "gates",
    TABLES: "tables",
    POPCOUNT: "popcount",
    ARGMAX: "argmax",
    COPIES: "copies",
}


@dataclass(frozen=True)
class Piece:
    """A part of a class's sum, counted straight from the nets that its votes read.

    For every value of the nets, ``values[address]`` equals ``offset`` plus the sum of ``bits``.

    Attributes:
        group: the class.
        nets: of the mapped netlist; net i is address bit i.
        values: 2**len(nets) integers.
    """

    group: int
    nets: tuple[int, ...]
    values: tuple[int, ...]
    offset: int
    bits: tuple[Bit, ...]


@dataclass(frozen=True)
class Compressor:
    """The sum of ``inputs`` plus ``constant`` equals the sum of ``outputs`` modulo 2**width of the score.

    Attributes:
        group: the class.
        swallowed: pieces without bits of their own, whose values, less their offsets, are added too.
    """

    group: int
    inputs: tuple[Bit, ...]
    constant: int
    outputs: tuple[Bit, ...]
    swallowed: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Chain:
    """A carry chain: position i gives ``select[i] ^ carry`` and carries on ``carry if select[i] else data[i]``.

    Attributes:
        select: nets, lookup tables of the chain's own.
        data: nets; 0 for none. A net of ``packed`` shares the lookup table of its position.
        carry_in: a net, 0 for none.
        sums: nets.
        carries: nets behind each position; 0 where nothing reads one.
        tables: nets of the lookup tables, if some read others' second outputs: they stand at one level, with the chain.
    """

    select: tuple[int, ...]
    data: tuple[int, ...]
    carry_in: int
    sums: tuple[int, ...]
    carries: tuple[int, ...]
    tables: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Mapped:
    """A circuit in lookup tables, head included.

    Attributes:
        netlist: nodes of at most ``lut`` operands; inputs are the encoded bits; outputs are the scores' bits, class
            by class, and then the class index's.
        scores: per class, positions among the outputs, LSB first; two's complement if ``signed``. Empty for class only.
        class_id: positions among the outputs, LSB first. Empty for scores only.
        region: uint8 (M,), per node a key of :data:`REGIONS`.
        kind: uint8 (M,), per node one of ``LUT``, ``CARRY`` (multiplexer of a carry chain), ``SUM`` (its XOR) and
            ``COPY`` (a wire, see ``parts``).
        chains: the carry chains that CARRY and SUM nodes belong to.
        packed: pairs of LUT nodes of one place: together they read at most five nets, or one of them is the other's
            function where operand 5 is 0.
        width: bits of a score inside; sums are modulo 2**width.
        head: the architecture's name.
        pieces: see :class:`Piece`; with ``linear`` and the compressors they make the scores.
        linear: per class, bits that count as they are.
        constants: per class, what the pieces' offsets and the bias add up to.
        parts: int64 (copies,), ascending: the first nodes are copies of inputs, each for one part of the circuit, as
            :func:`lgc.mapping.heads.copies.copy_inputs` makes them. The plan goes on to name the inputs themselves.
    """

    netlist: ChainedNetlist
    scores: tuple[tuple[int, ...], ...]
    class_id: tuple[int, ...]
    region: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    chains: tuple[Chain, ...]
    packed: tuple[tuple[int, int], ...]
    width: int
    signed: bool
    lut: int
    head: str
    pieces: tuple[Piece, ...]
    linear: tuple[tuple[Bit, ...], ...]
    constants: tuple[int, ...]
    compressors: tuple[Compressor, ...]
    parts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def words(self) -> list[list[int]]:
        """Per class the literals of its score, LSB first: the bits of the plan that nothing adds up further."""
        found = []
        for group, linear in enumerate(self.linear):
            steps = [one for one in self.compressors if one.group == group]
            made = [bit for one in self.pieces if one.group == group for bit in one.bits]
            made += [bit for one in steps for bit in one.outputs]
            left = Counter((*linear, *made)) - Counter(bit for one in steps for bit in one.inputs)
            ends = {exponent: literal for literal, exponent in left if literal > 1}
            rest = self.constants[group] - sum(one.constant for one in steps)
            rest += sum(1 << exponent for literal, exponent in (*linear, *made) if literal == 1)
            found.append([ends.get(exponent, rest >> exponent & 1) for exponent in range(self.width)])
        return found

    @cached_property
    def folded(self) -> frozenset[int]:
        """Nets of tables that are part of the positions of chains, which are strung together; see :mod:`.strings`."""
        if self.lut > _FOLDED:
            return frozenset()
        packed = {net for pair in self.packed for net in pair}
        own = [net for chain in self.chains for net in (*chain.select, chain.carry_in)]
        return frozenset(packed.union(own))

    @cached_property
    def wide(self) -> NDArray[np.bool_]:
        """Gates of more operands than a table has, bool (M,)."""
        return (self.kind == LUT) & (self.netlist.arity > self.lut)

    @property
    def luts(self) -> dict[str, int]:
        """Lookup tables by region; two that share a place count once."""
        counts = np.bincount(self.region[self.kind == LUT], minlength=len(REGIONS))
        shared = [second - self.netlist.first_node for _, second in self.packed]
        counts = counts - np.bincount(self.region[shared], minlength=len(REGIONS))
        return {name: int(counts[region]) for region, name in REGIONS.items() if region != COPIES}
