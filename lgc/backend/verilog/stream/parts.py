"""Modules of a streaming circuit that do not depend on its layers. ``@name@`` is filled in."""

from __future__ import annotations

TOP = """\
// AXI4-Stream; see docs/streaming.md. A frame is @pixels@ beats, @each@ each, row by row, the last one with tlast.
// Every frame gives one result. tuser is 1 if the frame was cut short (the beats that were missing were taken as zeros)
// or too long (those that were too many were dropped). Nothing behind the input waits, so a frame begins only with a
// credit: a place in the queue of results, given back when a result leaves.
module @top@ (
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
  output wire m_axis_tuser,
  output reg  frame_error
);
  wire clk = aclk;
  wire rst = !aresetn;
  reg [@count@-1:0] pixel;
  reg [@log@:0] credits;
  reg running, filling, dropping;
  wire accept = s_axis_tvalid && s_axis_tready;
  wire put = (accept && !dropping) || filling;
  wire first = pixel == 0;
  wire last = pixel == @final@;
  wire short = accept && !dropping && s_axis_tlast && !last;
  wire long = accept && !dropping && !s_axis_tlast && last;
  wire spend = put && first;
  wire earn = m_axis_tvalid && m_axis_tready;
  wire judged, answered, finished;
  assign s_axis_tready = running && !filling && (dropping || !first || credits != 0);
  always @(posedge clk) begin
    running <= !rst;
    frame_error <= (short || long) && !rst;
    filling <= !rst && (short || (filling && !last));
    dropping <= !rst && (long || (dropping && !(accept && s_axis_tlast)));
    if (rst) pixel <= 0;
    else if (put) pixel <= last ? 0 : pixel + 1'b1;
    if (rst) credits <= @frames@;
    else credits <= credits + {@log@'d0, earn} - {@log@'d0, spend};
  end
  wire [@beat@-1:0] beat = filling ? @beat@'d0 : s_axis_tdata;
  wire [@bits@-1:0] encoded;
@encoder@
  reg [@bits@-1:0] data0;
  reg valid0;
  always @(posedge clk) begin
    if (put) data0 <= encoded;
    valid0 <= put && !rst;
  end
@layers@
  @top@_queue #(.WIDTH(1), .LOG(@log@)) flags (.clk(clk), .rst(rst), .put(put && last), .data(filling || long),
    .take(earn), .valid(judged), .first(m_axis_tuser));
  @top@_queue #(.WIDTH(@reply@), .LOG(@log@)) results (.clk(clk), .rst(rst), .put(finished), .data(answer), .take(earn),
    .valid(answered), .first(m_axis_tdata));
  assign m_axis_tvalid = judged && answered;
  assign m_axis_tlast = 1'b1;
endmodule
"""

FEATURES = """\
// Collects the last feature map: bit @at@ is output k at position p. `out_valid` says for one clock that
// it is complete. Each position has an enable of its own, from a register of its own: one enable for all of them would
// have to reach every flip-flop of the map in a clock.
module @top@_features (
  input  wire clk,
  input  wire rst,
  input  wire in_valid,
  input  wire [@outputs@-1:0] in_data,
  output reg  out_valid,
  output wire [@outputs@*@positions@-1:0] out_data
);
  reg [@positions@-1:0] at, take;  // the position that comes next, and the one that is in 'held'
  reg [@outputs@-1:0] held;
  wire [@positions@:0] next = {at, at[@positions@-1]};
  always @(posedge clk) begin
    if (rst) at <= @positions@'d1;
    else if (in_valid) at <= next[@positions@-1:0];
    take <= in_valid && !rst ? at : @positions@'d0;
    held <= in_data;
    out_valid <= take[@positions@-1] && !rst;
  end
  genvar p, k;
  generate
    for (p = 0; p < @positions@; p = p + 1) begin : position
      reg [@outputs@-1:0] outputs;
      always @(posedge clk) if (take[p]) outputs <= held;
      for (k = 0; k < @outputs@; k = k + 1) begin : output_of
        assign out_data[@at@] = outputs[k];
      end
    end
  endgenerate
endmodule
"""

VOTES = """\
// Adds the votes of each class as positions come; `out_valid` says for one clock that a frame's scores are complete.
module @top@_votes (
  input  wire clk,
  input  wire rst,
  input  wire in_valid,
  input  wire [@outputs@-1:0] in_data,
  output reg  out_valid,
  output reg  [@classes@*@score@-1:0] scores
);
  wire [@classes@*@part@-1:0] counts;
  wire counted;
  reg [@count@-1:0] position;
  wire last = position == @final@;
  wire first = position == 0;
  wire [@classes@*@score@-1:0] biases = {@biases@};
  @top@_count count (.clk(clk), .rst(rst), .in_valid(in_valid), .bits(in_data), .out_valid(counted), .scores(counts));
  always @(posedge clk) begin
    out_valid <= counted && last && !rst;
    if (rst) position <= 0;
    else if (counted) position <= last ? 0 : position + 1'b1;
  end
  genvar c;
  generate
    for (c = 0; c < @classes@; c = c + 1) begin : sum
      wire [@score@-1:0] so_far = first ? biases[c*@score@ +: @score@] : scores[c*@score@ +: @score@];
      wire [@score@-1:0] more = @more@;
      always @(posedge clk) if (counted) scores[c*@score@ +: @score@] <= so_far + more;
    end
  endgenerate
endmodule
"""


def filled(text: str, **values: object) -> str:
    """A text with ``@name@`` replaced by values."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text
