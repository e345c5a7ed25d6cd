"""What is said about a setting beside its type and default: one description for flags, TOML files and Python.

A class of settings is a frozen dataclass whose fields are ``Annotated[type, Setting("for people")]``. From it the
command line derives its options, ``lgc.compile(...)`` checks its keywords, and TOML files are read.
"""

from __future__ import annotations

import inspect
import math
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lgc.errors import OptionError


@dataclass(frozen=True)
class Setting:
    """What is said about a setting.

    Attributes:
        help: for people.
        choices: of a word; by default those of a ``Literal``.
        low, high: smallest and largest of a number, included.
        above: a bound that is not included.
        decides: whether the result of a training run depends on it.
        flags: of the command line, by default the field's name with dashes; a word without them is an argument.
        former: flags that it had once: they go on working, and say what replaces them.
        metavar: what stands for the value in the help.
        group: under which heading the help lists it.
        shown: what the help says of the default, where the value would mislead.
        envvar: an environment variable that gives it.
        writes: whether it is a file to write.
        bare: what the flag alone stands for, where it may be without a value.
    """

    help: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None
    decides: bool = True
    flags: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    metavar: str = ""
    group: str = ""
    shown: str = ""
    envvar: str = ""
    writes: bool = False
    bare: str = ""


@dataclass(frozen=True)
class Described:
    """A field and what is said of it.

    Attributes:
        hint: its type as written.
        kind: the type without None.
        optional: whether None is a value.
        several: whether it is a tuple of ``kind``.
        default: ``MISSING`` if it must be given.
    """

    name: str
    hint: Any
    kind: Any
    optional: bool
    several: bool
    default: Any
    setting: Setting

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that it can be; empty for any."""
        if self.setting.choices:
            return self.setting.choices
        return tuple(typing.get_args(self.kind)) if typing.get_origin(self.kind) is typing.Literal else ()


def described(cls: type) -> Mapping[str, Described]:
    """The fields of a class of settings that say what they are, in order; others are for Python alone."""
    return _described(cls)


@cache
def _described(cls: Any) -> Mapping[str, Described]:
    found: dict[str, Described] = {}
    for one in fields(cls):
        text = str(one.type)
        if not text.startswith("Annotated["):
            continue
        owner = next(base for base in cls.__mro__ if one.name in inspect.get_annotations(base))
        hint, setting = typing.get_args(eval(text, vars(sys.modules[owner.__module__])))  # our own source
        kind, optional, several = _taken_apart(hint)
        found[one.name] = Described(one.name, hint, kind, optional, several, one.default, setting)
    return MappingProxyType(found)


def _taken_apart(hint: Any) -> tuple[Any, bool, bool]:
    """The type without None and tuple; ``float | str`` and the like stay as they are."""
    union = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    options = typing.get_args(hint) if union else (hint,)
    kinds = tuple(one for one in options if one is not types.NoneType)
    optional, several = len(kinds) < len(options), typing.get_origin(kinds[0]) is tuple and len(kinds) == 1
    if several:
        return typing.get_args(kinds[0])[0], optional, True
    return (kinds[0] if len(kinds) == 1 else typing.Union[kinds]), optional, False  # noqa: UP007 - of a tuple


def flag_of(one: Described) -> str:
    """How messages call a setting: the long flag of the command line."""
    longest = max(one.setting.flags, key=len, default="")
    return longest or f"--{one.name.replace('_', '-')}"


def check_settings(settings: Any) -> None:
    """Refuse values of another type, words that are no choice, and numbers out of bounds.

    Raises:
        OptionError: naming the setting.
    """
    for one in described(type(settings)).values():
        value = getattr(settings, one.name)
        if value is None and (one.optional or one.default is None):
            continue
        for part in value if one.several and isinstance(value, tuple | list) else (value,):
            check_value(one, part)


def check_value(one: Described, value: Any) -> None:
    """The same for one value.

    Raises:
        OptionError: naming the setting.
    """
    if one.choices and isinstance(value, str) and one.kind is not bool:
        if value not in one.choices:
            raise OptionError(f"{one.name} is '{value}'", hint=f"Give {', '.join(one.choices)}")
        return
    if not _fits(value, one.kind):
        raise OptionError(f"{one.name} is {value!r}", hint=f"It is {_called(one)}")
    _check_bounds(one.name, one.setting, value)


def _fits(value: Any, kind: Any) -> bool:
    if typing.get_origin(kind) is typing.Union or isinstance(kind, types.UnionType):
        return any(_fits(value, one) for one in typing.get_args(kind))
    if typing.get_origin(kind) in (typing.Literal, tuple):
        return isinstance(value, str | tuple)
    if kind is Any:
        return True
    if kind in (int, float):  # numpy's numbers are some too
        return isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)
    if kind is Path:
        return isinstance(value, Path | str)
    return isinstance(value, kind) if isinstance(kind, type) else True


def _called(one: Described) -> str:
    names = {int: "a whole number", float: "a number", str: "a text", bool: "True or False", Path: "a path"}
    return names.get(one.kind, f"one of {', '.join(one.choices)}" if one.choices else str(one.kind))


def _check_bounds(name: str, setting: Setting, value: Any) -> None:
    bounds = []
    if setting.low is not None:
        bounds.append((value >= setting.low, f"at least {setting.low:g}"))
    if setting.above is not None:
        bounds.append((value > setting.above, f"above {setting.above:g}"))
    if setting.high is not None:
        bounds.append((value <= setting.high, f"at most {setting.high:g}"))
    if bounds and not (math.isfinite(value) and all(ok for ok, _ in bounds)):
        raise OptionError(f"{name} is {value}", hint=f"It must be {' and '.join(text for _, text in bounds)}")


def must_be_given(one: Described) -> bool:
    """Whether a setting has no default."""
    return one.default is MISSING
