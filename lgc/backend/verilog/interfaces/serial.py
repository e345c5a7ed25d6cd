"""Byte-wise wrappers: UART, SPI and Tiny Tapeout share an engine that turns bytes into an image and into a reply."""

from __future__ import annotations

from collections.abc import Iterator

from lgc.backend.verilog.interfaces.core import Core
from lgc.backend.verilog.interfaces.parts import LOADER, SPI_TARGET, UART_RX, UART_TX, modules_for


def engine(core: Core) -> str:
    """Bytes in, replies out: ``done`` says for one clock that ``reply`` is new; it stands until the next."""
    return modules_for(core.top, LOADER) + "\n" + "\n".join(_engine(core))


def _engine(core: Core) -> Iterator[str]:
    width = 8 * core.reply_bytes
    yield f"// {core.image_bytes} bytes are an image; the reply has {core.reply_bytes}. SETTLE clocks pass before the"
    yield "// result of a combinational core is taken: its image stands still meanwhile."
    yield f"module {core.top}_engine #(\n  parameter SETTLE = 1\n) ("
    for port in ("clk", "rst", "restart", "put"):
        yield f"  input  wire {port},"
    yield "  input  wire [7:0] data,"
    yield "  output wire empty,"
    yield "  output wire complete,"
    yield "  output wire start,"
    yield "  output reg  done,"
    yield f"  output reg  [{width - 1}:0] reply"
    yield ");"
    yield f"  wire [{8 * core.image_bytes - 1}:0] image;"
    yield "  wire finished;"
    yield f"  {core.top}_loader #(.COUNT({core.image_bytes})) loader (.clk(clk), .rst(rst), .restart(restart),"
    yield "    .put(put), .data(data), .image(image), .last(), .empty(empty), .start(complete));"
    yield from core.instance("start", "finished")
    if core.interval > 1:
        yield "  reg busy;  // an image that is complete before the reply to the last one is not taken"
        yield "  always @(posedge clk) busy <= !rst && (start || (busy && !finished));"
        yield "  assign start = complete && !busy;"
    else:
        yield "  assign start = complete;"
    if not core.latency:
        yield "  reg [SETTLE:0] settling;"
        yield "  wire [SETTLE+1:0] settled = {settling, start};"
        yield "  always @(posedge clk) settling <= rst ? 0 : settled[SETTLE:0];"
        yield "  assign finished = settled[SETTLE-1];"
    yield "  always @(posedge clk) begin"
    yield "    done <= finished && !rst;"
    yield "    if (finished) reply <= answer;"
    yield "  end"
    yield "endmodule\n"


_UART = """\
// An image in bytes on rx, its reply in bytes on tx; see docs/interfaces.md. A framing error or TIMEOUT clocks of
// silence drop what has come of an image.
module @top@_uart #(
  parameter CLOCKS_PER_BIT = @clocks@,
  parameter TIMEOUT = @timeout@,
  parameter SETTLE = 1
) (
  input  wire clk,
  input  wire rst,
  input  wire rx,
  output wire tx,
  output wire [@reply@-1:0] reply
);
  localparam BITS = $clog2(TIMEOUT + 1);
  localparam [31:0] SILENCE = TIMEOUT;
  wire put, bad, empty, done, ready;
  wire [7:0] data;
  reg [BITS-1:0] silent;
  reg [@reply@-1:0] queue;
  reg [@count@:0] left;
  wire [@reply@+7:0] rest = {8'd0, queue};
  wire restart = bad || silent == SILENCE[BITS-1:0];
  @top@_uart_rx #(.CLOCKS_PER_BIT(CLOCKS_PER_BIT)) receiver (.clk(clk), .rst(rst), .rx(rx), .valid(put), .bad(bad),
    .data(data));
  @top@_engine #(.SETTLE(SETTLE)) engine (.clk(clk), .rst(rst), .restart(restart), .put(put), .data(data),
    .empty(empty), .complete(), .start(), .done(done), .reply(reply));
  @top@_uart_tx #(.CLOCKS_PER_BIT(CLOCKS_PER_BIT)) sender (.clk(clk), .rst(rst), .send(left != 0), .data(queue[7:0]),
    .ready(ready), .tx(tx));
  always @(posedge clk) begin
    silent <= rst || put || empty || restart ? 0 : silent + 1'b1;
    if (rst) begin
      left <= 0;
    end else if (done) begin
      queue <= reply;
      left <= @bytes@;
    end else if (ready && left != 0) begin
      queue <= rest[@reply@+7:8];
      left <= left - 1'b1;
    end
  end
endmodule
"""

_SPI = """\
// SPI mode 0; see docs/interfaces.md. A transaction that opens with 01 brings an image. Every transaction answers with
// a status byte, 01 once the newest image has its reply, and then that reply.
module @top@_spi #(
  parameter SETTLE = 1
) (
  input  wire clk,
  input  wire rst,
  input  wire sck,
  input  wire cs_n,
  input  wire mosi,
  output wire miso,
  output wire ready,
  output wire [@reply@-1:0] reply
);
  wire select, valid, complete, start, done;
  wire [7:0] data;
  wire [@reply@-1:0] ordered;
  reg opening, taking, answered;
  assign ready = answered;
  genvar i;
  generate
    for (i = 0; i < @bytes@; i = i + 1) begin : order
      assign ordered[8*i +: 8] = reply[8*(@bytes@-1-i) +: 8];
    end
  endgenerate
  @top@_spi_target #(.BYTES(@bytes@+1)) target (.clk(clk), .rst(rst), .sck(sck), .cs_n(cs_n), .mosi(mosi), .miso(miso),
    .out({7'd0, answered, ordered}), .select(select), .valid(valid), .data(data));
  @top@_engine #(.SETTLE(SETTLE)) engine (.clk(clk), .rst(rst), .restart(select), .put(valid && taking && !complete),
    .data(data), .empty(), .complete(complete), .start(start), .done(done), .reply(reply));
  always @(posedge clk) begin
    if (rst || select) begin
      opening <= 1'b1;
      taking <= 1'b0;
    end else if (valid && opening) begin
      opening <= 1'b0;
      taking <= data == 8'h01;
    end else if (complete) begin
      taking <= 1'b0;
    end
    if (rst || start) answered <= 1'b0;
    else if (done) answered <= 1'b1;
  end
endmodule
"""

_TINY_TAPEOUT = """\
// The ports of a Tiny Tapeout tile; see docs/interfaces.md. uio_in[0] rising takes a byte from ui_in, uio_in[1] drops
// what has come of an image, uio_in[2] rising turns to the next byte of the reply on uo_out; uio_out[7] says that there
// is one.
module tt_um_@top@ #(
  parameter SETTLE = 1
) (
  input  wire [7:0] ui_in,
  output wire [7:0] uo_out,
  input  wire [7:0] uio_in,
  output wire [7:0] uio_out,
  output wire [7:0] uio_oe,
  input  wire ena,
  input  wire clk,
  input  wire rst_n
);
  wire rst = !rst_n;
  wire start, done;
  wire [@reply@-1:0] reply;
  reg [@reply@-1:0] shown;
  wire [@reply@+7:0] rest = {8'd0, shown};
  reg [2:0] strobe, next;
  reg [1:0] restart;
  reg answered;
  wire put = strobe[2:1] == 2'b01;
  assign uo_out = shown[7:0];
  assign uio_out = {answered, 7'd0};
  assign uio_oe = 8'h80;
  @top@_engine #(.SETTLE(SETTLE)) engine (.clk(clk), .rst(rst), .restart(restart[1]), .put(put), .data(ui_in), .empty(),
    .complete(), .start(start), .done(done), .reply(reply));
  always @(posedge clk) begin
    strobe <= rst ? 3'd0 : {strobe[1:0], uio_in[0]};
    restart <= rst ? 2'd0 : {restart[0], uio_in[1]};
    next <= rst ? 3'd0 : {next[1:0], uio_in[2]};
    if (done) shown <= reply;
    else if (next[2:1] == 2'b01) shown <= rest[@reply@+7:8];
    if (rst || start || put) answered <= 1'b0;
    else if (done) answered <= 1'b1;
  end
  wire unused = &{ena, uio_in[7:3]};
endmodule
"""


def uart(core: Core, clocks_per_bit: int, timeout: int) -> str:
    """The UART wrapper, module ``TOP_uart``."""
    text = engine(core) + "\n" + modules_for(core.top, UART_RX, UART_TX, _UART)
    return _filled(text, core, clocks=clocks_per_bit, timeout=timeout, count=core.reply_bytes.bit_length() - 1)


def spi(core: Core) -> str:
    """The SPI wrapper, module ``TOP_spi``."""
    return _filled(engine(core) + "\n" + modules_for(core.top, SPI_TARGET, _SPI), core)


def tiny_tapeout(core: Core) -> str:
    """The Tiny Tapeout wrapper, module ``tt_um_TOP``."""
    return _filled(engine(core) + "\n" + modules_for(core.top, _TINY_TAPEOUT), core)


def _filled(text: str, core: Core, **values: int) -> str:
    for name, value in (values | {"reply": 8 * core.reply_bytes, "bytes": core.reply_bytes}).items():
        text = text.replace(f"@{name}@", str(value))
    return text
