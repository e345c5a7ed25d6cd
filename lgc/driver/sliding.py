"""C of a model that slides: what `lgc compile` does in place of unrolling where each kernel can stand once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lgc.driver.compile_request import CompileRequest
from lgc.driver.request import flags
from lgc.driver.sheet import Grid, Sheet
from lgc.errors import OptionError

if TYPE_CHECKING:
    from lgc.backend.base import Format
    from lgc.backend.c import SlidingC99
    from lgc.driver.read import Loaded
    from lgc.ir import Circuit

_IDLE = ("passes", "check", "dump_ir", "stop_after", "bisect")
"""What is of a circuit that stands there as a whole."""


def as_sliding(asked: CompileRequest, source: Loaded, format_: Format) -> SlidingC99 | None:
    """The form with each kernel once; None where it is no C, or no model that slides, or ``--unroll`` is given.

    Raises:
        OptionError: an option is of the unrolled circuit.
    """
    from lgc.backend.c import C99, SlidingC99, over_positions

    if not isinstance(format_, C99):
        return None
    form = over_positions(format_, source.model, f"O{asked.level}")
    if not isinstance(form, SlidingC99):
        return None
    if given := [name for name in _IDLE if name in asked.given()]:
        raise OptionError(
            f"{flags(CompileRequest, *given)} is of the unrolled circuit, and C has each kernel of a convolution once",
            hint=f"Give {flags(CompileRequest, 'unroll')} too",
        )
    return form


def num_gates(format_: Format, circuit: Circuit) -> int:
    """Gates of the output: those of a kernel that stands once count once."""
    from lgc.backend.c import C99

    return format_.num_nodes(circuit) if isinstance(format_, C99) else circuit.netlist.num_nodes


def sliding_table(format_: Format) -> Grid | None:
    """The layers that slide; None where the output has no such layers."""
    from lgc.backend.c import SlidingC99
    from lgc.backend.verilog.stream import StreamVerilog
    from lgc.driver.stream import stream_table

    if isinstance(format_, StreamVerilog):
        return stream_table(format_)
    if not isinstance(format_, SlidingC99):
        return None
    rows = []
    for one in format_.chain.slides:
        g = one.layer.geometry
        tables = 0 if one.circuit is None else one.circuit.netlist.num_nodes
        image = f"{g.channels * g.planes} x {g.height} x {g.width}"
        rows.append((one.layer.name, image, f"{one.layer.width // g.positions:,}", f"{tables:,}", f"{g.positions:,}"))
    return Grid(("layer", "image>", "outputs>", "tables>", "positions>"), tuple(rows), "what slides")


def sliding_lines(format_: Format, unrolled: int) -> Sheet | None:
    """What became of so many gates; None where the output has no layers that slide."""
    from lgc.backend.c import SlidingC99
    from lgc.backend.verilog.stream import StreamVerilog
    from lgc.driver.stream import stream_lines

    if isinstance(format_, StreamVerilog):
        return stream_lines(format_)
    if not isinstance(format_, SlidingC99):
        return None
    chain = format_.chain
    behind = chain.dense.netlist.num_nodes
    tables = chain.num_nodes - behind
    return [
        f"{chain.num_layers} layers slide, {tables:,} tables once each; behind them {behind:,} gates on the whole "
        f"feature map: {chain.num_nodes:,} in place of {unrolled:,}"
    ]
