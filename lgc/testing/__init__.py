"""For your own tests: is the Verilog the model?

:func:`assert_equivalent` for any test framework, :mod:`lgc.testing.plugin` for pytest, :mod:`lgc.testing.testbench` for
cocotb.
"""

from lgc.testing.equivalence import NotEquivalentError, assert_equivalent, compile_verilog

__all__ = ["NotEquivalentError", "assert_equivalent", "compile_verilog"]
