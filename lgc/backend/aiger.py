"""AIGER 1.9, ascii (`.aag`) and binary (`.aig`): and-inverter graphs for model checkers and ABC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, TextIO

from lgc.backend.base import Format
from lgc.backend.ports import PortNames, safe_names
from lgc.backend.sidecar import sidecar
from lgc.ir import FIRST_INPUT, Circuit, Netlist, port_names


class Aig:
    """An and-inverter graph with structural hashing.

    Literals as in AIGER: 0 and 1 are the constants, ``2 * variable + complemented`` the rest; variables 1 to I are
    the inputs, the ANDs follow in an order in which operands come first.
    """

    def __init__(self, num_inputs: int) -> None:
        self.num_inputs = num_inputs
        self.ands: list[tuple[int, int]] = []
        self._known: dict[tuple[int, int], int] = {}

    def conj(self, a: int, b: int) -> int:
        """The literal of a AND b."""
        a, b = max(a, b), min(a, b)
        if b == 0 or a ^ b == 1:
            return 0
        if b == 1 or a == b:
            return a
        if (a, b) not in self._known:
            self.ands.append((a, b))
            self._known[a, b] = 2 * (self.num_inputs + len(self.ands))
        return self._known[a, b]

    def mux(self, select: int, low: int, high: int) -> int:
        """The literal of ``select ? high : low``."""
        if low == high:
            return low
        return self.conj(self.conj(select, high) ^ 1, self.conj(select ^ 1, low) ^ 1) ^ 1

    def table(self, table: int, operands: Sequence[int]) -> int:
        """A lookup table, folded operand by operand from the last."""
        rows = [table >> address & 1 for address in range(1 << len(operands))]
        for operand in reversed(operands):
            half = len(rows) // 2
            rows = [self.mux(operand, rows[i], rows[i + half]) for i in range(half)]
        return rows[0]


def make_aig(netlist: Netlist) -> tuple[Aig, list[int]]:
    """The graph of a netlist, and the literals of its outputs."""
    aig = Aig(netlist.num_inputs)
    literals = [0, 1, *(2 * (i + 1) for i in range(netlist.num_inputs))]
    assert len(literals) == FIRST_INPUT + netlist.num_inputs
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for fanin, arity, table in rows:
        literals.append(aig.table(table, [literals[net] for net in fanin[:arity]]))
    return aig, [literals[net] for net in netlist.outputs.tolist()]


def _header(kind: str, aig: Aig, outputs: list[int]) -> str:
    count = len(aig.ands)
    return f"{kind} {aig.num_inputs + count} {aig.num_inputs} 0 {len(outputs)} {count}\n"


def symbols(names: PortNames, digest: str) -> str:
    """The end of a file: the names of inputs and outputs, and the digest of the circuit."""
    inputs, outputs = safe_names(names, apart=True)
    lines = [f"i{i} {name}\n" for i, name in enumerate(inputs)]
    lines += [f"o{i} {name}\n" for i, name in enumerate(outputs)]
    return "".join(lines) + f"c\nlgc circuit {digest}\n"


def write_binary(aig: Aig, outputs: list[int], stream: BinaryIO) -> None:
    """Write a graph as binary AIGER, without symbols."""
    stream.write(_header("aig", aig, outputs).encode())
    stream.write("".join(f"{literal}\n" for literal in outputs).encode())
    data = bytearray()
    for variable, (a, b) in enumerate(aig.ands, aig.num_inputs + 1):
        _append_delta(data, 2 * variable - a)
        _append_delta(data, a - b)
    stream.write(data)


@dataclass(frozen=True)
class AigerAscii(Format):
    """ASCII AIGER with a symbol table, and a sidecar with the encoder and the head."""

    name: ClassVar[str] = "aiger"

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        """Write the graph of the netlist."""
        aig, outputs = make_aig(circuit.netlist)
        stream.write(_header("aag", aig, outputs))
        stream.writelines(f"{2 * (i + 1)}\n" for i in range(aig.num_inputs))
        stream.writelines(f"{literal}\n" for literal in outputs)
        first = aig.num_inputs + 1
        stream.writelines(f"{2 * variable} {a} {b}\n" for variable, (a, b) in enumerate(aig.ands, first))
        stream.write(symbols(port_names(circuit), circuit.digest()))

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """The sidecar."""
        return {".aag.json": sidecar(circuit)}


@dataclass(frozen=True)
class AigerBinary(Format):
    """Binary AIGER with a symbol table, and a sidecar with the encoder and the head."""

    name: ClassVar[str] = "aiger-binary"
    binary: ClassVar[bool] = True

    def emit(self, circuit: Circuit, stream: BinaryIO) -> None:
        """Write the graph of the netlist."""
        write_binary(*make_aig(circuit.netlist), stream)
        stream.write(symbols(port_names(circuit), circuit.digest()).encode())

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """The sidecar."""
        return {".aig.json": sidecar(circuit)}


def _append_delta(data: bytearray, delta: int) -> None:
    """Seven bits a byte, the lowest first; the top bit says that more follow."""
    while delta >= 128:
        data.append(delta & 127 | 128)
        delta >>= 7
    data.append(delta)
