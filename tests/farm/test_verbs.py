"""Verbs whose work is shared out: the same result whoever works, and whoever is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from strategies import random_circuit
from sweeping import Processes, free_port

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
from cli import save

import lgc
from lgc.backend.base import write
from lgc.backend.lgn import Lgn
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.rtl import Rtl, read_rtl
from lgc.bench import hardware
from lgc.cli import cli
from lgc.driver.bench import BenchHardware, bench
from lgc.errors import MismatchError, NotCheckedError
from lgc.farm import Here, LocalWorkers, Workers
from lgc.ir import Circuit
from lgc.parts.part import find_part
from lgc.progress import Silence
from lgc.synth.nextpnr import Placement
from lgc.synth.seeds import Seeds
from lgc.tools.find import Tool, find_tool
from lgc.verify.formal import Certificate, prove, prove_apart

ROOT = Path(__file__).parents[2]
FAKE = """#!{python}
import json, os, sys
if len(sys.argv) == 2:
    sys.exit(print("nextpnr 9.9"))
seed = int(sys.argv[sys.argv.index("--seed") + 1])
open("{folder}/" + str(seed), "a").write("x")
if seed == 2 and len(open("{folder}/2").read()) == 1:
    os.kill(os.getppid(), 9)
if seed == 4:
    sys.exit("ERROR: seed 4 does not route")
json.dump({{"fmax": {{"clk": {{"achieved": 100 + seed}}}}, "utilization": {{}}}}, open("report.json", "w"))
"""


@pytest.fixture
def nextpnr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """A program that kills whoever runs seed 2 for the first time, and fails at seed 4."""
    path = tmp_path / "bin" / "nextpnr-ice40"
    path.parent.mkdir()
    path.write_text(FAKE.format(python=sys.executable, folder=tmp_path))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    find_tool.cache_clear()
    yield find_tool("nextpnr-ice40")
    find_tool.cache_clear()


def test_a_seed_whose_worker_is_killed_is_placed_again_and_counts_once(nextpnr: Tool, tmp_path: Path) -> None:
    wanted = Placement(design=b"{}", part=find_part("ice40-hx8k"), clock=100.0)
    with LocalWorkers(2) as farm:
        found = Seeds((1, 2, 3, 4), Silence(), farm).place_all(wanted, nextpnr)
    assert [(one.placed.seed, one.placed.fmax) for one in found] == [(1, 101), (2, 102), (3, 103), (4, 0)]
    assert [one.problem is None for one in found] == [True, True, True, False]
    assert "seed 4 does not route" in str(found[3].problem)
    assert [len((tmp_path / str(seed)).read_text()) for seed in (1, 2, 3, 4)] == [1, 2, 1, 1]
    again = Seeds((1, 2, 3), Silence()).place_all(wanted, nextpnr)  # what was measured is kept
    assert [one.placed for one in again] == [one.placed for one in found[:3]]
    assert len((tmp_path / "1").read_text()) == 1


def emitted(circuit: Circuit, folder: Path) -> Rtl:
    folder.mkdir()
    write(Verilog(pipeline=2), circuit, folder / "net.v")
    return read_rtl(folder / "net.v")


def told(certificate: Certificate) -> dict[str, Any]:
    """A certificate without its seconds."""
    found: dict[str, Any] = json.loads(certificate.to_json())
    return {**found, "seconds": 0, "parts": [{**part, "seconds": 0} for part in found["parts"]]}


@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_groups_of_claims_make_the_certificate_of_the_whole(count: int, tmp_path: Path) -> None:
    pytest.importorskip("pyosys")
    circuit = random_circuit(8, [12, 12], 3, seed=1)
    rtl = emitted(circuit, tmp_path / "rtl")
    for name in ("whole", "apart"):
        (tmp_path / name).mkdir()
    whole, _ = prove(rtl, circuit, tmp_path / "whole", 100)
    with Here() if count == 1 else LocalWorkers(count) as farm:
        apart, refutation = prove_apart(rtl, circuit, tmp_path / "apart", 100, Silence(), farm)
    assert refutation is None and apart.is_proved
    assert told(apart) == told(whole)


def test_what_groups_refute_is_refuted_with_a_vector(tmp_path: Path) -> None:
    pytest.importorskip("pyosys")
    circuit = random_circuit(8, [12, 12], 3, seed=1)
    rtl = emitted(circuit, tmp_path / "rtl")
    rtl.path.write_text(rtl.text.replace("second > first", "second >= first"))
    wrong = read_rtl(rtl.path)
    (tmp_path / "work").mkdir()
    certificate, refutation = prove_apart(wrong, circuit, tmp_path / "work", 100, Silence(), Here())
    assert certificate.result == "refuted" and refutation is not None and refutation.bits is not None
    assert refutation.differs is not None and refutation.differs(refutation.bits[None])[0]


def test_claims_that_nobody_had_time_for_are_open(tmp_path: Path) -> None:
    pytest.importorskip("pyosys")
    circuit = random_circuit(8, [12, 12], 3, seed=1)
    (tmp_path / "work").mkdir()
    rtl = emitted(circuit, tmp_path / "rtl")
    certificate, refutation = prove_apart(rtl, circuit, tmp_path / "work", 1e-6, Silence(), Here())
    assert (certificate.result, refutation) == ("not proved", None) and certificate.open


def test_places_to_work_at_are_of_what_is_shared_out(tmp_path: Path) -> None:
    """Before anything is read."""
    for words in (["--workers", "2"], ["--scheduler", "tcp://127.0.0.1:1", "--coverage"]):
        done = CliRunner().invoke(cli, ["verify", str(tmp_path / "model.pt"), str(tmp_path / "net.v"), *words])
        assert done.exit_code != 0 and f"{words[0]} is of --mutate and --formal" in str(done.exception)


@pytest.mark.slow
def test_rows_of_parts_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyosys")
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    network = write(Lgn(), random_circuit(12, [9], 3, seed=1), tmp_path / "net.lgn")[0]
    asked = BenchHardware((network,), part=("lut6", "lut4"), route=False, workers=2)
    shared = list(bench(asked))
    assert shared == list(bench(replace(asked, workers=1)))
    assert [line.split()[1] for line in shared if line.startswith("| lut")] == ["lut6", "lut4"]


def test_a_worker_without_the_cell_library_says_so(tmp_path: Path) -> None:
    """Before it measures anything, or measures with another one."""
    network = write(Lgn(), random_circuit(8, [6], 3, seed=1), tmp_path / "net.lgn")[0]
    library = tmp_path / "cells.lib"
    library.write_bytes((ROOT / "examples" / "asic" / "small.lib").read_bytes())
    tasks: list[Any] = []

    def kept(_farm: Workers, _function: Any, given: list[Any]) -> list[Any]:
        tasks.extend(given)
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hardware, "answers", kept)
        list(bench(BenchHardware((network,), part=("asic",), liberty=library)))
    library.write_text(library.read_text() + "\n")
    with pytest.raises(NotCheckedError, match="a worker has not the cell library of who asks"):
        hardware.measure_part(tasks[0])
    library.unlink()
    with pytest.raises(NotCheckedError, match="a worker has not the cell library of who asks"):
        hardware.measure_part(tasks[0])


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six faults, so that twelve are two tasks."""
    for module in ("campaign", "shard"):
        monkeypatch.setattr(f"lgc.verify.mutate.{module}.FAULTS", 6)


def campaign(model: Path, device: Path, **where: Any) -> tuple[dict[str, Any], Any]:
    found = lgc.mutate(model, device, faults=12, random=2, directed=False, **where)
    said = {name: value for name, value in found.as_json().items() if not name.endswith("seconds")}
    return said, None if found.vectors is None else found.vectors.bits.tolist()


def children() -> set[int]:
    said = subprocess.run(["ps", "-ww", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return {int(row.split()[0]) for row in said.stdout.splitlines() if "lgc.farm.child" in row}


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.usefixtures("small_shards")
def test_a_campaign_is_the_same_though_a_worker_is_killed(tmp_path: Path) -> None:
    """kill -9 of a worker while it simulates: every mutant has one fate, as with one worker."""
    model, device = save(tmp_path / "model.pt"), tmp_path / "net.v"
    lgc.compile(model, device, pipeline=2)
    alone = campaign(model, device)
    assert alone[0]["mutants"] == 12
    killed: list[int] = []

    def kill_one() -> None:
        end = time.monotonic() + 300
        while not (found := children()) and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(3)
        os.kill(min(found), signal.SIGKILL)
        killed.append(min(found))

    killer = threading.Thread(target=kill_one)
    killer.start()
    shared = campaign(model, device, workers=2)
    killer.join()
    assert shared == alone and killed
    assert not children()


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.usefixtures("small_shards")
def test_workers_of_dask_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutants, a proof and seeds at a Dask scheduler, of whose workers one is killed meanwhile."""
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    model, device, port = save(tmp_path / "model.pt"), tmp_path / "net.v", free_port()
    lgc.compile(model, device, pipeline=2)
    where: dict[str, Any] = {"scheduler": f"tcp://127.0.0.1:{port}", "patience": 120}
    with Processes(tmp_path) as processes:
        processes.scheduler(port)
        first = processes.worker(port, "one")
        processes.worker(port, "two")
        threading.Timer(8, lambda: os.killpg(first.pid, signal.SIGKILL)).start()
        assert campaign(model, device, **where) == campaign(model, device)
        shared = lgc.prove(model, device, certificate=tmp_path / "shared.json", **where)
        alone = lgc.prove(model, device, certificate=tmp_path / "alone.json")
        assert told(shared.certificate) == told(alone.certificate)
        found = lgc.synth(device, part="ice40-hx8k", seeds=2, cache=False, **where).as_json()
        assert found == lgc.synth(device, part="ice40-hx8k", seeds=2, cache=False).as_json()
        device.write_text(device.read_text().replace("second > first", "second >= first"))
        with pytest.raises(MismatchError):
            lgc.prove(model, device, force=True, certificate=tmp_path / "wrong.json", **where)


def test_a_scheduler_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    model, device = save(tmp_path / "model.pt"), tmp_path / "net.v"
    lgc.compile(model, device)
    with pytest.raises(NotCheckedError, match=r"there is no Dask scheduler with workers at .*: not checked"):
        lgc.prove(model, device, scheduler=f"tcp://127.0.0.1:{free_port()}", patience=0.5)
    assert not (tmp_path / "net.certificate.json").exists()
