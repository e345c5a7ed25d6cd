"""The state of a run on disk: enough to go on to the same numbers, bit for bit.

It is written whole or not at all, into a file of its own beside the checkpoint. What is drawn at random depends on the
seed and the epoch alone, so that there is no state of generators to keep.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lgc.errors import CheckpointError, InputError, OptionError, OutputError
from lgc.files import replacing
from lgc.frontend.checkpoint import RawCheckpoint, hardened_content, to_model
from lgc.frontend.model import Model
from lgc.train.step import Step

_FORMAT = 1


@dataclass
class TrainingPosition:
    """How far a run is.

    Attributes:
        epoch: the one that is under way, from 1.
        step: updates done in it.
        loss_sum, correct: over the samples seen in it.
        seconds: that training took so far.
        entries: of the log.
    """

    epoch: int = 1
    step: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    seconds: float = 0.0
    entries: list[dict[str, Any]] = field(default_factory=list)

    def next_epoch(self) -> None:
        """At the first step of the next epoch."""
        self.epoch, self.step, self.loss_sum, self.correct = self.epoch + 1, 0, 0.0, 0


@dataclass
class State:
    """All of a run that changes.

    Attributes:
        identity: the settings and the data; a run goes on only with the same.
        network, step: states of the modules and of the optimiser.
        best: the hardened model of the best epoch so far.
    """

    identity: dict[str, Any]
    progress: TrainingPosition
    network: dict[str, Any]
    step: dict[str, Any]
    best: Model | None


def state_path(output: Path) -> Path:
    """Where the state of the run that makes ``output`` is."""
    return output.with_name(f"{output.stem}.resume.pt")


def write_state(state: State, path: Path) -> None:
    """Replace the file in one rename.

    Raises:
        OutputError: it cannot be written, for example because the disk is full; the file before is untouched.
    """
    content: dict[str, Any] = {
        "lgc-resume": _FORMAT,
        "identity": json.dumps(state.identity),
        "progress": json.dumps(asdict(state.progress)),
        "network": state.network,
        "step": state.step,
    }
    if state.best is not None:
        header, tensors = hardened_content(state.best)
        content["best"] = {"lgc": json.dumps(header), "tensors": {k: torch.tensor(v) for k, v in tensors.items()}}
    with replacing(path) as temporary:
        try:
            torch.save(content, temporary)
        except RuntimeError as error:  # so torch reports a full disk
            raise OutputError(
                f"the state of the run cannot be written ({error})",
                where=str(path),
                hint="Make room on the disk and go on with --resume",
            ) from None


def read_state(path: Path, identity: dict[str, Any]) -> State:
    """The state in a file.

    Raises:
        InputError: there is none.
        CheckpointError: it is damaged, or no such file.
        OptionError: it is of a run with other settings or other data.
    """
    if not path.is_file():
        raise InputError("there is no run to resume", where=str(path), hint="Leave out --resume to start one")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content["lgc-resume"] != _FORMAT:
            raise ValueError(f"its format is {content['lgc-resume']}")
        saved = json.loads(content["identity"])
        _compare(saved, identity, path)
        best = None
        if "best" in content:
            tensors = {name: tensor.numpy() for name, tensor in content["best"]["tensors"].items()}
            best = to_model(RawCheckpoint(json.loads(content["best"]["lgc"]), tensors))
        progress = TrainingPosition(**json.loads(content["progress"]))
        return State(saved, progress, content["network"], content["step"], best)
    except InputError:
        raise
    except Exception as error:  # torch, zipfile and pickle raise whatever a damaged file provokes
        raise CheckpointError(
            f"this is no readable state of a run ({type(error).__name__}: {error})",
            where=str(path),
            hint="Leave out --resume to start again",
        ) from None


def _compare(saved: dict[str, Any], now: dict[str, Any], path: Path) -> None:
    for name, value in now.items():
        if saved.get(name) != value:
            raise OptionError(
                f"the run to resume has {name} {saved.get(name)}, not {value}",
                where=str(path),
                hint="Resume with the settings and data that it was started with, or start a new run",
            )


def restore(network: nn.Module, step: Step, state: State, path: Path) -> None:
    """Put a state into a network and its optimiser.

    Raises:
        CheckpointError: the tensors are not those of this network.
    """
    try:
        network.load_state_dict(state.network)
        step.load_state_dict(state.step)
    except Exception as error:  # torch reports keys and shapes as RuntimeError, others as KeyError or ValueError
        raise CheckpointError(f"the state is of another network ({error})", where=str(path)) from None
