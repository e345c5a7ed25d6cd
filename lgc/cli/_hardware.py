"""Options of `lgc compile` around the netlist: what the input port carries, and the wrapper for a bus or a board."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lgc.backend.base import Format
    from lgc.ir import Circuit

_FEATURE_TARGETS = ("verilog", "amaranth", "lgn")
_INTERFACE_FIELDS = ("interface", "board", "beat", "baud")


@dataclass(frozen=True)
class HardwareOptions:
    """The options as given; None where not."""

    input: str
    feature_bits: int | None
    feature_scale: float | None
    feature_offset: float | None
    interface: str | None
    board: str | None
    beat: int | None
    baud: int | None

    def target_options(self) -> dict[str, str]:
        """Those that are the Verilog target's own."""
        values = {name: getattr(self, name) for name in _INTERFACE_FIELDS}
        return {name: str(value) for name, value in values.items() if value is not None}

    def prepare(self, circuit: Circuit, target: type[Format], level: str) -> Circuit:
        """The circuit, its encoder as gates if features are the input.

        What O3 knows of a feature's bits is to be had before they become comparators.

        Raises:
            OptionError: the target has no features, or they cannot become integers without loss.
        """
        from lgc.errors import OptionError

        given = (self.feature_bits, self.feature_scale, self.feature_offset)
        if self.input == "bits":
            if any(value is not None for value in given):
                raise OptionError(
                    "--feature-bits, --feature-scale and --feature-offset describe features, but the input is bits",
                    hint="Add --input features",
                )
        elif circuit.encoder.code is None:
            from lgc.mapping.encoder import infer_code, lower_encoder
            from lgc.passes import optimize

            code = infer_code(circuit.encoder, *given)
            circuit = lower_encoder(optimize(circuit, "O3") if level == "3" else circuit, code)
        if circuit.encoder.code is not None and target.name not in _FEATURE_TARGETS:
            raise OptionError(
                f"integer features are for {' and '.join(_FEATURE_TARGETS)}, not {target.name}",
                hint="Write a .v, .py or .lgn file; the C code and ONNX encode features themselves",
            )
        return circuit


_OPTIONS = (
    click.option(
        "--input",
        type=click.Choice(["bits", "features"]),
        default="bits",
        show_default=True,
        help="What the input port carries: encoded bits, or features as integers, with the encoder as gates.",
    ),
    click.option("--feature-bits", type=int, metavar="W", help="Bits of a feature; by default 8, or what it takes."),
    click.option(
        "--feature-scale", type=float, metavar="S", help="Codes per unit: feature x is the integer x * S + offset."
    ),
    click.option("--feature-offset", type=float, metavar="K", help="The integer that stands for 0."),
    click.option(
        "--interface",
        type=click.Choice(["none", "axis", "uart", "spi", "tt"]),
        help="Verilog: write a wrapper too: AXI4-Stream, UART, SPI, or a Tiny Tapeout tile.",
    ),
    click.option("--board", help="Verilog: write the top and the pins of this board; see docs/interfaces.md."),
    click.option("--beat", type=int, metavar="N", help="AXI4-Stream: features a beat (of bits: bytes a beat)."),
    click.option("--baud", type=int, help="UART: bits a second."),
)


def hardware_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command, which gets them as one argument, ``hardware``."""

    @functools.wraps(command)
    def call(**values: Any) -> Any:
        names = HardwareOptions.__dataclass_fields__
        return command(hardware=HardwareOptions(**{name: values.pop(name) for name in names}), **values)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call
