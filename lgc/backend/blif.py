"""BLIF: one `.names` a node, for yosys, ABC, VTR and the rest of the academic flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, TextIO

from lgc.backend.base import Format
from lgc.backend.sidecar import port, sidecar
from lgc.ir import FIRST_INPUT, Circuit, Netlist

_PER_LINE = 10


@dataclass(frozen=True)
class Blif(Format):
    """The netlist as BLIF, and a sidecar with the encoder and the head."""

    name: ClassVar[str] = "blif"

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        """Write one model, called ``lgc``."""
        stream.write(f"# lgc circuit {circuit.digest()}\n.model lgc\n")
        netlist = circuit.netlist
        _write_ports(stream, ".inputs", [port("in", i) for i in range(netlist.num_inputs)])
        _write_ports(stream, ".outputs", [port("out", i) for i in range(netlist.num_outputs)])
        for line in _body(netlist):
            stream.write(line + "\n")
        stream.write(".end\n")

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """The sidecar."""
        return {".blif.json": sidecar(circuit)}


def _write_ports(stream: TextIO, keyword: str, names: list[str]) -> None:
    lines = [" ".join(names[start : start + _PER_LINE]) for start in range(0, len(names), _PER_LINE)]
    stream.write(" \\\n  ".join([keyword, *lines]) + "\n")


def _net(netlist: Netlist, net: int) -> str:
    if FIRST_INPUT <= net < netlist.first_node:
        return port("in", net - FIRST_INPUT)
    return f"n{net}"


def _body(netlist: Netlist) -> Iterator[str]:
    """Constants, nodes, and a buffer for each output."""
    yield from (".names n0", ".names n1", "1")
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for net, (fanin, arity, table) in enumerate(rows, netlist.first_node):
        if table in (0, (1 << (1 << arity)) - 1):  # some readers refuse a constant over operands
            arity, table = 0, table & 1
        operands = [_net(netlist, operand) for operand in fanin[:arity]]
        yield " ".join([".names", *operands, f"n{net}"])
        yield from cover_rows(table, arity)
    for index, net in enumerate(netlist.outputs.tolist()):
        yield f".names {_net(netlist, net)} {port('out', index)}"
        yield "1 1"


def cover_rows(table: int, arity: int) -> Iterator[str]:
    """The rows of a `.names`: the addresses of the rarer value. Column j is operand j."""
    size = 1 << arity
    value = 1 if table.bit_count() <= size // 2 or not arity else 0
    for address in range(size):
        if table >> address & 1 == value:
            columns = "".join(str(address >> j & 1) for j in range(arity))
            yield f"{columns} {value}".strip()
