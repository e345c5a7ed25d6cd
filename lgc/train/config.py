"""What a training run is told, and the checks on it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lgc.errors import OptionError

CHOICES = {"augment": ("none", "shift", "affine-elastic", "crop-flip"), "schedule": ("cosine", "constant")}


@dataclass(frozen=True)
class TrainConfig:
    """One run. The same configuration on the same machine gives the same model, bit for bit.

    Attributes:
        dataset: a name or `.npz` file that :func:`lgc.train.data.load` knows.
        data_dir: where the files of a named set are.
        output: the checkpoint, written whenever the validation accuracy improves; None writes none.
        log: a JSON-lines file; None writes none.
        name: the model's name; by default the data set's.
        gates: two-input gates a layer.
        layers: the first has learned wiring over all inputs, any further one is wired at random.
        lr: Adam's learning rate; it falls to 0 as a cosine, or stays, by ``schedule``.
        tau: the class scores are divided by it before the softmax of the loss.
        thresholds: each gives one bit a feature; boolean features are taken as they are.
        augment: how training images are changed, anew in every epoch: ``affine-elastic``, ``crop-flip``, ``shift`` or
            ``none``. The strengths below belong to it.
        rotate, shear: largest angles of affine-elastic, in degrees.
        scale: its largest relative change of size.
        shift: largest move of affine-elastic and shift, in pixels; whole for shift.
        elastic_alpha, elastic_sigma: strength and smoothness of the displacement, scaled as in torchvision.
        pad: largest move of crop-flip, in pixels.
        rarest: inputs that are 1 (or 0) in a smaller part of the training samples are not offered to the wires.
        validation: the part of the training samples that selects the best epoch and is not trained on.
    """

    dataset: str
    data_dir: Path | None = None
    output: Path | None = None
    log: Path | None = None
    name: str | None = None
    gates: int = 8000
    layers: int = 1
    epochs: int = 20
    batch: int = 256
    lr: float = 0.075
    schedule: str = "cosine"
    tau: float = 12.0
    seed: int = 0
    thresholds: tuple[float, ...] = (0.25,)
    augment: str = "none"
    rotate: float = 10.0
    shear: float = 10.0
    scale: float = 0.1
    shift: float = 1.0
    elastic_alpha: float = 64.0
    elastic_sigma: float = 6.0
    pad: int = 4
    rarest: float = 0.001
    validation: float = 0.1

    def __post_init__(self) -> None:
        for field in ("gates", "layers", "epochs", "batch"):
            if getattr(self, field) < 1:
                raise OptionError(f"{field} is {getattr(self, field)}", hint="It must be at least 1")
        for field in ("lr", "tau"):
            if not (getattr(self, field) > 0 and math.isfinite(getattr(self, field))):
                raise OptionError(f"{field} is {getattr(self, field)}", hint="It must be a positive number")
        if not 0 < self.validation < 1:
            raise OptionError(f"validation is {self.validation}", hint="It is a part between 0 and 1")
        if not 0 <= self.rarest <= 0.5:
            raise OptionError(f"rarest is {self.rarest}", hint="It is a part between 0 and 0.5")
        if self.seed < 0:
            raise OptionError(f"seed is {self.seed}", hint="It must not be negative")
        self._check_choices()
        self._check_augmentation()
        if not self.thresholds or not all(map(math.isfinite, self.thresholds)):
            raise OptionError(f"the thresholds are {self.thresholds}", hint="Give at least one, all finite")

    def _check_choices(self) -> None:
        for field, choices in CHOICES.items():
            if getattr(self, field) not in choices:
                raise OptionError(f"{field} is '{getattr(self, field)}'", hint=f"Give {', '.join(choices)}")

    def _check_augmentation(self) -> None:
        limits = {"rotate": 180, "shear": 60, "scale": 0.9, "shift": 1e4, "elastic_alpha": 1e4, "pad": 1e4}
        for field, limit in limits.items():
            if not 0 <= getattr(self, field) <= limit:
                raise OptionError(f"{field} is {getattr(self, field)}", hint=f"It is between 0 and {limit:g}")
        if not 0 < self.elastic_sigma <= 100:
            raise OptionError(f"elastic_sigma is {self.elastic_sigma}", hint="It is above 0, at most 100")
        if self.augment == "shift" and self.shift != round(self.shift):
            raise OptionError(f"shift is {self.shift}", hint="--augment shift moves by whole pixels")

    def learning_rate(self, progress: float) -> float:
        """After that part, 0 to 1, of all steps."""
        return self.lr if self.schedule == "constant" else self.lr * 0.5 * (1 + math.cos(math.pi * progress))

    def hyperparameters(self) -> dict[str, Any]:
        """What decides the result, as JSON; no paths."""
        values = asdict(self)
        for field in ("dataset", "data_dir", "output", "log", "name"):
            del values[field]
        return values | {"thresholds": sorted(self.thresholds), "optimizer": "adam"}
