"""Where tasks are worked on: processes of this machine, or a Dask cluster."""

from __future__ import annotations

from lgc.sweep.execution.flow import Flow, Workers
from lgc.sweep.execution.local import LocalWorkers

__all__ = ["Flow", "LocalWorkers", "Workers"]
