"""Settings that nobody gave, from the data: what is chosen, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import OptionError
from lgc.train.config import GATES_A_TABLE, TrainConfig
from lgc.train.data import Dataset
from lgc.train.net import pixels_alike

_IMAGES: dict[str, Any] = {
    "thresholds": (0.25,), "gates": 8000, "layers": 1, "batch": 256, "epochs": 20, "wiring": ("dense", "fixed"),
}  # fmt: skip
"""What the sets of images were tuned with."""
_IMAGE_TABLES: dict[str, Any] = {"gates": _IMAGES["gates"] // GATES_A_TABLE, "wiring": ("topk:32",), "redraw": 24}
_HALF = "uniform:1"
"""Half of a byte's range is its highest bit: what compares with it is a wire."""

_THRESHOLDS, _OF_PIXELS = 15, 4  # for each number, and for each pixel
_SHADES = 32  # of grey, from which on what matters may be a small part of the pixels
_INPUTS = 4096  # bits that thresholds make, unless each feature has but one
_DENSE = 128  # inputs up to which every wire chooses among all
_TOPK, _REDRAWS = 32, 8
_A_PAIR, _EACH, _MOST_GATES = 20, (80, 1000), 8000  # gates a class: for each pair of classes so many
_GATES_A_VOTE = 2  # a table does more than so many gates, but few votes are coarse
_TWO_LAYERS = 2000  # gates in all from which they stand in two
_LEAST_STEPS = 20  # an epoch
_BATCHES = (8, 256)
_STEPS = 2000  # in all, if that makes sensible epochs
_EPOCHS = (30, 100)

_FEW_STEPS = 10
_FEW_VALIDATION = 200
_RATIO = 10.0  # of the sizes of classes


@dataclass
class Settled:
    """A configuration with nothing left open.

    Attributes:
        chosen: what was chosen and why, as sentences.
        warnings: what people should know of their data, as sentences.
    """

    config: TrainConfig
    chosen: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Choice:
    """A value that was open, the flag that would have given it, and why it is this one."""

    setting: str
    value: Any
    flag: str
    reason: str


def settled(config: TrainConfig, data: Dataset, labels: NDArray[np.int64], held_out: int) -> Settled:
    """The configuration with its open settings chosen.

    Args:
        labels: of the samples to train on.
        held_out: samples for validation.

    Raises:
        OptionError: the number of gates that was given does not divide into the classes.
    """
    _check_gates(config, len(data.classes))
    if data.is_images:
        values = _of_images(config)
        config = replace(config, **{name: value for name, value in values.items() if _is_open(config, name)})
        return Settled(config, list(_for_part(config)))
    chosen = []
    makes = (_thresholds, _wiring, _batch, _epochs) if config.net else (_thresholds, _gates, _wiring, _batch, _epochs)
    for make in makes:  # later ones look at earlier ones
        for choice in make(config, data, labels):
            if _is_open(config, choice.setting):
                chosen.append(choice)
        config = replace(config, **{one.setting: one.value for one in chosen})
    lines = [*_for_part(config), *(f"{one.flag}: {one.reason}" for one in chosen if one.reason)]
    return Settled(config, lines, list(_warnings(config, data, labels, held_out)))


def _of_images(config: TrainConfig) -> dict[str, Any]:
    """What a set of images gets where nothing is given."""
    if config.net:
        settled = {name: _IMAGES[name] for name in ("thresholds", "batch", "epochs")}
        tables = {name: _IMAGE_TABLES[name] for name in ("wiring", "redraw") if not config.wiring}
        return settled | tables | ({"thresholds": _HALF} if config.for_part is not None else {})
    if config.for_part is None:
        return _IMAGES
    values = _IMAGES | {"thresholds": _HALF}
    if config.parametrisation == "gates":
        return values
    tables = _IMAGE_TABLES if not config.wiring else {"gates": _IMAGE_TABLES["gates"]}
    return values | tables


def _for_part(config: TrainConfig) -> Iterator[str]:
    """What was chosen for a part, if one is named, as a sentence."""
    if config.for_part is None:
        return
    thresholds = config.thresholds
    said = [thresholds] if isinstance(thresholds, str) else map(str, thresholds)
    nodes = f"--parametrisation {config.parametrisation} --arity {config.arity}"
    yield f"--for {config.for_part}: {nodes} {' '.join(f'--threshold {one}' for one in said)}"


def _is_open(config: TrainConfig, setting: str) -> bool:
    return getattr(config, setting) in ("auto", 0, ())


def _check_gates(config: TrainConfig, classes: int) -> None:
    rest = config.gates % classes
    if rest:
        near = config.gates - rest if 2 * rest < classes and config.gates > rest else config.gates - rest + classes
        raise OptionError(
            f"{config.gates} gates do not divide into {classes} classes", hint=f"The nearest number that does is {near}"
        )


Choices = Iterator[_Choice]


def _thresholds(config: TrainConfig, data: Dataset, _labels: NDArray[np.int64]) -> Choices:
    features = data.num_features
    if data.train.dtype == np.bool_:
        yield _Choice("thresholds", (0.5,), "", "")
        return
    kinds = [column.kind for column in data.inputs.columns] if data.inputs is not None else ["number"]
    if not {"number", "pixel"} & set(kinds):
        yield _Choice("thresholds", (0.5,), "--threshold 0.5", "all features are bits")
        return
    many, what = (_OF_PIXELS, "pixels") if "number" not in kinds else (_THRESHOLDS, "features")
    together = pixels_alike(config.net, data.feature_shape)
    steps = max(1, min(many, _INPUTS // (features // together)))
    whose = "its values" if together == 1 else "the values of its channel"
    names = "distributive", "rounded"
    if what == "pixels" and steps > 1 and np.ptp(data.train) >= _SHADES:
        names, whose = ("mixed", "rounded-mixed"), f"{whose}, and over their range,"
    kind = names[config.for_part is not None]
    reason = f"{steps} bits for each of {features} {what}, between {whose} in training"
    yield _Choice("thresholds", f"{kind}:{steps}", f"--threshold {kind}:{steps}", reason)


def _wiring(config: TrainConfig, data: Dataset, _labels: NDArray[np.int64]) -> Choices:
    bits = data.num_features * bits_of(config.thresholds)
    if config.wiring or (bits <= _DENSE and not config.comparators):
        yield _Choice("wiring", ("dense", "fixed"), "", "")
        return
    few = min(_TOPK, bits, config.comparators or bits)
    reason = f"{bits:,} bits are many" if bits > _DENSE else "redrawing gives up comparators"
    flags = f"--wiring topk:{few} --redraw {config.redraw or _REDRAWS}"
    yield _Choice("wiring", (f"topk:{few}", "fixed"), flags, f"{reason}, so a wire chooses among {few} at a time")
    yield _Choice("redraw", _REDRAWS, "", "")


def bits_of(thresholds: tuple[float, ...] | str) -> int:
    """The bits that thresholds make of a feature."""
    return int(thresholds.split(":")[-1]) if isinstance(thresholds, str) else len(thresholds)


def _gates(config: TrainConfig, data: Dataset, _labels: NDArray[np.int64]) -> Choices:
    classes = len(data.classes)
    each = min(max(_EACH[0], _A_PAIR * classes**2), _EACH[1], _MOST_GATES // classes)
    tables = config.for_part is not None and config.parametrisation == "tables"
    each = each // _GATES_A_VOTE if tables else each
    if not tables and not config.layers and not config.gates and each * classes >= _TWO_LAYERS:
        each //= 2
        reason = f"two layers learn more from as many gates, {each} in each for each of {classes} classes"
        yield _Choice("layers", 2, f"--layers 2 --gates {each * classes}", reason)
        yield _Choice("gates", each * classes, "", "")
        return
    yield _Choice("layers", 1, "", "")
    yield _Choice("gates", each * classes, f"--gates {each * classes}", f"{each} for each of {classes} classes")


def _batch(_config: TrainConfig, _data: Dataset, labels: NDArray[np.int64]) -> Choices:
    least, most = _BATCHES
    batch = 1 << max(0, int(math.log2(max(1, len(labels) / _LEAST_STEPS))))
    batch = min(most, max(least, batch))
    steps = math.ceil(len(labels) / batch)
    yield _Choice("batch", batch, f"--batch {batch}", f"{steps} steps an epoch of {len(labels):,} samples")


def _epochs(config: TrainConfig, _data: Dataset, labels: NDArray[np.int64]) -> Choices:
    steps = math.ceil(len(labels) / config.batch)
    epochs = min(_EPOCHS[1], max(_EPOCHS[0], math.ceil(_STEPS / steps)))
    yield _Choice("epochs", epochs, f"--epochs {epochs}", f"{epochs * steps:,} steps in all")


def _warnings(config: TrainConfig, data: Dataset, labels: NDArray[np.int64], held_out: int) -> Iterator[str]:
    """What people should know of their data."""
    yield from _constant(data)
    steps = math.ceil(len(labels) / config.batch)
    if steps < _FEW_STEPS:
        yield f"An epoch has {steps} steps of {config.batch} samples. A smaller --batch learns more from as much."
    if held_out < _FEW_VALIDATION and not config.folds:
        yield (
            f"{held_out} validation samples choose the epoch: their accuracy is good to "
            f"{50 / math.sqrt(max(1, held_out)):.0f} points. --folds 5 measures with all samples."
        )
    counts = np.bincount(labels, minlength=len(data.classes))
    if counts.max() > _RATIO * max(1, counts.min()) and config.class_weight == "none":
        yield (
            f"The classes are uneven: {counts.max():,} samples of '{data.classes[int(counts.argmax())]}', "
            f"{counts.min():,} of '{data.classes[int(counts.argmin())]}'. --class-weight balanced counts them alike."
        )


def _constant(data: Dataset) -> Iterator[str]:
    """Which columns are the same in all samples: nothing is learned from them."""
    same = np.flatnonzero((data.train == data.train[:1]).all(axis=0))
    if not len(same) or data.inputs is None or data.inputs.pixels is not None:
        return
    names = [data.inputs.feature_names[index] for index in same.tolist()[:3]]
    text = ", ".join(f"'{name[:40]}'" for name in names) + (", ..." if len(same) > len(names) else "")
    yield f"{len(same)} of {data.num_features} features are the same in all training samples: {text}."
