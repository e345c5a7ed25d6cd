"""Fuzzes what `lgc verify --formal` accepts: `python tests/fuzz/texts.py [--count N] [--seed S] [--log FILE]`.

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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from edits import edited
from simulated import Form, differs, simulators
from strategies import random_circuit

from lgc.backend.base import to_bytes
from lgc.backend.manifest import read_manifest
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.rtl import Rtl
from lgc.errors import LgcError
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
    {"head": "carry", "fabric": "xc7", "copies": True, "pipeline": 5},
    {"head": "carry"},
    {"head": "ternary", "fabric": "xc7"},
    {"head": "serial", "outputs": "class"},
)
_SEEN = {None: "no simulator takes it", True: "differs", False: "is right"}
_BATCH = 16
_SAMPLED = 20


class ProvedAndDifferentError(AssertionError):
    """A text that is proved, and shows something else in a simulator."""


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
            return prove(rtl, form.circuit, Path(work), 300)[0].result
    except LgcError as error:
        return "refused" if "is not what lgc writes" in error.message else "error"


def one(index: int, seed: int, known: list[Form], folder: Path) -> tuple[Form, str, str, str]:
    """The edit of a number: the form, the text, what was done, and the verdict on it."""
    rng = random.Random(f"{seed} {index}")
    form = known[index % len(known)]
    text, names = edited(rng, form.text)
    return form, text, names, "same" if text == form.text else verdict(form, text, folder)


def fuzz(
    numbers: Iterator[int], seed: int, folder: Path, log: Path | None = None, sampled: int = _SAMPLED
) -> Counter[str]:
    """Edit, prove, simulate; returns how many there were of each verdict.

    Raises:
        ProvedAndDifferentError: with the text in ``folder``.
    """
    known, done, waiting = forms(), Counter[str](), []
    for index in numbers:
        form, text, names, result = one(index, seed, known, folder)
        done[result] += 1
        if result == "proved":
            waiting.append((index, form, text, names))
        else:
            if sampled and index % sampled == 0 and result != "same":
                seen = _simulated([(index, form, text, names)], folder, simulators()[:1])
                done[f"{result}, and {_SEEN[seen[0]]}"] += 1
            _note(log, f"{index} {result} {form.name} {names}")
        if len(waiting) == _BATCH:
            _check(waiting, folder, log)
            waiting = []
    _check(waiting, folder, log)
    return done


def _simulated(batch: list[tuple[int, Form, str, str]], folder: Path, where: list[str]) -> list[bool | None]:
    """Whether each differs in any of the simulators."""
    found: list[bool | None] = [None] * len(batch)
    for simulator in where:
        with tempfile.TemporaryDirectory(dir=folder) as work:
            seen = differs([(form, text) for _, form, text, _ in batch], Path(work) / "sim", simulator)
        found = [new if old is None else old or bool(new) for old, new in zip(found, seen, strict=True)]
    return found


def _check(batch: list[tuple[int, Form, str, str]], folder: Path, log: Path | None) -> None:
    """All that was proved, in every simulator; one by one where one of them refuses them together."""
    for simulator in simulators() if batch else ():
        seen = _simulated(batch, folder, [simulator])
        if None in seen:
            seen = [_simulated([each], folder, [simulator])[0] for each in batch]
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


def _begun(log: Path | None) -> set[int]:
    """Numbers that a log is done with: of what was proved, those that the last simulator has had."""
    rows = log.read_text().splitlines() if log is not None and log.exists() else []
    return {int(row.split()[0]) for row in rows if " proved " not in row or f": {simulators()[-1]} " in row}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path, default=None)
    options = parser.parse_args()
    begun, start = _begun(options.log), time.monotonic()
    folder = Path(tempfile.mkdtemp())
    done = fuzz((index for index in range(options.count) if index not in begun), options.seed, folder, options.log)
    told = ", ".join(f"{name} {count}" for name, count in sorted(done.items()))
    print(f"{options.count - len(begun)} edits, {time.monotonic() - start:.0f} s: {told}")


if __name__ == "__main__":
    main()
