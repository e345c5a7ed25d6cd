"""Boards as data.

Pins are those of the vendors' and makers' own constraint files, named in docs/interfaces.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
        parts: the parts of `lgc synth` that it comes with.
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
    parts: tuple[str, ...]


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
            parts=("ice40-up5k",),
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
            parts=("ice40-hx8k",),
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
            parts=("ecp5-25k", "ecp5-45k", "ecp5-85k"),
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
            parts=("gowin-gw1n-9c",),
        ),
    )
}
