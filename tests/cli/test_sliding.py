"""C of layers that slide, from the command line and in Python: made, verified, unrolled, refused, called."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli import call
from conv_models import Slide, draw

import lgc
from lgc.frontend.checkpoint import write_model
from lgc.ir import Encoder

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a network that slides, whose votes stand at positions."""
    monkeypatch.chdir(tmp_path)
    slides = [Slide((2, 2), 3, 3, 1, padding=(1, 0)), Slide((2, 3), 4, 2, 2)]
    write_model(draw((1, 4, 5), slides, np.random.default_rng(0)), tmp_path / "model.pt")
    return tmp_path


def test_kernels_once_and_unrolled(work: Path, capfd: Capture) -> None:
    result = call(capfd, "compile", "model.pt", "-o", "net.c", "-v")
    assert result.code == 0 and "2 layers slide" in result.out and "padded" in result.out
    assert "static void slide2_0(" in (work / "net.c").read_text()
    assert call(capfd, "compile", "model.pt", "-o", "whole.c", "--unroll").code == 0
    assert "slide" not in (work / "whole.c").read_text()
    compiled = lgc.compile("model.pt", "same.c")
    assert compiled.as_json()["gates"] < compiled.as_json()["gates_before"] / 3
    assert (work / "same.c").read_text().replace("same", "net") == (work / "net.c").read_text().replace("same", "net")


@pytest.mark.parametrize(("colours", "scale", "beats", "carries"), [
    (1, 1, "20 beats of 1 byte (4 rows of 5 pixels)", "the value of each channel, a whole number from 0 to 255"),
    (3, 1, "20 beats of 3 bytes (4 rows of 5 pixels)", "the value of each channel, a whole number from 0 to 255"),
    (1, 255, "20 beats of 1 byte (4 rows of 5 pixels)", "of each channel its value x as k = x * 255, a whole number"),
])  # fmt: skip
def test_what_a_beat_of_a_stream_is(
    colours: int, scale: int, beats: str, carries: str, work: Path, capfd: Capture
) -> None:
    model = draw((colours, 4, 5), [Slide((2, 2), 3, 3)], np.random.default_rng(0), dense=10, thresholds=1)
    rows = np.full((colours * 20, 1), 99.5 / scale)
    write_model(replace(model, encoder=Encoder(colours * 20, rows)), work / "seen.pt")
    options = ("--stream", "--input", "features", "--feature-bits", "8", "--feature-scale", str(scale))
    result = call(capfd, "compile", "seen.pt", "-o", "seen.v", *options)
    assert result.code == 0 and f"a frame is {beats}" in result.out and f"a beat carries {carries}" in result.out


def test_verify_passes_it(work: Path, capfd: Capture) -> None:
    call(capfd, "compile", "model.pt", "-o", "net.c", "-q")
    result = call(capfd, "verify", "model.pt", "net.c", "--random", "100")
    assert result.code == 0 and "every score equal" in result.out and "words of 32 bits" in result.out


@pytest.mark.slow
def test_verify_notices_a_wrong_kernel(work: Path, capfd: Capture) -> None:
    call(capfd, "compile", "model.pt", "-o", "net.c", "-q")
    text = (work / "net.c").read_text()
    first, begin, rest = text.rpartition("static void slide3_0(")
    (work / "net.c").write_text(first + begin + rest.replace(" & ", " | "))
    assert "changed after lgc wrote it" in call(capfd, "verify", "model.pt", "net.c").paragraph()
    assert call(capfd, "verify", "model.pt", "net.c", "--force", "--random", "100").code == 1


@pytest.mark.parametrize("given", [("--check",), ("-p", "const-fold"), ("--bisect",), ("--stop-after", "dead-gates")])
def test_what_is_of_the_whole_circuit_asks_for_unroll(work: Path, capfd: Capture, given: tuple[str, ...]) -> None:
    text = call(capfd, "compile", "model.pt", "-o", "net.c", *given).paragraph()
    assert "is of the unrolled circuit" in text and "Give --unroll too" in text
    assert not (work / "net.c").exists()
    assert call(capfd, "compile", "model.pt", "-o", "net.c", *given, "--unroll", "-q").code == 0


def test_other_formats_have_no_such_option(work: Path, capfd: Capture) -> None:
    assert "has no option 'unroll'" in call(capfd, "compile", "model.pt", "-o", "net.blif", "--unroll").paragraph()


def test_the_predictor_and_eval_take_it(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LGC_CACHE", str(work / "cache"))
    X = np.random.default_rng(1).random((300, 20)) < 0.5
    compiled, read = lgc.load("model.pt", engine="c"), lgc.load("model.pt", engine="numpy")
    np.testing.assert_array_equal(compiled.scores(X), read.scores(X))
    whole = lgc.Predictor(lgc.read("model.pt").circuit, engine="c")  # nothing is known of the model: unrolled
    np.testing.assert_array_equal(whole.predict(X), read.predict(X))
    assert len(list((work / "cache").rglob("*.so"))) == 2
    np.savez(work / "data.npz", X=X, y=read.predict(X))
    assert lgc.eval("model.pt", data="data.npz", engine="c").accuracy == 1
    assert len(list((work / "cache").rglob("*.so"))) == 2
