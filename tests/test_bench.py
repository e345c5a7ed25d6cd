"""`lgc bench` measures what it says."""

from lgc.bench import bench_compile, markdown, random_model
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
    assert "| 2,000 |" in markdown([row])
