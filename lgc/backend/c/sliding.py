"""C99 of a model that slides: the code of a kernel stands once, and is called at every position."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar

from lgc.backend.c.format import C99
from lgc.backend.c.held import held_inputs
from lgc.backend.c.kernel import ARGUMENTS, dense_reach, part_calls, part_lines, quickly, window_lines
from lgc.backend.c.layout import CodeLayout, make_layout
from lgc.backend.c.maps import MapChain, MapSlide, map_chain
from lgc.backend.c.plan import KernelCounts, kernel_counts, make_program, program_counts
from lgc.frontend.model import Model
from lgc.ir import Circuit

_TERMS = 6
SLIDES = "slides: each kernel once, called at every position"
"""A line of the first comment: the circuit that it names is the model's, unrolled and not optimised."""


@dataclass(frozen=True)
class SlidingC99(C99):
    """The same interface, of a model instead of its unrolled circuit.

    Attributes:
        chain: the model taken apart.
    """

    notes: ClassVar[tuple[str, ...]] = (SLIDES,)
    chain: MapChain = field(kw_only=True, compare=False)

    def num_nodes(self, circuit: Circuit) -> int:
        """See :class:`C99`: those of a kernel count once."""
        del circuit
        return self.chain.num_nodes

    def counts(self, circuit: Circuit, *, ternary: bool) -> KernelCounts:
        """See :class:`C99`."""
        del circuit
        found = kernel_counts(self.chain.dense, ternary=ternary)
        for slide in self.chain.slides:
            g = slide.layer.geometry
            if slide.circuit is None:
                window = g.field[0] * g.field[1]
                pool = KernelCounts((window - 1) * g.channels, window * g.channels, g.channels)
                found = found.plus(pool, g.positions)
            else:
                for program in slide.programs(self.part_size, ternary=ternary):
                    once = program_counts(program)
                    held = held_inputs(program, slide.circuit.netlist.num_inputs) if ternary else None
                    reads = once.reads if held is None else held
                    inside = replace(once, reads=reads, writes=0)
                    found = found.plus(inside, math.prod(slide.windows + slide.window))
                    found = found.plus(KernelCounts(writes=once.writes), math.prod(slide.windows))
        return found

    def _counted(self, circuit: Circuit) -> Circuit:
        del circuit
        return self.chain.dense

    def _defines(self, circuit: Circuit) -> Iterator[str]:
        yield from super()._defines(circuit)
        # The code is small, and maps of a cache line each stay in the cache: that is what counts here.
        yield from ("#ifndef LGC_VECTORS", "#define LGC_VECTORS (LGC_WORD_BITS == 256 ? 2u : 1u)", "#endif", "")

    def _kernel(self, circuit: Circuit, *, ternary: bool) -> Iterator[str]:
        chain, program = self.chain, make_program(circuit, ternary=ternary)
        layout = make_layout(program, self.part_size)
        yield f"#define SLOTS {chain.num_words + layout.num_slots}u"
        calls: list[str] = []
        functions: list[str] = []
        for number, slide in enumerate(chain.slides, 1):
            functions += self._slide(f"slide{number}_", slide, ternary, calls)
        functions += part_lines(program, layout, chain.words.tolist(), reach=dense_reach(program))
        calls += part_calls(layout, "s, slots, p")
        yield from quickly([*functions, *_evaluate(chain.num_words, calls)])

    def _slide(self, name: str, slide: MapSlide, ternary: bool, calls: list[str]) -> Iterator[str]:
        """The functions of a layer; the loop that calls them is put behind ``calls``."""
        count = 1
        if slide.circuit is None:
            yield from _pool(f"{name}0", slide)
        else:
            words = slide.reads.field(slide.layer.geometry).tolist()
            programs = list(slide.programs(self.part_size, ternary=ternary))
            count = len(programs)
            for number, program in enumerate(programs):
                reach = math.inf if ternary and held_inputs(program, len(words)) is not None else 0
                if slide.joins:
                    yield from window_lines(program, words, f"{name}{number}", slide.window, slide.steps, reach=reach)
                else:
                    yield from part_lines(program, CodeLayout.whole(program), words, name, number, reach=reach)
        calls += _loop(name, slide, count)


def over_positions(form: C99, model: Model | None, level: str = "O2") -> C99:
    """The form for a model: with its kernels once, if it is a chain of layers that slide and dense ones behind them.

    Args:
        model: None for a netlist, whose form is the one given, as it is with ``unroll``.
        level: of the optimisation.
    """
    chain = None if model is None or form.unroll else map_chain(model, level)
    if chain is None:
        return form
    return SlidingC99(**{one.name: getattr(form, one.name) for one in fields(form)}, chain=chain)


def _evaluate(maps: int, calls: list[str]) -> Iterator[str]:
    """What calls them all; behind the maps, so many words, stand those that cross a cut of the dense code."""
    yield f"static void evaluate({ARGUMENTS})\n{{"
    yield f"    word *slots = s + {maps}u * V;"
    yield "    size_t row, column, i;"
    yield "    (void)i;"
    yield from calls
    yield "}\n"


def _loop(name: str, slide: MapSlide, count: int) -> Iterator[str]:
    """Calls of a layer's functions at every position, or window of them.

    Where they go into a small map by OR, one function is called for all windows, and its code stays in the cache. Else
    all are called at a position, whose field does.
    """
    g, reads, writes, (rows, columns) = slide.layer.geometry, slide.reads, slide.writes, slide.window
    steps = slide.steps[0] * rows, slide.steps[1] * columns
    if slide.clears:
        yield f"    for (i = 0; i < {slide.clears[1]}u * V; i++)"
        yield f"        s[{slide.clears[0]}u * V + i] = (word){{0}};"
    source = f"{'x' if slide.first else 's'} + ({reads.corner(g)}u + row * {steps[0]}u + column * {steps[1]}u) * V"
    for numbers in [[number] for number in range(count)] if slide.joins else [range(count)]:
        yield f"    for (row = 0; row < {slide.windows[0]}u; row++)"
        yield f"        for (column = 0; column < {slide.windows[1]}u; column++) {{"
        yield f"            const word *from = {source};"
        yield f"            word *to = s + ({writes.first}u + row * {writes.row}u + column * {writes.column}u) * V;"
        for number in numbers:
            yield f"            {name}{number}(from, slots, to, vectors);"
        yield "        }"


def _pool(name: str, slide: MapSlide) -> Iterator[str]:
    """The OR over a window, channel by channel."""
    g, reads = slide.layer.geometry, slide.reads
    window = [dy * reads.row + dx * reads.column for dy in range(g.field[0]) for dx in range(g.field[1])]
    terms = [f"f[{word}*V]" for word in window]
    yield f"static void {name}({ARGUMENTS})\n{{"
    yield "    for (; vectors; vectors--, x++, s++, p++) {"
    yield "        const word *f = x;"
    yield "        size_t c;"
    yield f"        for (c = 0; c < {g.channels}u; c++, f += {reads.channel}*V)"
    lines = [" | ".join(terms[i : i + _TERMS]) for i in range(0, len(terms), _TERMS)]
    yield "            p[c*V] = " + "\n                | ".join(lines) + ";"
    yield "    }\n}\n"
