"""A sweep through kill -9 of a worker, of the scheduler and of the client: the table of one that nobody disturbed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from sweeping import SPACE, Processes, free_port, kill, wait_for_results

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep with one worker of this machine."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "space.toml").write_text(SPACE)
    with Processes(folder) as processes:
        run = processes.sweep("space.toml", "-o", "out", "--workers", "1")
        assert run.wait(1200) == 0, processes.said("client")
    return folder / "out"


def check_same(out: Path, undisturbed: Path) -> None:
    """24 trials, each told once, and the same table."""
    assert (out / "trials.csv").read_text() == (undisturbed / "trials.csv").read_text()
    rows = (out / "trials.csv").read_text().splitlines()[1:]
    assert [row.partition(",")[0] for row in rows] == [str(number) for number in range(24)]
    import optuna

    name = json.loads((out / "sweep.json").read_text())["study"]
    study = optuna.load_study(storage=f"sqlite:///{out / 'study.db'}", study_name=name)
    assert [one.state.name for one in study.get_trials()] == ["COMPLETE"] * 24


def test_killed_worker_scheduler_and_client(tmp_path: Path, undisturbed: Path) -> None:
    (tmp_path / "space.toml").write_text(SPACE)
    port, out = free_port(), tmp_path / "out"
    address = ("--scheduler", f"tcp://127.0.0.1:{port}", "--patience", "300")
    with Processes(tmp_path) as processes:
        scheduler = processes.scheduler(port)
        first = processes.worker(port, "one")
        processes.worker(port, "two")
        client = processes.sweep("space.toml", "-o", "out", *address)
        wait_for_results(out, 4)
        kill(first)
        first = processes.worker(port, "three")
        wait_for_results(out, 8)
        kill(scheduler)
        processes.scheduler(port)
        for name in ("four", "five"):
            processes.worker(port, name)
        wait_for_results(out, 14)
        assert client.poll() is None, processes.said("client")
        kill(client)
        assert len(list((out / "results").glob("*.json"))) < 24
        again = processes.sweep("-o", "out", "--resume", *address, name="again")
        assert again.wait(1200) == 0, processes.said("again")
        assert "Traceback" not in processes.said("client") + processes.said("again")
    check_same(out, undisturbed)


def test_two_nodes_give_the_table_of_one(tmp_path: Path, undisturbed: Path) -> None:
    """Two workers at a Dask scheduler, as two nodes are, without a common folder for their own files."""
    (tmp_path / "space.toml").write_text(SPACE)
    port = free_port()
    with Processes(tmp_path) as processes:
        processes.scheduler(port)
        for name in ("one", "two"):
            processes.worker(port, name)
        address = ("--scheduler", f"tcp://127.0.0.1:{port}", "--patience", "300")
        run = processes.sweep("space.toml", "-o", "out", *address)
        assert run.wait(1200) == 0, processes.said("client")
    check_same(tmp_path / "out", undisturbed)


def test_a_killed_client_of_local_workers_goes_on(tmp_path: Path, undisturbed: Path) -> None:
    (tmp_path / "space.toml").write_text(SPACE)
    with Processes(tmp_path) as processes:
        client = processes.sweep("space.toml", "-o", "out", "--workers", "2")
        wait_for_results(tmp_path / "out", 5)
        subprocess.run(["kill", "-9", str(client.pid)], check=True)  # its workers notice by themselves
        client.wait()
        again = processes.sweep("-o", "out", "--resume", "--workers", "2", name="again")
        assert again.wait(1200) == 0, processes.said("again")
    check_same(tmp_path / "out", undisturbed)
