"""Kind 25, of reading: structural Verilog of 48,000 gates is read in seconds, and exactly as yosys reads it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import all_inputs

from lgc.errors import NetlistError
from lgc.frontend import ImportOptions
from lgc.frontend.families import verilog_read
from lgc.frontend.registry import read_file
from lgc.ir.interp import evaluate

pytest.importorskip("pyosys")
Gate = tuple[int, int, int]  # gate, and two operands: inputs first, then gates

OPERATORS = {"and": "&", "or": "|", "xor": "^"}
NAMES = ["and", "nand", "or", "nor", "xor", "xnor"]
MEANING: list[Callable] = [
    lambda a, b: a & b, lambda a, b: ~(a & b), lambda a, b: a | b, lambda a, b: ~(a | b), lambda a, b: a ^ b,
    lambda a, b: ~(a ^ b),
]  # fmt: skip


def expression(gate: int, a: str, b: str) -> str:
    name = NAMES[gate].replace("xnor", "~xor").replace("nand", "~and").replace("nor", "~or")
    plain = f"{a} {OPERATORS[name.strip('~')]} {b}"
    return f"~({plain})" if "~" in name else plain


def by_assign(k: int, gate: int, a: str, b: str) -> str:
    return f"  assign n{k} = {expression(gate, a, b)};"


def by_primitive(k: int, gate: int, a: str, b: str) -> str:
    return f"  {NAMES[gate]} g{k} (n{k}, {a}, {b});"


def by_index(k: int, gate: int, a: str, b: str) -> str:
    table = sum(int(MEANING[gate](np.array(address & 1 > 0), np.array(address > 1))) << address for address in range(4))
    return f"  wire [3:0] t{k} = 4'd{table};\n  wire [1:0] s{k} = {{{b}, {a}}};\n  assign n{k} = t{k}[s{k}];"


def by_module(k: int, gate: int, a: str, b: str) -> str:
    return f"  lgc_{NAMES[gate]} u{k} (.o(n{k}), .i({{{a}, {b}}}));"


def by_choice(k: int, gate: int, a: str, b: str) -> str:
    low, high = (expression(gate, f"1'b{bit}", b) for bit in (0, 1))
    return f"  assign n{k} = {a} == 1'b0 ? {low} : {high};"


def by_always(k: int, gate: int, a: str, b: str) -> str:
    return (
        f"  reg r{k};\n  assign n{k} = r{k};\n  always @* begin r{k} = {a}; r{k} = {expression(gate, f'r{k}', b)}; end"
    )


def by_function(k: int, gate: int, a: str, b: str) -> str:
    body = f"function f{k}(input p, input q); f{k} = {expression(gate, 'p', 'q')}; endfunction"
    return f"  {body}\n  assign n{k} = f{k}({a}, {b});"


def by_case(k: int, gate: int, a: str, b: str) -> str:
    rows = " ".join(
        f"2'b{y}{x}: r{k} = 1'b{int(MEANING[gate](np.array(x > 0), np.array(y > 0)))};" for y in (0, 1) for x in (0, 1)
    )
    return f"  reg r{k};\n  assign n{k} = r{k};\n  always @({a}, {b}) case ({{{b}, {a}}}) {rows} endcase"


STRUCTURAL = [by_assign, by_primitive, by_index, by_module, by_choice]
BEHAVIOURAL = [by_always, by_function, by_case]
LIBRARY = "".join(
    f"module lgc_{name} (i, o);\n  input [0:1] i;\n  output o;\n"
    f"  assign o = {expression(k, 'i[0]', 'i[1]')};\nendmodule\n"
    for k, name in enumerate(NAMES)
)


def written(gates: list[Gate], inputs: int, span: str, styles: list[Callable], *, registers: bool = False) -> str:
    low = min(int(number) for number in span[1:-1].split(":"))
    names = [f"x[{low + k}]" for k in range(inputs)]
    if registers:
        names = [f"x_r[{low + k}]" for k in range(inputs)]
    lines = []
    for k, (gate, a, b) in enumerate(gates):
        lines.append(f"  wire n{k};")
        lines.append(styles[k % len(styles)](k, gate, names[a % len(names)], names[b % len(names)]))
        names.append(f"n{k}")
    last = ", ".join(f"n{k}" for k in reversed(range(len(gates))))
    clock, start, end = "", "", f"  assign y = {{{last}}};"
    if registers:
        clock = "input clk, "
        start = f"  reg {span} x_r;\n  always @(posedge clk) x_r <= x;\n"
        end = f"  reg [{len(gates) - 1}:0] y_r;\n  assign y = y_r;\n  always @(posedge clk) y_r <= {{{last}}};"
    head = f"module top ({clock}input {span} x, output [{len(gates) - 1}:0] y);\n"
    return LIBRARY + head + start + "\n".join(lines) + f"\n{end}\nendmodule\n"


def meaning(gates: list[Gate], x: np.ndarray) -> np.ndarray:
    values = list(x.T)
    for gate, a, b in gates:
        values.append(MEANING[gate](values[a % len(values)], values[b % len(values)]))
    return np.stack(values[x.shape[1] :], axis=1)


circuits = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12)


def read(folder: Path, text: str):
    (folder / "net.v").write_text(text)
    return read_file(folder / "net.v", ImportOptions({"top": "top"}))


@settings(max_examples=60, deadline=None)
@given(gates=circuits, span=st.sampled_from(["[4:0]", "[0:4]", "[7:3]", "[-2:2]"]), turn=st.integers(0, 4))
def test_structural_styles_are_read_at_once(
    gates: list[Gate], span: str, turn: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    styles = STRUCTURAL[turn:] + STRUCTURAL[:turn]
    found = read(tmp_path_factory.mktemp("v"), written(gates, 5, span, styles))
    assert "module top, read by lgc" in found.job.certain[0]
    x = all_inputs(5)
    np.testing.assert_array_equal(evaluate(found.result.netlist, x), meaning(gates, x))


@settings(max_examples=6, deadline=None)
@given(gates=circuits, span=st.sampled_from(["[4:0]", "[0:4]", "[7:3]", "[-2:2]"]), registers=st.booleans())
def test_all_styles_are_read_by_yosys(
    gates: list[Gate], span: str, registers: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = read(
        tmp_path_factory.mktemp("v"), written(gates, 5, span, [*BEHAVIOURAL, *STRUCTURAL], registers=registers)
    )
    x = all_inputs(5)
    np.testing.assert_array_equal(evaluate(found.result.netlist, x), meaning(gates, x))


def test_escaped_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "module top(input [1:0] \\a.b , input \\c , output \\y[0] , output \\begin );\n  wire \\n[0] = \\a.b [1];\n"
        "  assign \\y[0] = \\n[0] ^ c;\n  assign \\begin = \\a.b [0];\nendmodule\n"
    )
    ours = read(tmp_path, text)
    monkeypatch.setattr(verilog_read, "structure", lambda *_: None)
    theirs = read(tmp_path, text)
    assert "read by lgc" in ours.job.certain[0]
    assert ours.result.head.classes == theirs.result.head.classes == ("y[0]", "begin")
    x = all_inputs(3)
    np.testing.assert_array_equal(evaluate(ours.result.netlist, x), np.stack([x[:, 1] ^ x[:, 2], x[:, 0]], axis=1))
    np.testing.assert_array_equal(evaluate(theirs.result.netlist, x), evaluate(ours.result.netlist, x))


@pytest.mark.parametrize("style", STRUCTURAL)
def test_both_ways_agree(style: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gates = [(k % 6, 3 * k, 2 * k + 1) for k in range(20)]
    text = written(gates, 5, "[0:4]", [style])
    ours = read(tmp_path, text)
    monkeypatch.setattr(verilog_read, "structure", lambda *_: None)
    theirs = read(tmp_path, text)
    assert "read by lgc" in ours.job.certain[0] and "elaborated by yosys" in theirs.job.certain[0]
    assert ours.result.head.classes == theirs.result.head.classes
    x = all_inputs(5)
    np.testing.assert_array_equal(evaluate(ours.result.netlist, x), evaluate(theirs.result.netlist, x))


BEYOND = {
    "widening": ("input [1:0] a, output [2:0] y", "assign y = ~a;", [7, 6, 5, 4]),
    "unsized operand": ("input [1:0] a, output [2:0] y", "assign y = a ^ 1;", [1, 0, 3, 2]),
    "narrowing": ("input [1:0] a, output y", "assign y = ~a;", [1, 0, 1, 0]),
    "a sign": ("input signed [1:0] a, output [2:0] y", "assign y = a;", [0, 1, 6, 7]),
    "a shift": ("input [1:0] a, output [2:0] y", "assign y = a << 1;", [0, 2, 4, 6]),
    "a declared sign": ("input [1:0] a, output [2:0] y", "wire signed [1:0] s = a; assign y = s;", [0, 1, 6, 7]),
    "an escaped name": ("input [1:0] a, output y", "wire \\n[0] = a[1]; assign y = \\n[0] ;", [0, 0, 1, 1]),
    "resized ports": ("input [1:0] a, output [2:0] y", "part u(a, y);", [0, 1, 2, 3]),
    "a literal too long": ("input [1:0] a, output [1:0] y", "assign y = a ^ 2'b101;", [1, 0, 3, 2]),
    "precedence": ("input [1:0] a, output y", "assign y = a[0] | a[1] ^ a[0] & a[1] == 1'b1;", [0, 1, 1, 1]),
    "reduction after an operator": ("input [1:0] a, output y", "assign y = a[0] & &a | ^a & ~|a;", [0, 0, 0, 1]),
}  # fmt: skip
PART = "module part(input [2:0] i, output [2:0] o);\n  assign o = i;\nendmodule\n"


@pytest.mark.parametrize("kind", BEYOND)
def test_rules_of_context(kind: str, tmp_path: Path) -> None:
    ports, body, expected = BEYOND[kind]
    found = read(tmp_path, f"{PART}module top({ports});\n  {body}\nendmodule\n")
    bits = evaluate(found.result.netlist, all_inputs(2))
    np.testing.assert_array_equal(bits @ (1 << np.arange(bits.shape[1])), expected)


@pytest.mark.parametrize(
    "body",
    [
        "assign y = a[2];", "assign y = u;", "assign y = a[0]; assign y = a[1];", "wire w = y; assign y = w;",
        "wire w; assign y = w;", "assign a[0] = a[1]; assign y = a[0];", "top u(a, y);",
        "part u(.i({a, a[0]}), .o(a));",
    ],
)  # fmt: skip
def test_mistakes_are_refused_either_way(body: str, tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match=r"net\.v"):
        read(tmp_path, f"{PART}module top(input [1:0] a, output y);\n  {body}\nendmodule\n")


LARGE = [by_assign, by_primitive, by_index, by_module]


@pytest.mark.parametrize("style", LARGE)
def test_many_gates_take_seconds(style: Callable, tmp_path: Path) -> None:
    """A bound on our own time; the slow test has the number that is promised."""
    assert _seconds(style, 6_000, tmp_path) < 2


@pytest.mark.slow
@pytest.mark.parametrize("style", LARGE)
def test_48000_gates_take_ten_seconds(style: Callable, tmp_path: Path) -> None:
    assert _seconds(style, 48_000, tmp_path) < 10


def _seconds(style: Callable, count: int, folder: Path) -> float:
    rng = np.random.default_rng(0)
    width = count // 6
    gates = [
        (int(rng.integers(6)), *(int(wire) for wire in rng.integers(max(0, k - 2 * width), k + 64, 2)))
        for k in range(count)
    ]
    text = written(gates, 64, "[63:0]", [style])
    (folder / "net.v").write_text(text)
    start = time.process_time()
    found = read_file(folder / "net.v", ImportOptions({"top": "top"}))
    took = time.process_time() - start
    assert found.result.netlist.num_outputs == count and "read by lgc" in found.job.certain[0]
    return took


@pytest.mark.parametrize("terms", ["a[0] + a[1]", "a + a[1] + 3'd6", "{a, a} + a + a", "a + (a & a)", "~a + a"])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_sums(terms: str, width: int, tmp_path: Path) -> None:
    text = f"module top(input [1:0] a, output [{width - 1}:0] y);\n  assign y = {terms};\nendmodule\n"
    found = read(tmp_path, text)
    value = {
        "a[0] + a[1]": lambda a: (a & 1) + (a >> 1),
        "a + a[1] + 3'd6": lambda a: a + (a >> 1) + 6,
        "{a, a} + a + a": lambda a: 7 * a,
        "a + (a & a)": lambda a: 2 * a,
        "~a + a": lambda a: (~a & ((1 << max(width, 2)) - 1)) + a,
    }[terms]
    bits = evaluate(found.result.netlist, all_inputs(2)).astype(int)
    np.testing.assert_array_equal(bits @ (1 << np.arange(width)), [value(a) % (1 << width) for a in range(4)])
    assert ("read by lgc" in found.job.certain[0]) == ("(" not in terms and "~" not in terms)
