"""The native checkpoint (docs/checkpoint.md): round trips, the trained form, and every error by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lgc.errors import CheckpointError, OutputError
from lgc.frontend import Layer, Model, load_circuit, load_model, lower, read_model, write_model
from lgc.frontend.checkpoint import RawCheckpoint, hardened_content, read_raw, write_raw
from lgc.frontend.model import check_model
from lgc.frontend.software import SoftwareModel
from lgc.ir import Encoder, Head
from lgc.ir.interp import classify, scores
from lgc.runtime import Predictor


def make_model(seed: int = 0, *, thresholds: bool = True, bias: bool = True, tie: str = "first") -> Model:
    """Three layers of arity 2, 3 and 6 with residual sources and constants."""
    random = np.random.default_rng(seed)
    encoder = Encoder(5, np.sort(random.standard_normal((5, 2)), axis=1)) if thresholds else Encoder(10)
    widths, arities = [12, 10, 8], [2, 3, 6]
    sources = [(0,), (1, 0), (-1, 2, 0)]
    reach = [10, 22, 2 + 10 + 10]
    layers = []
    for index in range(3):
        wires = random.integers(0, reach[index], (widths[index], arities[index]))
        top = (1 << (1 << arities[index])) - 1
        tables = random.integers(0, top, widths[index], dtype=np.uint64, endpoint=True)
        layers.append(Layer(f"layer{index + 1}", wires, tables, sources[index]))
    head = Head.equal_groups(
        8, ("a", "b", "c\n", "d"), bias=np.array([0, -2, 3, 0]) if bias else None, tau=0.5, tie=tie
    )
    return Model("m", encoder, tuple(layers), head, training={"seed": 1})


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("options", [{}, {"thresholds": False}, {"bias": False}, {"tie": "last"}])
def test_round_trip(suffix: str, options: dict[str, Any], tmp_path: Path) -> None:
    model = make_model(**options)
    path = tmp_path / f"m{suffix}"
    write_model(model, path)
    again = read_model(path)
    assert again.digest() == model.digest()
    assert (again.name, again.head.classes, again.head.tau) == ("m", ("a", "b", "c\n", "d"), 0.5)
    assert again.training == {"seed": 1}
    assert (
        load_model(path).digest()
        == load_model(path.rename(tmp_path / "no-suffix" if suffix == ".pt" else path)).digest()
    )


def test_torch_reads_it_with_weights_only(tmp_path: Path) -> None:
    write_model(make_model(), tmp_path / "m.pt")
    content = torch.load(tmp_path / "m.pt", weights_only=True)
    assert json.loads(content["lgc"])["format"] == "lgc-checkpoint"


@pytest.mark.parametrize("seed", range(5))
def test_software_model_interpreter_and_file_agree(seed: int, tmp_path: Path) -> None:
    model = make_model(seed)
    write_model(model, tmp_path / "m.pt")
    x = np.random.default_rng(seed).standard_normal((500, 5))
    bits = model.encoder.encode(x)
    expected = scores(lower(model), bits)
    software = SoftwareModel.from_file(tmp_path / "m.pt")
    np.testing.assert_array_equal(software.scores(bits), expected)
    np.testing.assert_array_equal(scores(load_circuit(tmp_path / "m.pt"), bits), expected)
    np.testing.assert_array_equal(software.classify(expected), classify(lower(model), bits))


def trained_content(dtype: type = np.float32) -> RawCheckpoint:
    """The trained form of a two-layer model: gate logits over candidates, and table logits over all wires."""
    random = np.random.default_rng(3)
    header = {
        "format": "lgc-checkpoint", "version": 1, "features": 6, "classes": ["x", "y"],
        "layers": [{"arity": 2, "width": 8}, {"arity": 3, "width": 4, "sources": [1, 0]}],
    }  # fmt: skip
    tensors = {
        "layers.0.gate_logits": random.standard_normal((8, 16)).astype(dtype),
        "layers.0.wire_logits": random.standard_normal((8, 2, 3)).astype(dtype),
        "layers.0.candidates": random.integers(0, 6, (8, 2, 3)),
        "layers.1.table_logits": random.standard_normal((4, 8)).astype(dtype),
        "layers.1.wire_logits": random.standard_normal((4, 3, 14)).astype(dtype),
        "training.optimiser.step": np.array([7]),
    }
    return RawCheckpoint(header, tensors)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_trained_form_hardens_by_argmax(dtype: type, tmp_path: Path) -> None:
    raw = trained_content(dtype)
    write_raw(raw, tmp_path / "t.pt")
    model = read_model(tmp_path / "t.pt")
    assert model.form == "trained"
    t = raw.tensors
    chosen = t["layers.0.wire_logits"].argmax(-1)
    first = model.layers[0]
    np.testing.assert_array_equal(
        first.wires, np.take_along_axis(t["layers.0.candidates"], chosen[..., None], -1)[..., 0]
    )
    np.testing.assert_array_equal(model.layers[1].wires, t["layers.1.wire_logits"].argmax(-1))
    bits = (model.layers[1].tables[:, None] >> np.arange(8, dtype=np.uint64)) & np.uint64(1)
    np.testing.assert_array_equal(bits, t["layers.1.table_logits"] > 0)
    write_model(model, tmp_path / "h.safetensors")
    assert read_model(tmp_path / "h.safetensors").digest() == model.digest()
    assert read_model(tmp_path / "h.safetensors").form == "hardened"


def test_the_software_model_reads_the_trained_form_as_it_is(tmp_path: Path) -> None:
    """Torch's own argmax over candidates and over all wires, of three operands too, against the hardened circuit."""
    write_raw(trained_content(), tmp_path / "t.pt")
    bits = np.random.default_rng(5).random((200, 6)) < 0.5
    expected = scores(lower(read_model(tmp_path / "t.pt")), bits)
    np.testing.assert_array_equal(SoftwareModel.from_file(tmp_path / "t.pt").scores(bits), expected)


def test_bfloat16_logits(tmp_path: Path) -> None:
    raw = trained_content()
    tensors = {
        name: torch.from_numpy(array).bfloat16() if array.dtype == np.float32 else torch.from_numpy(array)
        for name, array in raw.tensors.items()
    }
    torch.save({"lgc": json.dumps(raw.header), "tensors": tensors}, tmp_path / "b.pt")
    model = read_model(tmp_path / "b.pt")
    np.testing.assert_array_equal(model.layers[1].wires, tensors["layers.1.wire_logits"].float().numpy().argmax(-1))


Change = Callable[[dict[str, Any], dict[str, Any]], object]

ERRORS: list[tuple[str, Change, str]] = [
    ("version", lambda h, t: h.update(version=4), "version 4"),
    ("format", lambda h, t: h.update(format="other"), "not that of an lgc checkpoint"),
    ("features", lambda h, t: h.update(features=0), "'features' is 0"),
    ("features-text", lambda h, t: h.update(features="5"), "'features' is 5"),
    ("features-huge", lambda h, t: h.update(features=10**30), "'features'"),
    ("classes", lambda h, t: (h.update(classes=[]), t.pop("head.bias")), "no classes"),
    ("classes-number", lambda h, t: h.update(classes=4), "'classes'"),
    ("classes-divide", lambda h, t: (h.update(classes=["a", "b", "c"]), t.pop("head.bias")), "do not divide"),
    ("tau", lambda h, t: h.update(tau=-1), "tau is -1"),
    ("tau-bool", lambda h, t: h.update(tau=True), "tau is True"),
    ("tie", lambda h, t: h.update(tie="random"), "tie rule"),
    ("name", lambda h, t: h.update(name=7), "'name'"),
    ("shape", lambda h, t: h.update(feature_shape=[2, 3]), "does not multiply"),
    ("no-layers", lambda h, t: h.update(layers=[]), "no layers"),
    ("layers-text", lambda h, t: h.update(layers="x"), "'layers'"),
    ("arity", lambda h, t: h["layers"][0].update(arity=7), "arity of layer1"),
    ("width", lambda h, t: h["layers"][0].update(width=0), "width of layer1"),
    ("sources-later", lambda h, t: h["layers"][0].update(sources=[1]), "sources of layer1"),
    ("sources-empty", lambda h, t: h["layers"][0].update(sources=[]), "sources of layer1"),
    ("wires", lambda h, t: t.pop("layers.1.wires"), "layers.1.wires is missing"),
    ("wires-shape", lambda h, t: t.update({"layers.1.wires": np.zeros((10, 2), np.int16)}), "expected shape"),
    ("wires-float", lambda h, t: t.update({"layers.1.wires": np.zeros((10, 3))}), "layers.1.wires is float64"),
    ("wires-high", lambda h, t: t["layers.1.wires"].__setitem__((4, 1), 22), "layer2, neuron 4: operand 1 is wire 22"),
    ("wires-negative", lambda h, t: t["layers.0.wires"].__setitem__((0, 0), -1), "neuron 0: operand 0 is wire -1"),
    ("gates", lambda h, t: t.pop("layers.0.gates"), "layers.0.gates is missing"),
    ("gates-16", lambda h, t: t["layers.0.gates"].__setitem__(3, 16), "neuron 3 has gate id 16"),
    ("gates-arity", lambda h, t: t.update({"layers.1.gates": np.zeros(10, np.uint8)}), "arity 3"),
    ("table-wide", lambda h, t: t["layers.1.tables"].__setitem__(2, 256), "layer2, neuron 2: the truth table"),
    ("bias", lambda h, t: t.update({"head.bias": np.zeros(3, np.int64)}), "head.bias"),
    ("bias-huge", lambda h, t: t.update({"head.bias": np.full(4, -(2**62))}), "larger than"),
    ("thresholds-nan", lambda h, t: t["encoder.thresholds"].__setitem__((2, 1), np.nan), "threshold 1 of feature 2"),
    ("thresholds-fall", lambda h, t: t["encoder.thresholds"].__setitem__((2, 0), 99.0), "feature 2 do not ascend"),
    ("thresholds-shape", lambda h, t: t.update({"encoder.thresholds": np.zeros((4, 2))}), "expected float"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), [case[1:] for case in ERRORS], ids=[case[0] for case in ERRORS])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_errors_name_the_place(change: Change, message: str, suffix: str, tmp_path: Path) -> None:
    header, tensors = hardened_content(make_model())
    tensors = {name: np.array(array) for name, array in tensors.items()}
    change(header, tensors)
    path = tmp_path / f"bad{suffix}"
    write_raw(RawCheckpoint(header, tensors), path)
    with pytest.raises(Exception, match="bad") as caught:
        read_model(path)
    assert message in str(caught.value)
    assert type(caught.value).__module__ == "lgc.errors"


@pytest.mark.parametrize("name", ["layers.0.gate_logits", "layers.0.wire_logits", "layers.1.table_logits"])
def test_nan_logits_are_refused_with_their_neuron(name: str, tmp_path: Path) -> None:
    raw = trained_content()
    raw.tensors[name].reshape(len(raw.tensors[name]), -1)[3, 1] = np.nan
    write_raw(raw, tmp_path / "t.safetensors")
    with pytest.raises(CheckpointError, match=f"{name}: neuron 3 has a NaN"):
        read_model(tmp_path / "t.safetensors")


def test_suffixes_and_containers(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="unknown suffix"):
        write_model(make_model(), tmp_path / "m.bin")
    torch.save({"lgc": "{}", "tensors": {}}, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match="not that of an lgc checkpoint"):
        read_model(tmp_path / "m.pt")
    torch.save({"lgc": "[" * 100_000, "tensors": {}}, tmp_path / "deep.pt")
    with pytest.raises(CheckpointError, match="not that of an lgc checkpoint"):
        read_model(tmp_path / "deep.pt")
    torch.save({"lgc": "{}", "tensors": {"a": 1}}, tmp_path / "n.pt")
    with pytest.raises(CheckpointError, match="no table of tensors"):
        read_model(tmp_path / "n.pt")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Layer("x", np.zeros((2, 7), np.int64), np.zeros(2, np.uint64), (0,)), "arity 7"),
        (Layer("x", np.zeros((3, 2), np.int64), np.zeros(2, np.uint64), (0,)), "2 tables and 3 rows"),
        (Layer("x", np.zeros((2, 2), np.int64), np.zeros(2, np.uint64), (1,)), "reads the stages"),
        (Layer("x", np.full((2, 2), 9), np.zeros(2, np.uint64), (0,)), "wire 9"),
        (Layer("x", np.zeros((2, 2), np.int64), np.full(2, 16, np.uint64), (0,)), "wider than 4 bits"),
    ],
)
def test_models_made_by_hand_are_checked(layer: Layer, message: str) -> None:
    model = Model("m", Encoder(4), (layer,), Head.equal_groups(2, ("a",)))
    with pytest.raises(CheckpointError, match=message):
        check_model(model)


VERSION_1 = "9ea5b33c9d9c06960a3718fb951e9b32bc8aedd71da5756accec70949d299bca"
GOLDEN = Path(__file__).parents[1] / "golden" / "checkpoints"


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_version_1_is_read_for_ever(suffix: str) -> None:
    """Files as lgc wrote them before a model knew its input; nothing is known of it then, and all else is there."""
    path = GOLDEN / f"version-1{suffix}"
    assert read_raw(path).header["version"] == 1
    model = read_model(path)
    assert model.digest() == VERSION_1
    assert (model.name, model.feature_shape, model.training) == ("small", (2, 2), {"dataset": "small", "seed": 3})
    assert (model.inputs, model.labels, dict(model.split)) == (None, None, {})
    predictor = Predictor(lower(model), engine="numpy")
    rows = np.random.default_rng(0).random((50, 4))
    np.testing.assert_array_equal(predictor.scores(rows), scores(lower(model), model.encoder.encode(rows)))
    assert predictor.labels == (0, 1, 2) and predictor.classes == ("cat", "dog", "eel")
