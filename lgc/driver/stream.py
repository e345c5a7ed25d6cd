"""Compiling to a stream: what `lgc compile --stream` does in place of unrolling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lgc.driver.compile_request import CompileRequest
from lgc.driver.request import flags
from lgc.driver.sheet import Grid, Sheet
from lgc.errors import OptionError
from lgc.progress import Progress

if TYPE_CHECKING:
    from lgc.backend.verilog.stream import StreamVerilog
    from lgc.driver.features import Loss
    from lgc.driver.read import Loaded
    from lgc.frontend import Model
    from lgc.ir import Circuit, FeatureCode, FeatureCodes

_IDLE = (
    "passes", "check", "dump_ir", "stop_after", "bisect", "beat", "part", "clock", "seeds",
)  # fmt: skip
"""What is of a circuit that takes a whole image."""
_SIDE_BY_SIDE = ("head", "argmax", "fabric", "effort", "copies", "pipeline")
"""What is of dense layers whose tables stand side by side."""


def as_stream(
    asked: CompileRequest, source: Loaded, options: Mapping[str, str], progress: Progress
) -> tuple[Circuit, StreamVerilog, Loss | None]:
    """The unrolled circuit, the format that streams it, and what codes of features change, if that was measured.

    Raises:
        OptionError: it is no model that begins with convolution, or an option has no such value.
        InputError: the data cannot be read or do not fit.
    """
    from lgc.backend.verilog import Verilog
    from lgc.backend.verilog.stream import StreamVerilog

    model = model_of_stream(source, flags(CompileRequest, "stream"))
    circuit, codes, loss = _with_input(asked, source, progress)
    verilog = Verilog.from_options(options)
    assert isinstance(verilog, Verilog)
    tables, pixels = asked.tables_per_clock or 0, asked.pixels_per_clock or 1
    return circuit, StreamVerilog(model, verilog, codes, f"O{asked.level}", tables, pixels), loss


def refuse_whole(asked: CompileRequest) -> None:
    """Refuse what is of a circuit that takes a whole image.

    Raises:
        OptionError: such an option is given, or the output is no Verilog.
    """
    given = [name for name in _IDLE if name in asked.given()]
    if asked.output.suffix.lower() != ".v":
        raise OptionError(
            f"{flags(CompileRequest, 'stream')} writes Verilog", where=str(asked.output), hint="Write a .v file"
        )
    if given:
        raise OptionError(
            f"{flags(CompileRequest, *given)} is of a circuit that takes a whole image, and "
            f"{flags(CompileRequest, 'stream')} makes one that takes it pixel by pixel",
            hint="Leave one of the two out",
        )
    idle = [name for name in _SIDE_BY_SIDE if getattr(asked, name) is not None]
    if asked.tables_per_clock and idle:
        raise OptionError(
            f"{flags(CompileRequest, *idle)} is of dense tables that stand side by side, and "
            f"{flags(CompileRequest, 'tables_per_clock')} takes them from memories",
            hint="Leave one of the two out",
        )


def refuse_stream_options(asked: CompileRequest) -> None:
    """Refuse what is of a circuit that takes an image pixel by pixel.

    Raises:
        OptionError: such an option is given.
    """
    given = [name for name in ("tables_per_clock", "pixels_per_clock") if getattr(asked, name) is not None]
    if given:
        raise OptionError(
            f"{flags(CompileRequest, *given)} is of a circuit that takes an image pixel by pixel",
            hint=f"Give {flags(CompileRequest, 'stream')} too",
        )


def model_of_stream(source: Loaded, flag: str) -> Model:
    """The model, where kernels are asked for.

    Raises:
        OptionError: it is a netlist, which has none.
    """
    if source.model is None:
        raise OptionError(
            f"{flag} needs a model with convolution, and this is a netlist",
            hint="Give the checkpoint that the netlist came from",
        )
    return source.model


def _with_input(
    asked: CompileRequest, source: Loaded, progress: Progress
) -> tuple[Circuit, FeatureCodes | None, Loss | None]:
    """The unrolled circuit, and the codes of features if beats hold those."""
    circuit = source.circuit
    from lgc.driver.features import choose_codes, measure, refuse_no_codes

    if asked.input == "bits":
        refuse_no_codes(asked, coded=False)
        return circuit, None, None
    from lgc.driver.samples import About, find_samples
    from lgc.mapping.encoder import lower_encoder

    found = None if asked.data is None else find_samples(asked.data, asked.data_dir, about=About.of(source))
    codes = choose_codes(circuit, asked, found)
    if found is None:
        return lower_encoder(circuit, codes), codes, None
    progress.step("measure")
    return lower_encoder(circuit, codes), codes, measure(circuit, codes, found)


def stream_table(format_: StreamVerilog) -> Grid:
    """The layers that slide."""
    rows = []
    for one in format_.streamed.slides:
        g = one.geometry
        image = f"{g.channels * g.planes} x {g.height} x {g.width}"
        numbers = (f"{one.outputs:,}", f"{one.circuit.netlist.num_nodes:,}", f"{g.positions:,}", str(one.clocks))
        rows.append((one.name, image, *numbers))
    return Grid(("layer", "image>", "outputs>", "tables>", "positions>", "clocks>"), tuple(rows), "what slides")


def _carried(code: FeatureCode | None) -> str:
    """What a beat has of each channel."""
    if code is None:
        return "the encoder's bits"
    if code.rounding == "exact" and (code.scale, code.offset) == (1, 0):
        return f"the value of each channel, a whole number from 0 to {code.top:,}"
    return f"of each channel its value x as {code.rule()}"


def stream_lines(format_: StreamVerilog) -> Sheet:
    """What comes in and out, and when."""
    streamed, clocks, dense = format_.streamed, format_.timing, format_.streamed.dense
    tables = sum(one.circuit.netlist.num_nodes for one in streamed.slides)
    behind = "votes, added at each position"
    if dense is not None:
        rate = format_.tables_per_clock
        how = f", {rate} a clock, from memories" if rate else ", side by side"
        behind = f"{dense.netlist.num_nodes:,} gates on the whole feature map{how}"
    frame, each, size = streamed.image, format_.pixels_per_clock, format_.pixel.beat_bytes
    row = f"{frame.width} pixels" + (f", {each} a beat" if each > 1 else "")
    return [
        f"{len(streamed.slides)} layers slide, {tables:,} tables in all; behind them {behind}",
        f"a frame is {streamed.pixels:,} beats of {size} byte{'s' if size > 1 else ''} ({frame.height} rows of "
        f"{row}); a frame every {clocks.interval:,} clocks",
        f"a beat carries {_carried(format_.pixel.code)}",
        f"latency {clocks.latency:,} clocks from the last pixel to the result ({clocks.following:,} where frames "
        f"follow without a gap); at most {clocks.frames} frames under way",
    ]
