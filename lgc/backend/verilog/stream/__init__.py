"""Verilog that takes an image pixel by pixel: each kernel once, behind line buffers (docs/streaming.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from lgc import __version__
from lgc.backend.base import Format
from lgc.backend.columns import column_rows, port_notes
from lgc.backend.manifest import Manifest, Port
from lgc.backend.verilog import MACROS, Verilog
from lgc.backend.verilog.grammar import header
from lgc.backend.verilog.interfaces.core import Core
from lgc.backend.verilog.interfaces.parts import QUEUE, modules_for
from lgc.backend.verilog.stream.design import AS_THEY_ARE, Streamed, streamed
from lgc.backend.verilog.stream.kernels import gates_module
from lgc.backend.verilog.stream.parts import TOP, filled
from lgc.backend.verilog.stream.pixel import Pixel, pixel_of
from lgc.backend.verilog.stream.result import DenseEnding, Ending, VotesEnding
from lgc.backend.verilog.stream.schedule import Times, Timing, timing
from lgc.backend.verilog.stream.series import SeriesEnding
from lgc.backend.verilog.stream.uart import PixelWrapper
from lgc.backend.verilog.stream.window import bits, window_module
from lgc.errors import OptionError
from lgc.frontend.model import Model
from lgc.ir import Circuit, FeatureCodes
from lgc.ir.naming import identifier
from lgc.mapping.shape import HeadShape

__all__ = ["StreamVerilog"]

_QUEUED = 1
"""The register of a queue, which a result passes."""


@dataclass(frozen=True)
class StreamVerilog(Format):
    """A model as a stream of pixels.

    Attributes:
        verilog: what is asked of the part that is a circuit like any other, and of the top module.
        codes: of features, if beats hold those; None for the encoder's bits.
        level: of the optimisation of the dense layers.
        tables_per_clock: dense tables that are looked up a clock, in memories; 0 for all of them side by side.
        pixels_per_clock: neighbours in a row that come in one beat.
    """

    name: ClassVar[str] = "streaming verilog"
    model: Model = field(compare=False)
    verilog: Verilog = field(default_factory=Verilog)
    codes: FeatureCodes | None = None
    level: str = "O2"
    tables_per_clock: int = 0
    pixels_per_clock: int = 1

    @cached_property
    def streamed(self) -> Streamed:
        """The model taken apart."""
        level = AS_THEY_ARE if self.tables_per_clock else self.level
        return streamed(self.model, level, self.pixels_per_clock)

    @cached_property
    def pixel(self) -> Pixel:
        """How pixels come."""
        return pixel_of(self.streamed.image, self.model.encoder, self.codes, self.pixels_per_clock)

    @cached_property
    def ending(self) -> Ending:
        """What stands behind the last feature map."""
        shape, dense = HeadShape.of_head(self.model.head), self.streamed.dense
        if self.tables_per_clock and dense is not None:
            return SeriesEnding(self.top, self.streamed, self.verilog, shape, self.tables_per_clock)
        verilog = self.verilog if dense is not None else replace(self.verilog, outputs="scores")
        settled = verilog if dense is None else verilog.settled(dense)
        ending = VotesEnding if dense is None else DenseEnding
        return ending(self.top, self.streamed, settled, shape)

    @cached_property
    def timing(self) -> Timing:
        """Its clocks."""
        return timing(self.streamed, self._shown)

    def _shown(self, outputs: Times) -> list[int]:
        return [clock + _QUEUED for clock in self.ending.results(outputs)]

    @property
    def top(self) -> str:
        """The top module's name."""
        return identifier(self.verilog.top or self.model.name, "top")

    def validate(self, circuit: Circuit) -> None:
        """See :class:`Format`."""
        del circuit
        self._wrapper.validate()
        if self.pixels_per_clock > 1 and self.verilog.interface != "none":
            raise OptionError(
                f"--interface {self.verilog.interface} brings one pixel at a time, and --pixels-per-clock "
                f"{self.pixels_per_clock} takes that many",
                hint="Leave one of the two out",
            )
        if self.tables_per_clock and self.streamed.dense is None:
            raise OptionError("--tables-per-clock is of dense layers, and this model has none", hint="Leave it out")
        self.ending.validate()
        _ = self.pixel, self.timing

    def emit(self, circuit: Circuit, stream: Any) -> None:
        """See :class:`Format`."""
        body = "\n".join(self._modules(circuit)) + "\n"
        source = circuit.metadata.get("model_digest", "none")
        stream.write(header(circuit.name, __version__, source, circuit.digest(), body))
        stream.write(body)

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """The manifest, whose circuit is the unrolled one, and the wrapper, if wanted."""
        manifest = self.manifest(circuit)
        return {".json": manifest.to_json(), **self._wrapper.files(manifest)}

    @property
    def _wrapper(self) -> PixelWrapper:
        verilog = self.verilog
        return PixelWrapper(verilog.interface, verilog.board, verilog.beat, verilog.baud)

    def manifest(self, circuit: Circuit) -> Manifest:
        """What is beside the file."""
        shape, clocks = self.ending.shape, self.timing
        plain = Manifest.of(
            circuit, top=self.top, ports=self._ports(), latency=clocks.latency, score_width=shape.score,
            score_signed=shape.signed, interval=clocks.interval,
        )  # fmt: skip
        streaming = replace(plain, stream=self._entry())
        return replace(streaming, interface=self._wrapper.entry(streaming))

    def _entry(self) -> dict[str, Any]:
        image, core, pixel = self.streamed.image, self._core(), self.pixel
        layers = [
            {"name": one.name, "outputs": one.outputs // one.together,
             "positions": [one.geometry.out_height, one.geometry.out_width * one.together]}
            for one in self.streamed.slides
        ]  # fmt: skip
        several = {"pixels_per_clock": self.pixels_per_clock} if self.pixels_per_clock > 1 else {}
        return {
            "channels": image.channels, "height": image.height, "width": image.width, "planes": image.planes,
            "item_bytes": pixel.item_bytes, "beat_bytes": pixel.beat_bytes, "class_bytes": core.class_bytes,
            "score_bytes": core.score_bytes, "reply_bytes": core.reply_bytes,
            "latency_following": self.timing.following, "frames": self.timing.frames, "layers": layers,
            "core": self.ending.entry(), **several,
        }  # fmt: skip

    @property
    def _each(self) -> str:
        """What a beat holds."""
        return "a pixel" if self.pixels_per_clock == 1 else f"{self.pixels_per_clock} pixels, the left one lowest"

    def _core(self) -> Core:
        """The reply as wrappers write it."""
        shape, outputs = self.ending.shape, self.verilog.outputs
        return Core(
            self.top, 1, 1, "bits", 0, 8, (), 0, 0 if outputs == "scores" else shape.index,
            0 if outputs == "class" else shape.num_classes, shape.score, shape.signed,
        )  # fmt: skip

    def _ports(self) -> list[Port]:
        beat, reply = 8 * self.pixel.beat_bytes, 8 * self._core().reply_bytes
        return [
            Port("aclk", "input", 1, "clock, rising edge"),
            Port("aresetn", "input", 1, "synchronous reset, active low: forgets what is under way"),
            Port("s_axis_tdata", "input", beat, f"{self._each}, channel 0 at the low end"),
            Port("s_axis_tvalid", "input", 1, "whether there is a pixel"),
            Port("s_axis_tready", "output", 1, "whether it is taken"),
            Port("s_axis_tlast", "input", 1, "the last pixel of a frame"),
            Port("m_axis_tdata", "output", reply, "the class, then the scores of all classes, each in whole bytes"),
            Port("m_axis_tvalid", "output", 1, "whether there is a result"),
            Port("m_axis_tready", "input", 1, "whether it is taken"),
            Port("m_axis_tlast", "output", 1, "1: a result is one beat"),
            Port("m_axis_tuser", "output", 1, "the frame was cut short or too long"),
            Port("frame_error", "output", 1, "for a clock: a frame is cut short or too long"),
        ]

    def _modules(self, circuit: Circuit) -> Iterator[str]:
        yield "`default_nettype none"
        yield MACROS
        yield from (f"// {note}" for note in port_notes(column_rows(circuit), circuit.head.classes))
        yield modules_for(self.top, QUEUE)
        yield from self.pixel.modules(self.top)
        for slide in self.streamed.slides:
            what = f"{slide.outputs} kernels at one position."
            yield from gates_module(f"{self.top}_{slide.name}_kernels", slide.circuit, slide.cuts, what)
            yield from window_module(self.top, slide)
        yield from self.ending.modules()
        yield self._top_module()
        yield "`default_nettype wire"

    def _top_module(self) -> str:
        pixels, frames, core, rate = self.streamed.pixels, self.timing.frames, self._core(), self.pixels_per_clock
        log = max(1, frames.bit_length() - 1)
        return filled(
            TOP, top=self.top, pixels=pixels, beat=8 * self.pixel.beat_bytes, reply=8 * core.reply_bytes,
            count=bits(pixels), log=log, final=f"{bits(pixels)}'d{pixels - 1}", frames=f"{log + 1}'d{frames}",
            bits=self.pixel.bits * rate, each=self._each, encoder="\n".join(self.pixel.instances(self.top)),
            layers="\n".join(self._layers(core)),
        )  # fmt: skip

    def _layers(self, core: Core) -> Iterator[str]:
        data, valid = "data0", "valid0"
        for number, slide in enumerate(self.streamed.slides, 1):
            yield f"  wire [{slide.outputs - 1}:0] data{number};"
            yield f"  wire valid{number};"
            yield f"  {self.top}_{slide.name} u_{slide.name} (.clk(clk), .rst(rst), .in_valid({valid}),"
            yield f"    .in_data({data}), .out_valid(valid{number}), .out_data(data{number}));"
            data, valid = f"data{number}", f"valid{number}"
        shape = self.ending.shape
        yield f"  wire [{shape.num_classes * shape.score - 1}:0] scores;"
        yield f"  wire [{shape.index - 1}:0] class_id;"
        yield from self.ending.instances(data, valid)
        yield f"  wire [{8 * core.reply_bytes - 1}:0] answer = {core.answer()};"
