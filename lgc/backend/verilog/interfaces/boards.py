"""What a board needs besides the wrapper: a top module and a pin file."""

from __future__ import annotations

from collections.abc import Iterator

from lgc.backend.verilog.interfaces.core import Core
from lgc.parts.boards import Board


def board_top(core: Core, board: Board, interface: str) -> str:
    """The top module ``TOP_BOARD``: reset after power-up, the wrapper, and the class on the LEDs."""
    return "\n".join(_top(core, board, interface))


def _top(core: Core, board: Board, interface: str) -> Iterator[str]:
    lines = board.lines[interface]
    yield f"// {board.title}: {board.clock // 1_000_000} MHz, LEDs show the class in binary."
    yield f"module {core.top}_{board.name} ("
    yield "  input  wire clk,"
    for line in lines:
        yield f"  {'output' if line in ('tx', 'miso') else 'input '} wire {line},"
    yield f"  output wire [{len(board.leds) - 1}:0] led"
    yield ");"
    yield "  reg [7:0] awake = 8'd0;"
    yield "  wire rst = !awake[7];"
    yield "  always @(posedge clk) awake <= awake + {7'd0, rst};"
    yield f"  wire [{8 * core.reply_bytes - 1}:0] reply;"
    settle = "" if core.latency else f"#(.SETTLE({board.settle})) "
    pins = [".clk(clk)", ".rst(rst)", *(f".{line}({line})" for line in lines), ".reply(reply)"]
    pins += [".ready()"] if interface == "spi" else []
    yield f"  {core.top}_{interface} {settle}{interface} ({', '.join(pins)});"
    shown = min(core.class_width, len(board.leds))
    value = f"reply[{shown - 1}:0]" if shown else "1'b0"
    dark = len(board.leds) - max(1, shown)
    value = f"{{{dark}'d0, {value}}}" if dark else value
    yield f"  assign led = {'~' if board.leds_low else ''}{value};"
    yield "endmodule\n"


def pin_file(board: Board, interface: str) -> str:
    """The pin file, in the format of the board's tools."""
    pins = {"clk": board.clock_pin, **board.lines[interface]}
    pins |= {f"led[{index}]": pin for index, pin in enumerate(board.leds)}
    return "".join(_pin(board, name, pin) for name, pin in pins.items())


def _pin(board: Board, name: str, pin: str) -> str:
    if board.constraints == ".pcf":
        clock = f"set_frequency clk {board.clock / 1e6:g}\n" if name == "clk" else ""
        return f"set_io {name} {pin}\n{clock}"
    if board.constraints == ".lpf":
        clock = f'FREQUENCY PORT "clk" {board.clock / 1e6:g} MHZ;\n' if name == "clk" else ""
        return f'LOCATE COMP "{name}" SITE "{pin}";\nIOBUF PORT "{name}" IO_TYPE=LVCMOS33;\n{clock}'
    # The LEDs are in a bank of 1.8 V.
    voltage = "LVCMOS18" if name.startswith("led") else "LVCMOS33"
    return f'IO_LOC "{name}" {pin};\nIO_PORT "{name}" IO_TYPE={voltage};\n'
