"""A crash folder: all that is needed to see a difference again."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from lgc.errors import LgcError, OutputError
from lgc.ir import Circuit, interp
from lgc.ir.naming import labels
from lgc.verify.check import compare
from lgc.verify.comparison import Comparison
from lgc.verify.explain import explain
from lgc.verify.formats.verilog import VerilogText
from lgc.verify.reduce import Differs, reduce_vector
from lgc.verify.report import Report
from lgc.verify.vectorfile import write_vectors
from lgc.verify.vectors import Bits, VectorSet
from lgc.verify.waves import write_waves

VECTOR, WAVES, REPORT, SCRIPT, CONFIG = "vector.npz", "vector.vcd", "report.txt", "run.sh", "config"


@dataclass(frozen=True)
class ModelFiles:
    """What the model is read from again: its file, and the one that says what that does not."""

    model: Path
    config: Path | None = None


def simulated(comparison: Comparison[VerilogText]) -> Differs:
    """Whether vectors show a difference, by simulation; for :func:`lgc.verify.reduce.reduce_vector`."""
    comparison.folder.mkdir(parents=True)
    simulator = comparison.device.one_lane().build(comparison.folder)
    reference = comparison.reference

    def differs(bits: Bits) -> Bits:
        seen, expected = simulator.run(bits), reference.scores(bits)
        wrong = expected[:, 0] != expected[:, 0]
        if seen.scores is not None:
            wrong |= (seen.scores != expected).any(axis=1)
        if seen.classes is not None:
            wrong |= seen.classes != reference.classify(expected)
        return wrong

    return differs


def reduced(comparison: Comparison[VerilogText], bits: Bits, differs: Differs) -> VectorSet:
    """The vector with few ones that ``bits`` is reduced to, bool (1, I), among those that the device is right for."""
    assumes, encoder = comparison.device.rtl.manifest.assumes, comparison.circuit.encoder
    least = reduce_vector(bits, differs, encoder.ordered if assumes else lambda vectors: vectors)
    return VectorSet("reduced", least[None])


def write_crash(
    crash: Path, comparison: Comparison[VerilogText], bits: Bits, files: ModelFiles, differs: Differs | None = None
) -> Report:
    """Reduce a vector, simulate it with waveforms, and write all of it into a new folder.

    Args:
        crash: must not exist.
        bits: bool (I,), on which hardware and model differ.
        differs: says the same of other vectors; by simulation if it is not given.

    Returns:
        What the simulator says of the reduced vector.

    Raises:
        OutputError: the folder cannot be made.
    """
    rtl = comparison.device.rtl
    sidecar = None if files.config is None else f"{CONFIG}{files.config.suffix}"
    try:
        crash.mkdir(parents=True)
        for file in (files.model, rtl.path):
            shutil.copyfile(file, crash / file.name)
        if files.config is not None and sidecar is not None:
            shutil.copyfile(files.config, crash / sidecar)
        (crash / f"{rtl.path.stem}.json").write_text(rtl.manifest.to_json(), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot make the crash folder: {error.strerror}", where=str(crash)) from None
    one = reduced(comparison, bits, differs or simulated(comparison.within("reduce")))
    write_vectors(crash / VECTOR, [one], comparison.num_inputs)
    report = replayed(comparison.within("reduced"), one)
    write_waves(comparison.within("reduced"), report, [one], crash / WAVES)
    (crash / REPORT).write_text(_text(report, comparison.circuit, one.bits[0]), encoding="utf-8")
    command = ["lgc", "verify", files.model.name, rtl.path.name, "--vectors", VECTOR]
    command += ["--random", "0", "--no-directed", "--force", *(["--config", sidecar] if sidecar else [])]
    script = crash / SCRIPT
    script.write_text(f'#!/bin/sh\ncd "$(dirname "$0")" && exec {shlex.join(command)} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return report


def replayed(comparison: Comparison[VerilogText], vectors: VectorSet) -> Report:
    """What the simulator says of few vectors."""
    return compare(replace(comparison, device=comparison.device.one_lane()), [vectors])


def _text(report: Report, circuit: Circuit, bits: Bits) -> str:
    sentences = list(explain(report, circuit)) or ["The simulator sees no difference on this vector"]
    location = report.mismatch.location if report.mismatch else None
    if location is not None and location.gate is not None:
        sentences.append(_model_side(circuit, bits, location.gate.layer, location.gate.neuron))
    return "\n".join(f"{sentence}." for sentence in [*sentences, *report.problems]) + "\n"


def _model_side(circuit: Circuit, bits: Bits, layer: str, neuron: int) -> str:
    """The model's gate, its operands and their values."""
    netlist, origins = circuit.netlist, circuit.netlist.origins
    names = labels(origins.names)
    try:
        handles = [h for h in range(len(origins)) if names[origins.layer[h]] == layer and origins.neuron[h] == neuron]
        node = int((netlist.origin == handles[0]).nonzero()[0][0])
    except (LgcError, IndexError):
        return f"the model's {layer}[{neuron}] is no gate of its own"
    values = interp.evaluate_nets(netlist, interp.pack(bits[None]))[:, 0] & 1
    operands = netlist.fanin[node][: netlist.arity[node]].tolist()
    read = ", ".join(f"{netlist.label(net)} = {int(values[net])}" for net in operands)
    table = f"{int(netlist.table[node]):#x}"
    return f"in the model {layer}[{neuron}] is table {table} of {read or 'nothing'}, least significant operand first"
