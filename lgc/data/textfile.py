"""Text files of rows: packed or not, in which encoding, with which delimiter; their rows with line numbers."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lgc.bounds import VARIABLE, Room
from lgc.data.judge import quoted
from lgc.errors import InputError

PACKED: Mapping[str, Callable[[Path], Any]] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
"""How packed files are opened, by their last suffix."""

DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "space": " ", "bar": "|"}
"""Names of some."""

_UNPACKED = Room(32 << 20, 10)
"""What a packed file may hold."""
_TRIED = "\t;|,"  # in this order, where several divide the rows alike
_LOOK = 1 << 16  # bytes that decide
_LOOK_ROWS = 20
_BLOCK = 1 << 20
_KINDS = (
    (b"PK\x03\x04", "a zip archive or an Excel file", "Save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel file", "Save the sheet as CSV"),
    (b"PAR1", "a Parquet file", "Convert it: pandas.read_parquet(FILE).to_csv('data.csv', index=False)"),
    (b"\x1f\x8b", "packed by gzip", "Let its name end in .gz"),
    (b"\xfd7zXZ", "packed by xz", "Let its name end in .xz"),
    (b"BZh", "packed by bzip2", "Let its name end in .bz2"),
    (b"\x93NUMPY", "an array of numpy", "Let its name end in .npy"),
)
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
          (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


class RowFile:
    """The rows of a text file, with their line numbers, any number of times.

    Args:
        delimiter: one character, or a name in :data:`DELIMITERS`; None finds out.

    Raises:
        InputError: the file is no text, or the delimiter is none.
    """

    def __init__(self, path: Path, delimiter: str | None = None) -> None:
        self.path = path
        with _problems(path), self._bytes() as stream:
            look = stream.read(_LOOK)
        self.encoding = _encoding(look)
        self.delimiter = _given(delimiter) if delimiter is not None else self._found(look)

    def _bytes(self) -> IO[bytes]:
        opener = PACKED.get(self.path.suffix.lower())
        return self.path.open("rb") if opener is None else opener(self.path)

    def _found(self, look: bytes) -> str:
        """The delimiter that divides the first rows alike; else the one that the first row has most of."""
        lines = look.decode(self.encoding, "replace").splitlines(keepends=True)
        lines = lines[: -1 if len(look) == _LOOK else None] or lines
        widths = {one: _widths(lines, one) for one in _TRIED}
        alike = [one for one, found in widths.items() if len(set(found)) == 1 and found[0] > 1]
        return alike[0] if alike else max(reversed(_TRIED), key=lambda one: (widths[one] or [0])[0])

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The number of the line in which each row begins, and its cells; blank rows are left out.

        Raises:
            InputError: the text is in another encoding, its quotes do not end, or it is damaged.
        """
        last = 0
        with _problems(self.path), self._bytes() as stream:
            text = io.TextIOWrapper(self._bounded(stream), encoding=self.encoding, newline="")
            reader = csv.reader(text, delimiter=self.delimiter, strict=True, skipinitialspace=True)
            try:
                for row in reader:
                    if len(row) > 1 or (row and row[0].strip()):
                        yield last + 1, row
                    last = reader.line_num
            except UnicodeDecodeError as error:
                raise self._other_encoding(last, error) from None
            except csv.Error as error:
                raise _quotes(last + 1, error) from None

    def _bounded(self, stream: IO[bytes]) -> Any:
        if self.path.suffix.lower() not in PACKED:
            return stream
        return io.BufferedReader(_Bounded(stream, _UNPACKED.of(self.path.stat().st_size)), _BLOCK)

    def _other_encoding(self, last: int, error: UnicodeDecodeError) -> InputError:
        line, value = last + 1, error.object[error.start : error.start + 1]
        if self.encoding == "utf-8-sig":  # the text was decoded in blocks; the line is to be found
            with self._bytes() as stream:
                for number, data in enumerate(stream, 1):
                    try:
                        data.decode("utf-8")
                    except UnicodeDecodeError:
                        line = number
                        break
        name = self.encoding.removesuffix("-sig").upper()
        return InputError(
            f"line {line} is no {name} text: it has the byte 0x{value.hex()}",
            hint="If it is Latin-1, as of older Windows programs, convert it: "
            f"`iconv -f latin1 -t utf8 {quoted(self.path.name)} > utf8.csv`",
        )


class _Bounded(io.RawIOBase):
    """A stream of which no more than so many bytes are read."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self.stream, self.left = stream, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.stream.read(len(buffer))
        self.left -= len(data)
        if self.left < 0:
            raise InputError(
                "it unpacks to far more than what a file of its size may hold",
                hint=f"Unpack it first; or if the file is to be trusted, set {VARIABLE}=4",
            )
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _problems(path: Path) -> Iterator[None]:
    """What the system says of a file, as our errors."""
    try:
        yield
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path)) from None
    except (gzip.BadGzipFile, lzma.LZMAError, EOFError, zlib.error) as error:
        raise InputError(f"this is no readable {path.suffix} file ({error})", where=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from None


def _encoding(look: bytes) -> str:
    """By its mark; UTF-8 without one.

    Raises:
        InputError: the bytes are no text.
    """
    for mark, encoding in _MARKS:
        if look.startswith(mark):
            return encoding
    for magic, what, hint in _KINDS:
        if look.startswith(magic):
            raise InputError(f"this is {what}, not text", hint=hint)
    place = look.find(b"\0")
    if place >= 0:
        line = look.count(b"\n", 0, place) + 1
        raise InputError(
            f"line {line} has a NUL byte: this is no text, or UTF-16 without its mark",
            hint="Save it as UTF-8, for example by `iconv -f utf-16le -t utf8 FILE > utf8.csv`",
        )
    return "utf-8-sig"


def _given(delimiter: str) -> str:
    found = DELIMITERS.get(delimiter, delimiter)
    if len(found) != 1 or found in '"\r\n\0':
        raise InputError(f"the delimiter is '{delimiter[:20]}'", hint=f"Give one character, or {', '.join(DELIMITERS)}")
    return found


def _widths(lines: list[str], delimiter: str) -> list[int]:
    """Cells of the first rows that are not blank."""
    found = []
    try:
        for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True):
            if row:
                found.append(len(row))
            if len(found) == _LOOK_ROWS:
                break
    except csv.Error:
        pass
    return found


def _quotes(line: int, error: csv.Error) -> InputError:
    hint = 'Quotation marks come in pairs; one inside of a quoted text is written twice: ""'
    if "field larger" in str(error):
        longest = f"a text of more than {csv.field_size_limit():,} characters"
        return InputError(f"line {line} begins a row with {longest}; perhaps a quotation mark is not closed", hint=hint)
    if "unexpected end" in str(error):
        return InputError(f"line {line} begins a row with a quotation mark that is not closed", hint=hint)
    return InputError(f"line {line} begins a row that cannot be read ({error})", hint=hint)
