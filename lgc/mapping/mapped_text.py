"""The textual form of a mapped netlist, `.lgm`, specified in docs/mapped.md: the same bytes after a round trip."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from lgc.mapping.heads.literals import CARRY, COPY, LUT, SUM
from lgc.mapping.heads.plan import REGIONS, Bit, Chain, Mapped, Piece

HEADER = "lgm 1"
KINDS = {LUT: "lut", CARRY: "carry", SUM: "sum", COPY: "copy"}
LIST = 16
"""Nets on a line of outputs."""


def to_lgm(mapped: Mapped) -> str:
    """A mapped netlist as `.lgm` text."""
    return "".join(line + "\n" for line in mapped_lines(mapped))


def mapped_lines(mapped: Mapped) -> Iterator[str]:
    """The whole text, line by line, without line ends."""
    netlist = mapped.netlist
    yield HEADER
    yield f"head {json.dumps(mapped.head)} lut {mapped.lut} width {mapped.width} {_sign(mapped)}"
    yield f"inputs {netlist.num_inputs}"
    yield " ".join(["layers", *(json.dumps(name) for name in netlist.origins.names)])
    yield from _node_lines(mapped)
    yield from (_line("beside", _nets(pair)) for pair in netlist.beside.tolist())
    yield from (_line("packed", _nets(pair)) for pair in mapped.packed)
    if len(mapped.parts):
        yield _line("parts", map(str, mapped.parts.tolist()))
    outputs = netlist.outputs.tolist()
    yield f"outputs {len(outputs)}"
    for start in range(0, len(outputs), LIST):
        yield _line("out", _nets(outputs[start : start + LIST]))
    yield from (_line("score", map(str, word)) for word in mapped.scores)
    yield _line("class", map(str, mapped.class_id))
    yield from (_chain_line(chain) for chain in mapped.chains)
    yield from _plan_lines(mapped)
    yield "end"


def _sign(mapped: Mapped) -> str:
    return "signed" if mapped.signed else "unsigned"


def _line(word: str, rest: Iterable[str]) -> str:
    return " ".join([word, *rest])


def _nets(nets: Iterable[int]) -> list[str]:
    return [f"n{net}" for net in nets]


def _bits(bits: Iterable[Bit]) -> list[str]:
    """``n7^2``: net 7 counts four; ``~n7^0``: its inverse counts one."""
    return [f"{'~' * (literal & 1)}n{literal >> 1}^{exponent}" for literal, exponent in bits]


def _node_lines(mapped: Mapped) -> Iterator[str]:
    netlist, origins = mapped.netlist, mapped.netlist.origins
    layer, neuron = origins.layer.tolist(), origins.neuron.tolist()
    rows = zip(
        netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), netlist.origin.tolist(),
        mapped.region.tolist(), mapped.kind.tolist(), netlist.chain.tolist(), netlist.inside.tolist(), strict=True,
    )  # fmt: skip
    for net, (fanin, arity, table, origin, region, kind, chain, inside) in enumerate(rows, netlist.first_node):
        place = [f"@{layer[origin]}:{neuron[origin]}"] if origin >= 0 else []
        belongs = [f"chain {chain}"] if chain >= 0 else []
        words = [REGIONS[region], KINDS[kind], f"{table:#x}", *_nets(fanin[:arity]), *place, *belongs]
        yield _line(f"n{net} =", [*words, *(["inside"] if inside else [])])


def _chain_line(chain: Chain) -> str:
    parts = {"select": chain.select, "data": chain.data, "in": (chain.carry_in,), "sums": chain.sums,
             "carries": chain.carries, "tables": chain.tables}  # fmt: skip
    return _line("chain", (word for name, nets in parts.items() for word in (name, *_nets(nets))))


def _plan_lines(mapped: Mapped) -> Iterator[str]:
    """Class by class what is added as it is; then the pieces and compressors in their order."""
    for constant, bits in zip(mapped.constants, mapped.linear, strict=True):
        yield _line(f"sum {constant}", _bits(bits))
    for piece in mapped.pieces:
        yield _piece_line("piece", piece)
    for one in mapped.compressors:
        parts = ["in", *_bits(one.inputs), "out", *_bits(one.outputs)]
        yield _line(f"compressor {one.group} {one.constant}", parts)
        yield from (_piece_line("swallowed", piece) for piece in one.swallowed)


def _piece_line(word: str, piece: Piece) -> str:
    values = map(str, piece.values)
    parts = ["nets", *_nets(piece.nets), "values", *values, "offset", str(piece.offset), "bits", *_bits(piece.bits)]
    return _line(f"{word} {piece.group}", parts)
