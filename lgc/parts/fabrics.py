"""Fabrics as data: the cells of a family of parts, which synthesis leaves as they are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fabric:
    """The cells of a family of parts.

    Attributes:
        lut: operands of the largest lookup table.
        table: Verilog of a lookup table, with the places ``{arity}``, ``{size}``, ``{init}``, ``{name}``, ``{output}``
            and ``{i0}`` to ``{i5}``.
        padded: whether every table has ``lut`` operands, those left over at 0.
        carry: whether the heads on carry chains have cells here.
        models: Verilog that simulates the cells.
    """

    name: str
    lut: int
    table: str
    padded: bool
    carry: bool
    models: str


def _table_models(sizes: range, output: str) -> str:
    """Modules ``LUT1`` and on: INIT's bit {..., I1, I0}."""
    modules = []
    for arity in sizes:
        pins = [f"I{index}" for index in range(arity)]
        modules.append(
            f"module LUT{arity} #(parameter [{(1 << arity) - 1}:0] INIT = 0) "
            f"(output {output}, input {', '.join(pins)});\n"
            f"  assign {output} = INIT[{{{', '.join(reversed(pins))}}}];\n"
            "endmodule\n"
        )
    return "".join(modules)


_XILINX_MODELS = (
    _table_models(range(1, 7), "O")
    + """\
module LUT6_2 #(parameter [63:0] INIT = 0) (
  output O6, O5,
  input I0, I1, I2, I3, I4, I5
);
  assign O6 = INIT[{I5, I4, I3, I2, I1, I0}];
  assign O5 = INIT[{1'b0, I4, I3, I2, I1, I0}];
endmodule
module CARRY4 (output [3:0] CO, O, input CI, CYINIT, input [3:0] DI, S);
  wire [3:0] carry = {CO[2:0], CI | CYINIT};
  assign O = S ^ carry;
  assign CO = (S & carry) | (~S & DI);
endmodule
"""
)
_LATTICE_MODELS = """\
module LUT4 #(parameter [15:0] INIT = 0) (input A, B, C, D, output Z);
  assign Z = INIT[{D, C, B, A}];
endmodule
"""
_ICE40_MODELS = """\
module SB_LUT4 #(parameter [15:0] LUT_INIT = 0) (output O, input I0, I1, I2, I3);
  assign O = LUT_INIT[{I3, I2, I1, I0}];
endmodule
"""
_GOWIN_MODELS = _table_models(range(1, 5), "F")

FABRICS: dict[str, Fabric] = {
    one.name: one
    for one in (
        Fabric("xc7", 6, "LUT{arity} #(.INIT({init})) {name} (.O({output}), {pins});", False, True, _XILINX_MODELS),
        Fabric(
            "ecp5",
            4,
            "LUT4 #(.INIT({init})) {name} (.A({i0}), .B({i1}), .C({i2}), .D({i3}), .Z({output}));",
            True,
            False,
            _LATTICE_MODELS,
        ),
        Fabric("ice40", 4, "SB_LUT4 #(.LUT_INIT({init})) {name} (.O({output}), {pins});", True, False, _ICE40_MODELS),
        Fabric("gowin", 4, "LUT{arity} #(.INIT({init})) {name} (.F({output}), {pins});", False, False, _GOWIN_MODELS),
    )
}
"""The fabrics that have cells here; ``generic`` is plain Verilog."""
