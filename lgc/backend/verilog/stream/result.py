"""What stands behind the last feature map: dense layers, or votes that are added as positions come; and the argmax."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from lgc.backend.verilog import Verilog
from lgc.backend.verilog.cells import simulation
from lgc.backend.verilog.head import argmax_module
from lgc.backend.verilog.leaves import leaf_text
from lgc.backend.verilog.registers import registers
from lgc.backend.verilog.stream.design import Streamed
from lgc.backend.verilog.stream.parts import FEATURES, VOTES, filled
from lgc.backend.verilog.stream.schedule import Times, spacing
from lgc.backend.verilog.stream.window import bits
from lgc.backend.verilog.top import Emission
from lgc.errors import OptionError
from lgc.ir import FIRST_INPUT, Builder, Circuit, Encoder, Head
from lgc.mapping.arithmetic import tree_depth
from lgc.mapping.heads.base import HeadArchitecture
from lgc.mapping.pipeline import Level, Pipeline, most_stages
from lgc.mapping.shape import HeadShape
from lgc.parts.fabrics import FABRICS


@dataclass(frozen=True, eq=False)
class Ending(ABC):
    """From the outputs of the last layer that slides to a result.

    Attributes:
        top: the top module's name.
        verilog: what is asked of the part that is a circuit like any other.
        shape: widths of scores and class.
        part: what the module of that circuit is called, behind the top's name.
    """

    part: ClassVar[str]
    top: str
    streamed: Streamed
    verilog: Verilog
    shape: HeadShape

    @abstractmethod
    def results(self, outputs: Times) -> list[int]:
        """The clocks of the results, from those of each frame's outputs of the last layer that slides.

        Raises:
            OptionError: a frame has too few clocks.
        """

    def validate(self) -> None:
        """Refuse what cannot be.

        Raises:
            OptionError: more register stages than places, or a frame has too few clocks.
        """
        self.stages.validate(self.circuit)

    @abstractmethod
    def modules(self) -> Iterator[str]:
        """The text of its modules."""

    @abstractmethod
    def instances(self, data: str, valid: str) -> Iterator[str]:
        """Lines in the top module from the last layer's outputs to ``finished``, ``scores`` and ``class_id``."""

    @property
    @abstractmethod
    def circuit(self) -> Circuit:
        """The circuit that is written as every other one is."""

    def entry(self) -> dict[str, object]:
        """What the manifest says of that circuit."""
        architecture, circuit = self.architecture, self.circuit
        clocks = architecture.latency(circuit, self.stages.pipeline)
        return {
            "module": f"{self.top}_{self.part}", "latency": clocks, "interval": architecture.interval(circuit),
            "outputs": self.verilog.outputs,
        }  # fmt: skip

    @property
    def architecture(self) -> HeadArchitecture:
        """The head of that circuit."""
        return self.verilog.architecture(self.circuit)

    @property
    def stages(self) -> Verilog:
        """What is asked, with register stages: as many as are asked for, else some."""
        return self.verilog if self.verilog.pipeline else replace(self.verilog, pipeline=self._stages())

    def _stages(self) -> int:
        circuit, verilog = self.circuit, self.verilog
        levels = self.architecture.place(circuit, verilog.mapped(circuit), 0, verilog.outputs).levels
        return min(_STAGES, most_stages(levels))

    def core(self) -> Iterator[str]:
        """The modules of that circuit."""
        circuit, verilog, name = self.circuit, self.stages, f"{self.top}_{self.part}"
        mapped, fabric = verilog.mapped(circuit), FABRICS.get(verilog.fabric)
        module, _, function = self.architecture.emitter.partition(":")
        emit = getattr(importlib.import_module(module), function)
        yield from emit(Emission(name, circuit, verilog.placed(circuit), verilog.outputs, mapped, fabric))
        yield ""
        if mapped and fabric:
            yield simulation(fabric, chains=bool(mapped.chains), wide=bool(mapped.wide.any()))


_STAGES = 6
_COLLECTED = 2
"""Clocks from an output to the flip-flop that keeps it: the register that its enable comes from, and itself."""


@dataclass(frozen=True, eq=False)
class DenseEnding(Ending):
    """The feature map is collected, and read by the dense layers as a whole."""

    part: ClassVar[str] = "dense"

    @property
    def circuit(self) -> Circuit:
        """See :class:`Ending`."""
        assert self.streamed.dense is not None
        return self.streamed.dense

    def results(self, outputs: Times) -> list[int]:
        """See :class:`Ending`."""
        return [frame[-1] + self._clocks for frame in outputs]

    @cached_property
    def _clocks(self) -> int:
        interval, between = self.architecture.interval(self.circuit), spacing(self.streamed)
        if interval > between:
            raise OptionError(
                f"this head takes {interval} clocks an image, and from one to the next there are {between}",
                hint="Take another --head",
            )
        return _COLLECTED + self.architecture.latency(self.circuit, self.stages.pipeline)

    def modules(self) -> Iterator[str]:
        """See :class:`Ending`."""
        streamed = self.streamed
        last, positions = streamed.slides[-1], streamed.positions
        at, many = f"k*{positions} + p", last.together
        if many > 1:
            at = f"(k/{many})*{positions * many} + p*{many} + k%{many}"
        yield filled(FEATURES, top=self.top, outputs=last.outputs, positions=positions, at=at)
        yield from self.core()

    def entry(self) -> dict[str, object]:
        """See :class:`Ending`; with its own width of scores where that is another."""
        own = {"score_width": self._inner.score, "score_signed": self._inner.signed} if self._folded else {}
        return super().entry() | own

    @property
    def _inner(self) -> HeadShape:
        """The widths of the optimised layers, whose scores may be narrower: votes that are constant are folded."""
        return HeadShape.of(self.circuit)

    @property
    def _folded(self) -> bool:
        """Whether their scores have another width."""
        return (self._inner.score, self._inner.signed) != (self.shape.score, self.shape.signed)

    def _widened(self) -> Iterator[str]:
        """The score of each class, as wide as the model's."""
        inner, outer = self._inner.score, self.shape.score
        for low in range(0, self.shape.num_classes * inner, inner):
            part = f"sums[{low + min(inner, outer) - 1}:{low}]"
            sign = f"sums[{low + inner - 1}]" if self._inner.signed else "1'b0"
            yield f"{{{outer - inner}{{{sign}}}}}, {part}" if outer > inner else part

    def instances(self, data: str, valid: str) -> Iterator[str]:
        """See :class:`Ending`."""
        width = self.streamed.slides[-1].outputs * self.streamed.positions
        yield f"  wire [{width - 1}:0] features;"
        yield "  wire complete;"
        yield f"  {self.top}_features collect (.clk(clk), .rst(rst), .in_valid({valid}), .in_data({data}),"
        yield "    .out_valid(complete), .out_data(features));"
        without = {"class": "scores", "scores": "class_id"}.get(self.verilog.outputs)
        narrow = self._folded and without != "scores"
        names = {"scores": "sums" if narrow else "scores", "class_id": "class_id"}
        if narrow:
            yield f"  wire [{self.shape.num_classes * self._inner.score - 1}:0] sums;"
            yield f"  assign scores = {{{', '.join(reversed([*self._widened()]))}}};"
        pins = [f".{name}({net})" for name, net in names.items() if name != without]
        yield f"  {self.top}_dense dense (.clk(clk), .rst(rst), .in_valid(complete), .bits(features),"
        yield f"    .out_valid(finished), {', '.join(pins)});"


def votes_circuit(streamed: Streamed) -> Circuit:
    """A circuit that counts the votes of one position for each class."""
    outputs, head = streamed.slides[-1].outputs, streamed.head
    builder = Builder(outputs)
    offsets = np.arange(head.num_classes + 1) * (outputs // head.num_classes)
    netlist = builder.build(np.arange(FIRST_INPUT, FIRST_INPUT + outputs))
    return Circuit("votes", Encoder(outputs), netlist, Head(offsets, head.bias * 0, head.classes))


@dataclass(frozen=True, eq=False)
class VotesEnding(Ending):
    """The head stands behind the last feature map: no bit of it is kept."""

    part: ClassVar[str] = "count"

    @cached_property
    def circuit(self) -> Circuit:
        """The votes of one position, counted."""
        return votes_circuit(self.streamed)

    def results(self, outputs: Times) -> list[int]:
        """See :class:`Ending`."""
        return [frame[-1] + self._clocks for frame in outputs]

    @cached_property
    def _clocks(self) -> int:
        if self.architecture.interval(self.circuit) > 1:
            raise OptionError("this head takes several clocks, and positions come one a clock",
                              hint="Take another --head")  # fmt: skip
        return self.architecture.latency(self.circuit, self.stages.pipeline) + 1 + self._rounds

    @property
    def _rounds(self) -> int:
        return tree_depth(self.shape.num_classes)

    def modules(self) -> Iterator[str]:
        """See :class:`Ending`."""
        streamed, shape = self.streamed, self.shape
        words = (bias % (1 << shape.score) for bias in reversed(streamed.head.bias.tolist()))
        biases = ", ".join(f"{shape.score}'d{word}" for word in words)
        part = HeadShape.of(self.circuit).score
        pad, more = shape.score - part, f"counts[c*{part} +: {part}]"
        yield from self.core()
        yield filled(
            VOTES, top=self.top, outputs=streamed.slides[-1].outputs, classes=shape.num_classes, score=shape.score,
            part=part, more=f"{{{pad}'d0, {more}}}" if pad else more, count=bits(streamed.positions),
            final=streamed.positions - 1, biases=biases,
        )  # fmt: skip
        name = f"{self.top}_rank"
        yield leaf_text(name, shape, streamed.head.tie, (True, False, False, shape.num_classes > 1), 0)
        yield from argmax_module(name, shape, self._ranking())

    def _ranking(self) -> Pipeline:
        """A register stage behind each round."""
        rounds = range(self._rounds)
        levels = [Level("input", 0, 0.0, 0), *(Level("argmax", index + 1, 1.0, 0) for index in rounds)]
        return Pipeline(tuple(levels), tuple(index + 1 for index in rounds))

    def instances(self, data: str, valid: str) -> Iterator[str]:
        """See :class:`Ending`."""
        total, rounds = self.shape.num_classes * self.shape.score, self._rounds
        yield f"  wire [{total - 1}:0] sums;"
        yield "  wire complete;"
        yield f"  {self.top}_votes votes (.clk(clk), .rst(rst), .in_valid({valid}), .in_data({data}),"
        yield "    .out_valid(complete), .scores(sums));"
        clock = ".clk(clk), " if rounds else ""
        yield f"  {self.top}_rank_argmax rank ({clock}.scores(sums), .class_id(class_id));"
        yield from registers("sums", total, rounds)
        yield f"  assign scores = sums{f'_q{rounds}' if rounds else ''};"
        if not rounds:
            yield "  assign finished = complete;"
            return
        yield f"  reg [{rounds - 1}:0] ranked;"
        shifted = f"{{ranked[{rounds - 2}:0], complete}}" if rounds > 1 else "complete"
        yield f"  always @(posedge clk) ranked <= rst ? {rounds}'d0 : {shifted};"
        yield f"  assign finished = ranked[{rounds - 1}];"
