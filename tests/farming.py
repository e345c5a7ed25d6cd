"""Options of tools that share their work out: `--workers N` processes here, or `--scheduler ADDRESS` of Dask."""

from __future__ import annotations

import argparse

from lgc.driver.workers import open_workers
from lgc.driver.workers_request import WorkersRequest
from lgc.farm import Workers
from lgc.progress import Silence


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, default=None, help="processes here; by default this one")
    parser.add_argument("--scheduler", default=None, help="of Dask, whose workers have this checkout on their path")


def open_farm(options: argparse.Namespace, most: int | None = None, *, alone: bool = True) -> Workers:
    """The workers of the options, for so many tasks at most."""
    asked = WorkersRequest(workers=options.workers, scheduler=options.scheduler)
    return open_workers(asked, Silence(), most=most, alone=alone)
