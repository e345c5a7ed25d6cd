"""Ctrl-C between two steps instead of within one."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import Any

_SAME = 1.0


class StopRequest:
    """While entered, the first Ctrl-C (or SIGTERM, or SIGHUP) only sets :attr:`asked`; a later one interrupts at once.

    Under torchrun one Ctrl-C comes twice, from the terminal and from torchrun: within a second, it is the same one.
    """

    def __init__(self) -> None:
        self.asked = False
        self._since = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:  # `nohup` asks for that
                    continue
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.asked and now - self._since > _SAME:
            raise KeyboardInterrupt
        if not self.asked:
            self.asked, self._since = True, now
