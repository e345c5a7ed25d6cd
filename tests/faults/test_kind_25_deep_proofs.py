"""Kind 25, proofs: a network of many layers, most of whose nets are constant or nearly so, is proved, and in time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from proofs import outcome, written

from lgc.frontend import lower
from lgc.frontend.model import Layer, Model
from lgc.ir import Builder, Circuit, Encoder, Head, interp
from lgc.ir.gates import TABLE_OF_ID
from lgc.verify.formal import prove
from lgc.verify.formal.abc import difference
from lgc.verify.formal.scores import score_bounds
from lgc.verify.formal.sweep import sat_sweep

pytest.importorskip("pyosys")
SECONDS = 40


def layered(widths: Sequence[int], inputs: int, seed: int = 0, thresholds: int = 1) -> Circuit:
    """Random two-input gates, constants among them, on random wires."""
    rng = np.random.default_rng(seed)
    layers, reach = [], inputs * thresholds
    for index, width in enumerate(widths):
        tables = TABLE_OF_ID[rng.integers(0, 16, width)]
        layers.append(Layer(f"layer{index}", rng.integers(0, reach, (width, 2)), tables, (index,)))
        reach = width
    grid = np.sort(rng.random((inputs, thresholds)), axis=1)
    head = Head.equal_groups(widths[-1], tuple("abcdefghij"))
    return lower(Model("deep", Encoder(inputs, grid), tuple(layers), head))


SHAPES: dict[str, tuple[list[int], dict[str, Any]]] = {
    "six layers": ([150] * 6, {}),
    "six layers, pipelined, O3": ([150] * 6, {"pipeline": 3, "level": "O3"}),
    "twelve layers": ([100] * 12, {}),
    "nets that never change": ([400] * 10, {}),
    "counters of tables": ([300], {"head": "carry", "fabric": "xc7", "pipeline": 5}),
    "forty narrow layers": ([30] * 40, {}),
    "layers that narrow": ([600, 300, 150, 50], {}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_layers_are_proved(shape: str, tmp_path: Path) -> None:
    widths, options = SHAPES[shape]
    circuit = layered(widths, 100, thresholds=2 if "level" in options else 1)
    rtl = written(circuit, tmp_path, **options)
    (tmp_path / "work").mkdir()
    certificate, _ = prove(rtl, circuit, tmp_path / "work", SECONDS)
    assert certificate.result == "proved", certificate.to_json()


def test_a_fault_in_a_deep_one_is_refuted(tmp_path: Path) -> None:
    fault = (r"(`LGC_GATE votes\[7\] = )([^;]*);", r"\1~(\2);")
    certificate, refutation = outcome(layered([150] * 6, 100), tmp_path, fault)
    assert certificate.result == "refuted", certificate.to_json()
    assert refutation is not None and refutation.bits is not None and refutation.differs is not None
    assert refutation.differs(refutation.bits[None])[0]


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"level": "O3"}, {"pipeline": 4}], ids=str)
def test_27_000_gates_in_six_layers_take_three_minutes_at_most(options: dict[str, Any], tmp_path: Path) -> None:
    circuit = layered([4480] * 6, 784)
    start = time.process_time()
    certificate, _ = outcome(circuit, tmp_path, **options)
    assert certificate.result == "proved", certificate.to_json()
    assert time.process_time() - start < 180


def rarely(builder: Builder, nets: Sequence[int]) -> int:
    """The AND of nets."""
    first, *rest = nets
    for net in rest:
        first = builder.add(0b1000, [first, net])
    return first


def test_nets_that_are_rarely_1_are_no_constants(tmp_path: Path) -> None:
    """Votes are ANDs of twenty inputs: no sample shows a 1. As a constant such a vote is refuted, else it is proved."""
    builder = Builder(60)
    votes = [rarely(builder, range(2 + 20 * place, 22 + 20 * place)) for place in range(3)]
    head = Head(np.array([0, 1, 3]), np.array([0, 0]), ("a", "b"))
    circuit = Circuit("rare", Encoder(60), builder.build(votes), head)
    certificate, _ = outcome(circuit, tmp_path)
    assert certificate.result == "proved", certificate.to_json()
    (tmp_path / "wrong").mkdir()
    fault = (r"(`LGC_GATE votes\[1\] = )([^;]*);", r"\1`LGC_ZERO;")
    certificate, refutation = outcome(circuit, tmp_path / "wrong", fault)
    assert certificate.result == "refuted", certificate.to_json()
    assert refutation is not None and refutation.bits is not None and refutation.bits.sum() >= 20


def test_a_sweep_tells_apart_what_differs_and_nothing_else() -> None:
    builder = Builder(30)
    rare = rarely(builder, range(2, 32))
    nots = [builder.add(0b01, [net]) for net in range(2, 32)]
    same = builder.add(0b01, [builder.add(0b01, [rare])])
    first = nots[0]
    for net in nots[1:]:
        first = builder.add(0b1110, [first, net])
    netlist = builder.build([rare, rare, rare, 0, 1, same, first, first, 5, 0])
    assert netlist.num_outputs == 10  # pairs: rare-same, rare-first, rare-first, 0-5, 1-0
    swept = sat_sweep(netlist, 1000)
    first_half, second_half = np.hsplit(interp.evaluate(netlist, swept.vectors), 2)
    assert (first_half != second_half).any(axis=0).tolist() == [False, True, True, True, True]
    assert swept.undecided == []
    assert difference(builder.build([rare]), builder.build([same])) is None


@pytest.mark.parametrize("head", ["adder", "compress", "serial"])
@pytest.mark.parametrize("thresholds", [[0.0, 0.0, 0.0], [-1.0, 0.5, 0.5]], ids=str)
def test_equal_thresholds(thresholds: list[float], head: str, tmp_path: Path) -> None:
    """At -O3 a vote that the order of the bits settles is counted no more, and the scores take fewer bits."""
    encoder = Encoder(1, np.array([thresholds]))
    builder = Builder(3)
    never = builder.add(0b0010, [3, 2])  # the second bit without the first
    votes = [never, builder.add(0b01, [never]), builder.add(0b1000, [2, 4])]
    circuit = Circuit("equal", encoder, builder.build(votes), Head(np.array([0, 2, 3]), np.array([0, 1]), ("a", "b")))
    certificate, _ = outcome(circuit, tmp_path, level="O3", head=head)
    assert certificate.result == "proved", certificate.to_json()


def test_bounds_know_inverters_and_the_order_of_bits() -> None:
    builder = Builder(3)
    node = builder.add(0b0001, [2, 3])
    inverse = builder.add(0b0001, [0, node])
    one = builder.add(0b0110, [inverse, node])
    implied = builder.add(0b0100, [2, 3])  # bit 1 without bit 0
    circuit = Circuit(
        "bounds",
        Encoder(1, np.zeros((1, 3))),
        builder.build([one, implied]),
        Head(np.array([0, 2]), np.array([-1]), ("a",)),
    )
    assert score_bounds(circuit) == (0, 1)
    assert score_bounds(circuit, circuit.encoder) == (0, 0)
