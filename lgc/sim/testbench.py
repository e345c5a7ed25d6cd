"""The cocotb testbench. It runs inside the simulator: it drives vectors and writes down what comes out.

It judges nothing. The job is a JSON file named by ``LGC_SIM_JOB``; stimulus and results are raw bytes, one row an
evaluation, least significant bit first. Import :func:`drive` to use it in a testbench of your own.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

_PROGRESS_EVERY = 64


async def drive(
    dut: Any, rows: Sequence[int], clocks: Sequence[Sequence[int]] = (), port: str = "bits"
) -> AsyncGenerator[tuple[int, bool], None]:
    """Drive a design; yields after every step the row whose result must stand at the outputs, and ``out_valid``.

    Without clocks the design is combinational: one row after the other on the port, sampled after it settled. Else
    each clock is (row on the port, ``in_valid``, ``rst``, row whose result is due after the edge or -1), see
    :mod:`lgc.sim.schedule`. The outputs are read as the next register would read them: just before the next edge, when
    the next inputs stand there already.
    """
    inputs = getattr(dut, port)
    if not clocks:
        for index, row in enumerate(rows):
            inputs.value = row
            await Timer(1, "ns")
            yield index, True
        return
    due = None
    for row, valid, reset, next_due in [*clocks, clocks[-1]]:
        dut.clk.value = 0
        inputs.value = rows[row]
        dut.in_valid.value = valid
        dut.rst.value = reset
        await Timer(1, "ns")
        if due is not None:
            yield due, dut.out_valid.value == 1
        dut.clk.value = 1
        await Timer(1, "ns")
        due = next_due


def unsigned(handle: Any) -> int:
    """The value of a signal as a number. One bit may be a scalar (`wire y`), which cocotb has another type for."""
    value = handle.value
    return int(value.to_unsigned() if hasattr(value, "to_unsigned") else value)


@cocotb.test()
async def record(dut: Any) -> None:
    """Drive all rows of the job and write the outputs."""
    job = json.loads(Path(os.environ["LGC_SIM_JOB"]).read_text())
    folder = Path(job["folder"])
    size = job["row_bytes"]
    data = (folder / "stimulus.bin").read_bytes()
    rows = [int.from_bytes(data[start : start + size], "little") for start in range(0, len(data), size)]
    handles = [(getattr(dut, name), -(-width // 8)) for name, width in job["outputs"]]
    handles += [(_find(dut, path), -(-width // 8)) for path, width in job["internal"]]
    progress = folder / "progress"
    valid = bytearray()
    with (folder / "results.part").open("wb") as stream:
        async for due, is_valid in drive(dut, rows, job["clocks"], job["port"]):
            valid.append(is_valid)
            if due < 0:
                continue
            for handle, num_bytes in handles:
                stream.write(unsigned(handle).to_bytes(num_bytes, "little"))
            if due % _PROGRESS_EVERY == 0:
                progress.write_text(str(due))
    (folder / "valid.bin").write_bytes(valid)
    (folder / "results.part").replace(folder / "results.bin")


def _find(dut: Any, path: str) -> Any:
    """A signal below the top: ``u_layer1.layer1``."""
    for name in path.split("."):
        dut = getattr(dut, name)
    return dut
