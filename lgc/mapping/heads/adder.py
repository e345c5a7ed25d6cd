"""The head in plain arithmetic: trees of adders and a tournament, which synthesis maps its own way."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lgc.ir import Circuit
from lgc.mapping.adders import count_matches, count_sums
from lgc.mapping.arithmetic import place_stages
from lgc.mapping.estimate import Area, Estimate, pack_gates, tournament_depth
from lgc.mapping.heads.base import HeadArchitecture
from lgc.mapping.heads.plan import Mapped
from lgc.mapping.pipeline import Pipeline, most_stages
from lgc.mapping.shape import HeadShape
from lgc.parts.part import Adders, Family

# Lookup tables for one full adder that counts votes, gates swallowed, by operands of a table: fitted to yosys 0.70's
# `synth -lut` over the nets of docs/hardware.md.
_PER_ADDER = {4: 2.65, 6: 2.1}
_PER_ADDER_PIPELINED = {4: 3.25, 6: 2.25}  # register stages keep adders apart
_PER_ADDER_APART = {4: 2.65, 6: 2.25}  # and the gates from the adders: no gate is swallowed
_PER_ADDER_ALONE = {4: 3.56, 6: 3.22}  # and every pair of votes from the next: no table holds three of them
_PER_COMPARED = {4: 2.1, 6: 1.8}
"""Lookup tables for one bit of one comparison of two scores, the choice of the winner included."""
_DEPTH = {4: 2.2, 6: 1.6}


class AdderHead(HeadArchitecture):
    """Plain ``+`` and ``>``, for any tool and any part."""

    name: ClassVar[str] = "adder"
    about: ClassVar[str] = "plain arithmetic"
    is_portable: ClassVar[bool] = True
    emitter: ClassVar[str] = "lgc.backend.verilog.head:adder_modules"

    def place(self, circuit: Circuit, mapped: Mapped | None, stages: int, outputs: str) -> Pipeline:
        """See :class:`HeadArchitecture`."""
        del mapped
        return place_stages(circuit, stages, outputs)

    def estimate(self, circuit: Circuit, *, lut: int, outputs: str, pipeline: int, family: Family | None) -> Estimate:
        """See :class:`HeadArchitecture`. Full adders at what yosys was measured to make of one, or on carry chains."""
        most = most_stages(place_stages(circuit, 0, outputs).levels)
        placed = place_stages(circuit, min(pipeline, most), outputs)
        adders = family.adders if family else None
        areas, carry = (
            _on_chains(circuit, lut, placed, adders) if adders else (_in_tables(circuit, lut, placed), (0, 0))
        )
        if outputs == "scores":
            del areas["argmax"]
        used = carry[0] + (carry[1] if outputs != "scores" else 0)
        return Estimate(lut, self.name, areas, used, family.carry_sites if family and adders else 0)


def _on_chains(circuit: Circuit, lut: int, placed: Pipeline, adders: Adders) -> tuple[dict[str, Area], tuple[int, int]]:
    """Areas where the widest additions go onto carry chains; and the chains' cells in popcount and argmax."""
    netlist = circuit.netlist
    below = pack_gates(netlist, lut, cuts=placed.indices("gates"))
    votes = 0 if placed.behind("gates", netlist.depth) else len(np.unique(netlist.outputs))
    shape, sums, matches = HeadShape.of(circuit), count_sums(circuit, placed, adders), count_matches(circuit, adders)
    chosen = max(0, shape.num_classes - 2) * shape.score + (shape.num_classes - 1) * shape.index
    areas = {
        "gates": Area(round(adders.gate * below.luts), below.depth),
        "popcount": Area(round(adders.vote * votes + sums.luts(adders)), round(_DEPTH[lut] * shape.count)),
        "argmax": Area(round(matches.luts(adders) + adders.choice * chosen), tournament_depth(circuit, lut)),
    }
    return areas, (sums.carry, matches.carry)


def _in_tables(circuit: Circuit, lut: int, placed: Pipeline) -> dict[str, Area]:
    """Areas where all of it is lookup tables; the votes' own gates disappear in the adders."""
    netlist, sizes = circuit.netlist, circuit.head.sizes
    per_adder = _PER_ADDER_PIPELINED if placed.latency > 2 else _PER_ADDER
    if placed.behind("gates", netlist.depth):
        per_adder = _PER_ADDER_APART
    if placed.behind("popcount", 1):
        per_adder = _PER_ADDER_ALONE
    adders = sum(size - size.bit_count() for size in sizes.tolist() if size)
    width = int(sizes.max(initial=1)).bit_length()
    compared = _PER_COMPARED[lut] * max(1, width) * (circuit.head.num_classes - 1)
    return {
        "gates": pack_gates(netlist, lut, cuts=placed.indices("gates")),
        "popcount": Area(round(per_adder[lut] * adders), round(_DEPTH[lut] * width)),
        "argmax": Area(round(compared), tournament_depth(circuit, lut)),
    }
