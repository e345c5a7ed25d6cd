"""What the explorer gets: the network itself, or a part that is closed under what it depends on."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from report_networks import image_model
from strategies import circuits, random_circuit, random_inputs

from lgc.driver.gather import Look, bare_subject
from lgc.driver.read import load_source
from lgc.ir import Circuit, interp
from lgc.report.explore import explorer_network


def numbers(text: str, dtype: str) -> NDArray[np.int64]:
    return np.frombuffer(base64.b64decode(text), dtype).astype(np.int64)


def shown(circuit: Circuit, limit: int = 1000) -> tuple[dict[str, Any], tuple[str, ...]]:
    network, said = explorer_network(bare_subject(load_source(circuit), Look(0, limit)))
    return json.loads(json.dumps(network)), said


def evaluate(network: dict[str, Any], values: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """All nets, as explorer.js computes them. ``values``: bool (inputs shown,)."""
    nodes = network["nodes"]
    fanin, arity = numbers(nodes["fanin"], "<i4"), numbers(nodes["arity"], "u1")
    low = numbers(nodes["low"], "<u4")
    high = numbers(nodes["high"], "<u4") if "high" in nodes else np.zeros(len(low), np.int64)
    nets, place = [False, True, *values.tolist()], 0
    for node in range(nodes["count"]):
        operands = fanin[place : place + arity[node]]
        place += int(arity[node])
        address = sum(int(nets[one]) << i for i, one in enumerate(operands))
        nets.append(bool((int(high[node]) << 32 | int(low[node])) >> address & 1))
    return np.array(nets)


@settings(max_examples=25)
@given(circuits(), st.integers(0, 2**32))
def test_the_network_computes_what_the_circuit_does(circuit: Circuit, seed: int) -> None:
    network, said = shown(circuit)
    assert network["whole"] and said[0].startswith(("All", "0 "))
    bits = random_inputs(circuit.netlist.num_inputs, 1, seed)[0]
    live = np.zeros(circuit.netlist.num_nets, np.bool_)
    live[circuit.netlist.fanin[circuit.netlist.used]] = True
    live[circuit.netlist.outputs] = True
    kept = np.flatnonzero(live[2 : circuit.netlist.first_node])
    assert network["inputs"]["count"] == len(kept)
    nets = evaluate(network, bits[kept])
    sums = np.array(network["bias"])
    np.add.at(sums, numbers(network["classOf"], "<u2"), nets[numbers(network["votes"], "<i4")])
    assert sums.tolist() == interp.scores(circuit, bits[None])[0].tolist()


@settings(max_examples=10)
@given(st.integers(0, 1000), st.integers(1, 60))
def test_a_sample_of_a_large_network_is_closed_and_small_and_says_so(seed: int, limit: int) -> None:
    circuit = random_circuit(20, [60, 40], seed=seed)
    network, said = shown(circuit, limit)
    votes = numbers(network["votes"], "<i4")
    count = network["nodes"]["count"]
    if not network["whole"]:
        assert "sample" in said[0] and f"{count:,} of" in said[0]
        assert count <= limit or len(votes) <= circuit.head.num_classes
    assert numbers(network["nodes"]["fanin"], "<i4").max(initial=0) < 2 + network["inputs"]["count"] + count
    assert len(votes) >= 1


def test_neurons_have_the_numbers_that_messages_say() -> None:
    model = image_model()
    network, _ = shown(load_source(model).circuit)
    assert network["columns"] == ["layer1"]
    assert numbers(network["nodes"]["neuron"], "<i4").tolist() == list(range(40))
    assert network["inputs"]["image"] == [1, 6, 6] if model.feature_shape else True
