"""Workers of a Dask cluster: one that is there, or one that dask-jobqueue or dask-kubernetes starts."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.errors import LgcError, MissingToolError, OptionError, ToolError
from lgc.farm.workers import Workers
from lgc.tools.find import missing
from lgc.tools.install import how_to_install_package

if TYPE_CHECKING:
    from distributed import Client

_PAUSE, _ATTEMPT = 0.5, 5.0
_CLUSTERS = {
    "slurm": ("dask_jobqueue", "SLURMCluster", "dask-jobqueue"),
    "lsf": ("dask_jobqueue", "LSFCluster", "dask-jobqueue"),
    "pbs": ("dask_jobqueue", "PBSCluster", "dask-jobqueue"),
    "kubernetes": ("dask_kubernetes.operator", "KubeCluster", "dask-kubernetes"),
}


class DaskWorkers(Workers):
    """The workers at a scheduler. Where it is lost, it is waited for, and what was under way begins again.

    Args:
        address: of the scheduler, or the file that it wrote.
        patience: seconds to wait for the scheduler and a worker.
        note: is told what is waited for.

    Raises:
        MissingToolError: Dask is not installed.
        ToolError: there is no scheduler, or it has no workers.
    """

    elsewhere = True

    def __init__(self, address: str, patience: float, note: Callable[[str], None]) -> None:
        self.address, self.patience, self.note = address, patience, note
        self._client = self._connected()

    @property
    def room(self) -> int:
        """See :class:`Workers`: threads of all workers that are there now."""
        return max(1, sum(self._client.nthreads().values()) if self._is_there() else 1)

    def _is_there(self) -> bool:
        return self._client.status == "running"

    def _connected(self) -> Client:
        """A client of a scheduler that has a worker.

        Raises:
            ToolError: there is none in time.
        """
        try:
            from distributed import Client
        except ImportError:
            raise missing("distributed", "work on other machines") from None
        _quieten()
        end, problem = time.monotonic() + self.patience, "it does not answer"
        while True:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    client = Client(**self._where(), timeout=min(_ATTEMPT, self.patience), set_as_default=False)
            except (OSError, TimeoutError, ValueError) as error:
                problem = f"it does not answer ({type(error).__name__})"
            else:
                left = max(1.0, end - time.monotonic())
                try:
                    client.wait_for_workers(1, timeout=left)
                except TimeoutError:
                    client.close(timeout=_ATTEMPT)
                    problem = "it has no workers"
                else:
                    return client
            if time.monotonic() >= end:
                raise ToolError(
                    f"there is no Dask scheduler with workers at {self.address}: {problem}",
                    hint="Start `dask scheduler` and `dask worker ADDRESS --nthreads 1`, or give more --patience",
                )
            time.sleep(_PAUSE)

    def _where(self) -> dict[str, str]:
        if "://" not in self.address and Path(self.address).suffix == ".json":
            return {"scheduler_file": self.address}
        return {"address": self.address}

    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        """See :class:`Workers`."""
        executor = self._client.get_executor(pure=False, retries=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that what a task brings along is large
            return executor.submit(function, argument)

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        """See :class:`Workers`."""
        try:
            found = self._client.run(function, argument)
        except LgcError:
            raise
        except Exception as error:  # whatever a worker without lgc reports
            raise ToolError(
                f"a worker at {self.address} cannot do the tasks ({type(error).__name__}: {error})",
                hint="Install the same lgc, with what the work needs, on every machine",
            ) from None
        return list(found.values())

    def settle(self, future: Future[Any]) -> bool:
        """See :class:`Workers`."""
        lost = future.cancelled() or _is_of_dask(future.exception())
        if lost and not (self._is_there() and self._has_scheduler()):
            self.note(f"The scheduler at {self.address} is lost; waiting for it up to {self.patience:g} s.")
            self._client.close(timeout=_ATTEMPT)
            self._client = self._connected()
        return lost

    def _has_scheduler(self) -> bool:
        try:
            self._client.scheduler_info(n_workers=0)
            self._client.run_on_scheduler(_nothing)
        except Exception:  # of the connection, of many kinds
            return False
        return True

    def close(self) -> None:
        """See :class:`Workers`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._client.close(timeout=_ATTEMPT)


class ClusterWorkers(DaskWorkers):
    """Workers that a batch system or Kubernetes starts, as Dask's own configuration says.

    Raises:
        MissingToolError: the package for it is not installed.
        ToolError: the jobs cannot be submitted, or none begins.
    """

    def __init__(self, kind: str, jobs: int, patience: float, note: Callable[[str], None]) -> None:
        module, name, package = _CLUSTERS[kind]
        try:
            made = getattr(__import__(module, fromlist=[name]), name)
        except ImportError:
            raise MissingToolError(
                f"--cluster {kind} needs {package}, which is not installed",
                hint=f"Run `{how_to_install_package(package)}`",
            ) from None
        try:
            self._cluster = made()
            self._cluster.scale(jobs=jobs) if module == "dask_jobqueue" else self._cluster.scale(jobs)
        except ValueError as error:
            raise OptionError(
                f"Dask's configuration does not say enough about {kind} ({error})",
                hint="Say cores, memory and walltime in jobqueue.yaml; see the page of dask-jobqueue",
            ) from None
        except Exception as error:  # of the batch system
            raise ToolError(f"{kind} does not take the jobs ({type(error).__name__}: {error})") from None
        super().__init__(self._cluster.scheduler_address, patience, note)

    def close(self) -> None:
        """See :class:`Workers`."""
        super().close()
        self._cluster.close()


def _quieten() -> None:
    """What is lost is waited for, or said in a sentence: Dask's loggers say it in a hundred lines."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("distributed", "tornado")):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _nothing() -> None:
    """What a scheduler that is there can do."""


def _is_of_dask(error: BaseException | None) -> bool:
    return error is not None and type(error).__module__.startswith(("distributed", "tornado"))
