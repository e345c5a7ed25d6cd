"""The serial head, for the smallest parts: votes are shifted past one counter, a vote a clock, class by class.

A vote costs the flip-flop that it waits in, whose lookup table is the vote's gate as well; the rest is one counter, one
comparison and a little control, whatever the size of the network. The price is time: an image takes as many clocks as
there are votes, and one more a class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lgc.backend.manifest import Port
from lgc.backend.sections import cut_sections
from lgc.backend.verilog.gates import section_module
from lgc.backend.verilog.grammar import generate_loop
from lgc.backend.verilog.top import Emission, Top, top_ports
from lgc.ir import Circuit, Head
from lgc.mapping.heads.serial import SerialHead
from lgc.mapping.shape import HeadShape, bits_for


@dataclass(frozen=True, eq=False)
class SerialTop(Top):
    """The top module around a serial head."""

    def ports(self) -> list[Port]:
        """See :class:`Top`."""
        return top_ports(self.circuit, self.shape, clocked=True, outputs=self.outputs)

    def _summary(self) -> str:
        netlist, clocks = self.circuit.netlist, SerialHead().latency(self.circuit, 0)
        return (
            f"{netlist.num_inputs} bits to {self.shape.num_classes} classes, {netlist.num_nodes} gates, a result "
            f"{clocks} clocks after its input. What comes in meanwhile is not taken."
        )

    def _head(self) -> Iterator[str]:
        shape = self.shape
        for name, width in (("result_scores", shape.num_classes * shape.score), ("result_class", shape.index)):
            yield f"  wire `LGC_NETS({name}, {width});"
        yield f"  {self.name}_serial head (.clk(clk), .rst(rst), .in_valid(in_valid), .votes(votes),"
        yield "    .out_valid(out_valid), .scores(result_scores), .class_id(result_class));"


def serial_modules(job: Emission) -> Iterator[str]:
    """All modules of a circuit whose votes are counted a vote a clock."""
    circuit, top, shape = job.circuit, job.top, job.shape
    partition = cut_sections(circuit, top, job.cuts(circuit.netlist.depth))
    for one in partition.sections:
        yield from section_module(circuit, partition, one, top)
    yield from serial_module(top, circuit, shape, with_scores=job.with_scores)
    yield from SerialTop(top, circuit, partition, shape, job.pipeline, job.outputs).text()


def serial_module(top: str, circuit: Circuit, shape: HeadShape, *, with_scores: bool) -> Iterator[str]:
    """The head's module. A word of nets is flat: net i is at ``[i*`LGC_WIDTH +: `LGC_WIDTH]``."""
    head = circuit.head
    size = int(head.sizes.max(initial=0))
    yield module_text(top, shape, head.tie, max(1, circuit.netlist.num_outputs), size)
    yield from _chain(head, size)
    yield from _start(head, shape)
    yield from _results(shape, with_scores=with_scores)
    yield "endmodule\n"


def module_text(top: str, shape: HeadShape, tie: str, votes: int, size: int) -> str:
    """The head's module up to what is loaded.

    Args:
        tie: which of equal scores wins, ``first`` or ``last``.
        votes: nets of the port.
        size: votes of the largest group.
    """
    classes, score = shape.num_classes, shape.score
    values = {
        "@top@": top,
        "@votes@": str(votes),
        "@total@": str(max(1, classes * size)),
        "@size@": f"{bits_for(size)}'d{size}",
        "@place@": str(bits_for(size)),
        "@classes@": str(classes),
        "@group@": str(bits_for(classes)),
        "@score@": str(score),
        "@index@": str(shape.index),
        "@order@": "`LGC_ONE" if tie == "last" else "`LGC_ZERO",
        "@rule@": "last" if tie == "last" else "first",
    }
    text = _MODULE
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text


_MODULE = """\
// Counts a vote a clock and keeps the largest score, the @rule@ of equal ones.
module @top@_serial (
  input  wire clk,
  input  wire rst,
  input  wire in_valid,
  input  wire `LGC_NETS(votes, @votes@),
  output reg  out_valid,
  output wire `LGC_NETS(scores, @classes@*@score@),
  output wire `LGC_NETS(class_id, @index@)
);
  reg busy;
  reg [@place@-1:0] place;
  reg [@group@-1:0] group;
  wire take = in_valid && !busy;
  wire counted = place == @size@;  // all votes of the group are: now the score is compared
  wire finished = counted && group == @group@'d@classes@ - 1'b1;
  always @(posedge clk) begin
    if (take) begin
      place <= 0;
      group <= 0;
    end else begin
      place <= counted ? 0 : place + 1'b1;
      group <= counted ? group + 1'b1 : group;
    end
    busy <= !rst && (take || (busy && !finished));
    out_valid <= !rst && busy && finished;
  end

  // The votes, group by group, each group filled up with zeros to the size of the largest.
  wire [@total@*`LGC_WIDTH-1:0] loaded;
  reg [@total@*`LGC_WIDTH-1:0] chain;
  always @(posedge clk)
    if (take) chain <= loaded;
    else if (!counted) chain <= chain >> `LGC_WIDTH;

  wire [@score@*`LGC_WIDTH-1:0] start, sum;
  reg [@score@*`LGC_WIDTH-1:0] score;
  wire [(@score@+1)*`LGC_WIDTH-1:0] carry, above;
  reg [@score@*`LGC_WIDTH-1:0] best;
  reg [@index@*`LGC_WIDTH-1:0] index;
  wire [`LGC_WIDTH-1:0] wins = above[@score@*`LGC_WIDTH +: `LGC_WIDTH] | {`LGC_WIDTH{group == 0}};
  wire [@index@-1:0] group_index = group[@index@-1:0];
  assign carry[0 +: `LGC_WIDTH] = chain[0 +: `LGC_WIDTH];
  assign above[0 +: `LGC_WIDTH] = @order@;
  always @(posedge clk) score <= take || counted ? start : sum;
  genvar i;
  generate
    for (i = 0; i < @score@; i = i + 1) begin : bit_of_score
      wire [`LGC_WIDTH-1:0] mine = score[i*`LGC_WIDTH +: `LGC_WIDTH];
      wire [`LGC_WIDTH-1:0] other = best[i*`LGC_WIDTH +: `LGC_WIDTH];
      wire [`LGC_WIDTH-1:0] below = above[i*`LGC_WIDTH +: `LGC_WIDTH];
      assign sum[i*`LGC_WIDTH +: `LGC_WIDTH] = mine ^ carry[i*`LGC_WIDTH +: `LGC_WIDTH];
      assign carry[(i+1)*`LGC_WIDTH +: `LGC_WIDTH] = mine & carry[i*`LGC_WIDTH +: `LGC_WIDTH];
      assign above[(i+1)*`LGC_WIDTH +: `LGC_WIDTH] = (mine & ~other) | (~(mine ^ other) & below);
      always @(posedge clk)
        if (counted) best[i*`LGC_WIDTH +: `LGC_WIDTH] <= (mine & wins) | (other & ~wins);
    end
    for (i = 0; i < @index@; i = i + 1) begin : bit_of_index
      always @(posedge clk)
        if (counted)
          index[i*`LGC_WIDTH +: `LGC_WIDTH] <=
            ({`LGC_WIDTH{group_index[i]}} & wins) | (index[i*`LGC_WIDTH +: `LGC_WIDTH] & ~wins);
      assign class_id[i] = index[i*`LGC_WIDTH +: `LGC_WIDTH];
    end
  endgenerate"""


def _chain(head: Head, size: int) -> Iterator[str]:
    """What is loaded: each group at its place."""
    if not size:
        yield "  assign loaded = 0;"
    for group, (offset, count) in enumerate(zip(head.offsets.tolist(), head.sizes.tolist(), strict=False)):
        for lo, hi, value in ((0, count, f"votes[{offset}+i]"), (count, size, "`LGC_ZERO")):
            if lo < hi:
                body = f"assign loaded[({group * size}+i)*`LGC_WIDTH +: `LGC_WIDTH] = {value};"
                yield from generate_loop(f"group{group}_{lo}", lo, hi, [body])


def _start(head: Head, shape: HeadShape) -> Iterator[str]:
    """What a group's count starts at: its bias, and half the range more where scores can be negative."""
    middle = 1 << (shape.score - 1) if shape.signed else 0
    words = [(bias + middle) % (1 << shape.score) for bias in head.bias.tolist()]
    if len(set(words)) == 1:
        for place in range(shape.score):
            yield f"  assign start[{place}*`LGC_WIDTH +: `LGC_WIDTH] = {{`LGC_WIDTH{{1'b{(words[0] >> place) & 1}}}}};"
        return
    yield f"  reg [{shape.score - 1}:0] word;"
    yield "  always @*"
    yield f"    case (take ? {bits_for(len(words))}'d0 : group + 1'b1)"
    for group, word in enumerate(words):
        yield f"      {bits_for(len(words))}'d{group}: word = {shape.score}'d{word};"
    yield f"      default: word = {shape.score}'d0;"
    yield "    endcase"
    yield "  generate"
    yield f"    for (i = 0; i < {shape.score}; i = i + 1) begin : bit_of_start"
    yield "      assign start[i*`LGC_WIDTH +: `LGC_WIDTH] = {`LGC_WIDTH{word[i]}};"
    yield "    end"
    yield "  endgenerate"


def _results(shape: HeadShape, *, with_scores: bool) -> Iterator[str]:
    """The scores, in a register that each group's is shifted into."""
    total = shape.num_classes * shape.score
    if not with_scores:
        yield from generate_loop("no_scores", 0, total, ["assign scores[i] = `LGC_ZERO;"])
        return
    yield f"  reg [{total}*`LGC_WIDTH-1:0] all;"
    above = f"all[{total}*`LGC_WIDTH-1:{shape.score}*`LGC_WIDTH]"
    shifted = f"{{score, {above}}}" if shape.num_classes > 1 else "score"
    yield f"  always @(posedge clk) if (counted) all <= {shifted};"
    flip = f"{{`LGC_WIDTH{{i % {shape.score} == {shape.score - 1}}}}} ^ " if shape.signed else ""
    yield from generate_loop("bit_of_scores", 0, total, [f"assign scores[i] = {flip}all[i*`LGC_WIDTH +: `LGC_WIDTH];"])
