"""`lgc verify` of a streaming circuit: equal, and at the right clock; faults are found; what is proved is said."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from conv_models import Slide, draw, tables

import lgc
from lgc.errors import InputError, MismatchError, NotCheckedError, OptionError
from lgc.frontend import Layer, write_model
from lgc.ir import Head

pytest.importorskip("torch")
pytestmark = pytest.mark.sim

NOT_PROVED = "counters, line buffers and sums"


@pytest.fixture(scope="module")
def streaming(tmp_path_factory):
    """A model with padding and strides, and its circuit."""
    folder = tmp_path_factory.mktemp("streaming")
    slides = [Slide((3, 3), 8, 4, 1, (2, 1), (1, 1)), Slide((2, 3), 4, 2, 3, padding=(0, 1))]
    model = draw((1, 6, 7), slides, np.random.default_rng(6), thresholds=2)
    write_model(model, folder / "m.safetensors")
    lgc.compile(folder / "m.safetensors", folder / "net.v", stream=True)
    return folder


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """A model with padding whose two dense layers are looked up two tables a clock."""
    folder = tmp_path_factory.mktemp("series")
    slides = [Slide((3, 3), 8, 4, 1, (2, 1), (1, 1)), Slide((2, 3), 20, 2, 1, padding=(0, 1))]
    rng = np.random.default_rng(8)
    model = draw((1, 8, 7), slides, rng, dense=20)
    last = Layer("layer4", rng.integers(0, 20, (14, 3)), tables((14,), 3, rng), (3,))
    model = replace(model, layers=(*model.layers, last), head=Head.equal_groups(14, ("no", "yes")))
    write_model(model, folder / "m.safetensors")
    lgc.compile(folder / "m.safetensors", folder / "net.v", stream=True, tables_per_clock=2)
    return folder


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A model with padding that takes four pixels a clock: two positions at once, of which the next takes both."""
    folder = tmp_path_factory.mktemp("wide")
    slides = [Slide((3, 3), 4, 4, 1, (1, 2), (1, 1)), Slide((2, 2), 4, 2, 1, (2, 2))]
    model = draw((2, 6, 8), slides, np.random.default_rng(9), thresholds=2)
    write_model(model, folder / "m.safetensors")
    lgc.compile(folder / "m.safetensors", folder / "net.v", stream=True, pixels_per_clock=4)
    return folder


def changed(folder, target, pattern, new):
    """The circuit with one place changed, which only --force takes."""
    target.mkdir()
    text, count = re.subn(pattern, new, (folder / "net.v").read_text(), count=1)
    assert count, "the fault is in the text"
    (target / "net.v").write_text(text)
    (target / "net.json").write_text((folder / "net.json").read_text())
    return target / "net.v"


def test_equal_at_the_right_clock_then_damaged_frames(streaming):
    verdict = lgc.verify(streaming / "m.safetensors", streaming / "net.v", random=40)
    assert verdict.ok
    assert [one.kind for one in verdict.report.sets] == ["random", "directed", "damaged frames"]
    assert "exact, with gaps, back to back, and after resets in flight" in str(verdict)


def test_several_pixels_a_clock_are_equal_at_the_right_clock(wide):
    verdict = lgc.verify(wide / "m.safetensors", wide / "net.v", random=30)
    assert verdict.ok
    assert [one.kind for one in verdict.report.sets] == ["random", "directed", "damaged frames"]
    assert "exact, with gaps, back to back, and after resets in flight" in str(verdict)


@pytest.mark.slow
def test_faults_of_several_pixels_are_noticed_and_their_kernels_proved(wide, tmp_path):
    score = lgc.mutate(wide / "m.safetensors", wide / "net.v", random=30, faults=40)
    campaign = score.campaign
    assert {"pixel of a beat", "counter", "padding", "line buffer"} <= set(campaign.kinds)
    assert campaign.count("killed") >= 30
    pytest.importorskip("pyosys")
    file = tmp_path / "c.json"
    with pytest.raises(NotCheckedError, match=NOT_PROVED):
        lgc.prove(wide / "m.safetensors", wide / "net.v", certificate=file)
    parts = json.loads(file.read_text())["parts"]
    assert [part["claim"] for part in parts[:2]] == [
        "layer1: each of 8 outputs is that of its tables, for every field",
        "layer2: each of 4 outputs is that of its tables, for every field",
    ]
    assert {part["result"] for part in parts[:2]} == {"proved"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "new"),
    [(r"encoded\[\(c\*4 \+ i\)", "encoded[(c*4 + 3 - i)"), (r"pixel_beat = beat\[i\*", "pixel_beat = beat[0*")],
)
def test_pixels_in_another_order(wide, tmp_path, pattern, new):
    wrong = changed(wide, tmp_path / "wrong", pattern, new)
    with pytest.raises(MismatchError, match=r"differ|score"):
        lgc.verify(wide / "m.safetensors", wrong, random=20, force=True)


@pytest.mark.parametrize("said", ["0", "3", "2", "true"])
def test_a_manifest_that_says_other_pixels_a_clock(wide, tmp_path, said):
    file = changed(wide, tmp_path / "other", "^", "")
    manifest = tmp_path / "other" / "net.json"
    manifest.write_text(manifest.read_text().replace('"pixels_per_clock": 4', f'"pixels_per_clock": {said}'))
    with pytest.raises(InputError, match=r"the manifest is damaged \(stream\)"):
        lgc.verify(wide / "m.safetensors", file)


@pytest.mark.slow  # tests/backend/test_stream_series.py simulates them in Icarus
def test_tables_in_series_are_equal_at_the_right_clock(series):
    verdict = lgc.verify(series / "m.safetensors", series / "net.v", random=40)
    assert verdict.ok
    assert "exact, with gaps, back to back, and after resets in flight" in str(verdict)


@pytest.mark.slow
def test_faults_of_tables_in_series_are_noticed(series):
    score = lgc.mutate(series / "m.safetensors", series / "net.v", random=40, faults=80)
    campaign = score.campaign
    kinds = {"word of a map", "half", "few words", "row", "wire in memory", "table in memory", "class order"}
    assert kinds <= set(campaign.kinds)
    assert campaign.count("killed") >= 60


@pytest.mark.slow
def test_tables_in_series_are_said_to_be_unproved(series, tmp_path):
    pytest.importorskip("pyosys")
    file = tmp_path / "c.json"
    with pytest.raises(NotCheckedError, match="each table, looked up in memory"):
        lgc.prove(series / "m.safetensors", series / "net.v", certificate=file)
    parts = json.loads(file.read_text())["parts"]
    assert [part["result"] for part in parts] == ["proved", "proved", "not proved", "not proved"]


@pytest.mark.slow
def test_faults_of_schedule_and_kernels_are_noticed(streaming):
    score = lgc.mutate(streaming / "m.safetensors", streaming / "net.v", random=40, faults=40)
    campaign = score.campaign
    assert len(campaign.outcomes) == 40
    assert {"counter", "position", "padding", "stride", "line buffer", "sum", "credit"} <= set(campaign.kinds)
    assert campaign.count("killed") >= 30
    with pytest.raises(NotCheckedError, match="neither killed nor proved"):
        score.check_decided()


def test_what_computes_is_proved_and_the_rest_is_said(streaming, tmp_path):
    pytest.importorskip("pyosys")
    file = tmp_path / "c.json"
    with pytest.raises(NotCheckedError, match=NOT_PROVED) as caught:
        lgc.prove(streaming / "m.safetensors", streaming / "net.v", certificate=file)
    parts = json.loads(file.read_text())["parts"]
    assert [part["claim"][: len(NOT_PROVED)] for part in parts if part["result"] != "proved"] == [NOT_PROVED]
    assert len(parts) == 9
    assert not caught.value.result.ok


def test_a_wide_window_is_two_layers_that_are_proved(tmp_path):
    """The OR of 4 x 4 is one of 1 x 4 and one of 4 x 1; faults in both are noticed."""
    model = draw((1, 8, 8), [Slide((1, 1), 4, 4), Slide((4, 4), stride=(4, 4))], np.random.default_rng(0), dense=8)
    write_model(model, tmp_path / "m.safetensors")
    lgc.compile(tmp_path / "m.safetensors", tmp_path / "net.v", stream=True)
    assert (
        lgc.mutate(tmp_path / "m.safetensors", tmp_path / "net.v", random=20, faults=20).campaign.count("killed") > 10
    )
    pytest.importorskip("pyosys")
    with pytest.raises(NotCheckedError, match=NOT_PROVED):
        lgc.prove(tmp_path / "m.safetensors", tmp_path / "net.v", certificate=tmp_path / "c.json")
    parts = json.loads((tmp_path / "c.json").read_text())["parts"]
    slides = [part["claim"].split(":")[0] for part in parts if "is that of its tables" in part["claim"]]
    assert slides == ["layer1", "layer2_rows", "layer2"]
    assert [part["result"] for part in parts].count("not proved") == 1


@pytest.mark.parametrize(
    ("pattern", "new", "claim"),
    [
        (r"lut4\(16'h....", "lut4(16'h0000", "layer1: each of 8 outputs"),
        (r"second > first", "second >= first", "class_id is the argmax"),
    ],
)
def test_a_part_that_computes_wrongly_is_refuted(streaming, tmp_path, pattern, new, claim):
    pytest.importorskip("pyosys")
    wrong = changed(streaming, tmp_path / "wrong", pattern, new)
    with pytest.raises(MismatchError, match=f"formally refuted: {claim}"):
        lgc.prove(streaming / "m.safetensors", wrong, force=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "new", "message"),
    [
        (r"hide_left <= px == 0", "hide_left <= 1'b0", "differ|score"),
        (r"wire step = in_valid \|\| idle;", "wire step = in_valid;", "has no result"),
        (r"wire long = [^;]*;", "wire long = 1'b0;", "tuser|frame_error|result"),
        (r"credits != 0\)", "1'b1)", "result|differ"),
        (r"\(rst\) pixel <= 0", "(1'b0) pixel <= 0", "result|differ"),
        (r"valid0 <= put", "valid0 <= put && !last", "no result"),
    ],
)
def test_injected_faults(streaming, tmp_path, pattern, new, message):
    wrong = changed(streaming, tmp_path / "wrong", pattern, new)
    with pytest.raises(MismatchError, match=message):
        lgc.verify(streaming / "m.safetensors", wrong, random=20, force=True)


@pytest.mark.slow
def test_a_latency_that_is_not_so(streaming, tmp_path):
    file = changed(streaming, tmp_path / "late", "^", "")
    manifest = tmp_path / "late" / "net.json"
    said = json.loads(manifest.read_text())
    text = manifest.read_text().replace(f'"latency": {said["latency"]},', f'"latency": {said["latency"] + 1},', 1)
    manifest.write_text(text)
    with pytest.raises(MismatchError, match="clocks after its last pixel, not"):
        lgc.verify(streaming / "m.safetensors", file, random=20)


def test_a_manifest_that_says_another_image(streaming, tmp_path):
    file = changed(streaming, tmp_path / "other", "^", "")
    manifest = tmp_path / "other" / "net.json"
    manifest.write_text(manifest.read_text().replace('"height": 6', '"height": 7'))
    with pytest.raises(InputError, match=r"the manifest is damaged \(stream\)"):
        lgc.verify(streaming / "m.safetensors", file)


@pytest.mark.parametrize("option", [{"lanes": "64"}, {"simulator": "icarus"}])
def test_options_of_other_circuits(streaming, option):
    with pytest.raises(OptionError, match="streaming Verilog"):
        lgc.verify(streaming / "m.safetensors", streaming / "net.v", **option)


def test_coverage_is_of_other_circuits(streaming):
    with pytest.raises(OptionError, match="--coverage is for Verilog, and this is streaming Verilog"):
        lgc.cover(streaming / "m.safetensors", streaming / "net.v")


def test_the_testbench_of_cocotb_is_of_other_circuits(streaming):
    from lgc.testing.testbench import Testbench

    with pytest.raises(InputError, match="takes an image pixel by pixel"):
        Testbench(None, streaming / "m.safetensors", streaming / "net.json")
