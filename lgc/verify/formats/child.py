"""Foreign code in a process of its own: it can hang or crash, and the check still says that it did not pass."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.errors import NotCheckedError
from lgc.sim.simulate import Observed
from lgc.tools.run import Setup, or_not_checked, reason, run

_WORKER = Path(__file__).with_name("worker.py")


def run_worker(what: str, arguments: list[str], folder: Path, timeout: float) -> None:
    """Run an action of ``worker.py``.

    Args:
        what: for people: ``the C code``.
        folder: for its log.

    Raises:
        NotCheckedError: it did not end in time, or not well.
    """
    # Without -P the worker's folder would come first on the path.
    command = [sys.executable, "-P", str(_WORKER), *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    log = folder / "worker.log"
    # The worker ends when its standard input does, however this process ends.
    setup = Setup(folder=folder, environment=environment, timeout=timeout, hold_input=True)
    with or_not_checked():
        code = run(command, log, setup, what=what)
    if code:
        raise NotCheckedError(
            f"{what} did not run to its end: {reason(log, code)}: not checked", hint="`--keep DIR` keeps its log"
        )


@dataclass(frozen=True)
class Child:
    """Scores by an action of the worker.

    Attributes:
        arguments: of the action, before the file of rows and the folder for results.
        rows: from vectors, bool (B, I), to the arrays that it reads, by the names of their files.
        num_classes: how many scores it must give.
    """

    what: str
    arguments: tuple[str, ...]
    rows: Callable[[NDArray[np.bool_]], Mapping[str, NDArray[np.generic]]]
    num_classes: int
    folder: Path
    timeout: float

    def run(self, bits: NDArray[np.bool_], *, progress: Callable[[int], None] | None = None) -> Observed:
        """See :class:`lgc.verify.subject.Runner`."""
        del progress
        for name in ("scores.npy", "classes.npy"):
            (self.folder / name).unlink(missing_ok=True)
        for name, rows in self.rows(bits).items():
            np.save(self.folder / f"{name}.npy", np.ascontiguousarray(rows))
        run_worker(self.what, [*self.arguments, str(len(bits)), str(self.num_classes)], self.folder, self.timeout)
        scores = self._read("scores.npy", (len(bits), self.num_classes))
        return Observed(scores, self._read("classes.npy", (len(bits),)), {})

    def _read(self, name: str, shape: tuple[int, ...]) -> NDArray[np.int64]:
        try:
            array = np.load(self.folder / name, allow_pickle=False)
        except (OSError, ValueError):
            raise NotCheckedError(f"{self.what} gave no {name.removesuffix('.npy')}: not checked") from None
        if array.shape != shape or array.dtype.kind != "i":
            raise NotCheckedError(f"{self.what} gave {array.dtype} {array.shape}, not integers {shape}: not checked")
        return array.astype(np.int64)
