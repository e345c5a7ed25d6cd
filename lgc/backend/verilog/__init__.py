"""Verilog-2005, hierarchical: one module per layer, popcount, argmax, head and top.

The emitted text serves hardware and simulation alike. In hardware each net is one bit. ``lgc verify`` defines
``LGC_LANES`` to make each net a vector of that many bits, so that one evaluation of the same gate lines
checks as many samples; the few macros at the top of the file are the only place that knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from lgc import __version__
from lgc.backend.base import Target
from lgc.backend.manifest import Manifest
from lgc.backend.naming import comment, identifier
from lgc.backend.stages import stage
from lgc.backend.verilog.gates import stage_module
from lgc.backend.verilog.head import argmax_module, head_module, popcount_module
from lgc.backend.verilog.shape import HeadShape
from lgc.backend.verilog.top import latency, top_module, top_ports
from lgc.errors import OptionError
from lgc.ir import Circuit

BODY_MARK = "// body-sha256: "
SOURCE_MARK = "// model-digest: "
CIRCUIT_MARK = "// circuit-digest: "

_MACROS = """\
// In hardware `LGC_NETS(x, 4) is [3:0] x and `LGC_GATE is assign. Simulation alone defines LGC_LANES: each net is then a
// vector of LGC_LANES samples, under the same gate lines. Never define it for synthesis.
`ifdef LGC_LANES
`define LGC_NETS(name, size) [`LGC_LANES-1:0] name [0:size-1]
`define LGC_VECTOR [`LGC_LANES-1:0]
`define LGC_WIDTH `LGC_LANES
`define LGC_LANE(lane) [lane]
`define LGC_OUT output logic
`define LGC_GATE
`define LGC_BLOCK always_comb begin
`define LGC_END end
`define LGC_ZERO {`LGC_LANES{1'b0}}
`define LGC_ONE {`LGC_LANES{1'b1}}
`else
`define LGC_NETS(name, size) [size-1:0] name
`define LGC_VECTOR [0:0]
`define LGC_WIDTH 1
`define LGC_LANE(lane)
`define LGC_OUT output wire
`define LGC_GATE assign
`define LGC_BLOCK
`define LGC_END
`define LGC_ZERO 1'b0
`define LGC_ONE 1'b1
`endif
// A network need not read every pixel, nor every module every net of its input; the file holds several modules.
// verilator lint_off UNUSEDSIGNAL
// verilator lint_off UNUSEDPARAM
// verilator lint_off DECLFILENAME
"""


@dataclass(frozen=True)
class Verilog(Target):
    """Verilog-2005.

    Attributes:
        top: name of the top module; by default the circuit's name.
        registered: a register at the input and one at the output, and a clock. Otherwise combinational.
        outputs: ``class``, ``scores`` or ``both``.
    """

    name: ClassVar[str] = "verilog"
    top: str = ""
    registered: bool = False
    outputs: str = "both"

    def validate(self, circuit: Circuit) -> None:
        """See :class:`Target`."""
        if self.outputs not in ("class", "scores", "both"):
            raise OptionError(f"outputs is '{self.outputs}'", hint="It is class, scores or both")

    def top_name(self, circuit: Circuit) -> str:
        """The top module's name."""
        return identifier(self.top or circuit.name, "top")

    def emit(self, circuit: Circuit, stream: Any) -> None:
        """See :class:`Target`."""
        body = "\n".join(self._modules(circuit)) + "\n"
        digest = hashlib.sha256(body.encode()).hexdigest()
        stream.write(
            f"// Logic-gate network {comment(circuit.name)}, written by lgc {__version__}.\n"
            f"{SOURCE_MARK}{comment(circuit.metadata.get('model_digest', 'none'))}\n"
            f"{CIRCUIT_MARK}{circuit.digest()}\n"
            f"{BODY_MARK}{digest}\n"
        )
        stream.write(body)

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """The manifest: ports, orders, latency, encoding and digests, for machines."""
        shape = HeadShape.of(circuit)
        manifest = Manifest.of(
            circuit,
            top=self.top_name(circuit),
            ports=top_ports(circuit, shape, registered=self.registered, outputs=self.outputs),
            latency=latency(self.registered),
            score_width=shape.score,
            score_signed=shape.signed,
        )
        return {".json": manifest.to_json()}

    def _modules(self, circuit: Circuit) -> Iterator[str]:
        top = self.top_name(circuit)
        staging = stage(circuit, top)
        shape = HeadShape.of(circuit)
        with_class = self.outputs != "scores"
        yield "`default_nettype none"
        yield _MACROS
        for one in staging.stages:
            yield from stage_module(circuit, staging, one, top)
        yield popcount_module(top, max(1, circuit.netlist.num_outputs))
        if with_class:
            yield argmax_module(top, shape, circuit.head.tie)
        yield head_module(top, circuit, shape, with_class=with_class)
        yield from top_module(circuit, staging, shape, top, registered=self.registered, outputs=self.outputs)
        yield "`default_nettype wire"
