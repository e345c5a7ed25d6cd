"""What a model's input is: columns, their codes, and that a description survives every container."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgc.errors import CheckpointError, InputError, NetlistError
from lgc.frontend import lower, read_model, write_model
from lgc.frontend.model import Layer, Model
from lgc.ir import (
    CategoryCode,
    Circuit,
    Column,
    Encoder,
    FeatureCode,
    FeatureCodes,
    Head,
    Inputs,
    interp,
    parse_text,
    to_text,
)
from lgc.mapping.encoder import check_codes, codes_for_bits, lower_encoder

TABLE = Inputs(
    (
        Column("mean radius", "number", 6.9, 28.1, 12.0, -82.8, 8),
        Column("colour", "category", words=("red", "green", "blue")),
        Column("flag", "bit"),
        Column("grey", "pixel", 0.0, 255.0, 255.0, 0.0, 8),
        Column("only", "category", words=("x",)),
        Column("fine", "number", 0.0, 1.0, 4095.0, 0.0, 12),
    )
)
"""Six columns that make eight features."""

THRESHOLDS = np.array(
    [[3.5, 100.5], [0.5, 0.5], [-1.0, 0.5], [0.5, 2.0], [0.0, 0.5], [0.25, 0.75], [0.5, 0.5], [17.5, 4000.0]]
)


def rows(count: int, seed: int = 0) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    columns = [
        rng.uniform(0, 40, count), rng.integers(0, 5, count), rng.integers(0, 2, count),
        rng.integers(0, 256, count), rng.integers(0, 2, count), rng.uniform(-1, 2, count),
    ]  # fmt: skip
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=1)


def model() -> Model:
    encoder, rng = Encoder(8, THRESHOLDS), np.random.default_rng(1)
    layer = Layer("layer1", rng.integers(0, 16, (24, 2)), rng.integers(1, 15, 24).astype(np.uint64), (0,))
    head = Head.equal_groups(24, ("no", "yes", "perhaps"))
    return Model("table", encoder, (layer,), head, inputs=TABLE, labels=(1.5, 2.5, -1.0), split={"seed": 7, "test": 20})


def test_the_port_takes_codes_of_their_own_and_every_score_is_the_models() -> None:
    """Raw rows by the columns' formulas to codes, to the port's bits, through comparators: the model's own scores."""
    circuit = lower(model())
    known = TABLE.codes()
    assert known is not None
    codes = check_codes(circuit.encoder, known)
    assert codes == known.with_columns({3: FeatureCode(8, 255.0)})  # its thresholds decide alike in both types
    assert codes.widths.tolist() == [8, 2, 1, 8, 1, 12] and codes.num_bits == 32
    lowered = lower_encoder(circuit, codes)
    raw = rows(4000)
    by_column = [TABLE.columns[0].codes(raw[:, 0]), np.minimum(raw[:, 1], 3), raw[:, 2], raw[:, 3], raw[:, 4],
                 TABLE.columns[5].codes(raw[:, 5])]  # fmt: skip
    bits = codes.bits(np.stack(by_column, axis=1).astype(np.int64))
    features = TABLE.features(raw)
    np.testing.assert_array_equal(bits, lowered.encoder.encode(features))
    np.testing.assert_array_equal(
        interp.scores(lowered, bits), interp.scores(circuit, circuit.encoder.encode(features))
    )


def test_every_comparison_of_every_column_is_right_for_every_code() -> None:
    """Bits out as scores: all codes of the narrow columns, and those next to the thresholds of the wide one."""
    encoder, codes = Encoder(8, THRESHOLDS), TABLE.codes()
    assert codes is not None
    from lgc.ir import Builder

    builder = Builder(16)
    layer = builder.layer("layer1", 16)
    netlist = builder.build(builder.add_layer(np.full(16, 2, np.uint64), np.arange(2, 18)[:, None], layer))
    circuit = Circuit("bits", encoder, netlist, Head.equal_groups(16, tuple(map(str, range(16)))))
    lowered = lower_encoder(circuit, codes)
    top = codes.tops
    values = np.arange(4096)[:, None] % (top + 1)
    bits = codes.bits(values)
    np.testing.assert_array_equal(codes.codes_of_bits(bits), values)
    np.testing.assert_array_equal(
        interp.scores(lowered, bits).astype(bool), encoder.encode(codes.values(values)).reshape(4096, 16)
    )
    np.testing.assert_array_equal(
        encoder.encode(codes.values(codes_for_bits(encoder, codes, encoder.encode(codes.values(values))))),
        encoder.encode(codes.values(values)),
    )


def test_a_threshold_on_a_power_of_two_costs_a_wire() -> None:
    circuit = lower(replace(model(), inputs=None, encoder=Encoder(8, np.full((8, 2), 127.0))))
    lowered = lower_encoder(circuit, FeatureCode(8))
    assert lowered.netlist.num_nodes == circuit.netlist.num_nodes


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_a_checkpoint_knows_its_input(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("torch")
    path = tmp_path / f"m{suffix}"
    write_model(model(), path)
    read = read_model(path)
    assert (read.inputs, read.labels, dict(read.split)) == (TABLE, (1.5, 2.5, -1.0), {"seed": 7, "test": 20})
    assert read.digest() == model().digest()
    assert lower(read).inputs == TABLE


def test_a_model_without_a_description_is_written_as_version_1() -> None:
    from lgc.frontend.checkpoint import hardened_content

    plain = replace(model(), inputs=None, labels=None, split={})
    assert hardened_content(plain)[0]["version"] == 1 and hardened_content(model())[0]["version"] == 2


def test_the_text_of_a_circuit_keeps_the_codes_and_the_columns() -> None:
    codes = TABLE.codes()
    assert codes is not None
    circuit = lower_encoder(lower(model()), codes)
    text = to_text(circuit)
    again = parse_text(text)
    assert (again.encoder.code, again.inputs, again.digest()) == (codes, TABLE, circuit.digest())
    assert to_text(again) == text


@given(st.data())
def test_json_goes_both_ways(data: st.DataObject) -> None:
    number = st.floats(-1e6, 1e6)
    name = st.text(max_size=20)

    def column(draw: st.DrawFn) -> Column:
        low, high = sorted((draw(number), draw(number)))
        scale, offset = draw(st.floats(1e-6, 1e6)), draw(number)
        kind = draw(st.sampled_from(["number", "pixel", "category", "bit"]))
        words = tuple(draw(st.lists(name, min_size=1, max_size=4, unique=True))) if kind == "category" else ()
        bits = draw(st.integers(1 if kind == "pixel" else 0, 32))
        return Column(draw(name), kind, low, high, scale, offset, bits, words)

    inputs = Inputs(tuple(data.draw(st.lists(st.composite(column)(), min_size=1, max_size=8))))
    assert Inputs.from_json(json.loads(inputs.to_text())) == inputs


PLAIN: dict[str, Any] = {"names": ["a"], "kind": "number", "low": 0, "high": 1}


@pytest.mark.parametrize(
    "value",
    [None, [], {}, [1], [{}], [{"names": "a"}], [PLAIN | {"kind": "colour"}], [PLAIN | {"scale": 0}],
     [PLAIN | {"scale": float("nan")}], [PLAIN | {"low": 2}], [PLAIN | {"bits": 33}], [PLAIN | {"bits": True}],
     [PLAIN | {"words": ["x"]}], [PLAIN | {"kind": "category"}], [PLAIN | {"kind": "category", "words": ["x", "x"]}],
     [PLAIN | {"kind": "category", "words": "xy"}], [PLAIN | {"kind": "pixel"}], [PLAIN | {"names": [1]}],
     [PLAIN | {"names": ["a" * 201]}], [PLAIN | {"offset": 10**400}], [PLAIN | {"low": [0]}]],
)  # fmt: skip
def test_a_damaged_description_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        Inputs.from_json(value)


def test_a_description_of_another_width_is_refused() -> None:
    from lgc.frontend.model import check_model

    with pytest.raises(CheckpointError, match="1 features, but it reads 8"):
        check_model(replace(model(), inputs=Inputs((Column("a"),))))


@pytest.mark.parametrize("text", ["columns 2", "columns 2\ncolumn 0 words 3", "columns 1\ncolumn 0 words 0",
                                  "columns 1\ncolumn 1 words 8", "columns 1\ncolumn 0 codes 40 scale 1 offset 0 up any",
                                  "columns 1\ncolumn 0 words 9"])  # fmt: skip
def test_damaged_columns_in_a_text_are_refused(text: str) -> None:
    with pytest.raises(NetlistError):
        parse_text(f'lgn 1\ncircuit "a"\nfeatures 8 {text}\ninputs 4\nlayers\noutputs 0\n')


def test_pixels_are_whole_numbers_of_their_range() -> None:
    grey = Inputs((Column("p", "pixel", 0.0, 255.0, 255.0, 0.0, 8),) * 2)
    assert grey.pixels is not None
    np.testing.assert_array_equal(grey.features(np.array([[0, 255]], np.uint8)), np.float32([[0, 1]]))
    for bad in (256, -1, 0.5):
        with pytest.raises(InputError):
            grey.features(np.array([[0, bad]]))


def test_a_category_code_is_one_word_or_none() -> None:
    code = CategoryCode(3)
    np.testing.assert_array_equal(code.codes(np.eye(3)[[2, 0]]), [2, 0])
    np.testing.assert_array_equal(code.codes(np.zeros((1, 3))), [3])
    for bad in ([[1, 1, 0]], [[0.5, 0, 0]]):
        with pytest.raises(InputError):
            code.codes(np.array(bad))
    assert FeatureCodes((code, code)).num_bits == 4 and not FeatureCodes((code,)).common
