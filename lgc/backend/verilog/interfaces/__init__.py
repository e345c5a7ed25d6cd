"""Wrappers that put a compiled circuit behind a bus or on a board (docs/interfaces.md).

A wrapper is a file beside the circuit's own, made of the manifest alone: the circuit stays as it is and stays verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lgc.backend.manifest import Manifest
from lgc.backend.verilog.interfaces.axis import axis
from lgc.backend.verilog.interfaces.boards import board_top, pin_file
from lgc.backend.verilog.interfaces.core import Core
from lgc.backend.verilog.interfaces.serial import spi, tiny_tapeout, uart
from lgc.errors import LgcError, OptionError
from lgc.parts.boards import BOARDS, Board

__all__ = ["INTERFACES", "Wrapper"]

INTERFACES = ("none", "axis", "uart", "spi", "tt")
DEFAULT_BAUD = 115_200
DEFAULT_CLOCK = 12_000_000
_BEAT_BYTES = 8
_SILENCE = 0.1  # seconds after which a UART forgets half an image
_BAUD_ERROR = 0.02


@dataclass(frozen=True)
class Wrapper:
    """A wrapper and its parameters, 0 or empty where not given.

    Attributes:
        interface: one of :data:`INTERFACES`.
        board: a name in :data:`BOARDS`.
        beat: AXI4-Stream: features, or bytes of bits, a beat; by default those of eight bytes.
        baud: UART: bits a second.
    """

    interface: str = "none"
    board: str = ""
    beat: int = 0
    baud: int = 0

    @classmethod
    def stated(cls, manifest: Manifest, expected: Manifest) -> dict[str, Any] | None:
        """What a manifest must say of a wrapper of the kind that it names, which is another file.

        Args:
            expected: what it must say of all else.
        """
        said = manifest.interface
        if said is None:
            return None
        try:
            names = str(said.get("kind")), said.get("board") or ""
            wrapper = cls(*names, said.get("items_per_beat", 0), said.get("baud", 0))
            wrapper.validate()
            return wrapper.entry(expected)
        except (LgcError, AttributeError, TypeError):
            return None

    @property
    def clock(self) -> int:
        """Hz of the clock that the UART is for."""
        return BOARDS[self.board].clock if self.board else DEFAULT_CLOCK

    def validate(self) -> None:
        """Refuse what cannot be.

        Raises:
            OptionError: unknown names, options of another interface, a rate that the clock cannot make.
        """
        if self.interface not in INTERFACES:
            raise OptionError(f"there is no interface '{self.interface}'", hint=f"It is {', '.join(INTERFACES)}")
        for name, owners in (("beat", ("axis",)), ("baud", ("uart",)), ("board", ("uart", "spi"))):
            if getattr(self, name) and self.interface not in owners:
                raise OptionError(f"--{name} is for --interface {' or '.join(owners)}, not {self.interface}")
        if self.board:
            self._check_board()
        if self.beat < 0:
            raise OptionError(f"a beat of {self.beat} features", hint="It takes at least one")
        if self.interface == "uart":
            clocks, baud = self.clocks_per_bit(), self.baud or DEFAULT_BAUD
            if clocks < 4 or abs(self.clock / clocks / baud - 1) > _BAUD_ERROR:
                raise OptionError(
                    f"{baud} bits a second cannot be made of a clock of {self.clock / 1e6:g} MHz",
                    hint=f"Use at most {self.clock // 4}, and a rate that divides the clock within 2 %",
                )

    def _check_board(self) -> None:
        board = BOARDS.get(self.board)
        if board is None:
            raise OptionError(f"there is no board '{self.board}'", hint=f"There are {', '.join(BOARDS)}")
        if self.interface not in board.lines:
            having = [name for name, one in BOARDS.items() if self.interface in one.lines]
            raise OptionError(
                f"the board {self.board} has no pins for {self.interface}", hint=f"{', '.join(having)} do"
            )

    def silence(self) -> int:
        """UART: clocks without a byte after which half an image is forgotten."""
        return round(self.clock * _SILENCE)

    def clocks_per_bit(self) -> int:
        """UART: of the board's clock."""
        baud = self.baud or DEFAULT_BAUD
        return round(self.clock / baud) if baud > 0 else 0

    def files(self, manifest: Manifest) -> Mapping[str, str]:
        """Suffix to text of the files beside the circuit's own."""
        if self.interface == "none":
            return {}
        core = self.core(manifest)
        texts = {f"_{self.interface}.v": self.text(manifest)}
        if self.board:
            board: Board = BOARDS[self.board]
            texts[f"_{board.name}.v"] = board_top(core, board, self.interface)
            texts[f"_{board.name}{board.constraints}"] = pin_file(board, self.interface)
        return {name: _nettype(text) if name.endswith(".v") else text for name, text in texts.items()}

    def entry(self, manifest: Manifest) -> dict[str, Any] | None:
        """What the manifest says of the wrapper, for programs that talk to it; None if there is none."""
        if self.interface == "none":
            return None
        core = self.core(manifest)
        entry: dict[str, Any] = {
            "kind": self.interface,
            "module": f"tt_um_{core.top}" if self.interface == "tt" else f"{core.top}_{self.interface}",
            "board": self.board or None,
            "item_bytes": core.item_bytes,
            "image_bytes": core.image_bytes,
            "class_bytes": core.class_bytes,
            "score_bytes": core.score_bytes,
            "reply_bytes": core.reply_bytes,
        }
        if self.interface == "uart":
            entry["baud"] = self.baud or DEFAULT_BAUD
        if self.interface == "axis":
            entry["items_per_beat"] = self._items_per_beat(core)
        return entry

    def _items_per_beat(self, core: Core) -> int:
        return min(core.items, self.beat or max(1, _BEAT_BYTES // core.item_bytes))

    @staticmethod
    def core(manifest: Manifest) -> Core:
        """What is wrapped."""
        return Core.of(manifest)

    def text(self, manifest: Manifest) -> str:
        """The wrapper's own file."""
        core = self.core(manifest)
        if self.interface == "axis":
            return axis(core, self._items_per_beat(core))
        if self.interface == "uart":
            return uart(core, self.clocks_per_bit(), self.silence())
        return spi(core) if self.interface == "spi" else tiny_tapeout(core)


_HEADER = """\
`default_nettype none
// Parts have outputs that not every wrapper needs; the file holds several modules; registers start up with a value.
// verilator lint_off UNUSEDSIGNAL
// verilator lint_off UNUSEDPARAM
// verilator lint_off PINCONNECTEMPTY
// verilator lint_off DECLFILENAME
// verilator lint_off PROCASSINIT
"""


def _nettype(text: str) -> str:
    return f"{_HEADER}{text}`default_nettype wire\n"
