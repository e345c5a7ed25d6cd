"""Comparing trainings by their logs: what differs, how good each became, and all curves in one picture."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from lgc.bounds import JSON_BYTES, read_within
from lgc.driver.curves import Curve, overlaid
from lgc.driver.request import Request, check_outputs
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.errors import InputError, OptionError
from lgc.files import write_text
from lgc.settings import Setting

_ACCURACY = "validation_accuracy"
_NOT_SETTINGS = ("event", "lgc", "seed", "optimizer")


@dataclass(frozen=True)
class RunsRequest(Request):
    """Which logs of trainings to compare."""

    files: Annotated[tuple[Path, ...], Setting("What `lgc train --log` wrote.", flags=("LOG",))]
    output: Annotated[
        Path | None, Setting("SVG with the curves of all of them.", flags=("-o", "--output"), writes=True)
    ] = None  # fmt: skip

    def __post_init__(self) -> None:
        files = (self.files,) if isinstance(self.files, str | Path) else self.files
        object.__setattr__(self, "files", tuple(Path(one) for one in files))
        super().__post_init__()
        if not self.files:
            raise OptionError("no logs are named", hint="Name files that `lgc train --log` wrote")


@dataclass(frozen=True)
class LoggedRun:
    """One training, by its log.

    Attributes:
        settings: those that it was started with, seed and data set among them.
        epochs: an entry each.
        end: the last entry of a training that came to its end; else empty.
    """

    name: str
    settings: Mapping[str, Any]
    epochs: Sequence[Mapping[str, Any]]
    end: Mapping[str, Any]

    @property
    def best(self) -> Mapping[str, Any]:
        """The epoch of the best validation accuracy, the first of equal ones."""
        return max(self.epochs, key=lambda one: float(one[_ACCURACY]))


@dataclass(frozen=True, eq=False, repr=False)
class RunsCompared(Shown):
    """Trainings side by side; those that differ by their seeds alone are one group, with mean and deviation."""

    runs: tuple[LoggedRun, ...]
    picture: Path | None = None

    def varied(self) -> list[str]:
        """The settings that are not the same in all of them."""
        names = dict.fromkeys(name for one in self.runs for name in one.settings if name not in _NOT_SETTINGS)
        every = [[one.settings.get(name) for one in self.runs] for name in names]
        return [name for name, values in zip(names, every, strict=True) if any(value != values[0] for value in values)]

    def groups(self) -> list[list[LoggedRun]]:
        """Runs of the same settings but for the seed, two or more."""
        found: dict[str, list[LoggedRun]] = defaultdict(list)
        for one in self.runs:
            same = {name: value for name, value in one.settings.items() if name != "seed"}
            found[json.dumps(same, sort_keys=True)].append(one)
        return [group for group in found.values() if len(group) > 1]

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        found = [
            {"name": one.name, "settings": dict(one.settings), "epochs": len(one.epochs), "best": dict(one.best),
             "end": dict(one.end) or None}
            for one in self.runs
        ]  # fmt: skip
        groups = [{"runs": [one.name for one in group], **_statistics(group)} for group in self.groups()]
        return {"runs": found, "groups": groups, "picture": None if self.picture is None else str(self.picture)}

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        names = self.varied()
        heads = ("run", "seed>", *(f"{name.replace('_', '-')}>" for name in names))
        rows = [self._row(one, names) for one in self.runs]
        grid = Grid((*heads, "epochs>", "best>", "training>", "validation>", "test>", "seconds>"), tuple(rows))
        lines: list[str | Grid] = [grid]
        for group in self.groups():
            found = _statistics(group).items()
            means = ", ".join(f"{name} {one['mean']:.2%}, deviation {one['deviation']:.2%}" for name, one in found)
            lines.append(f"{len(group)} seeds ({', '.join(one.name for one in group)}): {means}")
        return [*lines, *([f"wrote {self.picture}"] if self.picture is not None else [])]

    def _row(self, one: LoggedRun, names: Sequence[str]) -> tuple[str, ...]:
        best, last = one.best, one.epochs[-1]
        test = f"{one.end['test_accuracy']:.2%}" if "test_accuracy" in one.end else "" if one.end else "not at its end"
        return (
            one.name, str(one.settings.get("seed", "")), *(_shown(one.settings.get(name)) for name in names),
            str(last["epoch"]), str(best["epoch"]), f"{best['train_accuracy']:.2%}", f"{best[_ACCURACY]:.2%}", test,
            f"{last['seconds']:.1f}",
        )  # fmt: skip


def _statistics(group: Sequence[LoggedRun]) -> dict[str, dict[str, float]]:
    """Mean and deviation of the accuracies of a group."""
    columns = {"validation": [float(one.best[_ACCURACY]) for one in group]}
    tests = [float(one.end["test_accuracy"]) for one in group if "test_accuracy" in one.end]
    columns |= {"test": tests} if len(tests) == len(group) else {}
    return {
        name: {"mean": statistics.fmean(values), "deviation": statistics.stdev(values)}
        for name, values in columns.items()
    }  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def runs(asked: RunsRequest) -> RunsCompared:
    """Compare trainings by the logs that they wrote.

    Raises:
        InputError: a file cannot be read, is no such log, or has no epoch yet.
        OutputError: the picture cannot be written.
    """
    check_outputs(asked)
    found = tuple(_read(path, name) for path, name in zip(asked.files, _names(asked.files), strict=True))
    if asked.output is not None:
        lines = [
            Curve(one.name, [(float(entry["epoch"]), float(entry[_ACCURACY])) for entry in one.epochs]) for one in found
        ]  # fmt: skip
        write_text(asked.output, overlaid("validation accuracy by epoch", lines))
    return RunsCompared(found, asked.output)


def _names(paths: Sequence[Path]) -> list[str]:
    """Names of files that tell them apart: as much of the path as that takes."""
    parts = [path.with_suffix("").parts for path in paths]
    for count in range(1, max(map(len, parts)) + 1):
        names = ["/".join(one[-count:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def _read(path: Path, name: str) -> LoggedRun:
    try:
        entries = [json.loads(line) for line in read_within(path, JSON_BYTES).decode("utf-8").splitlines() if line]
        starts = [one for one in entries if one["event"] == "start"]
        epochs = [one for one in entries if one["event"] == "epoch"]
        ends = [one for one in entries if one["event"] == "end"]
        for one in epochs:
            float(one[_ACCURACY]), float(one["train_accuracy"]), int(one["epoch"]), float(one["seconds"])
    except InputError as error:
        raise error.at(str(path)) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"this is no log of a training ({type(error).__name__}: {error})",
            where=str(path),
            hint="`lgc train --log FILE.jsonl` writes one",
        ) from None
    if not epochs:
        raise InputError("no epoch is over yet", where=str(path), hint="Look again later")
    return LoggedRun(name, starts[0] if starts else {}, epochs, ends[-1] if ends else {})
