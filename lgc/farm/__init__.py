"""Independent work, on processes of this machine or on a Dask cluster: the one executor of all verbs.

A task is a dictionary. Its ``request``, JSON, decides what comes of it, and its digest names it; the rest says where
things are, or has them. A function of a module is called with it, here or elsewhere, as often as it takes: what it
gives is the same each time, so that nothing is lost with a worker that dies, and nothing counts twice.
"""

from __future__ import annotations

from lgc.farm.answers import all_answers, answers
from lgc.farm.flow import Flow
from lgc.farm.here import Here
from lgc.farm.local import LocalWorkers
from lgc.farm.results import Results, digest_of
from lgc.farm.workers import Task, Workers, check_version, progress_here

__all__ = [
    "Flow",
    "Here",
    "LocalWorkers",
    "Results",
    "Task",
    "Workers",
    "all_answers",
    "answers",
    "check_version",
    "digest_of",
    "progress_here",
]
