"""Reading Verilog: text without directives, elaborated by yosys or read at once, evaluated bit by bit."""
