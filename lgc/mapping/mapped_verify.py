"""Checks of every invariant in docs/mapped.md: a mapped netlist's structure, and its plan, which is proved."""

from __future__ import annotations

from collections import Counter

import numpy as np

from lgc.errors import NetlistError
from lgc.ir import CONST0, CONST1, Circuit, Netlist
from lgc.ir.interp import evaluate, scores
from lgc.ir.verify import verify_netlist
from lgc.mapping.heads.literals import CARRY, COPIES, COPY, GATES, LUT, SUM
from lgc.mapping.heads.plan import REGIONS, Bit, Chain, Compressor, Mapped, Piece
from lgc.mapping.mapped_sums import Cones, Monomials, Rows, add, product, table_sum, vanishes

SAMPLES = 256
_WIRE, _SUM, _CARRY = 0b10, 0b0110, 0b1101_1000
_SHARED, _WIDEST = 5, 6
_FREE, _CARRIED = 3, 2
_INVERTER = 1


def verify_mapped(mapped: Mapped, circuit: Circuit | None = None) -> None:
    """Raise NetlistError, naming the first offence, unless all invariants hold.

    Args:
        circuit: what was mapped: scores and class are compared too, on some vectors.
    """
    verify_netlist(mapped.netlist)
    _verify_shapes(mapped)
    _verify_outputs(mapped)
    _verify_copies(mapped)
    _verify_chains(mapped)
    _verify_packed(mapped)
    _Plan(mapped).verify()
    if circuit is not None:
        _compare(mapped, circuit)


def _refuse(what: str) -> None:
    raise NetlistError(what)


def _verify_shapes(mapped: Mapped) -> None:
    netlist = mapped.netlist
    for name, array in (("region", mapped.region), ("kind", mapped.kind), ("chain", netlist.chain),
                        ("inside", netlist.inside)):  # fmt: skip
        if array.shape != (netlist.num_nodes,):
            _refuse(f"array {name} has shape {array.shape}, but there are {netlist.num_nodes} nodes")
    if mapped.region.max(initial=0) not in REGIONS or mapped.kind.max(initial=0) > COPY:
        _refuse("a node is of no known region or kind")
    if mapped.lut not in (4, _WIDEST):
        _refuse(f"lookup tables of {mapped.lut} operands")
    wide = (mapped.kind == LUT) & (mapped.region != GATES) & (netlist.arity > mapped.lut)
    if wide.any():
        node = int(np.flatnonzero(wide)[0])
        _refuse(f"node n{netlist.first_node + node} reads {netlist.arity[node]} nets, more than a table has")


def _verify_outputs(mapped: Mapped) -> None:
    places = [place for word in (*mapped.scores, mapped.class_id) for place in word]
    if places != list(range(mapped.netlist.num_outputs)):
        _refuse("scores and class are not all outputs, in order")
    if mapped.scores and len(mapped.scores) != len(mapped.linear):
        _refuse(f"there are {len(mapped.scores)} scores, but the plan has {len(mapped.linear)} classes")
    if len(mapped.constants) != len(mapped.linear) or not 1 <= mapped.width <= 32:
        _refuse("the plan's classes, constants and width do not fit together")
    if any(len(word) != mapped.width for word in mapped.scores):
        _refuse(f"a score has not {mapped.width} bits")


def _verify_copies(mapped: Mapped) -> None:
    netlist, count = mapped.netlist, len(mapped.parts)
    copies = mapped.kind == COPY
    if copies.sum() != count or not copies[:count].all() or (copies != (mapped.region == COPIES)).any():
        _refuse("the copies are not the first nodes, one for each entry of parts")
    if (np.diff(mapped.parts) < 0).any():
        _refuse("the parts of the copies do not ascend")
    wires = (netlist.arity[:count] == 1) & (netlist.table[:count] == _WIRE)
    if not (wires & (netlist.fanin[:count, :1] < netlist.first_node).all(axis=1)).all():
        _refuse("a copy is not a wire from an input")


def _verify_chains(mapped: Mapped) -> None:
    netlist, first = mapped.netlist, mapped.netlist.first_node
    chain_of = np.full(netlist.num_nodes, -1, np.int64)
    inside = np.zeros(netlist.num_nodes, np.bool_)
    for index, chain in enumerate(mapped.chains):
        lengths = {len(one) for one in (chain.select, chain.data, chain.sums, chain.carries)}
        nets = (*chain.select, *chain.data, *chain.sums, *chain.carries, *chain.tables, chain.carry_in)
        if len(lengths) != 1 or not chain.select or not all(0 <= net < netlist.num_nets for net in nets):
            _refuse(f"chain {index} has positions that lack a part, or nets that do not exist")
        own = [*_chain_nodes(mapped, index, chain), *chain.tables]
        if any(net < first or chain_of[net - first] >= 0 for net in own):
            _refuse(f"a node of chain {index} is another chain's too, or no node")
        chain_of[np.array(own, np.int64) - first] = index
        inside[np.array(chain.tables, np.int64) - first] = True
    stray = ((mapped.kind == SUM) | (mapped.kind == CARRY)) & (chain_of < 0)
    if stray.any() or (chain_of != netlist.chain).any() or (inside != netlist.inside).any():
        _refuse("the netlist's chains are not those of the plan")


def _chain_nodes(mapped: Mapped, index: int, chain: Chain) -> list[int]:
    """Nets of a chain's XORs and multiplexers, each of which is as it should be."""
    nodes, carry = [], chain.carry_in
    rows = zip(chain.select, chain.data, chain.sums, chain.carries, strict=True)
    for position, (select, data, total, behind) in enumerate(rows):
        where = f"chain {index}, position {position}"
        if not _is(mapped, select, LUT):
            _refuse(f"{where}: what steers it is no lookup table")
        if carry and not _is(mapped, total, SUM, _SUM, (select, carry)):
            _refuse(f"{where}: the sum is not the XOR of what steers it and the carry")
        if not carry and total != select:
            _refuse(f"{where}: the sum is not what steers it, and no carry comes in")
        if behind and not _is(mapped, behind, CARRY, _CARRY, (select, carry, data)):
            _refuse(f"{where}: the carry is not the multiplexer of its parts")
        if not behind and position < len(chain.select) - 1:
            _refuse(f"{where}: the carry ends before the chain does")
        nodes += [total] * bool(carry) + [behind] * bool(behind)
        carry = behind
    return nodes


def _is(mapped: Mapped, net: int, kind: int, table: int | None = None, operands: tuple[int, ...] | None = None) -> bool:
    """Whether a net is a node of a kind, and of this table and these operands."""
    netlist, node = mapped.netlist, net - mapped.netlist.first_node
    if node < 0 or mapped.kind[node] != kind:
        return False
    reads = tuple(netlist.fanin[node, : netlist.arity[node]].tolist())
    return table is None or (int(netlist.table[node]) == table and reads == operands)


def _verify_packed(mapped: Mapped) -> None:
    """Pairs fit one table of two outputs: five nets together, or the second one is part of the first.

    Four-input tables have a second output within a carry chain only: any function of two of three nets, or of two of
    four nets what the first one is where the others are 0.
    """
    netlist = mapped.netlist
    if any(count > 1 for count in Counter(net for pair in mapped.packed for net in pair).values()):
        _refuse("a lookup table shares its place with two others")
    if {(one, two) for one, two in netlist.beside.tolist()} - {*mapped.packed}:
        _refuse("the netlist has tables side by side that the plan does not pack")
    rows = _rows(netlist)
    steered = {pair for chain in mapped.chains for pair in zip(chain.select, chain.data, strict=True)}
    for one, two in mapped.packed:
        if not (_is(mapped, one, LUT) and _is(mapped, two, LUT)):
            _refuse(f"n{one} and n{two} share a place, but are no tables of two outputs")
        free = _SHARED
        if mapped.lut != _WIDEST:
            free = _FREE
            if (one, two) not in steered or len(_operands(netlist, two)) > _CARRIED:
                _refuse(f"n{one} and n{two} share a place, but are no tables of two outputs")
        together = {*_operands(netlist, one), *_operands(netlist, two)}
        if len(together) > free and not _is_part(netlist, rows, one, two, every=mapped.lut != _WIDEST):
            _refuse(f"n{one} and n{two} share a place, but read more than {free} nets together")


def _operands(netlist: Netlist, net: int) -> list[int]:
    node = net - netlist.first_node
    found: list[int] = netlist.fanin[node, : netlist.arity[node]].tolist()
    return found


def _is_part(netlist: Netlist, rows: Rows, one: int, two: int, *, every: bool) -> bool:
    """Whether the second table is the first one where an operand, which the second does not read, is 0, or all are."""
    reads, other = _operands(netlist, one), _operands(netlist, two)
    extra = [net for net in reads if net not in other]
    if not set(other) <= set(reads) or not extra:
        return False
    cones = Cones(netlist, rows, reads)
    zero = extra if every else extra[-1:]
    half = {monomial: value for monomial, value in cones.net(one).items() if monomial.isdisjoint(zero)}
    add(half, cones.net(two), -1)
    return vanishes(half)


def _rows(netlist: Netlist) -> Rows:
    return netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist()


class _Plan:
    """The plan of a mapped netlist, class by class."""

    def __init__(self, mapped: Mapped) -> None:
        self.mapped, self.rows = mapped, _rows(mapped.netlist)
        self.modulus = 1 << mapped.width
        self.chain_of = {chain.sums[0]: chain for chain in mapped.chains}

    def verify(self) -> None:
        """See :func:`verify_mapped`."""
        classes = range(len(self.mapped.linear))
        for piece in self.mapped.pieces:
            self._verify_piece(piece)
        for index, one in enumerate(self.mapped.compressors):
            self._verify_compressor(index, one)
        groups = {one.group for one in self.mapped.pieces} | {one.group for one in self.mapped.compressors}
        if groups - {*classes}:
            _refuse("a part of the plan is of a class that there is not")
        for group in classes:
            self._verify_bits(group)
        self._verify_words()

    def _cones(self, cut: list[int]) -> Cones:
        if not all(0 <= net < self.mapped.netlist.num_nets for net in cut):
            _refuse("the plan names a net that does not exist")
        return Cones(self.mapped.netlist, self.rows, cut)

    def _check_piece(self, piece: Piece) -> None:
        nets, values = piece.nets, piece.values
        if len(nets) > _WIDEST or len(set(nets)) != len(nets) or len(values) != 1 << len(nets):
            _refuse(f"a piece of class {piece.group} has {len(values)} values for the nets {list(nets)}")

    def _verify_piece(self, piece: Piece) -> None:
        """Its value is its offset plus its bits, for every value of its nets."""
        self._check_piece(piece)
        total = table_sum(piece.nets, piece.values)
        add(total, self._cones([*piece.nets]).bits(piece.bits), -1)
        add(total, {frozenset(): -piece.offset})
        if not vanishes(total):
            _refuse(f"a piece of class {piece.group} on {list(piece.nets)} counts otherwise than its bits")

    def _verify_compressor(self, index: int, one: Compressor) -> None:
        """What comes in, the constant and what is swallowed are what goes out, whatever the nets that it reads are."""
        for piece in one.swallowed:
            self._check_piece(piece)
            if piece.bits or piece.group != one.group:
                _refuse(f"compressor {index} swallows a piece that has bits, or is another class's")
        cut = [literal >> 1 for literal, _ in one.inputs] + [net for piece in one.swallowed for net in piece.nets]
        cones = self._cones(cut)
        total = cones.bits(one.inputs)
        add(total, {frozenset(): one.constant - sum(piece.offset for piece in one.swallowed)})
        for piece in one.swallowed:
            add(total, table_sum(piece.nets, piece.values))
        chains = [chain for literal, _ in one.outputs if (chain := self.chain_of.get(literal >> 1))]
        outputs = list(one.outputs)
        for chain in chains:
            add(total, self._chain_sum(index, chain, cones, outputs), -1)
        add(total, cones.bits(outputs), -1)
        if not vanishes(total, self.modulus):
            _refuse(f"compressor {index}, of class {one.group}, does not keep the sum of what comes in")

    def _chain_sum(self, index: int, chain: Chain, cones: Cones, outputs: list[Bit]) -> Monomials:
        """What a chain's bits add up to, which are taken out of the outputs.

        A position adds ``select + 2 * data * (1 - select)``: if the table that steers it is 1, the two bits differ, and
        if it is 0, both are ``data``. So the sum is that of local functions, and no carry needs to be followed.
        """
        base = next(exponent for literal, exponent in outputs if literal == 2 * chain.sums[0])
        bits = [(2 * net, base + place) for place, net in enumerate(chain.sums)]
        if chain.carries[-1]:
            bits.append((2 * chain.carries[-1], base + len(chain.sums)))
        elif base + len(chain.sums) < self.mapped.width:
            _refuse(f"compressor {index} loses the carry of its chain")
        for bit in bits:
            if bit not in outputs:
                _refuse(f"compressor {index} has not all bits of its chain")
            outputs.remove(bit)
        total: Monomials = {}
        add(total, cones.net(chain.carry_in), 1 << base)
        for place, (select, data) in enumerate(zip(chain.select, chain.data, strict=True), base):
            steer, other = cones.net(select), cones.net(data)
            add(total, steer, 1 << place)
            add(total, other, 2 << place)
            add(total, product(steer, other), -2 << place)
        return total

    def _verify_bits(self, group: int) -> None:
        """Every bit is added up once, by a compressor behind where it comes from, or is one of the score's."""
        left = Counter(self.mapped.linear[group])
        left += Counter(bit for one in self.mapped.pieces if one.group == group for bit in one.bits)
        for index, one in enumerate(self.mapped.compressors):
            if one.group != group:
                continue
            if Counter(one.inputs) - left:
                _refuse(f"compressor {index} takes a bit that is not there, or is taken already")
            left = left - Counter(one.inputs) + Counter(one.outputs)
        width = self.mapped.width
        ends = Counter(exponent for literal, exponent in left.elements() if literal > 1 and exponent < width)
        if any(count > 1 for count in ends.values()):
            _refuse(f"class {group} has several bits of a weight left over")
        rest = self.mapped.constants[group] - sum(one.constant for one in self.mapped.compressors if one.group == group)
        rest += sum(1 << exponent for literal, exponent in left.elements() if literal == 1)
        if any(rest >> exponent & 1 for exponent in ends):
            _refuse(f"class {group} has a constant and a bit of one weight left over")

    def _verify_words(self) -> None:
        """The outputs are the bits that the plan leaves over."""
        outputs = self.mapped.netlist.outputs.tolist()
        for word, places in zip(self.mapped.words(), self.mapped.scores, strict=False):
            for literal, place in zip(word, places, strict=True):
                if not self._says(outputs[place], literal):
                    _refuse(f"output {place} is not the plan's bit")

    def _says(self, net: int, literal: int) -> bool:
        if literal >> 1 == CONST0:
            return net == (CONST1 if literal & 1 else CONST0)
        if not literal & 1:
            return net == literal >> 1
        first = self.mapped.netlist.first_node
        copies = [first + copy for copy in range(len(self.mapped.parts)) if self.rows[0][copy][0] == literal >> 1]
        return any(_is(self.mapped, net, LUT, _INVERTER, (one,)) for one in (literal >> 1, *copies))


def _compare(mapped: Mapped, circuit: Circuit) -> None:
    """Scores and class beside the circuit's, on random vectors."""
    inputs = circuit.netlist.num_inputs
    if mapped.netlist.num_inputs != inputs or len(mapped.linear) != circuit.head.num_classes:
        _refuse("the mapped netlist has other inputs or classes than the circuit")
    rng = np.random.default_rng(0)
    bits = rng.random((SAMPLES, inputs)) < rng.random((SAMPLES, 1))
    expected, outputs = scores(circuit, bits), evaluate(mapped.netlist, bits).astype(np.int64)
    for index, places in enumerate(mapped.scores):
        values = outputs[:, places] @ (1 << np.arange(len(places)))
        if mapped.signed:
            values -= (values >> (mapped.width - 1)) << mapped.width
        if (values != expected[:, index]).any():
            _refuse(f"score {index} is not the circuit's")
    if mapped.class_id:
        found = outputs[:, mapped.class_id] @ (1 << np.arange(len(mapped.class_id)))
        if (found != circuit.head.classify(expected)).any():
            _refuse("the class is not the circuit's")
