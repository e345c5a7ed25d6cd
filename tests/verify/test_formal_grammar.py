"""The grammar of what is proved takes all that lgc writes: every set of options, and circuits of every legal shape."""

from __future__ import annotations

import random
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))
from cli import save
from draw import draw_circuit
from option_sets import OPTION_SETS
from slow_ways import HEADS
from strategies import random_circuit

from lgc.backend.base import to_bytes
from lgc.backend.manifest import read_manifest
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.grammar import HEADER_LINES
from lgc.backend.verilog.rtl import read_rtl
from lgc.cli import main
from lgc.errors import LgcError, NotCheckedError, OptionError
from lgc.files import write_text
from lgc.ir import Encoder, Head, to_text
from lgc.passes import optimize
from lgc.verify.formal.dialect import check_dialect, check_words
from lgc.verify.formal.grammar import accept

VERILOG = [name for name, (suffix, _) in OPTION_SETS.items() if suffix == ".v"]


def _thresholds(folder: Path) -> Path:
    grid = np.sort(np.random.default_rng(5).integers(1, 255, (4, 4)), axis=1) / 255
    return save(folder / "thresholds.safetensors", seed=3, encoder=Encoder(4, grid))


def _tables(folder: Path) -> Path:
    """Lookup tables of five inputs, unequal groups, the last maximum wins."""
    circuit = random_circuit(24, [40, 30], 3, arity=5, seed=11, name="tables")
    head = Head(np.array([0, 7, 19, 30]), np.array([3, 0, -2]), ("a", "b c", "d"), 4.0, "last")
    write_text(folder / "tables.lgn", to_text(circuit.__class__("tables", circuit.encoder, circuit.netlist, head)))
    return folder / "tables.lgn"


@pytest.mark.parametrize("name", VERILOG)
def test_every_set_of_options(name: str, tmp_path: Path) -> None:
    arguments, taken = shlex.split(OPTION_SETS[name][1]), 0
    for number, model in enumerate((_thresholds(tmp_path), _tables(tmp_path))):
        path = tmp_path / str(number) / "net.v"
        path.parent.mkdir()
        with pytest.raises(SystemExit) as end:
            main(["compile", str(model), "-o", str(path), "-q", *arguments])
        if not end.value.code:
            rtl = read_rtl(path)
            check_dialect(rtl)
            check_words(rtl.text)
            taken += 1
    assert taken


def test_circuits_of_every_legal_shape(tmp_path: Path) -> None:
    rng, taken = random.Random(3), 0
    for _ in range(6):
        drawn = draw_circuit(rng)
        for head in (*HEADS, {"head": "serial"}):
            options = head | {"outputs": rng.choice(["both", "class", "scores"])}
            if head.get("head") != "serial":
                options |= {"pipeline": rng.randint(0, 3)}
            try:
                target, circuit = Verilog(**options), optimize(drawn, rng.choice(["O0", "O2"]))
                text = to_bytes(target, circuit).decode()
            except (OptionError, IndexError):
                continue
            (tmp_path / "net.json").write_text(target.companions(circuit)[".json"])
            accept(text, read_manifest(tmp_path / "net.json"))
            taken += 1
    assert taken > 30


@pytest.mark.parametrize(
    "options",
    [{}, {"pipeline": 6}, {"head": "carry", "fabric": "xc7", "pipeline": 5, "copies": True}, {"head": "serial"}],
)
def test_the_message_names_the_line_and_what_stands_there(options: dict[str, Any], tmp_path: Path) -> None:
    target, circuit = Verilog(**options), random_circuit(10, [24, 30], 3, seed=4)
    text = to_bytes(target, circuit).decode()
    (tmp_path / "net.json").write_text(target.companions(circuit)[".json"])
    manifest = read_manifest(tmp_path / "net.json")
    lines = text.split("\n")
    for number, line in list(enumerate(lines[:-1], 1))[HEADER_LINES::2]:
        changed = "\n".join([*lines[: number - 1], f"{line} ", *lines[number:]])
        with pytest.raises(NotCheckedError) as found:
            accept(changed, manifest)
        assert "is not what lgc writes" in found.value.message
        told = int(found.value.message.split()[1])
        assert abs(told - number) <= 2 or number > text[: text.rindex("`default_nettype")].count("\n"), (
            told,
            number,
            line,
        )


def test_a_text_without_lines_is_no_crash(tmp_path: Path) -> None:
    target, circuit = Verilog(), random_circuit(10, [24, 30], 3, seed=4)
    text = to_bytes(target, circuit).decode()
    (tmp_path / "net.json").write_text(target.companions(circuit)[".json"])
    manifest = read_manifest(tmp_path / "net.json")
    for end in range(0, len(text), 97):
        with pytest.raises(LgcError):
            accept(text[:end], manifest)
