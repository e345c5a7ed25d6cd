"""Training steps in C: straight-through layers on the CPU, several times as fast as torch's operations.

:func:`fused_step` gives the step, or None where something is asked for that the kernel does not do; training then
goes through autograd, to the same numbers up to rounding.
"""

from lgc.train.fused.step import FusedStep, fused_step

__all__ = ["FusedStep", "fused_step"]
