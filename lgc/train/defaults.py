"""Settings that nobody gave, from the data: what is chosen, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.train.config import TrainConfig
from lgc.train.data import Dataset

_IMAGES: dict[str, Any] = {
    "thresholds": (0.25,), "gates": 8000, "batch": 256, "epochs": 20, "wiring": ("dense", "fixed"),
}  # fmt: skip
"""What the sets of images were tuned with."""

_INPUTS = 2048  # bits that tables get at most, so long as each feature gets three
_MANY = 4096  # inputs from which dense wires cost more than they gain
_LEAST_STEPS = 20  # an epoch
_STEPS = 4000  # in all
_EPOCHS = (20, 200)
_GATES_A_CLASS = 400
_MOST_GATES = 8000
_FEW_VALIDATION = 200
_RARE = 0.02
_RATIO = 10.0


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


def settled(config: TrainConfig, data: Dataset, labels: NDArray[np.int64], held_out: int) -> Settled:
    """The configuration with its open settings chosen.

    Args:
        labels: of the samples to train on.
        held_out: samples for validation.
    """
    is_set_of_images = data.scale == 255
    wanted = _IMAGES if is_set_of_images else _for_table(config, data, len(labels))
    wanted["gates"] = _divided(config.gates or wanted["gates"], len(data.classes), given=bool(config.gates))
    open_ones = {
        "thresholds": config.thresholds == "auto", "gates": not config.gates, "batch": not config.batch,
        "epochs": not config.epochs, "wiring": not config.wiring,
    }  # fmt: skip
    values = {name: wanted[name] for name, is_open in open_ones.items() if is_open}
    result = Settled(replace(config, **values))
    if not is_set_of_images:
        result.chosen = _reasons(result.config, values, data, len(labels))
        result.warnings = _warnings(result.config, data, labels, held_out)
    return result


def _divided(gates: int, classes: int, *, given: bool) -> int:
    return gates if given else math.ceil(gates / classes) * classes


def _for_table(config: TrainConfig, data: Dataset, samples: int) -> dict[str, Any]:
    features = data.num_features
    steps = max(3, min(31, _INPUTS // features))
    thresholds: tuple[float, ...] | str = f"distributive:{steps}"
    inputs = features * steps
    if data.train.dtype == np.bool_:
        inputs = features
    batch = config.batch or 1 << max(3, min(8, int(math.log2(max(1, samples / _LEAST_STEPS)))))
    epochs = min(_EPOCHS[1], max(_EPOCHS[0], math.ceil(_STEPS / max(1, math.ceil(samples / batch)))))
    gates = min(_MOST_GATES, _GATES_A_CLASS * len(data.classes))
    first = "topk:64" if inputs > _MANY else "dense"
    return {
        "thresholds": thresholds, "gates": gates, "batch": batch, "epochs": epochs, "wiring": (first, "fixed"),
    }  # fmt: skip


def _reasons(config: TrainConfig, values: dict[str, Any], data: Dataset, samples: int) -> list[str]:
    found = []
    if "thresholds" in values and data.train.dtype != np.bool_:
        found.append(f"--threshold {config.thresholds}: {data.num_features} features that are no images")
    if "gates" in values:
        found.append(
            f"--gates {config.gates}: {config.gates // len(data.classes)} for each of {len(data.classes)} classes"
        )
    if "batch" in values:
        found.append(
            f"--batch {config.batch}: {math.ceil(samples / config.batch)} steps an epoch of {samples:,} samples"
        )
    if "epochs" in values:
        steps = config.epochs * math.ceil(samples / config.batch)
        found.append(f"--epochs {config.epochs}: {steps:,} steps in all")
    if values.get("wiring", ("dense",))[0] != "dense":
        found.append(f"--wiring {config.wiring[0]}: there are many inputs")
    return found


def _warnings(config: TrainConfig, data: Dataset, labels: NDArray[np.int64], held_out: int) -> list[str]:
    found = []
    steps = math.ceil(len(labels) / config.batch)
    if steps < _LEAST_STEPS // 2:
        found.append(
            f"An epoch has {steps} steps of {config.batch} samples. A smaller --batch learns more from as much."
        )
    if held_out < _FEW_VALIDATION:
        found.append(
            f"{held_out} validation samples choose the epoch: their accuracy is good to "
            f"{50 / math.sqrt(max(1, held_out)):.0f} points. --folds 5 measures with all samples."
        )
    counts = np.bincount(labels, minlength=len(data.classes))
    if counts.max() > _RATIO * max(1, counts.min()):
        found.append(
            f"The classes are uneven: {counts.max():,} samples of '{data.classes[int(counts.argmax())]}', "
            f"{counts.min():,} of '{data.classes[int(counts.argmin())]}'. --class-weight balanced counts them alike."
        )
    return found
