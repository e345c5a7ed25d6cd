"""Kind 10: the Verilog reader asks what a file does not say, at its line, and an option answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from strategies import all_inputs

from lgc.errors import NetlistError
from lgc.frontend import ImportOptions, load_circuit
from lgc.frontend.registry import read_file
from lgc.ir.interp import evaluate

pytest.importorskip("pyosys")


def load(folder: Path, text: str, name: str = "net.v", **facts):
    path = folder / name
    path.write_text(text)
    return load_circuit(path, ImportOptions(facts))


def refused(folder: Path, text: str, **facts) -> str:
    with pytest.raises(NetlistError) as caught:
        load(folder, text, **facts)
    return str(caught.value)


TWO = (
    "module a(input x, output y);\n assign y = ~x;\nendmodule\nmodule b(input x, output y);\n"
    " assign y = x;\nendmodule\n"
)
NAMED = TWO.replace("module b(input x", "module b(input a").replace("y = x", "y = a")
GENERATED = (
    "module c(input x, output y);\n assign y = x;\nendmodule\nmodule a(input x, output y);\n"
    " generate if (1) begin : g c u(.x(x), .y(y)); end endgenerate\nendmodule\nmodule b(input x, output y);\n"
    " c u(x, y);\nendmodule\n"
)


class TestTops:
    @pytest.mark.parametrize("text", [TWO, NAMED, GENERATED])
    def test_one_of_two_is_asked_for(self, text: str, tmp_path: Path) -> None:
        message = refused(tmp_path, text)
        assert (
            "2 modules that no other instantiates" in message
            and "--source-top b" in message
            and '{"top": "b"}' in message
        )
        assert f"net.v:{text[: text.index('module b')].count(chr(10)) + 1}" in message

    @pytest.mark.parametrize(("top", "expected"), [("a", [1, 0]), ("b", [0, 1])])
    def test_the_option_answers(self, top: str, expected: list[int], tmp_path: Path) -> None:
        circuit = load(tmp_path, TWO, top=top)
        np.testing.assert_array_equal(evaluate(circuit.netlist, all_inputs(1))[:, 0], expected)

    def test_the_only_uninstantiated_one_is_the_top(self, tmp_path: Path) -> None:
        assert load(tmp_path, GENERATED.split("module b")[0]).name == "a"

    def test_the_answer_in_a_sidecar(self, tmp_path: Path) -> None:
        (tmp_path / "net.v").write_text(TWO)
        (tmp_path / "said.json").write_text('{"top": "b"}')
        assert read_file(tmp_path / "net.v", ImportOptions.of(tmp_path / "said.json")).result.name == "b"

    def test_a_wrong_answer_names_the_modules(self, tmp_path: Path) -> None:
        assert "Its modules are: a, b" in refused(tmp_path, TWO, top="c")

    def test_a_ring_of_modules_has_no_top(self, tmp_path: Path) -> None:
        text = (
            "module a(input x, output y);\n b u(x, y);\nendmodule\nmodule b(input x, output y);\n"
            " a u(x, y);\nendmodule\n"
        )
        assert "no module of it is the top" in refused(tmp_path, text)


UNDEFINED = {
    "three-state": ("module t(input a, input e, output y);\n assign y = e ? a : 1'bz;\nendmodule\n", 2),
    "x": ("module t(input a, input e, output y);\n assign y = e ? a : 1'bx;\nendmodule\n", 2),
    "undriven net": ("module t(input a, input e, output y);\n wire u;\n assign y = a & u & e;\nendmodule\n", 2),
    "undriven output": ("module t(input a, input e, output y, output z);\n assign y = a & e;\nendmodule\n", 1),
    "constant z": ("module t(input a, input e, output y);\n assign y = 1'bz;\nendmodule\n", None),
    "case without default": (
        "module t(input a, input e, output y);\n function f(input [1:0] s);\n"
        "  case (s) 0: f = 1; 1: f = 0; 3: f = 1; endcase\n endfunction\n assign y = f({a, e});\nendmodule\n",
        3,
    ),
    "index outside": (
        "module t(input a, input e, output y);\n wire [2:0] t = 3'd5;\n assign y = t[{a, e}];\nendmodule\n",
        3,
    ),
    "full_case": (
        "module t(input a, input e, output reg y);\n always @*\n  (* full_case *) case ({a, e})\n"
        "   0: y = 1; 1: y = 0;\n  endcase\nendmodule\n",
        None,
    ),
}


class TestUndefined:
    @pytest.mark.parametrize("kind", UNDEFINED)
    def test_is_asked_for_at_its_line(self, kind: str, tmp_path: Path) -> None:
        text, line = UNDEFINED[kind]
        message = refused(tmp_path, text)
        if kind == "full_case":  # a comment for tools; to a simulator this is a latch
            assert "is a latch" in message
            return
        assert (
            "is undefined for some inputs" in message
            and "--source-undefined 0" in message
            and '{"undefined": "0"}' in message
        )
        assert f"net.v:{line}:" in message if line else "net.v" in message

    @pytest.mark.parametrize("value", [0, 1])
    def test_the_option_answers(self, value: int, tmp_path: Path) -> None:
        x = all_inputs(2)
        circuit = load(tmp_path, UNDEFINED["three-state"][0], undefined=str(value))
        np.testing.assert_array_equal(evaluate(circuit.netlist, x)[:, 0], np.where(x[:, 1], x[:, 0], value))
        circuit = load(tmp_path, UNDEFINED["undriven net"][0], undefined=value)
        np.testing.assert_array_equal(evaluate(circuit.netlist, x)[:, 0], x[:, 0] & x[:, 1] & bool(value))

    @pytest.mark.parametrize(
        "text",
        [
            "module t(input a, input e, output y);\n wire u;\n assign y = a & (u & 1'b0 | e);\nendmodule\n",
            "module t(input a, input e, output y);\n assign y = 1 ? a & e : 1'bx;\nendmodule\n",
            "module t(input a, input e, output reg y);\n always @* casez ({a, e}) 2'b11: y = 1; 2'b?0: y = 0; "
            "2'b0?: y = 0; default: y = 1'bx; endcase\nendmodule\n",
            "module t(input a, input e, output y);\n reg [3:0] t = 4'b1000;\n assign y = t[{a, e}];\nendmodule\n",
        ],
    )
    def test_what_no_input_reaches_is_not_asked_for(self, text: str, tmp_path: Path) -> None:
        x = all_inputs(2)
        found = evaluate(load(tmp_path, text).netlist, x)[:, 0]
        np.testing.assert_array_equal(
            found, x[:, 0] & x[:, 1] if "casez" in text or "t[" in text or "?" in text else found
        )


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "module t(input a, input b, output y);\n assign y = a;\n assign y = b;\nendmodule\n",
                "drive|assigned twice",
            ),
            ("module t(input a, input b, output y);\n assign y = ~a;\n assign y = ~b;\nendmodule\n", "several drivers"),
            (
                "module t(input a, input b, output y);\n assign y = 1'b0;\n assign y = a & b;\nendmodule\n",
                "drive|twice",
            ),
            ("module t(input a, input b, output y);\n assign y = a;\n assign a = b;\nendmodule\n", "drive|twice"),
            (
                "module t(input a, input b, output y);\n and g(y, a, b);\n or h(y, a, b);\nendmodule\n",
                "several drivers",
            ),
            ("module t(input a, output reg y);\n always @* if (a)\n  y = 1;\nendmodule\n", "'y' is a latch"),
            ("module t(input a, inout y);\n assign y = a;\nendmodule\n", "port 'y' is an inout"),
            ("module t(input a, output y);\n wire n = a & y;\n assign y = ~n;\nendmodule\n", "combinational cycle"),
            ("module t(input a, output y);\n none u(.a(a), .y(y));\nendmodule\n", "none"),
            ("module t(input a, output y);\n assign y = a === 1'bz ? 1'b0 : q;\nendmodule\n", "undefined"),
        ],
    )
    def test_by_name_and_line(self, text: str, message: str, tmp_path: Path) -> None:
        with pytest.raises(NetlistError, match=message) as caught:
            load(tmp_path, text)
        assert "net.v" in str(caught.value) and "source0" not in str(caught.value)

    def test_an_input_that_nothing_reads_stays_an_input(self, tmp_path: Path) -> None:
        circuit = load(
            tmp_path, "module t(input a, input unused, input b, output y);\n assign y = a & ~b;\nendmodule\n"
        )
        x = all_inputs(3)
        np.testing.assert_array_equal(evaluate(circuit.netlist, x)[:, 0], x[:, 0] & ~x[:, 2])


RANGES = ["[3:0]", "[0:3]", "[7:4]", "[4:7]", "[-1:2]", "[2:-1]", "[-4:-1]"]


class TestRanges:
    @pytest.mark.parametrize("way", ["wire", "reg"])
    @pytest.mark.parametrize("span", RANGES)
    def test_the_lowest_index_comes_first(self, span: str, way: str, tmp_path: Path) -> None:
        left, right = (int(number) for number in span[1:-1].split(":"))
        low = min(left, right)
        body = " ".join(
            f"assign y[{low + k}] = {'^' if k else ''}a[{low + k}];"
            if way == "wire"
            else f"y[{low + k}] = a[{low + k}];"
            for k in range(4)
        )
        body = body if way == "wire" else f"always @* begin {body} end"
        kind = "" if way == "wire" else "reg "
        circuit = load(tmp_path, f"module t(input {span} a, output {kind}{span} y);\n {body}\nendmodule\n")
        np.testing.assert_array_equal(evaluate(circuit.netlist, all_inputs(4)), all_inputs(4))
        assert circuit.head.classes == tuple(f"y[{low + k}]" for k in range(4))

    def test_a_number_is_the_word_as_written(self, tmp_path: Path) -> None:
        text = "module t(input [0:2] a, output [0:2] y);\n assign y = a + 1;\nendmodule\n"
        x = all_inputs(3)
        value = (x @ [4, 2, 1] + 1) % 8
        np.testing.assert_array_equal(evaluate(load(tmp_path, text).netlist, x), value[:, None] >> [2, 1, 0] & 1)
