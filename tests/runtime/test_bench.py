"""The benchmark's rows: they exist, they are positive, and the counts are the kernel's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from strategies import random_circuit

from lgc.backend.base import to_bytes
from lgc.backend.c import C99, KernelCounts, kernel_counts
from lgc.bench.infer import measure_inference
from lgc.bench.peak import TERNARY_BITS, Peak, measure_peak
from lgc.ir import Builder, Circuit, Encoder, Head


def test_every_row_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGC_CACHE", str(tmp_path))
    rows = measure_inference(random_circuit(30, [60], 3, seed=1), samples=512, repeats=1)
    names = {row.name for row in rows}
    assert {"compile", "packed bits, 1 core", "bytes, 1 core", "vector operations a word"} <= names
    assert all(row.value > 0 for row in rows)


def test_counts_of_one_gate() -> None:
    builder = Builder(2)
    circuit = Circuit("t", Encoder(2), builder.build([builder.gate("nand", 2, 3)]), Head.equal_groups(1, ("a",)))
    counts = kernel_counts(circuit)
    assert (counts.operations, counts.reads, counts.writes) == (1, 2, 1)


def test_counted_operations_are_the_emitted_ones_and_few() -> None:
    rng = np.random.default_rng(0)
    builder = Builder(100)
    tables = rng.choice([1, 2, 4, 6, 7, 8, 9, 11, 13, 14], 800)
    nets = builder.add_layer(tables, np.sort(rng.permuted(np.tile(np.arange(2, 102), (800, 1)), axis=1)[:, :2], axis=1))
    circuit = Circuit("t", Encoder(100), builder.build(nets), Head.equal_groups(800, ("a", "b")))
    counts = kernel_counts(circuit)
    text = to_bytes(C99(), circuit).decode().split("static const")[0]
    ternary, kernel = text.split("#if LGC_TERNARY\n")[1].split("\n#else\n")
    assert counts.operations == kernel.count("const word v")
    assert kernel_counts(circuit, ternary=True).operations == ternary.count("const word v") < 3.1 * 800
    assert counts.operations < 5.6 * 800  # one a gate, and four and a half to count it
    assert kernel_counts(circuit, ternary=True).functions == ternary.count("= TERNARY(") > 800
    assert counts.functions == 0


def test_bounds_scale_with_the_machine() -> None:
    counts = KernelCounts(900, 300, 10, 400)
    assert Peak(128, 9e9, 6e9).images(counts) == {"operations": 128 * 1e7, "loads": 128 * 2e7}
    assert Peak(256, 9e9, 6e9, 4e9).images(counts) == {
        "operations": 256 * 1e7,
        "functions of three words": 256 * 1e7,
        "loads": 256 * 2e7,
    }


def test_the_peak_is_a_core_s() -> None:
    """No step is left out by the compiler: no core starts ten operations on words, or loads, in a clock of 10 GHz."""
    peak = measure_peak(repeats=1)
    assert peak.word_bits in (64, 256, 512)
    assert 1e7 < peak.operations < 1e11 and 1e7 < peak.loads < 1e11
    assert (peak.functions > 0) == (peak.word_bits == TERNARY_BITS) and peak.functions < 1e11
