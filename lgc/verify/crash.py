"""A crash folder: all that is needed to see a difference again."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from lgc.backend.verilog.rtl import Rtl
from lgc.errors import LgcError, OutputError
from lgc.frontend.reference import Reference
from lgc.ir import Circuit, interp
from lgc.verify.explain import explain
from lgc.verify.reduce import Differs, reduce_vector
from lgc.verify.vectorfile import write_vectors
from lgc.verify.vectors import Bits, VectorSet
from lgc.verify.verilog import Report, VerifyOptions, simulator_for, verify

VECTOR, WAVES, REPORT, SCRIPT, CONFIG = "vector.npz", "vector.vcd", "report.txt", "run.sh", "config"


def simulated(rtl: Rtl, reference: Reference, folder: Path, options: VerifyOptions) -> Differs:
    """Whether vectors show a difference, by simulation; for :func:`lgc.verify.reduce.reduce_vector`."""
    simulator = simulator_for(rtl, 1, folder, options)

    def differs(bits: Bits) -> Bits:
        seen, expected = simulator.run(bits), reference.scores(bits)
        wrong = expected[:, 0] != expected[:, 0]
        if seen.scores is not None:
            wrong |= (seen.scores != expected).any(axis=1)
        if seen.classes is not None:
            wrong |= seen.classes != reference.classify(expected)
        return wrong

    return differs


def write_crash(
    crash: Path,
    model: Path,
    rtl: Rtl,
    circuit: Circuit,
    reference: Reference,
    bits: Bits,
    folder: Path,
    options: VerifyOptions,
    differs: Differs | None = None,
    *,
    config: Path | None = None,
) -> Report:
    """Reduce a vector, simulate it with waveforms, and write all of it into a new folder.

    Args:
        crash: must not exist.
        bits: bool (I,), on which hardware and model differ.
        folder: to build in.
        differs: says the same of other vectors; by simulation if it is not given.
        config: the sidecar that the model was read with.

    Returns:
        What the simulator says of the reduced vector.

    Raises:
        OutputError: the folder cannot be made.
    """
    try:
        crash.mkdir(parents=True)
        for file in (model, rtl.path):
            shutil.copyfile(file, crash / file.name)
        sidecar = None if config is None else crash / f"{CONFIG}{config.suffix}"
        if config is not None and sidecar is not None:
            shutil.copyfile(config, sidecar)
        (crash / f"{rtl.path.stem}.json").write_text(rtl.manifest.to_json(), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot make the crash folder: {error.strerror}", where=str(crash)) from None
    project = circuit.encoder.ordered if rtl.manifest.assumes else (lambda vectors: vectors)
    differs = differs or simulated(rtl, reference, folder / "reduce", options)
    least = reduce_vector(bits, differs, project)
    one = VectorSet("reduced", least[None])
    write_vectors(crash / VECTOR, [one], circuit.netlist.num_inputs)
    shown = VerifyOptions(1, crash / WAVES, options.timeout)
    report = verify(rtl, circuit, reference, [one], folder / "reduced", shown)
    (crash / REPORT).write_text(_text(report, circuit, least), encoding="utf-8")
    command = ["lgc", "verify", model.name, rtl.path.name, "--vectors", VECTOR]
    command += ["--random", "0", "--no-directed", "--force", *(["--config", sidecar.name] if sidecar else [])]
    script = crash / SCRIPT
    script.write_text(f'#!/bin/sh\ncd "$(dirname "$0")" && exec {shlex.join(command)} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return report


def _text(report: Report, circuit: Circuit, bits: Bits) -> str:
    sentences = list(explain(report, circuit)) or ["The simulator sees no difference on this vector"]
    finding = report.mismatch.finding if report.mismatch else None
    if finding is not None and finding.gate is not None:
        sentences.append(_model_side(circuit, bits, finding.gate.layer, finding.gate.neuron))
    return "\n".join(f"{sentence}." for sentence in [*sentences, *report.problems]) + "\n"


def _model_side(circuit: Circuit, bits: Bits, layer: str, neuron: int) -> str:
    """The model's gate, its operands and their values."""
    from lgc.ir.naming import labels

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
