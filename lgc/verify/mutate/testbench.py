"""The cocotb side of mutation: every mutant is driven until its outputs differ from what they must be.

It runs inside the simulator, after :mod:`lgc.sim.testbench`, from which it takes the driving.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import cocotb

from lgc.sim.testbench import drive, unsigned
from lgc.verify.mutate.text import SELECT

Rows = Sequence[int]


@cocotb.test()
async def screen(dut: Any) -> None:
    """Write, for each mutant of the job, the row that shows it: -1 if none does, -2 if ``out_valid`` does."""
    job = json.loads(Path(os.environ["LGC_SIM_JOB"]).read_text())
    folder = Path(job["folder"])
    rows = _rows(folder / "stimulus.bin", job["row_bytes"])
    outputs = [(getattr(dut, name), _rows(folder / f"{name}.bin", size)) for name, size in job["outputs"]]
    shown = []
    for number in job["mutants"]:
        getattr(dut, SELECT).value = number
        shown.append(await _first_difference(dut, rows, job, outputs))
        (folder / "progress").write_text(str(len(shown)))
    (folder / "shown.part").write_text(json.dumps(shown))
    (folder / "shown.part").replace(folder / "shown.json")


async def _first_difference(dut: Any, rows: Rows, job: dict[str, Any], outputs: Sequence[tuple[Any, Rows]]) -> int:
    clocks = job["clocks"]
    driven = drive(dut, rows, clocks, job["port"])
    async with aclosing(driven):
        async for due, is_valid in driven:
            expected = due >= 0
            if clocks and is_valid != expected:
                return -2
            if expected and any(_differs(handle, values[due]) for handle, values in outputs):
                return due
    return -1


def _differs(handle: Any, expected: int) -> bool:
    value = handle.value
    return not value.is_resolvable or unsigned(handle) != expected


def _rows(path: Path, size: int) -> list[int]:
    data = path.read_bytes()
    return [int.from_bytes(data[start : start + size], "little") for start in range(0, len(data), size)]
