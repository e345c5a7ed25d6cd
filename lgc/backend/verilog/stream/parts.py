"""Modules of a streaming circuit that do not depend on its layers. ``@name@`` is filled in."""

from __future__ import annotations

TOP = """\
// AXI4-Stream; see docs/streaming.md. A frame is @pixels@ beats, a pixel each, row by row, the last one with tlast.
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
// Collects the last feature map: bit k*@positions@ + p is output k at position p. `out_valid` says for one clock that
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
        assign out_data[k*@positions@ + p] = outputs[k];
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

SERIES = """\
// Dense tables, @lanes@ a clock. An output of the last feature map waits in a queue, and goes into memory word by word;
// of the memory there is a copy for each operand. Bit k of position p is bit k%@word@ of word p*@parts@ + k/@word@.
// There are two halves: one is read while the other is written.
module @top@_dense (
  input  wire clk,
  input  wire rst,
  input  wire in_valid,
  input  wire [@outputs@-1:0] in_data,
  output reg  out_valid,
  output wire [@classes@*@score@-1:0] scores,
  output wire [@index@-1:0] class_id
);
  reg [@outputs@-1:0] queue [0:(1<<@log@)-1];
  reg [@log@:0] head, tail;
  reg [@place@-1:0] place;  // where the next word goes
  reg [@part@-1:0] part;  // which of its output it is
  reg half, write, wrote;  // the half that is written
  reg [@place@:0] where;
  reg [@word@-1:0] word;
  wire waits = head != tail;
  wire [@parts@*@word@-1:0] oldest = @oldest@;
  wire part_ends = part == @last_part@;
  wire map_ends = place == @last_place@;
  always @(posedge clk) begin
    if (in_valid) queue[tail[@log@-1:0]] <= in_data;
    tail <= rst ? 0 : tail + {@log@'d0, in_valid};
    head <= rst ? 0 : head + {@log@'d0, waits && part_ends};
    if (rst) part <= 0;
    else if (waits) part <= part_ends ? 0 : part + 1'b1;
    if (rst) place <= 0;
    else if (waits) place <= map_ends ? 0 : place + 1'b1;
    if (rst) half <= 1'b0;
    else if (waits && map_ends) half <= !half;
    write <= waits;
    wrote <= waits && map_ends && !rst;
    where <= {half, place};
    word <= oldest[part*@word@ +: @word@];
  end

  // Rows: @lanes@ tables each, class by class. Their wires are read first, then the words that those name, and last the
  // tables.
  reg reading;
  reg [@row@-1:0] row, row1, row2, row3, row4;
  reg [5:0] stages;  // which of them hold a row
  wire row_ends = row == @last_row@;
  reg [@wires@-1:0] wires, fetched;
  reg [@lanes@*@table@+1:0] tables;  // above them, whether the row is the last one of all, and of its class
  always @(posedge clk) begin
    reading <= !rst && (wrote || (reading && !row_ends));
    row <= reading && !row_ends ? row + 1'b1 : 0;
    {row4, row3, row2, row1} <= {row3, row2, row1, row};
    stages <= rst ? 6'd0 : {stages[4:0], reading};
    fetched <= wires;
  end
  always @(posedge clk)
    case (row)
@wire_rows@
    endcase
  always @(posedge clk)
    case (row4)
@table_rows@
    endcase
  wire [@lanes@*@arity@-1:0] operands;
  genvar i;
  generate
    for (i = 0; i < @lanes@*@arity@; i = i + 1) begin : operand
      reg [@word@-1:0] memory [0:(2<<@place@)-1];
      reg [@word@-1:0] found, kept;
      reg [@low@-1:0] low, low_kept;
      reg bit_of_map;
      wire [@address@-1:0] address = fetched[i*@address@ +: @address@];
      always @(posedge clk) begin
        if (write) memory[where] <= word;
        found <= memory[{!half, address[@address@-1:@low@]}];
        low <= address[@low@-1:0];
        kept <= found;
        low_kept <= low;
        bit_of_map <= kept[low_kept];
      end
      assign operands[i] = bit_of_map;
    end
  endgenerate

  reg [@lanes@-1:0] hits;
  reg ends, last, fresh, scored, done;  // the row is the last one of its class, and of all; the next is a class's first
  reg [@index@-1:0] group, counted, index;
  reg [@score@-1:0] sum, best;
  wire [@classes@*@score@-1:0] biases = {@biases@};
  wire [@score@-1:0] so_far = fresh ? biases[group*@score@ +: @score@] : sum;
  wire [@score@-1:0] middle = @middle@;
  wire better = (sum ^ middle) @above@ (best ^ middle);
  wire wins = counted == 0 || better;
  always @(posedge clk) begin
    {last, ends} <= tables[@lanes@*@table@ +: 2];
    scored <= stages[5] && ends && !rst;
    done <= stages[5] && last && !rst;
    if (rst) begin
      fresh <= 1'b1;
      group <= 0;
    end else if (stages[5]) begin
      fresh <= ends;
      if (ends) group <= last ? 0 : group + 1'b1;
    end
    counted <= group;
    sum <= so_far + @votes@;
    if (scored && wins) best <= sum;
    if (scored && wins) index <= counted;
    out_valid <= done && !rst;
  end
  generate
    for (i = 0; i < @lanes@; i = i + 1) begin : lane
      wire [@table@-1:0] mine = tables[i*@table@ +: @table@];
      always @(posedge clk) hits[i] <= mine[operands[i*@arity@ +: @arity@]];
    end
  endgenerate
  assign class_id = index;
@all@
endmodule
"""


def filled(text: str, **values: object) -> str:
    """A text with ``@name@`` replaced by values."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text
