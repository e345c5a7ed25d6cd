"""Heads that are fixed as lookup tables: what they share. Each says how it adds bits, and at what price."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from functools import lru_cache
from typing import ClassVar

import numpy as np

from lgc.errors import OptionError
from lgc.ir import Circuit, Head, Netlist
from lgc.mapping.estimate import Area, Estimate, pack_gates, tournament_depth
from lgc.mapping.heads import find_head
from lgc.mapping.heads.argmax import ARCHITECTURES, DEFAULT_ARGMAX
from lgc.mapping.heads.base import EFFORT, HeadArchitecture
from lgc.mapping.heads.columns import Columns
from lgc.mapping.heads.comparators import Comparator, find_comparators, read_nets
from lgc.mapping.heads.cuts import Prices
from lgc.mapping.heads.lower import Lowering
from lgc.mapping.heads.pack import SHARED, pair_up_sets
from lgc.mapping.heads.plan import REGIONS, Mapped
from lgc.mapping.pipeline import Pipeline, input_level, netlist_levels, pipeline
from lgc.parts.part import Family
from lgc.tools.cc import has_c_compiler

COPIES_STAGES = 3
_PER_COMPARED = {4: 1.85, 6: 1.45}
"""Lookup tables for one bit of one comparison of two scores, the choice of the winner included."""


class MappedHead(HeadArchitecture):
    """A head of lookup tables, and carry chains where it needs them: nothing is mapped after it.

    Attributes:
        columns: how the bits of a class's sum are added up; of several ways, the one of the fewest lookup tables for
            each class, of equals the first.
    """

    emitter: ClassVar[str] = "lgc.backend.verilog.mapped:mapped_modules"
    columns: ClassVar[tuple[type[Columns], ...]]

    @abstractmethod
    def prices(self, lut: int) -> Prices:
        """What pieces and bits cost it, in lookup tables of so many operands; the search goes by them."""

    def map(
        self,
        circuit: Circuit,
        *,
        argmax: str = DEFAULT_ARGMAX,
        lut: int = 6,
        outputs: str = "both",
        effort: int = EFFORT,
    ) -> Mapped:
        """See :class:`HeadArchitecture`. What the last calls gave is remembered, for callers that ask again."""
        for name, value, known in (
            ("argmax", argmax, ARCHITECTURES),
            ("outputs", outputs, ("both", "class", "scores")),
        ):
            if value not in known:
                raise OptionError(f"{name} is '{value}'", hint=f"It is one of: {', '.join(known)}")
        self.check_lut(lut)
        return _lowered(self, circuit, argmax, lut, outputs, effort)

    def place(self, circuit: Circuit, mapped: Mapped | None, stages: int, outputs: str) -> Pipeline:
        """See :class:`HeadArchitecture`; copies of the inputs take three register stages."""
        del circuit, outputs
        assert mapped is not None
        if len(mapped.parts) and stages < COPIES_STAGES:
            raise OptionError(
                f"copies of the inputs in a pipeline of {stages} register stages",
                hint=f"They take {COPIES_STAGES} at least: at the input, behind the copies, and at the output",
            )
        netlist = mapped.netlist
        level = netlist.levels[netlist.first_node :]
        counts = np.zeros((netlist.depth + 1, len(REGIONS)), np.int64)
        shown = level <= netlist.depth
        np.add.at(counts, (level[shown], mapped.region[shown]), 1)
        inside = netlist.inside & shown  # beyond are nodes that no output reads
        np.add.at(counts, (level[inside] - 1, mapped.region[inside]), 1)  # the first of two in a row
        parts = [REGIONS[int(region)] for region in counts[1:].argmax(axis=1)]
        levels = [input_level(netlist), *netlist_levels(netlist, gates_per_lut=1.0, parts=parts)]
        placed = pipeline(levels, stages)
        if not len(mapped.parts):
            return placed
        inner = pipeline(levels[1:], stages - 1)  # one at the input, one behind the copies, and the others as ever
        return Pipeline(tuple(levels), (0, *(cut + 1 for cut in inner.cuts)))

    def estimate(self, circuit: Circuit, *, lut: int, outputs: str, pipeline: int, family: Family | None) -> Estimate:
        """See :class:`HeadArchitecture`. The class with the most votes is built, and the others reckoned by votes."""
        del pipeline, family
        sizes = circuit.head.sizes
        largest = int(sizes.argmax())
        sample = _one_class(circuit, largest)
        mapped = self.map(sample, lut=lut, outputs="scores", effort=EFFORT if has_c_compiler() else 0)
        share = float(sizes.sum()) / max(1, int(sizes[largest]))
        compared = find_comparators(circuit, lut) if self.needs_chains else {}
        below = pack_gates(circuit.netlist, lut, fixed=True, apart=compared)
        if compared:
            below = Area(below.luts + _encoder_tables(circuit.netlist, compared, lut), max(1, below.depth))
        depth = max(0, mapped.netlist.depth - below.depth)
        areas = {"gates": below, "popcount": Area(round(mapped.luts["popcount"] * share), depth)}
        if outputs != "scores":
            width = max(1, int(sizes.max(initial=1)).bit_length())
            luts = round(_PER_COMPARED[lut] * width * (circuit.head.num_classes - 1))
            areas["argmax"] = Area(luts, tournament_depth(circuit, lut))
        positions = int((mapped.kind != 0).sum()) // 2
        return Estimate(lut, self.name, areas, round(positions * share))


def map_circuit(circuit: Circuit, head: str, **options: object) -> Mapped:
    """Lower a circuit to lookup tables, its head included; the options are those of :meth:`MappedHead.map`.

    Every score is kept; with ``outputs="class"`` every class is.

    Raises:
        OptionError: no such head, or it is arithmetic; or an option is impossible.
        MissingToolError: there is no C compiler for the search.
    """
    found = find_head(head)
    if not isinstance(found, MappedHead):
        raise OptionError(f"the head {head} is not made of lookup tables", hint="Synthesis maps it")
    return found.map(circuit, **options)  # type: ignore[arg-type]


@lru_cache(maxsize=2)
def _lowered(head: MappedHead, circuit: Circuit, argmax: str, lut: int, outputs: str, effort: int) -> Mapped:
    lowering = Lowering(circuit, head, lut, outputs)
    words = lowering.popcounts(effort)
    index = lowering.argmax(words, argmax) if outputs != "scores" else []
    return lowering.finish(words if outputs != "class" else [], index)


def _one_class(circuit: Circuit, index: int) -> Circuit:
    """The votes of one class alone."""
    lo, hi = circuit.head.offsets[index : index + 2].tolist()
    one = Head(np.array([0, hi - lo]), circuit.head.bias[index : index + 1], ("one",))
    return replace(circuit, netlist=circuit.netlist.with_outputs(circuit.netlist.outputs[lo:hi]), head=one)


def _encoder_tables(netlist: Netlist, found: dict[int, Comparator], lut: int) -> int:
    """Lookup tables, of two outputs if they are large, for the encoder's comparators that something else reads."""
    read = sorted(read_nets(netlist, found))
    if lut <= SHARED:
        return len(read)
    pairs = pair_up_sets(
        {net: frozenset(found[net].nets) for net in read if len(found[net].nets) <= SHARED}, apart=True
    )
    return len(read) - len(pairs)
