"""What all requests have in common: their fields are checked, and Python's keywords become them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lgc.errors import OptionError
from lgc.files import check_writable
from lgc.settings import Described, Setting, check_settings, described, flag_of, must_be_given

if TYPE_CHECKING:
    from torch import nn

    from lgc.frontend import Model
    from lgc.ir import Circuit

    Source = Path | str | Model | Circuit | nn.Module
else:
    Source = Any  # so that a request's fields can be read without importing what a source may be

__all__ = [
    "Described",
    "Request",
    "Setting",
    "Source",
    "check_outputs",
    "described",
    "flag_of",
    "flags",
    "must_be_given",
    "request",
]

R = TypeVar("R", bound="Request")


@dataclass(frozen=True)
class Request:
    """What a verb is asked for. Text that stands for a path becomes one.

    Raises:
        OptionError: a value of another type, an unknown word, or a number out of its bounds.
    """

    def __post_init__(self) -> None:
        check_settings(self)
        for one in described(type(self)).values():
            value = getattr(self, one.name)
            if one.kind is Path and isinstance(value, str):
                object.__setattr__(self, one.name, Path(value))
            elif one.several and isinstance(value, list):
                object.__setattr__(self, one.name, tuple(value))

    def given(self) -> dict[str, Any]:
        """The fields that are not at their defaults."""
        values = [(one, getattr(self, one.name)) for one in fields(self)]
        # Where the default is None, nothing is compared: an array has no truth value.
        return {
            one.name: value
            for one, value in values
            if value is not one.default and (one.default is None or value != one.default)
        }


def request(cls: type[R], options: Mapping[str, Any], known: Collection[str]) -> R:
    """A request from a Python call.

    Args:
        known: names of the options, for the message.

    Raises:
        OptionError: there is no such option, one is missing, or see :class:`Request`.
    """
    own = {one.name: one for one in fields(cls)}
    verb = cls.__name__.removesuffix("Request").lower()
    unknown = next((name for name in options if name not in own), None)
    if unknown is not None:
        close = difflib.get_close_matches(unknown, known, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"It has: {', '.join(known)}"
        raise OptionError(f"lgc.{verb} has no option '{unknown}'", hint=hint)
    needed = (name for name, one in own.items() if one.default is MISSING and one.default_factory is MISSING)
    missing = next((name for name in needed if name not in options), None)
    if missing is not None:
        raise OptionError(f"lgc.{verb} needs '{missing}', which is not given")
    return cls(**options)


def check_outputs(asked: Any) -> None:
    """Find out before the work that the files to write, fields that say ``writes``, can be written.

    Args:
        asked: a request, or another class of settings.

    Raises:
        OutputError: one cannot.
    """
    for one in described(type(asked)).values():
        path = getattr(asked, one.name)
        if one.setting.writes and path is not None:
            check_writable(path)


def flags(cls: type[Request], *names: str) -> str:
    """How messages call options, those of the command line: ``--part and --clock``."""
    known = described(cls)
    return " and ".join(flag_of(known[name]) for name in names)
