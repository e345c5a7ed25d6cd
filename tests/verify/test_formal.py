"""Formal equivalence: small circuits are proved, faults refuted with a vector, and what did not run is not proved."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from strategies import random_circuit

from lgc.backend.base import to_bytes
from lgc.backend.manifest import read_manifest
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.rtl import Rtl
from lgc.errors import NotCheckedError
from lgc.ir import FIRST_INPUT, Builder, Circuit
from lgc.verify.formal import prove
from lgc.verify.formal.abc import difference, equivalent
from lgc.verify.formal.cells import Cell
from lgc.verify.formal.rtl import FlatDesign
from lgc.verify.formal.unroll import unroll
from lgc.verify.formal.weights import Form, Words
from lgc.verify.reduce import reduce_vector

pytest.importorskip("pyosys")


def emitted(circuit: Circuit, folder: Path, change: tuple[str, str] | None = None) -> Rtl:
    """The Verilog of a circuit, with one place changed by a regular expression."""
    target = Verilog()
    text = to_bytes(target, circuit).decode()
    if change:
        text, count = re.subn(*change, text, count=1)
        assert count, "the fault is in the text"
    file = folder / "net.json"
    file.write_text(target.companions(circuit)[".json"])
    manifest, path = read_manifest(file), folder / "net.v"
    path.write_text(text)
    return Rtl(path, manifest, text, "none")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_a_right_circuit_is_proved(tmp_path: Path, work: Path) -> None:
    circuit = random_circuit(8, [12, 12], 3, seed=1)
    certificate, refutation = prove(emitted(circuit, tmp_path), circuit, work, 100)
    assert (certificate.result, refutation) == ("proved", None), certificate.to_json()
    written = json.loads(certificate.to_json())
    assert written["result"] == "proved"
    assert written["model_circuit"] == circuit.digest()
    assert all(part["result"] == "proved" and part["engine"] for part in written["parts"])


@pytest.mark.parametrize("change", [(r"second > first", "second >= first"), (r"\} \+ \{", "} - {")])
def test_a_fault_is_never_proved(change: tuple[str, str], tmp_path: Path, work: Path) -> None:
    circuit = random_circuit(8, [12, 12], 3, seed=1)
    certificate, refutation = prove(emitted(circuit, tmp_path, change), circuit, work, 100)
    assert certificate.result != "proved"
    if refutation is not None and refutation.bits is not None and refutation.differs is not None:
        assert refutation.differs(refutation.bits[None])[0]


def test_no_time_is_not_proved(tmp_path: Path, work: Path) -> None:
    circuit = random_circuit(8, [12, 12], 3, seed=1)
    certificate, refutation = prove(emitted(circuit, tmp_path), circuit, work, 1e-6)
    assert (certificate.result, refutation) == ("not proved", None)
    assert certificate.open


def test_a_sum_that_overflows_keeps_no_weight() -> None:
    add = Cell("add", (2, 3), (4,), words=((2,), (3,)))
    words = Words(FlatDesign({}, (add,), {4: add}), [4])
    with pytest.raises(NotCheckedError, match="overflow"):
        words.value([4])
    assert Form({2: 1, 3: 1}, 5).within(0, 3).most == 7


@pytest.mark.parametrize("latency", [0, 2])
def test_a_register_too_many_or_too_few_is_seen(latency: int) -> None:
    register = Cell("dff", (2,), (3,))
    design = FlatDesign({"bits": (2,), "scores": (3,)}, (register,), {3: register})
    with pytest.raises(NotCheckedError, match="after 1 clocks"):
        unroll(design, ["scores"], "bits", latency)
    assert unroll(design, ["scores"], "bits", 1).ports["scores"] == (2,)


def test_a_vector_is_reduced_to_what_matters() -> None:
    bits = np.ones(50, np.bool_)
    least = reduce_vector(bits, lambda vectors: vectors[:, 7] & vectors[:, 31])
    assert np.flatnonzero(least).tolist() == [7, 31]


def test_a_reduction_ends_in_time() -> None:
    """Every look takes longer than all of it may: one round is made, and what it found is kept."""
    looks: list[int] = []

    def slow(vectors: np.ndarray) -> np.ndarray:
        looks.append(len(vectors))
        time.sleep(0.02)
        return vectors[:, 7]

    least = reduce_vector(np.ones(50, np.bool_), slow, seconds=0.01)
    assert least[7] and least.sum() == 25
    assert looks == [2, 1]


def test_abc_sees_what_samples_do_not(work: Path) -> None:
    """An AND of 24 inputs is not 0: one input in 16 million shows it."""
    builder = Builder(24)
    net = FIRST_INPUT
    for operand in range(FIRST_INPUT + 1, FIRST_INPUT + 24):
        net = builder.add(0b1000, [net, operand])
    netlist = builder.build([net])
    zero = Builder(24).build([0])
    assert equivalent(netlist, netlist, work, 60)
    assert not equivalent(netlist, zero, work, 60)
    found = difference(netlist, zero)
    assert found is not None
    assert found.all()
