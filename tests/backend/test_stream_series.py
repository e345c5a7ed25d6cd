"""Dense tables in series: every score in a second simulator, what is refused, and the rows of tables themselves."""

from dataclasses import replace

import numpy as np
import pytest
from conv_models import Slide, draw, tables
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_bench import check

from lgc import compile as lgc_compile
from lgc.backend.base import to_bytes
from lgc.backend.verilog.stream import StreamVerilog
from lgc.backend.verilog.stream.near import Lookup, with_near
from lgc.backend.verilog.stream.rows import rows_of
from lgc.errors import NotCheckedError, OptionError
from lgc.frontend import Layer, Model, lower
from lgc.ir import Encoder, Head
from lgc.ir.interp import evaluate
from lgc.verify.formal.dialect import check_words


def model_of(*slides: Slide, dense: int, image=(1, 6, 6), seed: int = 0):
    return draw(image, list(slides), np.random.default_rng(seed), dense=dense)


@pytest.mark.parametrize(
    ("slides", "dense", "rate", "idle"),
    [
        ([Slide((3, 3), 12, 4)], 30, 2, 0),  # two words an output, which wait for each other
        ([Slide((3, 3), 20, 4, 1, (2, 1), (1, 1))], 22, 2, 0),  # padding: idle clocks stand in for pixels
        ([Slide((2, 2), 3, 2), Slide((3, 2), 5, 6, 1, (1, 2))], 8, 3, 2),  # classes that three do not divide
    ],
)
def test_every_score(tmp_path, slides, dense, rate, idle):
    check(model_of(*slides, dense=dense), tmp_path, eager=idle == 0, idle=idle, tables_per_clock=rate)


def test_biases_ties_and_a_single_class(tmp_path):
    model = model_of(Slide((3, 3), 6, 4), dense=18)
    head = Head.equal_groups(18, ("a", "b", "c"), bias=np.array([-7, 0, 300]), tie="last")
    check(replace(model, head=head), tmp_path / "bias", eager=True, idle=0, tables_per_clock=1)
    check(replace(model, head=Head.equal_groups(18, ("a",))), tmp_path / "one", eager=False, idle=1, tables_per_clock=2)


def test_rows_are_the_votes_of_the_layer():
    """Against the interpreter: votes that are constants, inputs and tables of any arity, in classes of any size."""
    model = model_of(Slide((3, 3), 6, 4), dense=40)
    tables = model.layers[1].tables.copy()
    tables[:4] = [0, 0xFFFF, 0xAAAA, 0x3333]
    tables[20:22] = tables[22] ^ np.uint64(0xFFFF), tables[23]  # votes that share what they compute, and stay two
    wires = model.layers[1].wires + 2
    wires[20:22] = wires[22:24]
    wires[4:9, 1], wires[7:12, 0] = 0, 1  # the constants, which are the first of the sources
    dense = replace(model.layers[1], tables=tables, wires=wires, sources=(-1, 1))
    circuit = StreamVerilog(replace(model, layers=(model.layers[0], dense)), tables_per_clock=3).streamed.dense
    rows = rows_of(circuit, 3)
    bits = np.random.default_rng(1).integers(0, 2, (50, circuit.netlist.num_inputs)).astype(np.bool_)
    address = (bits[:, rows.wires] * (1 << np.arange(rows.arity))).sum(axis=-1).astype(np.uint64)
    votes = (rows.tables >> address & np.uint64(1)).sum(axis=2)
    scores = np.add.reduceat(votes, np.flatnonzero(np.concatenate([[True], rows.ends[:-1]])), axis=1)
    encoder = Encoder(model.layers[0].width)
    whole = lower(replace(model, encoder=encoder, layers=(replace(dense, sources=(-1, 0)),)))
    expected = np.add.reduceat(evaluate(whole.netlist, bits).astype(int), whole.head.offsets[:-1], axis=1)
    np.testing.assert_array_equal(scores + circuit.head.bias, expected)
    assert rows.arity == 4 and rows.count == 14


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1 << 30), lanes=st.integers(1, 4), arity=st.integers(1, 6), dense=st.integers(2, 90),
    size=st.sampled_from([2, 8]),
)  # fmt: skip
def test_first_operands_read_few_words(seed, lanes, arity, dense, size):
    """The same votes from tables in other places, of which the first operand is in the few words of its lane."""
    rng = np.random.default_rng(seed)
    cut = int(rng.integers(0, dense + 1))  # perhaps a class without votes
    layer = Layer("d", rng.integers(0, 96, (dense, arity)), tables((dense,), arity, rng), (0,))
    circuit = lower(Model("m", Encoder(96), (layer,), Head(np.array([0, cut, dense]), np.zeros(2, int), ("a", "b"))))
    plain = Lookup("l", rows_of(circuit, lanes), size, 96 // size, np.arange(96))
    near = with_near(plain)
    assert near.far == near.rows.arity - 1 and len(near.near) == lanes
    bits = rng.integers(0, 2, (30, 96)).astype(np.uint64)
    np.testing.assert_array_equal(scores_of(near.rows, bits), scores_of(plain.rows, bits))
    assert sorted(near.rows.outputs.reshape(-1)) == sorted(plain.rows.outputs.reshape(-1))
    real = near.rows.outputs >= 0
    for lane, few in enumerate(near.near):
        words = near.places[near.rows.wires[:, lane, 0][real[:, lane]]] // size
        assert set(words) <= set(few.tolist()) and len(few) <= max(1, real[:, lane].sum())
    far, first = near.addresses()
    for lane, few in enumerate(near.near):
        where = few[first[:, lane] // size] * size + first[:, lane] % size
        np.testing.assert_array_equal(where[real[:, lane]], near.rows.wires[:, lane, 0][real[:, lane]])
    np.testing.assert_array_equal(far, near.rows.wires[..., 1:])


def scores_of(rows, bits):
    """Votes (B, classes) of rows, for bits (B, inputs)."""
    address = (bits[:, rows.wires] << np.arange(rows.arity, dtype=np.uint64)).sum(axis=-1, dtype=np.uint64)
    votes = (rows.tables >> address & np.uint64(1)).sum(axis=2)
    return np.add.reduceat(votes, np.flatnonzero(np.concatenate([[True], rows.ends[:-1]])), axis=1)


def test_a_small_memory_is_in_the_dialect_that_is_proved():
    model = model_of(Slide((3, 3), 6, 4), dense=18)
    text = to_bytes(StreamVerilog(model, tables_per_clock=2), lower(model)).decode()
    assert '(* ram_style = "distributed" *)' in text
    check_words(text)
    with pytest.raises(NotCheckedError, match="has an attribute"):
        check_words(text.replace('"distributed"', '"block"'))


def test_many_words_stay_in_block_memory():
    """A memory of lookup tables would be larger than 2,048 bits: every operand reads all words."""
    rng = np.random.default_rng(0)
    layer = Layer("d", rng.permutation(4096).reshape(-1, 2), tables((2048,), 2, rng), (0,))
    circuit = lower(Model("m", Encoder(4096), (layer,), Head.equal_groups(2048, ("a", "b"))))
    lookup = Lookup("l", rows_of(circuit, 2), 8, 512, np.arange(4096))
    assert with_near(lookup) is lookup and lookup.far == 2


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (
            model_of(Slide((3, 3), 4, 4), dense=80),
            {"tables_per_clock": 1},
            "1 tables a clock .* --tables-per-clock 3 fits",
        ),
        (model_of(Slide((3, 3), 4, 4), dense=0), {"tables_per_clock": 1}, "this model has none"),
        (model_of(Slide((3, 3), 4, 4), dense=8), {"tables_per_clock": 1, "pipeline": 4}, "--pipeline is of dense"),
        (model_of(Slide((3, 3), 4, 4), dense=8), {"tables_per_clock": 1, "stream": False}, "Give --stream too"),
    ],
)
def test_what_is_refused(tmp_path, model, options, message):
    with pytest.raises(OptionError, match=message):
        lgc_compile(model, tmp_path / "net.v", **({"stream": True} | options))
    assert not list(tmp_path.iterdir())


def more_dense(model, *widths: int, arity: int = 3, seed: int = 0):
    """With more dense layers, each of which reads the one before."""
    rng, layers = np.random.default_rng(seed), [*model.layers]
    for width in widths:
        wires = rng.integers(0, layers[-1].width, (width, arity))
        layers.append(Layer(f"layer{len(layers) + 1}", wires, tables((width,), arity, rng), (len(layers),)))
    return replace(model, layers=tuple(layers), head=Head.equal_groups(widths[-1], ("no", "yes")))


@pytest.mark.parametrize(
    ("widths", "rate", "idle", "eager"), [((16,), 2, 0, True), ((9, 6), 1, 0, True), ((14, 10), 3, 2, False)]
)
def test_more_dense_layers(tmp_path, widths, rate, idle, eager):
    model = more_dense(model_of(Slide((3, 3), 6, 4), dense=18, image=(1, 6, 7)), *widths)
    check(model, tmp_path, eager=eager, idle=idle, tables_per_clock=rate)


def test_a_dense_layer_that_reads_constants_in_another(tmp_path):
    model = more_dense(model_of(Slide((3, 3), 6, 4), dense=12), 8)
    last = model.layers[-1]
    wires = last.wires + 2
    wires[:3, 0], wires[2:5, 2] = 0, 1  # the constants, which are the first of the sources
    layers = (*model.layers[:-1], replace(last, wires=wires, sources=(-1, 2)))
    check(replace(model, layers=layers), tmp_path, eager=True, idle=0, tables_per_clock=2)


def test_a_layer_that_reads_further_back_is_refused(tmp_path):
    model = more_dense(model_of(Slide((3, 3), 4, 4), dense=8), 4)
    deep = replace(model, layers=(*model.layers[:-1], replace(model.layers[-1], sources=(1,))))
    with pytest.raises(OptionError, match="layer3 reads a layer that is not just before it"):
        lgc_compile(deep, tmp_path / "net.v", stream=True, tables_per_clock=1)
    assert not list(tmp_path.iterdir())
