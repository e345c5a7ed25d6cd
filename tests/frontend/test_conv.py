"""Convolution in a model: what it computes, what is refused, and that a file keeps it."""

import time
from dataclasses import replace

import numpy as np
import pytest
from conv_models import Slide, draw, naive, tables
from hypothesis import given, settings
from hypothesis import strategies as st

from lgc import inspect
from lgc.errors import CheckpointError
from lgc.frontend import ConvLayer, Geometry, Layer, PoolLayer, lower, read_model, unrolled, write_model
from lgc.frontend.checkpoint import RawCheckpoint, hardened_content, to_model, write_raw
from lgc.frontend.model import check_model
from lgc.frontend.reference import InterpreterReference, TorchReference
from lgc.frontend.software import SoftwareModel
from lgc.ir import Encoder, Head
from lgc.ir.interp import evaluate, scores
from lgc.ir.naming import labels

PAIR = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def models(draw_):
    """Two sliding layers and perhaps a dense one over an odd image."""
    rng = np.random.default_rng(draw_(st.integers(0, 1 << 30)))
    image = (draw_(st.integers(1, 2)), draw_(st.integers(3, 6)), draw_(st.integers(3, 6)))
    arity, depth = draw_(st.sampled_from([(2, 1), (2, 3), (3, 2), (6, 1), (4, 1)]))
    field = draw_(PAIR)
    padding = (draw_(st.integers(0, field[0] - 1)), draw_(st.integers(0, field[1] - 1)))
    slides = [Slide(field, draw_(st.sampled_from([2, 4])), arity, depth, draw_(PAIR), padding)]
    slides.append(draw_(st.sampled_from([Slide((1, 1)), Slide((1, 1), 2, 2), Slide((3, 3), padding=(2, 2))])))
    return draw(image, slides, rng, dense=draw_(st.sampled_from([0, 6])), thresholds=draw_(st.integers(0, 2)))


@settings(max_examples=40, deadline=None)
@given(models(), st.integers(0, 1 << 30))
def test_unrolled_and_torch_equal_a_naive_loop(model, seed):
    bits = np.random.default_rng(seed).integers(0, 2, (5, model.encoder.num_bits)).astype(np.bool_)
    expected = naive(check_model(model), bits)
    circuit = lower(model)
    np.testing.assert_array_equal(scores(circuit, bits), expected)
    np.testing.assert_array_equal(SoftwareModel.from_model(model).scores(bits), expected)
    names = labels(circuit.netlist.origins.names)
    torch_says, interpreter_says = (
        one.neurons(bits) for one in (TorchReference(model, names), InterpreterReference(circuit))
    )
    assert list(torch_says) == list(interpreter_says)
    for name, values in torch_says.items():
        np.testing.assert_array_equal(values, interpreter_says[name])


@settings(max_examples=15, deadline=None)
@given(models(), st.sampled_from([".pt", ".safetensors"]))
def test_a_file_keeps_kernels_and_geometry(tmp_path_factory, model, suffix):
    path = tmp_path_factory.mktemp("conv") / f"m{suffix}"
    write_model(model, path)
    back = read_model(path)
    assert back.digest() == model.digest() == lower(model).metadata["model_digest"]
    assert back.digest() != unrolled(model).digest()
    for ours, theirs in zip(model.layers, back.layers, strict=True):
        assert type(ours) is type(theirs)
        assert isinstance(ours, Layer) or ours.geometry == theirs.geometry


def test_versions():
    rng = np.random.default_rng(0)
    model = draw((1, 4, 4), [Slide((3, 3), 2)], rng)
    assert hardened_content(model)[0]["version"] == 3
    assert hardened_content(replace(unrolled(model), split={"seed": 1}))[0]["version"] == 2
    assert hardened_content(unrolled(model))[0]["version"] == 1


@pytest.mark.parametrize("arity", [2, 6])
@pytest.mark.parametrize("candidates", [False, True])
def test_the_trained_form_hardens_as_torch_does(tmp_path, arity, candidates):
    rng = np.random.default_rng(arity)
    model = draw((1, 5, 5), [Slide((3, 3), 4, arity, 2)], rng)
    header, _ = hardened_content(model)
    shape = model.layers[0].wires.shape
    count = 5 if candidates else 9
    tensors = {"layers.0.wire_logits": rng.standard_normal((*shape, count)).astype(np.float32)}
    if candidates:
        tensors["layers.0.candidates"] = rng.integers(0, 9, (*shape, count))
    name = "gate_logits" if arity == 2 else "table_logits"
    nodes = model.layers[0].tables.shape
    tensors[f"layers.0.{name}"] = rng.standard_normal((*nodes, 16 if arity == 2 else 64)).astype(np.float32)
    raw = RawCheckpoint(header, tensors)
    trained = to_model(raw)
    assert trained.form == "trained"
    bits = rng.integers(0, 2, (20, 25)).astype(np.bool_)
    write_raw(raw, tmp_path / "m.pt")
    expected = naive(trained, bits)
    np.testing.assert_array_equal(SoftwareModel.from_file(tmp_path / "m.pt").scores(bits), expected)
    np.testing.assert_array_equal(scores(lower(trained), bits), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"field": (6, 3)}, "a field of 6 x 3 is larger than the image of 5 x 5"),
        ({"stride": (0, 1)}, "is no geometry"),
        ({"field": (3, 3), "padding": (3, 0)}, "some positions see no pixel"),
        ({"channels": 0}, "is no geometry"),
    ],
)
def test_impossible_geometries(arguments, message):
    with pytest.raises(CheckpointError, match=message):
        Geometry(**{"channels": 1, "height": 5, "width": 5} | arguments)


def conv(**fields) -> ConvLayer:
    given = {"geometry": Geometry(1, 5, 5, 1, (3, 3)), "wires": np.zeros((2, 4), np.int64)}
    given |= {"tables": np.zeros((2, 3), np.uint64), "source": 0} | fields
    return ConvLayer("layer1", **given)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (conv(geometry=Geometry(2, 5, 5, 1, (3, 3))), "50 bits, but the stage before it has 25"),
        (conv(wires=np.full((2, 4), 9)), "kernel 0: operand 0 is wire 9, but the field has 9 bits"),
        (conv(tables=np.full((2, 3), 16, np.uint64)), "kernel 0: table 0 is wider than 4 bits"),
        (conv(tables=np.zeros((2, 4), np.uint64)), "no full tree"),
        (conv(wires=np.zeros((2, 5), np.int64)), "no full tree"),
        (conv(source=1), "reads the stages"),
        (PoolLayer("layer1", Geometry(1, 5, 5, 1, (2, 2), (2, 2)), 0), "leave 1 of 5 rows out"),
        (PoolLayer("layer1", Geometry(1, 1, 5, 5), 0), "pools 5 bits of a channel"),
    ],
)
def test_layers_that_do_not_fit(layer, message):
    model = draw((1, 5, 5), [Slide((3, 3), 2)], np.random.default_rng(0))
    with pytest.raises(CheckpointError, match=message):
        check_model(replace(model, layers=(layer,)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "dream"}, "layer1 is of the kind 'dream'"),
        ({"geometry": None}, "layer1 has no geometry"),
        ({"geometry": {"channels": 1, "height": 5, "width": 5, "planes": 1}}, "no pair of rows and columns"),
        ({"depth": 3}, "expected shape"),
        ({"source": 4}, "the source of layer1 is 4"),
    ],
)
def test_damaged_entries(change, message):
    header, tensors = hardened_content(draw((1, 5, 5), [Slide((3, 3), 2)], np.random.default_rng(0)))
    header["layers"][0] |= change
    with pytest.raises(CheckpointError, match=message):
        to_model(RawCheckpoint(header, tensors))


def test_a_geometry_that_a_file_says_names_the_layer():
    header, tensors = hardened_content(draw((1, 5, 5), [Slide((3, 3), 2)], np.random.default_rng(0)))
    header["layers"][0]["geometry"]["field"] = [7, 3]
    with pytest.raises(CheckpointError, match="layer1: a field of 7 x 3"):
        to_model(RawCheckpoint(header, tensors))


def test_inspect_shows_the_kernels():
    model = draw((2, 7, 7), [Slide((3, 3), 4, 6, 2, padding=(1, 1)), Slide((7, 7))], np.random.default_rng(0))
    found = inspect(model)
    text = str(found)
    assert "2 x 7 x 7" in text
    assert "1 x 1" in text
    layer = found.summary.as_json()["layers"][0]
    assert layer["kernels"] == 4
    assert layer["geometry"]["positions"] == [7, 7]
    assert layer["nodes"] == 4 * 7 * 49


@pytest.mark.parametrize("channels", [40, 600])
def test_bits_under_a_field_are_those_of_a_moving_window(channels):
    """600 channels have more bits in the field than the 8,192 that NumPy takes at a time."""
    geometry = Geometry(channels, 7, 5, 2, (4, 3), (3, 2), (2, 1))
    image = np.arange(geometry.num_bits).reshape(channels, 7, 5, 2)
    padded = np.pad(image, ((0, 0), (2, 2), (1, 1), (0, 0)), constant_values=-1)
    windows = [
        padded[:, y : y + 4, x : x + 3].ravel()
        for y in range(0, 3 * geometry.out_height, 3)
        for x in range(0, 2 * geometry.out_width, 2)
    ]
    np.testing.assert_array_equal(geometry.bits_under(), np.stack(windows, axis=1))
    some = np.random.default_rng(0).integers(0, geometry.field_bits, (4000, 3))
    np.testing.assert_array_equal(geometry.bits_under(some), np.stack(windows, axis=1)[some])


@pytest.mark.parametrize("channels", [20, 200])
def test_pooling_of_many_channels(channels):
    rng = np.random.default_rng(channels)
    model = draw((1, 16, 16), [Slide((3, 3), channels, padding=(1, 1))], rng)
    pool = PoolLayer("layer2", Geometry(channels, 16, 16, 1, (8, 8), (8, 8)), 1)
    model = replace(model, layers=(model.layers[0], pool), head=Head.equal_groups(pool.width, ("a", "b", "c", "d")))
    bits = rng.random((9, model.encoder.num_bits)) < 0.01
    maps = replace(model, layers=model.layers[:1], head=Head.equal_groups(channels * 256, ("a", "b")))
    seen = evaluate(lower(maps).netlist, bits).reshape(9, channels, 2, 8, 2, 8)
    outputs = evaluate(lower(model).netlist, bits)
    np.testing.assert_array_equal(outputs, seen.any(axis=(3, 5)).reshape(9, -1))
    assert 0.01 < outputs.mean() < 0.99


def test_300_000_tables_are_lowered_in_seconds():
    rng = np.random.default_rng(0)
    geometry = Geometry(1, 28, 28, 1, (5, 5))
    layer = ConvLayer("layer1", geometry, rng.integers(0, 25, (520, 6)), tables((520, 1), 6, rng), 0)
    model = draw((1, 28, 28), [Slide((5, 5), 1)], rng)
    model = replace(model, layers=(layer,), encoder=Encoder(784), head=Head.equal_groups(layer.width, ("a", "b")))
    start = time.process_time()
    circuit = lower(model)
    assert circuit.netlist.num_nodes == 520 * 576
    assert time.process_time() - start < 5
