"""Frequencies as people write them."""

from __future__ import annotations

import re

from lgc.errors import OptionError

_UNITS = {"k": 1e-3, "m": 1.0, "g": 1e3, "": 1.0}


def parse_clock(text: str | float) -> float:
    """``150MHz`` to megahertz; a number is megahertz already.

    Raises:
        OptionError: it is no frequency.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([kMG]?)(?:Hz)?\s*", str(text), re.IGNORECASE)
    value = float(match[1]) * _UNITS[match[2].lower()] if match else 0.0
    if not value:
        raise OptionError(f"--clock {text} is no frequency", hint="Write it as 150MHz")
    return value
