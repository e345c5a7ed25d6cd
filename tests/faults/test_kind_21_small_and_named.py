"""Kind 21: ports of one bit, and names that mean something to a tool, give a file that works, in every format."""

from __future__ import annotations

import importlib.util
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from amaranth.back import rtlil
from cbuild import Loaded
from strategies import all_inputs

import lgc
from lgc.backend.amaranth.format import Amaranth, _class_name
from lgc.backend.base import FORMATS, to_bytes, write
from lgc.backend.c import C99
from lgc.errors import OptionError
from lgc.ir import Builder, Circuit, Encoder, Head, interp, parse_text, to_text

SIMULATOR = "icarus" if shutil.which("vvp") else "verilator"
SMALL = {
    "one-gate": ".model n\n.inputs a b\n.outputs f\n.names a b f\n11 1\n.end\n",
    "one-input": ".model n\n.inputs a\n.outputs f\n.names a f\n0 1\n.end\n",
    "pass-through": ".model n\n.inputs a\n.outputs f\n.names a f\n1 1\n.end\n",
    "two-classes": ".model n\n.inputs a\n.outputs f g\n.names a f\n0 1\n.names a g\n1 1\n.end\n",
    "constant": ".model n\n.inputs a\n.outputs f\n.names f\n1\n.end\n",
}
NAMES = [
    "signal", "module", "NET", "net component", "none", "True", "in", "any", "exception", "value error", "__init__",
    "class", "int", "main", "wire", "endmodule", "TOP", "std", "lgc", "run", ".model", "in[0]", "", " ", "0", "ünïcode",
    "漢字", "\ud800", 'quo"te\'', "new\nline", "tab\t", "*/ evil", "// x", "`include", "\\esc ", "$lut", "%s{}",
    "a" * 300,
]  # fmt: skip


QUICK = {(".py", "one-input"), (".py", "two-classes"), (".v", "one-input"), (".c", "one-gate"), (".aag", "constant")}
EVERY = [(suffix, name) for suffix in (".py", ".v", ".c", ".blif", ".aag", ".onnx") for name in SMALL]


@pytest.mark.parametrize(
    ("suffix", "name"), [one if one in QUICK else pytest.param(*one, marks=pytest.mark.slow) for one in EVERY]
)
def test_ports_of_one_bit_are_verified(suffix: str, name: str, tmp_path: Path) -> None:
    """The example: an Amaranth file with one or two classes could not be verified, its ports being scalars."""
    (tmp_path / "net.blif").write_text(SMALL[name])
    lgc.compile(tmp_path / "net.blif", tmp_path / f"out{suffix}")
    simulator = {"simulator": SIMULATOR} if suffix in (".py", ".v") else {}
    assert lgc.verify(tmp_path / "net.blif", tmp_path / f"out{suffix}", random=2, **simulator).ok


@pytest.mark.parametrize("name", ["one-input", pytest.param("two-classes", marks=pytest.mark.slow)])
def test_registers_around_one_bit(name: str, tmp_path: Path) -> None:
    (tmp_path / "net.blif").write_text(SMALL[name])
    lgc.compile(tmp_path / "net.blif", tmp_path / "out.py", settings={"pipeline": "2"})
    assert lgc.verify(tmp_path / "net.blif", tmp_path / "out.py", random=2, simulator=SIMULATOR).ok


def circuit_called(name: str, classes: tuple[str, ...] = ("f", "g")) -> Circuit:
    builder = Builder(2)
    gates = [builder.add(0x8, (2, 3)), builder.add(0x6, (2, 3))]
    layer = np.arange(len(classes) + 1)
    outputs = [gates[index % 2] for index in range(len(classes))]
    return Circuit(name, Encoder(2), builder.build(outputs), Head(layer, np.zeros(len(classes), np.int64), classes))


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("under_test", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_amaranth_module_works_whatever_the_network_is_called(tmp_path: Path) -> None:
    """The example: networks called `signal` and `module` gave a class that hid Amaranth's own."""
    for name in NAMES:
        circuit = circuit_called(name)
        write(Amaranth(), circuit, tmp_path / "net.py")
        component = getattr(_module(tmp_path / "net.py"), _class_name(name))()
        assert "module \\net" in rtlil.convert(component, name="net"), name
    taken = [_class_name(name) for name in ("signal", "module", "NET", "none", "exception")]
    assert taken == ["SignalNet", "ModuleNet", "NETNet", "NoneNet", "ExceptionNet"]


def test_a_class_name_that_is_asked_for_is_refused_if_it_is_taken() -> None:
    for name in ("Signal", "NetComponent", "NET", "None", "ValueError"):
        with pytest.raises(OptionError, match=rf"'{name}' means something else.*such as {name}Net"):
            to_bytes(Amaranth(class_name=name), circuit_called("net"))


def test_c_works_whatever_the_network_is_called(tmp_path: Path) -> None:
    rows = all_inputs(2)
    for name in NAMES[::4]:
        circuit = circuit_called(name)
        scores, _ = Loaded(circuit, tmp_path, target=C99())("bools", rows.astype(np.uint8))
        np.testing.assert_array_equal(scores, interp.scores(circuit, rows))


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_names_of_networks_and_classes_break_no_format(suffix: str, tmp_path: Path) -> None:
    """Also names that are equal, or equal but for their case, or equal once made plain."""
    sets = [*pairwise(NAMES), ("a", "a"), ("a", "A"), ("a b", "a_b"), ("", "")]
    for index, classes in enumerate(sets):
        circuit = circuit_called(NAMES[index % len(NAMES)], classes)
        path = tmp_path / f"net{suffix}"
        lgc.compile(circuit, path)
        path.read_bytes().decode("utf-8", "strict" if suffix not in (".aig", ".onnx") else "replace")
        if suffix == ".lgn":
            assert parse_text(path.read_text()).head.classes == classes
        if suffix in (".blif", ".aag", ".aig"):
            assert lgc.read(path).circuit.netlist.num_outputs == 2
    assert to_text(parse_text(to_text(circuit))) == to_text(circuit)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["top", "TOP", "std", "endmodule", "ünïcode"])
def test_verilog_works_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    circuit = circuit_called(name)
    lgc.compile(circuit, tmp_path / f"{name}.v")
    assert lgc.verify(circuit, tmp_path / f"{name}.v", random=2, simulator=SIMULATOR).ok
