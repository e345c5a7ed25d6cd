"""Registers around a circuit: how a circuit with more ports than a package has pins is placed and timed.

Every input that is read comes from a flip-flop of one long shift register, every output ends in a flip-flop, and only
the clock and the shift register's input are pins. The flip-flops are the family's own cells and no logic is added, so
that every path of the circuit is a path between registers, which nextpnr times; the circuit's own counts are taken
before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import count, takewhile

from lgc.backend.manifest import Port
from lgc.backend.verilog.grammar import generate_loop
from lgc.parts.part import Family

TOP = "lgc_harness"
_CLOCKS = ("clk", "aclk")

_REGISTER = """\
module lgc_harness_register(input wire clk, input wire d, output wire q);
  (* keep *) {register}
endmodule
"""


def harness(circuit: str, ports: Sequence[Port], family: Family) -> str:
    """The Verilog of a top module :data:`TOP` that holds the circuit."""
    inputs = [port for port in ports if port.direction == "input" and port.name not in _CLOCKS]
    outputs = [port for port in ports if port.direction == "output"]
    width_in, width_out = (max(1, sum(port.width for port in group)) for group in (inputs, outputs))
    pins = [f".{port.name}(clk)" for port in ports if port.name in _CLOCKS]
    pins += _pins(inputs, "q") + _pins(outputs, "results")
    pad, clock = family.input, family.clock
    lines = [
        _REGISTER.format(register=family.register),
        f"module {TOP}(input wire clk_pin, input wire data_pin);",
        "  wire clk_pad, clk, data;",
        f"  {pad} clk_buffer (.I(clk_pin), .O(clk_pad));" if pad else "  assign clk_pad = clk_pin;",
        f"  {clock} clk_network (.I(clk_pad), .O(clk));" if clock else "  assign clk = clk_pad;",
        f"  {pad} data_buffer (.I(data_pin), .O(data));" if pad else "  assign data = data_pin;",
        f"  wire [{width_in}:0] shift = {{q, data}};",
        f"  wire [{width_in - 1}:0] q;",
        f"  wire [{width_out - 1}:0] results, seen;",
        "  genvar i;",
        *generate_loop("in", 0, width_in, ["lgc_harness_register r (.clk(clk), .d(shift[i]), .q(q[i]));"]),
        *generate_loop("out", 0, width_out, ["lgc_harness_register r (.clk(clk), .d(results[i]), .q(seen[i]));"]),
        f"  {circuit} circuit ({', '.join(pins)});",
        "endmodule",
        "",
    ]
    return "\n".join(lines)


def without_unread(netlist: bytes, family: Family) -> bytes:
    """The harness without the registers of inputs that the circuit does not read, which would only take places.

    Args:
        netlist: yosys's JSON of the harness, as a file has it. What is no harness is left as it is: nextpnr says what
            is wrong with it.
    """
    try:
        found = json.loads(netlist)
        cells = found["modules"][TOP]["cells"]
    except (ValueError, LookupError, TypeError):
        return netlist
    registers = list(takewhile(cells.__contains__, (f"in[{index}].r.ff" for index in count())))
    to, out = (re.findall(rf"\.(\w+)\({pin}\)", family.register)[0] for pin in "dq")
    apart = set(registers)
    others = (cell["connections"].values() for name, cell in cells.items() if name not in apart)
    read = {bit for pins in others for bits in pins for bit in bits}
    source: list[object] = []
    for name in registers:
        pins = cells[name]["connections"]
        pins[to] = source or pins[to]
        if source and not read.intersection(pins[out]):
            del cells[name]
        else:
            source = pins[out]
    return json.dumps(found).encode()


def _pins(ports: Sequence[Port], vector: str) -> list[str]:
    pins, offset = [], 0
    for port in ports:
        pins.append(f".{port.name}({vector}[{offset} +: {port.width}])")
        offset += port.width
    return pins
