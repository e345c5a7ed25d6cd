"""Kind 24: ``CC`` and ``CXX`` are commands, not paths: wrappers, options and quotes, as make and ccache know them."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest
from strategies import random_circuit, random_inputs

from lgc.errors import MissingToolError
from lgc.ir import interp
from lgc.runtime import Predictor
from lgc.sim.cxx import compile_file
from lgc.tools.cc import build_key, find_c_compiler, find_cxx_compiler, load_built
from lgc.tools.detect import found_version
from lgc.tools.find import DEPENDENCIES


def _program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def wrapper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that notes how it was started, and runs its arguments, as ccache does; and a cache of its own."""
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    return _program(tmp_path / "my tools" / "wrap", f'echo "$@" >> "{tmp_path}/calls"\nexec "$@"')


def _commands(wrapper: Path) -> dict[str, str]:
    alone = _program(wrapper.parent / "gcc", f'exec "{wrapper}" cc "$@"')
    return {
        "a wrapper": f"'{wrapper}' cc",
        "a wrapper and options": f'"{wrapper}" cc -g -DNAME="a b"',
        "escaped blanks": str(wrapper).replace(" ", "\\ ") + " cc",
        "a path with blanks, without quotes": str(alone),
    }


WAYS = ["a wrapper", "a wrapper and options", "escaped blanks", "a path with blanks, without quotes"]


@pytest.mark.parametrize("way", WAYS)
def test_the_runtime_compiles_with_every_word_of_cc(way: str, wrapper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", _commands(wrapper)[way])
    circuit = random_circuit(9, [8], 2, seed=24)
    bits = random_inputs(9, 20)
    np.testing.assert_array_equal(Predictor(circuit, engine="c").scores(bits), interp.scores(circuit, bits))
    calls = (wrapper.parent.parent / "calls").read_text()
    assert "-shared" in calls
    assert ("-DNAME=a b" in calls) == (way == "a wrapper and options")


def test_libraries_of_the_package_are_built_with_it(wrapper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The training kernel and the search for a small head come this way."""
    monkeypatch.setenv("CC", f"'{wrapper}' cc")
    source = wrapper.parent / "one.c"
    source.write_text("int one(void) { return 1; }\n")
    assert load_built("one", source, [("-O1",)]).one() == 1
    assert "one.c" in (wrapper.parent.parent / "calls").read_text()


def test_simulators_are_built_with_every_word_of_cxx(wrapper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", f"'{wrapper}' c++ -DTWO=2")
    source = wrapper.parent / "two.cpp"
    source.write_text("static_assert(TWO == 2); int two() { return TWO; }\n")
    assert compile_file(find_cxx_compiler(), ["-O0"], source, source.with_suffix(".o")).exists()
    assert "two.cpp" in (wrapper.parent.parent / "calls").read_text()


def test_doctor_sees_what_is_used(wrapper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", f"'{wrapper}' cc -m64")
    monkeypatch.setenv("CXX", f"'{wrapper}' c++")
    assert (found_version(DEPENDENCIES["cc"]) or "").startswith("wrap cc -m64 ")
    assert (found_version(DEPENDENCIES["c++"]) or "").startswith("wrap c++ ")


@pytest.mark.parametrize("value", ["no-such-compiler -m64", "'open quote", "''", "-m64 gcc"])
def test_a_command_that_starts_nothing_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was: "no C compiler found, set CC", where it is set."""
    monkeypatch.setenv("CC", value)
    with pytest.raises(MissingToolError, match=r"CC is '.*', which starts no program"):
        find_c_compiler()


def test_another_compiler_or_option_behind_a_wrapper_is_another_library(tmp_path: Path) -> None:
    first, second = (_program(tmp_path / name, f"exit {index}0") for index, name in enumerate("ab"))
    keys = {build_key(("/bin/sh", str(one), *more)) for one in (first, second) for more in ((), ("-g",))}
    assert len(keys) == 4
    _program(first, "exit 12345")
    assert build_key(("/bin/sh", str(first))) not in keys
