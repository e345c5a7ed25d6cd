"""Where independent work is done: what verbs are asked for about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from lgc.driver.request import Request
from lgc.settings import Setting

WHERE = "Where it runs"
WORKERS_HELP = "Processes here that share the work, of one thread each; with --cluster, jobs."

Cluster = Literal["slurm", "lsf", "pbs", "kubernetes"]


@dataclass(frozen=True)
class WorkersRequest(Request):
    """Who does the work. The result is the same whoever does."""

    workers: Annotated[int | None, Setting(WORKERS_HELP, low=1, group=WHERE, shown="this one")] = None
    scheduler: Annotated[
        str | None,
        Setting("A Dask scheduler that workers are at: tcp://HOST:8786, or the file it wrote.", metavar="ADDRESS",
                group=WHERE),
    ] = None  # fmt: skip
    cluster: Annotated[
        Cluster | None, Setting("Start --workers jobs there, as Dask's configuration says.", group=WHERE)
    ] = None  # fmt: skip
    patience: Annotated[
        float, Setting("Seconds to wait for a scheduler, and for its first worker.", above=0, group=WHERE)
    ] = 60.0  # fmt: skip
