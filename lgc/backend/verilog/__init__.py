"""Verilog-2005, hierarchical: one module per layer, popcount, argmax, head and top.

The emitted text serves hardware and simulation alike. In hardware each net is one bit. ``lgc verify`` defines
``LGC_LANES`` to make each net a vector of that many bits, so that one evaluation of the same gate lines
checks as many samples; the few macros at the top of the file are the only place that knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from lgc import __version__
from lgc.backend.base import Format
from lgc.backend.manifest import Manifest
from lgc.backend.stages import stage
from lgc.backend.verilog import mapped as mapped_text
from lgc.backend.verilog.cells import simulation
from lgc.backend.verilog.gates import stage_module
from lgc.backend.verilog.head import argmax_module, head_module, popcount_module
from lgc.backend.verilog.interfaces import Wrapper
from lgc.backend.verilog.leaves import leaf_modules
from lgc.backend.verilog.serial import SerialTop, serial_latency, serial_module
from lgc.backend.verilog.top import Top, top_ports
from lgc.errors import OptionError
from lgc.ir import Circuit
from lgc.ir.naming import comment, identifier
from lgc.mapping.arithmetic import place_ranks, tree_depth
from lgc.mapping.choose import Choice, choose_head
from lgc.mapping.heads import EFFORT, HEADS, Mapped, heads_on, map_circuit
from lgc.mapping.heads.argmax import ARCHITECTURES
from lgc.mapping.heads.copies import copy_inputs
from lgc.mapping.pipeline import INPUT_LEVEL, Pipeline, input_level, netlist_levels
from lgc.mapping.shape import HeadShape
from lgc.parts.fabrics import FABRICS
from lgc.parts.part import Part

BODY_MARK = "// body-sha256: "
SOURCE_MARK = "// model-digest: "
CIRCUIT_MARK = "// circuit-digest: "

_RANKS_FOR_COPIES = 8

MACROS = """\
// In hardware `LGC_NETS(x, 4) is [3:0] x and `LGC_GATE is assign. Simulation alone defines LGC_LANES: each net is then
// a vector of LGC_LANES samples, under the same gate lines. Never define it for synthesis.
`ifdef LGC_LANES
`define LGC_NETS(name, size) [`LGC_LANES-1:0] name [0:size-1]
`define LGC_VECTOR [`LGC_LANES-1:0]
`define LGC_WIDTH `LGC_LANES
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
class Verilog(Format):
    """Verilog-2005.

    Attributes:
        top: name of the top module; by default the circuit's name.
        pipeline: register ranks in all, which is the latency in clocks; 0 is combinational. One stands at the output,
            the second at the input, the others where they balance the estimated delay.
        outputs: ``class``, ``scores`` or ``both``.
        head: ``auto``, ``adder`` (plain arithmetic), ``serial`` (a vote a clock), or one of :mod:`lgc.mapping.heads`.
        argmax: of a mapped head: ``tournament`` or ``bit-serial``.
        fabric: ``generic``, or the parts whose cells the lookup tables of a mapped head become.
        effort: of the search for a small mapped head, see :func:`lgc.mapping.heads.map_circuit`.
        copies: whether a mapped head has a register rank of copies of the inputs, one for each part of the circuit; by
            default if a fabric is named and there are ranks enough.
        interface, board, beat, baud: a wrapper beside the circuit, see :class:`lgc.backend.verilog.interfaces.Wrapper`.
    """

    name: ClassVar[str] = "verilog"
    top: str = ""
    pipeline: int = 0
    outputs: str = "both"
    head: str = "auto"
    argmax: str = "tournament"
    fabric: str = "generic"
    effort: int = EFFORT
    copies: bool | None = None
    interface: str = "none"
    board: str = ""
    beat: int = 0
    baud: int = 0

    def validate(self, circuit: Circuit) -> None:
        """See :class:`Format`."""
        if self.outputs not in ("class", "scores", "both"):
            raise OptionError(f"outputs is '{self.outputs}'", hint="It is class, scores or both")
        self._validate_head()
        self.ranks(circuit)
        self._wrapper().validate()

    def _wrapper(self) -> Wrapper:
        return Wrapper(self.interface, self.board, self.beat, self.baud)

    def _validate_head(self) -> None:
        choices = {
            "head": ("auto", "adder", "serial", *HEADS),
            "argmax": (*ARCHITECTURES,),
            "fabric": ("generic", *FABRICS),
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise OptionError(f"{name} is '{getattr(self, name)}'", hint=f"It is one of: {', '.join(known)}")
        if self.effort < 0:
            raise OptionError(f"effort is {self.effort}", hint="Give 0 or more")
        fabric = FABRICS.get(self.fabric)
        if fabric and self.head in HEADS and self.head not in heads_on(fabric):
            able = ", ".join(name for name, one in FABRICS.items() if one.carry)
            raise OptionError(
                f"there are no carry chains for the fabric {self.fabric}, and the head {self.head} is made of them",
                hint=f"Give --fabric {able}, or another head: --head compress, or --head auto",
            )

    def choice(self, circuit: Circuit, part: Part | None = None) -> Choice:
        """The head that is built, and why; on a part, if one is known."""
        return choose_head(circuit, self.fabric, part, outputs=self.outputs, pipeline=self.pipeline, asked=self.head)

    def settled(self, circuit: Circuit, part: Part | None = None) -> Verilog:
        """These options with the head that is built in place of ``auto``, which other options then leave alone."""
        return replace(self, head=self.choice(circuit, part).head)

    def mapped(self, circuit: Circuit) -> Mapped | None:
        """The circuit in lookup tables, or None where the head is arithmetic."""
        choice = self.choice(circuit)
        if choice.head in ("adder", "serial"):
            return None
        mapped = map_circuit(
            circuit, head=choice.head, argmax=self.argmax, lut=choice.lut, outputs=self.outputs, effort=self.effort
        )
        return copy_inputs(mapped) if self._with_copies() else mapped

    def _with_copies(self) -> bool:
        if self.copies is None:
            return self.fabric != "generic" and self.pipeline >= _RANKS_FOR_COPIES
        return self.copies

    def ranks(self, circuit: Circuit) -> Pipeline:
        """The circuit's levels and where the ranks stand.

        Raises:
            OptionError: more ranks than places.
        """
        mapped = self.mapped(circuit)
        if self.head == "serial":
            if self.pipeline:
                raise OptionError(
                    f"the serial head with a pipeline of {self.pipeline} ranks",
                    hint="It takes a vote a clock anyway: leave --pipeline out",
                )
            return Pipeline((input_level(circuit.netlist), *netlist_levels(circuit.netlist)))
        if mapped:
            return mapped_text.place_ranks(mapped, self.pipeline)
        return place_ranks(circuit, self.pipeline, self.outputs)

    def top_name(self, circuit: Circuit) -> str:
        """The top module's name."""
        return identifier(self.top or circuit.name, "top")

    def emit(self, circuit: Circuit, stream: Any) -> None:
        """See :class:`Format`."""
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
        """The manifest: ports, orders, latency, encoding and digests, for machines. And the wrapper, if wanted."""
        shape = HeadShape.of(circuit)
        clocks = serial_latency(circuit.head) if self.head == "serial" else self.pipeline
        manifest = Manifest.of(
            circuit,
            top=self.top_name(circuit),
            ports=top_ports(circuit, shape, clocked=clocks > 0, outputs=self.outputs),
            latency=clocks,
            score_width=shape.score,
            score_signed=shape.signed,
            interval=clocks if self.head == "serial" else 1,
        )
        wrapper = self._wrapper()
        manifest = replace(manifest, interface=wrapper.entry(manifest))
        return {".json": manifest.to_json(), **wrapper.files(manifest)}

    def _modules(self, circuit: Circuit) -> Iterator[str]:
        mapped = self.mapped(circuit)
        yield from self._mapped_modules(circuit, mapped) if mapped else self._arithmetic_modules(circuit)

    def _mapped_modules(self, circuit: Circuit, mapped: Mapped) -> Iterator[str]:
        top, pipeline, fabric = self.top_name(circuit), self.ranks(circuit), FABRICS.get(self.fabric)
        within = (*pipeline.indices(INPUT_LEVEL), *pipeline.indices("gates"))
        layout = mapped_text.lay_out(circuit, mapped, top, [cut for cut in within if cut < mapped.netlist.depth])
        yield "`default_nettype none"
        yield MACROS
        yield from layout.modules(top, fabric)
        shape = HeadShape.of(circuit)
        yield from mapped_text.MappedTop(
            top, layout.circuit, layout.staging, shape, pipeline, self.outputs, mapped=mapped
        ).text()
        yield "`default_nettype wire"
        if fabric:
            yield simulation(fabric)

    def _arithmetic_modules(self, circuit: Circuit) -> Iterator[str]:
        top = self.top_name(circuit)
        shape, pipeline = HeadShape.of(circuit), self.ranks(circuit)
        depth = circuit.netlist.depth
        within = (*pipeline.indices(INPUT_LEVEL), *pipeline.indices("gates"))
        staging = stage(circuit, top, [level for level in within if level < depth])
        with_class = self.outputs != "scores"
        yield "`default_nettype none"
        yield MACROS
        if self.head != "serial":
            yield leaf_modules(top, shape, circuit.head, with_class=with_class)
        for one in staging.stages:
            yield from stage_module(circuit, staging, one, top)
        if self.head == "serial":
            yield from serial_module(top, circuit, shape, with_scores=self.outputs != "class")
            yield from SerialTop(top, circuit, staging, shape, pipeline, self.outputs).text()
            yield "`default_nettype wire"
            return
        sizes = sorted(set(circuit.head.sizes.tolist()) - {0})
        for size in sizes:
            yield from popcount_module(top, size, tree_depth(sizes[-1]), pipeline)
        if with_class:
            yield from argmax_module(top, shape, pipeline)
        yield from head_module(top, circuit, shape, pipeline, with_class=with_class)
        yield from Top(top, circuit, staging, shape, pipeline, self.outputs).text()
        yield "`default_nettype wire"
