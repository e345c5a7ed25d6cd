"""What a sweep varies: settings that are fixed, and axes along which others are chosen."""

from __future__ import annotations

import difflib
import itertools
import json
import math
import random
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lgc.bounds import read_toml
from lgc.errors import InputError, OptionError
from lgc.settings import Described, check_value

SWEEP, COMPILE, START = "sweep", "compile", "start"
_RANGE = ("low", "high", "step", "log")
_MOST_ORDERED = 1 << 20
"""Points of a grid whose order is drawn as a whole."""

_NEAR = 1e-6
"""So far from a step, in steps, may a number written in decimals be."""

Kinds = Mapping[str, Described]


@dataclass(frozen=True)
class AnyOf:
    """An axis of a few values, JSON each."""

    values: tuple[Any, ...]

    def draw(self, generator: random.Random) -> Any:
        """One of them."""
        return generator.choice(self.values)

    def has(self, value: Any) -> bool:
        """Whether the value is one of them."""
        return value in self.values

    def __str__(self) -> str:
        return ", ".join(map(shown, self.values))


@dataclass(frozen=True)
class Between:
    """An axis of numbers.

    Attributes:
        low, high: both included.
        step: between two neighbours; 0 for any number, 1 for whole ones.
        log: whether ratios are evenly drawn, and not differences.
    """

    low: float
    high: float
    step: float = 0.0
    log: bool = False
    whole: bool = False

    def draw(self, generator: random.Random) -> float:
        """A number of the axis."""
        if self.log:
            value = math.exp(generator.uniform(math.log(self.low), math.log(self.high)))
            return min(int(self.high), max(int(self.low), round(value))) if self.whole else value
        if self.step:
            value = self.low + self.step * generator.randint(0, round((self.high - self.low) // self.step))
            return int(value) if self.whole else value
        return generator.uniform(self.low, self.high)

    def has(self, value: Any) -> bool:
        """Whether the value is a number of the axis."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return self.low <= value <= self.high and abs(steps - round(steps)) < _NEAR

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (", log" if self.log else "")


Axis = AnyOf | Between


@dataclass(frozen=True)
class Space:
    """Settings by name; those of `lgc compile` are called ``compile.NAME``.

    Attributes:
        fixed: settings that are the same in every trial.
        axes: those that differ.
        sweep: what the file says about the sweep itself.
        start: points that are tried first.
    """

    fixed: Mapping[str, Any]
    axes: Mapping[str, Axis]
    sweep: Mapping[str, Any]
    start: tuple[Mapping[str, Any], ...] = ()

    @property
    def size(self) -> int | None:
        """Points; None if an axis has any number of them."""
        axes = [one for one in self.axes.values() if isinstance(one, AnyOf)]
        return math.prod(len(one.values) for one in axes) if len(axes) == len(self.axes) else None

    def points(self) -> Iterator[dict[str, Any]]:
        """All points of a space whose axes are lists, in order."""
        lists = [one.values for one in self.axes.values() if isinstance(one, AnyOf)]
        for values in itertools.product(*lists):
            yield dict(zip(self.axes, values, strict=True))

    def draw(self, number: int, seed: int) -> dict[str, Any]:
        """The point of trial ``number``, by the seed alone; none comes twice while there are others."""
        size = self.size
        if number < len(self.start):
            return dict(self.start[number])
        if size is None or size > _MOST_ORDERED:
            generator = random.Random(f"{seed}:{number}")
            return {name: axis.draw(generator) for name, axis in self.axes.items()}
        return self._point(_order(size, seed, tuple(map(self._index, self.start)))[number % size])

    def _index(self, point: Mapping[str, Any]) -> int:
        """The place of a point among all, of a space whose axes are lists."""
        index = 0
        for name, axis in self.axes.items():
            assert isinstance(axis, AnyOf)
            index = index * len(axis.values) + axis.values.index(point[name])
        return index

    def _point(self, index: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, axis in reversed(list(self.axes.items())):
            assert isinstance(axis, AnyOf)
            index, place = divmod(index, len(axis.values))
            found[name] = axis.values[place]
        return {name: found[name] for name in self.axes}

    def settings(self, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """All settings of a point: those of the training, and those of compiling."""
        every = {**self.fixed, **params}
        mark = f"{COMPILE}."
        compiling = {name.removeprefix(mark): value for name, value in every.items() if name.startswith(mark)}
        return {name: value for name, value in every.items() if not name.startswith(mark)}, compiling

    def to_json(self) -> dict[str, Any]:
        """Of the settings, what two spaces of the same points share."""
        axes = {name: vars(axis) for name, axis in self.axes.items()}
        start = {START: [dict(point) for point in self.start]} if self.start else {}
        found: dict[str, Any] = json.loads(json.dumps({"fixed": dict(self.fixed), "axes": axes, **start}))
        return found


@lru_cache(maxsize=1)
def _order(size: int, seed: int, first: tuple[int, ...]) -> list[int]:
    """All points but in random order, behind the first ones."""
    order = list(range(size))
    random.Random(seed).shuffle(order)
    return [*first, *(index for index in order if index not in set(first))]


def shown(value: Any) -> str:
    """A value for people."""
    if isinstance(value, list | tuple):
        return "+".join(map(shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def read_space(path: Path, kinds: Mapping[str, Kinds]) -> Space:
    """The space in a TOML file.

    A setting is a value; a list of its values, of which each trial has one; or a table ``{low, high}`` with ``step`` or
    ``log``. Where a value is a list itself, its choices are a list of lists. A table ``[[start]]`` is a point to try
    first: a value for everything that is varied.

    Args:
        kinds: what is known of the settings, by table: ``""``, ``compile``, ``sweep``.

    Raises:
        InputError: it cannot be read.
        OptionError: it has an unknown or impossible setting.
    """
    try:
        content = read_toml(path)
    except InputError as error:
        raise error.at(str(path)) from None
    except (OSError, ValueError) as error:
        raise InputError(f"this is no readable space ({error})", where=str(path)) from None
    try:
        return _space(content, kinds)
    except OptionError as error:
        raise error.at(str(path)) from None


def _space(content: Mapping[str, Any], kinds: Mapping[str, Kinds]) -> Space:
    fixed: dict[str, Any] = {}
    axes: dict[str, Axis] = {}
    tables = {"": {key: value for key, value in content.items() if key not in (SWEEP, COMPILE, START)}}
    for name in (COMPILE, SWEEP):
        table = content.get(name, {})
        if not isinstance(table, dict):
            raise OptionError(f"'{name}' is {table!r}", hint=f"Write {name}.NAME = VALUE, or a table [{name}]")
        tables[name] = table
    for table in ("", COMPILE):
        for name, one, value in _named(tables[table], table, kinds):
            axis = _axis(one, value)
            if isinstance(axis, AnyOf) and len(axis.values) == 1:
                fixed[name] = axis.values[0]
            else:
                axes[name] = axis
    own = {_known(key, SWEEP, kinds[SWEEP]).name: value for key, value in tables[SWEEP].items()}
    sweep = {name: _value(kinds[SWEEP][name], value) for name, value in own.items()}
    return Space(fixed, axes, sweep, _starts(content.get(START, []), axes, kinds))


def _named(rows: Mapping[str, Any], table: str, kinds: Mapping[str, Kinds]) -> Iterator[tuple[str, Described, Any]]:
    """Settings of a table: as the space calls them, what is known of them, and what the file says."""
    for key, value in rows.items():
        one = _known(key, table, kinds[table])
        yield f"{table}.{one.name}" if table else one.name, one, value


def _starts(points: Any, axes: Mapping[str, Axis], kinds: Mapping[str, Kinds]) -> tuple[Mapping[str, Any], ...]:
    """The points to try first.

    Raises:
        OptionError: one is none of the space, or comes twice.
    """
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise OptionError(f"'{START}' is {points!r}", hint=f"Write a table [[{START}]] with a value for each setting")
    found: list[dict[str, Any]] = []
    for number, point in enumerate(points, 1):
        plain, compiling = {key: value for key, value in point.items() if key != COMPILE}, point.get(COMPILE, {})
        if not isinstance(compiling, dict):
            raise OptionError(f"'{START}.{COMPILE}' is {compiling!r}", hint=f"Write {COMPILE}.NAME = VALUE")
        rows = [*_named(plain, "", kinds), *_named(compiling, COMPILE, kinds)]
        values = {name: value for name, _, value in rows}
        _check_start(f"{START} point {number}", values, axes)
        if values in found:
            raise OptionError(f"{START} point {number} comes twice", hint="Leave one out")
        found.append({name: values[name] for name in axes})
    return tuple(found)


def _check_start(what: str, values: Mapping[str, Any], axes: Mapping[str, Axis]) -> None:
    """Refuse a point that is none of the space.

    Raises:
        OptionError: naming the setting.
    """
    if lacking := [name for name in axes if name not in values]:
        raise OptionError(f"{what} has no {lacking[0]}", hint=f"It is one of: {axes[lacking[0]]}")
    for name, value in values.items():
        if name not in axes:
            raise OptionError(f"{what} has {name}, which is not varied", hint="Leave it out there")
        if not axes[name].has(value):
            raise OptionError(f"{what} has {name} = {shown(value)}", hint=f"It is one of: {axes[name]}")


def _known(key: str, table: str, kinds: Kinds) -> Described:
    name = key.replace("-", "_")
    if name in kinds:
        return kinds[name]
    whole = f"{table}.{key}" if table else key
    close = difflib.get_close_matches(name, kinds, n=1)
    help_of = {"": "lgc train --help", COMPILE: "lgc compile --help", SWEEP: "lgc sweep --help"}[table]
    hint = f"Did you mean {f'{table}.' if table else ''}{close[0]}?" if close else f"`{help_of}` lists the settings"
    raise OptionError(f"there is no setting '{whole}'", hint=hint)


def _axis(one: Described, value: Any) -> Axis:
    if isinstance(value, dict):
        return _between(one, value)
    if not isinstance(value, list) or _is_value(one, value):
        return AnyOf((_value(one, value),))
    if not value:
        raise OptionError(f"{one.name} is an empty list", hint="Give one value or more")
    found = tuple(_value(one, part) for part in value)
    if any(found.count(part) > 1 for part in found):
        raise OptionError(f"{one.name} has a value twice: {', '.join(map(shown, found))}", hint="Leave one out")
    return AnyOf(found)


def _is_value(one: Described, value: list[Any]) -> bool:
    """Whether a list is one value of the setting, and not a list of its values."""
    if one.several:
        return not any(isinstance(part, list) for part in value)
    lists = any(typing.get_origin(kind) is tuple for kind in typing.get_args(one.kind))
    return lists and all(isinstance(part, int | float) for part in value)


def _value(one: Described, value: Any) -> Any:
    """A value as JSON, checked."""
    parts = value if isinstance(value, list) and (one.several or _is_value(one, value)) else [value]
    for part in parts:
        if isinstance(value, list) and not one.several:
            if isinstance(part, bool) or not isinstance(part, int | float):
                raise OptionError(f"{one.name} is {value!r}", hint="Its values are numbers or a text")
        else:
            check_value(one, part)
    return value


def _between(one: Described, table: Mapping[str, Any]) -> Between:
    unknown = [key for key in table if key not in _RANGE]
    numbers = [table.get(key) for key in ("low", "high")]
    if unknown or not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        raise OptionError(
            f"{one.name} is {dict(table)}", hint="A range is {low = 1, high = 8}, with step = 1 or log = true"
        )
    for number in numbers:
        check_value(one, number)
    low, high = (float(number) for number in numbers if number is not None)
    log, whole = table.get("log", False), one.kind is int
    step = table.get("step", 1 if whole else 0)
    if not low < high or log not in (False, True) or not isinstance(step, int | float) or step < 0:
        raise OptionError(
            f"{one.name} is {dict(table)}", hint="low must be below high, step 0 or above, log true or false"
        )
    if log and (low <= 0 or "step" in table):
        raise OptionError(f"{one.name} is {dict(table)}", hint="With log, low must be above 0, and there is no step")
    return Between(low, high, 0.0 if log else float(step), bool(log), whole)
