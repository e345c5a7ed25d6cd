"""Reading the tables that lie in this folder."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def rows(name: str) -> dict[str, dict[str, Any]]:
    """The tables of a file by name; lists become tuples."""
    data = tomllib.loads((files("lgc.parts") / name).read_text(encoding="utf-8"))
    return {name: {key: _fixed(value) for key, value in row.items()} for name, row in data.items()}


def _fixed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
