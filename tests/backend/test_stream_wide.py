"""Several pixels a clock: every score in a second simulator, what does not divide, and what a linter says."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from conv_models import Slide, draw, naive
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from stream_bench import Sent, check, replies

from lgc import compile as lgc_compile
from lgc.backend.base import write
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.stream import StreamVerilog
from lgc.backend.verilog.stream.wide import fitting_rates
from lgc.errors import OptionError
from lgc.frontend import Geometry, Layer, lower
from lgc.ir import Encoder, FeatureCode, FeatureCodes


def sliding(model):
    return [layer for layer in model.layers if not isinstance(layer, Layer)]


@st.composite
def wide_streams(draw_):
    """Two layers over a small image, with strides and padding, and pixels a clock that fit them."""
    rng = np.random.default_rng(draw_(st.integers(0, 1 << 30)))
    channels, height, width = draw_(st.integers(1, 2)), draw_(st.integers(2, 5)), draw_(st.sampled_from([4, 6, 8]))
    slides, size = [], (height, width)
    for _ in range(2):
        field = tuple(draw_(st.integers(1, min(n + 1, 4))) for n in size)
        padding = tuple(draw_(st.integers(0, (k - 1) // 2)) for k in field)
        stride = (draw_(st.integers(1, 2)), draw_(st.integers(1, 2)))
        out = tuple((n + 2 * p - k) // s + 1 for n, p, k, s in zip(size, padding, field, stride, strict=True))
        assume(min(out) > 0 and all(k - p <= n for k, p, n in zip(field, padding, size, strict=True)))
        slides.append(Slide(field, draw_(st.sampled_from([2, 4])), 2, 2, stride, padding))
        size = out
    dense, thresholds = draw_(st.sampled_from([0, 8])), draw_(st.integers(0, 2))
    model = draw((channels, height, width), slides, rng, dense=dense, thresholds=thresholds)
    rates = fitting_rates(sliding(model))
    assume(rates)
    return model, draw_(st.sampled_from(rates))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(wide=wide_streams(), eager=st.booleans(), idle=st.sampled_from([0, 0, 3]))
def test_every_score_in_a_second_simulator(tmp_path_factory, wide, eager, idle):
    model, rate = wide
    check(model, tmp_path_factory.mktemp("wide"), eager=eager, idle=idle, rate=rate, count=4)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "rate"), [(4, 2), (4, 4), (6, 2), (6, 3), (8, 4), (6, 6)])
def test_all_small_geometries(tmp_path, width, rate):
    rng, count = np.random.default_rng(width * 10 + rate), 0
    for rows, columns in product((1, 3), (1, 2, 3, 4, 5)):
        for stride, padding in product(product((1, 2), (1, 2, 3, 4)), product((0, 1), (0, 1, 2))):
            sizes = list(zip((3, width), (rows, columns), padding, strict=True))
            if not all(2 * p < k and k - p <= n and n + 2 * p >= k for n, k, p in sizes):
                continue
            model = draw((1, 3, width), [Slide((rows, columns), 4, 4, 1, stride, padding)], rng)
            if rate in fitting_rates(sliding(model)):
                count += 1
                idle = 0 if count % 3 else 2
                check(model, tmp_path / str(count), eager=count % 2 == 0, idle=idle, count=4, rate=rate)
    assert count > 10


@pytest.mark.parametrize(
    ("slides", "rate", "options"),
    [
        # Pooling of two positions at once; the last map in one of them, and in two, side by side and in series.
        ([Slide((3, 3), 4, 4, 1, (1, 1), (1, 1)), Slide((2, 2), stride=(2, 2)), Slide((1, 3), 6, 2)], 2, {}),
        ([Slide((3, 3), 4, 4, 1, (1, 2), (1, 1)), Slide((2, 2), stride=(1, 1), padding=(0, 0))], 2, {}),
        ([Slide((2, 3), 4, 4, 1, (2, 1), (0, 1))], 2, {"tables_per_clock": 2}),
        ([Slide((3, 1), 4, 4)], 8, {}),  # a whole row a clock
    ],
)
def test_chains(tmp_path, slides, rate, options):
    model = draw((2, 6, 8), slides, np.random.default_rng(rate), dense=10, thresholds=2)
    check(model, tmp_path, eager=True, idle=0, rate=rate, **options)


def test_features_of_several_pixels(tmp_path):
    rng = np.random.default_rng(4)
    model = draw((2, 4, 6), [Slide((3, 3), 4, 6, padding=(1, 1))], rng, thresholds=2)
    thresholds = np.repeat(np.sort(rng.integers(0, 1023, (2, 2)), axis=1), 24, axis=0) + 0.5
    model = replace(model, encoder=Encoder(48, thresholds))
    values = rng.integers(0, 1024, (4, 48))
    pixels = np.ascontiguousarray(values.reshape(4, 2, 24).transpose(0, 2, 1).astype("<u2")).view(np.uint8)
    codes = FeatureCodes.uniform(FeatureCode(10), 48)
    frames = [Sent(one) for one in pixels.reshape(4, 8, 12)]
    scores, *_ = replies(model, tmp_path, frames, eager=True, codes=codes, pixels_per_clock=3)
    np.testing.assert_array_equal(scores, naive(model, model.encoder.encode(values)))


def test_rates_of_a_network_for_mnist():
    """Two for the stride of the first layer, four for two positions at once, of which the next takes both."""
    rng = np.random.default_rng(0)
    model = draw((1, 28, 28), [Slide((5, 5), 4, 2, 1, (2, 2)), Slide((3, 3), 4, 2, 1, (2, 2))], rng)
    assert fitting_rates(sliding(model)) == [2, 4]
    first, second = StreamVerilog(model, pixels_per_clock=4).streamed.slides
    assert first.geometry == Geometry(1, 28, 7, 4, (5, 2), (2, 1)) and first.together == 2
    assert second.geometry == Geometry(4, 12, 6, 2, (3, 2), (2, 1)) and second.together == 1


def model_of(*slides: Slide, image=(1, 6, 6), **options):
    return draw(image, list(slides), np.random.default_rng(0), **options)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (model_of(Slide((3, 3), 2, 2)), {"pixels_per_clock": 4}, "6 pixels, which 4 does not .*clock 2 fits"),
        (model_of(Slide((3, 3), 2, 2, 1, (1, 3))), {"pixels_per_clock": 2}, "a stride of 3.*clock 3 or 6 fits"),
        (model_of(Slide((2, 2), 2, 2)), {"pixels_per_clock": 2}, "2 of its 5 columns at once"),
        (model_of(Slide((3, 5), 2, 2, 1, (1, 1), (0, 2))), {"pixels_per_clock": 6}, "clock 2 or 3 fits"),
        (
            model_of(Slide((3, 3), 2, 2)),
            {"pixels_per_clock": 2, "interface": "uart", "board": "ulx3s"},
            "one pixel at a time, and --pixels-per-clock 2",
        ),
        (model_of(Slide((3, 3), 2, 2)), {"pixels_per_clock": 2, "stream": False}, "Give --stream too"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, model, options, message):
    with pytest.raises(OptionError, match=message):
        lgc_compile(model, tmp_path / "net.v", **({"stream": True} | options))
    assert not list(tmp_path.iterdir())


def test_what_the_manifest_says(tmp_path):
    model = model_of(Slide((3, 3), 4, 2), Slide((2, 2), 2, 2, 1, (1, 2)))
    wide, plain = (StreamVerilog(model, pixels_per_clock=n).manifest(lower(model)) for n in (2, 1))
    entry = wide.stream
    assert (wide.interval, entry["pixels_per_clock"], entry["beat_bytes"], entry["width"]) == (18, 2, 2, 6)
    assert entry["layers"] == plain.stream["layers"]
    assert "pixels_per_clock" not in plain.stream and plain.interval == 36


@pytest.mark.sim
def test_verilator_has_nothing_to_say(tmp_path):
    import subprocess

    from lgc.tools.verilator import find_verilator

    layers = (Slide((3, 3), 6, 6, 2, (2, 2), (1, 1)), Slide((2, 2), stride=(1, 1)), Slide((1, 2), 4, 2, 4))
    model = model_of(*layers, image=(2, 7, 70), dense=8, thresholds=2)
    write(StreamVerilog(model, Verilog(top="net"), pixels_per_clock=2), lower(model), tmp_path / "net.v")
    verilator = find_verilator()
    command = [*verilator.command, "--lint-only", "-Wall", "--top-module", "net", str(tmp_path / "net.v")]
    done = subprocess.run(command, env=verilator.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Warning" not in done.stderr, done.stderr
