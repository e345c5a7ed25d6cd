// Logic-gate network tiny, written by lgc VERSION.
// model-digest: 0000000000000000000000000000000000000000000000000000000000000000
// circuit-digest: 72808297c5d3d6f4fc7012f55e3b5863b19f6609d1f7bd431f3ab67a1a146a85
// body-sha256: d129e10fca26e4a05ccceaf572055803e03f565aba77bb8708257d88fffd8af6
`default_nettype none
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

`ifndef LGC_LANES
// Some nets of a vector.
module tiny_slice #(
  parameter TOTAL = 1,
  parameter OFFSET = 0,
  parameter SIZE = 1
) (
  input  wire [TOTAL-1:0] nets,
  output wire [SIZE-1:0] part
);
  assign part = nets[OFFSET +: SIZE];
endmodule

// One level of an adder tree: sum i is value 2i plus value 2i+1, a last value without a partner goes on as it is.
module tiny_add #(
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

// One round of a tournament. An entry is a score and above it a class; of entries 2i and 2i+1 the one with the larger
// score wins, the first one if they are equal. A last entry without an opponent goes on as it is.
module tiny_round #(
  parameter COUNT = 2
) (
  input  wire [COUNT*3-1:0] entries,
  output reg  [(COUNT+1)/2*3-1:0] winners
);
  integer i;
  reg [1:0] first;
  reg [1:0] second;
  always @* begin
    for (i = 0; i < COUNT; i = i + 2) begin
      first = entries[i*3 +: 2];
      second = first;
      winners[i/2*3 +: 3] = entries[i*3 +: 3];
      if (i + 1 < COUNT) begin
        second = entries[(i+1)*3 +: 2];
        if (second > first) winners[i/2*3 +: 3] = entries[(i+1)*3 +: 3];
      end
    end
  end
endmodule

`else
module tiny_slice #(
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

module tiny_add #(
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

module tiny_round #(
  parameter COUNT = 2
) (
  input  wire `LGC_NETS(entries, COUNT*3),
  `LGC_OUT `LGC_NETS(winners, (COUNT+1)/2*3)
);
  integer i, k;
  reg `LGC_VECTOR a, b, second;
  always_comb begin
    for (i = 0; i < COUNT / 2; i = i + 1) begin
      second = `LGC_ZERO;
      for (k = 0; k < 2; k = k + 1) begin
        a = entries[2*i*3+k];
        b = entries[(2*i+1)*3+k];
        second = (a ^ b) & (b) | ~(a ^ b) & second;
      end
      for (k = 0; k < 3; k = k + 1)
        winners[i*3+k] = (second & entries[(2*i+1)*3+k]) | (~second & entries[2*i*3+k]);
    end
    if (COUNT % 2 == 1)
      for (k = 0; k < 3; k = k + 1) winners[COUNT/2*3+k] = entries[(COUNT-1)*3+k];
  end
endmodule

`endif

module tiny_layer1 (
  input  wire `LGC_NETS(bits, 6),
  `LGC_OUT `LGC_NETS(layer1, 4)
);
  `LGC_BLOCK
    `LGC_GATE layer1[0] = bits[2] | bits[4];  // layer1[0]
    `LGC_GATE layer1[1] = ~(bits[0] ^ bits[1]);  // layer1[1]
    `LGC_GATE layer1[2] = bits[1];  // layer1[2]
    `LGC_GATE layer1[3] = ~bits[0] | bits[2];  // layer1[3]
  `LGC_END
endmodule

module tiny_votes (
  input  wire `LGC_NETS(bits, 6),
  input  wire `LGC_NETS(layer1, 4),
  `LGC_OUT `LGC_NETS(votes, 6)
);
  `LGC_BLOCK
    `LGC_GATE votes[0] = layer1[1] & ~layer1[2];  // layer2[0]
    `LGC_GATE votes[1] = layer1[0];  // layer2[1]
    `LGC_GATE votes[2] = layer1[1] & ~layer1[2];  // layer2[2]
    `LGC_GATE votes[3] = ~(layer1[1] & layer1[2]);  // layer2[3]
    `LGC_GATE votes[4] = bits[0];
    `LGC_GATE votes[5] = `LGC_ONE;
  `LGC_END
endmodule

// Number of ones among 3 votes: a tree of adders.
module tiny_popcount3 (
  input  wire `LGC_NETS(votes, 3),
  `LGC_OUT `LGC_NETS(count, 3)
);
  wire `LGC_NETS(sums1, 4);
  tiny_add #(.COUNT(3), .WIDTH(1)) add1 (.values(votes), .sums(sums1));
  wire `LGC_NETS(sums2, 3);
  tiny_add #(.COUNT(2), .WIDTH(2)) add2 (.values(sums1), .sums(sums2));
  assign count = sums2;
endmodule

// The class with the largest score, by a tournament.
module tiny_argmax (
  input  wire `LGC_NETS(scores, 4),
  `LGC_OUT `LGC_NETS(class_id, 1)
);
  wire `LGC_NETS(entries, 6);
  genvar c, i;
  generate
    for (c = 0; c < 2; c = c + 1) begin : players
      for (i = 0; i < 2; i = i + 1) begin : score
        assign entries[c*3+i] = scores[c*2+i];
      end
      for (i = 0; i < 1; i = i + 1) begin : class_id
        assign entries[c*3+2+i] = (c >> i) % 2 == 1 ? `LGC_ONE : `LGC_ZERO;
      end
    end
  endgenerate
  wire `LGC_NETS(winners1, 3);
  tiny_round #(.COUNT(2)) round1 (.entries(entries), .winners(winners1));
  tiny_slice #(.TOTAL(3), .OFFSET(2), .SIZE(1)) winner (.nets(winners1), .part(class_id));
endmodule

// score[c] = bias[c] + number of ones in group c, at scores[c*2 +: 2].
module tiny_head (
  input  wire `LGC_NETS(votes, 6),
  `LGC_OUT `LGC_NETS(scores, 4),
  `LGC_OUT `LGC_NETS(class_id, 1)
);
  wire `LGC_NETS(sums, 4);
  genvar i;
  wire `LGC_NETS(group0, 3);
  tiny_slice #(.TOTAL(6), .OFFSET(0), .SIZE(3)) slice0 (.nets(votes), .part(group0));
  wire `LGC_NETS(count0, 3);
  tiny_popcount3 popcount0 (.votes(group0), .count(count0));
  generate
    for (i = 0; i < 2; i = i + 1) begin : sums0_0
      assign sums[0+i] = count0[i];
    end
  endgenerate
  wire `LGC_NETS(group1, 3);
  tiny_slice #(.TOTAL(6), .OFFSET(3), .SIZE(3)) slice1 (.nets(votes), .part(group1));
  wire `LGC_NETS(count1, 3);
  tiny_popcount3 popcount1 (.votes(group1), .count(count1));
  generate
    for (i = 0; i < 2; i = i + 1) begin : sums2_0
      assign sums[2+i] = count1[i];
    end
  endgenerate
  tiny_argmax argmax (.scores(sums), .class_id(class_id));
  assign scores = sums;
endmodule

// 6 bits to 2 classes, 8 gates, combinational.
module tiny (
  input  wire [6*`LGC_WIDTH-1:0] bits,
  output wire [1*`LGC_WIDTH-1:0] class_id
);
  wire `LGC_NETS(x, 6);
  genvar i;
  generate
    for (i = 0; i < 6; i = i + 1) begin : inputs
      assign x[i] = bits[i*`LGC_WIDTH +: `LGC_WIDTH];
    end
  endgenerate
  wire `LGC_NETS(layer1, 4);
  tiny_layer1 u_layer1 (.bits(x), .layer1(layer1));
  wire `LGC_NETS(votes, 6);
  tiny_votes u_votes (.bits(x), .layer1(layer1), .votes(votes));
  wire `LGC_NETS(result_scores, 4);
  wire `LGC_NETS(result_class, 1);
  tiny_head head (.votes(votes), .scores(result_scores), .class_id(result_class));
  generate
    for (i = 0; i < 1; i = i + 1) begin : class_id_nets
      assign class_id[i*`LGC_WIDTH +: `LGC_WIDTH] = result_class[i];
    end
  endgenerate
endmodule
`default_nettype wire
