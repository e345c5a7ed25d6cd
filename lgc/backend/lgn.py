"""lgc's own text, `.lgn` (docs/ir.md): every tool of lgc reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TextIO

from lgc.backend.base import Format
from lgc.ir import Circuit, write_lgn


@dataclass(frozen=True)
class Lgn(Format):
    """The intermediate representation as text."""

    name: ClassVar[str] = "lgn"

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        """Write the text."""
        write_lgn(circuit, stream)
