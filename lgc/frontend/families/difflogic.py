"""difflogic: state dicts (gates only; the wiring is replayed and must pass a check) and pickled modules."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError, OptionError
from lgc.frontend.assemble import FIRST_BIT, Tables, gate_tables, hard_argmax, make_head, make_inputs, take
from lgc.frontend.chain import check_chain
from lgc.frontend.containers.content import Content
from lgc.frontend.facts import ImportOptions, MissingFactError
from lgc.frontend.families.checks import Check, load_check
from lgc.frontend.families.netlist_check import Sizes
from lgc.frontend.families.replay import Recipe, replay
from lgc.frontend.importer import Importer, ImportJob
from lgc.frontend.model import Model

Array = NDArray[Any]

DATASETS: dict[str, dict[str, Any]] = {
    "mnist": {"features": 784, "thresholds": [0.5], "preamble": 60000, "classes": 10},
    "mnist20x20": {"features": 400, "thresholds": [0.5], "preamble": 60000, "classes": 10},
    "cifar-10-3-thresholds": {
        "features": 3072, "thresholds": [(t + 1) / 4 for t in range(3)], "bit_order": "threshold-major",
        "preamble": 50000, "classes": 10,
    },
    "cifar-10-31-thresholds": {
        "features": 3072, "thresholds": [(t + 1) / 32 for t in range(31)], "bit_order": "threshold-major",
        "preamble": 50000, "classes": 10,
    },
}  # fmt: skip
"""The data sets of difflogic's experiments: encoding (rounding is `x > 0.5`) and what was drawn before the model."""


def _matches(content: Content) -> bool:
    names = content.prefixes("weights")
    others = ("indices", "conn_a", "conn_b", "gate_sequence", "connections.indices")
    return (
        bool(names)
        and all(content.state[f"{n}weights"].ndim == 2 and content.state[f"{n}weights"].shape[1] == 16 for n in names)
        and not any(f"{name}{other}" in content.state for name in names for other in others)
        and not any("logic_layers." in name for name in names)
    )


def _read(job: ImportJob) -> Model:
    dataset = job.facts.get("dataset")
    if dataset is not None:
        if dataset not in DATASETS:
            raise OptionError(f"--dataset is '{str(dataset)[:40]}'", hint=f"It is one of: {', '.join(DATASETS)}")
        job.facts = job.facts.with_defaults(DATASETS[dataset])
    prefixes = check_chain(job.content, job.content.prefixes("weights"), "weights")
    tables = [gate_tables(hard_argmax(job.tensor(f"{p}weights", 2), 1, f"{p}weights"), p) for p in prefixes]
    if job.content.modules:
        return _from_modules(job, prefixes, tables)
    job.doubtful.append("the wiring is not in the file: it is replayed from the seed and must pass --check")
    return _replayed(job, tables)


def _from_modules(job: ImportJob, prefixes: list[str], tables: list[Tables]) -> Model:
    """A pickled module holds what a state dict loses: the wiring, the input's width, k and tau."""
    modules = job.content.modules
    wires = []
    for prefix, table in zip(prefixes, tables, strict=True):
        pair = modules[prefix.removesuffix(".")].attributes.get("indices")
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(side, np.ndarray) for side in pair):
            raise CheckpointError(f"{prefix} has no wiring", hint="It is no LogicLayer of difflogic")
        if any(side.shape != table.shape for side in pair):
            raise CheckpointError(f"{prefix}: its wiring has shape {pair[0].shape}, expected {table.shape}")
        wires.append(np.stack(pair, axis=1))
    width = modules[prefixes[0].removesuffix(".")].attributes.get("in_dim")
    head = next((m.attributes for m in modules.values() if m.kind == "GroupSum"), {})
    job.certain.append("a pickled module: wiring, k and tau are in the file")
    return _assemble(job, wires, tables, width if isinstance(width, int) else None, head)


def _assemble(
    job: ImportJob, wires: list[Array], tables: list[Tables], width: int | None, head: dict[str, Any] | None = None
) -> Model:
    assembler, bits = make_inputs(job.facts, width)
    for index, (pair, table) in enumerate(zip(wires, tables, strict=True)):
        name = f"layer{index + 1}"
        bits = assembler.layer(take(bits, pair, name), table, name)
    head = head or {}
    k, tau = head.get("k"), head.get("tau")
    found = make_head(
        job.facts,
        len(bits),
        classes=k if type(k) is int else None,
        tau=float(tau) if isinstance(tau, int | float) else None,
    )
    return assembler.finish(bits, found, job.content.path.stem, "difflogic", form="trained")


def _replayed(job: ImportJob, tables: list[Tables]) -> Model:
    seed = job.facts.integer("seed", 0, 2**63)
    if seed is None:
        raise MissingFactError("seed", "a difflogic state dict does not hold the wiring")
    job.facts.need("check", "a replayed wiring is never used unchecked")
    head = make_head(job.facts, len(tables[-1]))
    _, bits = make_inputs(job.facts, None)
    check = load_check(job, Sizes(len(bits), len(tables[-1]), head.num_classes, len(tables[-1]) // head.num_classes))
    recipes = _recipes(job.facts, seed)
    results = [(recipe, *_try(job, recipe, tables, check)) for recipe in recipes]
    passed = [(recipe, model, verdict) for recipe, model, verdict in results if model is not None]
    if not passed:
        tried = "; ".join(f"{recipe}: {verdict}" for recipe, _, verdict in results[:6])
        raise CheckpointError(
            f"no replayed wiring passes the check ({tried})",
            hint="Check --seed, --preamble, --built-on, --connections, --features and the encoding",
        )
    if len(passed) > 1:
        raise CheckpointError(
            f"{len(passed)} ways to draw the wiring pass the check, {passed[0][0]} and {passed[1][0]} among them",
            hint="Say more by --preamble, --built-on and --connections, or give more data to --check",
        )
    recipe, model, verdict = passed[0]
    job.certain.append(f"wiring replayed with {recipe}: {verdict}")
    return model


def _recipes(facts: ImportOptions, seed: int) -> list[Recipe]:
    """Every recipe that the user does not exclude; the check decides between them."""
    preamble = facts.integer("preamble", 0, 1 << 30)
    if preamble is None:
        raise MissingFactError("preamble", "the draws before the model's are not in the file")
    built_on = facts.choice("built_on", ("cpu", "cuda"))
    connections = facts.choice("connections", ("random", "unique"))
    places = (built_on,) if built_on else ("cuda", "cpu")
    kinds = (connections,) if connections else ("unique", "random")
    return [Recipe(seed, preamble, place, kind) for place, kind in product(places, kinds)]


def _try(job: ImportJob, recipe: Recipe, tables: list[Tables], check: Check) -> tuple[Model | None, str]:
    """The model if it passes, and the verdict."""
    _, bits = make_inputs(job.facts, None)
    try:
        wires = replay(recipe, len(bits), [len(table) for table in tables])
    except CheckpointError as error:
        return None, error.message
    model = _assemble(job, wires, tables, len(bits))
    passed, verdict = check.judge(model, bits - FIRST_BIT)
    return (model if passed else None), verdict


IMPORTER = Importer(
    "difflogic", "difflogic (Felix-Petersen/difflogic)", _matches, _read,
    ("classes", "features", "seed", "dataset", "preamble", "built_on", "connections", "check", "thresholds", "tau"),
    (),
)  # fmt: skip
