"""`lgc compile --input features` and `lgc verify` through the feature port."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli import call, save

from lgc.driver.data import load_bits
from lgc.driver.samples import find_samples
from lgc.frontend import load_circuit
from lgc.ir import Encoder, FeatureCode, FeatureCodes
from lgc.runtime import Predictor

Capture = pytest.CaptureFixture[str]
THRESHOLDS = np.sort(np.random.default_rng(5).integers(0, 255, (4, 4)) + 0.5, axis=1) / 255
FAST = ("--random", "64", "--lanes", "1")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of four pixels and its data, as pixels and as bits."""
    folder = tmp_path_factory.mktemp("features")
    encoder = Encoder(4, THRESHOLDS)
    save(folder / "model.pt", encoder=encoder)
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (50, 4)).astype(np.float32) / np.float32(255)
    np.savez(folder / "pixels.npz", X=pixels, y=rng.integers(0, 3, 50))
    packed = np.packbits(encoder.encode(pixels), axis=1, bitorder="little")
    np.savez(folder / "packed.npz", X=packed, n_bits=16)
    np.savez(folder / "odd.npz", X=pixels + np.float32(1e-3))
    impossible = np.full((2, 2), 0b10101010, np.uint8)  # the higher thresholds passed, the lower ones not
    np.savez(folder / "impossible.npz", X=impossible, n_bits=16)
    return folder


@pytest.mark.sim
@pytest.mark.parametrize("more", [(), ("--fabric", "xc7", "--head", "carry"), ("--fabric", "xc7", "--copies")])
def test_every_value_of_every_feature_is_verified(
    more: tuple[str, ...], folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    compiled = call(capfd, "compile", "model.pt", "-o", "features.v", "--input", "features", "--pipeline", "3", *more)
    assert compiled.code == 0 and "feature x is the integer k = x * 255" in compiled.out
    done = call(capfd, "verify", "model.pt", "features.v", *FAST, "--data", "pixels.npz")
    assert done.code == 0, done.err
    assert re.search(r"sweep\s*│\s*256\s*│\s*0", done.out)
    assert "50 / 50 samples, every score equal" in done.out


def test_bits_become_features_that_have_them(folder: Path) -> None:
    inner, code = Encoder(4, THRESHOLDS), FeatureCodes.uniform(FeatureCode(8, 255.0), 4)
    from_pixels = load_bits(find_samples(str(folder / "pixels.npz")), Encoder(4, code=code), inner)
    from_bits = load_bits(find_samples(str(folder / "packed.npz")), Encoder(4, code=code), inner)
    first, second = (inner.encode(code.values(code.codes_of_bits(bits))) for bits in (from_pixels, from_bits))
    np.testing.assert_array_equal(first, second)


@pytest.mark.slow
@pytest.mark.sim
def test_a_wrong_comparator_is_found(folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    call(capfd, "compile", "model.pt", "-o", "broken.v", "--input", "features", "-O0", "-q")
    text = Path("broken.v").read_text()
    line = next(one for one in text.split("\n") if re.search(r"=.*\|.*// encoder\[", one))
    Path("broken.v").write_text(text.replace(line, line.replace("|", "&")))
    done = call(capfd, "verify", "model.pt", "broken.v", "--force", "--lanes", "1", "--random", "0", "--no-directed")
    assert done.code == 1 and "first on sweep vector" in done.err


def test_the_manifest_says_how_features_become_bits(folder: Path, tmp_path: Path, capfd: Capture) -> None:
    call(capfd, "compile", folder / "model.pt", "-o", tmp_path / "m.v", "--input", "features", "-q")
    manifest = json.loads((tmp_path / "m.json").read_text())
    entry = manifest["features"]
    assert (entry["width"], entry["scale"], entry["offset"], entry["rounding"]) == (8, 255, 0, "exact")
    assert {port["name"]: port["width"] for port in manifest["ports"]}["features"] == 32


def test_a_netlist_with_the_encoder_in_it_is_a_model(folder: Path, tmp_path: Path, capfd: Capture) -> None:
    lowered = tmp_path / "m.lgn"
    assert call(capfd, "compile", folder / "model.pt", "-o", lowered, "--input", "features", "-q").code == 0
    pixels = folder / "pixels.npz"
    runs = [(folder / "model.pt", "numpy"), (lowered, "numpy"), (lowered, "c")]
    results = [call(capfd, "eval", model, "--data", pixels, "--json", "--engine", engine) for model, engine in runs]
    assert results[0].out == results[1].out == results[2].out != ""
    done = call(capfd, "compile", lowered, "-o", tmp_path / "m.aag")
    assert done.code == 2 and "integer features are for" in done.paragraph()
    binary = np.zeros((3, 4), np.uint8)
    binary[1:] = 1
    predictors = [Predictor(load_circuit(model), engine="numpy") for model in (folder / "model.pt", lowered)]
    np.testing.assert_array_equal(*(one.predict(binary) for one in predictors))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("model.pt", "-o", "x.c", "--input", "features"), "lgn, not c"),
        (("model.pt", "-o", "x.v", "--feature-bits", "4"), "Add --input features"),
        (("model.pt", "-o", "x.v", "--input", "features", "--feature-bits", "40"), "the width is 40"),
        (("model.pt", "-o", "x.v", "--input", "features", "--feature-scale", "-2"), "the scale is -2.0"),
        (("bits.pt", "-o", "x.v", "--input", "features"), "it has no thresholds"),
        (("negative.pt", "-o", "x.v", "--input", "features"), "cannot be told"),
    ],
)
def test_what_cannot_be_is_refused(
    folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(folder)
    save(folder / "bits.pt")
    save(folder / "negative.pt", encoder=Encoder(16, np.full((16, 1), -0.3)))
    done = call(capfd, "compile", *arguments)
    assert done.code == 2 and message in done.paragraph()
    assert not Path(arguments[2]).exists()


@pytest.mark.parametrize(
    ("data", "message"), [("odd.npz", "is not the value of a code"), ("impossible.npz", "no feat")]
)
def test_data_that_no_port_can_carry(
    folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch, data: str, message: str
) -> None:
    monkeypatch.chdir(folder)
    call(capfd, "compile", "model.pt", "-o", "data.v", "--input", "features", "-q")
    done = call(capfd, "verify", "model.pt", "data.v", "--data", data)
    assert done.code == 2 and message in done.paragraph()
