"""Parts and their families, and the flow that serves each: data, in ``parts.toml``."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from typing import Any

from lgc.errors import OptionError
from lgc.parts.fabrics import fabric_name
from lgc.parts.names import FabricName
from lgc.parts.table import rows


@dataclass(frozen=True)
class Adders:
    """What yosys makes of plain arithmetic in a family with carry chains; see :mod:`lgc.mapping.adders`.

    Attributes:
        narrowest: bits of the narrowest sum on a chain.
        bits: positions of a carry cell.
        spared: positions at the end of a sum that take no cell.
        gate, vote, full, half, choice: lookup tables for a packed gate below the votes or before a register stage, for
            a vote that is added at once, for a full and a half adder that is not on a chain, and for a bit of the
            winner's choice.
        deep: more of them for a full adder where additions of two levels are merged, twice of four levels, and so on.
        position: lookup tables for a position of a chain.
    """

    narrowest: int
    gate: float
    vote: float
    full: float
    deep: float
    half: float
    choice: float
    position: float = 0.0
    bits: int = 1
    spared: int = 0


@dataclass(frozen=True)
class Family:
    """How the flow of a family of parts runs; see the head of ``parts.toml``."""

    name: str
    lut_inputs: int
    synth: str
    lut: tuple[str, ...]
    ff: tuple[str, ...]
    carry: tuple[str, ...]
    bram: tuple[str, ...]
    carry_sites: int
    models: tuple[str, ...]
    synth_pins: str = ""
    register: str = ""
    input: str = ""
    clock: str = ""
    nextpnr: str = ""
    wheel: str = ""
    flags: tuple[str, ...] = ()
    timing: tuple[str, ...] = ()
    untimed: str = ""
    pins: tuple[str, ...] = ()
    bitstream: tuple[str, ...] = ()
    pack: tuple[str, ...] = ()
    suffix: str = ""
    chipdb: str = ""
    adders: Adders | None = None

    @property
    def is_timed(self) -> bool:
        """Whether a clock can be measured: something places and routes it, and has delays of all its cells."""
        return bool(self.nextpnr) and not self.untimed

    @property
    def is_optional(self) -> bool:
        """Whether placing is left out where its nextpnr, which no wheel has, is missing."""
        return bool(self.nextpnr) and not self.wheel


@dataclass(frozen=True)
class Part:
    """A part.

    Attributes:
        luts, ffs, bram: what it has; 0 is without bound.
        harness_pins: constraints of the harness's two pins, where nextpnr wants all pins constrained.
        clock: MHz to aim at where the user names none.
        ceiling: MHz that no circuit of it exceeds; 0 if unknown.
        level_ns: what one level of logic takes with its wires, about, in nanoseconds; 0 if unknown.
    """

    name: str
    family: Family
    chip: str
    size: str = ""
    device: str = ""
    variant: str = ""
    package: str = ""
    speed: str = ""
    lut_inputs: int = 0
    luts: int = 0
    ffs: int = 0
    bram: int = 0
    harness_pins: str = ""
    clock: float = 100.0
    ceiling: float = 0.0
    level_ns: float = 0.0

    @property
    def is_asic(self) -> bool:
        """Whether it is standard cells, which a Liberty file describes."""
        return self.family.name == "asic"

    @property
    def fabric(self) -> FabricName:
        """The fabric that its cells are of; ``generic`` where lgc writes none by name."""
        return fabric_name(self.family.name)

    @property
    def lut_size(self) -> int:
        """Inputs of its lookup tables; 0 if it has none."""
        return self.lut_inputs or self.family.lut_inputs

    def fill(self, words: tuple[str, ...], **more: str) -> list[str]:
        """Words of a command with the part's fields, and others, filled in."""
        values = {name: str(getattr(self, name)) for name in ("size", "device", "variant", "package", "speed")} | more
        return [word.format(**values) for word in words]


@cache
def parts() -> dict[str, Part]:
    """All parts by name."""
    data = rows("parts.toml")
    families = {name: _family(name, row) for name, row in data["family"].items()}
    return {
        name: Part(**{**row, "name": name, "family": families[row["family"]]}) for name, row in data["part"].items()
    }


def find_part(name: str) -> Part:
    """The part of that name; the part alone (``up5k``, ``85k``) does where only one part ends so.

    Raises:
        OptionError: there is none, or several.
    """
    known = parts()
    if name in known:
        return known[name]
    ending = [one for one in known if one.endswith(f"-{name}")]
    if len(ending) == 1:
        return known[ending[0]]
    close = difflib.get_close_matches(name, known, n=1)
    guess = f"Did you mean {close[0]}? " if close else ""
    raise OptionError(f"there is no part '{name}'", hint=f"{guess}Parts: {', '.join(known)}")


def check_measurable(part: Part) -> None:
    """Refuse to reach a clock on a part where none can be measured.

    Raises:
        OptionError: saying why.
    """
    family = part.family
    if not family.is_timed:
        why = (
            f"{family.nextpnr} has no delays of {family.untimed}" if family.nextpnr else "nothing places and routes it"
        )
        able = {one.family.name for one in parts().values() if one.family.is_timed and not one.family.is_optional}
        raise OptionError(
            f"a clock cannot be measured on {part.name}: {why}",
            hint=f"Take a part of {' or '.join(sorted(able))}, or leave out --clock",
        )


def check_clock(part: Part, clock: float) -> None:
    """Refuse a clock that no circuit on the part reaches.

    Raises:
        OptionError: with the part's ceiling.
    """
    if part.ceiling and clock > part.ceiling:
        raise OptionError(
            f"no circuit on {part.name} reaches {clock:g} MHz: a flip-flop that feeds a flip-flop ends at "
            f"{part.ceiling:g} MHz there",
            hint="Ask for less, or for another part",
        )


def _family(name: str, row: dict[str, Any]) -> Family:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    adders = {"adders": Adders(**row["adders"])} if "adders" in row else {}
    return Family(**values | adders | {"name": name})
