"""All answers to tasks that are known from the start."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lgc.farm.flow import Flow
from lgc.farm.results import digest_of
from lgc.farm.workers import Task, Workers
from lgc.progress import Progress, Silence


def answers(workers: Workers, function: Callable[[Any], Any], tasks: Sequence[Task]) -> Iterator[tuple[str, Any]]:
    """What a function gives for each task, as it comes: the digest of its request, and the answer.

    Tasks of one request are done once. Whoever goes on without the rest has to end the workers.

    Raises:
        LgcError: see :meth:`lgc.farm.flow.Flow.finished`.
    """
    flow: Flow[str] = Flow(workers, function)
    waiting = deque({digest_of(task["request"]): task for task in tasks}.items())
    while waiting or len(flow):
        while waiting and flow.has_room:
            flow.start(*waiting.popleft())
        yield flow.finished()


def all_answers(
    workers: Workers,
    function: Callable[[Any], Any],
    tasks: Sequence[Task],
    told: Progress | None = None,
    name: str = "",
) -> list[Any]:
    """The answers in the order of their tasks.

    Args:
        told: hears how many are done, under the name.

    Raises:
        LgcError: see :meth:`lgc.farm.flow.Flow.finished`.
    """
    told, found = told or Silence(), dict[str, Any]()
    digests = [digest_of(task["request"]) for task in tasks]
    several = len(set(digests))
    if several > 1:
        told.step(name, 0, several)
    for digest, answer in answers(workers, function, tasks):
        found[digest] = answer
        if several > 1:
            told.step(name, len(found), several)
    return [found[digest] for digest in digests]
