"""The commands that make a network and its results again, as far as files say how they were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lgc.report.subject import Subject

_ASIDE = ("dataset", "output", "log", "name", "data_dir")


def commands(subject: Subject) -> Iterator[str]:
    """One line each; comments say what no file tells."""
    from lgc.report.subject import shell_word

    model = subject.model_word
    yield from _training(subject, model)
    made = subject.hardware
    if made is not None:
        text, clocks = shell_word(made.file), made.manifest.latency
        ports = f" --pipeline {clocks}" if clocks else ""
        rest = "" if made.pipeline is not None or not clocks else "    # other options are not known"
        features = " --input features" if made.manifest.features is not None else ""
        yield f"lgc compile {model} -o {text}{ports}{features}{rest}"
    for one in subject.syntheses:
        seeds = f" --seeds {len(one.seeds)}" if one.seeds else " --no-route"
        yield f"lgc synth {shell_word(one.source)} --part {shell_word(one.part)}{seeds}"
    if subject.check("verify") is not None:
        yield f"lgc verify {model} {subject.verilog_word}"
    if subject.certificate is not None:
        yield f"lgc verify {model} {shell_word(subject.certificate.rtl)} --formal"
    yield f"lgc report {model} -o report.html"


def _training(subject: Subject, model: str) -> Iterator[str]:
    from lgc.report.subject import shell_word
    from lgc.settings import described, flag_of
    from lgc.train.config import TrainConfig

    settings, data = subject.training.get("hyperparameters"), subject.training.get("dataset")
    if not isinstance(settings, dict) or not isinstance(data, str):
        return
    known, flags, lost = described(TrainConfig), [], False
    for name, value in settings.items():
        one = known.get(name)
        if one is None or name in _ASIDE:
            lost = lost or one is None
        elif _differs(value, one.default):
            flags.append(f"{flag_of(one)} {shell_word(_text(value))}" if type(value) is not bool else flag_of(one))
    version = subject.training.get("lgc")
    notes = [f"by lgc {' '.join(version.split())[:20]}"] if isinstance(version, str) else []
    notes += ["with settings that have other names now"] if lost else []
    comment = f"    # {', '.join(notes)}" if notes else ""
    yield f"lgc train {shell_word(data)} -o {model} {' '.join(flags)}{comment}"


def _differs(value: Any, default: Any) -> bool:
    if default is MISSING or default is None:
        return value is not None
    return bool(value != (list(default) if isinstance(default, tuple) else default))


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
