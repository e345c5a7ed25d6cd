"""What a file does not say, and who says it instead: a flag, or a key of the sidecar given by ``--config``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import INPUTS, read_json, read_toml, scaled
from lgc.data.npz import read_npy
from lgc.errors import CheckpointError, InputError, OptionError

_NESTED = ("args", "config", "model", "model_config")


@dataclass(frozen=True)
class Fact:
    """Something that a user can say about a file.

    Attributes:
        meaning: for people.
        kind: of its value on the command line.
        choices: of a word.
        metavar: what stands for the value in a help text.
        flag: of the command line; ``--config`` where only a file can hold the fact.
    """

    name: str
    meaning: str
    kind: type = str
    choices: tuple[str, ...] = ()
    metavar: str = ""
    flag: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "flag", self.flag or f"--{self.name.replace('_', '-')}")


_THRESHOLDS = "the encoder's thresholds: numbers separated by commas, or a .npy file of shape (T) or (F,T)"
_PREAMBLE = "the size of the training set that was split before the model was built; 0 for none"

FACTS: dict[str, Fact] = {
    one.name: one
    for one in (
        Fact("family", "which tool's file it is, if recognition fails"),
        Fact("classes", "the number of classes, or their names separated by commas", metavar="N|NAMES"),
        Fact("features", "the number of input features", int),
        Fact("input_shape", "the shape of one sample, such as 3,32,32", metavar="C,H,W"),
        Fact("thresholds", _THRESHOLDS, metavar="T|FILE"),
        Fact("bit_order", "the order of the encoder's bits", choices=("feature-major", "threshold-major")),
        Fact("tau", "the scale of the scores; changes no decision", float),
        Fact("beta", "the offset of the scores; changes no decision", float),
        Fact("tie", "which of several largest scores is the class", choices=("first", "last")),
        Fact("parametrization", "torchlogix: how the tables are stored", choices=("raw", "warp", "light")),
        Fact("torchlogix_version", "the version that trained it: 0.2.1 and 0.2.2 differ", metavar="VERSION"),
        Fact("feature_dim", "torchlogix: the axis that the encoder's bits widen: 1 for images, -2 for vectors", int),
        Fact("widths", "LILogicNet npz: the true number of gates of each layer, such as 2000,1000", metavar="N,N,..."),
        Fact("pass_input", "LILogicNet: whether every layer also reads the network's input", metavar="yes|no"),
        Fact("pass_residual", "LILogicNet: whether every layer also reads the stage before the last", metavar="yes|no"),
        Fact("seed", "difflogic: the seed the wiring was drawn with", int),
        Fact("dataset", "difflogic: the data set of its experiments: mnist, mnist20x20, ...", metavar="NAME"),
        Fact("preamble", f"difflogic: {_PREAMBLE}", int),
        Fact("built_on", "difflogic: where the model was built, which orders the draws", choices=("cpu", "cuda")),
        Fact("connections", "difflogic: how the wiring was drawn", choices=("random", "unique")),
        Fact(
            "check",
            "difflogic: a .npz file with X and y, or a netlist, that the wiring must agree with",
            metavar="FILE",
        ),
        Fact("min_accuracy", "difflogic: the accuracy on --check that the model must reach", float),
        Fact("top", "the top module of a Verilog file", metavar="MODULE", flag="--source-top"),
        Fact("files", "Verilog: files beside the given one, read after it", metavar="FILE,FILE", flag="--source-files"),
        Fact("include", "Verilog: folders of included files", metavar="DIR,DIR", flag="--source-include"),
        Fact("tie", "Verilog: inputs that hold still: rst=0,en=1", metavar="NAME=N,...", flag="--source-tie"),
        Fact(
            "undefined", "Verilog: what x, z and undriven nets stand for", choices=("0", "1"), flag="--source-undefined"
        ),
        Fact("temperature_softplus", "of the learnable binarisation", flag="--config"),
        Fact("layers", "the list of layers; docs/formats.md shows one", flag="--config"),
    )
}
"""Every fact that a user can give: what it means, and the flag and the key that give it."""


def how_to_say(name: str, value: str) -> str:
    """How a user gives a fact: `lgc convert` and `lgc inspect` have a flag for it, every command has ``--config``."""
    return f'{FACTS[name].flag} {value} (convert, inspect), or {{"{name}": "{value}"}} in the JSON file of --config'


class MissingFactError(CheckpointError):
    """The file does not say something that the model cannot be read without."""

    def __init__(self, name: str, why: str) -> None:
        fact = FACTS[name]
        place = f"as '{name}' in the file given by --config" if fact.flag == "--config" else f"by {fact.flag}"
        super().__init__(f"{why}: {fact.meaning}", hint=f"Give it {place}")
        self.fact = name


@dataclass(frozen=True)
class ImportOptions:
    """What the user says about a file.

    Attributes:
        given: facts given one by one; they win.
        config: the sidecar; its nested ``args``, ``config`` and ``model`` are searched too.
        folder: where relative paths in the sidecar start.
        file: the sidecar's own path, if there is one.
        defaults: what the file itself, or something that the user named, says; behind all the others.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()
    file: Path | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Path | None = None, **given: Any) -> ImportOptions:
        """Options of a sidecar file and of facts; facts that are None or empty are not given.

        Raises:
            InputError: the sidecar cannot be read.
            OptionError: a fact of an unknown name.
        """
        unknown = set(given) - set(FACTS)
        if unknown:
            raise OptionError(f"no importer knows the fact '{sorted(unknown)[0]}'")
        facts = {name: value for name, value in given.items() if value is not None and value != ()}
        return cls(facts, read_facts(config) if config else {}, config.parent if config else Path(), config)

    def with_defaults(self, defaults: Mapping[str, Any], folder: Path | None = None) -> ImportOptions:
        """The same options, with ``defaults`` behind what the user said, and before earlier defaults."""
        merged = {**self.defaults, **defaults}
        return ImportOptions(self.given, self.config, folder or self.folder, self.file, merged)

    def only(self, names: tuple[str, ...]) -> ImportOptions:
        """What the user says about these facts, and no more."""
        found = {name: value for name in names if (value := self.get(name)) is not None}
        given = {name: value for name, value in found.items() if name in self.given}
        return ImportOptions(given, {**found, **given}, self.folder, self.file)

    def get(self, name: str) -> Any:
        """A fact as it was given, or None."""
        if name in self.given:
            return self.given[name]
        places = [self.config, *(self.config.get(key) for key in _NESTED)]
        places += [self.defaults, *(self.defaults.get(key) for key in _NESTED)]
        for place in places:
            if isinstance(place, Mapping) and place.get(name) is not None:
                return place[name]
        return None

    def need(self, name: str, why: str) -> Any:
        """A fact as it was given.

        Raises:
            MissingFactError: naming the flag.
        """
        value = self.get(name)
        if value is None:
            raise MissingFactError(name, why)
        return value

    def path(self, name: str) -> Path:
        """A fact that is a file: relative to the sidecar where the sidecar says it, else to the current folder."""
        return (Path() if name in self.given else self.folder) / str(self.get(name))

    def integer(self, name: str, low: int = 1, high: int | None = None) -> int | None:
        """A whole number, or None if it was not given.

        Raises:
            OptionError: it is something else, or out of range.
        """
        value, high = self.get(name), scaled(INPUTS) if high is None else high
        if value is None:
            return None
        if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) < 20:
            value = int(value)
        if type(value) is not int or not low <= value <= high:
            raise OptionError(f"{_label(name)} is {str(value)[:40]}, which is no whole number from {low} to {high}")
        return value

    def integers(self, name: str, high: int | None = None) -> tuple[int, ...] | None:
        """A list of positive whole numbers, or None. Text such as ``3,32,32`` counts as one.

        Raises:
            OptionError: it is something else.
        """
        value, high = self.get(name), scaled(INPUTS) if high is None else high
        if isinstance(value, str):
            parts = value.split(",")
            value = [int(part) if part.strip().isdecimal() and len(part) < 12 else part for part in parts]
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not all(type(n) is int and 1 <= n <= high for n in value):
            raise OptionError(f"{_label(name)} is {str(value)[:40]}, which is no list of positive whole numbers")
        return tuple(value)

    def number(self, name: str) -> float | None:
        """A finite number, or None.

        Raises:
            OptionError: it is something else.
        """
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise OptionError(f"{_label(name)} is {str(value)[:40]}, which is no number")
        return float(value)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """One of the allowed words, or None.

        Raises:
            OptionError: another word.
        """
        value = self.get(name)
        if value is not None and value not in allowed:
            raise OptionError(f"{_label(name)} is {str(value)[:40]!r}", hint=f"It is one of: {', '.join(allowed)}")
        return value if isinstance(value, str) else None

    def flag(self, name: str) -> bool | None:
        """A truth value (also ``0``/``1`` and ``"true"``/``"false"``, as environment files spell it), or None.

        Raises:
            OptionError: something else.
        """
        value = self.get(name)
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        if value is None or isinstance(value, bool):
            return value
        if str(value).lower() not in words:
            raise OptionError(f"{_label(name)} is {str(value)[:40]!r}, which is neither true nor false")
        return words[str(value).lower()]

    def array(self, name: str) -> NDArray[np.float64] | None:
        """Numbers of one or two dimensions, given as lists, as text such as ``0.25,0.5``, or as a .npy file; or None.

        Raises:
            OptionError: they are not numbers.
            InputError: the file cannot be read.
        """
        value = self.get(name)
        if value is None:
            return None
        try:
            if isinstance(value, str) and value.endswith(".npy"):
                value = read_npy(self.path(name))
            elif isinstance(value, str):
                value = [float(part) for part in value.split(",")]
            array = np.asarray(value, dtype=np.float64)
        except InputError as error:
            raise error.at(str(value)) from None
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror or error})", where=str(value)) from None
        except (ValueError, TypeError) as error:
            raise OptionError(f"{_label(name)} are no numbers ({str(error)[:60]})") from None
        return array.reshape(1) if array.ndim == 0 else array


def _label(name: str) -> str:
    flag = FACTS[name].flag if name in FACTS else "--config"
    return f"'{name}' in the sidecar" if flag == "--config" else flag


def read_facts(path: Path) -> dict[str, Any]:
    """A JSON or TOML file of facts.

    Raises:
        InputError: it cannot be read, or is no table.
    """
    try:
        content = read_toml(path) if path.suffix == ".toml" else read_json(path)
    except InputError as error:
        raise error.at(str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from None
    except ValueError as error:
        raise InputError(f"this is no valid JSON or TOML ({str(error)[:80]})", where=str(path)) from None
    if not isinstance(content, dict):
        raise InputError("it holds no table of facts", where=str(path), hint="docs/formats.md shows one")
    return content
