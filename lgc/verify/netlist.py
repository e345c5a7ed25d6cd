"""yosys's netlist of emitted Verilog, in the place of the Verilog."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lgc.backend.verilog.rtl import Rtl
from lgc.parts.part import find_part
from lgc.progress import Progress
from lgc.synth.flow import SynthOptions, synthesize
from lgc.synth.models import simulation_text


def synthesised(
    emitted: Rtl, part: str, folder: Path, *, liberty: Path | None, timeout: float, progress: Progress
) -> Rtl:
    """The same circuit after synthesis, with the models of the part's cells, as one file in ``folder``.

    Args:
        liberty: the cells of the part ``asic``.
        timeout: seconds that yosys may take.

    Raises:
        LgcError: see :func:`lgc.synth.flow.synthesize`.
    """
    chosen = find_part(part)
    options = SynthOptions(route=False, liberty=liberty, timeout=timeout)
    result = synthesize(emitted.path, chosen, options, progress)
    assert result.netlist is not None
    path = folder / f"{emitted.path.stem}-{chosen.name}.v"
    text = simulation_text(result.netlist, chosen)
    path.write_text(text, encoding="utf-8")
    # The models of standard cells are written by yosys as well, of the Liberty file.
    written = text if chosen.is_asic else result.netlist.read_text(encoding="utf-8")
    return replace(emitted, path=path, text=text, source=emitted, netlist=written)
