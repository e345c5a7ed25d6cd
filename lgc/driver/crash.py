"""Crash folders: with whatever file the model can be read from again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lgc.driver.read import Loaded
from lgc.driver.verify_request import ComparisonRequest
from lgc.errors import LgcError, OptionError
from lgc.verify.comparison import Comparison
from lgc.verify.crash import ModelFiles, write_crash
from lgc.verify.formats.verilog import VerilogText
from lgc.verify.report import Report


def check_crash(crash: Path | None) -> None:
    """Refuse a crash folder that exists.

    Raises:
        OptionError: it does.
    """
    if crash is not None and crash.exists():
        raise OptionError(f"--crash {crash} exists", hint="Give a folder that does not exist")


def crashed(crash: Path, asked: ComparisonRequest, source: Loaded, comparison: Comparison[VerilogText],
            report: Report) -> None:  # fmt: skip
    """The crash folder of a simulated difference; an obstacle does not hide the difference."""
    assert report.mismatch is not None
    try:
        files = model_files(source, asked.config, asked.facts, comparison.folder)
        write_crash(crash, comparison, report.mismatch.bits, files)
        report.problems.append(f"{crash}/run.sh shows it again")
    except LgcError as error:
        report.problems.append(f"the crash folder was not written: {error}")


def model_files(source: Loaded, config: Path | None, facts: Mapping[str, Any] | None, folder: Path) -> ModelFiles:
    """The files that a model was read from; written anew where it was none, or where Python alone knew its facts.

    Args:
        folder: to write in.

    Raises:
        OutputError: it cannot be written.
    """
    if source.path is not None and not facts:
        return ModelFiles(source.path, config)
    from lgc.backend.base import write
    from lgc.backend.lgn import Lgn
    from lgc.frontend import write_model

    if source.model is not None:
        path = folder / "model.safetensors"
        write_model(source.model, path)
    else:
        path = folder / "model.lgn"
        write(Lgn(), source.circuit, path)
    return ModelFiles(path)
