"""Gate lines: one node, one line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lgc.backend.sections import INPUT, Partition, Section
from lgc.backend.verilog.grammar import ONE, ZERO, gate_line, lut_call, module_line, nets, reference
from lgc.ir import BY_TABLE, Circuit
from lgc.ir.naming import labels

# Verilator's time grows faster than linearly with the number of processes that write one array, and the C++
# compiler's with the length of a function; blocks of this many gates keep both short.
GATES_PER_BLOCK = 1000

_TWO_INPUT = {table: gate.verilog.replace("1'b0", ZERO).replace("1'b1", ONE) for table, gate in BY_TABLE.items()}
_ONE_INPUT = {0: ZERO, 1: "~{a}", 2: "{a}", 3: ONE}


def expression(arity: int, table: int, operands: list[str]) -> str:
    """The Verilog of a node: an operator expression up to two operands, else a table."""
    if arity == 0:
        return ONE if table else ZERO
    if arity == 1:
        return _ONE_INPUT[table].format(a=operands[0])
    if arity == 2:
        return _TWO_INPUT[table].format(a=operands[0], b=operands[1])
    return lut_call(table, operands)


def section_module(circuit: Circuit, partition: Partition, section: Section, top: str) -> Iterator[str]:
    """The module of one section."""
    widths = {INPUT: circuit.netlist.num_inputs} | {one.name: one.width for one in partition.sections}
    yield module_line(f"{top}_{section.name}")
    for name in section.reads:
        yield f"  input  wire {nets(name, widths[name])},"
    yield f"  `LGC_OUT {nets(section.name, max(1, section.width))}"
    yield ");"
    for arity in np.unique(circuit.netlist.arity[section.nodes[section.nodes >= 0]]).tolist():
        if arity > 2:
            yield lut_function(arity)
    yield from gate_lines(circuit, partition, section)
    yield "endmodule\n"


def gate_lines(circuit: Circuit, partition: Partition, section: Section) -> Iterator[str]:
    """The assignments of a section, in blocks."""
    references = [ZERO, ONE, *partition.references[2:]]
    if not section.width:
        yield f"  `LGC_BLOCK {gate_line(reference(section.name, 0), ZERO)} `LGC_END"
    rows = zip(*_rows(circuit, section), strict=True)
    for position, (node, arity, table, fanin, layer, neuron) in enumerate(rows):
        if position % GATES_PER_BLOCK == 0:
            yield "  `LGC_BLOCK"
        if node < 0:
            text, place = references[-1 - node], ""
        else:
            text = expression(arity, table, [references[net] for net in fanin[:arity]])
            place = reference(layer, neuron) if neuron >= 0 else ""
        yield f"    {gate_line(reference(section.name, position), text, place)}"
        if position % GATES_PER_BLOCK == GATES_PER_BLOCK - 1 or position == section.width - 1:
            yield "  `LGC_END"


def _rows(circuit: Circuit, section: Section) -> tuple[list, ...]:  # type: ignore[type-arg]
    """Columns node, arity, table, fanin, layer name and neuron, for each entry of a section."""
    netlist = circuit.netlist
    origins = netlist.origins
    picked = np.maximum(section.nodes, 0)
    if not netlist.num_nodes:
        blank = [0] * section.width
        return section.nodes.tolist(), blank, blank, [[]] * section.width, [""] * section.width, [-1] * section.width
    handle = netlist.origin[picked]
    known = handle >= 0
    layer = np.zeros(len(handle), np.int64)
    neuron = np.full(len(handle), -1, np.int64)
    layer[known] = origins.layer[handle[known]]
    neuron[known] = origins.neuron[handle[known]]
    names = labels(origins.names) or [""]
    return (
        section.nodes.tolist(),
        netlist.arity[picked].tolist(),
        netlist.table[picked].tolist(),
        netlist.fanin[picked].tolist(),
        [names[index] for index in layer.tolist()],
        neuron.tolist(),
    )


def lut_function(arity: int) -> str:
    """A function that looks an address up in a table, for each lane.

    Verilator would write its loop out at every call, which takes a C++ compiler minutes where there are thousands.
    """
    letters = "fedcba"[6 - arity :]
    address = ", ".join(f"{letter}[lane]" for letter in letters)
    return f"""\
  function automatic `LGC_VECTOR lut{arity};  // bit {{{", ".join(letters)}}} of the table
    input [{(1 << arity) - 1}:0] table_bits;
    input `LGC_VECTOR {", ".join(letters)};
    integer lane;  /* verilator no_inline_task */
    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) lut{arity}[lane] = table_bits[{{{address}}}];
  endfunction"""
