"""Kind 19: no generate loop has more turns than tools take; below that limit the text is what it was."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import lgc
from lgc.backend.manifest import Port
from lgc.backend.verilog.grammar import LOOP_LIMIT, generate_loop, loop_parts
from lgc.ir import Builder, Circuit, Encoder, Head
from lgc.ir.naming import identifier
from lgc.parts.part import find_part
from lgc.synth.harness import harness
from lgc.tools.run import Setup, run_checked
from lgc.tools.verilator import find_verilator

_LOOP = re.compile(r"for \((\w+) = (\w+); \1 < (\d+); \1 = \1 \+ 1\)")
SIZES = [LOOP_LIMIT, LOOP_LIMIT + 1, 40_000]


def of_inputs(count: int) -> Circuit:
    """One gate of the first and the last of many inputs."""
    builder = Builder(count)
    gate = builder.add(0x8, (2, 1 + count))
    return Circuit("wide", Encoder(count), builder.build([gate]), Head(np.array([0, 1]), np.zeros(1, int), ("y",)))


def of_outputs(count: int, classes: int) -> Circuit:
    """A layer of many gates, which are the votes of some classes."""
    builder = Builder(64)
    gates = [builder.add(0x6, (2 + k % 64, 2 + (k * 7 + 1) % 64)) for k in range(count)]
    names = tuple(map(str, range(classes)))
    return Circuit("wide", Encoder(64), builder.build(gates), Head.equal_groups(count, names))


def text_of(circuit: Circuit, folder: Path, **options: object) -> str:
    return lgc.compile(circuit, folder / "wide.v", level="0", **options).path.read_text()


def longest(text: str) -> int:
    return max(int(end) - int(start) for _, start, end in _LOOP.findall(text) if start.isdecimal())


def accepted(path: Path) -> None:
    """Verilator reads it as hardware."""
    verilator = find_verilator()
    command = [*verilator.command, "--lint-only", "-Wno-fatal", "--top-module", path.stem, str(path)]
    run_checked(command, path.with_suffix(".log"), "Verilator", Setup(environment=verilator.environment()))


@pytest.mark.parametrize("size", SIZES)
def test_inputs(size: int, tmp_path: Path) -> None:
    """The example: 20,000 inputs were refused by Verilator, in the user's own flow as well."""
    text = text_of(of_inputs(size), tmp_path)
    assert longest(text) <= LOOP_LIMIT
    assert text.count("begin : inputs") == -(-size // LOOP_LIMIT)


@pytest.mark.slow
def test_verilator_reads_so_many_inputs(tmp_path: Path) -> None:
    text_of(of_inputs(LOOP_LIMIT + 1), tmp_path)
    accepted(tmp_path / "wide.v")


@pytest.mark.parametrize("classes", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_votes(classes: int, tmp_path: Path) -> None:
    """More pairs of votes than turns of a loop, and few enough."""
    text = text_of(of_outputs(40_000, classes), tmp_path, head="adder")
    assert longest(text) <= LOOP_LIMIT
    assert ("begin : part" in text) == (classes == 1)
    if classes == 1:
        accepted(tmp_path / "wide.v")


@pytest.mark.parametrize("votes", [2 * LOOP_LIMIT, 2 * LOOP_LIMIT + 1])
def test_the_text_changes_where_a_loop_is_too_long_and_not_before(votes: int, tmp_path: Path) -> None:
    """A class of 32,768 votes has pairs for one loop; it got the text of larger ones."""
    text = text_of(of_outputs(votes, 1), tmp_path, head="adder")
    assert ("begin : part" in text) == (votes > 2 * LOOP_LIMIT)
    assert longest(text) <= LOOP_LIMIT


def test_names_of_layers_stay_below_the_limit() -> None:
    assert [identifier(f"inputs_{k}") for k in (5, 9999)] == ["inputs_5", "inputs_9999"]
    assert identifier(f"players_{LOOP_LIMIT}") == f"players_{LOOP_LIMIT}_"


@pytest.mark.slow
def test_classes(tmp_path: Path) -> None:
    text = text_of(of_outputs(LOOP_LIMIT + 1, LOOP_LIMIT + 1), tmp_path, head="adder")
    assert longest(text) <= LOOP_LIMIT
    assert text.count("begin : players") == text.count("begin : scores_nets") == 2
    accepted(tmp_path / "wide.v")


@pytest.mark.slow
def test_the_serial_head(tmp_path: Path) -> None:
    assert longest(text_of(of_outputs(20_000, 1), tmp_path, head="serial")) <= LOOP_LIMIT


def test_the_harness_of_synthesis() -> None:
    ports = [Port("bits", "input", 20_000, ""), Port("scores", "output", 17_000, "")]
    assert longest(harness("net", ports, find_part("ecp5-25k").family)) <= LOOP_LIMIT


def test_a_loop_within_the_limit_is_one() -> None:
    assert list(loop_parts("l", 0, LOOP_LIMIT)) == [("l", 0, LOOP_LIMIT)]
    assert list(loop_parts("l", 3, 3)) == [("l", 3, 3)]
    parts = [("l", 0, LOOP_LIMIT), (f"l_{LOOP_LIMIT}", LOOP_LIMIT, LOOP_LIMIT + 1)]
    assert list(loop_parts("l", 0, LOOP_LIMIT + 1)) == parts
    assert list(generate_loop("l", 0, 2, ["a;"])) == [
        "  generate", "    for (i = 0; i < 2; i = i + 1) begin : l", "      a;", "    end", "  endgenerate",
    ]  # fmt: skip
