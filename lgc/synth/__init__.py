"""From Verilog to numbers: synthesis, place and route, bitstreams, and estimates without any of them.

Targets are data (``parts.toml``). :func:`lgc.synth.flow.synthesize` runs yosys and nextpnr and returns a
:class:`lgc.synth.report.Result`, in which every number says whether it was measured, and by what.
"""

from __future__ import annotations

from lgc.verbs import make_callable

make_callable(__name__)
