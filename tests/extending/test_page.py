"""docs/extending.md is true: its blocks, applied to a copy of lgc, give a head, a part, a board and a data set."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import struct
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from strategies import random_circuit

from lgc.files import write_text
from lgc.ir import to_text
from lgc.parts.boards import BOARDS
from lgc.parts.names import BoardName

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def blocks(section: str) -> list[str]:
    """The fenced blocks of a section, in order, without the indentation of the list that they stand in."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^   ```\w+\n(.*?)^   ```$", text, flags=re.DOTALL | re.MULTILINE)
    return [re.sub("^   ", "", block, flags=re.MULTILINE) for block in found]


def insert(path: Path, before: str, text: str) -> None:
    """Put text in front of the first place that reads ``before``."""
    old = path.read_text(encoding="utf-8")
    assert before in old, (path, before)
    path.write_text(old.replace(before, text + before, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy of lgc, extended as the page says, with a network beside it."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "lgc", folder / "lgc", ignore=shutil.ignore_patterns("__pycache__"))
    lgc = folder / "lgc"
    head, head_row = blocks("A head")
    (lgc / "mapping" / "heads" / "toy.py").write_text(head)
    insert(lgc / "mapping" / "heads" / "__init__.py", '    "ternary": ', head_row)
    insert(lgc / "mapping" / "names.py", '"ternary"]', '"toy", ')
    (part,) = blocks("A part")
    insert(lgc / "parts" / "parts.toml", "[part.ice40-up5k]", f"{part}\n")
    (board,) = blocks("A board")
    insert(lgc / "parts" / "boards.toml", "[hx8k]", f"{board}\n")
    insert(lgc / "parts" / "names.py", '"tangnano9k"]', '"toyboard", ')
    classes, source = blocks("A data set")
    insert(lgc / "train" / "data" / "images.py", '"mnist": tuple', classes.strip() + " ")
    insert(lgc / "train" / "data" / "fetch.py", '    "mnist": Source(', source)
    write_text(folder / "net.lgn", to_text(random_circuit(12, [40, 30], 3, seed=4)))
    return folder


def run(house: Path, *arguments: str) -> str:
    """What a command of the copy prints."""
    environment = {**os.environ, "PYTHONPATH": str(house), "COLUMNS": "200"}
    command = [sys.executable, "-m", "lgc", *arguments]
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_head_is_a_file_a_row_and_a_name(house: Path) -> None:
    run(house, "compile", "net.lgn", "-o", "toy.v", "--head", "toy")
    run(house, "compile", "net.lgn", "-o", "adder.v", "--head", "adder")
    gates = [re.findall(r"LGC_GATE.*", (house / name).read_text()) for name in ("toy.v", "adder.v")]
    assert gates[0] == gates[1] != []
    assert "toy" in run(house, "estimate", "net.lgn")


def test_a_part_is_a_row(house: Path) -> None:
    assert "ice40-toy" in run(house, "synth", "--list")
    assert "smallest on ice40 by estimate" in run(house, "estimate", "net.lgn", "--part", "ice40-toy")


def test_a_board_is_a_row_and_a_name(house: Path) -> None:
    run(house, "compile", "net.lgn", "-o", "board.v", "--interface", "uart", "--board", "toyboard")
    assert "set_io clk 20" in (house / "board_toyboard.pcf").read_text()
    assert "module board_toyboard" in (house / "board_toyboard.v").read_text()
    assert set(get_args(BoardName)) == set(BOARDS)


def test_a_data_set_is_two_rows(house: Path) -> None:
    rng = np.random.default_rng(0)
    for part, count in (("train", 30), ("t10k", 10)):
        for kind, array in (
            ("images-idx3", rng.integers(0, 256, (count, 4, 5), np.uint8)),
            ("labels-idx1", np.arange(count, dtype=np.uint8) % 2),
        ):
            header = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (house / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(header + array.tobytes()))
    code = """
        from pathlib import Path
        from lgc.train.data import load_dataset
        data = load_dataset("toyset", Path())
        print(data.train.shape, data.test.shape, data.classes)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    environment = {**os.environ, "PYTHONPATH": str(house)}
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "(30, 20) (10, 20) ('cat', 'dog')\n", done.stderr


def test_the_page_shows_the_entry_points_of_the_example() -> None:
    shown = tomllib.loads("\n".join(block for kind in ("A pass", "A format", "An importer") for block in blocks(kind)))
    example = tomllib.loads((ROOT / "examples" / "plugin" / "pyproject.toml").read_text(encoding="utf-8"))
    assert shown["project"]["entry-points"] == example["project"]["entry-points"]
