"""Results of other commands as a report shows them, read from JSON that is believed in nothing: every value is checked.

Each class has ``of_json``, which raises ValueError, TypeError, KeyError or AttributeError for what is no such result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.report.blocks import Listing, State

Fields = Mapping[str, Any]

_MOST_ROWS = 1000
_MOST_CLASSES = 1000


def as_text(value: object) -> str:
    """A text, or ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is no text")
    return value


def as_number(value: object) -> float:
    """A finite number, or ValueError."""
    if type(value) not in (int, float) or not np.isfinite(value):  # type: ignore[call-overload]
        raise ValueError(f"{value!r:.40} is no number")
    return float(value)  # type: ignore[arg-type]


def as_count(value: object) -> int:
    """A whole number from 0 up, or ValueError."""
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise ValueError(f"{value!r:.40} is no count")
    return value


def as_list(value: object) -> Sequence[Any]:
    """A list that is not too long, or ValueError."""
    if not isinstance(value, list | tuple) or len(value) > _MOST_ROWS:
        raise ValueError(f"{value!r:.40} is no list")
    return value


@dataclass(frozen=True, eq=False)
class Counted:
    """What `lgc eval` counted: rows of ``confusion``, int64 (C, C), are labels, columns predictions."""

    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    counted: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """All samples."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """Those that were right."""
        return int(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """The share of samples that were right, 0 to 1."""
        return self.correct / self.samples

    @classmethod
    def of_json(cls, fields: Fields) -> Counted:
        """See the module."""
        classes = tuple(as_text(one) for one in as_list(fields["classes"]))
        rows = [[as_count(one) for one in as_list(row)] for row in as_list(fields["confusion"])]
        confusion = np.array(rows, np.int64)
        if confusion.shape != (len(classes),) * 2 or len(classes) > _MOST_CLASSES or not confusion.any():
            raise ValueError("the matrix and the classes do not fit")
        warnings = tuple(as_text(one) for one in as_list(fields.get("warnings", ())))
        return cls(classes, confusion, as_text(fields.get("counted", "")), warnings)


@dataclass(frozen=True)
class Quantity:
    """A number of a synthesis: ``how`` is measured, estimated or stated, and ``by`` what."""

    value: float
    unit: str
    how: str
    by: str

    @classmethod
    def of_json(cls, fields: Fields) -> Quantity:
        """See the module."""
        return cls(as_number(fields["value"]), *(as_text(fields[name]) for name in ("unit", "how", "by")))

    def __str__(self) -> str:
        whole = self.value.is_integer() or abs(self.value) >= 1e5
        return f"{self.value:,.0f}" if whole else f"{self.value:,.2f}"


@dataclass(frozen=True)
class OnPart:
    """What `lgc synth` found.

    Attributes:
        used: places by kind: how many are used and how many the part has.
        seeds: MHz of each seed that was placed.
        path: the critical path of the median seed: stage, nanoseconds of logic, and of wires; empty if nobody said.
    """

    source: str
    part: str
    chip: str
    clock: float
    meets_clock: bool | None
    numbers: Mapping[str, Quantity]
    stages: Mapping[str, Quantity]
    used: Mapping[str, tuple[int, int]]
    seeds: Mapping[int, float]
    said: tuple[str, ...]
    problems: tuple[str, ...]
    path: tuple[tuple[str, float, float], ...] = ()

    def value(self, name: str) -> float | None:
        """A number's value; None if there is no such number."""
        return self.numbers[name].value if name in self.numbers else None

    @classmethod
    def of_json(cls, fields: Fields) -> OnPart:
        """See the module."""
        meets = fields["meets_clock"]
        if meets not in (None, True, False):
            raise ValueError("meets_clock")
        seeds = [one for one in as_list(fields["seeds"]) if not one["problem"] and as_number(one["fmax"]) > 0]
        return cls(
            as_text(fields["source"]), as_text(fields["target"]), as_text(fields["part"]), as_number(fields["clock"]),
            meets,
            {as_text(name): Quantity.of_json(one) for name, one in fields["numbers"].items()},
            {as_text(name): Quantity.of_json(one) for name, one in fields["stages"].items()},
            {name: (as_count(one["used"]), as_count(one["available"])) for name, one in fields["used"].items()},
            {as_count(one["seed"]): as_number(one["fmax"]) for one in seeds},
            tuple(as_text(fields[name]) for name in ("synthesis", "placement") if fields[name]),
            tuple(as_text(one) for one in as_list(fields["problems"])),
            _path(seeds),
        )  # fmt: skip


def _path(seeds: Sequence[Fields]) -> tuple[tuple[str, float, float], ...]:
    """That of the median seed, if seeds have any."""
    known = sorted((one for one in seeds if one.get("path")), key=lambda one: float(one["fmax"]))
    if not known:
        return ()
    rows = as_list(known[(len(known) - 1) // 2]["path"])
    return tuple((as_text(stage), as_number(logic), as_number(wires)) for stage, logic, wires in rows)


@dataclass(frozen=True)
class Proved:
    """A certificate of `lgc verify --formal`: claims are claim, result and what decided it."""

    rtl: str
    sha256: str
    result: str
    domain: str
    outputs: tuple[str, ...]
    claims: tuple[tuple[str, str, str, float], ...]
    tools: Mapping[str, str]

    @classmethod
    def of_json(cls, fields: Fields) -> Proved:
        """See the module."""
        claims = tuple(
            (as_text(one["claim"]), as_text(one["result"]), as_text(one["engine"]), as_number(one["seconds"]))
            for one in as_list(fields["parts"])
        )
        results = {result for _, result, _, _ in claims}
        result = "refuted" if "refuted" in results else "proved" if results == {"proved"} else "not proved"
        if result != fields["result"]:  # what is said of the whole must follow from the parts
            raise ValueError("the result does not follow from the claims")
        outputs = tuple(as_text(one) for one in as_list(fields["outputs"]))
        tools = {as_text(name): as_text(one) for name, one in fields["tools"].items()}
        rtl, sha256, domain = (as_text(fields[name]) for name in ("rtl", "rtl_sha256", "domain"))
        return cls(rtl, sha256, result, domain, outputs, claims, tools)

    @property
    def state(self) -> State:
        """What is shown by it."""
        return {"proved": "good", "refuted": "bad"}.get(self.result, "open")  # type: ignore[return-value]


@dataclass(frozen=True)
class Checked:
    """What a comparison, a mutation run or a coverage found.

    Attributes:
        kind: ``verify``, ``mutate`` or ``cover``.
        text: the result as a sentence.
        share: the number that says it shortest, such as ``99.8 %``.
        tables: its numbers.
        file: of the Verilog or other text that was checked.
    """

    kind: str
    state: State
    text: str
    share: str
    tables: tuple[Listing, ...] = ()
    notes: tuple[str, ...] = field(default=())
    file: str = ""


@dataclass(frozen=True)
class EpochLog:
    """A training log: settings of the run, and numbers of each epoch."""

    settings: Mapping[str, Any]
    rows: tuple[Mapping[str, float], ...]

    @classmethod
    def of_entries(cls, entries: Sequence[Fields]) -> EpochLog:
        """See the module; entries that are no epochs are settings or are left out."""
        settings: dict[str, Any] = {}
        rows = []
        for entry in entries:
            event = entry["event"]
            if event == "start" and not settings:
                settings = {as_text(key): value for key, value in entry.items() if key != "event"}
            if event == "epoch":
                rows.append({key: as_number(value) for key, value in entry.items() if type(value) in (int, float)})
        if not rows or any("epoch" not in row for row in rows):
            raise ValueError("there are no epochs")
        return cls(settings, tuple(rows))

    def curve(self, name: str) -> list[float] | None:
        """A column; None if not every epoch has it."""
        return [row[name] for row in self.rows] if all(name in row for row in self.rows) else None
