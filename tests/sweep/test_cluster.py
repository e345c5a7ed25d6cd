"""`--cluster slurm` through dask-jobqueue, with a stand-in for `sbatch` that runs the jobs here."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import sweeping
from sweeping import SPACE, Processes

pytestmark = pytest.mark.slow

SBATCH = """#!/bin/sh
# What Dask writes is the last argument. A job runs by itself, and `sbatch` says its number.
for script; do :; done
cp "$script" "{folder}/job.$$.sh"
setsid sh "{folder}/job.$$.sh" > "{folder}/job.$$.log" 2>&1 < /dev/null &
echo $! >> "{folder}/jobs"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
for job; do kill -- -"$job" 2>/dev/null; done
exit 0
"""


def test_jobs_of_slurm_work_and_are_ended(tmp_path: Path) -> None:
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(folder=tmp_path))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "space.toml").write_text(SPACE)
    more = {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "DASK_JOBQUEUE__SLURM__CORES": "1", "DASK_JOBQUEUE__SLURM__MEMORY": "2GB",
        "DASK_JOBQUEUE__SLURM__INTERFACE": "lo", "DASK_JOBQUEUE__SLURM__LOCAL_DIRECTORY": str(tmp_path),
    }  # fmt: skip
    with Processes(tmp_path) as processes, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeping, "ENVIRONMENT", {**sweeping.ENVIRONMENT, **more})
        words = ("--cluster", "slurm", "--workers", "2", "--patience", "300", "--trials", "6")
        run = processes.sweep("space.toml", "-o", "out", *words)
        assert run.wait(1200) == 0, processes.said("client")
    rows = (tmp_path / "out" / "trials.csv").read_text().splitlines()
    assert len(rows) == 7 and all(row.endswith(",") for row in rows[1:])
    jobs = (tmp_path / "jobs").read_text().split()
    assert len(jobs) == 2 and not any(Path(f"/proc/{job}").exists() for job in jobs)


def test_a_cluster_that_takes_no_jobs_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(SPACE)
    with Processes(tmp_path) as processes:
        words = ("--cluster", "slurm", "--workers", "1", "--patience", "2")
        assert processes.sweep("space.toml", "-o", "out", *words).wait(300) in (2, 3)
        said = processes.said("client")
        words = ("--cluster", "kubernetes", "--workers", "1", "--patience", "2")
        assert processes.sweep("space.toml", "-o", "out", *words, name="kubernetes").wait(300) == 3
    assert "lgc: Dask's configuration does not say enough about slurm" in said and "Traceback" not in said
    assert "needs dask-kubernetes, which is not installed" in processes.said("kubernetes")
    assert not (tmp_path / "out").exists()
