"""Reading: whatever a verb is given, a path or an object, as a model and a circuit."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeGuard, TypeVar

from lgc.driver.deadline import bounded
from lgc.driver.points import found_point
from lgc.driver.request import Request, Source
from lgc.driver.sheet import Sheet, Shown
from lgc.errors import InputError
from lgc.settings import Described, Setting

if TYPE_CHECKING:
    from torch import nn

    from lgc.frontend import ImportOptions, Model
    from lgc.frontend.facts import Fact
    from lgc.frontend.registry import Imported
    from lgc.ir import Circuit

CONFIG_HELP = "JSON or TOML file of what another tool's checkpoint does not say; see `lgc convert --help`."

TIMEOUT = Setting("Seconds that all programs together may take, compilers too.", above=0, metavar="SECONDS")


@dataclass(frozen=True)
class ReadRequest(Request):
    """What to read, and what the file does not say.

    Attributes:
        facts: facts by name, as `lgc convert` has flags for: ``{"classes": 10, "features": 784}``.
    """

    source: Annotated[Source, Setting("A checkpoint or a netlist.", flags=("FILE",))]
    config: Annotated[Path | None, Setting(CONFIG_HELP)] = None
    timeout: Annotated[float | None, TIMEOUT] = None
    facts: Mapping[str, Any] | None = None

    def import_options(self) -> ImportOptions:
        """The same for the importers.

        Raises:
            OptionError: no importer knows a fact.
            InputError: the file of facts cannot be read.
        """
        return import_options(self.config, self.facts)


A = TypeVar("A", bound=ReadRequest)


@dataclass(frozen=True, eq=False, repr=False)
class Loaded(Shown):
    """What was read.

    Attributes:
        name: for messages.
        model: layers, encoder and head; None for a netlist.
        circuit: unoptimised.
        path: the file; None for an object.
        imported: how the file was read; None for an object.
    """

    name: str
    model: Model | None
    circuit: Circuit
    path: Path | None = None
    imported: Imported | None = None

    @property
    def digest(self) -> str:
        """Of the model that it is, or comes from; ``none`` where nothing is known."""
        return self.circuit.metadata.get("model_digest", "none")

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        netlist, encoder = self.circuit.netlist, self.circuit.encoder
        return {
            "name": self.name, "digest": self.digest, "gates": netlist.num_nodes, "depth": netlist.depth,
            "features": encoder.num_features, "bits": netlist.num_inputs, "classes": list(self.circuit.head.classes),
        }  # fmt: skip

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        netlist, features = self.circuit.netlist, self.circuit.encoder.num_features
        return [
            f"{self.name}: {netlist.num_nodes:,} gates in {netlist.depth} levels, {features:,} features in "
            f"{netlist.num_inputs:,} bits, {self.circuit.head.num_classes} classes"
        ]


def import_options(config: Path | None, facts: Mapping[str, Any] | None = None) -> ImportOptions:
    """What the user says about a file.

    Raises:
        OptionError: no importer knows a fact.
        InputError: the file of facts cannot be read.
    """
    from lgc.frontend import ImportOptions

    return ImportOptions.of(config, **(facts or {}))


def load_source(source: Source, options: ImportOptions | None = None) -> Loaded:
    """A file, or an object that is a model already.

    Args:
        source: a path, or ``DIR#N`` of a sweep; a :class:`lgc.Model`; a :class:`lgc.Circuit`; or a network of torch
            modules that `lgc train` would harden, see :func:`lgc.from_torch`.

    Raises:
        InputError: it is nothing of these.
        LgcError: the file cannot be read, or does not say enough.
    """
    from lgc.frontend import Model, lower
    from lgc.ir import Circuit

    if isinstance(source, str | Path):
        point = found_point(source)
        return _load_file(Path(source) if point is None else point[0], options)
    if isinstance(source, Loaded):
        return source
    if isinstance(source, Circuit):
        return Loaded(source.name, None, source)
    if not isinstance(source, Model) and _is_torch(source):
        from lgc.train.modules import network_of

        source = network_of(source).harden()
    if isinstance(source, Model):
        return Loaded(source.name, source, lower(source))
    raise InputError(
        f"a {type(source).__name__} is no network",
        hint="Give the path of a checkpoint or netlist, an lgc.Model, an lgc.Circuit or an lgc.LogicNetwork",
    )


def _is_torch(source: object) -> TypeGuard[nn.Module]:
    """Whether it is a module of torch, without importing torch: whoever made it has."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.nn.Module)


def _load_file(path: Path, options: ImportOptions | None) -> Loaded:
    from lgc.frontend import Model, lower
    from lgc.frontend.registry import read_file

    imported = read_file(path, options)
    result = imported.result
    if isinstance(result, Model):
        return Loaded(path.name, result, lower(result), path, imported)
    return Loaded(path.name, None, result, path, imported)


@bounded
def read(asked: ReadRequest) -> Loaded:
    """Read a checkpoint or netlist of any family that docs/formats.md lists.

    Raises:
        LgcError: it cannot be read, or does not say enough; the message names what does.
    """
    return load_source(asked.source, asked.import_options())


def fact_settings() -> dict[str, Described]:
    """The facts that have flags, as settings of the command line."""
    from lgc.frontend.facts import FACTS

    return {fact.name: _described(fact) for fact in FACTS.values() if fact.flag != "--config"}


def _described(fact: Fact) -> Described:
    first, rest = fact.meaning[0], fact.meaning[1:]
    text = (
        f"{first if ':' in rest else first.upper()}{rest}{'' if rest.endswith('.') else '.'}"  # tools keep their case
    )
    setting = Setting(text, fact.choices, flags=(fact.flag,), metavar=fact.metavar, group="What FILE does not say")
    return Described(fact.name, fact.kind, fact.kind, optional=True, several=False, default=None, setting=setting)


def with_facts(asked: A, facts: Mapping[str, Any]) -> A:
    """A request with facts as the command line gives them: names of classes are separated by commas."""
    given = dict(facts)
    classes = given.get("classes")
    if isinstance(classes, str) and not classes.isdecimal():
        given["classes"] = tuple(classes.split(","))
    return replace(asked, facts=given)
