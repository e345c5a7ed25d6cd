"""Fuzzes what `lgc verify --formal` accepts: `python tests/fuzz/texts.py [--count N] [--log FILE] [--workers N]`.

Small circuits of every form of the Verilog are edited token by token (edits.py). What is still proved goes to Icarus
and Verilator, with one sample and with several to an evaluation: none may show anything but the model. Of what is not
proved some go to a simulator too, so that it is known how many of the edits change what a text does. With a log the
run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
import farming
from blocks import EDITS, edits_block
from edits import edited
from simulated import Form, differs, simulators
from strategies import random_circuit

from lgc.backend.base import to_bytes
from lgc.backend.manifest import read_manifest
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.rtl import Rtl
from lgc.errors import LgcError
from lgc.farm import Workers, answers
from lgc.passes import optimize
from lgc.verify.formal import prove
from lgc.verify.formal.dialect import check_dialect

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"pipeline": 6},
    {"outputs": "class", "pipeline": 2},
    {"outputs": "scores"},
    {"head": "serial"},
    {"head": "compress", "fabric": "ecp5"},
    {"head": "compress", "fabric": "ice40", "pipeline": 2},
    {"head": "compress", "fabric": "gowin", "argmax": "bit-serial"},
    {"head": "ripple", "fabric": "gowin"},
    {"head": "carry", "fabric": "xc7", "copies": True, "pipeline": 5},
    {"head": "carry"},
    {"head": "ternary", "fabric": "xc7"},
    {"head": "serial", "outputs": "class"},
)
_SEEN = {None: "no simulator takes it", True: "differs", False: "is right"}
_BATCH = 64
_SECONDS = 60  # a faulty counter can be long in the expanding: then it is not proved
_SAMPLED = 20


class ProvedAndDifferentError(AssertionError):
    """A text that is proved, and shows something else in a simulator."""


@cache
def forms() -> list[Form]:
    """Every form of the Verilog, of small circuits."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for index, options in enumerate(OPTIONS):
            circuit = random_circuit(8, [14, 15], 3, arity=(2, 4)[index % 2], seed=index, name="net")
            best, target = optimize(circuit, "O2"), Verilog(**options)
            manifest = Path(folder) / "net.json"
            manifest.write_text(target.companions(best)[".json"])
            name = " ".join(map(str, options.values())) or "plain"
            found.append(Form(name, circuit, read_manifest(manifest), to_bytes(target, best).decode()))
    return found


def verdict(form: Form, text: str, folder: Path) -> str:
    """``refused`` by the grammar, else what the proof says."""
    path = folder / "net.v"
    path.write_bytes(text.encode())
    rtl = Rtl(path, form.manifest, text, "none")
    try:
        check_dialect(rtl)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            return prove(rtl, form.circuit, Path(work), _SECONDS)[0].result
    except LgcError as error:
        return "refused" if "is not what lgc writes" in error.message else "error"


def one(index: int, seed: int, known: list[Form], folder: Path, proved: bool = False) -> tuple[Form, str, str, str]:
    """The edit of a number: the form, the text, what was done, and the verdict on it, unless it is known."""
    rng = random.Random(f"{seed} {index}")
    form = known[index % len(known)]
    text, names = edited(rng, form.text)
    if text == form.text:
        return form, text, names, "same"
    return form, text, names, "proved" if proved else verdict(form, text, folder)


def fuzz(
    numbers: Iterator[int], seed: int, folder: Path, log: Path | None = None, sampled: int = _SAMPLED
) -> Counter[str]:
    """Edit, prove, simulate; returns how many there were of each verdict.

    Raises:
        ProvedAndDifferentError: with the text in ``folder``.
    """
    known, done, waiting = forms(), Counter[str](), []
    proved = _numbers(log, _is_proved)
    for index in numbers:
        form, text, names, result = one(index, seed, known, folder, index in proved)
        done[result] += 1
        if result == "proved":
            _note(log, f"{index} proved {form.name} {names}")
            waiting.append((index, form, text, names))
        else:
            if sampled and index % sampled == 0 and result != "same":
                seen = _simulated([(index, form, text, names)], folder, simulators()[0])
                done[f"{result}, and {_SEEN[seen[0]]}"] += 1
            _note(log, f"{index} {result} {form.name} {names}")
        if len(waiting) == _BATCH:
            check_batch(waiting, folder, log, simulators())
            waiting = []
    check_batch(waiting, folder, log, simulators())
    return done


def _simulated(batch: list[tuple[int, Form, str, str]], folder: Path, simulator: str) -> list[bool | None]:
    """Whether each differs in a simulator; one that it refuses is found by halving."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        seen = differs([(form, text) for _, form, text, _ in batch], Path(work) / "sim", simulator)
    if None not in seen or len(batch) == 1:
        return seen
    half = len(batch) // 2
    return _simulated(batch[:half], folder, simulator) + _simulated(batch[half:], folder, simulator)


def check_batch(batch: list[tuple[int, Form, str, str]], folder: Path, log: Path | None, where: Sequence[str]) -> None:
    """All that was proved, in some simulators."""
    for simulator in where if batch else ():
        seen = _simulated(batch, folder, simulator)
        for (index, form, text, names), wrong in zip(batch, seen, strict=True):
            if wrong:
                (folder / f"different{index}.v").write_bytes(text.encode())
                raise ProvedAndDifferentError(
                    f"edit {index} ({names}) of {form.name} is proved, and differs in {simulator}"
                )
            _note(
                log, f"{index} proved {form.name} {names}: {simulator} {'refuses it' if wrong is None else 'is right'}"
            )


def _note(log: Path | None, line: str) -> None:
    if log is not None:
        with log.open("a") as stream:
            stream.write(f"{line}\n")


def _numbers(log: Path | None, wanted: Callable[[str], bool]) -> set[int]:
    """Numbers of those lines of a log that are as wanted."""
    rows = log.read_text().splitlines() if log is not None and log.exists() else []
    return {int(row.split()[0]) for row in rows if wanted(row)}


def _is_proved(row: str) -> bool:
    return row.split()[1] == "proved"


def begun(log: Path | None) -> set[int]:
    """Numbers that a log is done with: of what was proved, those that the last simulator has had."""
    return _numbers(log, lambda row: not _is_proved(row) or f": {simulators()[-1]} " in row)


def fuzz_blocks(
    numbers: Sequence[int], seed: int, workers: Workers, log: Path | None = None, block: int = EDITS
) -> Counter[str]:
    """Fuzz in blocks that workers share.

    Raises:
        ProvedAndDifferentError: with the text, in a folder.
    """
    known = log.read_text() if log is not None and log.exists() else ""
    tasks = [
        {"request": {"task": "edits", "seed": seed, "numbers": list(numbers[lo : lo + block])}, "log": known}
        for lo in range(0, len(numbers), block)
    ]
    done: Counter[str] = Counter()
    for _, (verdicts, lines, wrong) in answers(workers, edits_block, tasks):
        if log is not None:
            with log.open("a") as stream:
                stream.write(lines)
        if wrong is not None:
            path = Path(tempfile.mkdtemp()) / "different.v"
            path.write_text(wrong[1])
            raise ProvedAndDifferentError(f"{wrong[0]}: {path}")
        done += verdicts
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path, default=None)
    farming.add_options(parser)
    options = parser.parse_args()
    gone, start = begun(options.log), time.monotonic()
    left = [index for index in range(options.count) if index not in gone]
    with farming.open_farm(options) as workers:
        done = fuzz_blocks(left, options.seed, workers, options.log)
    told = ", ".join(f"{name} {count}" for name, count in sorted(done.items()))
    print(f"{len(left)} edits, {time.monotonic() - start:.0f} s: {told}")


if __name__ == "__main__":
    main()
