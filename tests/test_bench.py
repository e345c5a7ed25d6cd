"""`lgc bench` measures what it says."""

import pytest
from strategies import random_circuit

from lgc.bench import auto as bench_auto
from lgc.bench import head as bench_head
from lgc.bench.compile import bench_compile, markdown, random_model
from lgc.driver.bench import BenchAuto
from lgc.frontend.model import check_model
from lgc.progress import Silence


def test_random_model_is_a_model_of_that_size():
    """Two layers, as many gates as asked for, and the same model every time."""
    model = check_model(random_model(2000))
    assert model.num_nodes == 2000
    assert model.digest() == random_model(2000).digest()


def test_a_row_holds_real_times_and_a_smaller_netlist():
    """Every step took time, the steps fit into the process, and the optimiser dropped gates."""
    row = bench_compile(2000, repeats=1)
    steps = (row.read, row.lower, row.optimise, row.emit)
    assert min(steps) > 0
    assert sum(steps) < row.whole_process
    assert 0 < row.gates_after < 2000
    assert row.peak_megabytes > 10
    assert "| 2,000 |" in "\n".join(markdown([row]))


def test_a_head_is_measured_beside_all_others_of_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without yosys: what it would be given."""
    given: dict[str, list[tuple[str, bool]]] = {}
    monkeypatch.setattr(
        bench_head, "_measure", lambda part, form, text: given.setdefault(part.fabric, []).append((form, "LUT" in text))
    )
    for part in bench_head.measured_parts():
        bench_head.bench_head(random_circuit(20, [90], 3, seed=2), part)
    mapped = {name: [f"--head {head}" for head in heads] for name, heads in HEADS.items()}
    assert given == {name: [("plain", False), *((form, True) for form in forms)] for name, forms in mapped.items()}


HEADS = {"xc7": ["compress", "carry", "ternary"], "ecp5": ["compress", "couple", "ripple"]}


def test_what_auto_takes_is_measured_beside_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without yosys: every head of every part, what each rule takes, and what that loses."""
    counts = {"adder": 100, "compress": 90, "carry": 80, "couple": 70, "ripple": 75, "ternary": 85}
    monkeypatch.setattr(bench_auto, "_sites", lambda circuit, part, head: counts[head])
    monkeypatch.setattr(bench_auto, "CIRCUITS", {"small": lambda: bench_auto.network(20, [60], 3, seed=1)})
    found = list(bench_auto.rows(BenchAuto(), Silence()))
    assert {row.part: set(row.measured) for row in found} == {
        **{part: {"adder", "compress"} for part in ("lut4", "lut6")},
        "xc7-a35t": {"adder", "compress", "carry", "ternary"},
        **{part: {"adder", "compress", "ripple"} for part in ("ecp5-25k", "ice40-hx8k", "gowin-gw1n-9c")},
    }  # fmt: skip
    lines = list(bench_auto.markdown(found))
    assert "| small | lut4 | 100 | 90 |  |  |  |  | adder (+10) |" in lines
    assert lines[-4].startswith("| for each part always the same head") and "4 of 4 | 0 (0.0 %) | 0 %" in lines[-4]


def test_networks_of_the_comparison_are_what_they_say() -> None:
    """Sizes, arity, biases, features in gates; and the same each time."""
    assert len(bench_auto.CIRCUITS) == 10
    circuits = {title: make() for title, make in bench_auto.CIRCUITS.items()}
    assert all(circuits[title].digest() == make().digest() for title, make in bench_auto.CIRCUITS.items())
    assert circuits["80 LUT6, 4 classes"].netlist.arity.max() == 6
    assert circuits["160 gates, 4 classes, encoder in gates"].encoder.code is not None
    assert circuits["3 layers of 90 gates, 3 classes, biases"].head.bias.any()


def test_ways_of_a_training_step_are_compared_with_the_fused_one_of_their_kind(monkeypatch) -> None:
    pytest.importorskip("torch")
    from lgc.bench import train as bench_train
    from lgc.train.fused import kernel

    if kernel.load_kernel() is None:
        pytest.skip("no C compiler")
    monkeypatch.setattr(bench_train, "_peak_of", lambda name, gates, batch: 1.5)  # a process each
    found = {row.name: row for row in bench_train.bench_train(gates=80, batch=8, repeats=1)}
    assert [name for name, row in found.items() if row.ratio == 1] == [
        "lgc, fused in C", "lgc, fused in C, tables of 6, top-32", "lgc, fused in C, c16k5s2,c32k3s2,d500, top-32",
    ]  # fmt: skip
    for row in found.values():
        kind = next(
            (kind for kind in (", tables of 6, top-32", ", c16k5s2,c32k3s2,d500, top-32") if kind in row.name), ""
        )
        beside = found[f"lgc, fused in C{kind}"]
        assert row.ratio == pytest.approx(row.step / beside.step)
    *table, empty, first, second, third = bench_train.markdown(found.values())
    assert (len(table), empty) == (2 + len(found), "")
    kinds = ("lgc, autograd, tables of 6, top-32", "lgc, fused in C", "lgc, fused in C, top-64")
    ratios = [f"{found[kind].step / found['lgc, fused in C, tables of 6, top-32'].step:.1f} times" for kind in kinds]
    assert f"is {ratios[0]} as fast as that of the torch modules" in first
    assert second.startswith(f"and {ratios[1]} as fast as that of 4 times as many gates") and ratios[2] in second
    fused, modules = (found[f"lgc, {how}, c16k5s2,c32k3s2,d500, top-32"].step for how in ("fused in C", "autograd"))
    assert third == f"That of kernels over images is {modules / fused:.1f} times as fast in C."
