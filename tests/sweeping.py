"""A small sweep for tests: 24 trials on digits, and the processes that work on it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SPACE = """
dataset = "digits"
gates = {low = 20, high = 400, step = 10}
epochs = [2, 3]
wiring = ["topk:8"]
sweep.objectives = ["accuracy", "luts:xc7"]
sweep.sampler = "tpe"
sweep.measure = false
"""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


class Processes:
    """Programs of one test; all are ended with it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.running = folder, list[subprocess.Popen[str]]()

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.running:
            kill(one)

    def start(self, *words: str, name: str) -> subprocess.Popen[str]:
        """A Python module in a session of its own, with its output in a file."""
        with (self.folder / f"{name}.log").open("a") as log:
            one = subprocess.Popen(
                [sys.executable, "-m", *words], stdout=log, stderr=log, text=True, env=ENVIRONMENT, cwd=self.folder,
                start_new_session=True,
            )  # fmt: skip
        self.running.append(one)
        return one

    def scheduler(self, port: int) -> subprocess.Popen[str]:
        words = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        return self.start("distributed.cli.dask_scheduler", *words, name="scheduler")

    def worker(self, port: int, name: str) -> subprocess.Popen[str]:
        """A "node": a worker with a folder of its own."""
        words = (f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-dashboard", "--no-nanny", "--name", name)
        local = self.folder / name
        return self.start("distributed.cli.dask_worker", *words, "--local-directory", str(local), name=name)

    def sweep(self, *words: str, name: str = "client") -> subprocess.Popen[str]:
        return self.start("lgc", "sweep", *words, name=name)

    def said(self, name: str) -> str:
        """What a program printed."""
        return (self.folder / f"{name}.log").read_text()


def kill(one: subprocess.Popen[str]) -> None:
    """kill -9 of a program and all that it started."""
    if one.poll() is None:
        os.killpg(one.pid, signal.SIGKILL)
    one.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for_results(folder: Path, count: int, seconds: float = 600) -> None:
    """Until a sweep has so many results."""
    end = time.monotonic() + seconds
    while len(list((folder / "results").glob("*.json"))) < count:
        assert time.monotonic() < end, f"there are not {count} results in time"
        time.sleep(0.05)
