"""What a worker of this machine does: call what it is sent, one thing after the other, until who started it ends."""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any

ANSWER, ERROR, STEP, NOTE = "answer", "error", "step", "note"
"""Kinds of messages: how a call ended, and what is heard of it before."""


def serve(handle: int) -> None:
    """Answer calls.

    Args:
        handle: of a socket, on which functions and arguments come, and answers go.
    """
    os.set_inheritable(handle, False)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is printed is nobody's answer
    pipe = Connection(handle)
    calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, calls), daemon=True).start()
    from lgc.farm.workers import heard

    told = _Told(pipe)
    heard.set(told)
    while True:
        told.send(_answer(calls.get()))


def _receive(pipe: Connection, calls: queue.SimpleQueue[Any]) -> None:
    """Wait for calls, also while one is under way: where there is nobody to answer any more, nothing is left to do."""
    try:
        while True:
            calls.put(pipe.recv_bytes())
    except (EOFError, OSError):
        os._exit(1)


def _answer(call: bytes) -> bytes:
    try:
        function, argument = pickle.loads(call)
        found: tuple[str, Any] = ANSWER, function(argument)
        return pickle.dumps(found)
    except BaseException as error:
        return _failure(error)


def _failure(error: BaseException) -> bytes:
    """An error, or what can be said of it where it cannot be sent."""
    try:
        text = pickle.dumps((ERROR, error))
        pickle.loads(text)
    except Exception:
        return pickle.dumps((ERROR, RuntimeError(f"{type(error).__name__}: {error}")))
    return text


class _Told:
    """Whoever started the worker, who hears how far a call is, and how it ended."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._lock = pipe, threading.Lock()

    def send(self, message: bytes) -> None:
        with self._lock:
            self._pipe.send_bytes(message)

    def step(self, name: str, done: int = 0, total: int | None = None) -> None:
        self.send(pickle.dumps((STEP, (name, done, total))))

    def note(self, text: str) -> None:
        self.send(pickle.dumps((NOTE, (text,))))
