"""lgc/api.pyi: the signatures of `import lgc` for type checkers and editors, from the fields of the requests."""

from __future__ import annotations

import re
import textwrap
from dataclasses import MISSING
from inspect import Parameter, getdoc

from lgc import api
from lgc.api import PROGRESS, VERBS, Verb

HEAD = '''"""Signatures of lgc's verbs. Generated from the requests by `make docs`; do not edit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lgc.driver.bench import Measured
from lgc.driver.compile import Compiled
from lgc.driver.compile_request import Level
from lgc.driver.convert import Converted
from lgc.driver.cover import CoverageScore
from lgc.driver.draw import Drawing, LayoutName
from lgc.driver.estimate import Estimated
from lgc.driver.eval import Evaluation
from lgc.driver.inspect import Inspection
from lgc.driver.mutate import MutationScore
from lgc.driver.prove import Proof
from lgc.driver.read import Loaded
from lgc.driver.report import Form, NetworkReport
from lgc.driver.request import Source
from lgc.driver.runs import RunsCompared
from lgc.driver.samples import Part
from lgc.driver.sweep_request import Sampler
from lgc.driver.swept import SweepResult
from lgc.driver.synth import Rtl, Synthesis
from lgc.driver.train import Trained
from lgc.driver.verify import Verdict
from lgc.driver.workers_request import Cluster
from lgc.driver.verify_request import Device
from lgc.driver.view import Page
from lgc.frontend import ImportOptions, Model
from lgc.mapping.names import ArgmaxName, HeadName, Results
from lgc.parts.names import FabricName, InterfaceName
from lgc.progress import Progress
from lgc.runtime import Predictor
from lgc.runtime.predictor import Engine
from lgc.sim import SimulatorName

PROGRESS: str

@dataclass(frozen=True)
class Verb:
    request: type
    run: Any
    places: tuple[str, ...]
    loose: type | None = None
    def __call__(self, *args: Any, **options: Any) -> Any: ...

VERBS: dict[str, Verb]

def bench(name: str, **options: Any) -> Measured: ...
def load(
    source: Source,
    options: ImportOptions | None = None,
    *,
    engine: Engine = "auto",
    threads: int | None = None,
    **facts: Any,
) -> Predictor: ...
def from_torch(module: nn.Module, *, name: str = "model", classes: Sequence[str] | None = None) -> Model: ...
'''


def api_stub() -> str:
    """The text of the file."""
    return HEAD + "".join(_function(name, verb) for name, verb in VERBS.items())


def _function(name: str, verb: Verb) -> str:
    parameters = []
    for index, place in enumerate(verb.signature().parameters.values()):
        if index == len(verb.places):
            parameters.append("*")
        text = "Progress | None" if place.name == PROGRESS else _hint(str(verb.options[place.name].type))
        parameters.append(f"{place.name}: {text}{_default(verb, place)}")
    listed = "".join(f"    {one},\n" for one in parameters)
    documentation = textwrap.indent(f'"""{getdoc(getattr(api, name))}\n"""', "    ")
    return f"def {name}(\n{listed}) -> {verb.run.__annotations__['return']}:\n{documentation}\n"


def _hint(text: str) -> str:
    """``Annotated[X, ...]`` as X; a text will do for a path."""
    if not text.startswith("Annotated["):
        return text
    depth, inner = 0, text.removeprefix("Annotated[")
    for index, letter in enumerate(inner):
        depth += (letter in "[(") - (letter in "])")
        if letter == "," and not depth:
            return re.sub(r"\bPath\b", "Path | str", inner[:index])
    raise AssertionError(text)


def _default(verb: Verb, place: Parameter) -> str:
    one = verb.options.get(place.name)
    if one is None:
        return " = None"
    if one.default is MISSING:
        return "" if one.default_factory is MISSING and place.default is Parameter.empty else " = ..."
    return f" = {one.default!r}" if isinstance(one.default, str | int | float | bool | tuple | None) else " = ..."
