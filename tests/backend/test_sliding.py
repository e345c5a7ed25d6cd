"""C of layers that slide: the kernels, each written once, against the unrolled network and a naive loop."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cbuild import Loaded, run, selftest
from conv_models import Slide, draw, naive
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lgc.backend.base import to_bytes
from lgc.backend.c import C99, SlidingC99, over_positions
from lgc.backend.c.held import HELD, JOINED
from lgc.backend.c.literal import STORE
from lgc.backend.c.plan import kernel_counts
from lgc.frontend import Layer, Model, lower
from lgc.ir import Head, interp
from lgc.passes import optimize

NO_SHRINK = (Phase.explicit, Phase.generate)  # an example costs a compilation
SIZES = st.integers(1, 3)


def chained(model: Model, level: str = "O2", **options: int) -> SlidingC99:
    form = over_positions(C99(prefix="t", **options), model, level)  # type: ignore[arg-type]
    assert isinstance(form, SlidingC99)
    return form


def pair(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def slides(draw_: st.DrawFn, height: int, width: int, *, first: bool) -> Slide:
    """A layer that fits an image."""
    field = min(draw_(SIZES), height), min(draw_(SIZES), width)
    padding = tuple(draw_(st.integers(0, size - 1)) for size in field)
    stride = draw_(pair(1, 2))
    if not first and draw_(st.booleans()):
        fits = all((n + 2 * p - k) % s == 0 for n, p, k, s in zip((height, width), padding, field, stride, strict=True))
        return Slide(field, stride=stride if fits else (1, 1), padding=padding)  # type: ignore[arg-type]
    arity, depth = draw_(st.sampled_from([(2, 1), (2, 3), (3, 2), (4, 1), (5, 1), (6, 1), (6, 2)]))
    return Slide(field, draw_(st.integers(1, 5)), arity, depth, stride, padding)  # type: ignore[arg-type]


@st.composite
def networks(draw_: st.DrawFn) -> Model:
    """Up to three layers that slide, then dense tables, or votes at the positions."""
    image = draw_(SIZES), draw_(st.integers(3, 9)), draw_(st.integers(3, 9))
    height, width, layers = image[1], image[2], []
    for index in range(draw_(SIZES)):
        slide = draw_(slides(height, width, first=index == 0))
        layers.append(slide)
        sizes = zip((height, width), slide.padding, slide.field, slide.stride, strict=True)
        height, width = ((n + 2 * p - k) // s + 1 for n, p, k, s in sizes)
    rng = np.random.default_rng(draw_(st.integers(0, 1 << 30)))
    return draw(image, layers, rng, dense=draw_(st.sampled_from([0, 0, 7, 30])), thresholds=draw_(st.integers(0, 3)),
                any_head=True)  # fmt: skip


def check(model: Model, folder: Path, form: SlidingC99, *flags: str, samples: int = 300) -> None:
    circuit = lower(model)
    bits = np.random.default_rng(0).random((samples, circuit.encoder.num_bits)) < 0.5
    library = Loaded(circuit, folder, *flags, target=form)
    library.workspace[:] = 0xA5  # nothing is taken to be 0 that was not made so
    scores, classes = library("bits", np.packbits(bits, axis=1, bitorder="little"))
    expected = interp.scores(circuit, bits)
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_array_equal(classes, circuit.head.classify(expected))


WORDS, PARTS = st.sampled_from([32, 64, 128, 256, 512]), st.sampled_from([16, 60, 400])
ANYTHING = given(networks(), WORDS, st.integers(1, 3), PARTS, st.sampled_from(["O0", "O1", "O2", "O3"]), st.booleans())


def check_network(model: Model, width: int, vectors: int, part_size: int, level: str, other: bool) -> None:
    flags = (f"-DLGC_WORD_BITS={width}", f"-DLGC_VECTORS={vectors}u", "-O0", *(["-DLGC_OTHER_KERNEL"] if other else []))
    with tempfile.TemporaryDirectory() as name:
        check(model, Path(name), chained(model, level, part_size=part_size), *flags)


@settings(max_examples=4, phases=NO_SHRINK, deadline=None)
@ANYTHING
def test_any_network_is_the_unrolled_one(
    model: Model, width: int, vectors: int, part_size: int, level: str, other: bool
) -> None:
    check_network(model, width, vectors, part_size, level, other)


@pytest.mark.slow
@settings(max_examples=200, phases=NO_SHRINK, deadline=None)
@ANYTHING
def test_two_hundred_networks(model: Model, width: int, vectors: int, part_size: int, level: str, other: bool) -> None:
    check_network(model, width, vectors, part_size, level, other)


def small(seed: int = 0, **options: int) -> Model:
    """Padding, stride, a pool and dense tables, odd sizes, two thresholds."""
    layers = [
        Slide((3, 3), 4, 6, 1, (2, 1), (1, 1)),
        Slide((2, 3), stride=(2, 1), padding=(0, 1)),
        Slide((2, 2), 6, 2, 2, padding=(1, 0)),
    ]
    return draw((2, 7, 5), layers, np.random.default_rng(seed), **({"dense": 12, "thresholds": 2} | options))


def test_every_score_is_that_of_a_naive_loop(tmp_path: Path) -> None:
    model = small()
    bits = np.random.default_rng(1).random((40, model.encoder.num_bits)) < 0.5
    library = Loaded(lower(model), tmp_path, "-O1", target=chained(model))
    library.workspace[:] = 0xA5
    scores, _ = library("bits", np.packbits(bits, axis=1, bitorder="little"))
    np.testing.assert_array_equal(scores, naive(model, bits))


POOLED = [
    Slide((3, 3), 5, 6, padding=(1, 1)),
    Slide((2, 4), stride=(2, 4)),
    Slide((2, 2), 4, 4, padding=(1, 0)),
    Slide((5, 1), stride=(5, 1)),
]


@pytest.mark.parametrize("flags", [("-DLGC_WORD_BITS=64",), ("-DLGC_WORD_BITS=512", "-DLGC_OTHER_KERNEL")])
@pytest.mark.parametrize("dense", [0, 30])
def test_kernels_go_into_their_windows_at_once(flags: tuple[str, ...], dense: int, tmp_path: Path) -> None:
    """With and without functions of three words; the map of 8 x 8 positions of five kernels is never there."""
    model = draw((2, 8, 8), POOLED, np.random.default_rng(8), dense=dense)
    form = chained(model)
    assert [slide.window for slide in form.chain.slides] == [(1, 1), (2, 4), (5, 1)]  # the first is the padded input
    padded, pooled, last = 2 * 10 * 10, 6 * 2 * 5, 4
    assert form.chain.num_words == max(padded, last) + pooled
    check(model, tmp_path, form, "-O0", "-DLGC_VECTORS=2u", *flags)


@pytest.mark.parametrize("flags", [(), ("-DLGC_OTHER_KERNEL",)])
def test_kernels_by_halves_and_positions_behind_the_last_window(flags: tuple[str, ...], tmp_path: Path) -> None:
    """Thresholds and their complements, some twice, ORed over 2 x 2 of 5 x 5 positions: the last ones are in none."""
    model = draw((1, 7, 7), [Slide((3, 3), 12, 6), Slide((2, 2), stride=(2, 2))], np.random.default_rng(2), dense=30)
    full = (1 << 64) - 1
    fives = [sum(((address ^ flips).bit_count() >= 5) << address for address in range(64)) for flips in range(0, 60, 6)]
    tables = np.array([*fives, fives[0] ^ full, fives[0]], np.uint64)[:, None]
    wires = np.random.default_rng(3).permuted(np.tile(np.arange(9), (12, 1)), axis=1)[:, :6]
    wires[-2:] = wires[0]
    model = replace(model, layers=(replace(model.layers[0], wires=wires, tables=tables), *model.layers[1:]))
    form = chained(model)
    (program,) = form.chain.slides[0].programs(10_000, ternary=True)
    words = [value for index in range(len(program)) for value in program.operands(index) if 9 <= value < 21]
    assert len(words) == 13  # each plane once, but one twice: as a function of three, of which two are it
    # Nine with the OR, one that three planes read, three ORs, and stores; three functions of halves stand there twice.
    assert len(program) == 9 * 6 + 6 + 3 + 12 - 3
    check(model, tmp_path, form, "-O0", "-DLGC_WORD_BITS=64", *flags)


def test_windows_that_overlap_or_are_padded_are_layers() -> None:
    for pool in (Slide((2, 2), stride=(1, 1)), Slide((2, 2), stride=(2, 2), padding=(1, 1))):
        model = draw((1, 6, 6), [Slide((3, 3), 5, 6), pool], np.random.default_rng(8), dense=30)
        assert [(slide.window, slide.circuit is None) for slide in chained(model).chain.slides] == [
            ((1, 1), False),
            ((1, 1), True),
        ]


def test_a_function_reads_an_input_once() -> None:
    """Kernels over 9 pixels of 4 channels: a function is over pixels of a channel or two, and holds them."""
    rng = np.random.default_rng(1)
    model = draw((4, 6, 6), [Slide((3, 3), 80, 6)], rng, dense=30)
    wires = rng.permuted(np.tile(np.arange(9), (80, 1)), axis=1)[:, :6] + 9 * rng.integers(0, 4, (80, 1))
    model = replace(model, layers=(replace(model.layers[0], wires=wires), *model.layers[1:]))
    text = to_bytes(chained(model, part_size=100), lower(model)).decode()
    functions = re.findall(r"^static void slide1_\d+\(.*?^}", text, re.DOTALL | re.MULTILINE)
    held = [function for function in functions if "word i" in function]
    assert len(held) > 4
    for function in held:
        reads = re.findall(r"x\[\d+\*V\]", function)
        assert len(reads) == len(set(reads)) <= HELD
    taken = re.findall(r"p\[(\d+)\*V\] =", "".join(held))
    assert sorted(map(int, taken)) == list(range(80))


@pytest.mark.parametrize("ternary", [False, True])
def test_a_function_of_windows_holds_few_words(ternary: bool) -> None:
    """With functions of three words its ORs and inputs, else its ORs alone; each kernel is in one function."""
    layers = [Slide((3, 3), 80, 6), Slide((2, 2), stride=(2, 2))]
    model = draw((4, 6, 6), layers, np.random.default_rng(1), dense=30)
    slide = chained(model).chain.slides[0]
    planes = []
    for program in slide.programs(10_000, ternary=ternary):
        stored = [program.right[index] for index in range(len(program)) if program.opcode[index] == STORE]
        read = {value for index in range(len(program)) for value in program.operands(index) if 0 <= value < 36}
        assert len(stored) <= JOINED or (ternary and len(read) + len(stored) <= HELD)
        planes += stored
    assert sorted(planes) == list(range(80))


def test_votes_at_positions_with_bias_and_unequal_groups(tmp_path: Path) -> None:
    model = small(3, dense=0)
    width = model.layers[-1].width
    head = Head(np.array([0, 5, 5, width]), np.array([-40, 7, 3]), ("a", "b", "c"), 1.0, "last")
    model = Model(model.name, model.encoder, model.layers, head)
    check(model, tmp_path, chained(model), "-O0")


def test_sanitizers_find_nothing_in_maps_and_padding(tmp_path: Path) -> None:
    model = small(2)
    flags = (
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-g0",
        "-DLGC_WORD_BITS=64",
        "-DLGC_VECTORS=2u",
    )
    text = selftest(lower(model), tmp_path, *flags, target=chained(model, main=True))
    assert text == "ok: 600 samples, every score and class\n"


def test_the_selftest_notices_a_wrong_kernel(tmp_path: Path) -> None:
    model = small(4)
    form = chained(model, main=True)
    selftest(lower(model), tmp_path, "-O0", "-DLGC_WORD_BITS=64", target=form)
    text = (tmp_path / "net.c").read_text()
    begin = "static void slide2_0("
    assert text.count(begin) == 2  # for functions of three words and for others
    at = text.rindex(begin)
    broken = text[:at] + text[at:].replace(" & ", " | ")
    (tmp_path / "net.c").write_text(broken)
    run(["cc", "-w", "-DLGC_MAIN", "-DLGC_WORD_BITS=64", str(tmp_path / "net.c"), "-o", str(tmp_path / "net")])
    with pytest.raises(AssertionError, match="FAILED: the scores differ"):
        run([str(tmp_path / "net")])


def test_a_kernel_stands_once_however_many_positions_there_are() -> None:
    rng = np.random.default_rng(0)
    sizes = []
    for side in (8, 32):
        model = draw(
            (1, side, side), [Slide((3, 3), 8, 6), Slide((2, 2), stride=(2, 2), padding=(1, 1))], rng, dense=40
        )
        once, whole = (len(to_bytes(form, circuit)) for form, circuit in forms(model))
        sizes.append(once)
        assert side == 8 or once < whole / 5
    assert sizes[1] < 1.1 * sizes[0]


def forms(model: Model) -> list[tuple[C99, object]]:
    circuit = lower(model)
    return [(chained(model), circuit), (C99(prefix="t"), optimize(circuit))]


def test_what_is_no_chain_is_unrolled() -> None:
    """Behind a dense layer, or with a layer that reads further back, kernels are written at every position."""
    model = small(dense=0)
    plain = C99(prefix="t")
    first, *rest = model.layers
    assert over_positions(plain, None) is plain
    assert over_positions(C99(unroll=True), model) == C99(unroll=True)
    dense = Layer("far", np.array([[0, 1]] * 4), np.full(4, 6, np.uint64), (0,))
    for layers in ((first, dense), (dense,), (first, *rest, dense)):
        width = layers[-1].width
        other = Model("m", model.encoder, layers, Head.equal_groups(width, ("a",)))
        assert over_positions(plain, other) is plain


@pytest.mark.parametrize("ternary", [False, True])
@pytest.mark.parametrize("pools", [False, True])
def test_counts_are_those_of_the_text(pools: bool, ternary: bool) -> None:
    """An operation is a line of a kernel, times the positions; a plane is written once a window."""
    layers = [Slide((3, 3), 5, 6), *([Slide((2, 2), stride=(2, 2))] if pools else [])]
    model = draw((1, 6, 6), layers, np.random.default_rng(3), dense=10)
    form = chained(model)
    counts = form.counts(lower(model), ternary=ternary)
    with_three, _, with_two = to_bytes(form, lower(model)).decode().rpartition("#else\n#define SLOTS")
    text = with_three.rpartition("#define SLOTS")[2] if ternary else with_two.partition("pop_options")[0]
    kernels, _, dense = text.partition("static void part0(")
    dense = dense.partition("static void evaluate")[0]
    assert counts.operations == 16 * kernels.count("const word v") + dense.count("const word v")
    assert counts.writes == (4 if pools else 16) * 5 + dense.count("    p[")
    if ternary:
        only = form.counts(lower(model), ternary=True).reads - kernel_counts(form.chain.dense, ternary=True).reads
        assert only == 16 * kernels.count("f[" if pools else "x[")
