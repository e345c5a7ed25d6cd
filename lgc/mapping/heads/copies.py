"""Copies of the inputs, one for each part of a circuit, for register stages that bring them near their readers.

An input of a large network is read all over the chip, and the wire takes longer than the logic. With a register stage
of copies behind the input's own, the long way lies between two registers, and what follows is local. The parts are the
classes, whose trees do not meet before the argmax; small ones are taken together.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lgc.mapping.heads.literals import COPIES, COPY, LUT
from lgc.mapping.heads.order import ChainedNetlist
from lgc.mapping.heads.plan import Mapped
from lgc.mapping.heads.renaming import Renaming

I64 = NDArray[np.int64]

_WIRE = 0b10
_PART_TABLES = 300


@lru_cache(maxsize=2)
def copy_inputs(mapped: Mapped) -> Mapped:
    """The same circuit, its nodes reading copies of the inputs: these are the first level, the others come behind."""
    netlist = mapped.netlist
    first = netlist.first_node
    part = _parts(mapped)
    rows, places = np.nonzero(netlist.used & (netlist.fanin > 1) & (netlist.fanin < first))
    if not len(rows):
        return mapped
    keys, copy = np.unique(part[rows] * first + netlist.fanin[rows, places], return_inverse=True)
    number = np.arange(netlist.num_nets)
    number[first:] += len(keys)
    fanin = number[netlist.fanin]
    fanin[rows, places] = first + copy
    rename = Renaming(number.tolist())
    seen = [_seen_by(one, rename, keys, first) for one in range(int(part.max(initial=0)) + 1)]
    return replace(
        mapped,
        netlist=_with_copies(netlist, keys % first, fanin, number),
        region=np.concatenate([np.full(len(keys), COPIES, np.uint8), mapped.region]),
        kind=np.concatenate([np.full(len(keys), COPY, np.uint8), mapped.kind]),
        packed=tuple((rename.number[one], rename.number[two]) for one, two in mapped.packed),
        chains=tuple(seen[part[chain.select[0] - first]].chain(chain) for chain in mapped.chains),
        pieces=tuple(rename.piece(one) for one in mapped.pieces),
        linear=tuple(rename.bits(one) for one in mapped.linear),
        compressors=tuple(rename.compressor(one) for one in mapped.compressors),
        parts=keys // first,
    )


def _seen_by(part: int, rename: Renaming, keys: I64, first: int) -> Renaming:
    """Nets as a part sees them, inputs as its copies."""
    number = rename.number.copy()
    for copy in np.flatnonzero(keys // first == part).tolist():
        number[int(keys[copy]) % first] = first + copy
    return Renaming(number)


def _with_copies(netlist: ChainedNetlist, inputs: I64, fanin: I64, number: I64) -> ChainedNetlist:
    count = len(inputs)
    rows = np.zeros((count, netlist.width), np.int64)
    rows[:, 0] = inputs
    return replace(
        netlist,
        fanin=np.concatenate([rows, fanin]).astype(netlist.fanin.dtype),
        arity=np.concatenate([np.ones(count, netlist.arity.dtype), netlist.arity]),
        table=np.concatenate([np.full(count, _WIRE, netlist.table.dtype), netlist.table]),
        origin=np.concatenate([np.full(count, -1, netlist.origin.dtype), netlist.origin]),
        outputs=number[netlist.outputs].astype(netlist.outputs.dtype),
        chain=np.concatenate([np.full(count, -1, netlist.chain.dtype), netlist.chain]),
        inside=np.concatenate([np.zeros(count, np.bool_), netlist.inside]),
        beside=number[netlist.beside],
    )


def _parts(mapped: Mapped) -> I64:
    """The part of the circuit that each node belongs to, int64 (M,).

    The plan says of the bits of every class whose they are; what lies below belongs to its first reader. A node that
    shares its lookup table with one of another class belongs there.
    """
    netlist, first = mapped.netlist, mapped.netlist.first_node
    group = [-1] * netlist.num_nodes
    claims = [(one.group, bit) for one in mapped.compressors for bit in one.outputs]
    claims += [(one.group, bit) for one in mapped.pieces for bit in one.bits]
    for owner, (literal, _) in claims:
        if literal >> 1 >= first and group[(literal >> 1) - first] < 0:
            group[(literal >> 1) - first] = owner
    fanin, arity = netlist.fanin.tolist(), netlist.arity.tolist()
    for node in range(netlist.num_nodes - 1, -1, -1):
        for net in fanin[node][: arity[node]]:
            if net >= first and group[net - first] < 0:
                group[net - first] = group[node]
    for chain in mapped.chains:
        owner = group[chain.select[-1] - first]
        for net in (*chain.select, *chain.sums, *chain.carries):
            if net:
                group[net - first] = owner
    part = _merged(np.maximum(np.array(group, np.int64), 0), mapped.kind)
    for one, two in mapped.packed:  # two outputs of one table have the same operands
        part[two - first] = part[one - first]
    return part


def _merged(group: I64, kind: NDArray[np.uint8]) -> I64:
    """Neighbouring classes together where they are small."""
    tables = np.bincount(group[kind == LUT], minlength=int(group.max(initial=0)) + 1)
    part, held, parts = 0, 0, []
    for count in tables.tolist():
        if held >= _PART_TABLES:
            part, held = part + 1, 0
        parts.append(part)
        held += count
    return np.array(parts, np.int64)[group]
