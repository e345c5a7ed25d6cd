"""The head in arithmetic: adder trees, scores, and argmax as a tournament, and register stages between levels."""

from __future__ import annotations

from collections.abc import Iterator

from lgc.backend.sections import cut_sections
from lgc.backend.verilog.gates import section_module
from lgc.backend.verilog.grammar import generate_loop
from lgc.backend.verilog.leaves import leaf_modules
from lgc.backend.verilog.registers import later, registers
from lgc.backend.verilog.top import Emission, Top
from lgc.ir import Circuit, Head
from lgc.mapping.arithmetic import tree_depth
from lgc.mapping.pipeline import Pipeline
from lgc.mapping.shape import HeadShape


def adder_modules(job: Emission) -> Iterator[str]:
    """All modules of a circuit whose head is plain arithmetic."""
    circuit, top, shape, pipeline = job.circuit, job.top, job.shape, job.pipeline
    partition = cut_sections(circuit, top, job.cuts(circuit.netlist.depth))
    yield leaf_modules(top, shape, circuit.head, with_class=job.with_class)
    for one in partition.sections:
        yield from section_module(circuit, partition, one, top)
    sizes = sorted(set(circuit.head.sizes.tolist()) - {0})
    for size in sizes:
        yield from popcount_module(top, size, tree_depth(sizes[-1]), pipeline)
    if job.with_class:
        yield from argmax_module(top, shape, pipeline)
    yield from head_module(top, circuit, shape, pipeline, with_class=job.with_class)
    yield from Top(top, circuit, partition, shape, pipeline, job.outputs).text()


def popcount_module(top: str, size: int, levels: int, pipeline: Pipeline) -> Iterator[str]:
    """Counts the ones among ``size`` votes; its register stages are those of a tree of ``levels`` levels."""
    width = tree_depth(size) + 1
    clocked = bool(pipeline.indices("popcount"))
    yield f"// Number of ones among {size} votes: a tree of adders."
    yield f"module {top}_popcount{size} ("
    yield from ["  input  wire clk,"] if clocked else []
    yield f"  input  wire `LGC_NETS(votes, {size}),"
    yield f"  `LGC_OUT `LGC_NETS(count, {width})"
    yield ");"
    values, count = "votes", size
    for level in range(1, levels + 1):
        if count > 1:
            sums, half = f"sums{level}", (count + 1) // 2
            yield f"  wire `LGC_NETS({sums}, {half * (level + 1)});"
            yield f"  {top}_add #(.COUNT({count}), .WIDTH({level})) add{level} (.values({values}), .sums({sums}));"
            values, count = sums, half
        clocks = pipeline.behind("popcount", level)
        yield from registers(values, count * min(level + 1, width), clocks)
        values = later(values, clocks)
    yield f"  assign count = {values};"
    yield "endmodule\n"


def argmax_module(top: str, shape: HeadShape, pipeline: Pipeline) -> Iterator[str]:
    """The class with the largest score."""
    classes, score, entry = shape.num_classes, shape.score, shape.score + shape.index
    clocked = bool(pipeline.indices("argmax"))
    yield "// The class with the largest score, by a tournament."
    yield f"module {top}_argmax ("
    yield from ["  input  wire clk,"] if clocked else []
    yield f"  input  wire `LGC_NETS(scores, {classes * score}),"
    yield f"  `LGC_OUT `LGC_NETS(class_id, {shape.index})"
    yield ");"
    yield f"  wire `LGC_NETS(entries, {classes * entry});"
    yield "  genvar c, i;"
    player = [
        f"for (i = 0; i < {score}; i = i + 1) begin : score",
        f"  assign entries[c*{entry}+i] = scores[c*{score}+i];",
        "end",
        f"for (i = 0; i < {shape.index}; i = i + 1) begin : class_id",
        f"  assign entries[c*{entry}+{score}+i] = (c >> i) % 2 == 1 ? `LGC_ONE : `LGC_ZERO;",
        "end",
    ]
    yield from generate_loop("players", 0, classes, player, "c")
    values, count = "entries", classes
    for level in range(1, tree_depth(classes) + 1):
        winners, half = f"winners{level}", (count + 1) // 2
        yield f"  wire `LGC_NETS({winners}, {half * entry});"
        yield f"  {top}_round #(.COUNT({count})) round{level} (.entries({values}), .winners({winners}));"
        clocks = pipeline.behind("argmax", level)
        yield from registers(winners, half * entry, clocks)
        values, count = later(winners, clocks), half
    place = f".TOTAL({entry}), .OFFSET({score}), .SIZE({shape.index})"
    yield f"  {top}_slice #({place}) winner (.nets({values}), .part(class_id));"
    yield "endmodule\n"


def head_module(top: str, circuit: Circuit, shape: HeadShape, pipeline: Pipeline, *, with_class: bool) -> Iterator[str]:
    """All classes' scores, and the class, at the same clock."""
    votes = max(1, circuit.netlist.num_outputs)
    total = shape.num_classes * shape.score
    clocked = [region for region in ("popcount", "scores", "argmax") if pipeline.indices(region)]
    yield f"// score[c] = bias[c] + number of ones in group c, at scores[c*{shape.score} +: {shape.score}]."
    yield f"module {top}_head ("
    yield from ["  input  wire clk,"] if clocked else []
    yield f"  input  wire `LGC_NETS(votes, {votes}),"
    yield f"  `LGC_OUT `LGC_NETS(scores, {total})" + ("," if with_class else "")
    yield from [f"  `LGC_OUT `LGC_NETS(class_id, {shape.index})"] if with_class else []
    yield ");"
    yield f"  wire `LGC_NETS(sums, {total});"
    yield "  genvar i;"
    for index in range(shape.num_classes):
        yield from _score(top, circuit.head, shape, index, ".clk(clk), " if "popcount" in clocked else "")
    before, rounds = pipeline.behind("scores", 1), len(pipeline.indices("argmax"))
    yield from registers("sums", total, before + rounds)
    if with_class:
        clock = ".clk(clk), " if "argmax" in clocked else ""
        yield f"  {top}_argmax argmax ({clock}.scores({later('sums', before)}), .class_id(class_id));"
    yield f"  assign scores = {later('sums', before + rounds)};"
    yield "endmodule\n"


def _score(top: str, head: Head, shape: HeadShape, index: int, clock: str) -> Iterator[str]:
    """The score of one class, at its place in the sums."""
    size, bias = int(head.sizes[index]), int(head.bias[index])
    width = min(tree_depth(size) + 1, shape.score) if size else 0
    score = f"count{index}"
    if size:
        place = f".TOTAL({head.offsets[-1]}), .OFFSET({head.offsets[index]}), .SIZE({size})"
        yield f"  wire `LGC_NETS(group{index}, {size});"
        yield f"  {top}_slice #({place}) slice{index} (.nets(votes), .part(group{index}));"
        yield f"  wire `LGC_NETS(count{index}, {tree_depth(size) + 1});"
        yield f"  {top}_popcount{size} popcount{index} ({clock}.votes(group{index}), .count(count{index}));"
    if bias:
        yield f"  wire `LGC_NETS(plain{index}, {shape.score});"
        yield from _extend(f"plain{index}", 0, score, width, shape.score)
        score, width = f"biased{index}", shape.score
        yield f"  wire `LGC_NETS({score}, {shape.score});"
        word = f"{shape.score}'d{bias % (1 << shape.score)}"
        yield f"  {top}_bias #(.BIAS({word})) bias{index} (.count(plain{index}), .score({score}));"
    yield from _extend("sums", index * shape.score, score, width, shape.score)


def _extend(target: str, offset: int, source: str, width: int, size: int) -> Iterator[str]:
    """The ``width`` low nets of a vector, then zeros, at ``size`` places of another."""
    parts = [(0, width, f"{source}[i]"), (width, size, "`LGC_ZERO")]
    for lo, hi, value in parts:
        if lo < hi:
            yield from generate_loop(f"{target}{offset}_{lo}", lo, hi, [f"assign {target}[{offset}+i] = {value};"])
