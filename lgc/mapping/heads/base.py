"""What a head is to everyone else: its name, where it can be had, what it takes, and how it is built."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from lgc.errors import OptionError
from lgc.ir import Circuit
from lgc.mapping.estimate import Estimate
from lgc.mapping.heads.plan import Mapped
from lgc.mapping.pipeline import Pipeline
from lgc.parts.fabrics import FABRICS, Fabric
from lgc.parts.part import Family

EFFORT = 30
"""Rounds of the search for each vote where nobody says otherwise: some five seconds for 8,000 gates."""


class HeadArchitecture(ABC):
    """One way to count votes and to find the largest score.

    Attributes:
        name: what users call it; its row of :data:`lgc.mapping.heads.HEADS`.
        about: what it is, in a few words.
        lut_sizes: operands of the lookup tables that it can be made for.
        chains: the carry cells that it may be made of, as :attr:`Fabric.carry`; empty if it has no carry chains.
        is_strung: whether its chains stand in long strings, which a timing analysis takes for one path each; ``auto``
            leaves such heads out where there are register stages, whose number is chosen for the clock, and for large
            circuits on fabrics that cannot route them.
        is_provable: whether `lgc verify --formal` proves it for thousands of votes; ``auto`` takes no other head.
        is_portable: whether any tool takes it, for any part, without a fabric.
        is_streaming: whether it gives a result a clock; ``auto`` compares only such heads.
        emitter: ``module:function`` of :mod:`lgc.backend.verilog` that writes its modules.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    lut_sizes: ClassVar[tuple[int, ...]] = (4, 6)
    chains: ClassVar[tuple[str, ...]] = ()
    is_strung: ClassVar[bool] = False
    is_provable: ClassVar[bool] = True
    is_portable: ClassVar[bool] = False
    is_streaming: ClassVar[bool] = True
    emitter: ClassVar[str]

    @property
    def needs_chains(self) -> bool:
        """Whether it is made of carry chains, which few fabrics have."""
        return bool(self.chains)

    def fits(self, fabric: Fabric) -> bool:
        """Whether a fabric has the cells for it."""
        return fabric.lut in self.lut_sizes and (fabric.carry in self.chains or not self.needs_chains)

    def is_taken(self, pipeline: int, fabric: Fabric | None = None, sites: int = 0) -> bool:
        """Whether ``auto`` may take it for a circuit of so many register stages and, on a fabric, of so many sites."""
        strings_fit = not pipeline and (fabric is None or not fabric.strings or sites <= fabric.strings)
        return self.is_streaming and self.is_provable and (strings_fit or not self.is_strung)

    def check_lut(self, lut: int) -> None:
        """Refuse lookup tables of a size that it is not made for.

        Raises:
            OptionError: saying which ones it is made for.
        """
        if lut not in self.lut_sizes:
            sizes = " or ".join(map(str, self.lut_sizes))
            raise OptionError(
                f"head '{self.name}' with lookup tables of {lut} operands", hint=f"It is made for {sizes} operands"
            )

    def check_fabric(self, fabric: Fabric) -> None:
        """Refuse a fabric that has no cells for it.

        Raises:
            OptionError: saying which ones have.
        """
        if self.fits(fabric):
            return
        able = ", ".join(name for name, one in FABRICS.items() if self.fits(one))
        raise OptionError(
            f"the fabric {fabric.name} has no carry chains of the kind that the head {self.name} is made of",
            hint=f"Give --fabric {able}, or another head: --head auto takes one that the fabric has",
        )

    def map(self, circuit: Circuit, *, argmax: str, lut: int, outputs: str, effort: int) -> Mapped | None:
        """The circuit in lookup tables, head included; None if the head is arithmetic, which synthesis maps.

        Args:
            argmax: a key of :data:`lgc.mapping.heads.argmax.ARCHITECTURES`.
            lut: operands of a lookup table.
            outputs: ``class``, ``scores`` or ``both``.
            effort: rounds of the search for small pieces, for each vote; 0 takes the first that are found.

        Raises:
            OptionError: an option is impossible.
            MissingToolError: there is no C compiler for the search.
        """
        del circuit, argmax, lut, outputs, effort
        return None

    @abstractmethod
    def place(self, circuit: Circuit, mapped: Mapped | None, stages: int, outputs: str) -> Pipeline:
        """The levels of the whole circuit, and register stages among them.

        Args:
            mapped: what :meth:`map` gave.
            stages: how many register stages.

        Raises:
            OptionError: there are not so many places.
        """

    def latency(self, circuit: Circuit, stages: int) -> int:
        """Rising clock edges from an input to its result."""
        del circuit
        return stages

    def interval(self, circuit: Circuit) -> int:
        """Clocks from one input to the next."""
        del circuit
        return 1

    @abstractmethod
    def estimate(self, circuit: Circuit, *, lut: int, outputs: str, pipeline: int, family: Family | None) -> Estimate:
        """What the circuit takes; the arguments are those of :func:`lgc.mapping.estimate.estimate`."""
