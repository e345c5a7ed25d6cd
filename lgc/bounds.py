"""How much a file may ask for. A small file can describe much: each reader has bounds, and asks before it allocates.

Where it can be, a bound is relative to the size of the file. ``LGC_READ_LIMIT=4`` makes all of them four times as high.
"""

from __future__ import annotations

import json
import mmap
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from lgc.errors import InputError, OptionError
from lgc.text import plain_text

VARIABLE = "LGC_READ_LIMIT"
INPUTS = 1 << 22
"""Features or input bits: a header names any number of them, and each takes room in every table of nets."""
LAYERS = 4096
GATES = 1 << 22
"""Of a checkpoint, once it is unrolled."""
TENSORS = 10_000
NODES = 1 << 20
"""Gates and outputs of a netlist that is read node by node, where they cost a file but few bytes."""
JSON_BYTES = 32 << 20
TOML_BYTES = 1 << 20
_MOST_DOTS = 100
_DIRECTORY_BYTES = 4 << 20


@dataclass(frozen=True)
class Room:
    """How many bytes the content of a file may take.

    Attributes:
        base: of any file.
        ratio: more for each byte of the file, as compression makes of one.
    """

    base: int
    ratio: int

    def of(self, size: int) -> int:
        """For a file of so many bytes."""
        return scaled(self.base + self.ratio * size)


def check_directory(mapped: mmap.mmap | bytes, error: type[InputError] = InputError) -> None:
    """Refuse a zip whose directory alone would fill the memory.

    Raises:
        InputError: of the given type: the end record announces a directory of more than 4 MB.
    """
    end = mapped.rfind(b"PK\x05\x06", max(0, len(mapped) - (1 << 16) - 22))
    if end < 0 or end + 22 > len(mapped):
        return  # zipfile says what is wrong
    size = int.from_bytes(mapped[end + 12 : end + 16], "little")
    wide = mapped.rfind(b"PK\x06\x06", max(0, end - (1 << 16)), end)
    if wide >= 0:
        size = max(size if size != 0xFFFFFFFF else 0, int.from_bytes(mapped[wide + 40 : wide + 48], "little"))
    if size > scaled(_DIRECTORY_BYTES):
        raise error(f"its directory claims {size} bytes, more than any model's")


def scaled(bound: int) -> int:
    """A bound as it holds in this process.

    Raises:
        OptionError: the variable is no number from 1 up.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return bound
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 1 <= factor <= 1e6:
        raise OptionError(f"{VARIABLE} is '{text[:40]}'", hint="It is a number from 1 to 1000000, such as 4")
    return int(bound * factor)


def check_bound(value: int, bound: int, what: str, error: type[InputError] = InputError) -> None:
    """Refuse a file that has more of something than it may.

    Args:
        value: how much there is of it.
        bound: the most, before it is scaled.
        what: its name, as in "it has 5 layers".

    Raises:
        InputError: of the given type.
    """
    if value > bound and value > scaled(bound):
        refuse(value, bound, what, error)


def refuse(value: int, bound: int, what: str, error: type[InputError] = InputError) -> NoReturn:
    """Raise the error of :func:`check_bound`."""
    factor = -(-value // bound)
    hint = f"If the file is to be trusted, set {VARIABLE}={factor if factor <= 1e6 else 1_000_000}"
    shown = value if value < 1 << 64 else "far more"
    raise error(f"it has {shown} {what}, and lgc reads up to {scaled(bound)}", hint=hint)


def read_within(path: Path, bound: int) -> bytes:
    """A file of at most so many bytes.

    Raises:
        InputError: it is larger.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        data = stream.read(scaled(bound) + 1)
    if len(data) > scaled(bound):
        refuse(max(path.stat().st_size, len(data)), bound, "bytes")
    return data


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        InputError: it is too large.
        ValueError: it is none, or nested too deeply.
        OSError: it cannot be read.
    """
    data = plain_text(read_within(path, JSON_BYTES))
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        InputError: it is too large.
        ValueError: it is none, nested too deeply, or has keys of too many parts.
        OSError: it cannot be read.
    """
    return parse_toml(plain_text(read_within(path, TOML_BYTES)).decode("utf-8"))


def parse_toml(text: str) -> dict[str, Any]:
    """The same of a text; Python's parser takes the square of the parts of a key."""
    for line in text.split("\n"):
        if any(part.count(".") > _MOST_DOTS for piece in line.split("=") for part in piece.split(",")):
            raise ValueError(f"a key has more than {_MOST_DOTS} parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
