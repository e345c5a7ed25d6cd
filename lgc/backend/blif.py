"""BLIF: one `.names` a node, for yosys, ABC, VTR and the rest of the academic flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, TextIO

from lgc.backend.base import Format
from lgc.backend.ports import net_prefix, passed_through
from lgc.backend.sidecar import sidecar
from lgc.ir import Circuit, Netlist

_PER_LINE = 10


@dataclass(frozen=True)
class Blif(Format):
    """The netlist as BLIF, and a sidecar with the encoder and the head."""

    name: ClassVar[str] = "blif"

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        """Write one model, called ``lgc``."""
        stream.write(f"# lgc circuit {circuit.digest()}\n.model lgc\n")
        inputs, outputs = passed_through(circuit)
        _write_ports(stream, ".inputs", inputs)
        _write_ports(stream, ".outputs", outputs)
        for line in _body(circuit.netlist, inputs, outputs):
            stream.write(line + "\n")
        stream.write(".end\n")

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """The sidecar."""
        return {".blif.json": sidecar(circuit)}


def _write_ports(stream: TextIO, keyword: str, names: list[str]) -> None:
    lines = [" ".join(names[start : start + _PER_LINE]) for start in range(0, len(names), _PER_LINE)]
    stream.write(" \\\n  ".join([keyword, *lines]) + "\n")


def _body(netlist: Netlist, inputs: list[str], outputs: list[str]) -> Iterator[str]:
    """Constants, nodes, and a buffer for each output that is no input."""
    prefix = net_prefix([*inputs, *outputs])
    nets = [
        f"{prefix}0",
        f"{prefix}1",
        *inputs,
        *(f"{prefix}{net}" for net in range(netlist.first_node, netlist.num_nets)),
    ]
    yield from (f".names {nets[0]}", f".names {nets[1]}", "1")
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for net, (fanin, arity, table) in enumerate(rows, netlist.first_node):
        if table in (0, (1 << (1 << arity)) - 1):  # some readers refuse a constant over operands
            arity, table = 0, table & 1
        yield " ".join([".names", *(nets[operand] for operand in fanin[:arity]), nets[net]])
        yield from cover_rows(table, arity)
    for name, net in zip(outputs, netlist.outputs.tolist(), strict=True):
        if name != nets[net]:
            yield f".names {nets[net]} {name}"
            yield "1 1"


def cover_rows(table: int, arity: int) -> Iterator[str]:
    """The rows of a `.names`: the addresses of the rarer value. Column j is operand j."""
    size = 1 << arity
    value = 1 if table.bit_count() <= size // 2 or not arity else 0
    for address in range(size):
        if table >> address & 1 == value:
            columns = "".join(str(address >> j & 1) for j in range(arity))
            yield f"{columns} {value}".strip()
