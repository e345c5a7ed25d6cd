"""Verilog that does not depend on the circuit: loaders, serial lines, a queue. ``@top@`` is the core's name."""

from __future__ import annotations

LOADER = """\
// Collects units of an image, the first one at the low end. `start` says for one clock that the image is complete; it
// stands until the next unit comes.
module @top@_loader #(
  parameter UNIT = 8,
  parameter COUNT = 1
) (
  input  wire clk,
  input  wire rst,
  input  wire restart,
  input  wire put,
  input  wire [UNIT-1:0] data,
  output reg  [UNIT*COUNT-1:0] image,
  output wire last,
  output wire empty,
  output reg  start
);
  localparam BITS = COUNT > 1 ? $clog2(COUNT) : 1;
  localparam [31:0] LAST = COUNT - 1;
  reg [BITS-1:0] count;
  wire [UNIT*(COUNT+1)-1:0] longer = {data, image};
  assign last = count == LAST[BITS-1:0];
  assign empty = count == 0;
  always @(posedge clk) begin
    start <= put && last && !restart && !rst;
    if (rst || restart) count <= 0;
    else if (put) count <= last ? 0 : count + 1'b1;
    if (put) image <= longer[UNIT*(COUNT+1)-1:UNIT];
  end
endmodule
"""

UART_RX = """\
// 8 data bits, no parity, one stop bit; each bit is sampled in its middle. A missing stop bit is `bad`.
module @top@_uart_rx #(
  parameter CLOCKS_PER_BIT = 104
) (
  input  wire clk,
  input  wire rst,
  input  wire rx,
  output reg  valid,
  output reg  bad,
  output reg  [7:0] data
);
  localparam BITS = $clog2(CLOCKS_PER_BIT);
  localparam [31:0] BIT = CLOCKS_PER_BIT - 1;
  localparam [31:0] HALF = CLOCKS_PER_BIT / 2 - 1;
  reg [1:0] line;
  reg [3:0] left;
  reg [BITS-1:0] timer;
  always @(posedge clk) begin
    line <= {line[0], rx};
    valid <= 1'b0;
    bad <= 1'b0;
    if (rst) begin
      line <= 2'b11;
      left <= 4'd0;
    end else if (left == 0) begin
      timer <= HALF[BITS-1:0];
      if (!line[1]) left <= 4'd10;
    end else if (timer != 0) begin
      timer <= timer - 1'b1;
    end else begin
      timer <= BIT[BITS-1:0];
      left <= left == 10 && line[1] ? 4'd0 : left - 1'b1;  // a start bit that is over by its middle was noise
      if (left == 1) begin
        valid <= line[1];
        bad <= !line[1];
      end else begin
        data <= {line[1], data[7:1]};
      end
    end
  end
endmodule
"""

UART_TX = """\
// Sends `data` when `send` meets `ready`.
module @top@_uart_tx #(
  parameter CLOCKS_PER_BIT = 104
) (
  input  wire clk,
  input  wire rst,
  input  wire send,
  input  wire [7:0] data,
  output wire ready,
  output wire tx
);
  localparam BITS = $clog2(CLOCKS_PER_BIT);
  localparam [31:0] BIT = CLOCKS_PER_BIT - 1;
  reg [9:0] bits;
  reg [3:0] left;
  reg [BITS-1:0] timer;
  assign tx = bits[0];
  assign ready = left == 0;
  always @(posedge clk) begin
    if (rst) begin
      bits <= 10'h3ff;
      left <= 4'd0;
    end else if (ready) begin
      timer <= BIT[BITS-1:0];
      if (send) begin
        bits <= {1'b1, data, 1'b0};
        left <= 4'd10;
      end
    end else if (timer != 0) begin
      timer <= timer - 1'b1;
    end else begin
      timer <= BIT[BITS-1:0];
      bits <= {1'b1, bits[9:1]};
      left <= left - 1'b1;
    end
  end
endmodule
"""

SPI_TARGET = """\
// SPI mode 0, most significant bit first, sampled by `clk`: SCK may be an eighth of it. `out` is taken at the falling
// edge of `cs_n` and sent from its high end.
module @top@_spi_target #(
  parameter BYTES = 1
) (
  input  wire clk,
  input  wire rst,
  input  wire sck,
  input  wire cs_n,
  input  wire mosi,
  output wire miso,
  input  wire [8*BYTES-1:0] out,
  output wire select,
  output reg  valid,
  output reg  [7:0] data
);
  reg [2:0] clocks, selects;
  reg [1:0] line;
  reg [2:0] place;
  reg [8*BYTES-1:0] bits;
  assign select = selects[2:1] == 2'b10;
  assign miso = bits[8*BYTES-1];
  always @(posedge clk) begin
    clocks <= {clocks[1:0], sck};
    selects <= {selects[1:0], cs_n};
    line <= {line[0], mosi};
    valid <= 1'b0;
    if (rst) begin
      selects <= 3'b111;
      clocks <= 3'b000;
    end else if (select) begin
      place <= 3'd0;
      bits <= out;
    end else if (!selects[1]) begin
      if (clocks[2:1] == 2'b01) begin
        data <= {data[6:0], line[1]};
        place <= place + 1'b1;
        valid <= place == 3'd7;
      end
      if (clocks[2:1] == 2'b10) bits <= bits << 1;
    end
  end
endmodule
"""

QUEUE = """\
// First in, first out. Nobody puts into a full one: credits see to that.
module @top@_queue #(
  parameter WIDTH = 8,
  parameter LOG = 2
) (
  input  wire clk,
  input  wire rst,
  input  wire put,
  input  wire [WIDTH-1:0] data,
  input  wire take,
  output wire valid,
  output wire [WIDTH-1:0] first
);
  reg [WIDTH-1:0] slots [0:(1<<LOG)-1];
  reg [LOG:0] head, tail;
  assign valid = head != tail;
  assign first = slots[head[LOG-1:0]];
  always @(posedge clk) begin
    if (put) slots[tail[LOG-1:0]] <= data;
    tail <= rst ? 0 : tail + {{LOG{1'b0}}, put};
    head <= rst ? 0 : head + {{LOG{1'b0}}, take};
  end
endmodule
"""


def modules_for(top: str, *names: str) -> str:
    """The text of parts, for a core of this name."""
    return "\n".join(name.replace("@top@", top) for name in names)
