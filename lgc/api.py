"""The verbs as functions: what ``import lgc`` offers. Arguments become a request, and the driver does the rest.

The signatures are those of the requests' fields; ``api.pyi``, which `make docs` writes, tells them to type checkers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from inspect import Parameter, Signature, cleandoc, signature
from typing import Any

import lgc.driver.bench as bench_
import lgc.driver.compile as compile_
import lgc.driver.convert as convert_
import lgc.driver.cover as cover_
import lgc.driver.draw as draw_
import lgc.driver.estimate as estimate_
import lgc.driver.eval as eval_
import lgc.driver.inspect as inspect_
import lgc.driver.mutate as mutate_
import lgc.driver.prove as prove_
import lgc.driver.read as read_
import lgc.driver.report as report_
import lgc.driver.request as request_
import lgc.driver.runs as runs_
import lgc.driver.sweep as sweep_
import lgc.driver.synth as synth_
import lgc.driver.train as train_
import lgc.driver.verify as verify_
import lgc.driver.view as view_
from lgc.driver.compile_request import CompileRequest
from lgc.driver.sweep_request import SweepRequest
from lgc.driver.verify_request import CoverRequest, MutateRequest, ProveRequest, VerifyRequest
from lgc.errors import OptionError
from lgc.settings import described

PROGRESS = "progress"


@dataclass(frozen=True)
class Verb:
    """A verb of the driver, and how Python calls it.

    Attributes:
        request: what it takes.
        run: what does it.
        places: the fields that may be given by place.
        loose: a class whose fields may be given as well, and reach the request as ``settings``.
    """

    request: type
    run: Callable[..., Any]
    places: tuple[str, ...] = ()
    loose: type | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The fields that may be given, those by place first, with those of the loose class."""
        found = {one.name: one for one in fields(self.request)}
        if self.loose is not None:
            found.pop("settings")
            found |= {one.name: one for one in fields(self.loose) if one.name not in found}
        return {name: found[name] for name in self.places} | found

    @property
    def takes_progress(self) -> bool:
        """Whether it tells how far it is."""
        return PROGRESS in signature(self.run).parameters

    @property
    def _kinds(self) -> tuple[type, ...]:
        return (self.request,) if self.loose is None else (self.request, self.loose)

    def signature(self) -> Signature:
        """The function's."""
        hints = {name: one.hint for kind in self._kinds for name, one in described(kind).items()}
        found = []
        for one in self.options.values():
            kind = Parameter.POSITIONAL_OR_KEYWORD if one.name in self.places else Parameter.KEYWORD_ONLY
            needed = one.default is MISSING and one.default_factory is MISSING and one.name in hints
            default = Parameter.empty if needed else one.default
            default = None if default is MISSING else default
            found.append(Parameter(one.name, kind, default=default, annotation=hints.get(one.name, one.type)))
        if self.takes_progress:
            found.append(Parameter(PROGRESS, Parameter.KEYWORD_ONLY, default=None))
        return Signature(found)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Build the request and run it.

        Raises:
            OptionError: an unknown option, one given twice, or one too many by place.
        """
        progress = {PROGRESS: options.pop(PROGRESS, None)} if self.takes_progress else {}
        names = self.places
        if len(args) > len(names):
            raise OptionError(f"{len(args)} arguments by place", hint=f"They are {', '.join(names)}; others have names")
        by_place = dict(zip(names, args, strict=False))
        twice = next((name for name in by_place if name in options), None)
        if twice:
            raise OptionError(f"{twice} is given twice, by place and by name")
        return self.run(self._request(by_place | options), **progress)

    def _request(self, options: dict[str, Any]) -> Any:
        own = {one.name for one in fields(self.request)}
        if self.loose is not None:
            settings = {name: options.pop(name) for name in list(options) if name in self.options and name not in own}
            options["settings"] = {**options.get("settings", {}), **settings}
        return request_.request(self.request, options, self.options)


def _function(verb: Verb) -> Callable[..., Any]:
    """The verb as a function with its own signature and documentation."""

    def call(*args: Any, **options: Any) -> Any:
        return verb(*args, **options)

    said = {name: one for kind in verb._kinds for name, one in described(kind).items()}
    lines = [f"    {name}: {one.setting.help}" for name, one in said.items()]
    call.__name__ = call.__qualname__ = verb.run.__name__
    call.__doc__ = f"{cleandoc(verb.run.__doc__ or '')}\n\nArgs:\n" + "\n".join(lines)
    call.__signature__ = verb.signature()  # type: ignore[attr-defined]
    return call


_COMPARED = ("model", "file")

VERBS: dict[str, Verb] = {
    "read": Verb(read_.ReadRequest, read_.read, ("source",)),
    "inspect": Verb(inspect_.InspectRequest, inspect_.inspect, ("source",)),
    "convert": Verb(convert_.ConvertRequest, convert_.convert, ("source", "output")),
    "compile": Verb(CompileRequest, compile_.compile, ("model", "output")),
    "verify": Verb(VerifyRequest, verify_.verify, _COMPARED),
    "prove": Verb(ProveRequest, prove_.prove, _COMPARED),
    "mutate": Verb(MutateRequest, mutate_.mutate, _COMPARED),
    "cover": Verb(CoverRequest, cover_.cover, _COMPARED),
    "synth": Verb(synth_.SynthRequest, synth_.synth, ("rtl", "part")),
    "estimate": Verb(estimate_.EstimateRequest, estimate_.estimate, ("model",)),
    "eval": Verb(eval_.EvalRequest, eval_.eval, ("model", "data")),
    "report": Verb(report_.ReportRequest, report_.report, ("model", "output")),
    "view": Verb(view_.ViewRequest, view_.view, ("model",)),
    "draw": Verb(draw_.DrawRequest, draw_.draw, ("model", "output")),
    "train": Verb(train_.TrainRequest, train_.train, ("dataset",), train_.TrainConfig),
    "runs": Verb(runs_.RunsRequest, runs_.runs, ("files",)),
    "sweep": Verb(SweepRequest, sweep_.sweep, ("space", "output")),
}

read, inspect, convert = (_function(VERBS[name]) for name in ("read", "inspect", "convert"))
compile, synth, verify = (_function(VERBS[name]) for name in ("compile", "synth", "verify"))  # noqa: A001 - the verb
prove, mutate, cover = (_function(VERBS[name]) for name in ("prove", "mutate", "cover"))
estimate, eval, train = (_function(VERBS[name]) for name in ("estimate", "eval", "train"))  # noqa: A001 - the verb
report, view, draw = (_function(VERBS[name]) for name in ("report", "view", "draw"))
sweep, runs = (_function(VERBS[name]) for name in ("sweep", "runs"))


def bench(name: str, **options: Any) -> Any:
    """Measure, as `lgc bench NAME` does; iterating the result gives the lines of its tables.

    Raises:
        OptionError: there is no such benchmark, or it has no such option.
        LgcError: what is measured needs something that is missing.
    """
    request = bench_.BENCHMARKS.get(name)
    if request is None:
        raise OptionError(f"there is no benchmark '{name}'", hint=f"There are {', '.join(bench_.BENCHMARKS)}")
    return Verb(request, bench_.bench)(**options)


def load(source: Any, options: Any = None, *, engine: Any = "auto", threads: int | None = None, **facts: Any) -> Any:
    """A network ready to classify arrays: ``lgc.load("model.pt").predict(X)``.

    Args:
        source: a path, a :class:`lgc.Model`, a :class:`lgc.Circuit`, or a network of torch modules.
        options: what another tool's file does not say, an :class:`lgc.ImportOptions`; or give ``facts`` by name.
        engine, threads: as for :class:`lgc.Predictor`.

    Raises:
        LgcError: the source is unusable, or no compiler works though ``engine`` is ``c``.
    """
    from lgc.runtime import Predictor

    if facts:
        options = read_.import_options(None, facts)
    found = read_.load_source(source, options)
    return Predictor(found.circuit, model=found.model, engine=engine, threads=threads)


def from_torch(module: Any, *, name: str = "model", classes: Any = None) -> Any:
    """The discrete model of a network of lgc's torch modules: each choice is its first maximum.

    Args:
        module: a :class:`lgc.LogicNetwork`, or an ``nn.Sequential`` of :class:`lgc.Thermometer` (which may be left
            out), logic layers and :class:`lgc.GroupSum`.
        name: of the model.
        classes: names of the classes; by default their numbers.

    Raises:
        InputError: it is something else, or its parts do not fit together.
    """
    from lgc.train.modules import network_of

    return network_of(module).harden(name=name, classes=classes)
