"""What a sweep looks for: quantities that are to be large or small, and bounds on them."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lgc.errors import OptionError

_BOUND = re.compile(r"\s*([a-z_]+(?::[\w.-]+)?)\s*(<=|>=)\s*([-+.\deE]+)\s*")


@dataclass(frozen=True)
class Kind:
    """A quantity that networks have.

    Attributes:
        about: what it is, for people.
        rises: whether more is better.
        of_part: whether it is one of a part, which follows behind a colon.
        high: the most that it can be.
        estimated: whether it is reckoned in a moment of any network; else it is measured in every trial.
        number: its name among what `lgc synth` measures; "" if that measures none.
    """

    about: str
    rises: bool = False
    of_part: bool = False
    high: float = math.inf
    estimated: bool = True
    number: str = ""


ACCURACY = "accuracy"
KINDS = {
    ACCURACY: Kind("validation accuracy of the discrete network", rises=True, high=1.0),
    "luts": Kind("lookup-table sites", of_part=True, number="sites"),
    "depth": Kind("lookup tables in a row", of_part=True),
    "latency": Kind("nanoseconds from input to class", of_part=True, number="latency_ns"),
    "fmax": Kind("clock, MHz", rises=True, of_part=True, number="fmax"),
    "ge": Kind("gate equivalents, with the cells of --liberty", estimated=False),
    "bytes": Kind("machine code of the C program, bytes", estimated=False),
    "gates": Kind("gates after optimisation"),
    "toggles": Kind("gates that change from one sample to the next, on average", estimated=False),
}


@dataclass(frozen=True)
class Goal:
    """A quantity: ``luts:xc7``.

    Attributes:
        kind: a key of :data:`KINDS`.
        part: a part, or the name of its family; "" where the kind is of none.
    """

    kind: str
    part: str = ""

    @classmethod
    def of(cls, text: str) -> Goal:
        """The quantity of that name.

        Raises:
            OptionError: there is none, or a part is missing or too many.
        """
        kind, colon, part = text.partition(":")
        if kind not in KINDS:
            close = difflib.get_close_matches(kind, KINDS, n=1)
            listed = ", ".join(f"{name}:PART" if one.of_part else name for name, one in KINDS.items())
            raise OptionError(
                f"there is no objective '{text}'", hint=f"Did you mean {close[0]}?" if close else f"There are {listed}"
            )
        if KINDS[kind].of_part != bool(part) or (colon and not part):
            hint = f"Write {kind}:xc7 or another part" if KINDS[kind].of_part else f"Write {kind}"
            raise OptionError(f"the objective is '{text}'", hint=hint)
        return cls(kind, part)

    @property
    def name(self) -> str:
        """As it is written."""
        return f"{self.kind}:{self.part}" if self.part else self.kind

    @property
    def what(self) -> Kind:
        """What is known of its kind."""
        return KINDS[self.kind]

    def shown(self, value: float) -> str:
        """A value for people."""
        if self.kind == ACCURACY:
            return f"{100 * value:.2f} %"
        return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.1f}"


@dataclass(frozen=True)
class Bound:
    """A limit that a network has to keep: ``luts:xc7 <= 3000``."""

    goal: Goal
    most: bool
    value: float

    @classmethod
    def of(cls, text: str) -> Bound:
        """The bound of that text.

        Raises:
            OptionError: it is none, or no network can keep it.
        """
        match = _BOUND.fullmatch(text)
        try:
            value = float(match[3]) if match else math.nan
        except ValueError:
            value = math.nan
        if match is None or not math.isfinite(value):
            raise OptionError(f"the constraint is '{text}'", hint="Write 'luts:xc7 <= 3000' or 'accuracy >= 0.9'")
        found = cls(Goal.of(match[1]), match[2] == "<=", value)
        high = found.goal.what.high
        if (found.most and value <= 0) or (not found.most and value > high):
            limit = "above 0" if found.most else f"at most {high:g}"
            raise OptionError(f"no network keeps the constraint '{text}'", hint=f"{found.goal.name} is {limit}")
        return found

    def excess(self, values: Mapping[str, float]) -> float:
        """By how much of itself a network misses the bound; 0 or less if it keeps it."""
        over = values[self.goal.name] - self.value
        return (over if self.most else -over) / abs(self.value)

    def __str__(self) -> str:
        return f"{self.goal.name} {'<=' if self.most else '>='} {self.value:g}"


def check_bounds(bounds: Sequence[Bound]) -> None:
    """Refuse bounds that exclude each other.

    Raises:
        OptionError: naming two.
    """
    for low in (one for one in bounds if not one.most):
        for high in (one for one in bounds if one.most and one.goal == low.goal):
            if low.value > high.value:
                raise OptionError(f"no network keeps both '{low}' and '{high}'", hint="Drop or change one of them")


def front(goals: Sequence[Goal], points: Mapping[int, Mapping[str, float]]) -> list[int]:
    """The numbers of the points that no other one beats, by the first cost; of equal points the first.

    Args:
        points: the value of each goal by its name, by number.
    """
    signs = [-1.0 if goal.what.rises else 1.0 for goal in goals]
    rows = sorted(
        (tuple(sign * values[goal.name] for sign, goal in zip(signs, goals, strict=True)), number)
        for number, values in points.items()
    )
    kept: list[int] = []
    best: list[tuple[float, ...]] = []
    for row, number in rows:  # whatever beats a row stands before it, and so does what beats that
        if not any(all(a <= b for a, b in zip(other, row, strict=True)) for other in best):
            kept.append(number)
            best.append(row)
    cost = next((goal.name for goal in goals if goal.kind != ACCURACY), goals[0].name)
    return sorted(kept, key=lambda number: (points[number][cost], number))
