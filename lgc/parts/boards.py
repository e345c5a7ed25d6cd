"""Boards: data, in ``boards.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lgc.parts.names import BoardName
from lgc.parts.table import rows


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes:
        name: for --board.
        title: for people.
        clock: Hz of its oscillator.
        clock_pin: where it comes in.
        leds: pins, the first one shows bit 0 of the class.
        leds_low: whether an LED lights on 0.
        constraints: suffix of the pin file: ``.pcf`` (icestorm), ``.lpf`` (ECP5) or ``.cst`` (Gowin).
        settle: clocks that a combinational core gets.
        parts: the parts of `lgc synth` that it comes with.
        lines: per interface, pins of its lines.
    """

    name: BoardName
    title: str
    clock: int
    clock_pin: str
    leds: tuple[str, ...]
    leds_low: bool
    constraints: str
    settle: int
    parts: tuple[str, ...]
    lines: Mapping[str, Mapping[str, str]]


BOARDS: dict[str, Board] = {name: Board(**row | {"name": name}) for name, row in rows("boards.toml").items()}
