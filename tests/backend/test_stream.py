"""Streaming circuits: what they answer in a second simulator, what they are refused for, and what a linter says."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from conv_models import Slide, draw, naive
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from stream_bench import Sent, check, replies

from lgc import compile as lgc_compile
from lgc.backend.apart import with_narrow_pools
from lgc.backend.base import to_bytes, write
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.stream import StreamVerilog
from lgc.errors import CheckpointError, OptionError
from lgc.frontend import Geometry, Layer, lower, write_model
from lgc.ir import Encoder, FeatureCode, FeatureCodes, Head
from lgc.ir.interp import scores as scores_of
from lgc.mapping.shape import HeadShape


@st.composite
def streams(draw_):
    """Two layers over a small image, perhaps with padding and strides, and perhaps a dense one behind."""
    rng = np.random.default_rng(draw_(st.integers(0, 1 << 30)))
    channels, height, width = (draw_(st.integers(low, high)) for low, high in ((1, 2), (2, 6), (2, 6)))
    slides, size = [], (height, width)
    for index in range(2):
        field = tuple(draw_(st.integers(1, min(n + 1, 4))) for n in size)
        padding = tuple(draw_(st.integers(0, (k - 1) // 2)) for k in field)
        stride = tuple(draw_(st.integers(1, 3)) for _ in field)
        out = [(n + 2 * p - k) // s + 1 for n, p, k, s in zip(size, padding, field, stride, strict=True)]
        assume(min(out) > 0 and all(k - p <= n for k, p, n in zip(field, padding, size, strict=True)))
        kernels = draw_(st.sampled_from([2, 4, 6]))
        arity, depth = draw_(st.sampled_from([(2, 1), (2, 3), (4, 1), (6, 1)]))
        slides.append(Slide(field, kernels, arity, depth, stride, padding))
        if index == 0 and draw_(st.booleans()):
            slides.append(Slide((1, 1)))
        size = tuple(out)
    dense, thresholds = draw_(st.sampled_from([0, 6, 30])), draw_(st.integers(0, 2))
    return draw((channels, height, width), slides, rng, dense=dense, thresholds=thresholds)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(model=streams(), eager=st.booleans(), idle=st.sampled_from([0, 0, 3]), rate=st.integers(0, 3))
def test_every_score_in_a_second_simulator(tmp_path_factory, model, eager, idle, rate):
    rate = rate if any(isinstance(layer, Layer) for layer in model.layers) else 0
    try:
        check(model, tmp_path_factory.mktemp("stream"), eager=eager, idle=idle, tables_per_clock=rate)
    except OptionError as error:  # a small image has few clocks
        assert rate and "tables a clock are" in str(error)


WINDOWS = [Slide((4, 4), stride=(4, 4)), Slide((3, 5), stride=(2, 1), padding=(1, 2)), Slide((7, 2), stride=(1, 2))]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("dense", [0, 6])
def test_wide_windows_are_pooled_along_the_row_first(tmp_path, window, dense):
    """The same network, and far smaller: a table has six inputs."""
    model = draw((2, 8, 8), [Slide((1, 1), 4, 4), window], np.random.default_rng(dense), dense=dense)
    narrow = with_narrow_pools(model)
    assert [layer.geometry.field for layer in narrow.layers[1:3]] == [(1, window.field[1]), (window.field[0], 1)]
    bits = np.random.default_rng(1).random((50, 128)) < 0.4
    np.testing.assert_array_equal(scores_of(lower(narrow), bits), naive(model, bits))
    assert [one.geometry.field for one in StreamVerilog(model).streamed.slides] == [
        layer.geometry.field for layer in narrow.layers[:3]
    ]
    check(model, tmp_path / "one", eager=True, idle=0)
    check(model, tmp_path / "gaps", eager=False, idle=2)
    if window.stride[1] == 4:
        check(model, tmp_path / "two", eager=True, idle=0, rate=2)


@pytest.mark.parametrize("window", [(2, 3), (1, 8), (8, 1)])
def test_windows_of_one_table_or_of_one_row_or_column_stay_whole(window):
    model = draw((2, 8, 8), [Slide((1, 1), 4, 4), Slide(window)], np.random.default_rng(0))
    assert [one.geometry for one in with_narrow_pools(model).layers] == [one.geometry for one in model.layers]


@pytest.mark.slow
@pytest.mark.parametrize(("height", "width"), list(product((2, 3, 5), (2, 3, 4))))
def test_all_small_geometries(tmp_path, height, width):
    """The schedule, which no proof covers: every field, stride and padding that fits, with and without gaps."""
    rng, count = np.random.default_rng(height * 10 + width), 0
    for field in product((1, 2, 3, 5), (1, 2, 3, 5)):
        for stride, padding in product(product((1, 2, 3), (1, 2)), product((0, 1, 2), (0, 1, 2))):
            sizes = list(zip((height, width), field, padding, strict=True))
            if not all(2 * p < k and k - p <= n and n + 2 * p >= k for n, k, p in sizes):
                continue
            model = draw((1, height, width), [Slide(field, 4, 4, 1, stride, padding)], rng)
            count += 1
            check(model, tmp_path / str(count), eager=count % 2 == 0, idle=0 if count % 3 else 2, count=4)
    assert count > 10


def test_biases_and_a_single_class(tmp_path):
    rng = np.random.default_rng(3)
    model = draw((1, 5, 4), [Slide((3, 2), 6, 4)], rng)
    width = model.layers[-1].width
    bias = Head.equal_groups(width, ("a", "b", "c"), bias=np.array([-7, 0, 300]), tie="last")
    check(replace(model, head=bias), tmp_path / "bias", eager=True, idle=0)
    check(replace(model, head=Head.equal_groups(width, ("a",))), tmp_path / "one", eager=False, idle=1)


@pytest.mark.parametrize("bias", [0, -3])
def test_votes_that_are_constant(tmp_path, bias):
    """The optimiser folds them into the bias: the dense layers' scores are then narrower than the model's."""
    model = draw((1, 5, 4), [Slide((3, 2), 4, 4)], np.random.default_rng(6), dense=16)
    last = model.layers[-1]
    tables = last.tables.copy()
    tables[[*range(7), *range(8, 15)]] = 0
    head = Head.equal_groups(16, ("no", "yes"), bias=np.array([bias, bias]))
    model = replace(model, layers=(*model.layers[:-1], replace(last, tables=tables)), head=head)
    format_ = StreamVerilog(model)
    assert HeadShape.of(format_.streamed.dense).score < HeadShape.of_head(model.head).score
    assert format_.ending.entry()["score_width"] == HeadShape.of(format_.streamed.dense).score
    check(model, tmp_path, eager=True, idle=0)


def test_features_are_compared_pixel_by_pixel(tmp_path):
    rng = np.random.default_rng(4)
    model = draw((2, 4, 5), [Slide((3, 3), 4, 6)], rng, thresholds=2)
    rows = np.sort(rng.integers(0, 1023, (2, 2)), axis=1)
    thresholds = np.repeat(rows, 20, axis=0) + 0.5
    model = replace(model, encoder=Encoder(40, thresholds))
    values = rng.integers(0, 1024, (4, 40))
    beats = values.reshape(4, 2, 20).transpose(0, 2, 1).astype("<u2")
    pixels = np.ascontiguousarray(beats).view(np.uint8).reshape(4, 20, 4)
    codes = FeatureCodes.uniform(FeatureCode(10), 40)
    scores, *_ = replies(model, tmp_path, [Sent(one) for one in pixels], eager=True, codes=codes)
    np.testing.assert_array_equal(scores, naive(model, model.encoder.encode(values)))


def test_outputs_can_be_chosen(tmp_path):
    model = draw((1, 4, 4), [Slide((3, 3), 4, 6)], np.random.default_rng(5), dense=8)
    for outputs in ("class", "scores"):
        format_ = StreamVerilog(model, Verilog(outputs=outputs))
        entry = format_.manifest(lower(model)).stream
        assert (entry["class_bytes"] > 0, entry["score_bytes"] > 0) == (outputs == "class", outputs == "scores")


def model_of(*slides: Slide, image=(1, 6, 6), **options):
    return draw(image, list(slides), np.random.default_rng(0), **options)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (model_of(Slide((2, 2), 2, 2, padding=(1, 1))), "padding of half of its field"),
        (model_of(Slide((5, 1), 2, 2, padding=(2, 0)), image=(1, 2, 2)), "larger than image and padding on one side"),
        (model_of(Slide((3, 3), 3, 2)), "3 kernels do not divide into 2 classes"),
    ],
)
def test_what_cannot_stream(tmp_path, model, message):
    with pytest.raises(OptionError, match=message):
        write(StreamVerilog(model), lower(model), tmp_path / "net.v")
    assert not list(tmp_path.iterdir())


def test_models_that_are_no_chain(tmp_path):
    model = model_of(Slide((3, 3), 2, 2), Slide((1, 1), 2, 2), dense=4)
    dense = Layer("layer1", np.zeros((4, 2), np.int64), np.zeros(4, np.uint64), (0,))
    plain = replace(model, layers=(dense,), head=Head.equal_groups(4, ("a", "b")))
    with pytest.raises(OptionError, match="does not begin with a convolution"):
        to_bytes(StreamVerilog(plain), lower(plain))
    skip = replace(model, layers=(*model.layers[:2], replace(model.layers[2], sources=(0, 2))))
    with pytest.raises(OptionError, match="reads a stage before the last feature map"):
        to_bytes(StreamVerilog(skip), lower(skip))
    again = replace(model.layers[1], source=0, geometry=Geometry(1, 6, 6))
    with pytest.raises((OptionError, CheckpointError)):
        to_bytes(StreamVerilog(replace(model, layers=(model.layers[0], again))), lower(model))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beat": 4}, "--beat is of a circuit that takes a whole image"),
        ({"passes": "const-fold"}, "--passes is of a circuit"),
        ({"clock": "100MHz", "part": "ecp5-85k"}, "--part, --clock is of a circuit|--part and --clock"),
        ({"feature_bits": 8}, "the input is bits"),
    ],
)
def test_options_of_other_circuits(tmp_path, options, message):
    with pytest.raises(OptionError, match=message):
        lgc_compile(model_of(Slide((3, 3), 2, 2)), tmp_path / "net.v", stream=True, **options)
    assert not list(tmp_path.iterdir())


def test_other_sources_and_formats(tmp_path):
    model = model_of(Slide((3, 3), 2, 2))
    with pytest.raises(OptionError, match="writes Verilog"):
        lgc_compile(model, tmp_path / "net.c", stream=True)
    with pytest.raises(OptionError, match="this is a netlist"):
        lgc_compile(lower(model), tmp_path / "net.v", stream=True)


def test_thresholds_that_differ_from_pixel_to_pixel(tmp_path):
    model = model_of(Slide((3, 3), 2, 2), thresholds=1)
    uneven = replace(model, encoder=Encoder(36, np.arange(36.0)[:, None] + 0.5))
    with pytest.raises(OptionError, match="the thresholds of pixel 1 are not those of pixel 0"):
        lgc_compile(uneven, tmp_path / "net.v", stream=True, input="features", feature_bits=8, feature_scale=1.0)


def test_the_same_bytes_each_time(tmp_path):
    model = model_of(Slide((3, 3), 2, 2), dense=4)
    write_model(model, tmp_path / "m.safetensors")
    first = lgc_compile(tmp_path / "m.safetensors", tmp_path / "net.v", stream=True)
    text = first.path.read_bytes()
    assert "latency" in str(first)
    assert lgc_compile(tmp_path / "m.safetensors", tmp_path / "net.v", stream=True).path.read_bytes() == text


@pytest.mark.sim
@pytest.mark.parametrize("thresholds", [0, 2])
@pytest.mark.parametrize("dense", [0, 8])
def test_verilator_has_nothing_to_say(tmp_path, dense, thresholds):
    import subprocess

    from lgc.tools.verilator import find_verilator

    layers = (Slide((3, 3), 6, 6, 2, (2, 2), (1, 1)), Slide((2, 2), stride=(1, 1)), Slide((1, 2), 4, 2, 4))
    model = model_of(*layers, image=(2, 7, 70), dense=dense, thresholds=thresholds)
    write(StreamVerilog(model, Verilog(top="net")), lower(model), tmp_path / "net.v")
    verilator = find_verilator()
    command = [*verilator.command, "--lint-only", "-Wall", "--top-module", "net", str(tmp_path / "net.v")]
    done = subprocess.run(command, env=verilator.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Warning" not in done.stderr, done.stderr
