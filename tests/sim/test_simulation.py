"""Simulated Verilog equals the interpreter: on random circuits, at every level, with one lane and with 64."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from strategies import circuits, random_circuit, random_inputs

from lgc.ir import BY_NAME, Builder, Circuit, Encoder, Head
from lgc.passes import optimize

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported without being a package
from batch import Batch, named

pytestmark = pytest.mark.sim

VECTORS = 192


def draw_circuits(count: int, number: int) -> list[Circuit]:
    """As many circuits of the shared strategy, the same for the same number."""
    drawn: list[Circuit] = []

    @seed(number)
    @settings(max_examples=count, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(circuits(max_nodes=24, max_outputs=14))
    def collect(circuit: Circuit) -> None:
        drawn.append(circuit)

    collect()
    return drawn


def all_gates() -> Circuit:
    """Every two-input gate, each a class of its own: a wrong operator cannot hide in a sum."""
    builder = Builder(2)
    nets = [builder.add(gate.table, (2, 3)) for gate in BY_NAME.values()]
    classes = tuple(BY_NAME)
    return Circuit("gates", Encoder(2), builder.build(nets), Head.equal_groups(len(nets), classes))


def asymmetric(tie: str) -> Circuit:
    """Score c is c+1 ones of input c: any exchange of classes, or of bits within a score, shows."""
    nets = [2 + c for c in range(5) for _ in range(c + 1)]
    sizes = np.cumsum([0, 1, 2, 3, 4, 5])
    head = Head(sizes, np.zeros(5, np.int64), tuple("abcde"), tie=tie)  # type: ignore[arg-type]
    return Circuit(f"asymmetric {tie}", Encoder(5), Builder(5).build(nets), head)


def tied(tie: str, bias: int) -> Circuit:
    """All scores always equal."""
    head = Head.equal_groups(14, tuple("abcdefg"), bias=np.full(7, bias), tie=tie)  # type: ignore[arg-type]
    return Circuit(f"tied {tie} {bias}", Encoder(2), Builder(2).build([2, 3] * 7), head)


def biased(bias: list[int], tie: str) -> Circuit:
    head = Head.equal_groups(2 * len(bias), tuple(map(str, bias)), bias=np.array(bias), tie=tie)  # type: ignore[arg-type]
    nets = [2 + index % 4 for index in range(2 * len(bias))]
    return Circuit(f"biased {bias}", Encoder(4), Builder(4).build(nets), head)


def wide() -> Circuit:
    """More classes than a byte counts."""
    return random_circuit(9, [40, 257], num_classes=257, seed=4)


def wide_group() -> Circuit:
    nets = [2 + index % 9 for index in range(1030)]
    return Circuit("wide group", Encoder(9), Builder(9).build(nets), Head.equal_groups(len(nets), ("a", "b")))


def chosen() -> list[Circuit]:
    return [
        all_gates(),
        *(asymmetric(tie) for tie in ("first", "last")),
        *(tied(tie, bias) for tie in ("first", "last") for bias in (0, -5)),
        biased([3, -3, 0, 1 << 30, -(1 << 30)], "first"),
        biased([-9, -9, -8, -10], "last"),
        biased([7], "first"),
        random_circuit(9, [40, 30, 20], num_classes=5, arity=3, seed=1),
        random_circuit(9, [40, 30], num_classes=5, arity=6, seed=1),
        optimize(random_circuit(9, [60, 60, 60], num_classes=6, seed=2)),
        optimize(random_circuit(9, [40, 40], num_classes=4, arity=4, seed=2)),
    ]


@pytest.mark.parametrize("lanes", [1, pytest.param(64, marks=pytest.mark.slow)])
def test_simulation_equals_the_interpreter(lanes: int, tmp_path: Path) -> None:
    """Combinational and pipelined forms, chosen and random circuits at O0 and O2; one lane is what hardware is."""
    drawn = draw_circuits(2, 1)  # slow tests below draw hundreds
    specimens = [*chosen(), *named(drawn[::2], "O0"), *named([optimize(one, "O2") for one in drawn[1::2]], "O2")]
    if lanes == 1:
        specimens += [wide_group()]  # with 64 lanes its build takes minutes
    batch = Batch(specimens, tmp_path, lanes=lanes)
    assert batch.check(random_inputs(batch.num_inputs, VECTORS, seed=lanes)) == 2 * len(specimens)


def test_the_batch_notices_a_wrong_score(tmp_path: Path) -> None:
    """The test above can fail: the same comparison against circuits whose bias, tie rule or gate is another."""
    batch = Batch([asymmetric("first"), all_gates()], tmp_path, lanes=1)
    bits = random_inputs(5, 64, seed=3)
    batch.check(bits)
    right = list(batch.circuits)
    swapped = Builder(2)
    nets = [swapped.add(gate.table, (3, 2)) for gate in BY_NAME.values()]
    for wrong in (
        [replace(right[0], head=replace(right[0].head, bias=np.array([0, 0, 1, 0, 0]))), right[1]],
        [asymmetric("last"), right[1]],
        [right[0], replace(right[1], netlist=swapped.build(nets))],
    ):
        batch.circuits = wrong
        with pytest.raises(AssertionError, match="Arrays are not equal"):
            batch.check(bits)


@pytest.mark.slow
def test_two_hundred_random_circuits_at_every_level(tmp_path: Path) -> None:
    """In one build, as hardware sees the text."""
    drawn = draw_circuits(200, 2024)
    everything = [optimize(one, level) for level in ("O0", "O1", "O2") for one in drawn] + [wide()]
    batch = Batch(everything, tmp_path, lanes=1, pipelined=False)
    assert batch.check(random_inputs(batch.num_inputs, VECTORS, seed=5)) >= 600


@pytest.mark.slow
def test_a_hundred_random_circuits_with_lanes(tmp_path: Path) -> None:
    drawn = draw_circuits(100, 2025)
    batch = Batch(drawn, tmp_path, lanes=64)
    assert batch.check(random_inputs(batch.num_inputs, VECTORS, seed=6)) >= 200
