"""The cocotb testbench. It runs inside the simulator: it drives vectors and writes down what comes out.

It judges nothing. The job is a JSON file named by ``LGC_SIM_JOB``; stimulus and results are raw bytes, one row an
evaluation, least significant bit first. Import :func:`drive` to use it in a test bench of your own.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

_PROGRESS_EVERY = 64


async def drive(dut: Any, rows: Sequence[int], latency: int) -> AsyncIterator[int]:
    """Put one row after the other on ``bits``; yields the row's index when its result is on the outputs.

    A combinational design (latency 0) is sampled after it settled. A clocked one gets a new row every clock, back to
    back, and row k is sampled after clock edge k + latency - 1, counting from zero.
    """
    if latency == 0:
        for index, row in enumerate(rows):
            dut.bits.value = row
            await Timer(1, "ns")
            yield index
        return
    dut.clk.value = 0
    for edge in range(len(rows) + latency - 1):
        if edge < len(rows):
            dut.bits.value = rows[edge]
        await Timer(1, "ns")
        dut.clk.value = 1
        await Timer(1, "ns")
        if edge >= latency - 1:
            yield edge - (latency - 1)
        dut.clk.value = 0


def _sample(handle: Any, num_bytes: int) -> bytes:
    value: int = handle.value.to_unsigned()
    return value.to_bytes(num_bytes, "little")


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
    with (folder / "results.part").open("wb") as stream:
        async for index in drive(dut, rows, job["latency"]):
            for handle, num_bytes in handles:
                stream.write(_sample(handle, num_bytes))
            if index % _PROGRESS_EVERY == 0:
                progress.write_text(str(index))
    (folder / "results.part").replace(folder / "results.bin")


def _find(dut: Any, path: str) -> Any:
    """A signal below the top: ``u_layer1.layer1``."""
    for name in path.split("."):
        dut = getattr(dut, name)
    return dut
