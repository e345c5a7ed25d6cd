"""Modules of dense tables in series. ``@name@`` is filled in."""

from __future__ import annotations

MAP = """\
// An output of the last feature map waits in a queue, and leaves it word by word: bit k of position p is bit k%@word@
// of word p*@parts@ + k/@word@.
module @top@_map (
  input  wire clk,
  input  wire rst,
  input  wire in_valid,
  input  wire [@outputs@-1:0] in_data,
  output reg  write,
  output reg  [@word@-1:0] word
);
  reg [@outputs@-1:0] queue [0:(1<<@log@)-1];
  reg [@log@:0] head, tail;
  reg [@part@-1:0] part;  // which of its output the next word is
  wire waits = head != tail;
  wire [@parts@*@word@-1:0] oldest = @oldest@;
  wire part_ends = part == @last_part@;
  always @(posedge clk) begin
    if (in_valid) queue[tail[@log@-1:0]] <= in_data;
    tail <= rst ? 0 : tail + {@log@'d0, in_valid};
    head <= rst ? 0 : head + {@log@'d0, waits && part_ends};
    if (rst) part <= 0;
    else if (waits) part <= part_ends ? 0 : part + 1'b1;
    write <= waits && !rst;
    word <= oldest[part*@word@ +: @word@];
  end
endmodule
"""

LOOKUP = """\
// Tables of a dense layer, @lanes@ a clock. What they read comes in @words@ words, and there is a copy of it in memory
// for each operand@but@. There are two halves: one is read while the other is written.
module @top@_@name@ (
  input  wire clk,
  input  wire rst,
  input  wire write,
  input  wire [@word@-1:0] word,
  output wire out_valid,
@mark_port@  output reg  [@lanes@-1:0] hits
);
  reg [@place@-1:0] place;  // where the word goes
  reg half;  // the half that is written
  wire map_ends = write && place == @last_place@;
  always @(posedge clk) begin
    if (rst) place <= 0;
    else if (write) place <= map_ends ? 0 : place + 1'b1;
    if (rst) half <= 1'b0;
    else if (map_ends) half <= !half;
  end

  // Rows: @lanes@ tables each. Their wires are read first, then the words that those name, and last the tables.
  reg reading;
  reg [@row@-1:0] row, row1, row2, row3;
  reg [5:0] stages;  // which of them hold a row
  wire row_ends = row == @last_row@;
  reg [@wires@-1:0] wires, fetched;
  reg [@tables@-1:0] tables, looked;@mark_note@
  always @(posedge clk) begin
    reading <= !rst && (map_ends || (reading && !row_ends));
    row <= reading && !row_ends ? row + 1'b1 : 0;
    {row3, row2, row1} <= {row2, row1, row};
    stages <= rst ? 6'd0 : {stages[4:0], reading};
    fetched <= wires;
    looked <= tables;
@mark@  end
  assign out_valid = stages[5];
  always @(posedge clk)
    case (row)
@wire_rows@
    endcase
  always @(posedge clk)
    case (row3)
@table_rows@
    endcase
  wire [@lanes@*@arity@-1:0] operands;
@held@  genvar i;
  generate
@far@@near@    for (i = 0; i < @lanes@; i = i + 1) begin : lane
      wire [@table@-1:0] mine = looked[i*@table@ +: @table@];
      always @(posedge clk) hits[i] <= mine[operands[i*@arity@ +: @arity@]];
    end
  endgenerate
endmodule
"""

FAR = """\
    for (i = 0; i < @lanes@*@far@; i = i + 1) begin : operand
      reg [@word@-1:0] memory [0:(2<<@place@)-1];
      reg [@word@-1:0] found, kept;
      reg [@low@-1:0] low, low_kept;
      reg bit_of_map;
      wire [@address@-1:0] address = fetched[i*@address@ +: @address@];
      always @(posedge clk) begin
        if (write) memory[{half, place}] <= word;
        found <= memory[{!half, address[@address@-1:@low@]}];
        low <= address[@low@-1:0];
        kept <= found;
        low_kept <= low;
        bit_of_map <= kept[low_kept];
      end
      assign operands[i/@far@*@arity@ + i%@far@ + @arity@-@far@] = bit_of_map;
    end
"""

HELD = """\
  wire [@lanes@*@words@-1:0] read_by = @few@;  // the words that the first operand of each lane reads
  reg ended, half_was;
  reg [@word@-1:0] word_was;
  always @(posedge clk) begin
    ended <= map_ends;
    half_was <= half;
    word_was <= word;
  end
"""

NEAR = """\
    for (i = 0; i < @lanes@; i = i + 1) begin : near  // the first operand of a lane, and the few words that it reads
      (* ram_style = "distributed" *) reg [@word@-1:0] memory [0:(2<<@spot@)-1];
      reg [@word@-1:0] found, kept;
      reg [@low@-1:0] low, low_kept;
      reg bit_of_map, is_near;
      reg [@spot@-1:0] spot;  // where the next word goes
      wire [@near@-1:0] address = fetched[@above@ + i*@near@ +: @near@];
      wire [@words@-1:0] few = read_by[i*@words@ +: @words@];
      always @(posedge clk) begin
        is_near <= write && few[place];
        if (rst || ended) spot <= 0;
        else if (is_near) spot <= spot + 1'b1;
        if (is_near) memory[{half_was, spot}] <= word_was;
        found <= memory[{!half, address[@near@-1:@low@]}];
        low <= address[@low@-1:0];
        kept <= found;
        low_kept <= low;
        bit_of_map <= kept[low_kept];
      end
      assign operands[i*@arity@] = bit_of_map;
    end
"""

SERIES = """\
// Dense tables in series, @lanes@ a clock; of the last layer class by class.
module @top@_dense (
  input  wire clk,
  input  wire rst,
  input  wire in_valid,
  input  wire [@outputs@-1:0] in_data,
  output reg  out_valid,
  output wire [@classes@*@score@-1:0] scores,
  output wire [@index@-1:0] class_id
);
@layers@
  reg fresh, scored, done;  // the next row is a class's first; a score, and the last one, is complete
  reg [@index@-1:0] group, counted, index;
  reg [@score@-1:0] sum, best;
  wire [@classes@*@score@-1:0] biases = {@biases@};
  wire [@score@-1:0] so_far = fresh ? biases[group*@score@ +: @score@] : sum;
  wire [@score@-1:0] middle = @middle@;
  wire better = (sum ^ middle) @above@ (best ^ middle);
  wire wins = counted == 0 || better;
  always @(posedge clk) begin
    scored <= counts && ends && !rst;
    done <= counts && last && !rst;
    if (rst) begin
      fresh <= 1'b1;
      group <= 0;
    end else if (counts) begin
      fresh <= ends;
      if (ends) group <= last ? 0 : group + 1'b1;
    end
    counted <= group;
    sum <= so_far + @votes@;
    if (scored && wins) best <= sum;
    if (scored && wins) index <= counted;
    out_valid <= done && !rst;
  end
  assign class_id = index;
@all@
endmodule
"""
