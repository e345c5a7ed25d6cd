"""Findings of other commands that lie beside a network: which of them are about it, by their digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.bounds import read_json, read_within
from lgc.errors import InputError, LgcError

if TYPE_CHECKING:
    from lgc.driver.read import Loaded
    from lgc.report.results import Checked, Counted, EpochLog, OnPart, Proved
    from lgc.report.subject import UsedFile

_MOST_FILES, _MOST_BYTES = 500, 16 << 20
_DAMAGE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
_ALIKE = 5
"""Settings at least that a training log and a network must share."""


@dataclass
class Findings:
    """What was found, and from which files.

    Attributes:
        rtl: the Verilog of the network, the newest if there are several; None if there is none.
        hashes: SHA-256 of each Verilog file of the network, to its name.
    """

    source: Loaded
    rtl: Path | None = None
    hashes: dict[str, str] = field(default_factory=dict)
    epochs: EpochLog | None = None
    evaluated: Counted | None = None
    syntheses: list[OnPart] = field(default_factory=list)
    certificate: Proved | None = None
    checks: dict[str, Checked] = field(default_factory=dict)
    sources: list[UsedFile] = field(default_factory=list)

    def note(self, what: str, name: str, note: str = "") -> None:
        """Write down that a file was used, or why it was not."""
        from lgc.report.subject import UsedFile

        self.sources.append(UsedFile(what, name, note))


def find_results(source: Loaded, rtl: Path | None, given: Iterable[Any], *, beside: bool) -> Findings:
    """Findings about a network: those given, and those of the folders of the network and its Verilog.

    Args:
        rtl: its Verilog; None takes what lies beside the network.
        given: paths of JSON or JSON lines, and results of other verbs.
        beside: whether to look for others in the folders.

    Raises:
        InputError: something that was given cannot be read, or is of another network.
    """
    found = Findings(source)
    folders = dict.fromkeys(path.resolve().parent for path in (source.path, rtl) if path is not None)
    files = [one for folder in folders for one in _candidates(folder)] if beside else []
    _find_verilog(found, rtl, files)
    for one in given:
        _take_given(found, one)
    for path in files:
        _take_beside(found, path)
    return found


def _candidates(folder: Path) -> list[Path]:
    """JSON files of a folder, the newest first."""
    known: list[tuple[float, Path]] = []
    try:
        for path in folder.iterdir():
            if path.suffix in (".json", ".jsonl") and path.is_file() and path.stat().st_size <= _MOST_BYTES:
                known.append((path.stat().st_mtime, path))
    except OSError:
        return []
    return [path for _, path in sorted(known, key=lambda pair: (-pair[0], pair[1].name))[:_MOST_FILES]]


def _find_verilog(found: Findings, rtl: Path | None, files: list[Path]) -> None:
    """The Verilog: the one that was named, or the newest whose manifest is of this network."""
    if rtl is not None:
        found.rtl = rtl
        found.hashes[_sha256(rtl)] = rtl.name
    for path in (one for one in files if one.suffix == ".json"):
        fields = _read(path)
        if not isinstance(fields, dict) or fields.get("format") != "lgc-manifest":
            continue
        text = path.with_suffix("") if path.name.endswith(".v.json") else path.with_suffix(".v")
        if fields.get("model_digest") != found.source.digest or not text.is_file():
            continue
        found.hashes.setdefault(_sha256(text), text.name)
        if found.rtl is None:
            found.rtl = text
        elif text.resolve() != found.rtl.resolve():
            found.note("hardware", text.name, f"another circuit of this network; --rtl {text.name} shows it")


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read ({error.strerror})", where=str(path)) from None


def _of_texts(sha256: str) -> str:
    """What `lgc synth` writes of a single text: the digest of its texts' digests."""
    return hashlib.sha256(bytes.fromhex(sha256)).hexdigest()


def _read(path: Path) -> Any:
    """A JSON file, or the entries of JSON lines; None if it is neither."""
    try:
        if path.suffix == ".jsonl":
            text = read_within(path, _MOST_BYTES).decode("utf-8")
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return read_json(path)
    except (LgcError, OSError, *_DAMAGE):
        return None


def _take_given(found: Findings, given: Any) -> None:
    """A result that somebody named: whatever is wrong with it is an error."""
    name = str(given) if isinstance(given, str | Path) else type(given).__name__
    fields = _read(Path(given)) if isinstance(given, str | Path) else _fields_of(given)
    if fields is None:
        if isinstance(given, str | Path) and not Path(given).is_file():
            raise InputError("there is no such file", where=name)
        raise InputError("this is no result of lgc's", where=name, hint="Give what a command writes with --json FILE")
    try:
        known = _take(found, fields, name, named=True)
    except _DAMAGE as error:
        raise InputError(f"this result is damaged ({error})", where=name, hint="Make it again") from None
    if not known:
        raise InputError(
            "this is no result that a report shows", where=name,
            hint="It shows those of train --log, eval, synth, verify and verify --formal",
        )  # fmt: skip


def _fields_of(result: Any) -> Any:
    """A result of another verb as JSON has it; of one that knows its network, with the digest."""
    as_json = getattr(result, "as_json", None)
    if as_json is None:
        return None
    fields = json.loads(json.dumps(as_json()))
    source = getattr(result, "source", None)
    if isinstance(fields, dict) and source is not None and hasattr(source, "digest"):
        fields.setdefault("model_digest", source.digest)
    return fields


def _take_beside(found: Findings, path: Path) -> None:
    """A file that happens to be there: if it is of another network it is nothing, and if it is damaged that is said."""
    fields = _read(path)
    if fields is None:
        return
    try:
        _take(found, fields, path.name, named=False)
    except InputError as error:
        found.note("result", path.name, f"not used: {error.message}")
    except _DAMAGE as error:
        found.note("result", path.name, f"not used: it is damaged ({str(error)[:80]})")


def _take(found: Findings, fields: Any, name: str, *, named: bool) -> bool:
    """Use a result, if it is one; True if so.

    Raises:
        InputError: it was named, and is of another network or another text.
        ValueError, TypeError, KeyError, AttributeError: it is damaged.
    """
    if isinstance(fields, list):
        return _take_log(found, fields, name, named=named)
    if not isinstance(fields, dict):
        return False
    form = fields.get("format")
    if form == "lgc-synth":
        return _take_synthesis(found, fields, name, named=named)
    if form == "lgc-certificate":
        return _take_certificate(found, fields, name, named=named)
    if "confusion" in fields and "classes" in fields:
        return named and _take_evaluation(found, fields, name)
    return _take_checks(found, fields, name, named=named)


def _is_of(found: Findings, digest: Any, name: str, *, named: bool) -> bool:
    """Whether a result is of this network.

    Raises:
        InputError: it was named, and is not.
    """
    if digest == found.source.digest:
        return True
    if named:
        raise InputError("this result is of another network", where=name, hint="Make it from this one")
    return False


def _take_log(found: Findings, entries: list[Any], name: str, *, named: bool) -> bool:
    from lgc.report.results import EpochLog

    if not entries or not all(isinstance(one, dict) and "event" in one for one in entries):
        return False
    if found.epochs is not None and not named:
        return False
    epochs = EpochLog.of_entries(entries)
    if not named and not _is_training_of(found.source, epochs):
        return False
    found.epochs = epochs
    found.note("training log", name)
    return True


def _is_training_of(source: Loaded, epochs: EpochLog) -> bool:
    """Whether a log is that of a network's training: the settings that both know are the same, and so is the epoch."""
    training: Mapping[str, Any] = source.model.training if source.model is not None else {}
    settings = training.get("hyperparameters")
    if not isinstance(settings, dict) or training.get("dataset") != epochs.settings.get("dataset"):
        return False
    shared = [key for key in settings if key in epochs.settings]
    if len(shared) < _ALIKE or any(settings[key] != epochs.settings[key] for key in shared):
        return False
    best = next((row for row in epochs.rows if row["epoch"] == training.get("best_epoch")), None)
    accuracy = training.get("validation_accuracy")
    if best is None or not isinstance(accuracy, float):
        return best is not None
    return abs(best.get("validation_accuracy", accuracy) - accuracy) < 1e-4


def _take_synthesis(found: Findings, fields: dict[str, Any], name: str, *, named: bool) -> bool:
    from lgc.report.results import OnPart

    if fields.get("source_sha256") not in {_of_texts(sha256) for sha256 in found.hashes}:
        if named:
            hint = "Name that text with --rtl, or synthesise it again"
            raise InputError("this synthesis is of no Verilog of this network", where=name, hint=hint)
        return False
    found.syntheses.append(OnPart.of_json(fields))
    found.note("synthesis", name)
    return True


def _take_certificate(found: Findings, fields: dict[str, Any], name: str, *, named: bool) -> bool:
    from lgc.report.results import Proved

    if not _is_of(found, fields.get("model_digest"), name, named=named):
        return False
    proof = Proved.of_json(fields)
    better = found.rtl is not None and found.hashes.get(proof.sha256) == found.rtl.name
    if found.certificate is not None and not named and not better:
        return False
    found.certificate = proof
    found.note("certificate", name)
    return True


def _take_evaluation(found: Findings, fields: dict[str, Any], name: str) -> bool:
    from lgc.report.results import Counted

    found.evaluated = Counted.of_json(fields)
    if len(found.evaluated.classes) != found.source.circuit.head.num_classes:
        raise InputError("this evaluation is of a network with other classes", where=name)
    found.note("evaluation", name)
    return True


def _take_checks(found: Findings, fields: dict[str, Any], name: str, *, named: bool) -> bool:
    """What `lgc verify` says: of this network, and of the text as it is now."""
    from lgc.report.outcomes import READERS, parts_of

    parts = parts_of(fields)
    if not parts or not _is_of(found, fields.get("model_digest"), name, named=named):
        return False
    sha256 = fields.get("file_sha256")
    known = sha256 is not None and found.rtl is not None
    if not named and not known:
        return False
    if known and found.rtl is not None and found.hashes.get(str(sha256)) != found.rtl.name:
        if named:
            raise InputError(f"this verification is of another text than {found.rtl.name} as it is now", where=name)
        return False
    for kind, part in parts.items():
        if kind not in found.checks or named:
            found.checks[kind] = READERS[kind](part)
    found.note("verification", name)
    return True
