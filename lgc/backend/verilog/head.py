"""The head: popcount, argmax, and the module that joins them."""

from __future__ import annotations

from lgc.backend.verilog.shape import HeadShape
from lgc.ir import Circuit


def popcount_module(top: str, votes: int) -> str:
    """Counts the ones of one group of votes."""
    return f"""\
// Number of ones among votes[OFFSET] to votes[OFFSET+SIZE-1].
module {top}_popcount #(
  parameter LANE = 0,
  parameter OFFSET = 0,
  parameter SIZE = 1,
  parameter WIDTH = 1
) (
  input  wire `LGC_NETS(votes, {votes}),
  output reg  [WIDTH-1:0] count
);
  integer i;
  always @* begin
    count = {{WIDTH{{1'b0}}}};
    for (i = OFFSET; i < OFFSET + SIZE; i = i + 1)
      if (votes[i] `LGC_LANE) count = count + {{{{(WIDTH-1){{1'b0}}}}, 1'b1}};
  end
endmodule
"""


def argmax_module(top: str, shape: HeadShape, tie: str) -> str:
    """The index of the largest score."""
    last = tie == "last"
    compare = ">=" if last else ">"
    signed = "signed " if shape.signed else ""
    rule = "the last of equal ones wins" if last else "the first of equal ones wins"
    return f"""\
// Index of the largest score; {rule}.
module {top}_argmax (
  input  wire [{shape.num_classes * shape.score - 1}:0] scores,
  output reg  [{shape.index - 1}:0] class_id
);
  integer i;
  reg {signed}[{shape.score - 1}:0] score;
  reg {signed}[{shape.score - 1}:0] best;
  always @* begin
    class_id = {shape.index}'d0;
    best = scores[{shape.score - 1}:0];
    score = best;
    for (i = 1; i < {shape.num_classes}; i = i + 1) begin
      score = scores[i*{shape.score} +: {shape.score}];
      if (score {compare} best) begin
        best = score;
        class_id = i[{shape.index - 1}:0];
      end
    end
  end
endmodule
"""


def head_module(top: str, circuit: Circuit, shape: HeadShape, *, with_class: bool) -> str:
    """All classes' scores, and the class."""
    head = circuit.head
    votes = max(1, circuit.netlist.num_outputs)
    lines = [
        f"// score[c] = bias[c] + number of ones in group c, at scores[c*{shape.score} +: {shape.score}].",
        f"module {top}_head #(",
        "  parameter LANE = 0",
        ") (",
        f"  input  wire `LGC_NETS(votes, {votes}),",
        f"  output wire [{shape.num_classes * shape.score - 1}:0] scores" + ("," if with_class else ""),
    ]
    if with_class:
        lines.append(f"  output wire [{shape.index - 1}:0] class_id")
    lines.append(");")
    for index in range(head.num_classes):
        size = int(head.sizes[index])
        lines.append(f"  wire [{shape.count - 1}:0] count{index};")
        lines.append(
            f"  {top}_popcount #(.LANE(LANE), .OFFSET({head.offsets[index]}), .SIZE({size}), .WIDTH({shape.count}))"
            f" popcount{index} (.votes(votes), .count(count{index}));"
        )
        lines.append(
            f"  assign scores[{index * shape.score} +: {shape.score}] = {_score(index, int(head.bias[index]), shape)};"
        )
    if with_class:
        lines.append(f"  {top}_argmax argmax (.scores(scores), .class_id(class_id));")
    return "\n".join([*lines, "endmodule", ""])


def _score(index: int, bias: int, shape: HeadShape) -> str:
    padding = shape.score - shape.count
    count = f"{{{padding}'d0, count{index}}}" if padding else f"count{index}"
    if not bias:
        return count
    return f"{count} {'+' if bias > 0 else '-'} {shape.score}'d{abs(bias)}"
