"""What is installed of all that lgc may need."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from lgc.driver.deadline import within
from lgc.driver.sheet import Grid, Sheet, Shown

_SECONDS = 60.0


@dataclass(frozen=True)
class Installation:
    """One external part: found or not, and what needs it."""

    name: str
    version: str | None
    needed_for: str
    install: str
    required: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis(Shown):
    """Every external part at once."""

    installations: tuple[Installation, ...]

    @property
    def complete(self) -> bool:
        """Whether everything is there that compiling and verifying need."""
        return not any(one.required and one.version is None for one in self.installations)

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        rows = (
            (one.name, one.version or "missing", one.needed_for, "" if one.version else one.install)
            for one in self.installations
        )
        return [Grid(("part", "found", "needed for", "install"), tuple(rows))]


def doctor() -> Diagnosis:
    """Every external part: found or missing, its version, what needs it, and how to install it."""
    from lgc.parts.part import parts
    from lgc.tools.detect import found_program, found_version
    from lgc.tools.find import DEPENDENCIES, place_and_route

    python = Installation("python", sys.version.split()[0], "everything", "3.11 or newer", required=True)
    with within(_SECONDS):  # a program that hangs is there, of unknown version
        found = [(one, found_version(one)) for one in DEPENDENCIES.values()]
        families = {one.family.name: one.family for one in parts().values() if one.family.nextpnr}
        routers = [place_and_route(one.nextpnr, one.wheel, one.name) for one in families.values()]
        found += [(one, found_program(one)) for one in routers]
    rest = (Installation(str(one), version, one.needed_for, one.hint, one.required) for one, version in found)
    return Diagnosis((python, *rest))
