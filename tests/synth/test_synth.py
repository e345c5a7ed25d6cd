"""Synthesis: targets, counting, failures of the tools, and the whole flow on a small net."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from lgc.backend.base import write
from lgc.backend.manifest import Port
from lgc.backend.verilog import Verilog
from lgc.bench.hardware import jobs, measure_on, table
from lgc.cli import cli
from lgc.driver.clock import parse_clock
from lgc.errors import InputError, MissingToolError, OptionError, TimeLimitError, ToolError
from lgc.ir import Circuit, Encoder, Head, Netlist
from lgc.mapping.arithmetic import place_stages
from lgc.mapping.estimate import estimate
from lgc.mapping.heads.mapped import map_circuit
from lgc.mapping.pipeline import most_stages
from lgc.parts.boards import BOARDS
from lgc.parts.part import check_clock, find_part, parts
from lgc.progress import Silence
from lgc.synth import flow, nextpnr
from lgc.synth.cells import count_cells, stage_of
from lgc.synth.flow import SynthOptions, synthesize
from lgc.synth.harness import harness, without_unread
from lgc.synth.models import simulation_text
from lgc.synth.yosys import nand2_area
from lgc.tools import find
from lgc.tools.find import Tool
from lgc.tools.run import Setup, run

LIBERTY = Path(__file__).parents[2] / "examples/asic/small.lib"


def network(layers: tuple[int, ...] = (60,), inputs: int = 24, classes: int = 3) -> Circuit:
    """Random layers of two-input gates."""
    random = np.random.default_rng(5)
    previous, fanin, tables = np.arange(2, 2 + inputs), [], []
    for width in layers:
        pairs = np.array([random.choice(previous, 2, replace=False) for _ in range(width)])
        fanin.append(pairs)
        tables.append(random.choice([1, 6, 7, 8, 9, 14], width))
        first = 2 + inputs + sum(map(len, fanin)) - width
        previous = np.arange(first, first + width)
    total = sum(layers)
    netlist = Netlist(
        inputs, np.concatenate(fanin), np.full(total, 2), np.concatenate(tables), previous, np.full(total, -1)
    )
    return Circuit("net", Encoder(inputs), netlist, Head.equal_groups(layers[-1], tuple("abcdefgh"[:classes])))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: most of them want the same run of yosys."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def source(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A compiled net with two register stages."""
    monkeypatch.setenv("LGC_CACHE", str(cache))
    write(Verilog(top="net", pipeline=2), network(), tmp_path / "net.v")
    return tmp_path / "net.v"


def fake_nextpnr(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    tool = Tool("nextpnr-fake", (sys.executable, "-c", script), "1")
    monkeypatch.setattr(nextpnr, "find_tool", lambda *_: tool)


def test_every_target_is_complete():
    for name, part in parts().items():
        assert part.name == name
        assert part.fill((part.family.synth,))[0].startswith("synth")
        assert not part.family.nextpnr or (part.luts and part.ffs and part.family.register)
        assert part.is_asic or part.lut_size in (4, 6)


def test_targets_are_found_by_their_part():
    assert find_part("up5k") is find_part("ice40-up5k")
    with pytest.raises(OptionError, match=r"no part 'ecp5-86k'.*Did you mean ecp5-85k"):
        find_part("ecp5-86k")


def test_a_clock_beyond_the_part_is_refused():
    check_clock(find_part("up5k"), 48)
    with pytest.raises(OptionError, match=r"no circuit on ice40-up5k reaches 500 MHz"):
        check_clock(find_part("up5k"), 500)


@pytest.mark.parametrize(("text", "megahertz"), [("150MHz", 150), ("0.2 GHz", 200), ("32768", 32768), ("12m", 12)])
def test_clocks_are_read(text, megahertz):
    assert parse_clock(text) == megahertz


@pytest.mark.parametrize("text", ["fast", "0MHz", "-5MHz", "5THz"])
def test_what_is_no_clock_is_refused(text):
    with pytest.raises(OptionError, match="no frequency"):
        parse_clock(text)


def cell(type_: str, inputs: dict[str, list[int]], outputs: dict[str, list[int]]) -> dict[str, object]:
    """A cell, as yosys writes it."""
    directions = dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output")
    return {"type": type_, "connections": inputs | outputs, "port_directions": directions}


def test_cells_are_counted_by_kind_level_and_stage(tmp_path):
    cells = {
        "u_layer1.a": cell("SB_LUT4", {"I0": [2], "I1": [3]}, {"O": [10]}),
        "head.popcount0.b": cell("SB_LUT4", {"I0": [10]}, {"O": [11]}),
        "c0": cell("SB_CARRY", {"I0": [11]}, {"CO": [12]}),
        "c1": cell("SB_CARRY", {"CI": [12]}, {"CO": [13]}),
        "head.argmax.c": cell("SB_LUT4", {"I3": [13]}, {"O": [14]}),
        "ff": cell("SB_DFFSR", {"D": [14], "C": [4]}, {"Q": [15]}),
        "class_id_d": cell("SB_LUT4", {"I0": [15]}, {"O": [16]}),
        "scope": {"type": "$scopeinfo", "connections": {}},
    }
    path = tmp_path / "net.json"
    path.write_text(json.dumps({"modules": {"net": {"cells": cells}}}))
    counts = count_cells(path, "net", find_part("hx8k").family)
    assert (counts.luts, counts.ffs, counts.carry, counts.sites) == (4, 1, 2, 4)
    assert counts.levels == 4  # two tables, a chain, a table; the flip-flop ends the way
    assert counts.stages == {"gates": 1, "popcount": 1, "argmax": 2}


def test_stages_are_told_by_names():
    names = ("u_layer3.x", "head.popcount2.add1.y", "u_argmax_7.z", "uart.core.scores_q", "uart.timer", "class_id_Q")
    assert [stage_of(name) for name in names] == ["gates", "popcount", "argmax", "popcount", "other", "argmax"]


def test_the_harness_connects_every_port():
    ports = [Port("clk", "input", 1, ""), Port("bits", "input", 24, ""), Port("valid", "input", 1, "")]
    text = harness("net", [*ports, Port("class_id", "output", 2, "")], find_part("gatemate-a1").family)
    assert "net circuit (.clk(clk), .bits(q[0 +: 24]), .valid(q[24 +: 1]), .class_id(results[0 +: 2]))" in text
    assert "CC_BUFG" in text
    assert "CC_DFF" in text


@pytest.mark.parametrize("family", ["ecp5-25k", "ice40-hx8k", "gatemate-a1"])
def test_inputs_that_are_not_read_have_no_register(family):
    """The first stays, as the pin's; of the others those that the circuit reads follow each other."""
    part = find_part(family).family
    to, out = ("DI", "Q") if family == "ecp5-25k" else ("D", "Q")
    ffs = {f"in[{i}].r.ff": cell("FF", {to: [10 + i]}, {out: [11 + i]}) for i in range(6)}
    gate = {"circuit.a": cell("LUT", {"I0": [13], "I1": [16]}, {"O": [30]})}
    last = {"out[0].r.ff": cell("FF", {to: [30]}, {out: [31]})}
    netlist = json.dumps({"modules": {"lgc_harness": {"cells": ffs | gate | last}}}).encode()
    left = json.loads(without_unread(netlist, part))["modules"]["lgc_harness"]["cells"]
    pins = {name: one["connections"] for name, one in left.items() if name.endswith(".ff")}
    wired = {name: (one[to], one[out]) for name, one in pins.items()}
    assert wired == {
        "in[0].r.ff": ([10], [11]), "in[2].r.ff": ([11], [13]), "in[5].r.ff": ([13], [16]), "out[0].r.ff": ([30], [31]),
    }  # fmt: skip
    assert left["circuit.a"] == gate["circuit.a"]


def test_a_tool_that_hangs_is_ended_with_its_children(tmp_path):
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    start = time.monotonic()
    with pytest.raises(ToolError, match=r"stopped after 1 s"):
        run([sys.executable, "-c", script], tmp_path / "log", Setup(timeout=1))
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_tools_that_run(number, tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from lgc.cli import end_like_an_interrupt; from lgc.tools.run import run\n"
        "end_like_an_interrupt()\n"
        "tool = 'import os, time; print(os.getpid(), flush=True); time.sleep(600)'\n"
        "folder = Path(sys.argv[1])\n"
        "run([sys.executable, '-c', tool], folder / 'log', listen=lambda line: print(line, flush=True))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        tool = int(process.stdout.readline())
        os.kill(tool, 0)
        process.send_signal(number)
        assert process.wait(30) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(tool, 0)


def test_a_board_with_another_part_is_refused(source):
    with pytest.raises(OptionError, match="the board hx8k does not come with ice40-up5k") as caught:
        synthesize(source, find_part("ice40-up5k"), SynthOptions(board="hx8k"))
    assert "--part ice40-hx8k" in caught.value.hint


@pytest.mark.parametrize(("option", "name"), [("--json", "net.json"), ("--netlist", "net.v"), ("--bitstream", "a.pcf")])
def test_no_input_is_written_over(source, option, name):
    (source.parent / "a.pcf").write_text("")
    before = {path: path.read_bytes() for path in source.parent.iterdir()}
    words = [str(source), "--target", "lut4", "--pins", str(source.parent / "a.pcf"), option, str(source.parent / name)]
    caught = CliRunner().invoke(cli, ["synth", *words]).exception
    assert isinstance(caught, OptionError)
    assert f"{name} is an input" in caught.message
    assert {path: path.read_bytes() for path in source.parent.iterdir()} == before


def test_a_board_is_aimed_at_its_own_clock(source):
    write(Verilog(top="net", pipeline=2, interface="uart", board="hx8k"), network(), source)
    part = find_part("ice40-hx8k")
    assert synthesize(source, part, SynthOptions(board="hx8k", route=False)).clock == 12 != part.clock
    assert synthesize(source, part, SynthOptions(board="hx8k", route=False, clock=33)).clock == 33


def test_every_board_names_parts_that_there_are():
    for board in BOARDS.values():
        assert board.parts
        assert {find_part(name).name for name in board.parts} == set(board.parts)


def test_yosys_counts_and_the_cache_remembers(source, monkeypatch):
    part = find_part("lut4")
    result = synthesize(source, part, SynthOptions())
    assert not result.partial
    assert result.value("latency") == 2
    assert result.value("ffs") == 24 + 2 + 15 + 2  # inputs, class, scores, valid bits
    assert {one.how for one in result.numbers.values()} <= {"measured", "stated"}
    assert json.loads(result.to_json())["numbers"]["luts"]["by"].startswith("yosys ")
    monkeypatch.setattr(flow, "run_synthesis", None)
    assert synthesize(source, part, SynthOptions()).to_json() == result.to_json()
    with pytest.raises(TypeError):
        synthesize(source, part, SynthOptions(cache=False))


@pytest.mark.slow
def test_what_was_stopped_is_not_tried_again_in_as_much_time(source, monkeypatch):
    part = find_part("hx8k")
    synthesize(source, part, SynthOptions(route=False))
    fake_nextpnr(monkeypatch, "import time; time.sleep(60)")
    for what in ("was stopped after 8 s", "an earlier run was stopped after 8 s"):
        (problem,) = synthesize(source, part, SynthOptions(clock=31, timeout=8)).problems
        assert isinstance(problem, TimeLimitError)
        assert what in problem.message
    fake_nextpnr(monkeypatch, "raise SystemExit(7)")
    for options in (SynthOptions(clock=31, timeout=9), SynthOptions(clock=31, timeout=8, cache=False)):
        assert "exit code 7" in str(synthesize(source, part, options).problems[0])


@pytest.mark.parametrize(
    ("script", "what"),
    [("print('ERROR: no room'); raise SystemExit(7)", "ERROR: no room"), ("import os; os.abort()", "ended by signal 6"),
     ("import time; time.sleep(60)", "stopped after 4 s")],
)  # fmt: skip
def test_a_failing_nextpnr_leaves_a_partial_result(source, monkeypatch, script, what):
    synthesize(source, find_part("hx8k"), SynthOptions(route=False))  # yosys needs its time
    fake_nextpnr(monkeypatch, script)
    result = synthesize(source, find_part("hx8k"), SynthOptions(timeout=4))
    assert result.partial
    assert what in str(result.problems[0])
    assert result.value("luts")
    assert result.value("fmax") is None
    assert json.loads(result.to_json())["partial"] is True


def test_seeds_give_best_median_and_worst(source, monkeypatch):
    report = "{'fmax': {'clk': {'achieved': 40 + s}}, 'utilization': {'LC': {'used': 9, 'available': 10}}}"
    script = f"import sys, json; s = int(sys.argv[sys.argv.index('--seed') + 1]); r = {report}; "
    fake_nextpnr(monkeypatch, script + "json.dump(r, open('report.json', 'w'))")
    result = synthesize(source, find_part("hx8k"), SynthOptions(seeds=(1, 2, 3, 4, 5)))
    assert [result.value(name) for name in ("fmax", "fmax_best", "fmax_worst")] == [43, 45, 41]
    assert result.value("latency_ns") == pytest.approx(2000 / 43)
    assert result.used == {"LC": (9, 10)}


class Heard(Silence):
    """The steps that were told."""

    def __init__(self):
        self.steps = []

    def step(self, name, done=0, total=None):
        self.steps.append(name)


RIPUP = """
import json, sys, time
aim = float(sys.argv[sys.argv.index('--freq') + 1])
print('Info: Running main analytical placer')
print(f"Info: Max frequency for clock 'other': {aim + 1:.2f} MHz (PASS at {aim:.2f} MHz)")
print(f"Warning: Max frequency for clock 'clk': 158.28 MHz (FAIL at {aim:.2f} MHz)", flush=True)
print('Info: Routing globals...')
print("Warning: Max frequency for clock 'clk': 1.00 MHz (FAIL)", flush=True)
if aim > 170 and '--tmg-ripup' in sys.argv:
    time.sleep(60)
json.dump({'fmax': {'clk': {'achieved': min(aim, 167) + 0.5}}}, open('report.json', 'w'))
"""
"""A nextpnr that routes up to 167 MHz, and does not end where it is asked for more and may rip up."""


@pytest.mark.parametrize(("clock", "fmax"), [(150, 150.5), (165, 165.5), (175, None), (200, 158.78)])
def test_a_clock_out_of_reach_is_not_routed_for(clock, fmax, source, monkeypatch):
    """Up to a tenth above what placement says the router is let try; beyond, it aims at that."""
    synthesize(source, find_part("ecp5-25k"), SynthOptions(route=False))  # yosys needs its time
    fake_nextpnr(monkeypatch, RIPUP)
    heard = Heard()
    result = synthesize(source, find_part("ecp5-25k"), SynthOptions(clock=clock, timeout=6), heard)
    assert result.value("fmax") == (None if fmax is None else pytest.approx(fmax))
    assert result.partial == (fmax is None)
    assert ("nextpnr-fake: seed 1: aims at 158.28 MHz" in "\n".join(heard.steps)) == (clock == 200)


def test_a_router_that_ends_by_itself_is_given_the_clock_asked_for(source, monkeypatch):
    fake_nextpnr(monkeypatch, RIPUP)
    result = synthesize(source, find_part("hx8k"), SynthOptions(clock=200, timeout=5))
    assert result.value("fmax") == pytest.approx(167.5)


def test_a_net_larger_than_the_part_is_not_placed(source):
    small = replace(find_part("hx8k"), luts=20)
    result = synthesize(source, small, SynthOptions())
    assert result.partial
    assert isinstance(result.problems[0], InputError)
    assert "does not fit" in str(result.problems[0])


def test_a_clock_that_is_missed_is_an_error(source, monkeypatch):
    fake_nextpnr(monkeypatch, "import json; json.dump({'fmax': {'c': {'achieved': 30}}}, open('report.json', 'w'))")
    done = CliRunner().invoke(cli, ["synth", str(source), "--target", "hx8k", "--clock", "90MHz"])
    assert isinstance(done.exception, OptionError)
    assert "reaches 30.0 MHz on ice40-hx8k, not 90 MHz" in str(done.exception)


@pytest.mark.parametrize(("clock", "driven"), [(0.0, False), (90.0, True)])
def test_the_router_is_driven_only_where_a_clock_is_asked_for(source, monkeypatch, clock, driven):
    """With --tmg-ripup it goes on for as long as the clock is missed: not for one that nobody asked for."""
    achieved = "30 + ('--tmg-ripup' in sys.argv)"
    script = f"import sys, json; json.dump({{'fmax': {{'c': {{'achieved': {achieved}}}}}}}, open('report.json', 'w'))"
    fake_nextpnr(monkeypatch, script)
    result = synthesize(source, find_part("ecp5-25k"), SynthOptions(clock=clock))
    assert result.value("fmax") == 30 + driven


def test_no_fmax_where_nextpnr_has_no_delays_of_tables(source, monkeypatch):
    """What nextpnr reports for Gowin is the slowest wire between two flip-flops."""
    report = "{'fmax': {'clk': {'achieved': 411.9}}, 'utilization': {'LUT4': {'used': 9, 'available': 10}}}"
    fake_nextpnr(monkeypatch, f"import json; json.dump({report}, open('report.json', 'w'))")
    result = synthesize(source, find_part("gw1n-9c"), SynthOptions(seeds=(1, 2)))
    assert not result.partial
    assert result.value("fmax") is None
    assert result.value("latency_ns") is None
    assert "411" not in result.to_json()
    assert result.used == {"LUT4": (9, 10)}
    assert "no Fmax, for it has no delays of lookup tables here" in result.placement
    with pytest.raises(
        OptionError, match=r"cannot be measured on gowin-gw1n-9c: nextpnr.* has no delays of lookup tables"
    ):
        synthesize(source, find_part("gw1n-9c"), SynthOptions(clock=50))
    done = CliRunner().invoke(cli, ["synth", str(source), "--target", "gw1n-9c"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "LUT4" in done.output
    assert "fmax" not in done.output


def test_no_clock_where_nothing_is_placed(source):
    with pytest.raises(OptionError, match="cannot be measured on lut6: nothing places and routes it"):
        synthesize(source, find_part("lut6"), SynthOptions(clock=50))


def test_a_missing_nextpnr_is_named(source, monkeypatch):
    monkeypatch.setattr(nextpnr, "find_tool", lambda name, wheel: find.find_tool(f"{name}-gone", ""))
    result = synthesize(source, find_part("hx8k"), SynthOptions())
    assert isinstance(result.problems[0], MissingToolError)


def test_standard_cells_by_liberty(source, tmp_path):
    library = tmp_path / "demo.lib"
    part = find_part("asic")
    with pytest.raises(OptionError, match="need a Liberty file"):
        synthesize(source, part, SynthOptions())
    with pytest.raises(InputError, match="cannot be read"):
        synthesize(source, part, SynthOptions(liberty=library))
    library.write_text("nothing of the kind")
    with pytest.raises(InputError, match="no Liberty file"):
        synthesize(source, part, SynthOptions(liberty=library))
    library.write_text(LIBERTY.read_text())
    assert nand2_area(library) == 4
    result = synthesize(source, part, SynthOptions(liberty=library))
    assert result.value("nand2") == result.value("area") / 4
    assert result.value("ffs") == 43
    text = simulation_text(result.netlist, part)
    assert "module NAND2" in text
    assert "module BUF" not in text or " BUF " in text


def test_verilog_that_yosys_refuses(tmp_path, monkeypatch):
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    bad = tmp_path / "bad.v"
    bad.write_text("module bad(input wire a; endmodule\n")
    with pytest.raises(InputError, match="yosys does not take this Verilog"):
        synthesize(bad, find_part("lut4"), SynthOptions(top="bad"))
    with pytest.raises(InputError, match="manifest"):
        synthesize(bad, find_part("lut4"), SynthOptions())


@pytest.mark.parametrize("layers", [pytest.param((120,), marks=pytest.mark.slow), (100, 120)])
@pytest.mark.parametrize(
    ("lut", "stages"), [(6, 20), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((4, 0), (6, 0), (4, 20)))]
)
def test_the_estimate_is_within_15_percent(layers, lut, stages, tmp_path, monkeypatch):
    monkeypatch.setenv("LGC_CACHE", str(tmp_path))
    circuit, part = network(layers, 60), find_part(f"lut{lut}")
    (verilog,) = jobs(circuit, part, stages)
    row = measure_on(circuit, part, verilog, options=SynthOptions())
    assert row.head == "adder"
    assert row.error is not None
    assert abs(row.error) < 0.15, row
    assert f"| {row.estimated:,} |" in list(table([row]))[2]


def test_the_table_takes_the_smallest_head_and_on_small_parts_the_serial_one(source, tmp_path):
    circuit = network((300,), 60)
    heads = {name: [one.head for one in jobs(circuit, one, 40)] for name, one in parts().items()}
    assert heads["ice40-hx8k"] == ["compress", "serial"]
    assert heads["ecp5-85k"] == ["compress"]
    assert heads["xc7-a35t"] == ["carry"]
    assert heads["gatemate-a1"] == heads["lut4"] == heads["asic"] == ["adder"]
    (deep,) = jobs(circuit, find_part("ecp5-85k"), 40)
    assert 8 < deep.pipeline < 40  # as many stages as there are places

    small = replace(find_part("ice40-hx8k"), luts=200, ffs=9999)
    fixed, serial = (measure_on(circuit, small, one, options=SynthOptions()) for one in jobs(circuit, small, 2))
    assert fixed.share > 1
    assert serial.error is not None
    assert abs(serial.error) < 0.15, serial
    asic, adder = find_part("asic"), Verilog(head="adder")
    cells = measure_on(network((30,)), asic, adder, options=SynthOptions(liberty=LIBERTY))
    lines = list(table([fixed, serial, cells]))
    assert lines[2].endswith("| does not fit |  |  |")
    assert f"| {100 * fixed.share:.0f} % |" in lines[2]
    assert "NAND2 |" in lines[4]
    assert len(lines) == 5  # what does not fit needs no footnote


@pytest.mark.parametrize("layers", [(120,), (100, 120)])
@pytest.mark.parametrize(
    ("part", "stages"),
    [("gatemate-a1", 4), ("gatemate-a1", 20), ("ice40-hx8k", 4), ("ecp5-25k", 20), ("gowin-gw1n-9c", 20)],
)
def test_the_estimate_knows_of_carry_chains(layers, part, stages, tmp_path, monkeypatch):
    """Of 4 stages' adders most are merged into gates, a sum's last one is on a chain; of 20's all wide ones."""
    monkeypatch.setenv("LGC_CACHE", str(tmp_path))
    circuit, part = network(layers, 60), find_part(part)
    most = most_stages(place_stages(circuit, 0, "class").levels)
    verilog = Verilog(top="net", outputs="class", head="adder", pipeline=min(stages, most))
    row = measure_on(circuit, part, verilog, options=SynthOptions(route=False))
    guess = estimate(circuit, lut=4, head="adder", outputs="class", pipeline=stages, family=part.family)
    assert row.estimated == guess.luts
    assert row.result is not None
    assert abs(row.error) < 0.15, row
    assert abs(guess.carry / row.result.value("carry") - 1) < 0.05  # on iCE40 the lowest one too may be spared
    assert estimate(circuit, lut=4, head="adder", outputs="class", pipeline=stages).carry == 0


def test_scores_and_biases_on_chains():
    """Without the class no two scores are compared; a bias behind a register stage is an addition of its own."""
    circuit = network((120,), 60)
    family = find_part("gatemate-a1").family
    both, scores = (estimate(circuit, lut=4, head="adder", outputs=one, family=family) for one in ("both", "scores"))
    assert list(scores.regions) == ["gates", "popcount"]
    assert both.carry - scores.carry == 2 * 6  # two matches of six bits
    biased = replace(circuit, head=replace(circuit.head, bias=np.array([0, 3, 0])))
    more = {
        stages: estimate(biased, lut=4, head="adder", outputs="scores", pipeline=stages, family=family).carry
        - estimate(circuit, lut=4, head="adder", outputs="scores", pipeline=stages, family=family).carry
        for stages in (0, 20)
    }
    assert more == {0: 0, 20: 6}


def test_estimates_by_stage():
    circuit = network((80, 60))
    for head in ("adder", "compress"):
        one = estimate(circuit, lut=4, head=head)
        assert list(one.regions) == ["gates", "popcount", "argmax"]
        assert one.luts == sum(region.luts for region in one.regions.values())
    assert "argmax" not in estimate(circuit, lut=6, head="adder", outputs="scores").regions
    with pytest.raises(OptionError, match="4 or 6"):
        estimate(circuit, lut=5, head="adder")


@pytest.mark.parametrize("head", ["compress", "carry", "ternary"])
def test_gates_below_a_fixed_head_have_tables_of_their_own(head):
    """Its tables read what the votes read: no vote takes over a gate, as it does where synthesis maps both."""
    circuit = network((200, 210), 60)
    exact = map_circuit(circuit, head=head, lut=6).luts
    for lut, name in ((6, head), (4, "compress")):
        gates = estimate(circuit, lut=lut, head=name).regions["gates"].luts
        assert abs(gates / exact["gates"] - 1) < 0.05
    assert estimate(circuit, lut=6, head="adder").regions["gates"].luts < 0.6 * exact["gates"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, one in parts().items() if one.family.wheel])
def test_every_part_places_and_routes(source, name):
    part = find_part(name)
    result = synthesize(source, part, SynthOptions())
    assert not result.partial, result.problems
    assert result.used
    assert part.family.untimed or 10 < result.value("fmax") < 1000


SYNC = {"ice40": b"\x7e\xaa\x99\x7e", "ecp5": b"\xff\xff\xbd\xb3", "gowin": b"1" * 16}
"""What every bitstream of a family begins with; Gowin's is text."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BOARDS))
def test_every_board_gets_a_bitstream(source, name):
    board = BOARDS[name]
    part = find_part(board.parts[0])
    write(Verilog(top="net", head="serial", outputs="class", interface="uart", board=name), network(), source)
    output = source.parent / "net.bin"
    result = synthesize(source, part, SynthOptions(board=name, bitstream=output))
    assert not result.partial, result.problems
    assert result.meets_clock or part.family.untimed
    assert SYNC[part.family.name] in output.read_bytes()[:2000]
