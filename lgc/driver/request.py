"""What all requests have in common: their fields are checked, and Python's keywords become them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lgc.errors import OptionError
from lgc.files import check_writable, is_file
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
    "check_apart",
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
    """What a verb is asked for. Text that stands for a path becomes one, and a path that is given as text becomes text.

    Raises:
        OptionError: a value of another type, an unknown word, or a number out of its bounds.
    """

    def __post_init__(self) -> None:
        for one in described(type(self)).values():
            if one.kind is str and isinstance(value := getattr(self, one.name), Path):
                object.__setattr__(self, one.name, str(value))
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


def check_outputs(*asked: Any) -> None:
    """Find out before the work that the files to write, fields that say ``writes``, can be written and nothing is lost.

    Args:
        asked: requests, or other classes of settings, of one run.

    Raises:
        OutputError: one cannot.
        OptionError: two are one file, or one is a file that is read.
    """
    reads: list[Path] = []
    writes: dict[str, Path] = {}
    for request in asked:
        for one in described(type(request)).values():
            value = getattr(request, one.name)
            if one.setting.writes and value is not None:
                writes[flag_of(one)] = value
            elif isinstance(value, Path) or one.kind is Any:
                reads += _files_of(value, getattr(request, "facts", None))
    check_apart(reads, writes)
    for path in writes.values():
        check_writable(path)


def check_apart(reads: Iterable[Path], writes: Mapping[str, Path]) -> None:
    """Refuse to write over a file of the same run.

    Args:
        reads: with them go the files beside them, which say what they are.
        writes: by what the user knows them as. What is no file, as ``/dev/stdout``, may be named twice.

    Raises:
        OptionError: two are one file, or one is a file that is read.
    """
    inputs = {os.path.realpath(place) for path in reads for place in (path, *_beside(path)) if is_file(place)}
    taken: dict[str, str] = {}
    for flag, path in writes.items():
        place = os.path.realpath(path)
        if place in inputs:
            raise OptionError(
                f"{path.name} is an input of this run, and would be written over", hint="Give the output another name"
            )
        if place in taken and (is_file(Path(place)) or not os.path.lexists(place)):
            raise OptionError(
                f"{taken[place]} and {flag} are both written to {path.name}", hint="Give each a name of its own"
            )
        taken[place] = flag


def _files_of(value: Any, facts: Mapping[str, Any] | None) -> list[Path]:
    """The file that a path, a text or something compiled stands for, and those that facts about it name."""
    value = getattr(value, "path", value)
    if not isinstance(value, str | Path):
        return []
    named = [part for fact in (facts or {}).values() if isinstance(fact, str | Path) for part in str(fact).split(",")]
    return [Path(value), *(folder / part for part in named for folder in (Path(), Path(value).parent))]


def _beside(path: Path) -> tuple[Path, ...]:
    """The manifest or the sidecar of a file."""
    if not path.name:
        return ()
    own = path.with_name(f"{path.name}.json")
    if path.suffix.lower() in (".v", ".py"):
        return own, path.with_suffix(".json")
    return (own,)


def flags(cls: type[Request], *names: str) -> str:
    """How messages call options, those of the command line: ``--part and --clock``."""
    known = described(cls)
    return " and ".join(flag_of(known[name]) for name in names)
