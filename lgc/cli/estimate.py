"""`lgc estimate`: area and depth in lookup tables, without synthesis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lgc.cli._import import config_option

if TYPE_CHECKING:
    from lgc.frontend import ImportOptions
    from lgc.parts.part import Part


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--lut", type=click.Choice(["4", "6"]), multiple=True, help="Operands of a lookup table; both by default."
)
@click.option(
    "--target", "part", metavar="NAME", help="For this part's tables, carry chains and heads; see `lgc synth`."
)
@click.option("--head", default="all", show_default=True, help="adder, compress, carry, serial, or all.")
@click.option("--outputs", type=click.Choice(["class", "scores", "both"]), default="both", show_default=True,
              help="Which results are ports.")  # fmt: skip
@click.option("--pipeline", type=click.IntRange(0), default=0, show_default=True, help="Register ranks.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the estimates as JSON.")
@config_option
def estimate(
    model: Path,
    lut: tuple[str, ...],
    part: str | None,
    head: str,
    outputs: str,
    pipeline: int,
    json_path: Path | None,
    source: ImportOptions,
) -> None:
    """Estimate lookup tables and depth of MODEL by stage, for each head, without synthesis."""
    import json
    from dataclasses import asdict

    from rich.table import Table

    from lgc.cli._console import console
    from lgc.files import write_text
    from lgc.frontend import load_circuit
    from lgc.mapping.choose import by_size, choose_head, fabric_of
    from lgc.mapping.estimate import estimate as run
    from lgc.mapping.heads import find_head
    from lgc.passes import PIPELINES, PassManager

    circuit = PassManager().run(load_circuit(model, source), PIPELINES["O2"])
    pairs, chosen = _candidates(head, [int(size) for size in lut], part)
    family = chosen.family if chosen else None
    results = [
        run(circuit, lut=size, head=name, outputs=outputs, pipeline=pipeline, family=family) for name, size in pairs
    ]
    if chosen:
        results = sorted(by_size(results), key=lambda one: not find_head(one.head).is_streaming)
    table = Table(
        "head", "LUT", "gates", "popcount", "argmax", "LUTs in all", "depth", "carry", "LUT sites", title=circuit.name
    )
    for one in results:
        parts = (one.stages.get(name) for name in ("gates", "popcount", "argmax"))
        cells = [f"{part.luts:,}" if part else "" for part in parts]
        table.add_row(
            one.head, str(one.lut), *cells, f"{one.luts:,}", str(one.depth), f"{one.carry:,}", f"{one.sites:,}"
        )
    console().print(table)
    if chosen:
        choice = choose_head(circuit, fabric_of(chosen), chosen, outputs=outputs, pipeline=pipeline)
        console().print(
            f"`lgc compile --fabric {fabric_of(chosen)}` builds {choice.head}: {choice.reason}", soft_wrap=True
        )
    console().print("all estimated; `lgc synth` measures")
    if json_path:
        rows = [
            asdict(one) | {"luts": one.luts, "sites": one.sites, "depth": one.depth, "how": "estimated"}
            for one in results
        ]
        write_text(json_path, json.dumps(rows, indent=2) + "\n")


def _candidates(head: str, sizes: list[int], part: str | None) -> tuple[list[tuple[str, int]], Part | None]:
    """Heads and operands of lookup tables to estimate, and the part that is named.

    Raises:
        OptionError: there is no such part, it has no lookup tables, or not such ones.
    """
    from lgc.errors import OptionError
    from lgc.mapping.heads import all_heads, find_head
    from lgc.parts.fabrics import FABRICS
    from lgc.parts.part import find_part

    every = all_heads() if head == "all" else (find_head(head),)
    if not part:
        pairs = [(one, size) for one in every for size in sizes or [4, 6]]
        return [(one.name, size) for one, size in pairs if head != "all" or size in one.lut_sizes], None
    chosen = find_part(part)
    if not chosen.lut_size or sizes not in ([], [chosen.lut_size]):
        has = f"lookup tables of {chosen.lut_size} operands" if chosen.lut_size else "no lookup tables"
        raise OptionError(
            f"{chosen.name} has {has}", hint="Leave out --lut" if chosen.lut_size else "Name another part"
        )
    fabric = FABRICS.get(chosen.family.name)
    able = (one for one in every if head != "all" or (one.fits(fabric) if fabric else not one.needs_chains))
    return [(one.name, chosen.lut_size) for one in able], chosen
