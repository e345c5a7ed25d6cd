// Logic-gate network random, written by lgc VERSION.
// model-digest: none
// circuit-digest: 94afbe6bcd37db7912f4f03f27161ba0615034ad25aa42b3ba1bf01386d6d2df
// body-sha256: 778e12f089a9b653767b195a1045ef3ac3e90e4cf36d45d8ed0f06e5da51aedf
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

module tiny_popcount_1 (
  input  wire `LGC_NETS(bits, 8),
  `LGC_OUT `LGC_NETS(popcount_1, 2)
);
`ifdef LGC_LANES
  function automatic `LGC_VECTOR lut6;  // bit {f, e, d, c, b, a} of the table
    input [63:0] table_bits;
    input `LGC_VECTOR f, e, d, c, b, a;
    integer lane;  /* verilator no_inline_task */
    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) lut6[lane] = table_bits[{f[lane], e[lane], d[lane], c[lane], b[lane], a[lane]}];
  endfunction
  `LGC_BLOCK
    `LGC_GATE popcount_1[0] = lut6(64'h7b48b8742ee2edde, bits[6], bits[5], bits[4], bits[3], bits[2], bits[1]);  // popcount[0]
    `LGC_GATE popcount_1[1] = lut6(64'h040444ccff0cfeec, bits[6], bits[5], bits[4], bits[3], bits[2], bits[1]);  // popcount[1]
  `LGC_END
`else
  LUT6 #(.INIT(64'h7b48b8742ee2edde)) popcount_1_0 (.O(popcount_1[0]), .I0(bits[1]), .I1(bits[2]), .I2(bits[3]), .I3(bits[4]), .I4(bits[5]), .I5(bits[6]));
  LUT6 #(.INIT(64'h040444ccff0cfeec)) popcount_1_1 (.O(popcount_1[1]), .I0(bits[1]), .I1(bits[2]), .I2(bits[3]), .I3(bits[4]), .I4(bits[5]), .I5(bits[6]));
`endif
endmodule

module tiny_popcount_3 (
  input  wire `LGC_NETS(bits, 8),
  input  wire `LGC_NETS(popcount_1, 2),
  `LGC_OUT `LGC_NETS(popcount_3, 4)
);
`ifdef LGC_LANES
  function automatic `LGC_VECTOR lut3;  // bit {c, b, a} of the table
    input [7:0] table_bits;
    input `LGC_VECTOR c, b, a;
    integer lane;  /* verilator no_inline_task */
    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) lut3[lane] = table_bits[{c[lane], b[lane], a[lane]}];
  endfunction
  function automatic `LGC_VECTOR lut4;  // bit {d, c, b, a} of the table
    input [15:0] table_bits;
    input `LGC_VECTOR d, c, b, a;
    integer lane;  /* verilator no_inline_task */
    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) lut4[lane] = table_bits[{d[lane], c[lane], b[lane], a[lane]}];
  endfunction
  function automatic `LGC_VECTOR lut5;  // bit {e, d, c, b, a} of the table
    input [31:0] table_bits;
    input `LGC_VECTOR e, d, c, b, a;
    integer lane;  /* verilator no_inline_task */
    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) lut5[lane] = table_bits[{e[lane], d[lane], c[lane], b[lane], a[lane]}];
  endfunction
  `LGC_BLOCK
    `LGC_GATE popcount_3[0] = lut5(32'h00ff6996, bits[7], bits[4], bits[3], bits[2], bits[1]);  // popcount[2]
    `LGC_GATE popcount_3[1] = lut4(16'hcc2b, bits[7], bits[3], bits[2], bits[1]);  // popcount[3]
    `LGC_GATE popcount_3[2] = lut4(16'h6996, popcount_3[1], popcount_1[1], bits[5], bits[1]);  // popcount[4]
    `LGC_GATE popcount_3[3] = lut3(8'he8, popcount_1[1], bits[5], bits[1]);  // popcount[5]
  `LGC_END
`else
  wire popcount_3_w1;
  assign popcount_3[1] = popcount_3_w1;
  LUT6_2 #(.INIT(64'h0069ff96cc2bcc2b)) popcount_3_0 (.O6(popcount_3[0]), .O5(popcount_3_w1), .I0(bits[1]), .I1(bits[2]), .I2(bits[3]), .I3(bits[7]), .I4(bits[4]), .I5(1'b1));
  LUT6_2 #(.INIT(64'h69966996e8e8e8e8)) popcount_3_2 (.O6(popcount_3[2]), .O5(popcount_3[3]), .I0(bits[1]), .I1(bits[5]), .I2(popcount_1[1]), .I3(popcount_3_w1), .I4(1'b0), .I5(1'b1));
`endif
endmodule

module tiny_popcount_3_sum (
  input  wire `LGC_NETS(bits, 8),
  input  wire `LGC_NETS(popcount_3, 4),
  `LGC_OUT `LGC_NETS(popcount_3_sum, 2)
);
`ifdef LGC_LANES
  `LGC_BLOCK
    `LGC_GATE popcount_3_sum[0] = popcount_3[2] ^ ((popcount_3[0] & `LGC_ZERO) | (~popcount_3[0] & bits[4]));
    `LGC_GATE popcount_3_sum[1] = ((popcount_3[2] & ((popcount_3[0] & `LGC_ZERO) | (~popcount_3[0] & bits[4]))) | (~popcount_3[2] & popcount_3[1]));
  `LGC_END
`else
  wire [3:0] popcount_3_sum_0_o0, popcount_3_sum_0_co0;
  CARRY4 popcount_3_sum_0_0 (.CO(popcount_3_sum_0_co0), .O(popcount_3_sum_0_o0), .CI(1'b0), .CYINIT(1'b0), .DI({1'b0, 1'b0, popcount_3[1], bits[4]}), .S({1'b0, 1'b0, popcount_3[2], popcount_3[0]}));
  assign popcount_3_sum[0] = popcount_3_sum_0_o0[1];
  assign popcount_3_sum[1] = popcount_3_sum_0_co0[1];
`endif
endmodule

module tiny_popcount_5 (
  input  wire `LGC_NETS(bits, 8),
  input  wire `LGC_NETS(popcount_1, 2),
  input  wire `LGC_NETS(popcount_3, 4),
  input  wire `LGC_NETS(popcount_3_sum, 2),
  `LGC_OUT `LGC_NETS(popcount_5, 7)
);
`ifdef LGC_LANES
  function automatic `LGC_VECTOR lut3;  // bit {c, b, a} of the table
    input [7:0] table_bits;
    input `LGC_VECTOR c, b, a;
    integer lane;  /* verilator no_inline_task */
    for (lane = 0; lane < `LGC_WIDTH; lane = lane + 1) lut3[lane] = table_bits[{c[lane], b[lane], a[lane]}];
  endfunction
  `LGC_BLOCK
    `LGC_GATE popcount_5[0] = lut3(8'h69, popcount_3[0], popcount_1[0], bits[0]);  // popcount[9]
    `LGC_GATE popcount_5[1] = ~bits[0] & popcount_3[0];  // popcount[10]
    `LGC_GATE popcount_5[2] = popcount_3_sum[0] ^ popcount_5[1];  // popcount[11]
    `LGC_GATE popcount_5[3] = popcount_3[3] ^ popcount_3_sum[1];  // popcount[12]
    `LGC_GATE popcount_5[4] = popcount_3[3] & popcount_3_sum[1];  // popcount[13]
    `LGC_GATE popcount_5[5] = popcount_5[4];  // popcount[14]
    `LGC_GATE popcount_5[6] = `LGC_ONE;  // popcount[15]
  `LGC_END
`else
  wire popcount_5_w1;
  assign popcount_5[1] = popcount_5_w1;
  wire popcount_5_w4;
  assign popcount_5[4] = popcount_5_w4;
  LUT6_2 #(.INIT(64'h6969696944444444)) popcount_5_0 (.O6(popcount_5[0]), .O5(popcount_5_w1), .I0(bits[0]), .I1(popcount_3[0]), .I2(popcount_1[0]), .I3(1'b0), .I4(1'b0), .I5(1'b1));
  LUT2 #(.INIT(4'h6)) popcount_5_2 (.O(popcount_5[2]), .I0(popcount_3_sum[0]), .I1(popcount_5_w1));
  LUT6_2 #(.INIT(64'h6666666688888888)) popcount_5_3 (.O6(popcount_5[3]), .O5(popcount_5_w4), .I0(popcount_3[3]), .I1(popcount_3_sum[1]), .I2(1'b0), .I3(1'b0), .I4(1'b0), .I5(1'b1));
  LUT1 #(.INIT(2'h2)) popcount_5_5 (.O(popcount_5[5]), .I0(popcount_5_w4));
  LUT1 #(.INIT(2'h3)) popcount_5_6 (.O(popcount_5[6]), .I0(1'b0));
`endif
endmodule

module tiny_popcount_5_sum (
  input  wire `LGC_NETS(popcount_1, 2),
  input  wire `LGC_NETS(popcount_5, 7),
  `LGC_OUT `LGC_NETS(popcount_5_sum, 5)
);
`ifdef LGC_LANES
  `LGC_BLOCK
    `LGC_GATE popcount_5_sum[0] = popcount_5[2] ^ ((popcount_5[0] & `LGC_ZERO) | (~popcount_5[0] & popcount_1[0]));
    `LGC_GATE popcount_5_sum[1] = popcount_5[3] ^ ((popcount_5[2] & ((popcount_5[0] & `LGC_ZERO) | (~popcount_5[0] & popcount_1[0]))) | (~popcount_5[2] & popcount_5[1]));
    `LGC_GATE popcount_5_sum[2] = popcount_5[5] ^ ((popcount_5[3] & ((popcount_5[2] & ((popcount_5[0] & `LGC_ZERO) | (~popcount_5[0] & popcount_1[0]))) | (~popcount_5[2] & popcount_5[1]))) | (~popcount_5[3] & `LGC_ZERO));
    `LGC_GATE popcount_5_sum[3] = popcount_5[6] ^ ((popcount_5[5] & ((popcount_5[3] & ((popcount_5[2] & ((popcount_5[0] & `LGC_ZERO) | (~popcount_5[0] & popcount_1[0]))) | (~popcount_5[2] & popcount_5[1]))) | (~popcount_5[3] & `LGC_ZERO))) | (~popcount_5[5] & popcount_5[4]));
    `LGC_GATE popcount_5_sum[4] = ((popcount_5[6] & ((popcount_5[5] & ((popcount_5[3] & ((popcount_5[2] & ((popcount_5[0] & `LGC_ZERO) | (~popcount_5[0] & popcount_1[0]))) | (~popcount_5[2] & popcount_5[1]))) | (~popcount_5[3] & `LGC_ZERO))) | (~popcount_5[5] & popcount_5[4]))) | (~popcount_5[6] & `LGC_ZERO));
  `LGC_END
`else
  wire [3:0] popcount_5_sum_0_o0, popcount_5_sum_0_co0;
  CARRY4 popcount_5_sum_0_0 (.CO(popcount_5_sum_0_co0), .O(popcount_5_sum_0_o0), .CI(1'b0), .CYINIT(1'b0), .DI({popcount_5[4], 1'b0, popcount_5[1], popcount_1[0]}), .S({popcount_5[5], popcount_5[3], popcount_5[2], popcount_5[0]}));
  wire [3:0] popcount_5_sum_0_o1, popcount_5_sum_0_co1;
  CARRY4 popcount_5_sum_0_1 (.CO(popcount_5_sum_0_co1), .O(popcount_5_sum_0_o1), .CI(popcount_5_sum_0_co0[3]), .CYINIT(1'b0), .DI({1'b0, 1'b0, 1'b0, 1'b0}), .S({1'b0, 1'b0, 1'b0, popcount_5[6]}));
  assign popcount_5_sum[0] = popcount_5_sum_0_o0[1];
  assign popcount_5_sum[1] = popcount_5_sum_0_o0[2];
  assign popcount_5_sum[2] = popcount_5_sum_0_o0[3];
  assign popcount_5_sum[3] = popcount_5_sum_0_o1[0];
  assign popcount_5_sum[4] = popcount_5_sum_0_co1[0];
`endif
endmodule

module tiny_votes (
  input  wire `LGC_NETS(popcount_5, 7),
  input  wire `LGC_NETS(popcount_5_sum, 5),
  `LGC_OUT `LGC_NETS(votes, 7)
);
  `LGC_BLOCK
    `LGC_GATE votes[0] = popcount_5[0];
    `LGC_GATE votes[1] = popcount_5_sum[0];
    `LGC_GATE votes[2] = popcount_5_sum[1];
    `LGC_GATE votes[3] = popcount_5_sum[2];
    `LGC_GATE votes[4] = popcount_5_sum[3];
    `LGC_GATE votes[5] = popcount_5_sum[4];
    `LGC_GATE votes[6] = `LGC_ZERO;
  `LGC_END
endmodule

// 8 bits to 1 classes, 25 gates, combinational.
module tiny (
  input  wire [8*`LGC_WIDTH-1:0] bits,
  output wire [1*`LGC_WIDTH-1:0] class_id,
  output wire [6*`LGC_WIDTH-1:0] scores
);
  wire `LGC_NETS(x, 8);
  genvar i;
  generate
    for (i = 0; i < 8; i = i + 1) begin : inputs
      assign x[i] = bits[i*`LGC_WIDTH +: `LGC_WIDTH];
    end
  endgenerate
  wire `LGC_NETS(popcount_1, 2);
  tiny_popcount_1 u_popcount_1 (.bits(x), .popcount_1(popcount_1));
  wire `LGC_NETS(popcount_3, 4);
  tiny_popcount_3 u_popcount_3 (.bits(x), .popcount_1(popcount_1), .popcount_3(popcount_3));
  wire `LGC_NETS(popcount_3_sum, 2);
  tiny_popcount_3_sum u_popcount_3_sum (.bits(x), .popcount_3(popcount_3), .popcount_3_sum(popcount_3_sum));
  wire `LGC_NETS(popcount_5, 7);
  tiny_popcount_5 u_popcount_5 (.bits(x), .popcount_1(popcount_1), .popcount_3(popcount_3), .popcount_3_sum(popcount_3_sum), .popcount_5(popcount_5));
  wire `LGC_NETS(popcount_5_sum, 5);
  tiny_popcount_5_sum u_popcount_5_sum (.popcount_1(popcount_1), .popcount_5(popcount_5), .popcount_5_sum(popcount_5_sum));
  wire `LGC_NETS(votes, 7);
  tiny_votes u_votes (.popcount_5(popcount_5), .popcount_5_sum(popcount_5_sum), .votes(votes));
  wire `LGC_NETS(result_scores, 6);
  generate
    for (i = 0; i < 6; i = i + 1) begin : result_scores_bits
      assign result_scores[i] = votes[0+i];
    end
  endgenerate
  wire `LGC_NETS(result_class, 1);
  generate
    for (i = 0; i < 1; i = i + 1) begin : result_class_bits
      assign result_class[i] = votes[6+i];
    end
  endgenerate
  generate
    for (i = 0; i < 1; i = i + 1) begin : class_id_nets
      assign class_id[i*`LGC_WIDTH +: `LGC_WIDTH] = result_class[i];
    end
  endgenerate
  generate
    for (i = 0; i < 6; i = i + 1) begin : scores_nets
      assign scores[i*`LGC_WIDTH +: `LGC_WIDTH] = result_scores[i];
    end
  endgenerate
endmodule
`default_nettype wire
// Simulators know no cells of parts: these are theirs.
`ifdef VERILATOR
`define LGC_MODELS
`endif
`ifdef __ICARUS__
`define LGC_MODELS
`endif
`ifdef LGC_LANES
`undef LGC_MODELS
`endif
`ifdef LGC_MODELS
`ifndef LGC_CELLS_XC7
`define LGC_CELLS_XC7
module LUT1 #(parameter [1:0] INIT = 0) (output O, input I0);
  assign O = INIT[{I0}];
endmodule
module LUT2 #(parameter [3:0] INIT = 0) (output O, input I0, I1);
  assign O = INIT[{I1, I0}];
endmodule
module LUT3 #(parameter [7:0] INIT = 0) (output O, input I0, I1, I2);
  assign O = INIT[{I2, I1, I0}];
endmodule
module LUT4 #(parameter [15:0] INIT = 0) (output O, input I0, I1, I2, I3);
  assign O = INIT[{I3, I2, I1, I0}];
endmodule
module LUT5 #(parameter [31:0] INIT = 0) (output O, input I0, I1, I2, I3, I4);
  assign O = INIT[{I4, I3, I2, I1, I0}];
endmodule
module LUT6 #(parameter [63:0] INIT = 0) (output O, input I0, I1, I2, I3, I4, I5);
  assign O = INIT[{I5, I4, I3, I2, I1, I0}];
endmodule
module LUT6_2 #(parameter [63:0] INIT = 0) (
  output O6, O5,
  input I0, I1, I2, I3, I4, I5
);
  assign O6 = INIT[{I5, I4, I3, I2, I1, I0}];
  assign O5 = INIT[{1'b0, I4, I3, I2, I1, I0}];
endmodule
module CARRY4 (output [3:0] CO, O, input CI, CYINIT, input [3:0] DI, S);
  wire [3:0] carry = {CO[2:0], CI | CYINIT};
  assign O = S ^ carry;
  assign CO = (S & carry) | (~S & DI);
endmodule
`endif
`endif
