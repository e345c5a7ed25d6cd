"""What a pass is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from lgc.ir import Circuit


@dataclass(frozen=True)
class PassResult:
    """A pass's circuit, and how often it did what."""

    circuit: Circuit
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Pass(ABC):
    """A transformation that keeps every score of a circuit.

    Subclasses are frozen dataclasses; their fields are the options. The first line of the docstring is the
    summary that ``lgc passes`` prints.
    """

    name: ClassVar[str]

    @abstractmethod
    def run(self, circuit: Circuit) -> PassResult:
        """A new circuit; the given one is never changed. Valid before and after, not during."""
