"""The backends' examples work as their texts say."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from strategies import random_circuit, random_inputs

from lgc.ir import interp

EXAMPLES = Path(__file__).parents[2] / "examples"


def import_example(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("inputs", [8, 21])
def test_byte_stream_classifies_what_arrives(inputs: int) -> None:
    pytest.importorskip("amaranth")
    from amaranth.sim import Simulator

    circuit = random_circuit(inputs, [30, 20], 5, seed=1)
    component = import_example(EXAMPLES / "amaranth" / "byte_stream.py").ByteClassifier(circuit)
    bits = random_inputs(inputs, 12)
    octets = np.packbits(bits, axis=1, bitorder="little").reshape(-1).tolist()
    received: list[int] = []

    async def source(ctx: Any) -> None:
        ctx.set(component.i.valid, 1)
        for octet in octets:
            ctx.set(component.i.payload, octet)
            await ctx.tick().until(component.i.ready)
        ctx.set(component.i.valid, 0)

    async def sink(ctx: Any) -> None:
        for index in range(len(bits)):
            ctx.set(component.o.ready, 0)
            await ctx.tick().repeat(1 + 5 * (index % 2))
            ctx.set(component.o.ready, 1)
            (payload,) = await ctx.tick().sample(component.o.payload).until(component.o.valid)
            received.append(payload)

    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source)
    simulator.add_testbench(sink)
    simulator.run_until(1e-3)
    assert received == interp.classify(circuit, bits).tolist()


def test_embedded_firmware_runs_and_fits_as_documented(tmp_path: Path) -> None:
    for program in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    command = [sys.executable, str(EXAMPLES / "embedded" / "build.py"), "-o", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ok: every class equals the model's" in result.stdout
    measured = re.search(r"flash (\d+) bytes.*RAM (\d+) bytes", result.stdout)
    written = re.search(
        r"([\d,]+) bytes of flash, ([\d,]+) bytes of RAM", (EXAMPLES / "embedded" / "README.md").read_text()
    )
    assert measured is not None and written is not None
    for one, other in zip(measured.groups(), written.groups(), strict=True):
        assert abs(int(one) / int(other.replace(",", "")) - 1) < 0.1
