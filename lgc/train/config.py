"""What a training run is told, and the checks on it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lgc.errors import OptionError


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
        tau: the class scores are divided by it before the softmax of the loss.
        thresholds: each gives one bit a feature; boolean features are taken as they are.
        shift: training images are moved by up to so many pixels, drawn anew for each sample and epoch.
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
    tau: float = 12.0
    seed: int = 0
    thresholds: tuple[float, ...] = (0.25,)
    shift: int = 0
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
        if self.shift < 0 or self.seed < 0:
            raise OptionError("shift and seed must not be negative")
        if not self.thresholds or not all(map(math.isfinite, self.thresholds)):
            raise OptionError(f"the thresholds are {self.thresholds}", hint="Give at least one, all finite")

    def hyperparameters(self) -> dict[str, Any]:
        """What decides the result, as JSON; no paths."""
        values = asdict(self)
        for field in ("dataset", "data_dir", "output", "log", "name"):
            del values[field]
        return values | {"thresholds": sorted(self.thresholds), "optimizer": "adam", "schedule": "cosine"}
