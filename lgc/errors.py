"""One tree of exceptions for everything a user can get wrong.

An ``LgcError`` becomes one paragraph on standard error and an exit code; it never becomes a
traceback. Bugs of our own are ``assert`` or a plain exception, and do become one.
"""

from __future__ import annotations

import errno
from typing import Any

EXIT_OK = 0
EXIT_MISMATCH = 1
EXIT_USER = 2
EXIT_TOOL = 3
EXIT_FAULT = 70
EXIT_INTERRUPTED = 130

_MACHINE = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS", "EMFILE", "ENFILE", "ENOMEM", "ESTALE")
    if hasattr(errno, name)
}
"""What no other file name would help against."""


class LgcError(Exception):
    """A mistake or an obstacle that the user can do something about.

    Args:
        message: what is wrong, as a sentence without its final full stop.
        where: the place: a file, and if known the layer and neuron in it.
        hint: what to do about it.

    Attributes:
        result: what a verb had found when it raised; None where that is nothing.
        lines: the message in short lines, for a terminal; empty where it is a sentence or two.
    """

    exit_code = EXIT_USER
    result: Any = None
    lines: tuple[str, ...] = ()

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # As Exception does it, subclasses with other arguments could not be read back, which hangs a pool of processes.
        return _rebuilt, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" {_sentence(self.hint)}" if self.hint else ""
        return f"{place}{_sentence(self.message)}{advice}"

    def at(self, where: str) -> LgcError:
        """The same error, with ``where`` set if it was not known further down."""
        if self.where is None:
            self.where = where
        return self


class InputError(LgcError):
    """A file, option or array that the user gave is unusable."""


class CheckpointError(InputError):
    """A checkpoint cannot be read, or what it says makes no circuit."""


class NetlistError(InputError):
    """A netlist breaks an invariant of docs/ir.md, or its text does not parse."""


class OptionError(InputError):
    """An option has an impossible value, or options contradict each other."""


class OutputError(LgcError):
    """A result cannot be written."""

    @staticmethod
    def of(error: OSError, what: str, *, where: str | None = None, hint: str | None = None) -> OutputError:
        """The error of a write that the system refused.

        Args:
            what: what cannot be done: ``cannot write``.

        Returns:
            An :class:`OutputError`, of the machine where it is that which refuses, and not the place that was given.
        """
        kind = DiskError if error.errno in _MACHINE else OutputError
        return kind(f"{what}: {error.strerror or error}", where=where, hint=hint)


class DiskError(OutputError):
    """A result cannot be written because of the machine: its disk is full, broken, or read-only."""

    exit_code = EXIT_TOOL


class MismatchError(LgcError):
    """The hardware and the model differ."""

    exit_code = EXIT_MISMATCH


class NotCheckedError(LgcError):
    """A check was asked for and did not run to its end; this is never a pass."""

    exit_code = EXIT_TOOL


class MissingToolError(LgcError):
    """An external program or an optional package is not installed."""

    exit_code = EXIT_TOOL


class ToolError(LgcError):
    """An external program failed."""

    exit_code = EXIT_TOOL


class TimeLimitError(ToolError):
    """An external program took longer than it was given."""


class LgcWarning(UserWarning):
    """Something that the user should know, and that stops nothing; the command line prints it as a note."""


class CacheWarning(LgcWarning):
    """What is built cannot be kept, or what was kept is not used."""


def _rebuilt(kind: type[LgcError], args: tuple[Any, ...], state: dict[str, Any]) -> LgcError:
    """An error that was pickled or copied."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
