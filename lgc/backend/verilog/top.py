"""The top module: ports, optional registers, stages, head."""

from __future__ import annotations

from collections.abc import Iterator

from lgc.backend.manifest import Port
from lgc.backend.naming import comment
from lgc.backend.stages import INPUT, Staging
from lgc.backend.verilog.shape import HeadShape
from lgc.ir import Circuit


def latency(registered: bool) -> int:
    """Clock edges from an input to its result: one register at the input and one at the output."""
    return 2 if registered else 0


def top_ports(circuit: Circuit, shape: HeadShape, *, registered: bool, outputs: str) -> list[Port]:
    """The ports of the top module, in order."""
    ports = (
        [Port("clk", "input", 1, "clock; results follow their input after `latency` rising edges")]
        if registered
        else []
    )
    ports.append(
        Port(INPUT, "input", circuit.netlist.num_inputs, "encoded input; bit f*T + t is x[f] > threshold[f][t]")
    )
    if outputs != "scores":
        ports.append(Port("class_id", "output", shape.index, "index of the class with the largest score"))
    if outputs != "class":
        width = shape.num_classes * shape.score
        ports.append(Port("scores", "output", width, f"score of class c at [c*{shape.score} +: {shape.score}]"))
    return ports


def top_module(
    circuit: Circuit, staging: Staging, shape: HeadShape, top: str, *, registered: bool, outputs: str
) -> Iterator[str]:
    """The top module's text."""
    ports = top_ports(circuit, shape, registered=registered, outputs=outputs)
    yield f"// {comment(_summary(circuit, registered))}"
    yield f"module {top} ("
    for index, port in enumerate(ports):
        separator = "," if index < len(ports) - 1 else ""
        yield f"  {port.direction:6} wire {_range(port)}{port.name}{separator}"
    yield ");"
    yield from _inputs(circuit.netlist.num_inputs, registered)
    for one in staging.stages:
        yield f"  wire `LGC_NETS({one.name}, {max(1, one.width)});"
        pins = [f".{name}({_NETS.get(name, name)})" for name in (*one.reads, one.name)]
        yield f"  {top}_{one.name} u_{one.name} ({', '.join(pins)});"
    yield from _head(shape, top, with_class=outputs != "scores")
    yield from _outputs(ports, registered)
    yield "endmodule"


_NETS = {INPUT: "x"}
_RESULTS = {"class_id": "result_class", "scores": "result_scores"}


def _range(port: Port) -> str:
    return "" if port.name == "clk" else f"[{port.width}*`LGC_WIDTH-1:0] "


def _summary(circuit: Circuit, registered: bool) -> str:
    netlist = circuit.netlist
    clocks = f"latency {latency(True)} clocks" if registered else "combinational"
    return f"{netlist.num_inputs} bits to {circuit.head.num_classes} classes, {netlist.num_nodes} gates, {clocks}."


def _inputs(num_inputs: int, registered: bool) -> Iterator[str]:
    source = INPUT
    if registered:
        source = "bits_q"
        yield f"  reg [{num_inputs}*`LGC_WIDTH-1:0] bits_q;"
        yield "  always @(posedge clk) bits_q <= bits;"
    yield f"  wire `LGC_NETS(x, {num_inputs});"
    yield "  genvar i;"
    yield "  generate"
    yield f"    for (i = 0; i < {num_inputs}; i = i + 1) begin : inputs"
    yield f"      assign x[i] = {source}[i*`LGC_WIDTH +: `LGC_WIDTH];"
    yield "    end"
    yield "  endgenerate"


def _head(shape: HeadShape, top: str, *, with_class: bool) -> Iterator[str]:
    scores = shape.num_classes * shape.score
    yield f"  wire [{scores}*`LGC_WIDTH-1:0] result_scores;"
    if with_class:
        yield f"  wire [{shape.index}*`LGC_WIDTH-1:0] result_class;"
    pins = [".votes(votes)", ".scores(result_scores)", *([".class_id(result_class)"] if with_class else [])]
    yield f"  {top}_head head ({', '.join(pins)});"


def _outputs(ports: list[Port], registered: bool) -> Iterator[str]:
    for port in ports:
        if port.direction != "output":
            continue
        result = _RESULTS[port.name]
        if registered:
            yield f"  reg {_range(port)}{port.name}_q;"
            yield f"  always @(posedge clk) {port.name}_q <= {result};"
            result = f"{port.name}_q"
        yield f"  assign {port.name} = {result};"
