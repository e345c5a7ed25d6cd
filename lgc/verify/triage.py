"""Where hardware and model part: the first layer and neuron that differ on a vector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.verilog.rtl import GateLine, Rtl
from lgc.errors import LgcError
from lgc.frontend.reference import Reference
from lgc.sim.simulate import Internal
from lgc.sim.verilator import VerilatorSimulator


@dataclass(frozen=True)
class Location:
    """What triage found.

    Attributes:
        gate: the first gate whose net differs, or None if every gate agrees.
        expected: the neuron's value in the model.
        differing: how many neurons differ.
        compared: how many were compared.
        note: a sentence for people.
    """

    gate: GateLine | None
    expected: bool | None
    differing: int
    compared: int
    note: str


def locate(rtl: Rtl, reference: Reference, bits: NDArray[np.bool_], folder: Path, timeout: float) -> Location:
    """Simulate one vector with every gate visible, and compare each with its neuron in the model.

    Every emitted gate line names the neuron that it computes; passes keep the value of a net that keeps its name.
    """
    model = reference.neurons(bits[None])
    gates = [gate for gate in rtl.gates() if gate.layer in model and gate.neuron < model[gate.layer].shape[1]]
    stages = [(stage, module, width) for stage, (module, width) in rtl.vectors().items()]
    try:
        observed = _observe(rtl, bits, stages, folder, timeout)
    except LgcError as error:
        return Location(None, None, 0, 0, f"the layers could not be compared: {error}")
    wrong = [gate for gate in gates if _differs(gate, observed, model)]
    if not gates:
        return Location(None, None, 0, 0, "no gate line names a neuron of the model: the layers could not be compared")
    if not wrong:
        note = (
            f"all {len(gates)} gates agree with the model on this vector: "
            "the popcount, the argmax or the outputs differ"
        )
        return Location(None, None, 0, len(gates), note)
    order = {name: index for index, name in enumerate(model)}
    first = min(wrong, key=lambda gate: (order[gate.layer], gate.neuron))
    expected = bool(model[first.layer][0, first.neuron])
    note = (
        f"first difference: {first.layer}, neuron {first.neuron}: the model says {int(expected)}, "
        f"the hardware {int(not expected)}; line {first.line} of {rtl.path.name}: "
        f"{first.vector}[{first.index}] = {first.expression}"
    )
    return Location(first, expected, len(wrong), len(gates), note)


def _differs(gate: GateLine, observed: dict[str, NDArray[np.bool_]], model: dict[str, NDArray[np.bool_]]) -> bool:
    return bool(observed[gate.vector][0, gate.index] != model[gate.layer][0, gate.neuron])


def _observe(
    rtl: Rtl, bits: NDArray[np.bool_], stages: list[tuple[str, str, int]], folder: Path, timeout: float
) -> dict[str, NDArray[np.bool_]]:
    folder.mkdir(parents=True)
    public = tuple((module, stage) for stage, module, _ in stages)
    simulator = VerilatorSimulator(rtl.manifest, folder, timeout=timeout, public=public)
    simulator.build(rtl.path.resolve())
    signals = {stage: Internal(f"u_{stage}.{stage}", width) for stage, _, width in stages}
    # A clocked design shows its stages some edges after the input: hold the vector until everything has settled.
    held = np.repeat(bits[None], max(1, rtl.manifest.latency), axis=0)
    observed = simulator.run(held, internal=list(signals.values()))
    return {stage: observed.internal[signal.path][-1:] for stage, signal in signals.items()}
