"""Options of `lgc compile` for the head: its architecture, and the cells that it is made of."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from lgc.backend.base import Format
    from lgc.backend.verilog import Verilog
    from lgc.ir import Circuit

# As in lgc.backend.head and lgc.parts.fabrics, which are too heavy to import for a help text; a test compares.
HEADS = ("auto", "adder", "serial", "compress", "carry", "ternary")
ARGMAXES = ("tournament", "bit-serial")
FABRICS = ("generic", "xc7", "ecp5", "ice40", "gowin")


@dataclass(frozen=True)
class HeadOptions:
    """The options as given; None where not."""

    head: str | None
    argmax: str | None
    fabric: str | None
    effort: int | None
    copies: bool | None

    def target_options(self) -> dict[str, str]:
        """Those given, as options of the Verilog target."""
        return {name: str(value) for name, value in vars(self).items() if value is not None}


_OPTIONS = (
    click.option("--head", type=click.Choice(HEADS), help="Verilog: how votes are counted; see docs/head.md."),
    click.option("--argmax", type=click.Choice(ARGMAXES), help="Verilog: how a mapped head finds the largest score."),
    click.option("--fabric", type=click.Choice(FABRICS), help="Verilog: whose cells a mapped head is written in."),
    click.option(
        "--effort",
        type=click.IntRange(0),
        metavar="N",
        help="Verilog, mapped head: how long to search for fewer lookup tables; by default 30, 0 for not at all, 300 "
        "for the last few per cent.",
    ),
    click.option(
        "--copies/--no-copies",
        default=None,
        help="Verilog, mapped head: a register rank of copies of the inputs, one for each part of the circuit; by "
        "default with a --fabric, from 8 ranks on.",
    ),
)


def head_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command, which gets them as one argument, ``counting``."""

    @functools.wraps(command)
    def call(**values: Any) -> Any:
        names = HeadOptions.__dataclass_fields__
        return command(counting=HeadOptions(**{name: values.pop(name) for name in names}), **values)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call


def settle_head(target: Format, circuit: Circuit) -> tuple[Format, str]:
    """The target with the smallest head that its fabric can have, by estimate, and why; unless one was asked for."""
    from lgc.backend.verilog import Verilog

    if not isinstance(target, Verilog) or target.head != "auto" or target.fabric == "generic":
        return target, ""
    return target.settled(circuit), target.choice(circuit).reason


def print_head(console: Console, target: Verilog, circuit: Circuit, reason: str = "") -> None:
    """Which head was built and why, and its lookup tables by stage, which are exact."""
    choice = target.choice(circuit)
    console.print(f"head {choice.head}, {reason or choice.reason}", soft_wrap=True)
    mapped = target.mapped(circuit)
    if mapped:
        luts = mapped.luts
        below = luts.pop("gates")
        stages = ", ".join(f"{count:,} {stage}" for stage, count in luts.items() if count or stage != "encoder")
        chains = f", {len(mapped.chains):,} carry chains" if mapped.chains else ""
        console.print(f"{sum(luts.values()):,} LUT{mapped.lut} ({stages}){chains}, by construction", soft_wrap=True)
        if below:
            console.print(f"besides {below:,} gates below the last layer, which synthesis maps")
