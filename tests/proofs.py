"""What a formal proof makes of a circuit's Verilog, as it is or with a fault put in."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lgc.backend.base import to_bytes
from lgc.backend.manifest import Manifest, read_manifest
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.rtl import Rtl
from lgc.ir import Circuit
from lgc.passes import optimize
from lgc.verify.formal import Certificate, Refutation, prove


def outcome(
    circuit: Circuit,
    folder: Path,
    fault: tuple[str, Any] | None = None,
    level: str = "O2",
    lie: Callable[[Manifest], Manifest] = lambda manifest: manifest,
    **options: Any,
) -> tuple[Certificate, Refutation | None]:
    """What is found of a circuit's Verilog, in which the text of ``fault`` is replaced where it is first.

    Args:
        lie: what becomes of the manifest.
    """
    rtl = written(circuit, folder, fault, level, lie, **options)
    (folder / "work").mkdir()
    return prove(rtl, circuit, folder / "work", 100)


def written(
    circuit: Circuit,
    folder: Path,
    fault: tuple[str, Any] | None = None,
    level: str = "O2",
    lie: Callable[[Manifest], Manifest] = lambda manifest: manifest,
    **options: Any,
) -> Rtl:
    """A circuit's Verilog, as :func:`outcome` proves it."""
    best, target = optimize(circuit, level), Verilog(**options)
    text = to_bytes(target, best).decode()
    if fault is not None:
        changed = re.sub(*fault, text, count=1, flags=re.DOTALL)
        assert changed != text, "the fault is in the text"
        text = changed
    file, path = folder / "net.json", folder / "net.v"
    file.write_text(target.companions(best)[".json"])
    path.write_text(text)
    return Rtl(path, lie(read_manifest(file)), text, "none")
