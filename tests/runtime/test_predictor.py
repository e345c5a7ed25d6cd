"""The runtime: same integers from C and numpy, every input form, cache, threads and processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from strategies import random_circuit, random_inputs

import lgc
from lgc import ImportOptions, load
from lgc.backend.base import write
from lgc.backend.blif import Blif
from lgc.errors import CacheWarning, InputError, MissingToolError, OptionError, ToolError
from lgc.ir import Circuit, Encoder, interp, write_lgn
from lgc.runtime import Predictor, library
from lgc.tools.cache import cache_folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGC_CACHE", str(tmp_path_factory.getbasetemp() / "lgc-cache"))


def with_thresholds(circuit: Circuit, thresholds: NDArray[np.float64]) -> Circuit:
    encoder = Encoder(len(thresholds), thresholds)
    return Circuit(circuit.name, encoder, circuit.netlist, circuit.head)


BINARY = random_circuit(40, [80, 60], 6, seed=1)
NUMERIC = with_thresholds(BINARY, np.sort(np.random.default_rng(0).uniform(0, 255, (20, 2)), axis=1))


@pytest.mark.parametrize("engine", ["c", "numpy"])
def test_every_form_of_bits_gives_the_interpreters_scores(engine: str) -> None:
    bits = random_inputs(40, 300)
    predictor = Predictor(BINARY, engine=engine)  # type: ignore[arg-type]
    assert predictor.engine == engine
    expected = interp.scores(BINARY, bits)
    forms = [bits, bits.astype(np.uint8), bits.astype(np.float32), np.packbits(bits, axis=1, bitorder="little")]
    forms += [np.asfortranarray(bits), bits.reshape(300, 5, 8), bits.astype(">i4"), bits[::-1][::-1]]
    for form in forms:
        np.testing.assert_array_equal(predictor.scores(form), expected)
        np.testing.assert_array_equal(predictor.predict(form), BINARY.head.classify(expected))
    assert predictor.scores(bits).dtype == predictor.predict(bits).dtype == np.int64


@pytest.mark.parametrize("engine", ["c", "numpy"])
def test_every_form_of_features_is_encoded(engine: str) -> None:
    rng = np.random.default_rng(1)
    octets = rng.integers(0, 256, (200, 20), dtype=np.uint8)
    predictor = Predictor(NUMERIC, engine=engine)  # type: ignore[arg-type]
    numbers = rng.uniform(-1, 256, (200, 20))
    forms = [octets, octets.astype(np.int64), octets.astype(np.float16), numbers, numbers.astype(np.float32)]
    for form in [*forms, numbers.astype(">f8"), octets.reshape(200, 4, 5)]:
        expected = interp.scores(NUMERIC, NUMERIC.encoder.encode(form.reshape(200, 20)))
        np.testing.assert_array_equal(predictor.scores(form), expected)
    bits = random_inputs(40, 50)
    np.testing.assert_array_equal(predictor.scores(bits), interp.scores(NUMERIC, bits))


def test_torch_tensors() -> None:
    torch = pytest.importorskip("torch")
    bits = random_inputs(40, 70)
    tensor = torch.from_numpy(bits).float().requires_grad_()
    np.testing.assert_array_equal(Predictor(BINARY).scores(tensor), interp.scores(BINARY, bits))


def test_packed_is_decided_by_hand_where_shapes_are_ambiguous() -> None:
    circuit = with_thresholds(random_circuit(8, [10], 2), np.array([[1.0, 2, 3, 4, 5, 6, 7, 8]]))
    octets = np.arange(256, dtype=np.uint8)[:, None]  # one feature, or eight packed bits
    predictor = Predictor(circuit)
    numbers = interp.scores(circuit, circuit.encoder.encode(octets))
    packed = interp.scores(circuit, np.unpackbits(octets, axis=1, bitorder="little").astype(np.bool_))
    assert (numbers != packed).any()
    np.testing.assert_array_equal(predictor.scores(octets), numbers)
    np.testing.assert_array_equal(predictor.scores(octets, packed=True), packed)
    np.testing.assert_array_equal(predictor.scores(octets, packed=False), numbers)


@pytest.mark.parametrize("engine", ["c", "numpy"])
def test_unusable_samples_are_refused(engine: str) -> None:
    binary = Predictor(BINARY, engine=engine)  # type: ignore[arg-type]
    numeric = Predictor(NUMERIC, engine=engine)  # type: ignore[arg-type]
    for predictor, samples in [
        (binary, np.zeros((3, 39))),
        (binary, np.full((3, 40), 2)),
        (binary, np.zeros(40)),
        (binary, np.array(1.0).reshape(1)),
        (numeric, np.zeros((3, 20), complex)),
        (numeric, np.zeros((3, 20), "U1")),
        (numeric, np.zeros((3, 19), np.uint8)),
    ]:
        with pytest.raises(InputError):
            predictor.scores(samples)
    with pytest.raises(InputError, match="packed samples"):
        binary.predict(np.zeros((2, 40), np.uint8), packed=True)


@pytest.mark.parametrize("engine", ["c", "numpy"])
def test_no_samples_give_no_scores(engine: str) -> None:
    predictor = Predictor(BINARY, engine=engine)  # type: ignore[arg-type]
    assert predictor.scores(np.zeros((0, 40), np.bool_)).shape == (0, 6)
    assert predictor.predict(np.zeros((0, 40), np.bool_)).shape == (0,)


def test_threads_split_a_large_batch_exactly() -> None:
    packed = np.random.default_rng(3).integers(0, 256, (30011, 5), dtype=np.uint8)
    one, many = Predictor(BINARY, threads=1), Predictor(BINARY, threads=5)
    np.testing.assert_array_equal(one.scores(packed), many.scores(packed))
    np.testing.assert_array_equal(one.predict(packed), many.predict(packed))


def test_one_predictor_serves_many_threads_at_once() -> None:
    predictor = Predictor(BINARY, threads=2)
    inputs = [random_inputs(40, 9000, seed) for seed in range(6)]
    results: dict[int, NDArray[np.int64]] = {}

    def work(index: int) -> None:
        for _ in range(3):
            results[index] = predictor.scores(inputs[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, bits in enumerate(inputs):
        np.testing.assert_array_equal(results[index], interp.scores(BINARY, bits))


def test_two_processes_build_the_same_model_at_once(tmp_path: Path) -> None:
    circuit = random_circuit(30, [200], 4, seed=8)
    with (tmp_path / "m.lgn").open("w") as stream:
        write_lgn(circuit, stream)
    code = (
        "import sys, numpy as np; from lgc import load; "
        "p = load(sys.argv[1], engine='c'); print(p.scores(np.arange(120, dtype=np.uint8).reshape(30, 4)).tolist())"
    )
    environment = {**os.environ, "LGC_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", code, str(tmp_path / "m.lgn")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(3)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    rows = np.arange(120, dtype=np.uint8).reshape(30, 4)
    bits = np.unpackbits(rows, axis=1, count=30, bitorder="little").astype(np.bool_)
    assert outputs == [f"{interp.scores(circuit, bits).tolist()}\n"] * 3
    (entry,) = (tmp_path / "cache" / "runtime").iterdir()
    assert sorted(path.name for path in entry.iterdir()) == ["entry.json", "library.so"]


def test_the_second_load_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGC_CACHE", str(tmp_path))
    Predictor(BINARY, engine="c")
    monkeypatch.setattr(library, "_build", lambda *_: pytest.fail("built again"))
    Predictor(BINARY, engine="c")


def test_a_damaged_library_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGC_CACHE", str(tmp_path))
    circuit = random_circuit(10, [20], 2, seed=77)
    bits = random_inputs(10, 20)
    Predictor(circuit, engine="c")
    (path,) = tmp_path.glob("runtime/*/library.so")
    path.unlink()  # it is mapped: to write into it would change what runs
    path.write_bytes(b"\x7fELF truncated")
    with pytest.warns(CacheWarning, match=r"library\.so is damaged"):
        assert Predictor(circuit, engine="c").engine == "c"
    np.testing.assert_array_equal(Predictor(circuit, engine="c").scores(bits), interp.scores(circuit, bits))


def test_without_a_compiler_numpy_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    bits = random_inputs(40, 30)
    predictor = Predictor(BINARY)
    assert predictor.engine == "numpy"
    np.testing.assert_array_equal(predictor.scores(bits), interp.scores(BINARY, bits))
    with pytest.raises(MissingToolError, match="a C compiler is not installed"):
        Predictor(BINARY, engine="c")


def test_a_compiler_that_fails_is_a_warning_or_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho out of paper >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    with pytest.warns(RuntimeWarning, match="out of paper"):
        assert Predictor(BINARY).engine == "numpy"
    with pytest.raises(ToolError, match="out of paper"):
        Predictor(BINARY, engine="c")
    assert not list((cache_folder() / "runtime").glob(".build*"))


def test_options_are_checked() -> None:
    with pytest.raises(OptionError, match="no engine 'gpu'"):
        Predictor(BINARY, engine="gpu")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="0 threads"):
        Predictor(BINARY, threads=0)


def test_load_reads_circuits_and_names_classes(tmp_path: Path) -> None:
    with (tmp_path / "m.lgn").open("w") as stream:
        write_lgn(BINARY, stream)
    predictor = load(tmp_path / "m.lgn", threads=1)
    assert predictor.classes == BINARY.head.classes
    with pytest.raises(InputError):
        load(tmp_path / "none.lgn")


def test_load_takes_what_the_file_does_not_say(tmp_path: Path) -> None:
    """A BLIF file has no classes; given them, its scores are the circuit's."""
    path = tmp_path / "net.blif"
    circuit = random_circuit(40, [60], 6, seed=4)
    write(Blif(), circuit, path)
    bits = random_inputs(40, 100)
    predictor = load(path, ImportOptions.of(classes=6))
    np.testing.assert_array_equal(predictor.scores(bits), interp.scores(circuit, bits))
    (tmp_path / "facts.toml").write_text('classes = ["a", "b", "c", "d", "e", "f"]')
    assert lgc.load(path, lgc.ImportOptions.of(tmp_path / "facts.toml")).classes == tuple("abcdef")
    assert load(path).scores(bits).shape == (100, circuit.netlist.num_outputs)


def test_few_samples_do_not_build_but_use_what_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGC_CACHE", str(tmp_path))
    circuit = random_circuit(10, [20], 2, seed=78)
    assert Predictor(circuit, samples=100).engine == "numpy"
    assert Predictor(circuit, samples=10**6).engine == "c"
    assert Predictor(circuit, samples=100).engine == "c"
