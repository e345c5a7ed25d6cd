"""BLIF, AIGER, Verilog and .lgn as inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from strategies import all_inputs

from lgc.errors import LgcError, NetlistError
from lgc.frontend import ImportOptions, load_circuit, load_model
from lgc.frontend.registry import read_file
from lgc.ir import to_text
from lgc.ir.interp import evaluate, scores

FULL_ADDER = """# a full adder, and a constant
.model adder
.inputs a b \\
 c
.outputs sum carry one off
.names a b t   # xor
10 1
01 1
.names t c sum
10 1
01 1
.names a b c carry
11- 1
1-1 1
-11 1
.names one
1
.names a b c off
111 0
000 0
.end
"""

ADDER_AAG = (
    "aag 9 3 0 2 6\n2\n4\n6\n12\n19\n8 2 4\n10 3 5\n12 9 11\n14 12 6\n16 13 7\n18 15 17\no0 xor\no1 x2\nc\nnote\n"
)

VERILOG = """
module half(input a, input b, output s, output c);
  assign s = a ^ b; assign c = a & b;
endmodule
module top(input [1:0] x, input y, output [2:0] z, output p);
  wire [1:0] c;
  half h0(.a(x[0]), .b(y), .s(z[0]), .c(c[0]));
  half h1(.a(x[1]), .b(c[0]), .s(z[1]), .c(c[1]));
  assign z[2] = c[1]; assign p = ^x;
endmodule
"""


def load(folder: Path, text: str | bytes, **facts):
    path = folder / "netlist.txt"  # a file is recognised by its contents
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_circuit(path, ImportOptions(facts))


class TestBlif:
    def test_a_full_adder(self, tmp_path: Path) -> None:
        circuit = load(tmp_path, FULL_ADDER)
        x = all_inputs(3)
        total = x.sum(axis=1)
        expected = np.stack([total % 2, total // 2, np.ones(8), (total % 3) != 0], axis=1)
        np.testing.assert_array_equal(evaluate(circuit.netlist, x), expected)
        assert circuit.head.classes == ("sum", "carry", "one", "off")
        assert circuit.name == "adder"

    def test_outputs_are_scores_or_groups(self, tmp_path: Path) -> None:
        x = all_inputs(3)
        alone = load(tmp_path, FULL_ADDER)
        np.testing.assert_array_equal(scores(alone, x), evaluate(alone.netlist, x))
        grouped = load(tmp_path, FULL_ADDER, classes=2)
        np.testing.assert_array_equal(scores(grouped, x), evaluate(alone.netlist, x).reshape(8, 2, 2).sum(2))

    @pytest.mark.parametrize("value", ["1", "0"])
    def test_wide_covers(self, value: str, tmp_path: Path) -> None:
        text = f".model w\n.inputs {' '.join(f'i{k}' for k in range(9))}\n.outputs o\n"
        text += f".names {' '.join(f'i{k}' for k in range(9))} o\n1-------0 {value}\n-11------ {value}\n.end\n"
        x = all_inputs(9)
        covered = (x[:, 0] & ~x[:, 8]) | (x[:, 1] & x[:, 2])
        np.testing.assert_array_equal(evaluate(load(tmp_path, text).netlist, x)[:, 0], covered == (value == "1"))

    def test_definitions_in_any_order(self, tmp_path: Path) -> None:
        text = ".model m\n.inputs a\n.outputs z\n.names y z\n0 1\n.names a y\n0 1\n.end\n"
        np.testing.assert_array_equal(evaluate(load(tmp_path, text).netlist, all_inputs(1))[:, 0], [0, 1])

    def test_a_chain_too_deep_for_recursion(self, tmp_path: Path) -> None:
        chain = "".join(f".names n{k} n{k + 1}\n0 1\n" for k in reversed(range(20000)))
        text = f".model m\n.inputs n0\n.outputs n20000\n{chain}.end\n"
        assert load(tmp_path, text).netlist.num_nodes == 20000

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (".model m\n.inputs a\n.outputs z\n.names z z\n1 1\n.end\n", "depends on itself"),
            (".model m\n.inputs a\n.outputs z\n.names y z\n1 1\n.names z y\n1 1\n.end\n", "depends on itself"),
            (".model m\n.inputs a\n.outputs z\n.end\n", "never defined"),
            (".model m\n.inputs a\n.outputs z\n.latch a z 0\n.end\n", ".latch is not supported"),
            (".model m\n.inputs a\n.outputs z\n.subckt x a=a z=z\n.end\n", ".subckt is not supported"),
            (".model m\n.inputs a\n.outputs z\n.names a z\n11 1\n.end\n", "no row of a cover"),
            (".model m\n.inputs a\n.outputs z\n.names a z\n1 1\n0 0\n.end\n", "mixes rows"),
            (".model m\n.inputs a\n.outputs z\n.names a z\n1 1\n.names a z\n1 1\n.end\n", "defined twice"),
            (".model m\n.inputs a a\n.outputs z\n.names a z\n1 1\n.end\n", "declared twice"),
            (".model m\n.inputs a\n.outputs a\n.names a\n1\n.end\n", "also defined"),
            (".model m\n.inputs a\n.end\n", "needs both"),
            (".model m\n.model n\n", "second .model"),
        ],
    )
    def test_errors(self, text: str, message: str, tmp_path: Path) -> None:
        with pytest.raises(NetlistError, match=message) as caught:
            load(tmp_path, text)
        assert "netlist.txt" in str(caught.value)


class TestAiger:
    def test_text(self, tmp_path: Path) -> None:
        circuit = load(tmp_path, ADDER_AAG)
        x = all_inputs(3)
        # 12 is a xor b; 19 is the complement of (12 xor c) complemented once more.
        both = x[:, 0] ^ x[:, 1]
        np.testing.assert_array_equal(evaluate(circuit.netlist, x), np.stack([both, ~(both ^ x[:, 2])], axis=1))
        assert circuit.head.classes == ("xor", "x2")

    def test_binary_is_the_same_graph(self, tmp_path: Path) -> None:
        # The same gates, each as two differences of 7-bit groups.
        gates = [(8, 4, 2), (10, 5, 3), (12, 11, 9), (14, 12, 6), (16, 13, 7), (18, 17, 15)]
        body = b"".join(bytes([target - first, first - second]) for target, first, second in gates)
        binary = load(tmp_path, b"aig 9 3 0 2 6\n12\n19\n" + body + b"o0 xor\no1 x2\n")
        text = load(tmp_path, ADDER_AAG)
        x = all_inputs(3)
        np.testing.assert_array_equal(evaluate(binary.netlist, x), evaluate(text.netlist, x))

    def test_constants_and_complemented_inputs(self, tmp_path: Path) -> None:
        circuit = load(tmp_path, "aag 1 1 0 4 0\n2\n0\n1\n2\n3\n")
        np.testing.assert_array_equal(evaluate(circuit.netlist, all_inputs(1)), [[0, 1, 0, 1], [0, 1, 1, 0]])

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"aag 1 1 1 1 0\n2\n2 3\n2\n", "latches"),
            (b"aag 1000000 1000000 0 1 0\n2\n", "truncated"),
            (b"aag 99999999999 1 0 1 0\n2\n", "whole number"),
            (b"aag 2 1 0 1 1\n2\n4\n4 4 2\n", "depends on itself"),
            (b"aag 2 1 0 1 1\n2\n4\n2 2 2\n", "defined twice"),
            (b"aag 3 1 0 1 1\n2\n4\n4 6 2\n", "never defined"),
            (b"aag 1 1 0 1 0\n3\n3\n", "complement"),
            (b"aag 1 1 0 1 0\n2\n9\n", "whole number"),
            (b"aig 2 1 0 1 1\n4\n\x05\x01", "reads itself"),
            (b"aig 2 1 0 1 1\n4\n\xff\xff\xff\xff\xff\xff", "truncated"),
            (b"aig 2 1 0 1 1\n4\n\x01", "truncated"),
            (b"aig 16777216 16777216 0 1 0\n2\n", "reads up to"),
            (b"aag 1\n", "header"),
        ],
    )
    def test_errors(self, data: bytes, message: str, tmp_path: Path) -> None:
        with pytest.raises(NetlistError, match=message):
            load(tmp_path, data)


class TestVerilog:
    def test_a_hierarchy(self, tmp_path: Path) -> None:
        pytest.importorskip("pyosys")
        circuit = load(tmp_path, VERILOG, top="top")
        x = all_inputs(3)  # x[0], x[1], y
        value = x[:, 0].astype(int) + 2 * x[:, 1] + x[:, 2]
        expected = np.stack([value & 1, (value >> 1) & 1, value >> 2, x[:, 0] ^ x[:, 1]], axis=1)
        np.testing.assert_array_equal(evaluate(circuit.netlist, x), expected)
        assert circuit.head.classes == ("z[0]", "z[1]", "z[2]", "p")

    def test_feedback_is_refused(self, tmp_path: Path) -> None:
        pytest.importorskip("pyosys")
        text = "module m(input c, input d, output reg q); always @(posedge c) q <= d ^ q; endmodule\n"
        with pytest.raises(NetlistError, match="register 'q' depends on itself"):
            load(tmp_path, text)

    def test_a_syntax_error(self, tmp_path: Path) -> None:
        pytest.importorskip("pyosys")
        with pytest.raises(NetlistError, match="yosys refuses it"):
            load(tmp_path, "module m(input a, output z); assign z = ; endmodule\n")

    def test_a_top_that_is_no_name(self, tmp_path: Path) -> None:
        with pytest.raises(NetlistError, match="no plain Verilog name"):
            load(tmp_path, VERILOG, top="m; shell rm -rf /")


class TestLgn:
    def test_under_any_name(self, tmp_path: Path) -> None:
        circuit = load(tmp_path, FULL_ADDER)
        again = load(tmp_path, to_text(circuit))
        assert again.digest() == circuit.digest()
        assert read_file(tmp_path / "netlist.txt").importer.family == "lgn"

    def test_is_no_model(self, tmp_path: Path) -> None:
        load(tmp_path, FULL_ADDER)
        with pytest.raises(LgcError, match="this is a netlist"):
            load_model(tmp_path / "netlist.txt")
