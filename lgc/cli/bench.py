"""`lgc bench`: measurements, as the tables of docs/benchmarks.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgc.errors import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lgc.bench.hardware import Row
    from lgc.ir import Circuit
    from lgc.parts.part import Part
    from lgc.synth.flow import SynthOptions


@click.command()
@click.option("--gates", multiple=True, type=click.IntRange(20), help="Sizes; by default 8k, 64k, 256k and 1M.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Runs; the median counts.")
@click.option("--infer", type=click.Path(path_type=Path), metavar="MODEL", help="Measure software inference of MODEL.")
@click.option("--train", is_flag=True, help="Measure a training step beside plain torch.")
@click.option(
    "--head", type=click.Path(path_type=Path), metavar="MODEL", help="Measure MODEL's lookup tables, plain and mapped."
)
@click.option(
    "--hardware", type=click.Path(path_type=Path), multiple=True, metavar="MODEL", help="Synthesise, place and route."
)
@click.option("--target", "parts", multiple=True, metavar="PART", help="With --hardware: by default all parts.")
@click.option("--pipeline", type=click.IntRange(0), default=8, show_default=True, help="With --hardware: ranks.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="With --hardware: of nextpnr.")
@click.option("--no-route", is_flag=True, help="With --hardware: stop after yosys.")
@click.option("--liberty", type=click.Path(path_type=Path), help="With --hardware: cells for the part asic.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=900.0,
    show_default=True,
    help="With --hardware: seconds that a run of yosys or of nextpnr may take.",
)
def bench(
    gates: tuple[int, ...],
    repeats: int,
    infer: Path | None,
    train: bool,
    head: Path | None,
    hardware: tuple[Path, ...],
    parts: tuple[str, ...],
    pipeline: int,
    seeds: int,
    no_route: bool,
    liberty: Path | None,
    timeout: float,
) -> None:
    """Measure compilation against the number of gates: time by step and peak memory, a process each.

    With --infer, measure the C code of a model instead: images a second, and what bounds them. With --train, measure
    a training step of a layer of --gates (8,000) on 784 inputs, with the threads that OMP_NUM_THREADS says.
    With --head, synthesise a model by yosys as one would write it by hand, and with each mapped head that a part can
    have; for 8,000 gates this takes half an hour. With --hardware, measure each model on each part; what was measured
    before, or was stopped after as much time, is not measured again.
    """
    if hardware:
        from lgc.synth.flow import SynthOptions

        options = SynthOptions(
            seeds=tuple(range(1, seeds + 1)), route=not no_route, liberty=liberty, timeout=timeout, jobs=1
        )
        _print_hardware(hardware, parts, pipeline, options)
        return
    if head is not None:
        _print_head(head)
        return
    if train:
        _print_training(gates[0] if gates else 8000, repeats)
        return
    if infer is not None:
        _print_inference(infer)
        return
    from lgc.bench.compile import SIZES, bench_compile, markdown

    click.echo(markdown([bench_compile(size, repeats) for size in gates or SIZES]))


def _print_hardware(models: tuple[Path, ...], parts: tuple[str, ...], ranks: int, options: SynthOptions) -> None:
    from lgc.bench.hardware import markdown
    from lgc.frontend import load_circuit
    from lgc.parts.part import find_part
    from lgc.parts.part import parts as all_parts
    from lgc.passes import PIPELINES, PassManager
    from lgc.synth.yosys import nand2_area

    # Whatever is wrong with the files is said now, not in an hour.
    if options.liberty:
        nand2_area(options.liberty)
    chosen = [find_part(part) for part in parts] or [
        one for one in all_parts().values() if options.liberty or not one.is_asic
    ]
    circuits = [PassManager().run(load_circuit(model), PIPELINES["O2"]) for model in models]
    for model, circuit in zip(models, circuits, strict=True):
        gates = circuit.netlist.num_nodes
        click.echo(f"\n`{model.name}`, {gates:,} gates after -O2, at most {ranks} register ranks:\n")
        for line in markdown(_rows(model.name, circuit, chosen, ranks, options)):
            click.echo(line)


def _rows(name: str, circuit: Circuit, chosen: list[Part], ranks: int, options: SynthOptions) -> Iterator[Row]:
    """The rows of a network's table, one at a time; on standard error, what each took."""
    from dataclasses import replace
    from time import perf_counter

    from lgc.bench.hardware import jobs, measure

    for part in chosen:
        own = options if part.is_asic else replace(options, liberty=None)
        for verilog in jobs(circuit, part, ranks):
            start = perf_counter()
            row = measure(circuit, part, verilog, options=own)
            click.echo(f"{name} on {part.name}, {row.head}: {perf_counter() - start:.0f} s", err=True)
            yield row


def _print_inference(model: Path) -> None:
    from lgc.bench.infer import bench as measure
    from lgc.frontend import load_circuit

    click.echo("| what | value | unit | includes |\n|---|---|---|---|")
    for row in measure(load_circuit(model)):
        click.echo(f"| {row.name} | {row.value:,.4g} | {row.unit} | {row.includes} |")


def _print_head(model: Path) -> None:
    from lgc.bench.head import bench_head, markdown, measured_parts
    from lgc.frontend import load_circuit
    from lgc.passes import optimize

    circuit = optimize(load_circuit(model))
    click.echo(markdown([row for part in measured_parts() for row in bench_head(circuit, part)]))


def _print_training(gates: int, repeats: int) -> None:
    try:
        from lgc.bench.train import bench_train, markdown
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingToolError(
            "training needs torch, which is not installed", hint="`pip install lgc[train]`"
        ) from None
    click.echo(markdown(bench_train(gates, repeats=repeats)))
