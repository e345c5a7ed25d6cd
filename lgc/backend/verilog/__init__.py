"""Verilog-2005, hierarchical: one module per layer, popcount, argmax, head and top.

The emitted text serves hardware and simulation alike. In hardware each net is one bit. ``lgc verify`` defines
``LGC_LANES`` to make each net a vector of that many bits, so that one evaluation of the same gate lines
checks as many samples; the few macros at the top of the file are the only place that knows.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from lgc import __version__
from lgc.backend.base import Format
from lgc.backend.columns import column_rows, port_notes
from lgc.backend.manifest import Manifest
from lgc.backend.verilog.cells import simulation
from lgc.backend.verilog.grammar import header
from lgc.backend.verilog.interfaces import Wrapper
from lgc.backend.verilog.top import Emission, top_ports
from lgc.errors import OptionError
from lgc.ir import Circuit
from lgc.ir.naming import identifier
from lgc.mapping.choose import GENERIC, Choice, choose_head
from lgc.mapping.heads import AUTO, HEADS, find_head
from lgc.mapping.heads.argmax import ARCHITECTURES, DEFAULT_ARGMAX
from lgc.mapping.heads.base import EFFORT, HeadArchitecture
from lgc.mapping.heads.copies import copy_inputs
from lgc.mapping.heads.plan import Mapped
from lgc.mapping.pipeline import Pipeline
from lgc.mapping.shape import HeadShape
from lgc.parts.fabrics import FABRICS, Fabric
from lgc.parts.part import Part

_STAGES_FOR_COPIES = 8

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
        pipeline: register stages in all, which is the latency in clocks; 0 is combinational. One stands at the output,
            the second at the input, the others where they balance the estimated delay.
        outputs: ``class``, ``scores`` or ``both``.
        head: a key of :data:`lgc.mapping.heads.HEADS`, or ``auto``.
        argmax: of a mapped head: a key of :data:`lgc.mapping.heads.argmax.ARCHITECTURES`.
        fabric: ``generic``, or the parts whose cells the lookup tables of a mapped head become.
        effort: of the search for a small mapped head, see :meth:`lgc.mapping.heads.base.HeadArchitecture.map`.
        copies: whether a mapped head has a register stage of copies of the inputs, one for each part of the circuit; by
            default if a fabric is named and there are register stages enough.
        interface, board, beat, baud: a wrapper beside the circuit, see :class:`lgc.backend.verilog.interfaces.Wrapper`.
    """

    name: ClassVar[str] = "verilog"
    top: str = ""
    pipeline: int = 0
    outputs: str = "both"
    head: str = AUTO
    argmax: str = DEFAULT_ARGMAX
    fabric: str = GENERIC
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
        self.placed(circuit)
        self._wrapper().validate()

    def _wrapper(self) -> Wrapper:
        return Wrapper(self.interface, self.board, self.beat, self.baud)

    def _validate_head(self) -> None:
        choices = {
            "head": (AUTO, *HEADS),
            "argmax": (*ARCHITECTURES,),
            "fabric": (GENERIC, *FABRICS),
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise OptionError(f"{name} is '{getattr(self, name)}'", hint=f"It is one of: {', '.join(known)}")
        if self.effort < 0:
            raise OptionError(f"effort is {self.effort}", hint="Give 0 or more")
        fabric = self._cells()
        if fabric and self.head != AUTO:
            find_head(self.head).check_fabric(fabric)

    def _cells(self) -> Fabric | None:
        """The fabric whose cells are written; none if the text is generic."""
        return FABRICS.get(self.fabric)

    def choice(self, circuit: Circuit, part: Part | None = None) -> Choice:
        """The head that is built, and why; on a part, if one is known."""
        return choose_head(circuit, self.fabric, part, outputs=self.outputs, pipeline=self.pipeline, asked=self.head)

    def settled(self, circuit: Circuit, part: Part | None = None) -> Verilog:
        """These options with the head that is built in place of ``auto``, which other options then leave alone."""
        return replace(self, head=self.choice(circuit, part).head)

    def architecture(self, circuit: Circuit) -> HeadArchitecture:
        """The head that is built, as an object."""
        return find_head(self.choice(circuit).head)

    def mapped(self, circuit: Circuit) -> Mapped | None:
        """The circuit in lookup tables, or None where the head is arithmetic."""
        choice = self.choice(circuit)
        mapped = find_head(choice.head).map(
            circuit, argmax=self.argmax, lut=choice.lut, outputs=self.outputs, effort=self.effort
        )
        return copy_inputs(mapped) if mapped and self._with_copies() else mapped

    def _with_copies(self) -> bool:
        if self.copies is None:
            return self.fabric != GENERIC and self.pipeline >= _STAGES_FOR_COPIES
        return self.copies

    def placed(self, circuit: Circuit) -> Pipeline:
        """The circuit's levels and where the register stages stand.

        Raises:
            OptionError: more register stages than places.
        """
        mapped = self.mapped(circuit)
        return self.architecture(circuit).place(circuit, mapped, self.pipeline, self.outputs)

    def top_name(self, circuit: Circuit) -> str:
        """The top module's name."""
        return identifier(self.top or circuit.name, "top")

    def emit(self, circuit: Circuit, stream: Any) -> None:
        """See :class:`Format`."""
        body = "\n".join(self._modules(circuit)) + "\n"
        source = circuit.metadata.get("model_digest", "none")
        stream.write(header(circuit.name, __version__, source, circuit.digest(), body))
        stream.write(body)

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """The manifest: ports, orders, latency, encoding and digests, for machines. And the wrapper, if wanted."""
        shape, head = HeadShape.of(circuit), self.architecture(circuit)
        clocks = head.latency(circuit, self.pipeline)
        manifest = Manifest.of(
            circuit,
            top=self.top_name(circuit),
            ports=top_ports(circuit, shape, clocked=clocks > 0, outputs=self.outputs),
            latency=clocks,
            score_width=shape.score,
            score_signed=shape.signed,
            interval=head.interval(circuit),
        )
        wrapper = self._wrapper()
        manifest = replace(manifest, interface=wrapper.entry(manifest))
        return {".json": manifest.to_json(), **wrapper.files(manifest)}

    def _modules(self, circuit: Circuit) -> Iterator[str]:
        mapped, fabric = self.mapped(circuit), self._cells()
        module, _, function = self.architecture(circuit).emitter.partition(":")
        emit = getattr(importlib.import_module(module), function)
        yield "`default_nettype none"
        yield MACROS
        yield from (f"// {note}" for note in port_notes(column_rows(circuit), circuit.head.classes))
        yield from emit(Emission(self.top_name(circuit), circuit, self.placed(circuit), self.outputs, mapped, fabric))
        yield "`default_nettype wire"
        if mapped and fabric:
            yield simulation(fabric, chains=bool(mapped.chains), wide=bool(mapped.wide.any()))
