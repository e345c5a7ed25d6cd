"""AXI4-Stream: a packet of beats in is an image, a beat out is its reply."""

from __future__ import annotations

from lgc.backend.verilog.interfaces.core import Core
from lgc.backend.verilog.interfaces.parts import LOADER, QUEUE, modules_for

# From the last beat of an image until its credit is back, besides the core's latency: loader, queue, credit counter.
_ROUND_TRIP = 4

_AXIS = """\
// AXI4-Stream; see docs/interfaces.md. A packet of @beats@ beats, the last one with tlast, is an image; a packet of
// another length gives no reply, and `frame_error` for a clock. The core cannot wait, so an image is let in only with a
// credit: a place in the queue behind the core, given back when its reply leaves.
module @top@_axis (
  input  wire aclk,
  input  wire aresetn,
  input  wire [@beat@-1:0] s_axis_tdata,
  input  wire s_axis_tvalid,
  output wire s_axis_tready,
  input  wire s_axis_tlast,
  output wire [@reply@-1:0] m_axis_tdata,
  output wire m_axis_tvalid,
  input  wire m_axis_tready,
  output wire m_axis_tlast,
  output reg  frame_error
);
  wire clk = aclk;
  wire rst = !aresetn;
  wire [@beats@*@beat@-1:0] image;
  wire last, start, finished;
  reg [@log@:0] credits;
  reg dropping, running;
  wire accept = s_axis_tvalid && s_axis_tready;
  wire put = accept && !dropping;
  wire wrong = put && last != s_axis_tlast;
  wire spend = put && last && s_axis_tlast;
  wire earn = m_axis_tvalid && m_axis_tready;
  assign s_axis_tready = running && (dropping || !last || credits != 0);
  @top@_loader #(.UNIT(@beat@), .COUNT(@beats@)) loader (.clk(clk), .rst(rst), .restart(wrong), .put(put),
    .data(s_axis_tdata), .image(image), .last(last), .empty(), .start(start));
@core@
  @top@_queue #(.WIDTH(@reply@), .LOG(@log@)) queue (.clk(clk), .rst(rst), .put(finished), .data(answer), .take(earn),
    .valid(m_axis_tvalid), .first(m_axis_tdata));
  assign m_axis_tlast = 1'b1;
  always @(posedge clk) begin
    running <= !rst;
    frame_error <= wrong && !rst;
    dropping <= !rst && (accept ? (dropping || wrong) && !s_axis_tlast : dropping);
    if (rst) credits <= @depth@;
    else credits <= credits + {@log@'d0, earn} - {@log@'d0, spend};
  end
endmodule
"""


def axis(core: Core, items_per_beat: int) -> str:
    """The AXI4-Stream wrapper, module ``TOP_axis``."""
    # A core that takes an image now and then gets the next one when the reply to the last has left.
    depth = 1 << (core.latency + _ROUND_TRIP - 1).bit_length() if core.interval == 1 else 1
    lines = list(core.instance("start", "finished"))
    if not core.latency:
        lines.append("  assign finished = start;")
    values = {
        "core": "\n".join(lines),
        "beats": -(-core.items // items_per_beat),
        "beat": 8 * core.item_bytes * items_per_beat,
        "reply": 8 * core.reply_bytes,
        "log": max(1, depth.bit_length() - 1),
        "depth": depth,
    }
    text = modules_for(core.top, LOADER, QUEUE, _AXIS)
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text
