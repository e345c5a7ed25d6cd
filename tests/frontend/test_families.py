"""Every family: a file written to the specification imports as the network it is, every score of every vector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import peer_files as peers
import peer_luts as luts
import peer_torchlogix as tlx
import pytest

from lgc.frontend import ImportOptions, load_model, lower, read_model, write_model
from lgc.frontend.facts import read_facts
from lgc.frontend.registry import read_file
from lgc.frontend.software import SoftwareModel
from lgc.ir.interp import scores

VECTORS = 1000

SILOGIC_ODD = {"node": "multilinear", "arity": 4, "depth": 1, "side": 7, "seed": 55}
WRITERS = {
    "lilogic-dense": (peers.lilogic, {}, "lilogicnet"),
    "lilogic-compiled": (peers.lilogic, {"compiled": True}, "lilogicnet"),
    "lilogic-top": (peers.lilogic, {"wiring": "top"}, "lilogicnet"),
    "lilogic-indices": (peers.lilogic, {"wiring": "indices"}, "lilogicnet"),
    "lilogic-binarised": (peers.lilogic, {"wiring": "binarised"}, "lilogicnet"),
    "lilogic-block": (peers.lilogic, {"wiring": "block"}, "lilogicnet"),
    "lilogic-pass-input": (peers.lilogic, {"pass_input": True}, "lilogicnet"),
    "lilogic-pass-residual": (peers.lilogic, {"pass_residual": True}, "lilogicnet"),
    "lilogic-pass-both": (peers.lilogic, {"pass_input": True, "pass_residual": True}, "lilogicnet"),
    "lilogic-top-pass-both": (
        peers.lilogic, {"wiring": "top", "pass_input": True, "pass_residual": True}, "lilogicnet"),
    "lilogic-block-pass-input": (peers.lilogic, {"wiring": "block", "pass_input": True}, "lilogicnet"),
    "lilogic-early": (peers.lilogic_early, {}, "lilogicnet"),
    "lilogic-early-inner": (peers.lilogic_early, {"inner": True}, "lilogicnet"),
    "lilogic-npz": (peers.lilogic_npz, {}, "lilogicnet-npz"),
    "lilogic-npz-constants": (peers.lilogic_npz, {"trailing_constant": True}, "lilogicnet-npz"),
    "difflogic-cuda-unique": (peers.difflogic, {}, "difflogic"),
    "difflogic-cuda-random": (peers.difflogic, {"connections": "random"}, "difflogic"),
    "difflogic-cpu-unique": (peers.difflogic, {"built_on": "cpu"}, "difflogic"),
    "difflogic-cpu-random": (peers.difflogic, {"built_on": "cpu", "connections": "random", "first": 0}, "difflogic"),
    "difflogic-module": (peers.difflogic_module, {}, "difflogic"),
    "salon64": (peers.salon64, {}, "salon64"),
    "visualizer": (peers.visualizer, {}, "difflogic-visualizer"),
    "compactlogic": (peers.compactlogic, {}, "compactlogic"),
    "compactlogic-spm": (peers.compactlogic_spm, {}, "compactlogic"),
    "compactlogic-chm": (peers.compactlogic_spm, {"struct": "conv_chm", "seed": 15}, "compactlogic"),
    "compactlogic-conv": (peers.compactlogic_conv, {}, "compactlogic"),
    "dwn-fixed": (luts.dwn, {}, "torch-dwn"),
    "dwn-learned": (luts.dwn, {"learned": True, "arity": 6}, "torch-dwn"),
    "dwn-wrapped": (luts.dwn, {"learned": True, "wrapped": True, "arity": 2}, "torch-dwn"),
    "silogic-gate16": (luts.silogic, {}, "silogic"),
    "silogic-multilinear": (luts.silogic, {"node": "multilinear", "connectome": "fixed", "arity": 4}, "silogic"),
    "silogic-linear": (luts.silogic, {"node": "linear", "connectome": "dense", "arity": 3}, "silogic"),
    "silogic-walsh-2": (luts.silogic, {"node": "walsh"}, "silogic"),
    "silogic-walsh-3": (luts.silogic, {"node": "walsh", "arity": 3}, "silogic"),
    "silogic-conv": (luts.silogic_conv, {}, "silogic"),
    "silogic-conv-fixed-deep": (luts.silogic_conv, {"connect": "fixed", "depth": 3, "seed": 45}, "silogic"),
    "silogic-conv-odd-4": (luts.silogic_conv, SILOGIC_ODD, "silogic"),
    "silogic-conv-linear": (luts.silogic_conv, {"node": "linear", "arity": 3, "depth": 1, "seed": 45}, "silogic"),
    "silogic-conv-walsh": (luts.silogic_conv, {"node": "walsh", "seed": 36}, "silogic"),
    "silogic-polynomial": (luts.silogic, {"node": "polynomial", "arity": 4}, "silogic"),
    "torchlogix-raw": (tlx.dense, {}, "torchlogix"),
    "torchlogix-warp-2": (tlx.dense, {"kind": "warp"}, "torchlogix"),
    "torchlogix-warp-4": (tlx.dense, {"kind": "warp", "rank": 4, "learned": "some"}, "torchlogix"),
    "torchlogix-warp-6": (tlx.dense, {"kind": "warp", "rank": 6, "binarization": "feature"}, "torchlogix"),
    "torchlogix-warp-1": (tlx.dense, {"kind": "warp", "rank": 1, "seed": 25}, "torchlogix"),
    "torchlogix-light-2": (tlx.dense, {"kind": "light", "learned": "all"}, "torchlogix"),
    "torchlogix-light-4": (tlx.dense, {"kind": "light", "rank": 4, "binarization": "global"}, "torchlogix"),
    "torchlogix-light-6": (tlx.dense, {"kind": "light", "rank": 6}, "torchlogix"),
    "torchlogix-learned": (tlx.dense, {"learned": "all", "binarization": "learned"}, "torchlogix"),
    "torchlogix-conv": (tlx.conv, {}, "torchlogix"),
    "torchlogix-conv-deep": (tlx.conv, {"depth": 3}, "torchlogix"),
    "torchlogix-conv-light-4": (tlx.conv, {"kind": "light", "rank": 4, "depth": 2}, "torchlogix"),
    "torchlogix-module": (tlx.module, {}, "torchlogix"),
    "torchlogix-module-light": (tlx.module, {"kind": "light"}, "torchlogix"),
    "torchlogix-conv-residual": (tlx.conv, {"kind": "warp", "residual": True}, "torchlogix"),
}  # fmt: skip


def write(name: str, folder: Path) -> peers.PeerFile:
    writer, arguments, _ = WRITERS[name]
    return writer(folder / ("net.npz" if "npz" in name else "net.pth"), **arguments)


def options_of(file: peers.PeerFile) -> ImportOptions:
    given = dict(file.options)
    path = given.pop("config_path", None)
    config = read_facts(path) if path else given.pop("config", {})
    return ImportOptions(given, config)


def vectors(file: peers.PeerFile, count: int = VECTORS) -> np.ndarray:
    random = np.random.default_rng(1)
    if file.real:
        # A few coarse values, so that features often equal a threshold's neighbours.
        return random.standard_normal((count, file.features)).astype(np.float32)
    return (random.random((count, file.features)) < random.uniform(0.1, 0.9, (count, 1))).astype(np.uint8)


@pytest.mark.parametrize("name", WRITERS)
def test_imports_bit_for_bit(name: str, tmp_path: Path) -> None:
    file = write(name, tmp_path)
    imported = read_file(file.path, options_of(file))
    assert imported.importer.family == WRITERS[name][2]
    model = imported.result
    x = vectors(file)
    bits = model.encoder.encode(x)
    expected = file.scores(x)
    assert len(np.unique(expected, axis=0)) > 2, "a network that always says the same proves nothing"
    np.testing.assert_array_equal(scores(lower(model), bits), expected)
    np.testing.assert_array_equal(SoftwareModel.from_model(model).scores(bits), expected)


@pytest.mark.parametrize(
    "name",
    ["lilogic-block-pass-input", "dwn-learned", "torchlogix-conv-residual", "compactlogic-conv", "silogic-conv"],
)
def test_converted_file_is_the_same_model(name: str, tmp_path: Path) -> None:
    file = write(name, tmp_path)
    model = load_model(file.path, options_of(file))
    for suffix in (".pt", ".safetensors"):
        write_model(model, tmp_path / f"out{suffix}")
        assert read_model(tmp_path / f"out{suffix}").digest() == model.digest()


def test_features_equal_to_a_threshold_are_not_above_it(tmp_path: Path) -> None:
    file = luts.dwn(tmp_path / "net.pt", wrapped=True)
    model = load_model(file.path)
    x = np.repeat(model.encoder.thresholds[:, :1].T, 3, axis=0).astype(np.float32)
    np.testing.assert_array_equal(scores(lower(model), model.encoder.encode(x)), file.scores(x))


def test_the_wrapper_of_dwn_names_classes_and_tau(tmp_path: Path) -> None:
    model = load_model(luts.dwn(tmp_path / "net.pt", wrapped=True).path)
    assert model.head.classes == ("a", "b", "c")
    assert model.head.tau == 2.5


def test_the_sidecar_of_compactlogic_is_found(tmp_path: Path) -> None:
    file = peers.compactlogic(tmp_path / "net.pt")
    imported = read_file(file.path, options_of(file))
    assert imported.result.head.tau == 3.5
    assert any("meta_data.json" in note for note in imported.job.certain)
