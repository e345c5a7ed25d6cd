"""What a checkpoint says of its network beside the tensors: the settings of the run that wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lgc.bounds import INPUTS, scaled

_PLACES = (
    "model_config", "config", "cfg", "args", "hparams", "hyper_parameters", "hyperparameters", "params", "settings",
    "model_args", "model_kwargs", "kwargs", "meta", "metadata", "training_config",
)  # fmt: skip
_INNER = ("model", "network", "net", "architecture", "arch", "dataset", "data")

# `in_dim` is how many bits the first layer reads, which are not the features if an encoder stands before it.
_SPELLINGS = {
    "in_dim": ("in_dim", "input_dim", "input_size", "in_features", "num_inputs", "n_inputs", "input_width"),
    "features": ("features", "num_features", "n_features"),
    "classes": (
        "classes", "class_names", "num_classes", "n_classes", "class_count", "output_size", "NUMBER_OF_CATEGORIES",
    ),
    "tau": ("tau",),
}  # fmt: skip


def stated_facts(entries: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The facts that stand in the settings beside a state dict, and a note on each that is stated in two ways.

    Args:
        entries: what surrounds the state dict, as plain values.
    """
    found: dict[str, list[Any]] = {}
    for place in _settings(entries):
        for fact, spellings in _SPELLINGS.items():
            values = [place[name] for name in spellings if _usable(fact, place.get(name))]
            found.setdefault(fact, []).extend(values)
    facts: dict[str, Any] = {}
    doubts: list[str] = []
    for fact, values in found.items():
        values = _without_counts(values)
        if values and all(value == values[0] for value in values):
            facts[fact] = values[0]
        elif values:
            doubts.append(f"the file states {fact} as {' and as '.join(str(value)[:40] for value in values[:3])}")
    return facts, doubts


def _settings(entries: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield entries
    for name in _PLACES:
        place = entries.get(name)
        if isinstance(place, Mapping):
            yield place
            yield from (inner for inner in (place.get(key) for key in _INNER) if isinstance(inner, Mapping))


def _usable(fact: str, value: object) -> bool:
    if fact == "tau":
        return type(value) in (int, float) and 0 < float(str(value)) < float("inf")
    if fact == "classes" and isinstance(value, list):
        return bool(value) and all(isinstance(name, str) for name in value)
    return type(value) is int and 1 <= value <= scaled(INPUTS)


def _without_counts(values: list[Any]) -> list[Any]:
    """Names of classes say their number too; where both stand, the names are kept if they agree."""
    names = [value for value in values if isinstance(value, list)]
    return [value for value in values if not (names and value == len(names[0]))]
