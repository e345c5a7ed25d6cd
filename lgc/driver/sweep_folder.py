"""The folder of a sweep: what it was asked for, who works in it, and what lies where."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lgc
from lgc.driver.compile_request import CompileRequest
from lgc.driver.sweep_request import SweepRequest
from lgc.driver.trial import IDENTITY, RESULTS
from lgc.errors import InputError, LgcError, OptionError, OutputError
from lgc.farm import Results
from lgc.files import is_file, write_text
from lgc.settings import Described, Setting, described
from lgc.sweep.goals import ACCURACY, Bound, Goal, check_bounds
from lgc.sweep.space import AnyOf, Kinds, Space, read_space
from lgc.sweep.storage import has_secret, masked
from lgc.sweep.study import FORMAT, Plan, Study
from lgc.train.config import PRESETS, SETTINGS

SPACE, STUDY, LOCK = "space.toml", "study.db", "lock"
DEFAULTS: dict[str, Any] = {
    "objectives": (ACCURACY, "luts:xc7"), "constraints": (), "trials": 24, "sampler": "auto", "seed": 0, "seeds": 1,
    "prune": 0, "lag": 8, "population": 16, "measure": None, "liberty": None, "published": None,
}  # fmt: skip
_NOT_VARIED = ("output", "log", "data_dir", "folds", "name", "save_every")
_NOT_COMPILED = ("model", "output", "dump_ir", "stop_after", "bisect", "check", "timeout", "clock", "part", "config")


def kinds() -> dict[str, Kinds]:
    """The settings that a space may have, by table."""
    training = {name: one for name, one in SETTINGS.items() if name not in _NOT_VARIED}
    preset = Setting("Start from a recipe.", choices=PRESETS)
    training["preset"] = Described("preset", str, str, optional=True, several=False, default=None, setting=preset)
    compiling = {name: one for name, one in described(CompileRequest).items() if name not in _NOT_COMPILED}
    own = {name: one for name, one in described(SweepRequest).items() if name in DEFAULTS}
    return {"": training, "compile": compiling, "sweep": own}


@dataclass(frozen=True)
class Options:
    """What is settled of a sweep: flags, then the file, then defaults.

    Attributes:
        every: by the names of :data:`DEFAULTS`.
    """

    space: Space
    every: Mapping[str, Any]

    @classmethod
    def of(cls, asked: SweepRequest, space: Space, before: Mapping[str, Any]) -> Options:
        """The options of a request, and of its file.

        Args:
            before: those that the sweep in the folder began with; empty for a new one.

        Raises:
            OptionError: one is impossible.
        """
        given = {name: getattr(asked, name) for name in DEFAULTS if getattr(asked, name) not in (None, ())}
        given = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
        found = DEFAULTS | dict(before) | (dict(space.sweep) if asked.space or not before else {}) | given
        for name, axis in space.axes.items():
            if name in ("dataset", "seed"):
                hint = "Give one data set" if name == "dataset" else "sweep.seeds = 3 trains each point three times"
                raise OptionError(f"{name} is varied: {axis}", hint=hint)
        data = space.fixed.get("dataset")
        if isinstance(data, str) and is_file(Path(data)):  # for workers that start elsewhere
            space = replace(space, fixed={**space.fixed, "dataset": str(Path(data).absolute())})
        return cls(space, found)

    def plan(self) -> Plan:
        """How the study proposes.

        Raises:
            OptionError: an objective or a constraint is impossible, or the sampler does not suit the space.
        """
        every, size = self.every, self.space.size
        goals = tuple(Goal.of(one) for one in every["objectives"])
        bounds = tuple(Bound.of(one) for one in every["constraints"])
        check_bounds(bounds)
        if len({goal.name for goal in goals}) < len(goals):
            raise OptionError(f"an objective is given twice: {', '.join(goal.name for goal in goals)}")
        for goal in {*goals, *(one.goal for one in bounds)}:
            self._check_goal(goal)
        sampler = every["sampler"]
        if sampler == "grid" and size is None:
            ranges = [name for name, axis in self.space.axes.items() if not isinstance(axis, AnyOf)]
            raise OptionError(f"a grid needs lists, and {ranges[0]} is a range", hint="Take --sampler random or tpe")
        if sampler == "auto":
            sampler = "grid" if size is not None and size <= every["trials"] else "tpe"
        return Plan(
            self.space, goals, bounds, sampler, every["seed"], every["lag"], every["population"], every["prune"]
        )  # fmt: skip

    def _check_goal(self, goal: Goal) -> None:
        from lgc.driver.costs import part_of

        if goal.what.of_part:
            part_of(goal)
        if goal.kind == "ge" and self.every["liberty"] is None:
            raise OptionError("the objective ge counts cells of a library", hint="Add --liberty FILE.lib")

    def trials(self, plan: Plan) -> int:
        """How many points are tried: no more than a space of lists has, where none is proposed twice."""
        asked, size = int(self.every["trials"]), self.space.size
        return asked if size is None or plan.learns else min(asked, size)


@dataclass(frozen=True)
class Folder:
    """A sweep's folder.

    Attributes:
        record: what ``sweep.json`` says; empty while there is none.
    """

    path: Path
    record: Mapping[str, Any]

    @property
    def results(self) -> Results:
        """Its results."""
        return Results(self.path / RESULTS)

    def open_study(self, plan: Plan, storage: str | None, *, new: bool = False) -> Study:
        """Its study.

        Raises:
            OptionError: the URL of the storage has a secret, which is not kept, and is not given.
            LgcError: see :class:`lgc.sweep.study.Study`.
        """
        kept = self.record["storage"]
        if kept and storage is None and "***" in kept:
            raise OptionError(
                "the study's database has a password, which lgc does not keep", where=kept,
                hint="Give --storage URL as before, or set LGC_SWEEP_STORAGE",
            )  # fmt: skip
        url = storage or kept or f"sqlite:///{self.path.absolute() / STUDY}"
        return Study(url, self.record["study"], {"id": self.record["id"], "lgc": lgc.__version__}, plan, new=new)


def read_folder(path: Path) -> Folder:
    """The sweep in a folder.

    Raises:
        InputError: there is none, or it is of another version.
    """
    try:
        record = json.loads((path / IDENTITY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            "there is no sweep in this folder", where=str(path), hint="Name the folder that -o named"
        ) from None
    if not isinstance(record, dict) or record.get("format") != FORMAT or record.get("lgc") != lgc.__version__:
        version = record.get("lgc", "?") if isinstance(record, dict) else "?"
        raise InputError(
            f"the sweep in this folder is of lgc {version}, and this is {lgc.__version__}", where=str(path),
            hint="Numbers of two versions are not compared: go on with that one, or start a sweep in another folder",
        )  # fmt: skip
    return Folder(path, record)


def check_place(folder: Folder, more: Mapping[str, Any], plan: Plan) -> None:
    """Refuse, before the work, a new sweep where something is, and to go on with another space, objectives or data.

    Args:
        more: what the folder's record has besides.

    Raises:
        OutputError: the folder is not empty, or cannot be written.
        OptionError: naming what differs.
    """
    if folder.record:
        _check_same(folder, plan)
        if more["data"] != folder.record["data"]:
            raise OptionError(
                "the data set is not the one that the sweep began with", where=str(folder.path),
                hint="Name the folder with the same files by --data-dir, or start a sweep in another folder",
            )  # fmt: skip
        return
    path = folder.path
    if (path / IDENTITY).exists():
        raise OutputError("a sweep is in this folder already", where=str(path), hint="Add --resume to go on with it")
    if path.exists() and (not path.is_dir() or any(one.name != LOCK for one in path.iterdir())):
        raise OutputError("there are files already", where=str(path), hint="Name a new folder with -o")


@contextmanager
def opened(
    folder: Folder, space: Path, more: Mapping[str, Any], plan: Plan, storage: str | None
) -> Iterator[tuple[Folder, Study]]:
    """The folder, which is this process's alone already if it is not new, and its study; new ones if there are none.

    Args:
        space: the file of the space.
        more: what the folder's record has besides.

    Raises:
        OutputError: a new folder cannot be written, or somebody else works in it.
        LgcError: the study cannot be opened; a folder that was new is gone again.
    """
    path = folder.path
    if folder.record:
        with folder.open_study(plan, storage) as study:
            yield folder, study
        return
    with locked(path):
        check_place(folder, more, plan)
        folder = _made(path, space, more, plan, storage)
        try:
            study = folder.open_study(plan, storage, new=True)
        except LgcError:
            shutil.rmtree(path, ignore_errors=True)
            raise
        with study:
            yield folder, study


def _made(path: Path, space: Path, more: Mapping[str, Any], plan: Plan, storage: str | None) -> Folder:
    identity = secrets.token_hex(8)
    record = {
        "format": FORMAT, "id": identity, "lgc": lgc.__version__, "study": f"{path.absolute().name}-{identity}",
        "storage": masked(storage) if storage else "", "plan": plan.to_json(),
        **more,
    }  # fmt: skip
    try:
        (path / RESULTS).mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError.of(error, "cannot write", where=str(path), hint="Name another folder") from None
    write_text(path / SPACE, space.read_text(encoding="utf-8"))
    write_text(path / IDENTITY, json.dumps(record, indent=1) + "\n")
    return Folder(path, record)


def _check_same(folder: Folder, plan: Plan) -> None:
    """Refuse to go on with another space or other objectives.

    Raises:
        OptionError: naming what differs.
    """
    now, before = json.loads(json.dumps(plan.to_json())), folder.record["plan"]
    for name in now.keys() | before.keys():
        if now.get(name) != before.get(name):
            was = "" if name == "space" else f": {before.get(name)} then, {now.get(name)} now"
            raise OptionError(
                f"the sweep in this folder has another {name}{was}", where=str(folder.path),
                hint="Go on with the same, or start another sweep in another folder",
            )  # fmt: skip


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be the only one who works in a folder, while the block lasts. The system lets go of it when the process ends.

    Raises:
        OutputError: somebody else does.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        handle = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError.of(error, "cannot write", where=str(path), hint="Name another folder") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = os.read(handle, 64).decode(errors="replace").strip()
            raise OutputError(
                f"another `lgc sweep` works in this folder (process {who})",
                where=str(path),
                hint="Wait for it, or end it; `lgc sweep status DIR` looks without disturbing",
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()} on {os.uname().nodename}\n".encode())
        yield
    finally:
        os.close(handle)


def place_of(asked: SweepRequest) -> Path:
    """The folder of a request.

    Raises:
        OptionError: none is named, or nothing is to be varied.
    """
    if asked.output is None:
        raise OptionError("where is the sweep to be kept?", hint="Add -o DIR")
    if asked.space is None and not asked.resume:
        raise OptionError("what is to be varied?", hint="Name a TOML file, or add --resume to go on with a sweep")
    return asked.output


def load_space(asked: SweepRequest, folder: Path) -> tuple[Path, Space]:
    """The file of the space, that of the folder where none is named, and what it says.

    Raises:
        OptionError: it is impossible.
        InputError: it cannot be read.
    """
    path = asked.space if asked.space is not None else folder / SPACE
    return path, read_space(path, kinds())


def secret_note(storage: str | None) -> str:
    """What to tell about a URL that is not kept; "" if it is."""
    if storage is None or not has_secret(storage):
        return ""
    return f"The password of {masked(storage)} is kept nowhere: --resume needs it again, from LGC_SWEEP_STORAGE"
