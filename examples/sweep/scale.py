"""What a sweep of many trials costs on many nodes: a model, and the measurements that hold it to the code.

    python scale.py                   measure what a trial costs here, and predict 100,000 trials on 1,000 nodes
    python scale.py --check           run a sweep whose trials only sleep, and compare the model with it

In the model one client asks, tells and keeps, one thing after the other, as lgc does; workers train; a node that dies
loses the trial that it was at, and is back at once.
"""

from __future__ import annotations

import argparse
import heapq
import random
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgc.farm import Flow, Results, Workers, digest_of
from lgc.sweep.goals import Goal
from lgc.sweep.space import Between, Space
from lgc.sweep.study import Plan, Study

SPACE = Space({}, {"gates": Between(10, 8000, 10, whole=True), "lr": Between(0.01, 0.2, log=True)}, {})
HOUR = 3600.0


@dataclass(frozen=True)
class Costs:
    """Seconds of the client for each trial, and bytes on its disk.

    Attributes:
        ask, tell: of the study.
        keep: of the result's files, if workers do not write them.
        send: of a task to a worker and back.
        bytes: of the study and the result.
    """

    ask: float
    tell: float
    keep: float
    send: float = 0.0
    bytes: float = 0.0

    @property
    def each(self) -> float:
        """All of it."""
        return self.ask + self.tell + self.keep + self.send


@dataclass(frozen=True)
class Course:
    """What the model says: seconds in all, the share of them that workers and client are busy, and the tail.

    Attributes:
        tail: seconds from the moment when 99 % of the trials are done.
        lost: trainings that were begun again.
    """

    seconds: float
    workers: float
    client: float
    tail: float
    lost: int


def simulated(
    trials: int, nodes: int, duration: Callable[[random.Random], float], costs: Costs, lag: int | None, mtbf: float
) -> Course:
    """The course of a sweep.

    Args:
        duration: of a training, drawn.
        lag: trials that may run at a time, of a sampler that learns; None for any number.
        mtbf: seconds between two deaths of a node; 0 for none.
    """
    rng, now, busy, worked, lost = random.Random(0), 0.0, 0.0, 0.0, 0
    running: list[tuple[float, int]] = []
    settled: set[int] = set()
    asked, prefix, ends = 0, 0, []
    while len(settled) < trials:
        while asked < trials and len(running) < nodes and (lag is None or asked < prefix + lag):
            now += costs.ask + costs.send
            busy += costs.ask + costs.send
            end = now
            while True:
                need = duration(rng)
                alive = rng.expovariate(1 / mtbf) if mtbf else need
                end += min(need, alive)
                worked += need if alive >= need else 0.0
                if alive >= need:
                    break
                lost += 1
            heapq.heappush(running, (end, asked))
            asked += 1
        end, number = heapq.heappop(running)
        now = max(now, end) + costs.tell + costs.keep
        busy += costs.tell + costs.keep
        settled.add(number)
        while prefix in settled:
            prefix += 1
        ends.append(now)
    tail = ends[-1] - ends[max(0, int(0.99 * trials) - 1)]
    return Course(now, worked / (nodes * now), busy / now, tail, lost)


def lognormal(median: float, spread: float) -> Callable[[random.Random], float]:
    """Durations whose logarithm is normal: a spread of 0.5 makes one in forty 2.7 times as long as the median."""
    return lambda rng: median * rng.lognormvariate(0, spread)


class Sleepers(Workers):
    """Workers that need no processor: threads, for tasks that sleep."""

    def __init__(self, count: int) -> None:
        self._count, self._pool = count, ThreadPoolExecutor(count)

    @property
    def room(self) -> int:
        return self._count

    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        return self._pool.submit(function, argument)

    def everywhere(self, function: Callable[[Any], Any], argument: Any) -> list[Any]:
        return [function(argument)]

    def settle(self, future: Future[Any]) -> bool:
        return future.cancelled()

    def close(self) -> None:
        self._pool.shutdown()


def slept(seconds: float) -> float:
    """A trial."""
    time.sleep(seconds)
    return seconds


def measured(
    trials: int, nodes: int, median: float, sampler: Any, lag: int, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, Costs]:
    """Run a sweep of sleeping trials through lgc's study, results and flow: its seconds, and what the client spent.

    Args:
        clock: of what the client spends; that of the processor is the same on a machine that others use too.
    """
    spent = {"ask": 0.0, "tell": 0.0, "keep": 0.0}
    draw, rng = lognormal(median, 0.5), random.Random(0)
    plan = Plan(SPACE, (Goal("accuracy"), Goal("gates")), (), sampler, 0, lag, 16)

    def timed(what: str, function: Callable[..., Any], *given: Any) -> Any:
        start = clock()
        result = function(*given)
        spent[what] += clock() - start
        return result

    with tempfile.TemporaryDirectory() as name, Sleepers(nodes) as workers:
        folder = Path(name)
        results = Results(folder)
        with Study(f"sqlite:///{folder / 'study.db'}", "scale", {"id": "1"}, plan, new=True) as study:
            flow: Flow[int] = Flow(workers, slept)
            start, done = time.perf_counter(), 0
            while done < trials:
                while flow.has_room and len(study.trials) < trials and (trial := timed("ask", study.ask)):
                    flow.start(trial.number, draw(rng))
                number, seconds = flow.finished()
                trial, done = study.trials[number], done + 1
                trial.values = {"accuracy": 1 - 1 / trial.params["gates"], "gates": float(trial.params["gates"])}
                content = {"request": {"number": number}, "values": trial.values, "seconds": seconds}
                timed("keep", results.keep, digest_of({"number": number}), content, b"0" * 20_000)
                if not plan.waits:
                    timed("tell", study.tell_all)
            total = time.perf_counter() - start
        size = sum(path.stat().st_size for path in folder.iterdir()) / trials
    return total, Costs(*(spent[what] / trials for what in ("ask", "tell", "keep")), bytes=size)


def check() -> None:
    """The model against lgc, with trials that sleep."""
    print("| sampler | trials | workers | median, s | measured, s | model, s |\n|---|---|---|---|---|---|")
    for sampler, trials, nodes, median in (
        ("random", 60, 4, 0.5), ("random", 100, 16, 1.0), ("random", 100, 64, 1.0), ("tpe", 60, 4, 0.5),
        ("tpe", 80, 16, 1.0),
    ):  # fmt: skip
        lag = 8 if sampler == "tpe" else None
        total, costs = measured(trials, nodes, median, sampler, 8)
        found = simulated(trials, nodes, lognormal(median, 0.5), costs, lag, 0.0)
        print(f"| {sampler} | {trials} | {nodes} | {median} | {total:.1f} | {found.seconds:.1f} |", flush=True)


def predict() -> None:
    """100,000 trials on 1,000 nodes, and what limits them."""
    costs = {sampler: measured(100, 8, 0.01, sampler, 8, time.process_time)[1] for sampler in ("random", "tpe")}
    for sampler, one in costs.items():
        print(f"{sampler}: {1e3 * one.each:.0f} ms of the client's processor a trial (ask {1e3 * one.ask:.0f}, tell "
              f"{1e3 * one.tell:.0f}, keep {1e3 * one.keep:.0f}), {one.bytes / 1e3:.1f} kB\n")  # fmt: skip
    print("| sampler | training, median | deaths of a node | hours | workers busy | client busy | tail, min | again |")
    print("|---|---|---|---|---|---|---|---|")
    for sampler, median, lag, mtbf in (
        ("random", 300.0, None, 0.0), ("random", 300.0, None, 24 * HOUR), ("random", 30.0, None, 0.0),
        ("tpe", 300.0, 8, 0.0), ("tpe", 300.0, 2000, 0.0), ("tpe", 1800.0, 2000, 24 * HOUR),
    ):  # fmt: skip
        found = simulated(100_000, 1000, lognormal(median, 0.5), costs[sampler], lag, mtbf)
        words = f"{sampler}, lag {lag:,}" if lag else sampler
        print(f"| {words} | {median:,.0f} s | {'one a day' if mtbf else 'none'} | {found.seconds / HOUR:,.1f} | "
              f"{found.workers:.0%} | {found.client:.0%} | {found.tail / 60:.0f} | {found.lost:,} |")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare the model with sweeps of sleeping trials")
    check() if parser.parse_args().check else predict()
