"""What lgc writes changes only on purpose: digests of what every example network becomes under every set of options.

A refusal counts as an output. `pytest --update-golden` writes the digests anew; the commit that does it says why.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "cli"))
from cli import save
from option_sets import OPTION_SETS
from strategies import random_circuit

from lgc import __version__
from lgc.cli import main
from lgc.files import write_text
from lgc.ir import Encoder, Head, to_text

ROOT = Path(__file__).parent.parent
DIGESTS = Path(__file__).parent / "golden" / "frozen.json"
# Layers that slide are unrolled into layers like any others, of tens of thousands of tables: an hour for nothing new.
SHIPPED = [
    one
    for suffix in ("pt", "safetensors")
    for one in sorted(ROOT.glob(f"examples/**/*.{suffix}"))
    if one.parent.name != "conv"
]
REFUSED = 2


def _thresholds(path: Path) -> Path:
    """Features with four thresholds each, a bias, and classes of two words."""
    grid = np.sort(np.random.default_rng(5).integers(1, 255, (4, 4)), axis=1) / 255
    return save(path, seed=3, encoder=Encoder(4, grid))


def _tables(path: Path) -> Path:
    """Lookup tables of five inputs, unequal groups, the last maximum wins."""
    circuit = random_circuit(24, [40, 30], 3, arity=5, seed=11, name="tables")
    head = Head(np.array([0, 7, 19, 30]), np.array([3, 0, -2]), ("a", "b c", "d"), 4.0, "last")
    write_text(path, to_text(circuit.__class__("tables", circuit.encoder, circuit.netlist, head)))
    return path


SMALL = {"thresholds.safetensors": _thresholds, "tables.lgn": _tables}


def digests(model: Path, folder: Path, suffix: str, arguments: str) -> dict[str, str]:
    """File name to the start of its SHA-256, or the refusal; a release changes none of them."""
    folder.mkdir()
    with pytest.raises(SystemExit) as end:
        main(["compile", str(model), "-o", str(folder / f"net{suffix}"), "-q", *shlex.split(arguments)])
    if end.value.code:
        assert end.value.code == REFUSED, f"{model.name} under {arguments}: exit code {end.value.code}"
        return {"exit": str(end.value.code)}
    version = __version__.encode()
    texts = {path.name: path.read_bytes().replace(version, b"VERSION") for path in sorted(folder.iterdir())}
    return {name: hashlib.sha256(text).hexdigest()[:20] for name, text in texts.items()}


def _check(request: pytest.FixtureRequest, name: str, model: Path, folder: Path) -> None:
    seen = {
        title: digests(model, folder / str(index), suffix, arguments)
        for index, (title, (suffix, arguments)) in enumerate(OPTION_SETS.items())
    }
    kept = json.loads(DIGESTS.read_text(encoding="utf-8")) if DIGESTS.exists() else {}
    if request.config.getoption("--update-golden"):
        write_text(DIGESTS, json.dumps(kept | {name: seen}, indent=1, sort_keys=True) + "\n")
        return
    assert len(seen) >= 30
    differ = [title for title in seen if seen[title] != kept[name].get(title)]
    assert not differ, f"{name} is emitted otherwise than it was under: {', '.join(differ)}"


@pytest.mark.parametrize("name", SMALL)
def test_small_networks_are_emitted_as_ever(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Networks with what the shipped ones lack: thresholds, wide tables, bias, unequal groups, ties to the last."""
    _check(request, name, SMALL[name](tmp_path / name), tmp_path)


@pytest.mark.parametrize(
    "model",
    [pytest.param(one, marks=pytest.mark.slow, id=one.name) for one in SHIPPED],
)
def test_shipped_networks_are_emitted_as_ever(model: Path, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Every network under examples/; they take minutes."""
    _check(request, model.name, model, tmp_path)


def test_no_digest_is_of_something_that_is_gone() -> None:
    """The file holds every network and set of options, and nothing else."""
    kept = json.loads(DIGESTS.read_text(encoding="utf-8"))
    assert sorted(kept) == sorted([*SMALL, *(one.name for one in SHIPPED)])
    assert all(sorted(one) == sorted(OPTION_SETS) for one in kept.values())
