"""Verilog to a circuit: lgc resolves directives, yosys elaborates and flattens, lgc evaluates the result bit by bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgc.errors import OptionError
from lgc.frontend.facts import ImportOptions
from lgc.frontend.families.netlists import PortNames, to_circuit
from lgc.frontend.importer import ImportJob
from lgc.frontend.verilog.design import SourceDesign, SourcePort
from lgc.frontend.verilog.elaborate import elaborated, place_in, top_module
from lgc.frontend.verilog.evaluate import Choices, Evaluator, stages
from lgc.frontend.verilog.expressions import BeyondError
from lgc.frontend.verilog.logic import Bit, Logic, net_of
from lgc.frontend.verilog.sources import SourceText, gather
from lgc.frontend.verilog.structural import Structure, structure
from lgc.ir import Circuit

_ORDER = "ports in their order, the lowest index of each first"


def read_source(job: ImportJob) -> Circuit:
    """The circuit of a Verilog file.

    Raises:
        NetlistError: what it says makes no circuit, or leaves a question open, which the hint says how to answer.
        MissingToolError: it takes yosys, which is not installed.
    """
    choices = _choices(job.facts)
    sources = gather(job)
    asked = job.facts.get("top")
    top = top_module(sources, None if asked is None else str(asked))
    if not choices.ties and (found := structure(sources, top)):
        circuit = _structural(job, found, top)
        if circuit is not None:
            return circuit
    return _evaluated(job, sources, top, choices)


def _structural(job: ImportJob, found: Structure, top: str) -> Circuit | None:
    """What lgc reads itself; None where a net has no driver or a cycle, which yosys's way names."""
    logic, inputs = Logic(), list[int]()
    values: dict[int, int] = {}
    for port in found.ports:
        if port.direction == "input":
            signals = [logic.input() for _ in port.bits]
            inputs += signals
            values.update(zip(port.bits, signals, strict=True))
    outputs = [port for port in found.ports if port.direction == "output"]
    try:
        signals = [found.evaluate(logic, values, bit) for port in outputs for bit in port.bits]
    except (BeyondError, RecursionError):
        return None
    job.certain.append(f"module {top}, read by lgc; {_ORDER}")
    _note_unused(job, logic, found.ports, values, signals)
    builder, nets = logic.netlist(inputs, signals)
    names = PortNames(
        [name for port in found.ports if port.direction == "input" for name in port.names],
        [name for port in outputs for name in port.names],
    )
    return to_circuit(builder, nets, names, top, job.facts)


def _evaluated(job: ImportJob, sources: list[SourceText], top: str, choices: Choices) -> Circuit:
    design = SourceDesign(elaborated(sources, top), lambda number, line: place_in(sources, number, line))
    evaluator = Evaluator(design, choices)
    outputs = [port for port in design.ports if port.direction == "output"]
    names = [name for port in outputs for name in port.names]
    signals = [evaluator.output(name, bit) for port in outputs for name, bit in zip(port.names, port.bits, strict=True)]
    late = stages(names, signals)
    job.certain.append(f"module {top}, elaborated by yosys; {_ORDER}")
    if evaluator.clock is not None:
        clock = design.name_of(evaluator.clock[0])
        job.certain.append(f"{late} register stages of clock '{clock}' are cut: they delay the outputs, no more")
    _note_unused(job, evaluator.logic, design.ports, evaluator.values, signals)
    builder, nets = evaluator.logic.netlist(evaluator.inputs, signals)
    return to_circuit(builder, nets, PortNames(evaluator.input_names, names), top, job.facts)


def _note_unused(
    job: ImportJob, logic: Logic, ports: list[SourcePort], values: Mapping[Any, Bit], outputs: list[int]
) -> None:
    """Say which input ports no output depends on: they stay inputs, as the file says."""
    needed = logic.reached(outputs)
    for port in ports:
        signals = [values[bit] for bit in port.bits if bit in values] if port.direction == "input" else []
        if signals and all(type(signal) is int and signal > 1 and not needed[net_of(signal)] for signal in signals):
            job.doubtful.append(f"no output depends on input port '{port.name[:60]}'; it stays an input")


def _choices(facts: ImportOptions) -> Choices:
    """What the user says about inputs that hold still and about undefined bits.

    Raises:
        OptionError: it is no list of names and numbers.
    """
    undefined = facts.get("undefined")
    if undefined is not None and str(undefined) not in ("0", "1"):
        raise OptionError(f"--source-undefined is '{str(undefined)[:20]}'", hint="It is 0 or 1")
    tie = facts.get("tie")
    pairs = tie.items() if isinstance(tie, dict) else [part.partition("=")[::2] for part in str(tie or "").split(",")]
    ties: dict[str, int] = {}
    for name, value in pairs if tie else []:
        if not str(name).strip() or not str(value).strip().isdecimal() or len(str(value)) > 1000:
            raise OptionError(f"--source-tie is '{str(tie)[:60]}'", hint="Give names and numbers, as in rst=0,en=1")
        ties[str(name).strip()] = int(value)
    return Choices(ties, None if undefined is None else int(undefined))
