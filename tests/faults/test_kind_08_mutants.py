"""What small faults of the compiler lived through: near-equal nodes, many votes, wide functions, orders, edges.

Kind 8: a test that a wrong compiler passes. ``make mutants`` (docs/mutants.md) looks for more of them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from itertools import pairwise, permutations, product
from pathlib import Path

import numpy as np
import pytest
from cbuild import Loaded
from guarded import guarded
from numpy.typing import NDArray
from strategies import _STRUCTURED, all_inputs, random_circuit, random_inputs

from lgc.backend.base import format_class, to_bytes, write
from lgc.backend.onnx import Onnx
from lgc.frontend import ImportOptions, load_circuit
from lgc.frontend.assemble import from_thresholds, make_head, make_inputs
from lgc.ir import CONST0, CONST1, FIRST_INPUT, Builder, Circuit, Encoder, Head, interp
from lgc.passes import PASSES, optimize
from lgc.runtime import Predictor

MERGING = ["fanin-dedup", "absorb-inverters"]


def one_vote_each(builder: Builder, outputs: list[int]) -> Circuit:
    names = tuple(f"k{index}" for index in range(len(outputs)))
    return Circuit("c", Encoder(builder.num_inputs), builder.build(outputs), Head.equal_groups(len(outputs), names))


def same_scores(one: Circuit, other: Circuit) -> None:
    bits = all_inputs(one.netlist.num_inputs)
    np.testing.assert_array_equal(interp.scores(one, bits), interp.scores(other, bits))


# --- nodes that are nearly equal


@pytest.mark.parametrize("name", MERGING)
@pytest.mark.parametrize("arity", range(1, 7))
def test_nodes_that_differ_in_one_operand_are_not_merged(name: str, arity: int) -> None:
    """At each place of the operands, the last among them."""
    builder = Builder(arity + 1)
    table = _STRUCTURED[arity][0]  # parity depends on every operand
    operands = list(range(FIRST_INPUT, FIRST_INPUT + arity))
    nodes = [builder.add(table, operands)]
    for place in range(arity):
        nodes.append(builder.add(table, [*operands[:place], FIRST_INPUT + arity, *operands[place + 1 :]]))
    circuit = one_vote_each(builder, nodes)
    after = PASSES[name]().run(circuit).circuit
    same_scores(circuit, after)
    if arity > 1:
        assert after.netlist.num_nodes == arity + 1


@pytest.mark.parametrize("name", MERGING)
def test_operands_handed_round_are_another_function(name: str) -> None:
    """Sorting operands permutes the table; a permutation of three is not its own inverse."""
    table = 0b10110010  # no symmetry: another function for each order of its operands
    builder = Builder(3)
    nodes = [builder.add(table, order) for order in permutations(range(2, 5))]
    circuit = one_vote_each(builder, nodes)
    after = PASSES[name]().run(circuit).circuit
    same_scores(circuit, after)
    assert (np.diff(after.netlist.fanin[after.netlist.arity == 3], axis=1) > 0).all()


@pytest.mark.parametrize("name", sorted(set(PASSES) - {"thermometer"}))
def test_one_number_is_another_function_at_another_arity(name: str) -> None:
    """Table 6 is XOR of two, and at three operands XOR of two and NOT the third."""
    builder = Builder(6)
    nodes = [builder.add(6, range(2, 2 + arity)) for arity in range(2, 7)]
    nodes += [builder.add(1, range(2, 2 + arity)) for arity in range(1, 7)]
    circuit = one_vote_each(builder, nodes)
    same_scores(circuit, PASSES[name]().run(circuit).circuit)


# --- C: many votes of one net, and wide functions


def c_scores(circuit: Circuit, folder: Path, bits: NDArray[np.bool_]) -> NDArray[np.int32]:
    packed = np.packbits(np.ascontiguousarray(bits), axis=1, bitorder="little")
    return Loaded(circuit, folder, "-O0")("bits", packed)[0]


def many_votes() -> Circuit:
    """Class k counts k copies of a net, and with it nothing, another net, a constant, or both."""
    builder = Builder(3)
    parity = builder.add(0x96, (2, 3, 4))
    beside = [[], [3], [CONST1], [3, 4, CONST1], [parity, 2, 3]]
    groups = [[2] * times + others for times in range(1, 10) for others in beside]
    groups += [[2] * first + [3] * second for first in (3, 4, 5, 8) for second in (1, 4, 7)]
    offsets = np.cumsum([0, *map(len, groups)])
    names = tuple(f"k{index}" for index in range(len(groups)))
    head = Head(offsets, np.arange(len(groups)) % 5 - 2, names)
    return Circuit("votes", Encoder(3), builder.build([net for group in groups for net in group]), head)


def test_a_net_counted_many_times_in_c(tmp_path: Path) -> None:
    circuit, bits = many_votes(), all_inputs(3)
    votes = circuit.netlist.outputs
    for lo, hi in pairwise(circuit.head.offsets.tolist()):
        assert np.bincount(votes[lo:hi]).max() >= 1
    np.testing.assert_array_equal(c_scores(circuit, tmp_path, bits), interp.scores(circuit, bits))


def test_a_net_its_complement_and_constants_counted_together_in_c(tmp_path: Path) -> None:
    """A net and its complement make a constant, which carries with others and with the bias."""
    builder = Builder(2)
    inverted = builder.add(1, (2,))
    times = list(product(range(4), range(4), range(4), range(2)))
    groups = [[2] * x + [inverted] * y + [CONST1] * ones + [3] * other for x, y, ones, other in times]
    names = tuple(f"k{index}" for index in range(len(groups)))
    head = Head(np.cumsum([0, *map(len, groups)]), np.arange(len(groups)) % 7 - 3, names)
    circuit = Circuit("c", Encoder(2), builder.build([net for group in groups for net in group]), head)
    bits = all_inputs(2)
    np.testing.assert_array_equal(c_scores(circuit, tmp_path, bits), interp.scores(circuit, bits))
    same_scores(circuit, optimize(circuit, "O2"))


@pytest.mark.parametrize("level", ["O1", "O2"])
def test_a_net_counted_many_times_in_the_passes(level: str) -> None:
    same_scores(many_votes(), optimize(many_votes(), level))


def structured(arity: int) -> Circuit:
    builder = Builder(arity)
    orders = [range(2, 2 + arity), [*range(3, 2 + arity), 2]]
    return one_vote_each(builder, [builder.add(table, order) for table in _STRUCTURED[arity] for order in orders])


@pytest.mark.parametrize("arity", [3, 4, 5, 6])
def test_wide_functions_with_structure_in_c(arity: int, tmp_path: Path) -> None:
    """Parity, every threshold, a multiplexer and more, with their operands handed round."""
    circuit, bits = structured(arity), all_inputs(arity)
    np.testing.assert_array_equal(c_scores(circuit, tmp_path, bits), interp.scores(circuit, bits))


@pytest.mark.parametrize("arity", [3, 5, 6])
@pytest.mark.parametrize("level", ["O1", "O2"])
def test_wide_functions_with_structure_in_the_passes(level: str, arity: int) -> None:
    same_scores(structured(arity), optimize(structured(arity), level))


# --- files


def onnx_scores(circuit: Circuit, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(to_bytes(Onnx(), circuit), providers=["CPUExecutionProvider"])
    return session.run(["scores"], {"bits": np.ascontiguousarray(bits)})[0]


def test_one_table_number_at_every_arity_in_onnx() -> None:
    """NOT beside NOR: nodes of a level are grouped by table and arity."""
    builder = Builder(6)
    nodes = []
    for table in (1, 2, 3, 6, 8):
        first = 2 if table > 3 else 1
        nodes += [builder.add(table, range(2, 2 + arity)) for arity in range(first, 7)]
        nodes += [builder.add(table, range(7, 7 - arity, -1)) for arity in range(6, first - 1, -1)]
    circuit, bits = one_vote_each(builder, nodes), all_inputs(6)
    np.testing.assert_array_equal(onnx_scores(circuit, bits), interp.scores(circuit, bits))


def test_wide_functions_with_structure_in_onnx() -> None:
    circuit, bits = structured(6), all_inputs(6)
    np.testing.assert_array_equal(onnx_scores(circuit, bits), interp.scores(circuit, bits))


COVERS = {
    ".names z\n": 0,  # an empty cover is the constant 0
    ".names z\n0\n": 0,
    ".names z\n1\n": 1,
    ".names a b c z\n": 0,
    ".names a b c z\n--- 1\n": 1,
    ".names a b c z\n--- 0\n": 0,
    ".names a b c d e f g z\n": 0,
    ".names a b c d e f g z\n------- 1\n": 1,
    ".names a b c d e f g z\n------- 0\n": 0,
}


@pytest.mark.parametrize("cover", COVERS)
@pytest.mark.parametrize("follows", ["", ".names a b y\n11 1\n"])
def test_blif_covers_of_one_value(cover: str, follows: str, tmp_path: Path) -> None:
    outputs = "z y" if follows else "z"
    path = tmp_path / "net.blif"
    path.write_text(f".model m\n.inputs a b c d e f g\n.outputs {outputs}\n{cover}{follows}.end\n")
    bits = all_inputs(7)
    seen = interp.evaluate(load_circuit(path, ImportOptions({"classes": 1})).netlist, bits)
    assert (seen[:, 0] == COVERS[cover]).all()
    if follows:
        np.testing.assert_array_equal(seen[:, 1], bits[:, 0] & bits[:, 1])


# --- orders that are not their own inverse


@pytest.mark.parametrize("order", [*list(permutations(range(3))), (1, 2, 3, 0), (3, 0, 1, 2), (2, 0, 3, 1)])
def test_thresholds_in_any_order_keep_their_bits(order: tuple[int, ...]) -> None:
    """Bit t of a feature, in the file's order, says x > threshold t of the file."""
    rows = np.array([np.array([5.0, 10.0, 20.0, 40.0])[list(order)], np.array([1.0, 2.0, 3.0, 4.0])[list(order)]])
    assembler, bits = from_thresholds(rows)
    assembler.layer(bits.reshape(-1, 1), np.full(rows.size, 2, np.uint64))
    samples = np.array([[x, y] for x in (4.0, 5.0, 7.0, 15.0, 40.0, 41.0) for y in (0.0, 1.0, 1.5, 2.5, 3.5, 9.0)])
    encoded = np.concatenate([np.zeros((len(samples), 2), bool), assembler.encoder.encode(samples)], axis=1)
    np.testing.assert_array_equal(encoded[:, bits], samples[:, :, None] > rows)


@pytest.mark.parametrize("bit_order", ["feature-major", "threshold-major"])
def test_bits_of_three_features_and_two_thresholds_in_both_orders(bit_order: str) -> None:
    thresholds = np.array([[0.5, 2.5], [3.0, 1.0], [7.0, 8.0]])
    assembler, bits = make_inputs(ImportOptions({"thresholds": thresholds, "bit_order": bit_order}), 6)
    samples = np.random.default_rng(0).integers(0, 10, (50, 3)).astype(np.float64)
    encoded = np.concatenate([np.zeros((50, 2), bool), assembler.encoder.encode(samples)], axis=1)
    above = samples[:, :, None] > thresholds
    expected = above if bit_order == "feature-major" else above.transpose(0, 2, 1)
    np.testing.assert_array_equal(encoded[:, bits], expected.reshape(50, 6))
    assert make_head(ImportOptions({"classes": 2}), 6).offsets.tolist() == [0, 3, 6]


# --- arrays in any layout


def fortran(rows: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.asfortranarray(rows)


def backwards(rows: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.ascontiguousarray(rows[::-1, ::-1])[::-1, ::-1]


def strided(rows: NDArray[np.generic]) -> NDArray[np.generic]:
    wide = np.zeros((2 * len(rows), 3 * rows.shape[1]), rows.dtype)
    wide[::2, 1::3] = rows
    return wide[::2, 1::3]


def read_only(rows: NDArray[np.generic]) -> NDArray[np.generic]:
    rows = rows.copy()
    rows.setflags(write=False)
    return rows


LAYOUTS = [fortran, backwards, strided, read_only]


@pytest.fixture(scope="module")
def predictors() -> list[Predictor]:
    """With bits and with thresholds, in C and in numpy."""
    plain = random_circuit(19, [60], 3, seed=2)
    thresholds = np.sort(np.random.default_rng(3).integers(0, 255, (19, 1)), axis=1).astype(np.float64)
    behind = Circuit("behind", Encoder(19, thresholds), plain.netlist, plain.head)
    return [Predictor(circuit, engine=engine) for circuit in (plain, behind) for engine in ("c", "numpy")]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("form", ["bools", "packed", "uint8", "float32", "float64", "int64"])
def test_samples_in_any_memory_layout(
    layout: Callable[[NDArray[np.generic]], NDArray[np.generic]], form: str, predictors: list[Predictor]
) -> None:
    for predictor in predictors:
        circuit = predictor.circuit
        bits = random_inputs(19, 150, 5)
        if form == "bools":
            rows: NDArray[np.generic] = bits
        elif form == "packed":
            rows = np.packbits(bits, axis=1, bitorder="little")
        elif circuit.encoder.thresholds is None:
            rows = bits.astype(form)
        else:
            rows = np.random.default_rng(6).integers(0, 255, bits.shape).astype(form)
            bits = circuit.encoder.encode(rows)
        expected = interp.scores(circuit, bits)
        np.testing.assert_array_equal(predictor.scores(layout(rows)), expected)
        np.testing.assert_array_equal(predictor.predict(layout(rows)), circuit.head.classify(expected))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_the_interpreter_reads_bits_in_any_layout(layout: Callable[[NDArray[np.generic]], NDArray[np.bool_]]) -> None:
    circuit, bits = random_circuit(9, [20], 2, arity=6), random_inputs(9, 130, 1)
    np.testing.assert_array_equal(interp.scores(circuit, layout(bits)), interp.scores(circuit, bits))
    np.testing.assert_array_equal(interp.unpack(layout(interp.pack(bits)), 130), bits)


# --- memory: a byte too far is not there


def run_between_guards(circuit: Circuit, library: Loaded, samples: int) -> None:
    """Rows, results and workspace each end at a page that nobody may touch: a byte beyond is a crash."""
    rows = np.packbits(random_inputs(circuit.netlist.num_inputs, samples, samples), axis=1, bitorder="little")
    classes = circuit.head.num_classes
    with (
        guarded(rows.nbytes) as source,
        guarded(4 * samples * classes) as scores,
        guarded(4 * samples) as found,
        guarded(library.workspace.nbytes) as memory,
    ):
        ctypes.memmove(source, rows.ctypes.data, rows.nbytes)
        function = library._library.t_run_bits
        function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_void_p] * 3]
        function(source, samples, scores, found, memory)
        seen = np.frombuffer(ctypes.string_at(scores, 4 * samples * classes), np.int32).reshape(samples, classes)
        expected = interp.scores(circuit, np.unpackbits(rows, axis=1, count=circuit.encoder.num_bits,
                                                        bitorder="little").astype(np.bool_))  # fmt: skip
        np.testing.assert_array_equal(seen, expected)
        chosen = np.frombuffer(ctypes.string_at(found, 4 * samples), np.int32)
        np.testing.assert_array_equal(chosen, circuit.head.classify(expected))


@pytest.mark.parametrize("bits", [9, 64, 65, 131])
@pytest.mark.parametrize("flags", [("-O0", "-DLGC_WORD_BITS=32"), ("-O0", "-mavx2")], ids=["word32", "avx2"])
def test_c_touches_nothing_beyond_its_memory(bits: int, flags: tuple[str, ...], tmp_path: Path) -> None:
    circuit = random_circuit(bits, [70, 35], 5, seed=bits)
    library = Loaded(circuit, tmp_path, *flags)
    for samples in (1, 31, 33, 257, 1025):
        run_between_guards(circuit, library, samples)


# --- modes are restored


def test_training_leaves_denormals_as_they_were() -> None:
    """The kernel flushes denormals while it runs, in each of its threads, of which one is the caller's."""
    torch = pytest.importorskip("torch")
    from lgc.train.fused import fused_step
    from lgc.train.modules import GroupSum, LogicLayer, LogicNetwork, TopK

    network = LogicNetwork(Encoder(37), [LogicLayer(TopK(37, 40, 5), 40)], GroupSum(5, 2.0))
    step = fused_step(network, 64)
    if step is None:
        pytest.skip("no C compiler")
    step.lr = 0.1
    step(torch.ones((50, 37), dtype=torch.uint8), torch.zeros(50, dtype=torch.long))
    tiny = np.full(64, 1e-40, np.float32)
    assert ((tiny * np.float32(1)) > 0).all()
    assert (torch.full((64,), 1e-40) * 1 > 0).all()


# --- duplicates, constants, wires through


def test_duplicates_constants_and_wires_reach_every_format(tmp_path: Path) -> None:
    """Outputs that are inputs, constants, equal to one another, and complements, in each format that has outputs."""
    builder = Builder(3)
    inverted = builder.add(1, (2,))
    twice = [builder.add(0x8, (2, 3)), builder.add(0x8, (2, 3)), builder.add(0x7, (2, 3))]
    outputs = [2, 2, 3, CONST0, CONST1, CONST1, inverted, inverted, *twice, twice[0], 4]
    circuit, bits = one_vote_each(builder, outputs), all_inputs(3)
    expected = interp.scores(circuit, bits)
    for level in ("O0", "O1", "O2"):
        best = optimize(circuit, level)
        np.testing.assert_array_equal(interp.scores(best, bits), expected)
        np.testing.assert_array_equal(onnx_scores(best, bits), expected)
        for suffix in (".blif", ".aag", ".aig", ".lgn"):
            path = tmp_path / f"{level}{suffix}"
            write(format_class(path)(), circuit, path)
            np.testing.assert_array_equal(interp.evaluate(load_circuit(path).netlist, bits), expected)
