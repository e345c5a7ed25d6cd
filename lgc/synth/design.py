"""What is synthesised: the circuit's own file, or that of a board with the wrapper between."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from lgc.backend.manifest import Manifest, Port, read_manifest
from lgc.backend.ours import manifest_of
from lgc.errors import InputError, OptionError

_PIN_FILES = (".pcf", ".lpf", ".cst", ".ccf", ".xdc")


@dataclass(frozen=True)
class Design:
    """Verilog files and what is known of them.

    Attributes:
        files: the circuit's own first.
        ports: of the circuit; empty without a manifest.
        latency: clocks, or None without a manifest.
        interval: clocks from one image to the next.
        constraints: text that says which port is which pin; "" where ports are no pins.
    """

    files: tuple[Path, ...]
    texts: tuple[bytes, ...]
    top: str
    ports: tuple[Port, ...] = ()
    latency: int | None = None
    interval: int = 1
    constraints: str = ""
    board: str = ""

    @property
    def name(self) -> str:
        """For people."""
        return self.files[0].name if not self.board else f"{self.files[0].name}, board {self.board}"

    def sha256(self) -> str:
        """Of all files together."""
        return hashlib.sha256(b"".join(hashlib.sha256(text).digest() for text in self.texts)).hexdigest()


def read_design(source: Path, *, top: str = "", pins: Path | None = None, board: str = "") -> Design:
    """Read a Verilog file of `lgc compile`, or any with the name of its top module.

    Args:
        top: the top module; by default the manifest's.
        pins: constraints of a board: the top's ports are its pins.
        board: as given to `lgc compile --board`: its top, wrapper and pins lie beside the file.

    Raises:
        InputError: a file is missing, or is none of lgc's.
        OptionError: options contradict each other.
    """
    if board:
        if pins is not None or top:
            raise OptionError("--board says top and pins itself", hint="Leave out --top and --pins")
        return _board_design(source, board)
    text = _read(source)
    manifest = _manifest(source, top)
    name = top or (manifest.top if manifest else "")
    constraints = _read(pins).decode("utf-8", errors="replace") if pins is not None else ""
    if manifest is None:
        return Design((source,), (text,), name, constraints=constraints)
    return Design((source,), (text,), name, manifest.ports, manifest.latency, manifest.interval, constraints)


def _board_design(source: Path, board: str) -> Design:
    manifest = read_manifest(manifest_of(source))
    interface = manifest.interface or {}
    if interface.get("board") != board:
        raise InputError(
            f"this circuit was not compiled for the board {board}",
            where=str(source),
            hint=f"`lgc compile MODEL -o {source.name} --interface uart --board {board}`",
        )
    stem = f"{source.stem}_{board}"
    files = (source, *(source.with_name(f"{one}.v") for one in (f"{source.stem}_{interface.get('kind')}", stem)))
    found = (source.with_name(stem + suffix) for suffix in _PIN_FILES)
    pins = next((path for path in found if path.exists()), None)
    if pins is None:
        raise InputError(f"the pins of the board {board} are missing", where=stem, hint="Compile again")
    constraints = _read(pins).decode("utf-8", errors="replace")
    texts = tuple(_read(path) for path in files)
    return Design(files, texts, f"{manifest.top}_{board}", manifest.ports, constraints=constraints, board=board)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror})", where=str(path)) from None


def _manifest(source: Path, top: str) -> Manifest | None:
    path = manifest_of(source)
    if top and not path.exists():
        return None
    manifest = read_manifest(path)
    return manifest if top in ("", manifest.top) else None
