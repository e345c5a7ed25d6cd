"""A circuit in lookup tables: the last layer, the popcount and the argmax, fixed by construction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lgc.ir import CONST0, CONST1, Builder, Circuit, Netlist
from lgc.ir.circuit import Head
from lgc.ir.netlist import I32
from lgc.mapping.heads.argmax import ARCHITECTURES
from lgc.mapping.heads.comparators import find_comparators, read_nets
from lgc.mapping.heads.cuts import Cut, cut_group
from lgc.mapping.heads.gauge import digits
from lgc.mapping.heads.literals import ARGMAX, ENCODER, GATES, LUT, POPCOUNT, TABLES, Mapper, positive
from lgc.mapping.heads.order import ChainedNetlist, by_level, chained, name_regions, renumber
from lgc.mapping.heads.pack import SHARED, pair_up
from lgc.mapping.heads.plan import REGIONS, Bit, Chain, Compressor, Mapped, Piece
from lgc.mapping.heads.renaming import Renaming
from lgc.mapping.heads.sums import ClassSum
from lgc.mapping.heads.terms import read_groups

if TYPE_CHECKING:
    from lgc.mapping.heads.mapped import MappedHead


@dataclass(frozen=True)
class Score:
    """How scores are represented: ``width`` bits, two's complement if ``signed``, ``offset`` more than they are."""

    width: int
    signed: bool
    offset: int = 0

    @classmethod
    def of(cls, head: Head, *, class_only: bool) -> Score:
        """The narrowest one; for the class alone all scores may be moved by one amount, so that none is negative."""
        low, high = head.score_range
        if class_only:
            return cls(max(1, (high - low).bit_length()), False, -low)
        count = max(1, int(head.sizes.max(initial=0)).bit_length())
        if low >= 0:
            return cls(max(high.bit_length(), count), False)
        return cls(max(max(high, 0).bit_length() + 1, (-low - 1).bit_length() + 1, count), True)


class Lowering:
    """A circuit on its way into lookup tables: first the scores, then the class, then all of it as one netlist."""

    def __init__(self, circuit: Circuit, head: MappedHead, lut: int, outputs: str) -> None:
        self.circuit, self.head, self.lut = circuit, head, lut
        self.score = Score.of(circuit.head, class_only=outputs == "class")
        self.builder = Builder(circuit.netlist.num_inputs)
        self.mapper = Mapper(self.builder)
        self.comparators = find_comparators(circuit, lut) if head.needs_chains else {}
        self.pieces: list[Piece] = []
        self.chains: list[Chain] = []
        self.packed: list[tuple[int, int]] = []
        self.compressors: list[Compressor] = []
        self.linear: list[tuple[Bit, ...]] = []
        self.constants: list[int] = []

    def popcounts(self, effort: int) -> list[list[int]]:
        """The scores' literals, class by class, LSB first."""
        groups = read_groups(self.circuit, self.lut, read_nets(self.circuit.netlist, self.comparators))
        cuts = [cut_group(group, self.head.prices(self.lut), effort) for group in groups]
        needed = {net for cut in cuts for nets, _ in cut.pieces for net in nets}
        nets = self._copy_logic(needed.union(*(cut.linear for cut in cuts)))
        self.mapper.region = POPCOUNT
        return [self._popcount(index, cut, nets) for index, cut in enumerate(cuts)]

    def argmax(self, words: list[list[int]], architecture: str) -> list[int]:
        """The class's literals, LSB first."""
        self.mapper.region = ARGMAX
        unsigned = [[*word[:-1], word[-1] ^ 1] if self.score.signed else word for word in words]
        last = self.circuit.head.tie == "last"
        return ARCHITECTURES[architecture](self.mapper, unsigned, self.lut, last=last)

    def finish(self, words: list[list[int]], index: list[int]) -> Mapped:
        """Everything in one netlist."""
        self.mapper.region = POPCOUNT
        scores = [[self.mapper.net(literal) for literal in word] for word in words]
        self.mapper.region = ARGMAX
        class_id = [self.mapper.net(literal) for literal in index]
        starts = list(accumulate((len(word) for word in scores), initial=0))
        kind, region = np.array(self.mapper.kinds, np.uint8), np.array(self.mapper.regions, np.uint8)
        plain = self.builder.build([net for word in (*scores, class_id) for net in word])
        netlist = chained(plain, self._chain_of(plain), self._inside(plain), self.packed)
        number = by_level(netlist, _with_gates(region))
        netlist = renumber(netlist, number)
        order = np.argsort(number[netlist.first_node :])
        kind, region = kind[order], region[order]
        rename = Renaming(number.tolist())
        packed = [(rename.number[one], rename.number[two]) for one, two in self.packed]
        if self.head.needs_chains and self.lut > SHARED:  # tables of two outputs have six inputs
            packed += self._pairs(netlist, kind, region, packed)
        return Mapped(
            netlist=name_regions(netlist, _with_gates(region), [REGIONS[one] for one in range(TABLES)]),
            scores=tuple(tuple(range(lo, lo + len(word))) for lo, word in zip(starts, scores, strict=False)),
            class_id=tuple(range(starts[-1], starts[-1] + len(class_id))),
            region=region,
            kind=kind,
            chains=tuple(rename.chain(one) for one in self.chains),
            packed=tuple(packed),
            width=self.score.width,
            signed=self.score.signed,
            lut=self.lut,
            head=self.head.name,
            pieces=tuple(rename.piece(one) for one in self.pieces),
            linear=tuple(rename.bits(one) for one in self.linear),
            constants=tuple(self.constants),
            compressors=tuple(rename.compressor(one) for one in self.compressors),
        )

    def _chain_of(self, netlist: Netlist) -> I32:
        """The number of each node's chain, int32 (M,)."""
        chain_of = np.full(netlist.num_nodes, -1, np.int32)
        for index, chain in enumerate(self.chains):
            nets = [net for net in (*chain.sums, *chain.carries) if net not in (0, *chain.select)] + [*chain.tables]
            chain_of[np.array(nets, np.int64) - netlist.first_node] = index
        return chain_of

    def _inside(self, netlist: Netlist) -> NDArray[np.bool_]:
        """The lookup tables that belong to a chain, bool (M,)."""
        inside = np.zeros(netlist.num_nodes, np.bool_)
        inside[np.array([net for chain in self.chains for net in chain.tables], np.int64) - netlist.first_node] = True
        return inside

    def _pairs(
        self, netlist: ChainedNetlist, kind: NDArray[np.uint8], region: NDArray[np.uint8], packed: list[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """Nodes of one level that share a lookup table, carry chains' aside."""
        first = netlist.first_node
        free = (kind == LUT) & (region != GATES)
        free[[net - first for pair in packed for net in pair]] = False
        if (kind != LUT).any():
            free[netlist.fanin[kind != LUT, 0] - first] = False  # what steers a chain
        place = netlist.levels[first:].astype(np.int64) * len(REGIONS) + region
        rows = np.flatnonzero(free)
        groups = np.split(rows, np.flatnonzero(np.diff(place[rows])) + 1)
        return [
            pair
            for rows in groups
            for pair in pair_up(netlist, rows.tolist(), apart=len(rows) > 0 and region[rows[0]] == ENCODER)
        ]

    def _copy_logic(self, needed: set[int]) -> list[int]:
        """The nodes below the pieces, all but comparators as they are; the new net of every old one, or -1."""
        old = self.circuit.netlist
        first = old.first_node
        compared = np.zeros(old.num_nodes, np.bool_)
        compared[np.array([*self.comparators], np.int64) - first] = True
        live = old.live(np.array([*needed], np.int64), leaves=compared)
        nets = [*range(first), *[-1] * old.num_nodes]
        handles = _copy_origins(self.builder, old.origins.names, old.origins.layer, old.origins.neuron)
        fanin, arity, table, origin = old.fanin.tolist(), old.arity.tolist(), old.table.tolist(), old.origin.tolist()
        for node in np.flatnonzero(live[first:]).tolist():
            handle = handles[origin[node]] if origin[node] >= 0 else -1
            one = self.comparators.get(first + node)
            operands = one.nets if one else [nets[net] for net in fanin[node][: arity[node]]]
            self.mapper.region = ENCODER if one else TABLES if self._is_wide(operands) else GATES
            nets[first + node] = self.mapper.copy(one.table if one else table[node], operands, handle)
        return nets

    def _is_wide(self, operands: Sequence[int]) -> bool:
        """Whether a gate fills a table, so that synthesis could put nothing else into it; constants fill nothing."""
        return len(operands) <= self.lut and len({*operands} - {CONST0, CONST1}) >= self.lut - 1

    def _popcount(self, index: int, cut: Cut, nets: list[int]) -> list[int]:
        linear: list[Bit] = []
        constant = cut.constant + self.score.offset
        for net, coefficient in cut.linear.items():
            for sign, exponent in digits(coefficient):
                # -x is the inverse of x, less one
                linear.append((positive(nets[net]) ^ (sign < 0), exponent))
                constant -= (sign < 0) << exponent
        pieces = [(tuple(nets[net] for net in old), values) for old, values in cut.pieces]
        total = ClassSum(index, self.score.width, self.lut, constant, tuple(linear), pieces)
        columns, word = total.add_up(self.head.columns, self.mapper)
        self.pieces += columns.pieces
        self.linear.append(tuple(linear))
        self.compressors += columns.compressors
        swallowed = [piece for one in columns.compressors for piece in one.swallowed]
        offsets = sum(piece.offset for piece in (*columns.pieces, *swallowed))
        self.constants.append(constant + offsets)
        self.chains += columns.chains
        self.packed += columns.packed
        return word


def _with_gates(region: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Regions in the order in which they are read: wide gates and others read each other."""
    return np.where(region == TABLES, np.uint8(GATES), region)


def _copy_origins(builder: Builder, names: tuple[str, ...], layer: I32, neuron: I32) -> list[int]:
    """The handles in the builder of all old ones."""
    sizes = np.zeros(len(names), np.int64)
    np.maximum.at(sizes, layer, neuron + 1)
    starts = [int(builder.layer(name, int(size))[0]) if size else 0 for name, size in zip(names, sizes, strict=True)]
    return [starts[one] + place for one, place in zip(layer.tolist(), neuron.tolist(), strict=True)]
