"""What a network costs, by the goals of a sweep: reckoned in a moment, or measured by programs where a goal says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lgc.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lgc.frontend import Model
    from lgc.ir import Circuit
    from lgc.mapping.estimate import Estimate
    from lgc.parts.part import Part
    from lgc.sweep import Goal

_BLOCK = 4096
_SIZED = ("text", "rodata", "data", "data.rel.ro")


def part_of(goal: Goal) -> Part:
    """The part of a goal: one by its name, or the first of the family of that name.

    Raises:
        OptionError: there is none, or it has no lookup tables.
    """
    from lgc.parts.part import find_part, parts

    part = next((one for one in parts().values() if one.family.name == goal.part), None) or find_part(goal.part)
    if not part.lut_size:
        raise OptionError(f"{part.name} has no lookup tables, so there is no {goal.name}", hint="Write ge for cells")
    return part


def costs_of(
    model: Model,
    goals: Sequence[Goal],
    compiling: Mapping[str, Any],
    liberty: Path | None = None,
    samples: NDArray[Any] | None = None,
) -> dict[str, float]:
    """The cost of a network by the name of each goal.

    Args:
        goals: without the accuracy.
        compiling: options of `lgc compile`, of which level, head, outputs and pipeline count for what is estimated.
        liberty: cells for gate equivalents.
        samples: features (B, F), at least two, for toggles.

    Raises:
        LgcError: an option is impossible, or a program that measures is missing or failed.
    """
    from lgc.frontend import lower
    from lgc.passes import optimize

    circuit = optimize(lower(model), _level(compiling))
    found = {}
    for goal in goals:
        if goal.kind == "toggles":
            assert samples is not None
            found[goal.name] = mean_toggles(circuit, model.encoder.encode(samples))
        else:
            found[goal.name] = _cost(goal, model, circuit, compiling, liberty)
    return found


def mean_toggles(circuit: Circuit, bits: NDArray[np.bool_]) -> float:
    """How many gates have another value for a sample than for the one before it, on average; each counts once.

    Args:
        bits: of the encoder, bool (B, I), B at least 2.
    """
    from lgc.ir import interp

    netlist = circuit.netlist
    nodes = netlist.first_node + np.flatnonzero(netlist.live()[netlist.first_node :])
    words, changes = interp.evaluate_nets(netlist, interp.pack(bits)), 0
    for start in range(0, len(nodes), _BLOCK):
        values = interp.unpack(words[nodes[start : start + _BLOCK]], len(bits))
        changes += int((values[1:] != values[:-1]).sum())
    return changes / (len(bits) - 1)


def _level(compiling: Mapping[str, Any]) -> str:
    return f"O{str(compiling.get('level', '2')).removeprefix('O')}"


def _cost(goal: Goal, model: Model, circuit: Circuit, compiling: Mapping[str, Any], liberty: Path | None) -> float:
    if goal.kind == "gates":
        return float(circuit.netlist.live()[circuit.netlist.first_node :].sum())
    if goal.kind == "bytes":
        return float(_machine_code(model, circuit, _level(compiling)))
    if goal.kind == "ge":
        return _gate_equivalents(model, compiling, liberty)
    part = part_of(goal)
    found = _smallest(circuit, part, compiling)
    if goal.kind in ("luts", "depth"):
        return float(found.sites if goal.kind == "luts" else found.depth)
    clocks, period = _timing(circuit, part, found, compiling)
    return 1e3 / period if goal.kind == "fmax" else clocks * period


def _smallest(circuit: Circuit, part: Part, compiling: Mapping[str, Any]) -> Estimate:
    """The estimate of the head that would be built on a part."""
    from lgc.mapping.choose import by_size, choose_head
    from lgc.mapping.heads import AUTO, all_heads, find_head

    outputs, stages = compiling.get("outputs", "both"), int(compiling.get("pipeline", 0))
    asked = compiling.get("head", AUTO)
    if asked == AUTO:
        choice = choose_head(circuit, part.fabric, part, outputs=outputs, pipeline=stages)
        if choice.estimates:
            return choice.estimates[0]
    heads = [find_head(asked)] if asked != AUTO else [one for one in all_heads() if one.is_streaming]
    able = [one for one in heads if asked != AUTO or not one.needs_chains]
    found = [
        one.estimate(circuit, lut=part.lut_size, outputs=outputs, pipeline=stages, family=part.family) for one in able
    ]
    return by_size(found)[0]


def _timing(circuit: Circuit, part: Part, found: Estimate, compiling: Mapping[str, Any]) -> tuple[int, float]:
    """Clocks from input to class, and the nanoseconds of each, about."""
    from lgc.backend.verilog import Verilog
    from lgc.synth.closure import DEFAULT_LEVEL_NS

    stages, delay = int(compiling.get("pipeline", 0)), float(found.depth)
    if stages:
        plain = Verilog(fabric=part.fabric, pipeline=stages, head=found.head, effort=0)
        delay = plain.settled(circuit, part).placed(circuit).delay
    fastest = 1e3 / part.ceiling if part.ceiling else 0.0
    return max(1, stages), max(delay * (part.level_ns or DEFAULT_LEVEL_NS), fastest)


def _machine_code(model: Model, circuit: Circuit, level: str) -> int:
    """Bytes of code and tables of the C program, compiled for this processor."""
    from lgc.backend.base import write
    from lgc.backend.c import C99, over_positions
    from lgc.tools.cc import C99_FLAGS, compile_shared, find_c_compiler
    from lgc.tools.run import Setup, capture
    from lgc.tools.watchdog import scratch

    with scratch("lgc-bytes-") as folder:
        source = write(over_positions(C99(), model, level), circuit, folder / "net.c")[0]
        compile_shared(source, folder / "net.so", find_c_compiler(), C99_FLAGS)
        listed = capture(["size", "-A", str(folder / "net.so")], Setup(timeout=60)).out
    rows = [line.split() for line in listed.splitlines() if line.startswith(".")]
    return sum(int(row[1]) for row in rows if row[0].removeprefix(".") in _SIZED)


def _gate_equivalents(model: Model, compiling: Mapping[str, Any], liberty: Path | None) -> float:
    """The area of the Verilog in NAND2s, as `lgc synth --part asic` measures it."""
    from lgc.driver.compile import compile as compile_
    from lgc.driver.compile_request import CompileRequest
    from lgc.driver.synth import SynthRequest, synth
    from lgc.tools.watchdog import scratch

    with scratch("lgc-ge-") as folder:
        compile_(CompileRequest(model, folder / "net.v", **compiling))
        result = synth(SynthRequest(folder / "net.v", part="asic", liberty=liberty)).result
    if result.problems:
        raise result.problems[0]
    value = result.value("nand2")
    assert value is not None
    return value
