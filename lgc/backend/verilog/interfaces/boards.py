"""Boards as data, and what a board needs besides the wrapper: a top module and a pin file.

Pins are those of the vendors' and makers' own constraint files, named in docs/interfaces.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lgc.backend.verilog.interfaces.core import Core


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes:
        name: for --board.
        title: for people.
        clock: Hz of its oscillator.
        clock_pin: where it comes in.
        lines: per interface, pins of its lines.
        leds: pins, the first one shows bit 0 of the class.
        leds_low: whether an LED lights on 0.
        constraints: suffix of the pin file: ``.pcf`` (icestorm), ``.lpf`` (ECP5) or ``.cst`` (Gowin).
        settle: clocks that a combinational core gets.
        targets: the parts of `lgc synth` that it comes with.
    """

    name: str
    title: str
    clock: int
    clock_pin: str
    lines: Mapping[str, Mapping[str, str]]
    leds: tuple[str, ...]
    leds_low: bool
    constraints: str
    settle: int
    targets: tuple[str, ...]


BOARDS = {
    board.name: board
    for board in (
        Board(
            name="icebreaker",
            title="iCEBreaker (iCE40UP5K-SG48)",
            clock=12_000_000,
            clock_pin="35",
            # SPI on PMOD 1A, in the order of the PMOD's own SPI type: select, MOSI, MISO, clock.
            lines={
                "uart": {"rx": "6", "tx": "9"},
                "spi": {"cs_n": "4", "mosi": "2", "miso": "47", "sck": "45"},
            },
            leds=("11", "37"),
            leds_low=True,
            constraints=".pcf",
            settle=8,
            targets=("ice40-up5k",),
        ),
        Board(
            name="hx8k",
            title="iCE40-HX8K breakout board (iCE40HX8K-B-EVN, CT256)",
            clock=12_000_000,
            clock_pin="J3",
            lines={"uart": {"rx": "B10", "tx": "B12"}},
            leds=("B5", "B4", "A2", "A1", "C5", "C4", "B3", "C3"),
            leds_low=False,
            constraints=".pcf",
            settle=4,
            targets=("ice40-hx8k",),
        ),
        Board(
            name="ulx3s",
            title="ULX3S (LFE5U, CABGA381)",
            clock=25_000_000,
            clock_pin="G2",
            # The signals' names there are the USB chip's: it receives on L4 and sends on M1. SPI on GP0 to GP3.
            lines={
                "uart": {"rx": "M1", "tx": "L4"},
                "spi": {"cs_n": "B11", "mosi": "A10", "miso": "A9", "sck": "B9"},
            },
            leds=("B2", "C2", "C1", "D2", "D1", "E2", "E1", "H3"),
            leds_low=False,
            constraints=".lpf",
            settle=4,
            targets=("ecp5-25k", "ecp5-45k", "ecp5-85k"),
        ),
        Board(
            name="tangnano9k",
            title="Tang Nano 9K (GW1NR-LV9QN88PC6/I5)",
            clock=27_000_000,
            clock_pin="52",
            lines={"uart": {"rx": "18", "tx": "17"}},
            leds=("10", "11", "13", "14", "15", "16"),
            leds_low=True,
            constraints=".cst",
            settle=8,
            targets=("gowin-gw1n-9c",),
        ),
    )
}


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
