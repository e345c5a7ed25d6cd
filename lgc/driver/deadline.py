"""One deadline for a verb: all the programs that it runs have it together."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from lgc.tools.limits import within

__all__ = ["bounded", "within"]

V = TypeVar("V", bound=Callable[..., Any])


def bounded(verb: V) -> V:
    """A verb whose request has a ``timeout``: the programs that it runs are stopped when that is over."""

    @wraps(verb)
    def call(asked: Any, *more: Any, **named: Any) -> Any:
        with within(asked.timeout):
            return verb(asked, *more, **named)

    return call  # type: ignore[return-value]
