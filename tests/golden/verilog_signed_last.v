// Logic-gate network tiny, written by lgc VERSION.
// model-digest: 0000000000000000000000000000000000000000000000000000000000000000
// circuit-digest: a1e3eca45f7d1231d63d13d38fb1b933c9b52b390f58933104b9575ccbf4bfd1
// body-sha256: f4cdfa5127e3b816100a749aca4c12a94533bde961e301ec239baf196491f88e
`default_nettype none
// In hardware `LGC_NETS(x, 4) is [3:0] x and `LGC_GATE is assign. Simulation alone defines LGC_LANES: each net is then a
// vector of LGC_LANES samples, under the same gate lines. Never define it for synthesis.
`ifdef LGC_LANES
`define LGC_NETS(name, size) [`LGC_LANES-1:0] name [0:size-1]
`define LGC_VECTOR [`LGC_LANES-1:0]
`define LGC_WIDTH `LGC_LANES
`define LGC_LANE(lane) [lane]
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
`define LGC_LANE(lane)
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

// Number of ones among votes[OFFSET] to votes[OFFSET+SIZE-1]; in hardware there is one lane.
module tiny_popcount #(
  parameter OFFSET = 0,
  parameter SIZE = 1,
  parameter WIDTH = 1
) (
  input  wire `LGC_NETS(votes, 6),
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

// Index of the largest score; the last of equal ones wins.
module tiny_argmax (
  input  wire [8*`LGC_WIDTH-1:0] scores,
  output reg  [1*`LGC_WIDTH-1:0] class_id
);
  integer i, lane;
  reg signed [3:0] score;
  reg signed [3:0] best;
  always @* begin
    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) begin
      class_id[lane*1 +: 1] = 1'd0;
      best = scores[lane*8 +: 4];
      score = best;
      for (i = 1; i < 2; i = i + 1) begin
        score = scores[lane*8 + i*4 +: 4];
        if (score >= best) begin
          best = score;
          class_id[lane*1 +: 1] = i[0:0];
        end
      end
    end
  end
endmodule

// score[c] = bias[c] + number of ones in group c, at scores[c*4 +: 4].
module tiny_head (
  input  wire `LGC_NETS(votes, 6),
  output wire [8*`LGC_WIDTH-1:0] scores,
  output wire [1*`LGC_WIDTH-1:0] class_id
);
  wire [2*`LGC_WIDTH-1:0] count0;
  tiny_popcount #(.OFFSET(0), .SIZE(3), .WIDTH(2)) popcount0 (.votes(votes), .count(count0));
  wire [2*`LGC_WIDTH-1:0] count1;
  tiny_popcount #(.OFFSET(3), .SIZE(3), .WIDTH(2)) popcount1 (.votes(votes), .count(count1));
  genvar lane;
  generate
    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) begin : lanes
      assign scores[lane*8 + 0 +: 4] = {2'd0, count0[lane*2 +: 2]} - 4'd3;
      assign scores[lane*8 + 4 +: 4] = {2'd0, count1[lane*2 +: 2]} + 4'd1;
    end
  endgenerate
  tiny_argmax argmax (.scores(scores), .class_id(class_id));
endmodule

// 6 bits to 2 classes, 8 gates, combinational.
module tiny (
  input  wire [6*`LGC_WIDTH-1:0] bits,
  output wire [1*`LGC_WIDTH-1:0] class_id,
  output wire [8*`LGC_WIDTH-1:0] scores
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
  wire [8*`LGC_WIDTH-1:0] result_scores;
  wire [1*`LGC_WIDTH-1:0] result_class;
  tiny_head head (.votes(votes), .scores(result_scores), .class_id(result_class));
  assign class_id = result_class;
  assign scores = result_scores;
endmodule
`default_nettype wire
