"""The top module: ports, sections, head, and the registers between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lgc.backend.manifest import Port
from lgc.backend.sections import INPUT, VOTES, Partition
from lgc.backend.verilog.grammar import generate_loop
from lgc.backend.verilog.registers import later, registers
from lgc.ir import Circuit
from lgc.ir.naming import comment
from lgc.mapping.heads.plan import Mapped
from lgc.mapping.pipeline import INPUT_LEVEL, Pipeline
from lgc.mapping.shape import HeadShape
from lgc.parts.fabrics import Fabric

FEATURES = "features"
_NETS = {INPUT: "x"}
_RESULTS = {"class_id": "result_class", "scores": "result_scores"}


@dataclass(frozen=True, eq=False)
class Emission:
    """What a head's emitter writes the modules of.

    Attributes:
        top: name of the top module.
        outputs: ``class``, ``scores`` or ``both``.
        mapped: the circuit in lookup tables, where the head is made of them.
        fabric: whose cells those become; None for expressions.
    """

    top: str
    circuit: Circuit
    pipeline: Pipeline
    outputs: str
    mapped: Mapped | None = None
    fabric: Fabric | None = None

    @property
    def shape(self) -> HeadShape:
        """Widths of the head."""
        return HeadShape.of(self.circuit)

    @property
    def with_class(self) -> bool:
        """Whether the class is an output."""
        return self.outputs != "scores"

    @property
    def with_scores(self) -> bool:
        """Whether the scores are outputs."""
        return self.outputs != "class"

    def cuts(self, depth: int) -> list[int]:
        """Per register stage before or among the gates, the level that it stands behind, below a depth."""
        within = (*self.pipeline.indices(INPUT_LEVEL), *self.pipeline.indices("gates"))
        return [level for level in within if level < depth]


@dataclass(frozen=True, eq=False)
class Top:
    """What the top module is made of.

    Attributes:
        name: the module's.
        outputs: ``class``, ``scores`` or ``both``.
    """

    name: str
    circuit: Circuit
    partition: Partition
    shape: HeadShape
    pipeline: Pipeline
    outputs: str

    def ports(self) -> list[Port]:
        """Its ports, in order."""
        return top_ports(self.circuit, self.shape, clocked=self.pipeline.latency > 0, outputs=self.outputs)

    def text(self) -> Iterator[str]:
        """Its lines."""
        ports = self.ports()
        yield f"// {comment(self._summary())}"
        yield f"module {self.name} ("
        for index, port in enumerate(ports):
            separator = "," if index < len(ports) - 1 else ""
            yield f"  {port.direction:6} wire {_range(port)}{port.name}{separator}"
        yield ");"
        yield from self._valid()
        yield from self._inputs()
        for one in self.partition.sections:
            yield f"  wire `LGC_NETS({one.name}, {max(1, one.width)});"
            pins = [f".{name}({self._seen(name, one.latency)})" for name in one.reads]
            yield f"  {self.name}_{one.name} u_{one.name} ({', '.join([*pins, f'.{one.name}({one.name})'])});"
            yield from self._registers(one.name, max(1, one.width), self._last_use(one.name) - one.latency)
        yield from self._head()
        yield from self._results(ports)
        yield "endmodule"

    def _summary(self) -> str:
        netlist = self.circuit.netlist
        latency = self.pipeline.latency
        clocks = (
            f"latency {latency} clock{'s' if latency > 1 else ''}, one result a clock" if latency else "combinational"
        )
        return f"{netlist.num_inputs} bits to {self.shape.num_classes} classes, {netlist.num_nodes} gates, {clocks}."

    def _valid(self) -> Iterator[str]:
        """One bit a register stage says whether what stands in it is a result to be."""
        latency = self.pipeline.latency
        if not latency:
            return
        following = f"{{valid[{latency - 2}:0], in_valid}}" if latency > 1 else "in_valid"
        yield f"  reg [{latency - 1}:0] valid;"
        yield f"  always @(posedge clk) valid <= rst ? {latency}'d0 : {following};"
        yield f"  assign out_valid = valid[{latency - 1}];"

    def _inputs(self) -> Iterator[str]:
        num_inputs = self.circuit.netlist.num_inputs
        yield f"  wire `LGC_NETS(x, {num_inputs});"
        yield "  genvar i;"
        port = INPUT if self.circuit.encoder.code is None else FEATURES
        yield from generate_loop("inputs", 0, num_inputs, [f"assign x[i] = {port}[i*`LGC_WIDTH +: `LGC_WIDTH];"])
        yield from registers("x", num_inputs, self._last_use(INPUT))

    def _registers(self, name: str, width: int, clocks: int) -> Iterator[str]:
        yield from registers(name, width, clocks)

    def _latency_of(self, name: str) -> int:
        return next((one.latency for one in self.partition.sections if one.name == name), 0)

    def _seen(self, name: str, latency: int) -> str:
        """A vector as it is read behind ``latency`` register stages."""
        return later(_NETS.get(name, name), latency - self._latency_of(name))

    def _last_use(self, name: str) -> int:
        """The latency of the last reader of a vector; of the head's, for the votes."""
        if name == VOTES:
            depth = self.circuit.netlist.depth
            behind = self.pipeline.behind("gates", depth) if depth else self.pipeline.behind(INPUT_LEVEL, 0)
            return self.partition.sections[-1].latency + behind
        return max(
            (one.latency for one in self.partition.sections if name in one.reads), default=self._latency_of(name)
        )

    def _head(self) -> Iterator[str]:
        with_class = self.outputs != "scores"
        yield f"  wire `LGC_NETS(result_scores, {self.shape.num_classes * self.shape.score});"
        if with_class:
            yield f"  wire `LGC_NETS(result_class, {self.shape.index});"
        clocked = any(self.pipeline.indices(region) for region in ("popcount", "scores", "argmax"))
        pins = [".clk(clk)"] if clocked else []
        pins += [f".votes({self._seen(VOTES, self._last_use(VOTES))})", ".scores(result_scores)"]
        pins += [".class_id(result_class)"] if with_class else []
        yield f"  {self.name}_head head ({', '.join(pins)});"

    def _results(self, ports: list[Port]) -> Iterator[str]:
        for port in ports:
            if port.name in _RESULTS:
                body = f"assign {port.name}[i*`LGC_WIDTH +: `LGC_WIDTH] = {_RESULTS[port.name]}[i];"
                yield from generate_loop(f"{port.name}_nets", 0, port.width, [body])


CONTROL = {
    "clk": Port("clk", "input", 1, "clock, rising edge"),
    "rst": Port("rst", "input", 1, "synchronous reset, active high: forgets what is under way"),
    "in_valid": Port("in_valid", "input", 1, "whether there is an input at this edge"),
    "out_valid": Port("out_valid", "output", 1, "in_valid of `latency` rising edges ago: whether there is a result"),
}
"""The ports of one bit, which have no lanes."""


def top_ports(circuit: Circuit, shape: HeadShape, *, clocked: bool, outputs: str) -> list[Port]:
    """The ports of the top module, in order."""
    ports = [CONTROL["clk"], CONTROL["rst"], CONTROL["in_valid"]] if clocked else []
    width, codes = circuit.netlist.num_inputs, circuit.encoder.code
    if codes is None:
        ports.append(Port(INPUT, "input", width, "encoded input; bit f*T + t is x[f] > threshold[f][t]"))
    else:
        one = codes.common
        where = f"feature f at [f*{one.width} +: {one.width}]" if one else "each column side by side, the first lowest"
        ports.append(Port(FEATURES, "input", width, f"code of {where}"))
    ports += [CONTROL["out_valid"]] if clocked else []
    if outputs != "scores":
        ports.append(Port("class_id", "output", shape.index, "index of the class with the largest score"))
    if outputs != "class":
        width = shape.num_classes * shape.score
        ports.append(Port("scores", "output", width, f"score of class c at [c*{shape.score} +: {shape.score}]"))
    return ports


def _range(port: Port) -> str:
    return "" if port.name in CONTROL else f"[{port.width}*`LGC_WIDTH-1:0] "
