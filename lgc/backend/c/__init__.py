"""C99: a circuit as fast portable C.

- :mod:`literal`: straight-line code with free complements; :mod:`lut` and :mod:`counter` write it.
- :mod:`plan`: the order of gates, fused with the counters; :mod:`layout`: functions and scratch words.
- :mod:`maps`: a model taken apart into layers that slide over maps of words; :mod:`sliding` writes it.
- :mod:`format`: the printer. ``words.c``, ``encode.c``, ``driver.c`` and ``selftest.c`` are copied into the output.
"""

from lgc.backend.c.format import C99
from lgc.backend.c.plan import KernelCounts, kernel_counts
from lgc.backend.c.sliding import SlidingC99, over_positions

__all__ = ["C99", "KernelCounts", "SlidingC99", "kernel_counts", "over_positions"]
