"""A stream behind a serial line: what a camera sends is pixels, byte by byte (docs/streaming.md)."""

from __future__ import annotations

from dataclasses import dataclass

from lgc.backend.manifest import Manifest
from lgc.backend.verilog.interfaces import Wrapper
from lgc.backend.verilog.interfaces.core import CLASS_PORT, Core
from lgc.backend.verilog.interfaces.parts import LOADER, UART_RX, UART_TX, modules_for
from lgc.backend.verilog.stream.parts import filled
from lgc.backend.verilog.stream.window import bits
from lgc.errors import OptionError

_UART = """\
// Pixels in bytes on rx, row by row, @beat@ each; of every frame of @pixels@ pixels the reply in bytes on tx. A framing
// error, or TIMEOUT clocks of silence within a frame, forget the frame. `reply` is the newest one, in parallel.
module @top@_uart #(
  parameter CLOCKS_PER_BIT = @clocks@,
  parameter TIMEOUT = @timeout@
) (
  input  wire clk,
  input  wire rst,
  input  wire rx,
  output wire tx,
  output reg  [@reply@-1:0] reply
);
  localparam BITS = $clog2(TIMEOUT + 1);
  localparam [31:0] SILENCE = TIMEOUT;
  wire put, bad, empty, complete, taken, answered, ready;
  wire [7:0] data;
  wire [8*@beat@-1:0] beat;
  wire [@reply@-1:0] answer;
  reg pending;  // a pixel is complete and not taken
  reg [@count@-1:0] pixel;
  reg [BITS-1:0] silent;
  reg [@reply@-1:0] queue;
  reg [@left@-1:0] left;  // bytes of the reply that are not sent
  wire [@reply@+7:0] rest = {8'd0, queue};
  wire last = pixel == @final@;
  wire begun = !empty || pending || pixel != 0;
  wire restart = bad || silent == SILENCE[BITS-1:0];
  wire idle = left == 0;
  @top@_uart_rx #(.CLOCKS_PER_BIT(CLOCKS_PER_BIT)) receiver (.clk(clk), .rst(rst), .rx(rx), .valid(put), .bad(bad),
    .data(data));
  @top@_loader #(.COUNT(@beat@)) loader (.clk(clk), .rst(rst), .restart(restart), .put(put), .data(data),
    .image(beat), .last(), .empty(empty), .start(complete));
  @top@ stream (.aclk(clk), .aresetn(!rst && !(restart && begun)), .s_axis_tdata(beat), .s_axis_tvalid(pending),
    .s_axis_tready(taken), .s_axis_tlast(last), .m_axis_tdata(answer), .m_axis_tvalid(answered), .m_axis_tready(idle),
    .m_axis_tlast(), .m_axis_tuser(), .frame_error());
  @top@_uart_tx #(.CLOCKS_PER_BIT(CLOCKS_PER_BIT)) sender (.clk(clk), .rst(rst), .send(!idle), .data(queue[7:0]),
    .ready(ready), .tx(tx));
  always @(posedge clk) begin
    silent <= rst || put || !begun || restart ? 0 : silent + 1'b1;
    pending <= !rst && !restart && (complete || (pending && !taken));
    if (rst || restart) pixel <= 0;
    else if (pending && taken) pixel <= last ? 0 : pixel + 1'b1;
    if (rst) begin
      left <= 0;
    end else if (answered && idle) begin
      queue <= answer;
      reply <= answer;
      left <= @bytes@;
    end else if (ready && !idle) begin
      queue <= rest[@reply@+7:8];
      left <= left - 1'b1;
    end
  end
endmodule
"""


@dataclass(frozen=True)
class PixelWrapper(Wrapper):
    """The wrapper of a stream: a UART. It needs no image: pixels go on as they come."""

    def validate(self) -> None:
        """See :class:`Wrapper`.

        Raises:
            OptionError: also for any other interface.
        """
        super().validate()
        if self.interface not in ("none", "uart"):
            raise OptionError(
                f"--stream is AXI4-Stream, or behind a UART, and not behind {self.interface}",
                hint="Give --interface uart, or none",
            )

    @staticmethod
    def core(manifest: Manifest) -> Core:
        """See :class:`Wrapper`: an item is a byte."""
        assert manifest.stream is not None
        stream, shape = manifest.stream, (manifest.score_width, manifest.score_signed)
        size = stream["height"] * stream["width"] * stream["beat_bytes"]
        index = max(1, (len(manifest.classes) - 1).bit_length()) if stream["class_bytes"] else 0
        scores = len(manifest.classes) if stream["score_bytes"] else 0
        return Core(manifest.top, 1, 1, CLASS_PORT, size, 8, (), 8 * size, index, scores, *shape)

    def text(self, manifest: Manifest) -> str:
        """See :class:`Wrapper`."""
        assert manifest.stream is not None
        stream, core = manifest.stream, self.core(manifest)
        pixels, reply = stream["height"] * stream["width"], core.reply_bytes
        parts = modules_for(core.top, LOADER, UART_RX, UART_TX)
        return parts + "\n" + filled(
            _UART, top=core.top, beat=stream["beat_bytes"], pixels=pixels, clocks=self.clocks_per_bit(),
            timeout=self.silence(), reply=8 * reply, count=bits(pixels), left=bits(reply + 1),
            final=f"{bits(pixels)}'d{pixels - 1}", bytes=f"{bits(reply + 1)}'d{reply}",
        )  # fmt: skip
