"""The leaves of the head: the only modules that do arithmetic.

A number is a vector of nets, the least significant bit first. In hardware the leaves are plain ``+`` and ``>``, which
every synthesis tool maps in its own best way. A level of adders is generated, an assignment each: a block that assigns
thousands of parts of a vector takes yosys quadratic time. Under ``LGC_LANES`` each bit is a word of samples, so the
same leaves go bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence

from lgc.backend.verilog.grammar import LOOP_LIMIT
from lgc.ir import Head
from lgc.mapping.shape import HeadShape

_HARDWARE_SLICE = """\
// Some nets of a vector.
module @top@_slice #(
  parameter TOTAL = 1,
  parameter OFFSET = 0,
  parameter SIZE = 1
) (
  input  wire [TOTAL-1:0] nets,
  output wire [SIZE-1:0] part
);
  assign part = nets[OFFSET +: SIZE];
endmodule
"""

_HARDWARE_ADD = """\
// One level of an adder tree: sum i is value 2i plus value 2i+1, a last value without a partner goes on as it is.
module @top@_add #(
  parameter COUNT = 2,
  parameter WIDTH = 1
) (
  input  wire [COUNT*WIDTH-1:0] values,
  output wire [(COUNT+1)/2*(WIDTH+1)-1:0] sums
);
  genvar i;
  generate
    for (i = 0; i < COUNT; i = i + 2) begin : pair
      if (i + 1 < COUNT) begin : two
        assign sums[i/2*(WIDTH+1) +: WIDTH+1] = {1'b0, values[i*WIDTH +: WIDTH]} + {1'b0, values[(i+1)*WIDTH +: WIDTH]};
      end else begin : one
        assign sums[i/2*(WIDTH+1) +: WIDTH+1] = {1'b0, values[i*WIDTH +: WIDTH]};
      end
    end
  endgenerate
endmodule
"""

_STEP = 2 * LOOP_LIMIT
_LONG = (
    ("  genvar i;\n", "  genvar i, j;\n"),
    (
        "    for (i = 0; i < COUNT; i = i + 2) begin : pair\n",
        f"    for (j = 0; j < COUNT; j = j + {_STEP}) begin : part\n"
        f"    for (i = j; i < COUNT && i < j + {_STEP}; i = i + 2) begin : pair\n",
    ),
    ("    end\n  endgenerate\n", "    end\n    end\n  endgenerate\n"),
)
"""What changes in a level of adders where one loop over all pairs would have more turns than tools take."""

_HARDWARE_BIAS = """\
// A score: the count of a class plus its bias.
module @top@_bias #(
  parameter [@sign@:0] BIAS = 0
) (
  input  wire [@sign@:0] count,
  output wire [@sign@:0] score
);
  assign score = count + BIAS;
endmodule
"""

_HARDWARE_ROUND = """\
// One round of a tournament. An entry is a score and above it a class; of entries 2i and 2i+1 the one with the larger
// score wins, the @favoured@ one if they are equal. A last entry without an opponent goes on as it is.
module @top@_round #(
  parameter COUNT = 2
) (
  input  wire [COUNT*@entry@-1:0] entries,
  output reg  [(COUNT+1)/2*@entry@-1:0] winners
);
  integer i;
  reg @signed@[@sign@:0] first;
  reg @signed@[@sign@:0] second;
  always @* begin
    for (i = 0; i < COUNT; i = i + 2) begin
      first = entries[i*@entry@ +: @score@];
      second = first;
      winners[i/2*@entry@ +: @entry@] = entries[i*@entry@ +: @entry@];
      if (i + 1 < COUNT) begin
        second = entries[(i+1)*@entry@ +: @score@];
        if (second @compare@ first) winners[i/2*@entry@ +: @entry@] = entries[(i+1)*@entry@ +: @entry@];
      end
    end
  end
endmodule
"""

_LANES_SLICE = """\
module @top@_slice #(
  parameter TOTAL = 1,
  parameter OFFSET = 0,
  parameter SIZE = 1
) (
  input  wire `LGC_NETS(nets, TOTAL),
  `LGC_OUT `LGC_NETS(part, SIZE)
);
  integer i;
  always_comb for (i = 0; i < SIZE; i = i + 1) part[i] = nets[OFFSET+i];
endmodule
"""

_LANES_ADD = """\
module @top@_add #(
  parameter COUNT = 2,
  parameter WIDTH = 1
) (
  input  wire `LGC_NETS(values, COUNT*WIDTH),
  `LGC_OUT `LGC_NETS(sums, (COUNT+1)/2*(WIDTH+1))
);
  integer i, k;
  reg `LGC_VECTOR a, b, carry;
  always_comb begin
    for (i = 0; i < COUNT / 2; i = i + 1) begin
      carry = `LGC_ZERO;
      for (k = 0; k < WIDTH; k = k + 1) begin
        a = values[2*i*WIDTH+k];
        b = values[(2*i+1)*WIDTH+k];
        sums[i*(WIDTH+1)+k] = a ^ b ^ carry;
        carry = (a & b) | (carry & (a ^ b));
      end
      sums[i*(WIDTH+1)+WIDTH] = carry;
    end
    if (COUNT % 2 == 1) begin
      for (k = 0; k < WIDTH; k = k + 1) sums[COUNT/2*(WIDTH+1)+k] = values[(COUNT-1)*WIDTH+k];
      sums[COUNT/2*(WIDTH+1)+WIDTH] = `LGC_ZERO;
    end
  end
endmodule
"""

_LANES_BIAS = """\
module @top@_bias #(
  parameter [@sign@:0] BIAS = 0
) (
  input  wire `LGC_NETS(count, @score@),
  `LGC_OUT `LGC_NETS(score, @score@)
);
  integer k;
  reg `LGC_VECTOR a, b, carry;
  always_comb begin
    carry = `LGC_ZERO;
    for (k = 0; k < @score@; k = k + 1) begin
      a = count[k];
      b = BIAS[k] ? `LGC_ONE : `LGC_ZERO;
      score[k] = a ^ b ^ carry;
      carry = (a & b) | (carry & (a ^ b));
    end
  end
endmodule
"""

_LANES_ROUND = """\
module @top@_round #(
  parameter COUNT = 2
) (
  input  wire `LGC_NETS(entries, COUNT*@entry@),
  `LGC_OUT `LGC_NETS(winners, (COUNT+1)/2*@entry@)
);
  integer i, k;
  reg `LGC_VECTOR a, b, second;
  always_comb begin
    for (i = 0; i < COUNT / 2; i = i + 1) begin
      second = @equal@;
      for (k = 0; k < @score@; k = k + 1) begin
        a = entries[2*i*@entry@+k];
        b = entries[(2*i+1)*@entry@+k];
        second = (a ^ b) & (@larger@) | ~(a ^ b) & second;
      end
      for (k = 0; k < @entry@; k = k + 1)
        winners[i*@entry@+k] = (second & entries[(2*i+1)*@entry@+k]) | (~second & entries[2*i*@entry@+k]);
    end
    if (COUNT % 2 == 1)
      for (k = 0; k < @entry@; k = k + 1) winners[COUNT/2*@entry@+k] = entries[(COUNT-1)*@entry@+k];
  end
endmodule
"""


def leaf_modules(top: str, shape: HeadShape, head: Head, *, with_class: bool) -> str:
    """The leaves that the head needs: a slice, a level of adders, the addition of a bias, a round of the tournament."""
    needed = (
        with_class or bool(head.sizes.any()),
        int(head.sizes.max(initial=0)) > 1,
        bool(head.bias.any()),
        with_class and shape.num_classes > 1,
    )
    return leaf_text(top, shape, head.tie, needed, int(head.sizes.max(initial=0)))


def leaf_text(top: str, shape: HeadShape, tie: str, needed: Sequence[bool], largest: int) -> str:
    """The text of the leaves.

    Args:
        tie: which of equal scores wins, ``first`` or ``last``.
        needed: which of the four leaves there are: slice, addition, bias, round.
        largest: votes of the largest group.
    """
    last = tie == "last"
    leaves = (
        (_HARDWARE_SLICE, _LANES_SLICE),
        (_HARDWARE_ADD, _LANES_ADD),
        (_HARDWARE_BIAS, _LANES_BIAS),
        (_HARDWARE_ROUND, _LANES_ROUND),
    )
    pairs = [pair for pair, need in zip(leaves, needed, strict=True) if need]
    if not pairs:
        return ""
    hardware, lanes = ("\n".join(texts) for texts in zip(*pairs, strict=True))
    if largest > _STEP:
        hardware = _long(hardware)
    text = f"`ifndef LGC_LANES\n{hardware}\n`else\n{lanes}\n`endif\n"
    values = {
        "top": top,
        "score": shape.score,
        "sign": shape.score - 1,
        "entry": shape.score + shape.index,
        "signed": "signed " if shape.signed else "",
        "favoured": "second" if last else "first",
        "compare": ">=" if last else ">",
        "equal": "`LGC_ONE" if last else "`LGC_ZERO",
        "larger": f"k == {shape.score - 1} ? a : b" if shape.signed else "b",  # a sign counts the other way round
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def _long(hardware: str) -> str:
    """The leaves with a loop in a loop for each level of adders, which alone has generate loops."""
    for short, long in _LONG:
        hardware = hardware.replace(short, long)
    return hardware
