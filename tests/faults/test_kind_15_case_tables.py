"""Kind 15: tables written as `case`, as LogicNets, PolyLUT and NeuraLUT do, and errors at lines of the Verilog."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from strategies import all_inputs

from lgc.errors import NetlistError
from lgc.frontend import ImportOptions, load_circuit
from lgc.ir.interp import evaluate

pytest.importorskip("pyosys")


@dataclass
class Neuron:
    """``width`` output bits from a table over some bits of the layer before."""

    wires: list[int]
    table: NDArray[np.int64]
    width: int

    def values(self, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        address = bits[:, self.wires] @ (1 << np.arange(len(self.wires)))
        return (self.table[address][:, None] >> np.arange(self.width) & 1).astype(bool)


def network(rng: np.random.Generator, inputs: int, layers: list[int], fan_in: int, width: int) -> list[list[Neuron]]:
    made, before = [], inputs
    for count in layers:
        made.append(
            [
                Neuron(
                    rng.choice(before, min(fan_in, before), replace=False).tolist(),
                    rng.integers(0, 1 << width, 1 << min(fan_in, before)),
                    width,
                )
                for _ in range(count)
            ]
        )
        before = count * width
    return made


def expected(layers: list[list[Neuron]], bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    for layer in layers:
        bits = np.concatenate([neuron.values(bits) for neuron in layer], axis=1)
    return bits


def case_rows(neuron: Neuron, left: str, style: str) -> list[str]:
    """The rows of a table; what the default covers is left out of it."""
    arity, usual = len(neuron.wires), int(np.bincount(neuron.table).argmax())
    rows = [
        f"      {arity}'b{address:0{arity}b}: {left} = {neuron.width}'b{value:0{neuron.width}b};"
        for address, value in enumerate(neuron.table.tolist())
        if style != "default" or value != usual
    ]
    return rows + ([f"      default: {left} = {neuron.width}'d{usual};"] if style == "default" else [])


def module_text(name: str, neuron: Neuron, style: str) -> str:
    arity, width = len(neuron.wires), neuron.width
    head = f"module {name} (input [{arity - 1}:0] M0, output [{width - 1}:0] M1);\n"
    if style == "function":
        rows = "\n".join(case_rows(neuron, "look", "full"))
        body = f"  function [{width - 1}:0] look(input [{arity - 1}:0] a);\n    case (a)\n{rows}\n    endcase\n"
        return f"{head}{body}  endfunction\n  assign M1 = look(M0);\nendmodule\n"
    if style == "memory":
        rows = "\n".join(f"    rom[{k}] = {width}'d{value};" for k, value in enumerate(neuron.table.tolist()))
        body = f"  reg [{width - 1}:0] rom [0:{(1 << arity) - 1}];\n  initial begin\n{rows}\n  end\n"
        return f"{head}{body}  assign M1 = rom[M0];\nendmodule\n"
    always = "always @*" if style == "default" else "always @ (M0)"
    rows = "\n".join(case_rows(neuron, "M1r", style))
    keyword = "casez" if style == "casez" else "case"
    body = f'  (*rom_style = "distributed" *) reg [{width - 1}:0] M1r;\n  assign M1 = M1r;\n  {always} begin\n'
    return f"{head}{body}    {keyword} (M0)\n{rows}\n    endcase\n  end\nendmodule\n"


REGISTER = """module myreg #(parameter DataWidth=16)
    (input [DataWidth-1:0] data_in, input clk, input rst, output reg [DataWidth-1:0] data_out);
  always @(posedge clk) begin
    if (!rst) data_out <= data_in;
    else data_out <= 0;
  end
endmodule
"""


def verilog(layers: list[list[Neuron]], inputs: int, style: str, *, registers: bool = False) -> str:
    clock = ", input clk, input rst" if registers else ""
    last = sum(neuron.width for neuron in layers[-1])
    text, body, source, wide = REGISTER if registers else "", [], "M0", inputs
    for index, layer in enumerate(layers):
        if registers:
            body.append(
                f"  wire [{wide - 1}:0] M{index}w;\n  myreg #(.DataWidth({wide})) r{index} (.data_in({source}), "
            )
            body[-1] += f".clk(clk), .rst(rst), .data_out(M{index}w));"
            source = f"M{index}w"
        width, place = sum(neuron.width for neuron in layer), 0
        body.append(f"  wire [{width - 1}:0] L{index};")
        for number, neuron in enumerate(layer):
            name = f"layer{index}_N{number}"
            text += module_text(name, neuron, style)
            picked = ", ".join(f"{source}[{wire}]" for wire in reversed(neuron.wires))
            body.append(f"  wire [{len(neuron.wires) - 1}:0] {name}_wire = {{{picked}}};")
            body.append(f"  {name} {name}_inst (.M0({name}_wire), .M1(L{index}[{place + neuron.width - 1}:{place}]));")
            place += neuron.width
        source, wide = f"L{index}", width
    top = f"module logicnet (input [{inputs - 1}:0] M0{clock}, output [{last - 1}:0] y);\n"
    return text + top + "\n".join(body) + f"\n  assign y = {source};\nendmodule\n"


def load(folder: Path, text: str, **facts):
    (folder / "net.v").write_text(text)
    return load_circuit(folder / "net.v", ImportOptions(facts))


@pytest.mark.parametrize("style", ["full", "default", "casez", "function", "memory"])
def test_networks_of_tables(style: str, tmp_path: Path) -> None:
    layers = network(np.random.default_rng(len(style)), 8, [6, 5, 3], 4, 2)
    circuit = load(tmp_path, verilog(layers, 8, style))
    x = all_inputs(8)
    np.testing.assert_array_equal(evaluate(circuit.netlist, x), expected(layers, x))


def test_tables_wider_than_a_node(tmp_path: Path) -> None:
    layers = network(np.random.default_rng(9), 10, [3], 9, 3)
    x = all_inputs(10)
    np.testing.assert_array_equal(evaluate(load(tmp_path, verilog(layers, 10, "full")).netlist, x), expected(layers, x))


def test_a_pipeline_with_a_reset_that_holds_still(tmp_path: Path) -> None:
    layers = network(np.random.default_rng(3), 8, [6, 5, 3], 4, 2)
    text = verilog(layers, 8, "full", registers=True)
    x = all_inputs(8)
    circuit = load(tmp_path, text, tie="rst=0")
    np.testing.assert_array_equal(evaluate(circuit.netlist, x), expected(layers, x))
    with pytest.raises(NetlistError, match="--source-tie NAME=0"):
        load(tmp_path, text)


def test_wildcards_take_the_first_that_fits(tmp_path: Path) -> None:
    text = (
        "module t(input [3:0] a, output reg [1:0] q);\n  always @* casez (a)\n    4'b1???: q = 3;\n"
        "    4'b?1??: q = 2;\n"
        "    4'b??1?: q = 1;\n    default: q = 0;\n  endcase\nendmodule\n"
    )
    x = all_inputs(4)
    first = np.where(x[:, 3], 3, np.where(x[:, 2], 2, x[:, 1]))
    np.testing.assert_array_equal(evaluate(load(tmp_path, text).netlist, x), first[:, None] >> [0, 1] & 1)


def test_several_labels_and_repeated_ones(tmp_path: Path) -> None:
    text = (
        "module t(input [2:0] a, output reg q);\n  always @* case (a)\n    1, 2, 4: q = 1;\n"
        "    2, 7: q = 0;\n    7: q = 1;\n"
        "    default: q = a[0];\n  endcase\nendmodule\n"
    )
    found = evaluate(load(tmp_path, text).netlist, all_inputs(3))[:, 0]
    np.testing.assert_array_equal(found, [0, 1, 1, 1, 1, 1, 0, 0])


@pytest.mark.parametrize("promise", ["// synopsys full_case parallel_case", "/* synthesis parallel_case */", ""])
def test_comments_for_tools_change_nothing(promise: str, tmp_path: Path) -> None:
    attribute = "" if promise else "(* parallel_case *)"
    text = (
        f"module t(input [1:0] a, output reg q);\n  always @* begin\n"
        f"    {attribute} casez (a) {promise}\n      2'b1?: q = 1;\n"
        "      2'b?1: q = 0;\n      default: q = 1;\n    endcase\n  end\nendmodule\n"
    )
    np.testing.assert_array_equal(evaluate(load(tmp_path, text).netlist, all_inputs(2))[:, 0], [1, 0, 1, 1])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("module t(input a, output z);\n\n  assign z = ;\nendmodule\n", 3),
        ("module t(input a, output z);\n  wire w;\n  lost u(a, z);\nendmodule\n", 3),
        ("module t(input a,\n  output z);\n  assign z = a[5] +\n    nothing(a);\nendmodule\n", 4),
        ("module t(input [1:0] a, output reg z);\n  always @*\n   case (a)\n    0: z = 1;\n   endcase\nendmodule\n", 2),
    ],
)
def test_errors_name_the_line_of_the_verilog(text: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(NetlistError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert f"net.v:{line}: " in message
    assert "blif" not in message.lower() and "source0" not in message
