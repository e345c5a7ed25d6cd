"""The head: popcount, argmax, and the module that joins them."""

from __future__ import annotations

from lgc.backend.verilog.shape import HeadShape
from lgc.ir import Circuit


def popcount_module(top: str, votes: int) -> str:
    """Counts the ones of one group of votes."""
    return f"""\
// Number of ones among votes[OFFSET] to votes[OFFSET+SIZE-1]; in hardware there is one lane.
module {top}_popcount #(
  parameter OFFSET = 0,
  parameter SIZE = 1,
  parameter WIDTH = 1
) (
  input  wire `LGC_NETS(votes, {votes}),
  output reg  [WIDTH*`LGC_WIDTH-1:0] count
);
  localparam [WIDTH-1:0] ONE = 1;
  integer i, lane;
  reg [WIDTH-1:0] ones;
  always @* begin
    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) begin
      ones = ONE ^ ONE;
      for (i = OFFSET; i < OFFSET + SIZE; i = i + 1)
        if (votes[i] `LGC_LANE(lane)) ones = ones + ONE;
      count[lane*WIDTH +: WIDTH] = ones;
    end
  end
endmodule
"""


def argmax_module(top: str, shape: HeadShape, tie: str) -> str:
    """The index of the largest score."""
    last = tie == "last"
    compare = ">=" if last else ">"
    signed = "signed " if shape.signed else ""
    rule = "the last of equal ones wins" if last else "the first of equal ones wins"
    total = shape.num_classes * shape.score
    return f"""\
// Index of the largest score; {rule}.
module {top}_argmax (
  input  wire [{total}*`LGC_WIDTH-1:0] scores,
  output reg  [{shape.index}*`LGC_WIDTH-1:0] class_id
);
  integer i, lane;
  reg {signed}[{shape.score - 1}:0] score;
  reg {signed}[{shape.score - 1}:0] best;
  always @* begin
    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) begin
      class_id[lane*{shape.index} +: {shape.index}] = {shape.index}'d0;
      best = scores[lane*{total} +: {shape.score}];
      score = best;
      for (i = 1; i < {shape.num_classes}; i = i + 1) begin
        score = scores[lane*{total} + i*{shape.score} +: {shape.score}];
        if (score {compare} best) begin
          best = score;
          class_id[lane*{shape.index} +: {shape.index}] = i[{shape.index - 1}:0];
        end
      end
    end
  end
endmodule
"""


def head_module(top: str, circuit: Circuit, shape: HeadShape, *, with_class: bool) -> str:
    """All classes' scores, and the class."""
    head = circuit.head
    votes = max(1, circuit.netlist.num_outputs)
    total = shape.num_classes * shape.score
    lines = [
        f"// score[c] = bias[c] + number of ones in group c, at scores[c*{shape.score} +: {shape.score}].",
        f"module {top}_head (",
        f"  input  wire `LGC_NETS(votes, {votes}),",
        f"  output wire [{total}*`LGC_WIDTH-1:0] scores" + ("," if with_class else ""),
    ]
    if with_class:
        lines.append(f"  output wire [{shape.index}*`LGC_WIDTH-1:0] class_id")
    lines.append(");")
    for index in range(head.num_classes):
        lines.append(f"  wire [{shape.count}*`LGC_WIDTH-1:0] count{index};")
        lines.append(
            f"  {top}_popcount #(.OFFSET({head.offsets[index]}), .SIZE({head.sizes[index]}), .WIDTH({shape.count}))"
            f" popcount{index} (.votes(votes), .count(count{index}));"
        )
    lines += ["  genvar lane;", "  generate", "    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) begin : lanes"]
    for index in range(head.num_classes):
        place = f"scores[lane*{total} + {index * shape.score} +: {shape.score}]"
        lines.append(f"      assign {place} = {_score(index, int(head.bias[index]), shape)};")
    lines += ["    end", "  endgenerate"]
    if with_class:
        lines.append(f"  {top}_argmax argmax (.scores(scores), .class_id(class_id));")
    return "\n".join([*lines, "endmodule", ""])


def _score(index: int, bias: int, shape: HeadShape) -> str:
    padding = shape.score - shape.count
    count = f"count{index}[lane*{shape.count} +: {shape.count}]"
    if padding:
        count = f"{{{padding}'d0, {count}}}"
    if not bias:
        return count
    return f"{count} {'+' if bias > 0 else '-'} {shape.score}'d{abs(bias)}"
