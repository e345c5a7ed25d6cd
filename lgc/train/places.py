"""The files of a training run: checked before it starts, for what is found after an epoch is found too late."""

from __future__ import annotations

import zipfile
from pathlib import Path

from lgc.backend.ours import is_ours, refuse_foreign
from lgc.errors import OutputError
from lgc.files import check_writable
from lgc.train.config import TrainConfig
from lgc.train.resume import state_path

_HINT = "Move it away, or give {} another name"
_NAMES_BYTES = 1 << 16


def side_files(config: TrainConfig) -> dict[str, Path]:
    """What a run writes beside the files that the user names: what it is, and where it goes."""
    found = {}
    if config.output is not None:
        found["the state of the run"] = state_path(config.output)
    if config.log is not None:
        found |= {"the table of epochs": config.log.with_suffix(".csv"), "the curve": config.log.with_suffix(".png")}
    return found


def check_places(config: TrainConfig, *, go_on: bool) -> None:
    """Find out before the training that a file cannot be written, or is somebody else's.

    Args:
        go_on: the state of the run is there, and is read first.

    Raises:
        OutputError: with the file.
    """
    output, log = config.output, config.log
    if output is not None and output.suffix not in (".pt", ".safetensors"):
        raise OutputError(
            f"unknown suffix '{output.suffix}'", where=str(output), hint="Checkpoints are .pt or .safetensors files"
        )
    if output is not None and not output.parent.is_dir():
        raise OutputError(
            "cannot write: there is no such folder", where=str(output), hint=f"Make {output.parent} first"
        )
    for what, place in side_files(config).items():
        state = place.name.endswith(".resume.pt")
        if not (state and go_on):
            ours = _is_state if state else _is_table if place.suffix == ".csv" else is_ours
            refuse_foreign(place, what, _HINT.format("the output" if state else "the log"), ours)
    for file in (output, log, *side_files(config).values()):
        if file is not None:
            check_writable(file)


def _is_state(path: Path) -> bool:
    """Whether a file is the state of a run: an archive of torch that says so in its first names."""
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
            with archive.open(name) as stream:
                return b"lgc-resume" in stream.read(_NAMES_BYTES)
    except (OSError, zipfile.BadZipFile, StopIteration, RuntimeError, NotImplementedError, ValueError):
        return False


def _is_table(path: Path) -> bool:
    """Whether a file begins as the table of epochs does."""
    try:
        with path.open("rb") as stream:
            return stream.read(11) == b"epoch,loss,"
    except OSError:
        return False
