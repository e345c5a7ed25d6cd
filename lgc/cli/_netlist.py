"""`lgc verify --netlist`: yosys's netlist of emitted Verilog, in the place of the Verilog."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lgc.backend.verilog.rtl import Rtl


def synthesised(
    emitted: Rtl, part: str, liberty: Path | None, folder: Path, timeout: float, tell: Callable[[str], None]
) -> Rtl:
    """The same circuit after synthesis, with the models of the part's cells, as one file in ``folder``.

    Raises:
        LgcError: see :func:`lgc.synth.flow.synthesize`.
    """
    from lgc.parts.part import find_part
    from lgc.synth.flow import SynthOptions, synthesize
    from lgc.synth.models import simulation_text

    chosen = find_part(part)
    result = synthesize(emitted.path, chosen, SynthOptions(route=False, liberty=liberty, timeout=timeout), tell)
    assert result.netlist is not None
    path = folder / f"{emitted.path.stem}-{chosen.name}.v"
    text = simulation_text(result.netlist, chosen)
    path.write_text(text, encoding="utf-8")
    return replace(emitted, path=path, text=text, source=emitted)
