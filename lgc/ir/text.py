"""The textual form, `.lgn`: specified in docs/ir.md, the same byte for byte after a round trip."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

import numpy as np

from lgc.ir.circuit import Circuit
from lgc.ir.features import CategoryCode, ColumnCode, FeatureCodes
from lgc.ir.gates import BY_TABLE
from lgc.ir.netlist import Netlist

HEADER = "lgn 1"
_OUTPUTS_PER_LINE = 16


def quote(text: str) -> str:
    """A JSON string in ASCII: one token, whatever the text holds."""
    return json.dumps(text, ensure_ascii=True)


def number(value: float) -> str:
    """The shortest decimal that reads back as the same float64."""
    # repr is the shortest, but for the ".0" of whole numbers. -0.0 keeps its sign: the digest knows it.
    return repr(float(value)).removesuffix(".0")


def mnemonic(arity: int, table: int) -> str:
    """The operation of a node: a gate's name, ``buf``, ``not``, ``const0``, ``const1`` or ``lutR 0xHEX``."""
    if arity == 2:
        return BY_TABLE[table].name
    if arity == 1 and table in (1, 2):
        return "not" if table == 1 else "buf"
    if arity == 0:
        return f"const{table}"
    return f"lut{arity} {table:#x}"


def node_lines(netlist: Netlist) -> Iterator[str]:
    """One line per node."""
    names = {(a, t): mnemonic(a, t) for a in range(3) for t in range(1 << (1 << a))}
    origins = netlist.origins
    rows = zip(
        netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), netlist.origin.tolist(), strict=True
    )
    layer, neuron = origins.layer.tolist(), origins.neuron.tolist()
    for net, (fanin, arity, table, origin) in enumerate(rows, netlist.first_node):
        operation = names[arity, table] if arity <= 2 else mnemonic(arity, table)
        operands = "".join(f" n{operand}" for operand in fanin[:arity])
        place = f" @{layer[origin]}:{neuron[origin]}" if origin >= 0 else ""
        yield f"n{net} = {operation}{operands}{place}"


def circuit_lines(circuit: Circuit) -> Iterator[str]:
    """The whole text, line by line, without line ends."""
    encoder, netlist, head = circuit.encoder, circuit.netlist, circuit.head
    yield HEADER
    yield f"circuit {quote(circuit.name)}"
    if encoder.code is not None:
        yield from _code_lines(encoder.code)
    elif encoder.thresholds is None:
        yield f"features {encoder.num_features} binary"
    else:
        yield f"features {encoder.num_features} thresholds {encoder.num_thresholds}"
        for feature, row in enumerate(encoder.thresholds):
            yield f"threshold {feature} " + " ".join(number(value) for value in row)
    yield f"inputs {netlist.num_inputs}"
    yield " ".join(["layers", *(quote(name) for name in netlist.origins.names)])
    yield from node_lines(netlist)
    yield f"outputs {netlist.num_outputs}"
    outputs = netlist.outputs.tolist()
    for start in range(0, len(outputs), _OUTPUTS_PER_LINE):
        yield "out" + "".join(f" n{net}" for net in outputs[start : start + _OUTPUTS_PER_LINE])
    yield f"head tau {number(head.tau)} tie {head.tie}"
    for name, size, bias in zip(head.classes, np.diff(head.offsets).tolist(), head.bias.tolist(), strict=True):
        yield f"class {quote(name)} {size} bias {bias}"
    for key in sorted(circuit.metadata):
        yield f"meta {quote(key)} {quote(circuit.metadata[key])}"
    yield "end"


def _code_lines(codes: FeatureCodes) -> Iterator[str]:
    if codes.common is not None:
        yield f"features {codes.num_features} {_code(codes.common)}"
        return
    yield f"features {codes.num_features} columns {len(codes.columns)}"
    for index, column in enumerate(codes.columns):
        yield f"column {index} {_code(column)}"


def _code(column: ColumnCode) -> str:
    if isinstance(column, CategoryCode):
        return f"words {column.count}"
    rule = f"scale {number(column.scale)} offset {number(column.offset)} {column.rounding} {column.dtype}"
    return f"codes {column.width} {rule}"


def write_lgn(circuit: Circuit, stream: TextIO) -> None:
    """Print a circuit as `.lgn`."""
    for line in circuit_lines(circuit):
        stream.write(line + "\n")


def to_text(circuit: Circuit) -> str:
    """A circuit as `.lgn` text."""
    return "".join(line + "\n" for line in circuit_lines(circuit))
