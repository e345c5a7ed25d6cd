"""`lgc bench` measures what it says."""

import pytest
from strategies import random_circuit

from lgc.bench import head as bench_head
from lgc.bench.compile import bench_compile, markdown, random_model
from lgc.frontend.model import check_model


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


HEADS = {"xc7": ["compress", "carry", "ternary"], "ecp5": ["compress"]}
