"""Options of `lgc compile` for a clock on a part: as many register ranks as it takes, measured."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from lgc.backend.base import Format
    from lgc.ir import Circuit


@dataclass(frozen=True)
class ClockOptions:
    """The options as given; None where not."""

    target: str | None
    clock: str | None
    seeds: int

    def with_fabric(self, backend: Format) -> Format:
        """The backend, its head to be made of the part's cells if nothing else was asked for."""
        from lgc.backend.verilog import Verilog
        from lgc.parts.fabrics import FABRICS
        from lgc.parts.part import find_part

        if self.target is None or not isinstance(backend, Verilog):
            return backend
        family = find_part(self.target).family.name
        if backend.head != "auto" or backend.fabric != "generic" or family not in FABRICS:
            return backend
        return replace(backend, fabric=family)

    def place(self, backend: Format, circuit: Circuit, console: Console) -> Format:
        """The backend with the ranks that meet the clock; the same one if none was asked for.

        Raises:
            OptionError: the options contradict each other, or the clock is out of reach.
        """
        from lgc.backend.verilog import Verilog
        from lgc.errors import OptionError

        if self.target is None and self.clock is None:
            return backend
        if self.target is None or self.clock is None:
            raise OptionError(
                "--target and --clock go together: the part, and the clock that it must reach",
                hint="For example --target ecp5-85k --clock 150MHz; --pipeline N measures nothing",
            )
        if not isinstance(backend, Verilog) or backend.pipeline:
            raise OptionError(
                "--clock finds the number of register ranks of Verilog",
                hint="Write a .v file, without --pipeline and --registered",
            )
        from lgc.cli.synth import parse_clock
        from lgc.parts.part import find_part
        from lgc.synth.closure import close_circuit
        from lgc.synth.flow import SynthOptions

        options = SynthOptions(clock=parse_clock(self.clock), seeds=tuple(range(1, self.seeds + 1)))
        part = find_part(self.target)
        with console.status("placing ranks") as status:
            found, closure = close_circuit(circuit, backend, part, options, status.update)
        for one in closure.attempts:
            verdict = "meets" if one.fmax >= closure.clock else "misses"
            console.print(f"{one.ranks} ranks: {one.fmax:.1f} MHz measured on {part.name}, {verdict} the clock")
        return found


_OPTIONS = (
    click.option(
        "--target",
        metavar="PART",
        help="Verilog: the part for --clock, whose cells the head is made of; `lgc synth --list` shows all.",
    ),
    click.option(
        "--clock",
        metavar="FREQUENCY",
        help="Verilog: as few register ranks as reach this clock on the part, measured by yosys and nextpnr.",
    ),
    click.option(
        "--seeds", type=click.IntRange(1), default=1, show_default=True, help="With --clock: the median seed counts."
    ),
)


def clock_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command, which gets them as one argument, ``timing``."""

    @functools.wraps(command)
    def call(**values: Any) -> Any:
        names = ClockOptions.__dataclass_fields__
        return command(timing=ClockOptions(**{name: values.pop(name) for name in names}), **values)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call
