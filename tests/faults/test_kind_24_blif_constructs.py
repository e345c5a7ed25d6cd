"""Kind 24, of BLIF: `.exdc`, `.conn` and other statements that programs write are read, or refused by name and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from strategies import all_inputs

from lgc.errors import NetlistError
from lgc.frontend import ImportOptions
from lgc.frontend.registry import read_file
from lgc.ir.interp import evaluate

HEAD = ".model m\n.inputs a b\n.outputs f\n"
AND = ".names a b f\n11 1\n"


def read(folder: Path, text: str, **facts):
    (folder / "m.blif").write_text(text)
    return read_file(folder / "m.blif", ImportOptions(facts))


def table(found) -> list[int]:
    return evaluate(found.result.netlist, all_inputs(2))[:, 0].astype(int).tolist()


@pytest.mark.parametrize(
    "tail", [".names a b f\n00 1\n.end\n", ".inputs a b\n.outputs f\n.names f\n1\n.end\n", ".end\n", ""]
)
def test_external_dont_cares_are_left_out_and_named(tail: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEAD}{AND}.exdc\n{tail}")
    assert table(found) == [0, 0, 0, 1]
    assert found.job.doubtful == ["line 6: .exdc is left out; where outputs do not matter, they stay as given"]


@pytest.mark.parametrize("word", [".conn", ".barbuf", ".short"])
def test_connections_are_read(word: str, tmp_path: Path) -> None:
    assert table(read(tmp_path, f"{HEAD}.names a b g\n11 1\n{word} g f\n.end\n")) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    "line", [".area 3", ".delay a INV 1 1 1 1 1 1", '.attr src "x.v:1"', ".cname g", ".clock c", ".input_arrival a 1 2"]
)
def test_annotations_change_nothing(line: str, tmp_path: Path) -> None:
    assert table(read(tmp_path, f"{HEAD}{line}\n{AND}{line}\n.end\n")) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    "word",
    [".latch a f re c 0", ".subckt g a=a f=f", ".gate and2 a=a O=f", ".mlatch d a f c 0", ".search x.blif", ".blackbox",
     ".start_kiss", ".table a f", ".mv a 3", ".inouts c", ".unknown"],
)  # fmt: skip
def test_others_are_refused_by_name_and_line(word: str, tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match=rf"m\.blif: line 4: \{word.split()[0]} is not supported"):
        read(tmp_path, f"{HEAD}{word}\n{AND}.end\n")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (f"{AND}.conn a f\n", "line 6: 'f' is defined twice, before on line 4"),
        (".conn a\n", "line 4: .conn is followed by 1 signals"),
        (".conn g f\n", "line 4: signal 'g' is read but never defined"),
        (".conn g f\n.conn f g\n", "depends on itself"),
        (f"{AND}.conn b a\n", "line 6: input 'a' is also defined"),
    ],
)
def test_what_is_wrong_is_named(body: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match=message):
        read(tmp_path, f"{HEAD}{body}.end\n")


def test_the_undefined_bit_of_yosys_is_asked_for(tmp_path: Path) -> None:
    text = f"{HEAD}.names $false\n.names $true\n1\n.names $undef\n.names a $undef f\n11 1\n.end\n"
    with pytest.raises(NetlistError, match=r"line 7: .*--source-undefined"):
        read(tmp_path, text)
    assert table(read(tmp_path, text, undefined=0)) == [0, 0, 0, 0]
    assert table(read(tmp_path, text, undefined="1")) == [0, 1, 0, 1]
    assert table(read(tmp_path, f"{HEAD}.names $undef\n{AND}.end\n")) == [0, 0, 0, 1]
