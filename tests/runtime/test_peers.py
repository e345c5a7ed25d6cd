"""`examples/peers/peers.py`, the comparison with other tools' compiled inference, without those tools."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from strategies import random_circuit, random_inputs

from lgc.ir import GATES, interp

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def peers() -> ModuleType:
    pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location("peers", ROOT / "examples" / "peers" / "peers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_peers_are_given_the_same_network(peers: ModuleType) -> None:
    """Operands and community gate ids, evaluated gate by gate, give the circuit's scores."""
    circuit = random_circuit(20, [60], 6, seed=1)
    bits = random_inputs(20, 100)
    a, b, gates = peers.gate_arrays(circuit)
    tables = np.array([GATES[gate].table for gate in gates.tolist()])
    outputs = tables >> (bits[:, a] + 2 * bits[:, b]) & 1
    chosen = outputs[:, circuit.netlist.outputs - circuit.netlist.first_node]
    assert np.array_equal(chosen.reshape(100, 6, 10).sum(axis=2) + circuit.head.bias, interp.scores(circuit, bits))


def test_two_layers_are_refused(peers: ModuleType) -> None:
    with pytest.raises(SystemExit, match="one layer"):
        peers.gate_arrays(random_circuit(20, [30, 30], 2))


def test_every_runner_is_measured_in_every_round(peers: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[str] = []
    spin = np.zeros(1 << 16)

    def runner(label: str, times: int) -> object:
        return lambda: calls.append(label) or [spin.sum() for _ in range(times)]

    runners = {"difflogic": runner("difflogic", 40), "torchlogix": runner("torchlogix", 80), "lgc": runner("lgc", 10)}
    rates = peers.measure(runners, 64, 2)
    assert {label: len(values) for label, values in rates.items()} == dict.fromkeys(runners, 2)
    assert rates["lgc"][0] > rates["difflogic"][0] > rates["torchlogix"][0]
    peers.report({"difflogic": [1e6, 2e6], "torchlogix": [5e5, 5e5], "lgc": [1e7, 1e7]})
    last = capsys.readouterr().out.splitlines()[-1]
    assert "10,000,000 images/s" in last and "100.0 ns/image" in last
    assert "7.5 x difflogic" in last and "20.0 x torchlogix" in last


def test_make_peers_runs_both_comparisons() -> None:
    plan = subprocess.run(["make", "-n", "peers"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "tests/peers/run.py" in plan and "examples/peers/peers.py examples/mnist/mnist-8k.pt" in plan
