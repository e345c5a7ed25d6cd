"""The encoder as gates: every value of every feature, and codes that lose nothing or are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import circuits

from lgc.errors import InputError, LgcError, OptionError
from lgc.ir import (
    CONST1,
    Builder,
    Circuit,
    Encoder,
    FeatureCode,
    FeatureCodes,
    Head,
    interp,
    parse_text,
    to_text,
    verify_circuit,
)
from lgc.mapping.encoder import LAYER, check_code, infer_code, levels, lower_encoder
from lgc.passes import PIPELINES, PassManager

PIXEL = FeatureCode(8, 255.0)


def bits_out(thresholds: NDArray[np.float64]) -> Circuit:
    """A circuit whose outputs are its encoder's bits."""
    encoder = Encoder(len(thresholds), thresholds)
    builder = Builder(encoder.num_bits)
    netlist = builder.build(range(2, 2 + encoder.num_bits))
    return Circuit("bits", encoder, netlist, Head.equal_groups(encoder.num_bits, ("all",)))


def outputs(circuit: Circuit, features: NDArray[np.generic]) -> NDArray[np.bool_]:
    nets = interp.evaluate_nets(circuit.netlist, interp.pack(circuit.encoder.encode(features)))
    return interp.unpack(nets, len(features))[:, circuit.netlist.outputs]


def all_values(code: FeatureCode, num_features: int) -> NDArray[np.float64]:
    return np.repeat(code.values(np.arange(code.top + 1))[:, None], num_features, axis=1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [255.0, 1.0, 256.0])
def test_every_pixel_value_against_every_threshold(scale: float, dtype: str) -> None:
    # Between codes, at codes, below all and above all: 771 thresholds, 256 values.
    places = np.arange(-1, 257)
    exact = (places / scale).astype(dtype).astype(np.float64)
    thresholds = np.sort(np.concatenate([exact, (places + 0.5) / scale, (places - 0.25) / scale]))[None]
    circuit = bits_out(thresholds)
    code = check_code(circuit.encoder, FeatureCode(8, scale))
    lowered = lower_encoder(circuit, code)
    verify_circuit(lowered)
    features = (np.arange(256)[:, None] / scale).astype(dtype)
    assert code.dtype in ("any", dtype)
    np.testing.assert_array_equal(outputs(lowered, features), circuit.encoder.encode(features))
    if code.dtype == "any":
        other = features.astype("float64" if dtype == "float32" else "float32")
        np.testing.assert_array_equal(outputs(lowered, np.arange(256)[:, None] / scale), circuit.encoder.encode(other))


@given(st.data())
def test_any_thresholds_any_code(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 10))
    scale = data.draw(st.sampled_from([1.0, 3.0, 255.0, 10.0, 0.25]))
    span = float(1 << width) / scale
    value = st.one_of(
        st.floats(-span / 4, 5 * span / 4, allow_nan=False),
        st.integers(0, (1 << width) - 1).map(lambda k: float(np.float32(k / scale))),
        st.integers(0, (1 << width) - 1).map(lambda k: k / scale),
    )
    rows = data.draw(st.integers(1, 3))
    count = data.draw(st.integers(1, 5))
    row = st.lists(value, min_size=count, max_size=count).map(sorted)
    circuit = bits_out(np.array([data.draw(row) for _ in range(rows)]))
    try:
        code = check_code(circuit.encoder, FeatureCode(width, scale))
    except OptionError as error:
        assert "float32 and in float64" in error.message
        return
    lowered = lower_encoder(circuit, code)
    verify_circuit(lowered)
    for dtype in ("float32", "float64") if code.dtype == "any" else (code.dtype,):
        features = code.values(np.repeat(np.arange(code.top + 1)[:, None], rows, axis=1), dtype).astype(dtype)
        np.testing.assert_array_equal(outputs(lowered, features), circuit.encoder.bits_of(features))
    assert parse_text(to_text(lowered)).digest() == lowered.digest()
    assert to_text(parse_text(to_text(lowered))) == to_text(lowered)


@given(circuits(max_inputs=6), st.integers(0, 2**32 - 1))
def test_scores_stay_through_lowering_and_every_level(circuit: Circuit, seed: int) -> None:
    if circuit.encoder.thresholds is None:
        with pytest.raises(OptionError, match="reads bits"):
            infer_code(circuit.encoder)
        return
    try:
        code = infer_code(circuit.encoder)
    except OptionError:
        return
    lowered = lower_encoder(circuit, code)
    verify_circuit(lowered)
    rng = np.random.default_rng(seed)
    features = code.values(rng.integers(0, code.top + 1, (64, circuit.encoder.num_features)))
    expected = interp.scores(circuit, circuit.encoder.bits_of(features))
    optimised = PassManager(check=True).run(lowered, PIPELINES["O2"])
    ordered = lower_encoder(PassManager(check=True).run(circuit, PIPELINES["O3"]), code)
    assert not ordered.assumes
    for one in (lowered, optimised, ordered):
        np.testing.assert_array_equal(interp.scores(one, one.encoder.encode(features)), expected)


def test_comparators_are_reduced_and_shared() -> None:
    def gates(thresholds: list[float]) -> int:
        return lower_encoder(bits_out(np.array([thresholds])), PIXEL).netlist.num_nodes

    assert gates([127 / 255]) == 0  # the top bit
    assert gates([63.5 / 255]) == 1  # x > 63 is the OR of two bits
    assert gates([191.5 / 255]) == 1  # x > 191 the AND
    assert gates([0.5 / 255]) == 7
    assert gates([63.2 / 255, 63.5 / 255]) == 1  # one integer
    # x > 80 and x > 208 differ in the top bit alone: five gates below it are common.
    assert gates([80.5 / 255, 208.5 / 255]) == gates([80.5 / 255]) + 1


def test_only_bits_that_are_read() -> None:
    circuit = bits_out(np.array([[0.1, 0.4], [0.2, 0.7]]))
    one = circuit.with_netlist(circuit.netlist.with_outputs(circuit.netlist.outputs[[3] * 4]))
    lowered = lower_encoder(one, PIXEL)
    names = {lowered.netlist.origins.label(int(handle)) for handle in lowered.netlist.origin}
    assert names == {f"{LAYER}[3]"}


def test_thresholds_outside_of_the_codes_are_constants() -> None:
    lowered = lower_encoder(bits_out(np.array([[-0.5, 0.2, 1.0, 7.0]])), PIXEL)
    nets = lowered.netlist.outputs.tolist()
    assert (nets[0], nets[2], nets[3]) == (CONST1, 0, 0)


@pytest.mark.parametrize(
    ("thresholds", "code"),
    [
        ([[0.25]], PIXEL),
        ([[0.0, 0.99]], PIXEL),
        ([[0.5, 254.5]], FeatureCode(8)),
        ([[0.5, 3000.0]], FeatureCode(12)),
        ([[-0.5, 0.75]], FeatureCode(8, 4.0, 2.0, "up")),
        ([[1 / 255, 100 / 255]], FeatureCode(8, 255.0, dtype="float64")),
        ([[1.0, 3.5, 200.0]], FeatureCode(8)),
        ([[1.25, 2.75]], FeatureCode(8, 4.0, 0.0, "up")),
    ],
)
def test_what_is_inferred(thresholds: list[list[float]], code: FeatureCode) -> None:
    assert infer_code(Encoder(len(thresholds), np.array(thresholds))) == code


def test_codes_of_other_data_when_they_are_told() -> None:
    encoder = Encoder(1, np.array([[1.2, 4.95]]))
    code = infer_code(encoder, scale=10.0)
    assert code == FeatureCode(8, 10.0, dtype="float64")  # 1.2 is a value of the data
    assert levels(encoder.thresholds, code).tolist() == [[12, 49]]
    normalised = infer_code(Encoder(1, np.array([[-0.4242, 0.5]])), scale=255 * 0.3081, offset=255 * 0.1307)
    x = ((np.arange(256, dtype=np.float32) / 255 - 0.1307) / 0.3081)[:, None]
    np.testing.assert_array_equal(normalised.codes(x)[:, 0], np.arange(256))


@pytest.mark.parametrize(
    ("thresholds", "options", "message"),
    [
        ([[-0.3]], {}, "cannot be told"),
        ([[300.5]], {"width": 8}, "cannot be told"),
        ([[0.0827, 14.42]], {}, "0.0827 among them"),  # these are no whole numbers, whatever is above 1
        ([[0.0827, 14.42]], {"width": 8}, "cannot be told"),
        ([[0.5]], {"width": 0}, "width is 0"),
        ([[0.5]], {"scale": -1.0}, "scale is -1.0"),
        ([[0.5]], {"offset": float("nan")}, "offset is nan"),
        ([[0.75 / 78.5 + 1e-9]], {"scale": 78.5, "offset": 39.25}, "too near"),
        ([[1.10000001]], {"scale": 10.0}, "between a code's value in float32 and in float64"),
    ],
)
def test_what_would_lose_something_is_refused(
    thresholds: list[list[float]], options: dict[str, float], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        infer_code(Encoder(len(thresholds), np.array(thresholds)), **options)  # type: ignore[arg-type]


@given(st.lists(st.floats(-3, 3, allow_nan=False), min_size=1, max_size=40))
def test_fixed_point_rounded_up_is_right_for_any_feature(values: list[float]) -> None:
    circuit = bits_out(np.array([[-1.25, -0.5, 0.0, 0.75]]))
    code = infer_code(circuit.encoder)
    lowered = lower_encoder(circuit, code)
    features = np.array([*values, 1e-20, -1e-20, 1e300, -1e300, -1.25, np.nextafter(-1.25, 0)])[:, None]
    np.testing.assert_array_equal(outputs(lowered, features), circuit.encoder.encode(features))


@pytest.mark.parametrize("bad", [0.5001, 1.01, -0.1, np.nan, np.inf])
def test_features_off_the_codes_are_refused(bad: float) -> None:
    with pytest.raises(InputError):
        PIXEL.codes(np.array([[0.0, bad]]))


def test_codes_and_bits_go_both_ways() -> None:
    codes, pixels = np.arange(64).reshape(8, 8) * 4, FeatureCodes.uniform(PIXEL, 8)
    np.testing.assert_array_equal(pixels.codes_of_bits(pixels.bits(codes)), codes)
    assert all_values(PIXEL, 2)[51, 1] == 0.2


@pytest.mark.parametrize("line", ["codes 0 scale 1 offset 0 exact any", "codes 8 scale 0 offset 0 exact any",
                                  "codes 8 scale 3 offset 0 up any", "codes 8 scale 1 offset 0 near any",
                                  "codes 8 offset 1 scale 0 exact any"])  # fmt: skip
def test_a_bad_code_in_a_netlist_is_refused(line: str) -> None:
    text = to_text(lower_encoder(bits_out(np.array([[0.5]])), PIXEL))
    good = "codes 8 scale 255 offset 0 exact any"
    assert good in text
    with pytest.raises(LgcError):
        parse_text(text.replace(good, line))
