"""A sweep as an array of SLURM jobs, without Dask: files of tasks, and a script that `sbatch` takes."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lgc.driver.sheet import Sheet, Shown
from lgc.driver.sweep_folder import Folder, read_folder
from lgc.driver.sweep_request import SweepJobRequest
from lgc.driver.trial import run_task
from lgc.errors import InputError, ToolError
from lgc.farm import digest_of
from lgc.files import write_text

JOBS, SCRIPT = "jobs", "jobs.sh"
_SCRIPT = """#!/bin/sh
#SBATCH --job-name=lgc-sweep
#SBATCH --array=0-{last}
#SBATCH --cpus-per-task=1
#SBATCH --output={folder}/jobs/%a.log
# Written by lgc. Each job trains one network, and writes it to the folder, which all nodes have to see; to do it again
# changes nothing. Add what your cluster asks for (partition, time, memory). Afterwards: lgc sweep -o {folder} --resume
export OMP_NUM_THREADS=1
exec {python} -m lgc sweep job {folder} "$SLURM_ARRAY_TASK_ID"
"""


@dataclass(frozen=True, eq=False, repr=False)
class SweepJob(Shown):
    """A job that is done."""

    number: int
    content: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        return {"job": self.number, **self.content}

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        values = self.content.get("values", {})
        text = ", ".join(f"{name} {value:.6g}" for name, value in values.items())
        return [f"job {self.number}: {text or self.content.get('failed', '')}"]


def write_jobs(folder: Folder, tasks: Sequence[Mapping[str, Any]]) -> None:
    """Write tasks as files, and the script; those of an earlier call are gone.

    Raises:
        OutputError: one cannot be written.
    """
    place = folder.path / JOBS
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for number, task in enumerate(tasks):
        write_text(place / f"{number}.json", json.dumps(task, indent=1) + "\n")
    absolute = folder.path.absolute()
    text = _SCRIPT.format(last=max(0, len(tasks) - 1), folder=_word(str(absolute)), python=_word(sys.executable))
    write_text(folder.path / SCRIPT, text)
    (folder.path / SCRIPT).chmod(0o755)


def _word(text: str) -> str:
    """A path as a word of the shell."""
    import shlex

    return shlex.quote(text)


def sweep_job(asked: SweepJobRequest) -> SweepJob:
    """Do one job.

    Raises:
        InputError: there is no such job.
        ToolError: the folder of the sweep is not to be seen where it was.
        LgcError: the machine lacks something; the job may be done again.
    """
    folder = read_folder(asked.folder)
    path = folder.path / JOBS / f"{asked.number}.json"
    try:
        task = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError("there is no such job", where=str(path), hint="lgc sweep --emit-jobs writes them") from None
    task["folder"] = str(folder.path.absolute())
    content = run_task(task)
    if folder.results.find(digest_of(task["request"])) is None:
        raise ToolError("the result could not be read back", where=str(folder.path))
    return SweepJob(asked.number, content)
