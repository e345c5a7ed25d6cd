"""Kind 18: score words, feed-forward registers, several files and includes, and words of SystemVerilog as names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from difflogic_files import checkpoint, reference_text
from strategies import all_inputs

from lgc.errors import CheckpointError, NetlistError
from lgc.frontend import ImportOptions, load_circuit
from lgc.frontend.registry import read_file
from lgc.ir.interp import evaluate

pytest.importorskip("pyosys")


def load(path: Path, **facts):
    return load_circuit(path, ImportOptions(facts))


def table(circuit) -> list[int]:
    return evaluate(circuit.netlist, all_inputs(circuit.netlist.num_inputs))[:, 0].astype(int).tolist()


SUMS = [" + ".join(f"l1[{20 * c + k}]" for k in range(20)) for c in range(2)]
MINUS = "output [9:0] y|wire [4:0] s0 = %s; wire [4:0] s1 = %s; assign y = {s0, s1};"
SCORES = {
    "class 0 highest": MINUS % (SUMS[0], SUMS[1]),
    "class 0 lowest": (MINUS % (SUMS[0], SUMS[1])).replace("{s0, s1}", "{s1, s0}"),
    "one port a class": f"output [4:0] s0, output [4:0] s1|assign s0 = {SUMS[0]}; assign s1 = {SUMS[1]};",
    "highest bit first": f"output [0:4] s0, output [0:4] s1|assign s0 = {SUMS[0]}; assign s1 = {SUMS[1]};",
    "wider words": f"output [7:0] s0, output [7:0] s1|assign s0 = {SUMS[0]}; assign s1 = {SUMS[1]};",
}


class TestScoreWords:
    @pytest.mark.parametrize("form", SCORES)
    def test_are_compared_as_scores(self, form: str, tmp_path: Path) -> None:
        pytest.importorskip("torch")
        path, layers = checkpoint(tmp_path)
        (tmp_path / "ref.v").write_text(reference_text(layers, ".v", SCORES[form]))
        said = {"seed": 0, "preamble": 0, "classes": 2, "check": str(tmp_path / "ref.v")}
        found = read_file(path, ImportOptions({**said, "features": 16}))
        assert any("4096 of 4096 score vectors match, one word of" in note for note in found.job.certain)
        major = {"features": 8, "thresholds": "0.25,0.5", "bit_order": "threshold-major"}
        found = read_file(path, ImportOptions({**said, **major}))
        assert any("inputs in the checkpoint's order" in note for note in found.job.certain)

    def test_a_wrong_score_passes_in_no_order(self, tmp_path: Path) -> None:
        pytest.importorskip("torch")
        path, layers = checkpoint(tmp_path)
        wrong = SCORES["class 0 lowest"].replace("l1[0] +", "~l1[0] +")
        (tmp_path / "ref.v").write_text(reference_text(layers, ".v", wrong))
        said = {"seed": 0, "preamble": 0, "classes": 2, "features": 16, "check": str(tmp_path / "ref.v")}
        with pytest.raises(CheckpointError, match="score vectors match"):
            read_file(path, ImportOptions(said))


PIPE = "module pipe(input clk, input a, input b, input c, output reg y);\n  reg p, q;\n"
ENABLED = (
    "module p(input clk, input en, input rst, input a, input b, output reg y);\n  reg q, r;\n"
    "  always @(posedge clk or posedge rst)\n    if (rst) begin q <= 0; r <= 0; y <= 0; end\n"
    "    else if (en) begin q <= a; r <= b; y <= q ^ r; end\nendmodule\n"
)
REFUSED = {
    "feedback": (f"{PIPE}  always @(posedge clk)\n    y <= y ^ a;\nendmodule\n", "register 'y' depends on itself", 3),
    "feedback of two": (
        f"{PIPE}  always @(posedge clk) p <= q;\n  always @(posedge clk) begin q <= p ^ a; y <= q; end\nendmodule\n",
        "depends on itself",
        None,
    ),
    "unequal paths": (
        f"{PIPE}  always @(posedge clk) begin p <= a; y <= p ^ b; end\nendmodule\n",
        "behind 0 and behind 1 registers",
        None,
    ),
    "the same signal early and late": (
        f"{PIPE}  always @(posedge clk) begin p <= a; y <= p ^ a; end\nendmodule\n",
        "behind 0 and behind 1 registers",
        None,
    ),
    "outputs of unequal depth": (
        "module m(input clk, input a, output reg y, output z);\n always @(posedge clk) y <= a;\n"
        " assign z = a;\nendmodule\n",
        "stands behind",
        None,
    ),
    "two clocks": (
        "module m(input c, input d, input a, output reg y);\n reg p;\n always @(posedge c) p <= a;\n"
        " always @(posedge d) y <= p;\nendmodule\n",
        "another clock",
        None,
    ),
    "two edges": (
        "module m(input c, input a, output reg y);\n reg p;\n always @(posedge c) p <= a;\n"
        " always @(negedge c) y <= p;\nendmodule\n",
        "another clock",
        None,
    ),
    "a clock that is made": (
        "module m(input c, input e, input a, output reg y);\n wire g = c & e;\n"
        " always @(posedge g) y <= a;\nendmodule\n",
        "no input port",
        3,
    ),
    "a clock that is data": (
        "module m(input c, input a, output reg y, output z);\n always @(posedge c) y <= a;\n"
        " assign z = c;\nendmodule\n",
        "is read as data too",
        None,
    ),
    "enable": (ENABLED, "asynchronous reset, 'rst'", 3),
}


class TestRegisters:
    def test_of_a_pipeline_are_cut(self, tmp_path: Path) -> None:
        path = tmp_path / "pipe.v"
        path.write_text(f"{PIPE}  always @(posedge clk) begin p <= a & b; q <= c; y <= p ^ q; end\nendmodule\n")
        x = all_inputs(3)
        found = read_file(path)
        np.testing.assert_array_equal(evaluate(found.result.netlist, x)[:, 0], x[:, 0] & x[:, 1] ^ x[:, 2])
        assert "2 register stages of clock 'clk' are cut: they delay the outputs, no more" in found.job.certain

    def test_one_signal_at_two_depths_is_two_signals(self, tmp_path: Path) -> None:
        path = tmp_path / "pipe.v"
        path.write_text(f"{PIPE}  always @(negedge clk) begin p <= a; q <= ~a; y <= p & q; end\nendmodule\n")
        assert table(load(path)) == [0] * 8

    @pytest.mark.parametrize("kind", REFUSED)
    def test_what_is_no_pipeline_is_refused_by_name(self, kind: str, tmp_path: Path) -> None:
        text, message, line = REFUSED[kind]
        (tmp_path / "m.v").write_text(text)
        with pytest.raises(NetlistError, match=message) as caught:
            load(tmp_path / "m.v")
        assert f"m.v:{line}" in str(caught.value) if line else "m.v" in str(caught.value)

    def test_resets_and_enables_that_hold_still(self, tmp_path: Path) -> None:
        (tmp_path / "m.v").write_text(ENABLED)
        assert table(load(tmp_path / "m.v", tie="rst=0,en=1")) == [0, 1, 1, 0]
        with pytest.raises(NetlistError, match="depends on itself"):
            load(tmp_path / "m.v", tie="rst=0")
        with pytest.raises(NetlistError, match="asynchronous reset"):
            load(tmp_path / "m.v", tie="rst=1,en=1")
        with pytest.raises(NetlistError, match="no input of the top"):
            load(tmp_path / "m.v", tie="rst=0,go=1")


MAIN = '`include "w.vh"\nmodule m(input [`W-1:0] a, output y);\n  assign y = ^a;\nendmodule\n'
PARITY = [0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0]


class TestFiles:
    def test_an_include_beside_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "m.v").write_text(MAIN)
        (tmp_path / "w.vh").write_text("`define W 4\n")
        assert table(load(tmp_path / "m.v")) == PARITY

    def test_an_include_in_a_folder_that_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "deep" / "er").mkdir(parents=True)
        (tmp_path / "m.v").write_text(MAIN.replace("w.vh", "er/w.vh"))
        (tmp_path / "deep" / "er" / "w.vh").write_text('`include "four.vh"\n`define W `FOUR\n')
        (tmp_path / "deep" / "er" / "four.vh").write_text("`define FOUR 4\n")
        with pytest.raises(NetlistError, match=r"m\.v:1: .*--source-include"):
            load(tmp_path / "m.v")
        assert table(load(tmp_path / "m.v", include=str(tmp_path / "deep"))) == PARITY

    @pytest.mark.parametrize("way", ["absolute", "parent", "link", "macro", "below", "readmem", "escaped task"])
    def test_no_other_file_is_opened_or_quoted(self, way: str, tmp_path: Path) -> None:
        secret, inner = tmp_path / "secret.txt", tmp_path / "inner"
        (inner / "below").mkdir(parents=True)
        secret.write_text("hunter2_is_the_password 1\n")
        (inner / "link.vh").symlink_to(secret)
        (inner / "below" / "secret.txt").write_text(secret.read_text())
        line = {
            "absolute": f'`include "{secret}"',
            "parent": '`include "../secret.txt"',
            "link": '`include "link.vh"',
            "macro": f'`define F "{secret}"\n`include `F',
            "below": '`include "below/secret.txt"',
            "readmem": f'reg [7:0] r [0:1]; initial $readmemh("{secret}", r);',
            "escaped task": f'reg [7:0] r [0:1]; initial \\$readmemh ("{secret}", r);',
        }[way]
        (inner / "m.v").write_text(f"module m(input a, output y);\n{line}\nassign y = a;\nendmodule\n")
        with pytest.raises(NetlistError) as caught:
            load(inner / "m.v")
        assert "hunter2" not in str(caught.value) and "m.v:" in str(caught.value)

    def test_an_error_in_an_include_names_its_own_line(self, tmp_path: Path) -> None:
        (tmp_path / "m.v").write_text('module m(input a, output y);\n`include "rest.v"\nendmodule\n')
        (tmp_path / "rest.v").write_text("\nassign y = ;\n")
        with pytest.raises(NetlistError, match=r"rest\.v:2: "):
            load(tmp_path / "m.v")

    def test_several_files_in_their_order(self, tmp_path: Path) -> None:
        (tmp_path / "a.v").write_text(
            "`define OP ^\nmodule m(input a, input b, output y);\n  g u(a, b, y);\nendmodule\n"
        )
        (tmp_path / "b.v").write_text("module g(input a, input b, output y);\n  assign y = a `OP b;\nendmodule\n")
        with pytest.raises(NetlistError, match=r"a\.v:3: .*g"):
            load(tmp_path / "a.v")
        assert table(load(tmp_path / "a.v", files=str(tmp_path / "b.v"))) == [0, 1, 1, 0]

    def test_an_include_that_includes_itself(self, tmp_path: Path) -> None:
        (tmp_path / "m.v").write_text('module m(input a, output y);\n`include "m.v"\nendmodule\n')
        with pytest.raises(NetlistError, match="deep"):
            load(tmp_path / "m.v")

    def test_macros_and_conditions(self, tmp_path: Path) -> None:
        text = (
            "`timescale 1ns/1ps\n`default_nettype none\n`define XNOR(p, q) ~((p) ^ \\\n"
            "  (q)) // comment\n`define A {a}\n"
            "`ifdef NONE\n`error\n`elsif ALSO\nnonsense\n`else\n"
            "module m(input wire a, input wire b, output wire y);\n`endif\n"
            "  assign y = `XNOR(`A, (b)); /* `undefined */ // `undefined\nendmodule\n`undef A\n"
        )
        (tmp_path / "m.v").write_text(text)
        assert table(load(tmp_path / "m.v")) == [1, 0, 0, 1]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("`ifdef A\nmodule m(input a, output y); assign y = a; endmodule\n", "without its `endif"),
            ("module m(input a, output y);\n assign y = `B;\nendmodule\n", r"m\.v:2: .*`B is unknown"),
            ("`define R `R `R\nmodule m(input a, output y);\n assign y = `R;\nendmodule\n", "deep"),
            ("module m(input a, output y);\n// synthesis translate_off\nassign y = ~a;\n"
             "// synthesis translate_on\nendmodule\n",
             r"m\.v:2: .*hides text"),
        ],
    )  # fmt: skip
    def test_directives_that_cannot_be_obeyed(self, text: str, message: str, tmp_path: Path) -> None:
        (tmp_path / "m.v").write_text(text)
        with pytest.raises(NetlistError, match=message):
            load(tmp_path / "m.v")


class TestWords:
    @pytest.mark.parametrize("word", ["bit", "logic", "do", "byte", "int", "unique", "priority", "final", "var"])
    def test_of_systemverilog_are_names_in_verilog(self, word: str, tmp_path: Path) -> None:
        (tmp_path / "m.v").write_text(
            f"module m(input a, input b, output reg y);\n  wire {word};\n  assign {word} = a & b;\n"
            f"  always @* y = {word};\nendmodule\n"
        )
        assert table(load(tmp_path / "m.v")) == [0, 0, 0, 1]

    @pytest.mark.parametrize("name", ["m.sv", "m.v"])
    def test_systemverilog_is_read_as_such(self, name: str, tmp_path: Path) -> None:
        (tmp_path / name).write_text(
            "module m(input logic [1:0] a, output logic y);\n  always_comb unique case (a)\n    2'd0, 2'd3: y = '0;\n"
            "    default: y = '1;\n  endcase\nendmodule\n"
        )
        assert table(load(tmp_path / name)) == [0, 1, 1, 0]
