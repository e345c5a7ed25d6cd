"""Importers at their edges: facts in every form, stored samples, references that do not fit, descriptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import peer_files as peers
import peer_luts as luts
import peer_torchlogix as tlx
import pytest
import torch

from lgc.errors import CheckpointError, LgcError, OptionError
from lgc.frontend import ImportOptions, load_model, write_model
from lgc.frontend.checkpoint import read_model
from lgc.frontend.containers.content import Content
from lgc.frontend.families.difflogic import DATASETS
from lgc.frontend.families.torchlogix import _out_shape
from lgc.frontend.families.torchlogix_plan import make_plan
from lgc.frontend.importer import ImportJob
from lgc.frontend.registry import read_file
from lgc.ir import Builder, Circuit, Encoder, Head, to_text


def message_of(path: Path, options: dict[str, Any] | None = None, config: dict[str, Any] | None = None) -> str:
    with pytest.raises(LgcError) as caught:
        read_file(path, ImportOptions(options or {}, config or {}))
    return str(caught.value)


# --- facts


@pytest.mark.parametrize("value", [0, -1, 1 << 27, 2.0, 2.5, True, "", "x", "2.5", "9" * 30, [2], {}])
def test_a_whole_number_is_refused_in_every_other_form(value: Any) -> None:
    with pytest.raises(OptionError, match="whole number"):
        ImportOptions({"classes": value}).integer("classes")


@pytest.mark.parametrize("value", [2, 7, "7", 9])
def test_a_whole_number_at_its_bounds(value: Any) -> None:
    assert ImportOptions({"classes": value}).integer("classes", 2, 9) == int(value)


@pytest.mark.parametrize("value", [1, "1", 10])
def test_a_whole_number_beyond_its_bounds(value: Any) -> None:
    with pytest.raises(OptionError, match="from 2 to 9"):
        ImportOptions({"classes": value}).integer("classes", 2, 9)


def test_a_path_is_relative_to_who_says_it(tmp_path: Path) -> None:
    assert ImportOptions({"check": "a.npz"}, {}, tmp_path).path("check") == Path("a.npz")
    assert ImportOptions({}, {"check": "a.npz"}, tmp_path).path("check") == tmp_path / "a.npz"
    both = ImportOptions({"check": "a.npz"}, {"check": "b.npz"}, tmp_path)
    assert both.path("check") == Path("a.npz")


@pytest.mark.parametrize(("name", "count"), [("cifar-10-3-thresholds", 3), ("cifar-10-31-thresholds", 31)])
def test_thresholds_of_difflogic_are_equally_spaced(name: str, count: int) -> None:
    facts = DATASETS[name]
    np.testing.assert_allclose(facts["thresholds"], np.linspace(0, 1, count + 2)[1:-1])
    assert facts["features"] == 3 * 32 * 32 and facts["bit_order"] == "threshold-major"


# --- references and stored samples


def reference(inputs: int, outputs: int, classes: int) -> Circuit:
    head = Head.equal_groups(outputs, tuple(map(str, range(classes))))
    return Circuit("ref", Encoder(inputs), Builder(inputs).build([2] * outputs), head)


@pytest.mark.parametrize(
    ("shape", "part"), [((21, 8, 4), "8 outputs, the model 30"), ((20, 30, 3), "20 inputs, the model 21")]
)
def test_a_reference_of_another_size_is_refused(shape: tuple[int, int, int], part: str, tmp_path: Path) -> None:
    file = peers.difflogic(tmp_path / "net.pth")
    (tmp_path / "ref.lgn").write_text(to_text(reference(*shape)))
    assert part in message_of(file.path, file.options | {"check": str(tmp_path / "ref.lgn")})


@pytest.mark.parametrize(("first", "refused"), [(9, False), (10, True), (3, False)])
def test_as_many_samples_are_looked_at_as_the_limit_says(
    first: int, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a limit of ten the tenth is the last one that can tell two labels apart."""
    monkeypatch.setattr("lgc.frontend.families.checks._MAX_SAMPLES", 10)
    file = peers.difflogic(tmp_path / "net.pth")
    labels = (np.arange(20) == first).astype(np.int64)
    np.savez(tmp_path / "check.npz", X=np.zeros((20, 21), np.int64), y=labels)
    text = message_of(file.path, file.options)
    assert ("any network could pass" in text) == refused
    assert refused or "no replayed wiring passes" in text


def with_samples(folder: Path, count: int, **changes: Any) -> peers.PeerFile:
    """An archive of the LILogicNet authors with samples of its own."""
    file = peers.lilogic_npz(folder / "net.npz")
    with np.load(file.path) as archive:
        content = dict(archive)
    model = load_model(file.path, ImportOptions(file.options))
    x = np.random.default_rng(4).integers(0, 2, (count, file.features))
    from lgc.frontend import lower
    from lgc.ir.interp import evaluate

    content |= {"input": x, "output": evaluate(lower(model).netlist, x > 0).astype(np.uint8)}
    for name, change in changes.items():
        content[name] = change(content[name])
    np.savez(file.path, **content)
    return file


def notes_of(file: peers.PeerFile) -> str:
    return " ".join(read_file(file.path, ImportOptions(file.options)).job.certain)


def test_stored_samples_are_reproduced(tmp_path: Path) -> None:
    assert "reproduces the 40 samples" in notes_of(with_samples(tmp_path, 40))


@pytest.mark.parametrize("cell", [(0, 0), (39, 19), (17, 3)])
def test_a_stored_output_that_differs_is_found(cell: tuple[int, int], tmp_path: Path) -> None:
    def flip(outputs: np.ndarray) -> np.ndarray:
        outputs[cell] ^= 1
        return outputs

    file = with_samples(tmp_path, 40, output=flip)
    assert f"sample {cell[0]} gives another output {cell[1]}" in message_of(file.path, file.options)


def test_samples_that_do_not_belong_together_say_nothing(tmp_path: Path) -> None:
    assert "samples" not in notes_of(with_samples(tmp_path, 40, output=lambda outputs: outputs[:39]))


@pytest.mark.parametrize(
    ("extent", "size", "padding", "stride", "out"), [(3, 3, 0, 1, 1), (5, 5, 0, 3, 1), (4, 3, 1, 3, 2), (1, 1, 0, 1, 1)]
)
def test_a_convolution_may_have_one_position(extent: int, size: int, padding: int, stride: int, out: int) -> None:
    step = {"prefix": "1.", "padding": padding, "stride": stride, "receptive_field_size": size}
    image = np.zeros((2, extent, extent), np.int64)
    assert _out_shape(step, image, out * out) == (out, out)
    with pytest.raises(OptionError, match="output positions"):
        _out_shape(step, image, out * out + 1)
    with pytest.raises(OptionError, match="output positions"):
        _out_shape(step | {"receptive_field_size": extent + 2 * padding + stride}, image, 0)


# --- parts that are refused by name


@pytest.mark.parametrize(
    ("key", "what"), [("head.weight", "a learned head"), ("layers.1.leaf_a", "belongs to no layer")]
)
def test_parts_of_silogic_that_are_no_gates(key: str, what: str, tmp_path: Path) -> None:
    file = luts.silogic(tmp_path / "net.pth")
    state = torch.load(file.path, weights_only=True)
    torch.save(state | {key: torch.ones(3)}, file.path)
    text = message_of(file.path, file.options)
    assert what in text and key in text


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda one: one.to(torch.float32), "float32"),
        (lambda one: one[:1], "expected (2, nodes)"),
        (lambda one: one[0], "expected (2, nodes)"),
        (lambda one: one[:, :0], "expected (2, nodes)"),
        (lambda one: one + 1, "does not exist"),
        (lambda one: one - 1, "does not exist"),
    ],
)
def test_children_of_a_tree_that_cannot_be(change: Any, part: str, tmp_path: Path) -> None:
    file = tlx.conv(tmp_path / "net.pth")
    state = torch.load(file.path, weights_only=True)
    key = "1.connections._indices_L1"
    torch.save(state | {key: change(state[key])}, file.path)
    config = json.loads(file.options["config_path"].read_text())
    assert part in message_of(file.path, {}, config)


@pytest.mark.parametrize(
    "thresholds", [np.ones((3, 2), np.int64), np.ones(3), np.ones((2, 2)), np.ones((3, 0)), np.ones((3, 2, 1))]
)
def test_thresholds_of_another_shape_or_type(thresholds: np.ndarray, tmp_path: Path) -> None:
    from lgc.frontend import Layer, Model

    encoder = Encoder(3, np.zeros((3, 2)))
    layer = Layer("layer1", np.array([[0, 1], [2, 3]]), np.array([6, 8], np.uint64), (0,))
    write_model(Model("m", encoder, (layer,), Head.equal_groups(2, ("a", "b"))), tmp_path / "m.pt")
    content = torch.load(tmp_path / "m.pt", weights_only=True)
    content["tensors"]["encoder.thresholds"] = torch.from_numpy(thresholds)
    torch.save(content, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match="expected float"):
        read_model(tmp_path / "m.pt")


# --- torchlogix: the convolutional networks that it ships


def planned(convs: int, binarization: str | None, architecture: str) -> list[dict[str, Any]]:
    state: dict[str, Any] = {f"{index}.tree_weights.0": np.zeros(1) for index in range(1, convs + 1)}
    state |= {f"{index}.weight": np.zeros(1) for index in (20, 21)}
    if binarization:
        state[f"0.{binarization}"] = np.zeros(1)
    content = Content(Path("net.pth"), "pytorch", state)
    return make_plan(ImportJob(content, ImportOptions({}, {"architecture": architecture}), lambda path: None))


def conv(index: int, padding: int, size: int, pool: int) -> list[dict[str, Any]]:
    return [
        {"type": "conv", "prefix": f"{index}.", "padding": padding, "stride": 1, "receptive_field_size": size},
        {"type": "orpool", "kernel_size": 2, "stride": 2, "padding": pool},
    ]


SHIPPED = {
    "ClgnMnistTiny": [*conv(1, 0, 5, 0), *conv(2, 0, 3, 1), *conv(3, 0, 3, 1)],
    "CNN": [*conv(1, 0, 5, 0), *conv(2, 0, 3, 1), *conv(3, 0, 3, 1)],
    "ClgnCifar10Medium": [step for index in range(1, 5) for step in conv(index, 1, 3, 0)],
}


@pytest.mark.parametrize("binarization", ["thresholds", "raw_diffs", None])
@pytest.mark.parametrize("architecture", SHIPPED)
def test_the_convolutional_networks_of_torchlogix(architecture: str, binarization: str | None) -> None:
    """MNIST: 5 by 5 at first, then 3 by 3, no padding but that of the later pools; CIFAR: 3 by 3, padded."""
    expected = SHIPPED[architecture]
    first = [{"type": "binarization", "prefix": "0.", "feature_dim": 1}] if binarization else []
    dense = [{"type": "dense", "prefix": f"{index}."} for index in (20, 21)]
    steps = planned(len(expected) // 2, binarization, architecture)
    assert steps == [*first, *expected, {"type": "flatten"}, *dense, {"type": "groupsum"}]


@pytest.mark.parametrize("architecture", [*SHIPPED, "Other"])
def test_another_number_of_convolutions_is_no_known_network(architecture: str) -> None:
    with pytest.raises(OptionError, match="is not one that lgc knows"):
        planned(2, None, architecture)


# --- records of a .pt file


@pytest.mark.parametrize("short", [1, 10, 29, 30])
def test_a_record_whose_header_is_cut_off(short: int, tmp_path: Path) -> None:
    """The directory says that a record begins so many bytes before the end of the file."""
    file = peers.salon64(tmp_path / "net.pth")
    data = bytearray(file.path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"/data/0"))  # the record's entry in the directory
    data[at + 42 : at + 46] = (len(data) - short).to_bytes(4, "little")
    file.path.write_bytes(data)
    assert "truncated" in message_of(file.path, file.options) or "overlap" in message_of(file.path, file.options)
