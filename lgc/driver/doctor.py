"""What is installed of all that lgc may need."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.driver.deadline import within
from lgc.driver.sheet import Grid, Sheet, Shown

if TYPE_CHECKING:
    from lgc.tools.find import Dependency

_SECONDS = 60.0

_CORE = ("numpy", "safetensors")
TASKS = {
    "compile": _CORE,
    "train": (*_CORE, "torch"),
    "verify": (*_CORE, "torch", "cocotb", "verilator", "c++"),
    "prove": (*_CORE, "torch", "pyosys"),
    "synth": (*_CORE, "pyosys"),
}
"""What lgc is asked for, and what it cannot do that without, by name of the dependency; for synth, a router besides."""
_COMMANDS = {name: f"`lgc {name}`" for name in TASKS} | {
    "": "`lgc compile` and `lgc verify`",
    "prove": "`lgc verify --formal`",
}


@dataclass(frozen=True)
class Installation:
    """One external part: found or not, what needs it, and the sentence and the extra of lgc that bring it."""

    name: str
    version: str | None
    needed_for: str
    install: str
    extra: str = ""
    required: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis(Shown):
    """Every external part at once.

    Attributes:
        task: what lgc is wanted for, a key of :data:`TASKS`; "" for compiling and verifying.
        installations: the parts; of a task only those that it needs.
        gpu: what `nvidia-smi` calls the first GPU; None if there is none.
        cache: the folder of what is built once and kept, and its bytes.
    """

    task: str
    version: str
    installations: tuple[Installation, ...]
    gpu: str | None
    cache: tuple[Path, int]

    @property
    def complete(self) -> bool:
        """Whether everything is there that is required."""
        return not self.lacking

    @property
    def lacking(self) -> list[Installation]:
        """What is required and missing."""
        return [one for one in self.installations if one.required and one.version is None]

    @property
    def command(self) -> str:
        """The command of pip that brings all that is required and missing, as far as pip can; "" if it cannot."""
        from lgc.tools.install import how_to_install

        extras = sorted({one.extra for one in self.lacking if one.extra})
        return how_to_install(*extras) if extras else ""

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        rows = (
            (one.name, one.version or "missing", one.needed_for, "" if one.version else one.install)
            for one in self.installations
        )
        folder, size = self.cache
        grid = Grid(("part", "found", "needed for", "install"), tuple(rows))
        return [
            grid,
            f"lgc {self.version}; cache: {size:,} bytes in {folder}; GPU: {self.gpu or 'none'}",
            self._verdict(),
        ]

    def _verdict(self) -> str:
        what = _COMMANDS[self.task]
        if self.complete:
            return f"{what}: everything is there"
        missing = ", ".join(one.name for one in self.lacking)
        bring = f". Install with: {self.command}" if self.command else ""
        return f"{what}: missing {missing}{bring}"

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        folder, size = self.cache
        return {
            "lgc": self.version,
            "task": self.task or None,
            "complete": self.complete,
            "install": self.command or None,
            "gpu": self.gpu,
            "cache": {"folder": str(folder), "bytes": size},
            "parts": [asdict(one) for one in self.installations],
        }


def doctor(task: str = "") -> Diagnosis:
    """Every external part: found or missing, its version, what needs it, and how to install it.

    Args:
        task: a key of :data:`TASKS`: only what that needs. "" for all parts.
    """
    import lgc
    from lgc.tools.detect import found_gpu, found_program, found_version
    from lgc.tools.find import DEPENDENCIES

    python = Installation("python", sys.version.split()[0], "everything", "3.11 or newer", required=True)
    with within(_SECONDS):  # a program that hangs is there, of unknown version
        wanted = [one for one in DEPENDENCIES.values() if not task or one.name in TASKS[task]]
        found = [_installation(one, found_version(one), required=bool(task) or one.required) for one in wanted]
        if task in ("", "synth"):
            routers = [(one, found_program(one)) for one in _routers()]
            none = task == "synth" and not any(version for _, version in routers)
            found += [_installation(one, version, required=none and bool(one.package)) for one, version in routers]
        gpu = found_gpu()
    return Diagnosis(task, lgc.__version__, (python, *found), gpu, _cache())


def _installation(one: Dependency, version: str | None, *, required: bool) -> Installation:
    return Installation(str(one), version, one.needed_for, one.hint, one.extra, required)


def _routers() -> list[Dependency]:
    """The programs that place and route, once each."""
    from lgc.parts.part import parts
    from lgc.tools.find import place_and_route

    families = {one.family.name: one.family for one in parts().values() if one.family.nextpnr}
    return [place_and_route(one.nextpnr, one.wheel, one.name) for one in families.values()]


def _cache() -> tuple[Path, int]:
    """The cache's folder, and the bytes in it."""
    from lgc.driver.cache import CacheInfo, info

    report = info(CacheInfo())
    return report.folder, sum(size for _, _, _, size in report.rows)
