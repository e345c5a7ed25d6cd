"""Gates that read a vector of bits and stand still while nothing comes: kernels at one position, and a pixel's encoder.

They are written as every other circuit's gates are, so that the same readers find them: triage, mutation and proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lgc.backend.sections import INPUT, VOTES, Section, cut_sections
from lgc.backend.verilog.gates import section_module
from lgc.backend.verilog.registers import later, registers
from lgc.ir import Circuit


def gates_module(top: str, circuit: Circuit, cuts: Sequence[int], what: str, *, last: bool = True) -> Iterator[str]:
    """A module from the circuit's inputs ``x`` to its outputs ``y``, and those of its sections.

    Args:
        cuts: levels behind which register stages stand.
        what: it is, as a sentence for a comment.
        last: whether a register stage stands at the outputs.
    """
    partition = cut_sections(circuit, top, cuts)
    for one in partition.sections:
        yield from section_module(circuit, partition, one, top)
    netlist = circuit.netlist
    yield f"// {what}"
    yield f"module {top} ("
    yield from ["  input  wire clk,"] if cuts or last else []
    yield f"  input  wire [{netlist.num_inputs - 1}:0] x,"
    yield f"  output wire [{netlist.num_outputs - 1}:0] y"
    yield ");"
    at = {INPUT: 0} | {one.name: one.latency for one in partition.sections}
    yield from registers("x", netlist.num_inputs, _last_use(partition.sections, INPUT))
    for one in partition.sections:
        width = max(1, one.width)
        yield f"  wire `LGC_NETS({one.name}, {width});"
        pins = [f".{name}({later('x' if name == INPUT else name, one.latency - at[name])})" for name in one.reads]
        yield f"  {top}_{one.name} u_{one.name} ({', '.join([*pins, f'.{one.name}({one.name})'])});"
        used = max(_last_use(partition.sections, one.name) - one.latency, int(last and one.name == VOTES))
        yield from registers(one.name, width, used)
    yield f"  assign y = {later(VOTES, int(last))};"
    yield "endmodule\n"


def _last_use(sections: Sequence[Section], name: str) -> int:
    """The register stages before the last reader of a vector; 0 if nobody reads it."""
    return max((one.latency for one in sections if name in one.reads), default=0)
