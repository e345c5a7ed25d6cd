"""Kind 17: --check feeds a reference the bits in the order that it means, whatever the encoder and the format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from difflogic_files import GATES, checkpoint, reference_text

from lgc.errors import CheckpointError, OptionError
from lgc.frontend import ImportOptions, lower
from lgc.frontend.registry import read_file
from lgc.ir import to_text
from lgc.ir.interp import evaluate

pytest.importorskip("torch")
SAID = {"seed": 0, "preamble": 0, "classes": 2}
ENCODERS = [
    {"features": 16},
    {"features": 8, "thresholds": "0.25,0.5"},
    {"features": 8, "thresholds": "0.25,0.5", "bit_order": "threshold-major"},
    {"features": 4, "thresholds": "0.1,0.2,0.3,0.4", "bit_order": "threshold-major"},
    {"features": 8, "thresholds": "0.5,0.25"},
    {"features": 8, "thresholds": "0.5,0.25", "bit_order": "threshold-major"},
]


def read(path: Path, **facts):
    return read_file(path, ImportOptions(SAID | facts))


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("suffix", [".v", ".blif", ".lgn"])
def test_a_reference_in_the_order_of_the_checkpoint(encoder: dict, suffix: str, tmp_path: Path) -> None:
    path, layers = checkpoint(tmp_path)
    reference = tmp_path / f"ref{suffix}"
    reference.write_text(reference_text(layers, suffix))
    found = read(path, check=str(reference), **encoder)
    assert any("40 of 40 gates match" in note for note in found.job.certain)


def test_a_reference_in_the_order_of_lgc(tmp_path: Path) -> None:
    path, layers = checkpoint(tmp_path)
    (tmp_path / "ref.v").write_text(reference_text(layers, ".v"))
    encoder = ENCODERS[2]
    model = read(path, check=str(tmp_path / "ref.v"), **encoder).result
    (tmp_path / "own.lgn").write_text(to_text(lower(model)))
    found = read(path, check=str(tmp_path / "own.lgn"), **encoder)
    assert any("inputs in lgc's order" in note for note in found.job.certain)


def test_features_reach_the_bits_that_the_wiring_reads(tmp_path: Path) -> None:
    """The model that passes reads feature f above threshold t as bit t*F + f of the checkpoint."""
    path, layers = checkpoint(tmp_path)
    (tmp_path / "ref.v").write_text(reference_text(layers, ".v"))
    model = read(path, check=str(tmp_path / "ref.v"), **ENCODERS[2]).result
    features = np.random.default_rng(1).random((50, 8))
    bits = np.concatenate([features > 0.25, features > 0.5], axis=1)
    for wires, gates in layers:
        bits = np.stack(
            [GATES[gate](bits[:, a], bits[:, b]) for (a, b), gate in zip(wires, gates, strict=True)], axis=1
        )
    np.testing.assert_array_equal(evaluate(lower(model).netlist, model.encoder.encode(features)), bits)


@pytest.mark.parametrize("encoder", ENCODERS[:3])
def test_a_wrong_reference_passes_in_no_order(encoder: dict, tmp_path: Path) -> None:
    path, layers = checkpoint(tmp_path)
    wires, gates = layers[-1]
    layers[-1] = (wires, [7 if gates[0] != 7 else 1, *gates[1:]])
    (tmp_path / "ref.v").write_text(reference_text(layers, ".v"))
    with pytest.raises(CheckpointError, match="39 of 40 gates"):
        read(path, check=str(tmp_path / "ref.v"), **encoder)


@pytest.mark.parametrize("header", ["input [14:0] x, output [39:0] y", "input [15:0] x, output [38:0] y"])
def test_sizes_that_cannot_fit_are_refused_before_reading(header: str, tmp_path: Path) -> None:
    path, _ = checkpoint(tmp_path)
    (tmp_path / "ref.v").write_text(f"module net({header});\n this is not read;\nendmodule\n")
    with pytest.raises(OptionError, match=r"inputs|outputs"):
        read(path, check=str(tmp_path / "ref.v"), features=16)
