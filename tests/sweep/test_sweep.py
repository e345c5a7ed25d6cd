"""`lgc sweep` from a space of a few lines to a table, a picture and a network; and what is refused before a trial."""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sweeping import ENVIRONMENT

import lgc
from lgc.cli import main
from lgc.driver.sweep_folder import locked
from lgc.errors import InputError, LgcError, OptionError, OutputError
from lgc.farm import Workers

SPACE = """
dataset = "digits"
gates = [20, 30, 60]
epochs = 1
wiring = ["topk:8"]
sweep.measure = false
"""


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("space") / "space.toml"
    path.write_text(SPACE)
    return path


class HereWorkers(Workers):
    """This process: what processes of their own do is tested in test_flow.py and test_faults.py."""

    room = 1

    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(json.loads(json.dumps(argument)) if "bytes" not in argument else argument))
        except LgcError as error:
            future.set_exception(error)
        return future

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        return [function(argument)]

    def settle(self, future: Future[Any]) -> bool:
        return False

    def close(self) -> None:
        pass


@pytest.fixture(scope="module", autouse=True)
def workers_here() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lgc.driver.workers.LocalWorkers", lambda _count, _told: HereWorkers())
        yield


@pytest.fixture(scope="module")
def swept(space: Path) -> Path:
    """Two of the three points, then the third with --resume."""
    out = space.parent / "out"
    lgc.sweep(space, out, trials=2, workers=1)
    result = lgc.sweep(output=out, resume=True, trials=3, workers=1)
    assert len(result.trials) == 3 and all(one.told for one in result.trials)
    return out


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["sweep", *words])
    return int(end.value.code or 0)


def test_the_folder_has_a_table_a_picture_a_report_and_networks(swept: Path) -> None:
    rows = (swept / "trials.csv").read_text().splitlines()
    assert rows[0] == "trial,best,gates,accuracy,luts:xc7,problem" and len(rows) == 4
    assert sorted(row.split(",")[2] for row in rows[1:]) == ["20", "30", "60"]
    best = [row.split(",")[0] for row in rows[1:] if row.split(",")[1] == "yes"]
    assert sorted(best) == sorted(path.stem for path in (swept / "pareto").glob("*.pt"))
    picture = ET.parse(swept / "pareto.svg").getroot()
    dots = [one for one in picture.iter() if one.tag.endswith("circle")]
    assert len(dots) == 3 and sum(one.get("class") == "front" for one in dots) == len(best)
    report = (swept / "report.md").read_text()
    assert "pareto.svg" in report and all(f"#{number}" in report for number in best)


def test_test_samples_are_looked_at_for_the_chosen_alone(swept: Path) -> None:
    """Networks of trials know no test accuracy; the table of the best has it."""
    for path in (swept / "results").glob("*.pt"):
        assert "test_accuracy" not in lgc.read(path).model.training
    measured = [json.loads(path.read_text()) for path in (swept / "results").glob("*.json")]
    assert any("test" in one for one in measured)


def test_a_point_is_compiled_by_its_number(swept: Path, tmp_path: Path) -> None:
    number = next(path.stem for path in (swept / "pareto").glob("*.pt"))
    assert lgc.compile(f"{swept}#{number}", tmp_path / "net.v").path.exists()
    one, other = lgc.read(f"{swept}#{number}"), lgc.read(swept / "pareto" / f"{number}.pt")
    assert one.digest == other.digest
    with pytest.raises(InputError, match=r"there is no trial 9\. They are 0 to 2"):
        lgc.compile(f"{swept}#9", tmp_path / "net.v")


def test_status_and_export_show_all_trials(swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in swept.rglob("*")}
    assert run("status", str(swept)) == 0
    assert "3 of 3 trials done, 0 could not be trained, 0 to come" in capsys.readouterr().out
    assert run("export", str(swept), "-o", str(tmp_path / "all.csv")) == 0
    assert (tmp_path / "all.csv").read_text() == (swept / "trials.csv").read_text()
    assert run("export", str(swept), "-o", str(tmp_path / "all.json")) == 0
    rows = json.loads((tmp_path / "all.json").read_text())["trials"]
    assert [row["trial"] for row in rows] == [0, 1, 2] and all(row["networks"] for row in rows)
    assert {path: path.stat().st_mtime_ns for path in swept.rglob("*")} == before


def test_a_result_that_is_damaged_is_made_again(swept: Path, tmp_path: Path) -> None:
    """The same network, and the same table."""
    out = tmp_path / "out"
    shutil.copytree(swept, out)
    before = {path.name: lgc.read(path).digest for path in (out / "pareto").glob("*.pt")}
    for path in (out / "results").glob("*.pt"):
        path.write_bytes(path.read_bytes()[:-1])
    lgc.sweep(output=out, resume=True, workers=1)
    assert {path.name: lgc.read(path).digest for path in (out / "pareto").glob("*.pt")} == before
    assert (out / "trials.csv").read_text() == (swept / "trials.csv").read_text()


@pytest.mark.slow
def test_jobs_do_what_workers_do(space: Path, swept: Path, tmp_path: Path) -> None:
    """--emit-jobs, a stand-in for `sbatch` that runs the array here, and --resume: the same trial."""
    out = tmp_path / "out"
    found = lgc.sweep(space, out, trials=1, workers=1, emit_jobs=True)
    assert found.jobs == 1 and not list((out / "results").glob("*.pt"))
    sbatch(out / "jobs.sh")
    assert run("-o", str(out), "--resume", "--workers", "1", "-q") == 0
    row = (out / "trials.csv").read_text().splitlines()[1]
    assert row.split(",")[2:] == (swept / "trials.csv").read_text().splitlines()[1].split(",")[2:]


def test_jobs_of_a_sampler_that_learns_come_in_turns(tmp_path: Path) -> None:
    """As many at a time as may run at a time; when all are done, --emit-jobs ends with the table."""
    (tmp_path / "space.toml").write_text(SPACE + "sweep.sampler = 'tpe'\nsweep.lag = 2\nsweep.trials = 3")
    out = tmp_path / "out"
    jobs, words = [], {"space": tmp_path / "space.toml"}
    while (found := lgc.sweep(output=out, workers=1, emit_jobs=True, **words)).jobs:
        jobs.append(found.jobs)
        for number in range(found.jobs):
            assert run("job", str(out), str(number)) == 0
        words = {"resume": True}
    assert jobs == [2, 1] and found.best and len(found.trials) == 3


def sbatch(script: Path) -> None:
    """What SLURM does of an array: the script once for each number, with its number in the environment."""
    text = script.read_text()
    first, last = map(int, re.search(r"#SBATCH --array=(\d+)-(\d+)", text).groups())
    for number in range(first, last + 1):
        environment = {**ENVIRONMENT, "SLURM_ARRAY_TASK_ID": str(number)}
        subprocess.run(["sh", str(script)], check=True, env=environment, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("gatez = 5", "there is no setting 'gatez'"),
        ("sweep.constraints = ['luts:xc7 <= 3', 'luts:xc7 >= 9']", "no network keeps both"),
        ("sweep.objectives = ['accuracy', 'lutz:xc7']", "Did you mean luts?"),
        ("sweep.objectives = ['accuracy', 'luts:xc9']", "there is no part 'xc9'"),
        ("sweep.objectives = ['accuracy', 'ge']", "Add --liberty"),
        ("sweep.sampler = 'grid'\nlr = {low = 0.1, high = 0.2}", "a grid needs lists, and lr is a range"),
        ("arity = [7, 9]", "arity is 7"),
        ("arity = [4, 6]", "no point of the space can be trained"),
        ("compile.head = ['nohead']", "head is 'nohead'"),
        ("seed = [1, 2]", "sweep.seeds = 3"),
    ],
)
def test_what_is_impossible_is_refused_before_the_first_trial(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "space.toml").write_text(SPACE + line)
    with pytest.raises(OptionError) as error:
        lgc.sweep(tmp_path / "space.toml", tmp_path / "out", workers=1)
    assert words in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_bound_far_below_the_smallest_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(SPACE + "sweep.constraints = ['luts:xc7 <= 5']")
    with pytest.raises(OptionError, match="no network of this space keeps 'luts:xc7 <= 5': the smallest takes"):
        lgc.sweep(tmp_path / "space.toml", tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()


def test_data_that_are_not_there_are_missed_before_the_first_trial(tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text('dataset = "missing.csv"\ngates = [20, 30]')
    with pytest.raises(InputError, match=r"missing\.csv"):
        lgc.sweep(tmp_path / "space.toml", tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()


def test_a_scheduler_that_is_not_there_is_one_sentence(space: Path, tmp_path: Path) -> None:
    with pytest.raises(LgcError, match="there is no Dask scheduler with workers at tcp://127"):
        lgc.sweep(space, tmp_path / "out", scheduler="tcp://127.0.0.1:9", patience=0.5)
    assert not (tmp_path / "out").exists()


def test_a_database_that_is_not_there_keeps_its_password(space: Path, tmp_path: Path) -> None:
    url = "postgresql+psycopg://ann:s3cret@127.0.0.1:9/db"
    with pytest.raises(LgcError) as error:
        lgc.sweep(space, tmp_path / "out", workers=1, storage=url)
    assert "s3cret" not in str(error.value) and "***" in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_is_not_written_over_nor_taken_for_another(space: Path, swept: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Add --resume"):
        lgc.sweep(space, swept, workers=1)
    (tmp_path / "other.toml").write_text(SPACE.replace("60", "40"))
    with pytest.raises(OptionError, match="has another space"):
        lgc.sweep(tmp_path / "other.toml", swept, resume=True, workers=1)
    with pytest.raises(OptionError, match="has another objectives"):
        lgc.sweep(output=swept, resume=True, workers=1, objectives=("accuracy", "gates"))
    with pytest.raises(InputError, match="there is no sweep in this folder"):
        lgc.sweep(output=tmp_path / "nothing", resume=True, workers=1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    with pytest.raises(OutputError, match="there are files already"):
        lgc.sweep(space, tmp_path / "full", workers=1)


def test_a_sweep_of_another_version_is_refused(swept: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(swept, out)
    record = json.loads((out / "sweep.json").read_text())
    (out / "sweep.json").write_text(json.dumps({**record, "lgc": "0.1.9"}))
    with pytest.raises(InputError, match=r"is of lgc 0\.1\.9, and this is"):
        lgc.sweep(output=out, resume=True, workers=1)


def test_two_sweeps_in_one_folder_exclude_each_other(swept: Path) -> None:
    with locked(swept), pytest.raises(OutputError, match="another `lgc sweep` works in this folder"):
        lgc.sweep(output=swept, resume=True, workers=1)


def test_seeds_give_means_and_deviations(tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(SPACE + "sweep.seeds = 2")
    result = lgc.sweep(tmp_path / "space.toml", tmp_path / "out", trials=1, workers=1)
    found = [json.loads(path.read_text()) for path in (tmp_path / "out" / "results").glob("*.json")]
    accuracies = [one["values"]["accuracy"] for one in found if "curve" in one]
    trial = result.trials[0]
    assert len(accuracies) == 2 and trial.values["accuracy"] == pytest.approx(statistics.fmean(accuracies))
    assert trial.spread["accuracy"] == pytest.approx(statistics.stdev(accuracies)) and "±" in repr(result)
    model = lgc.read(result.model(0)).model
    assert model.training["validation_accuracy"] == max(accuracies)


def test_a_clock_that_jumps_changes_nothing(space: Path, swept: Path, tmp_path: Path) -> None:
    """Back by a day, and on by a year, whenever somebody looks at it."""
    now, jumps = time.time(), iter(range(10**6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: now + (-86_400, 31_536_000)[next(jumps) % 2])
        lgc.sweep(space, tmp_path / "out", trials=3, workers=1)
    tables = [(folder / "trials.csv").read_text().splitlines()[1:] for folder in (tmp_path / "out", swept)]
    found, wanted = (sorted(row.split(",")[2:4] for row in rows) for rows in tables)
    assert found == wanted


def test_workers_with_other_data_are_refused_before_the_first_trial(space: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lgc.driver.sweep.data_digest", lambda _config: "that of the client")
        with pytest.raises(LgcError, match="this worker's data set 'digits' is not the one"):
            lgc.sweep(space, tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()


def test_help_lists_the_commands_of_a_sweep() -> None:
    done = subprocess.run([sys.executable, "-m", "lgc", "sweep", "--help"], capture_output=True, text=True, check=True)
    assert "lgc sweep status" in done.stdout and "--scheduler" in done.stdout
