"""Text from other systems: encodings that a mark names, and line ends."""

from __future__ import annotations

import codecs

from lgc.errors import InputError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def plain_text(data: bytes) -> bytes:
    """Text as UTF-8 with lines that end in a line feed: what editors of other systems add is taken away.

    A byte order mark says the encoding and goes; without one the bytes stay as they are but for carriage returns.

    Raises:
        InputError: the mark is of another encoding than the text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                data = data[len(mark) :].decode(encoding).encode()
            except UnicodeDecodeError as error:
                message = f"it begins with the mark of {encoding.upper()}, but is no such text ({error.reason})"
                raise InputError(message, hint="Save it as UTF-8") from None
            break
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
