"""The C backend against the interpreter: every score, every form of input, every word size, both compilers."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cbuild import STRICT, Loaded, compiler, run, selftest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import circuits, random_circuit, random_inputs

from lgc.backend.base import to_bytes, write
from lgc.backend.c import C99
from lgc.errors import InputError, OptionError
from lgc.ir import Builder, Circuit, Encoder, Head, interp
from lgc.tools.cc import find_cxx_compiler

SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g0")


def above(circuit: Circuit, rows: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Which features are above which thresholds: NaN is above none, which the encoder in Python refuses."""
    thresholds = circuit.encoder.thresholds
    return np.greater(rows[:, :, None], thresholds).reshape(len(rows), -1)


def encoded(circuit: Circuit, rows: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    scores = interp.scores(circuit, circuit.encoder.encode(rows))
    return scores, circuit.head.classify(scores)


def assert_equal_scores(
    circuit: Circuit, got: tuple[NDArray[np.int32], NDArray[np.int32]], bits: NDArray[np.bool_]
) -> None:
    scores = interp.scores(circuit, bits)
    np.testing.assert_array_equal(got[0], scores)
    np.testing.assert_array_equal(got[1], circuit.head.classify(scores))


def check_every_form(circuit: Circuit, library: Loaded, samples: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits = random_inputs(circuit.netlist.num_inputs, samples, seed)
    assert_equal_scores(circuit, library("bits", np.packbits(bits, axis=1, bitorder="little")), bits)
    octets = bits * rng.integers(1, 256, bits.shape)  # any byte but 0 is a one
    assert_equal_scores(circuit, library("bools", octets.astype(np.uint8)), bits)
    assert_equal_scores(circuit, library.planes(interp.pack(bits), samples), bits)
    thresholds = circuit.encoder.thresholds
    if thresholds is None:
        assert_equal_scores(circuit, library("u8", bits.astype(np.uint8)), bits)
        return
    octets = rng.integers(0, 256, (samples, circuit.encoder.num_features), dtype=np.uint8)
    assert_equal_scores(circuit, library("u8", octets), above(circuit, octets))
    numbers = rng.normal(0, 2, octets.shape)
    at = rng.random(octets.shape) < 0.5  # half of the features exactly at a threshold, where > and >= differ
    numbers[at] = rng.choice(thresholds.reshape(-1), numbers.shape)[at]
    numbers[rng.random(octets.shape) < 0.1] = np.nan
    assert_equal_scores(circuit, library("f64", numbers), above(circuit, numbers))
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    assert_equal_scores(circuit, library("f32", single), above(circuit, single.astype(np.float64)))


NO_SHRINK = (Phase.explicit, Phase.generate)  # an example costs a compilation, shrinking one costs hundreds


ANYTHING = given(circuits(), st.sampled_from([32, 64, 128, 256]), st.sampled_from([16, 40, 600]), st.integers(1, 700))


def check_circuit(circuit: Circuit, width: int, part_size: int, samples: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        flags = (f"-DLGC_WORD_BITS={width}", "-O0")
        library = Loaded(circuit, Path(name), *flags, target=C99(prefix="t", part_size=part_size))
        check_every_form(circuit, library, samples, seed=samples)


@settings(max_examples=16, phases=NO_SHRINK)
@ANYTHING
def test_any_circuit_any_form_any_word(circuit: Circuit, width: int, part_size: int, samples: int) -> None:
    check_circuit(circuit, width, part_size, samples)


@pytest.mark.slow
@settings(max_examples=2000, phases=NO_SHRINK)
@ANYTHING
def test_two_thousand_circuits(circuit: Circuit, width: int, part_size: int, samples: int) -> None:
    check_circuit(circuit, width, part_size, samples)


@pytest.mark.parametrize("width", [256, 512])
@pytest.mark.parametrize("bits", [121, 128, 129, 200, 264, 2040, 2048])
def test_rows_that_are_shuffled_in(tmp_path: Path, bits: int, width: int) -> None:
    """From 16 bytes a row and with AVX2: 128 bits are one step, 129 are two that overlap in all but a byte.

    Of rows of 256 bytes groups are copied first; those of 255 bytes are as long only where they were of bools.
    """
    circuit = random_circuit(bits, [300 if bits > 1000 else 60], 3, seed=bits)
    if bits % 2 == 0:
        thresholds = np.sort(np.random.default_rng(bits).normal(0, 2, (bits // 2, 2)), axis=1)
        circuit = Circuit("thresholds", Encoder(bits // 2, thresholds), circuit.netlist, circuit.head)
    library = Loaded(circuit, tmp_path, f"-DLGC_WORD_BITS={width}", "-O1", "-mavx2")
    for samples in (1, width - 1, width, 4 * width + 7):
        check_every_form(circuit, library, samples, seed=samples)


@pytest.mark.parametrize("width", [256, 512])
@pytest.mark.parametrize("gates", [0, 2, 40])
def test_bytes_that_no_gate_reads(tmp_path: Path, gates: int, width: int) -> None:
    """Of 375 bytes a row a few are taken, in groups with gaps between them; none where every vote is a constant."""
    circuit = random_circuit(3000, [max(2, gates)], 2, seed=gates)
    if not gates:
        circuit = replace(circuit, netlist=replace(circuit.netlist, outputs=np.ones_like(circuit.netlist.outputs)))
    library = Loaded(circuit, tmp_path, f"-DLGC_WORD_BITS={width}", "-O1", "-mavx2")
    for samples in (1, width, width + 9):
        check_every_form(circuit, library, samples, seed=samples)


def test_shuffled_rows_are_read_to_their_end_and_no_further(tmp_path: Path) -> None:
    circuit = random_circuit(131, [60], 3, seed=7)
    assert "every score" in selftest(circuit, tmp_path, *SANITIZE, "-mavx2")


@settings(max_examples=4, phases=NO_SHRINK)
@given(circuits(), st.sampled_from(["gcc", "clang"]), st.sampled_from([32, 64, 256, 512]))
def test_sanitizers_find_nothing(circuit: Circuit, cc: str, width: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        assert "every score" in selftest(circuit, Path(name), *SANITIZE, f"-DLGC_WORD_BITS={width}", cc=cc)


@pytest.mark.parametrize("cc", ["gcc", "clang"])
@pytest.mark.parametrize("flags", [("-O2",), ("-O3", "-march=native")], ids=lambda flags: flags[-1])
def test_layered_net_passes_its_selftest_with_both_compilers(tmp_path: Path, cc: str, flags: tuple[str, ...]) -> None:
    circuit = random_circuit(100, [300, 200], 10, seed=3)
    assert selftest(circuit, tmp_path, *flags, cc=cc) == "ok: 600 samples, every score and class\n"


def test_selftest_fails_when_the_code_is_wrong(tmp_path: Path) -> None:
    selftest(random_circuit(20, [60], 3, seed=5), tmp_path)
    text = (tmp_path / "net.c").read_text()
    begin = "static void part0"
    head, *kernels = text.split(begin)
    assert len(kernels) == 2  # for AVX-512 and for others; one of them is compiled
    broken = begin.join([head, *(kernel.replace(" & ", " | ", 1) for kernel in kernels)])
    (tmp_path / "net.c").write_text(broken)
    run([*compiler(), "-w", "-DLGC_MAIN", str(tmp_path / "net.c"), "-o", str(tmp_path / "net")])
    with pytest.raises(AssertionError, match="FAILED: the scores differ"):
        run([str(tmp_path / "net")])


@pytest.mark.parametrize("arity", [3, 4, 5, 6])
def test_wide_lookup_tables(tmp_path: Path, arity: int) -> None:
    circuit = random_circuit(12, [60, 60], 3, arity=arity, seed=arity)
    bits = random_inputs(12, 500, arity)
    library = Loaded(circuit, tmp_path, "-O0")
    assert_equal_scores(circuit, library("bits", np.packbits(bits, axis=1, bitorder="little")), bits)


@pytest.mark.parametrize("samples", [0, 1, 2, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1025])
def test_tail_batches_are_exact_and_touch_nothing_else(tmp_path_factory: pytest.TempPathFactory, samples: int) -> None:
    circuit = random_circuit(67, [90], 9, seed=1)
    library = _shared_library(circuit, tmp_path_factory)
    bits = random_inputs(67, samples, samples)
    got = library("bits", np.packbits(bits, axis=1, bitorder="little"))
    if samples:
        assert_equal_scores(circuit, got, bits)
    assert len(got[0]) == samples


_CACHE: dict[str, Loaded] = {}


def _shared_library(circuit: Circuit, folders: pytest.TempPathFactory) -> Loaded:
    key = circuit.digest()
    if key not in _CACHE:
        _CACHE[key] = Loaded(circuit, folders.mktemp("c"), "-O1", "-mavx2")
    return _CACHE[key]


def one_gate(bias: list[int], tie: str = "first") -> Circuit:
    builder = Builder(2)
    gate = builder.gate("xor", 2, 3)
    outputs = [gate, gate, gate, 2, 0, 1, 1]
    head = Head(np.array([0, 3, 3, 5, 7]), np.array(bias), tuple("abcd"), 1.0, tie)  # type: ignore[arg-type]
    return Circuit("edge", Encoder(2), builder.build(outputs), head)


@pytest.mark.parametrize("tie", ["first", "last"])
@pytest.mark.parametrize("bias", [[0, 0, 0, 0], [-5, 3, 2, 1], [7, -9, 1000000, 3], [2**30, -(2**30), 0, 5]])
def test_repeated_constant_and_empty_groups_with_bias_and_ties(tmp_path: Path, bias: list[int], tie: str) -> None:
    circuit = one_gate(bias, tie)
    bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.bool_)
    assert_equal_scores(circuit, Loaded(circuit, tmp_path)("bits", np.packbits(bits, axis=1, bitorder="little")), bits)


def test_every_byte_against_thresholds_beyond_the_bytes(tmp_path: Path) -> None:
    thresholds = np.array([[-1.0, 0.0, 0.5, 1.0, 127.99, 254.0, 254.5, 255.0, 256.0, 1e9]])
    builder = Builder(10)
    circuit = Circuit(
        "t", Encoder(1, thresholds), builder.build(range(2, 12)), Head.equal_groups(10, tuple("abcdefghij"))
    )
    octets = np.arange(256, dtype=np.uint8)[:, None]
    for width in (32, 256):
        library = Loaded(circuit, tmp_path, f"-DLGC_WORD_BITS={width}", "-mavx2")
        assert_equal_scores(circuit, library("u8", octets), above(circuit, octets))


def test_scaled_bytes_compare_as_the_division_does(tmp_path: Path) -> None:
    thresholds = np.array([[0.0, 1 / 255, 0.25, 64 / 255, 0.5, 1.0]])
    circuit = Circuit("t", Encoder(1, thresholds), Builder(6).build(range(2, 8)), Head.equal_groups(6, tuple("abcdef")))
    octets = np.arange(256, dtype=np.uint8)[:, None]
    got = Loaded(circuit, tmp_path, target=C99(prefix="t", u8_scale=255))("u8", octets)
    assert_equal_scores(circuit, got, circuit.encoder.encode(octets / 255))


def test_header_compiles_as_c_and_as_cpp(tmp_path: Path) -> None:
    circuit = random_circuit(9, [20], 2)
    files = write(C99(), circuit, tmp_path / "my-net.c")
    assert [path.name for path in files] == ["my-net.c", "my-net.h"]
    (tmp_path / "user.c").write_text('#include "my-net.h"\nint user = RANDOM_CLASSES + RANDOM_ROW_BYTES;\n')
    (tmp_path / "user.cpp").write_text('#include "my-net.h"\nint user = RANDOM_CLASSES;\n')
    run([*compiler(), *STRICT, "-c", str(tmp_path / "user.c"), "-o", str(tmp_path / "user.o")])
    run([*find_cxx_compiler(), "-Wall", "-Werror", "-c", str(tmp_path / "user.cpp"), "-o", str(tmp_path / "user.o")])


def test_emission_is_deterministic_and_carries_the_digest() -> None:
    circuit = random_circuit(30, [50, 40], 4, seed=9)
    first, second = to_bytes(C99(main=True), circuit), to_bytes(C99(main=True), circuit)
    assert first == second
    assert circuit.digest().encode() in first


@pytest.mark.parametrize("name", ["*/ int x; /*", '"\n#error', "9lives", "", "int", "é"])
def test_hostile_names_stay_in_the_comment(tmp_path: Path, name: str) -> None:
    builder = Builder(2)
    handles = builder.layer(name, 1)
    net = builder.add(6, (2, 3), int(handles[0]))
    circuit = Circuit(name, Encoder(2), builder.build([net]), Head.equal_groups(1, (name,)), {"model_digest": name})
    assert "every score" in selftest(circuit, tmp_path, "-O0")


def test_refusals() -> None:
    circuit = one_gate([0, 0, 0, 0])
    with pytest.raises(OptionError, match="is no C name"):
        to_bytes(C99(prefix="a-b"), circuit)
    with pytest.raises(OptionError, match="at least 16"):
        to_bytes(C99(part_size=1), circuit)
    with pytest.raises(InputError, match="do not fit 32 bits"):
        to_bytes(C99(), one_gate([2**31 - 1, 0, 0, 0]))
    with pytest.raises(OptionError, match="no option 'widht'"):
        C99.from_options({"widht": "3"})
    assert C99.from_options({"main": "yes", "part-size": "99"}) == C99(main=True, part_size=99)


@pytest.mark.slow
def test_compile_time_is_linear_and_bounded(tmp_path: Path) -> None:
    """256,000 gates: under 90 s of gcc and under 2 GB (the measured child's peak)."""
    import resource

    write(C99(), random_circuit(784, [64000] * 4, 10), tmp_path / "big.c")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run([*compiler(), "-O2", "-c", str(tmp_path / "big.c"), "-o", str(tmp_path / "big.o")])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 90
    assert after.ru_maxrss < 2_000_000
