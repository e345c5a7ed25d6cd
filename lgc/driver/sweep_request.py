"""What `lgc sweep` is asked for: every option, once. Most of them may stand in the file of the space too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from lgc.driver.request import Request
from lgc.driver.workers_request import WHERE, WORKERS_HELP, WorkersRequest
from lgc.settings import Setting

_STUDY = "The study (also as sweep.NAME in SPACE)"
STORAGE = "LGC_SWEEP_STORAGE"

Sampler = Literal["auto", "grid", "random", "tpe", "nsga2"]


@dataclass(frozen=True)
class StudyRequest(Request):
    """What to vary, and what to look for."""

    space: Annotated[Path | None, Setting("A TOML file of settings; --resume has it already.", flags=("SPACE",))] = None
    output: Annotated[Path | None, Setting("Folder for all that comes of it.", flags=("-o", "--output"))] = None
    resume: Annotated[bool, Setting("Go on with the sweep in the folder; more --trials may be asked for.")] = False

    objectives: Annotated[
        tuple[str, ...],
        Setting("What to look for; may be given again: accuracy, luts:PART, depth:PART, latency:PART, fmax:PART, ge, "
                "bytes, gates, toggles.", flags=("--objective",), metavar="GOAL", group=_STUDY,
                shown="accuracy, luts:xc7"),
    ] = ()  # fmt: skip
    constraints: Annotated[
        tuple[str, ...],
        Setting("A limit that a network must keep, as 'luts:xc7 <= 3000'; may be given again.",
                flags=("--constraint",), metavar="LIMIT", group=_STUDY),
    ] = ()  # fmt: skip
    trials: Annotated[int | None, Setting("Points to try.", low=1, high=10**6, group=_STUDY, shown="24")] = None
    sampler: Annotated[
        Sampler | None,
        Setting("How points are chosen; auto: grid if there are no more points than trials, else tpe.", group=_STUDY,
                shown="auto"),
    ] = None  # fmt: skip
    seed: Annotated[int | None, Setting("Decides which points are chosen.", low=0, group=_STUDY, shown="0")] = None
    seeds: Annotated[
        int | None,
        Setting("Train each point with so many seeds; what counts is the mean.", low=1, high=100, group=_STUDY,
                shown="1"),
    ] = None  # fmt: skip
    prune: Annotated[
        int | None,
        Setting("End a training when so many earlier ones were better in every objective at epoch 4, 8, 16 and so on; "
                "0 for never.", low=0, group=_STUDY, shown="0"),
    ] = None  # fmt: skip
    lag: Annotated[
        int | None,
        Setting("tpe and nsga2 choose a point by the results of those at least so many before it: so many trials may "
                "run at a time.", low=1, group=_STUDY, shown="8"),
    ] = None  # fmt: skip
    population: Annotated[int | None, Setting("Of nsga2.", low=2, group=_STUDY, shown="16")] = None
    measure: Annotated[
        bool | None,
        Setting("Compile and synthesise the best networks at the end; by default where yosys is installed.",
                group=_STUDY),
    ] = None  # fmt: skip
    liberty: Annotated[Path | None, Setting("Cell library for the objective ge.", group=_STUDY)] = None
    published: Annotated[
        Path | None,
        Setting("JSON list of points of others for the picture: work, test, and lut6 or an objective.", group=_STUDY),
    ] = None  # fmt: skip


@dataclass(frozen=True)
class SweepRequest(WorkersRequest, StudyRequest):
    """The same, and where to work."""

    workers: Annotated[
        int | None, Setting(WORKERS_HELP, low=1, group=WHERE, shown="one a core")
    ] = None  # fmt: skip
    emit_jobs: Annotated[
        bool, Setting("Train nothing: write the trials as an array of SLURM jobs, jobs.sh in the folder.", group=WHERE)
    ] = False  # fmt: skip
    storage: Annotated[
        str | None,
        Setting("URL of the study's database; by default an SQLite file in the folder.", metavar="URL",
                envvar=STORAGE, group=WHERE),
    ] = None  # fmt: skip
    data_dir: Annotated[
        Path | None, Setting("Folder with the data set's files; by default each worker's $LGC_DATA.", group=WHERE)
    ] = None  # fmt: skip


@dataclass(frozen=True)
class SweepStatusRequest(Request):
    """Which sweep to look at; it may be running."""

    folder: Annotated[Path, Setting("Folder of a sweep.", flags=("DIR",))]
    storage: Annotated[
        str | None, Setting("URL of the study's database, where it has a password.", metavar="URL", envvar=STORAGE)
    ] = None  # fmt: skip


@dataclass(frozen=True)
class SweepExportRequest(SweepStatusRequest):
    """Which sweep to write as a table of all its trials, and where."""

    output: Annotated[
        Path | None, Setting("A .csv or .json file; by default trials.csv in the folder.", flags=("-o", "--output"),
                             writes=True)
    ] = None  # fmt: skip


@dataclass(frozen=True)
class SweepJobRequest(Request):
    """Which job of `--emit-jobs` to do."""

    folder: Annotated[Path, Setting("Folder of a sweep.", flags=("DIR",))]
    number: Annotated[int, Setting("Number of the job, from 0.", flags=("NUMBER",), low=0)]
