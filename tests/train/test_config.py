"""Settings from flags, files and presets; thresholds; wiring."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from lgc.cli import cli
from lgc.cli.train import train
from lgc.errors import InputError, OptionError
from lgc.frontend import read_model
from lgc.ir import Encoder
from lgc.train import TrainConfig
from lgc.train.build import build_network
from lgc.train.config import PRESETS, SETTINGS, merged, read_config, read_preset
from lgc.train.modules import Dense, Fixed, TopK
from lgc.train.net import Tables, parse_net
from lgc.train.thresholds import make_encoder


def test_jets_come_from_openml_and_the_data_decide_the_rest() -> None:
    assert read_preset("jsc") == {"dataset": "openml:hls4ml_lhc_jets_hlf"}


def tables_of(config: TrainConfig) -> int:
    """Of dense layers, all together."""
    named = [item.count for item in parse_net(config.net) if isinstance(item, Tables)] if config.net else []
    return sum(named) or config.gates * max(1, config.layers)


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "jsc"])
def test_presets(name: str) -> None:
    config = merged(read_preset(name))
    assert config.dataset == {"mnist": "mnist", "fmnist": "fashion-mnist", "cifar": "cifar-10"}[name.split("-")[0]]
    if "-conv" in name:
        assert (config.gates, config.parametrisation, config.arity) == (0, "tables", 4 if name.endswith("lut4") else 6)
        assert len(config.wiring) <= len(parse_net(config.net))
        return
    size = name.split("-")[-1]
    if size not in ("fast", "lut"):
        assert tables_of(config) == int(size.removesuffix("k")) * (1000 if size.endswith("k") else 1)
    kind = name.split("-")[1]
    tables = kind == "fast" or kind.startswith("lut")
    assert (config.arity, config.parametrisation) == (
        (int(kind.removeprefix("lut") or 6) if kind != "fast" else 6, "tables") if tables else (2, "gates")
    )
    assert len(config.wiring) <= max(2, config.layers)


def test_layers_named_for_a_preset_replace_its_own() -> None:
    """--net in place of a preset's gates and layers, and the other way round; both at once are refused."""
    named = merged(read_preset("mnist-lut5-4k"), {"net": "d30,d20"})
    assert (named.net, named.gates, named.layers) == ("d30,d20", 0, 0)
    for dense in ({"gates": 300}, {"layers": 2}):
        assert merged(read_preset("mnist-conv"), {"parametrisation": "tables", **dense}).net == ""
    assert merged(read_preset("mnist-conv"), {"gates": 0, "epochs": 3}).net == read_preset("mnist-conv")["net"]
    with pytest.raises(OptionError, match="gates are given, too"):
        merged(read_preset("mnist-conv"), {"net": "d30", "gates": 300})


def test_all_presets_are_listed() -> None:
    stored = {file.name for file in (files("lgc.train") / "presets").iterdir()}
    assert stored == {f"{name}.toml" for name in PRESETS}
    with pytest.raises(OptionError, match="no preset 'mnist-9k'"):
        read_preset("mnist-9k")


def test_every_setting_is_described_and_can_be_a_flag() -> None:
    assert [one.name for one in fields(TrainConfig)] == list(SETTINGS)
    flags = {parameter.name for parameter in train.params}
    assert set(SETTINGS) <= flags | {"dataset"}
    assert all(one.setting.help for one in SETTINGS.values())


def test_file_of_every_setting(tmp_path: Path) -> None:
    config = TrainConfig(
        "digits", output=Path("m.pt"), gates=20, wiring=("topk:4",), thresholds="uniform:3", lr=1.0, tau=2.0
    )
    lines = []
    for name in SETTINGS:
        value = getattr(config, name)
        if value is not None:
            text = (
                repr(list(value))
                if isinstance(value, tuple)
                else repr(str(value) if isinstance(value, Path) else value)
            )
            lines.append(f"{name.replace('_', '-')} = {text}")
    path = tmp_path / "run.toml"
    path.write_text("\n".join(lines))
    assert merged(read_config(path)) == config
    path.write_text("dataset = 'digits'\nlr = 1\nthresholds = [1, 2.5]")
    assert merged(read_config(path)) == TrainConfig("digits", lr=1.0, thresholds=(1.0, 2.5))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("gate = 100", "no setting 'gate'"),
        ("gates = '100'", "gates is '100'"),
        ("gates = 100.0", "gates is 100.0"),
        ("gates = true", "gates is True"),
        ("lr = true", "lr is True"),
        ("wiring = 'dense'", "wiring is 'dense'"),
        ("wiring = [1]", "wiring is 1"),
        ("gates 100", "no TOML"),
    ],
)
def test_bad_file(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=match) as error:
        read_config(path)
    assert error.value.where == str(path)


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no readable configuration"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\x00")
    with pytest.raises(InputError, match="no readable configuration"):
        read_config(tmp_path / "bytes.toml")


def test_flags_beat_the_file_and_the_file_the_preset(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(
        "dataset = 'digits'\ngates = 70\nepochs = 1\nbatch = 64\nseed = 5\naugment = 'shift'"
    )
    path = tmp_path / "m.pt"
    arguments = ["--preset", "mnist-8k", "--config", str(tmp_path / "run.toml"), "-o", str(path), "--gates", "50"]
    result = CliRunner().invoke(cli, ["train", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    found: Any = read_model(path).training["hyperparameters"]
    assert (found["gates"], found["seed"], found["augment"], found["lr"]) == (50, 5, "shift", 0.075)
    assert found["tau"] == merged(read_preset("mnist-8k")).tau


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ([], "no data set is named"),
        (["digits"], "Add -o"),
        (["digits", "-o", "m.pt", "--tau", "auto", "--wiring", "full"], "wiring is 'full'"),
        (["digits", "-o", "m.pt", "--tau", "-1"], "tau is -1"),
        (["digits", "-o", "m.pt", "--tau", "big"], "tau is 'big'"),
        (["digits", "-o", "m.pt", "--threshold", "a"], "thresholds are a"),
        (["digits", "-o", "m.pt", "--threshold", "0.1", "--threshold", "uniform:2"], "thresholds are"),
        (["digits", "-o", "m.pt", "--wiring", "topk:0"], "wiring is 'topk:0'"),
        (["digits", "-o", "m.pt", "--wiring", "topk:65", "--threshold", "0.25"], "k is 65.*64 inputs"),
        (["digits", "-o", "m.pt", "--threshold", "even:3"], "thresholds are 'even:3'"),
    ],
)
def test_bad_flags(arguments: list[str], match: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=match):
        CliRunner().invoke(cli, ["train", *arguments], catch_exceptions=False)


def test_wiring_of_each_layer() -> None:
    config = TrainConfig("digits", gates=40, layers=4, wiring=("dense", "topk:7", "fixed"), wire_estimator="soft")
    network = build_network(config, Encoder(64), 10)
    kinds = [layer.connectome for layer in network.layers]  # type: ignore[union-attr]
    assert [type(kind) for kind in kinds] == [Dense, TopK, Fixed, Fixed]
    assert kinds[1].candidates.shape == (80, 7)  # type: ignore[union-attr]
    assert [layer.estimator for layer in network.layers] == ["straight-through"] * 4
    assert [kind.estimator for kind in kinds[:2]] == ["soft"] * 2  # type: ignore[union-attr]


def test_tau() -> None:
    assert build_network(
        TrainConfig("digits", gates=8000, tau="auto", wiring=("dense",)), Encoder(64), 10
    ).head.tau == math.sqrt(200)
    assert build_network(TrainConfig("digits", gates=40, tau=3.0, wiring=("dense",)), Encoder(64), 10).head.tau == 3
    with pytest.raises(OptionError, match=r"tau is 'adapt'.*auto"):
        TrainConfig("digits", tau="adapt")


IMAGES = np.random.default_rng(0).integers(0, 256, (999, 2), np.uint8)


def test_uniform_thresholds() -> None:
    encoder = make_encoder("uniform:3", IMAGES, 255)
    np.testing.assert_allclose(encoder.thresholds, [[0.25, 0.5, 0.75]] * 2)
    table = np.array([[-1.0, 5.0], [3.0, 5.0], [0.0, 9.0]])
    np.testing.assert_allclose(make_encoder("uniform:3", table, 1).thresholds, [[0, 1, 2], [6, 7, 8]])


@pytest.mark.parametrize(("x", "scale"), [(IMAGES, 255), (np.random.default_rng(1).normal(size=(999, 2)), 1)])
def test_distributive_thresholds_split_evenly(x: np.ndarray, scale: int) -> None:
    encoder = make_encoder("distributive:3", x, scale)
    features = x if scale == 1 else x.astype(np.float32) / np.float32(scale)
    shares = encoder.encode(features).reshape(999, 2, 3).mean(axis=0)
    np.testing.assert_allclose(shares, [[0.75, 0.5, 0.25]] * 2, atol=0.01)


@pytest.mark.parametrize("kind", ["uniform:3", "distributive:3", "mixed:3", "rounded:3", "rounded-mixed:3"])
@pytest.mark.parametrize("scale", [1, 255])
def test_pixels_of_a_channel_get_the_thresholds_of_all_its_values(kind: str, scale: int) -> None:
    """Two channels of six pixels, whose ranges differ from pixel to pixel."""
    pixels = np.random.default_rng(2).integers(0, np.arange(20, 260, 20), (400, 12)).astype(np.uint8)
    found = make_encoder(kind, pixels, scale, 6).thresholds
    assert found is not None and found.shape == (12, 3)
    for channel in (slice(0, 6), slice(6, 12)):
        together = make_encoder(kind, pixels[:, channel].reshape(-1, 1), scale).thresholds
        np.testing.assert_array_equal(found[channel], np.repeat(together, 6, axis=0))
    if (kind, scale) != ("uniform:3", 255):  # that has the range 0 to 1 anyway
        assert (found[0] != found[6]).any()
        assert (make_encoder(kind, pixels, scale).thresholds[0] != found[0]).any()


@pytest.mark.parametrize("scale", [1, 255])
def test_mixed_thresholds_are_of_both_kinds(scale: int) -> None:
    """The odd one is distributive."""
    x = np.random.default_rng(2).integers(0, 256, (400, 3)).astype(np.uint8)
    for count, of_values, even in ((5, 3, 2), (4, 2, 2), (1, 1, 0)):
        both = [make_encoder(f"distributive:{of_values}", x, scale).thresholds]
        both += [make_encoder(f"uniform:{even}", x, scale).thresholds] if even else []
        expected = np.sort(np.concatenate(both, axis=1), axis=1)
        np.testing.assert_array_equal(make_encoder(f"mixed:{count}", x, scale).thresholds, expected)


def test_given_and_boolean() -> None:
    np.testing.assert_array_equal(make_encoder((0.5, 0.25), IMAGES, 255).thresholds, [[0.25, 0.5]] * 2)
    assert make_encoder("uniform:3", IMAGES > 9, 1).thresholds is None
    with pytest.raises(OptionError, match="uniform:T, distributive:T, mixed:T, rounded:T or rounded-mixed:T"):
        make_encoder("uniform:0", IMAGES, 255)


def test_learning_rate() -> None:
    cosine = TrainConfig("digits", lr=0.1)
    assert [round(cosine.learning_rate(part), 6) for part in (0, 0.5, 1)] == [0.1, 0.05, 0]
    assert replace(cosine, schedule="constant").learning_rate(0.9) == 0.1
