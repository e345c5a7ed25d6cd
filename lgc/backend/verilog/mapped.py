"""Verilog of a mapped circuit: a module for each level of lookup tables, and one for the carry chains it steers.

In simulation every table and every position of a chain is an expression; in hardware, if a fabric is named, each is a
cell of that fabric, which synthesis leaves as it is. Both stand in the same module, parted by ``LGC_LANES``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lgc.backend.sections import INPUT, VOTES, Partition, Section
from lgc.backend.verilog.cells import carry_cells, table_lines, two_outputs
from lgc.backend.verilog.gates import GATES_PER_BLOCK, gate_lines, lut_function
from lgc.backend.verilog.grammar import ONE, ZERO, gate_line, generate_loop, module_line, nets, reference
from lgc.backend.verilog.registers import later, registers
from lgc.backend.verilog.strings import STRUNG, slots
from lgc.backend.verilog.top import Emission, Top
from lgc.ir import CONST1, Circuit
from lgc.ir.naming import identifier, unique
from lgc.mapping.heads.literals import COPIES, COPY, GATES, LUT, TABLES
from lgc.mapping.heads.plan import REGIONS, Chain, Mapped
from lgc.mapping.heads.strings import strings
from lgc.mapping.pipeline import stages_before
from lgc.parts.fabrics import Fabric

I64 = NDArray[np.int64]

_KEPT = """\
// Registers of copies that synthesis is not to take for one. The attribute keeps them apart.
(* keep_hierarchy *)
module {name} #(
  parameter SIZE = 1
) (
  input  wire clk,
  input  wire `LGC_NETS(d, SIZE),
  output reg  `LGC_NETS(q, SIZE)
);
  always @(posedge clk) q <= d;
endmodule
"""


def copies_text(top: str) -> str:
    """The module of registers that are kept apart."""
    return _KEPT.format(name=f"{top}_copies")


def mapped_modules(job: Emission) -> Iterator[str]:
    """All modules of a circuit in lookup tables."""
    mapped = job.mapped
    assert mapped is not None
    layout = lay_out(job.circuit, mapped, job.top, job.cuts(mapped.netlist.depth), job.fabric)
    yield from layout.modules(job.top, job.fabric)
    yield from MappedTop(
        job.top, layout.circuit, layout.partition, job.shape, job.pipeline, job.outputs, mapped=mapped
    ).text()


@dataclass(frozen=True, eq=False)
class MappedTop(Top):
    """The top module of a mapped circuit: the last section holds the bits of the results."""

    mapped: Mapped | None = None

    def _registers(self, name: str, width: int, clocks: int) -> Iterator[str]:
        """Copies are registered in modules of their own."""
        assert self.mapped is not None
        section = next((one for one in self.partition.sections if one.name == name), None)
        if section is None or not _is_copies(self.mapped, section):
            yield from registers(name, width, clocks)
            return
        yield f"  wire `LGC_NETS({later(name, 1)}, {width});"
        kept = f"{self.name}_copies #(.SIZE({width})) r_{name}"
        yield f"  {kept} (.clk(clk), .d({name}), .q({later(name, 1)}));"
        yield from registers(name, width, clocks, start=2)

    def _head(self) -> Iterator[str]:
        assert self.mapped is not None
        results = self._seen(VOTES, self._last_use(VOTES))
        if not self.mapped.scores:
            yield from self._inner_scores()
        words = {"result_scores": [place for word in self.mapped.scores for place in word]}
        words["result_class"] = list(self.mapped.class_id)
        for name, places in words.items():
            if places:
                yield f"  wire `LGC_NETS({name}, {len(places)});"
                body = f"assign {name}[i] = {results}[{places[0]}+i];"
                yield from generate_loop(f"{name}_bits", 0, len(places), [body])

    def _inner_scores(self) -> Iterator[str]:
        """Where the scores are, for `lgc verify --formal`: a hint where to cut."""
        assert self.mapped is not None
        for index, word in enumerate(self.mapped.words()):
            names = [f"{'~' * (literal & 1)}{self.partition.references[literal >> 1]}" for literal in word]
            yield f"  // score {index} inside, least bit first: {' '.join(names)}"


def _is_copies(mapped: Mapped, section: Section) -> bool:
    return section.width > 0 and 0 <= section.nodes[0] < len(mapped.parts)


@dataclass(frozen=True, eq=False)
class Layout:
    """A mapped netlist cut into sections.

    Attributes:
        circuit: the circuit around the mapped netlist.
        chains: of each section of chains, by its name.
    """

    mapped: Mapped
    circuit: Circuit
    partition: Partition
    chains: dict[str, list[Chain]] = field(default_factory=dict)

    def modules(self, top: str, fabric: Fabric | None) -> Iterator[str]:
        """The modules of all sections."""
        region = self.mapped.region
        is_fixed = (region != GATES) & (region != COPIES) | _tables(self.mapped, fabric)
        fixed = set(np.flatnonzero(is_fixed).tolist()) if fabric else set()
        if len(self.mapped.parts):
            yield copies_text(top)
        for one in self.partition.sections:
            yield from self._module(top, one, fabric if fixed.intersection(one.nodes.tolist()) else None)

    def _module(self, top: str, section: Section, fabric: Fabric | None) -> Iterator[str]:
        widths = {INPUT: self.circuit.netlist.num_inputs} | {one.name: one.width for one in self.partition.sections}
        yield module_line(f"{top}_{section.name}")
        for name in section.reads:
            yield f"  input  wire {nets(name, widths[name])},"
        yield f"  `LGC_OUT {nets(section.name, max(1, section.width))}"
        yield ");"
        if fabric:
            yield "`ifdef LGC_LANES"
        if section.name in self.chains:
            yield from self._chain_lines(section)
        else:
            nodes = section.nodes[section.nodes >= 0]
            for arity in np.unique(self.mapped.netlist.arity[nodes]).tolist() if len(nodes) else []:
                if arity > 2:
                    yield lut_function(arity)
            yield from gate_lines(self.circuit, self.partition, section)
        if fabric:
            yield "`else"
            yield from self._cells(section, fabric)
            yield "`endif"
        yield "endmodule\n"

    def _chain_lines(self, section: Section) -> Iterator[str]:
        """Sums and carries as expressions of what steers the chain."""
        names = [ZERO, ONE, *self.partition.references[2:]]
        place = {node: index for index, node in enumerate(section.nodes.tolist())}
        lines = []
        for chain in self.chains[section.name]:
            carry = names[chain.carry_in]
            for select, data, total, behind in zip(chain.select, chain.data, chain.sums, chain.carries, strict=True):
                steer, first = names[select], self.mapped.netlist.first_node
                if total - first in place:
                    lines.append(gate_line(reference(section.name, place[total - first]), f"{steer} ^ {carry}"))
                carry = f"(({steer} & {carry}) | (~{steer} & {names[data]}))"
                if behind - first in place:
                    lines.append(gate_line(reference(section.name, place[behind - first]), carry))
        for start in range(0, len(lines), GATES_PER_BLOCK):
            yield "  `LGC_BLOCK"
            yield from (f"    {line}" for line in lines[start : start + GATES_PER_BLOCK])
            yield "  `LGC_END"

    def _cells(self, section: Section, fabric: Fabric) -> Iterator[str]:
        names = ["1'b0", "1'b1", *self.partition.references[2:]]
        netlist, first = self.mapped.netlist, self.mapped.netlist.first_node
        if section.name in self.chains:
            chains = self._strings(section, fabric, names) if self.mapped.folded else self._chain_cells(section, names)
            yield from chains
            return
        yield from self._own_wires(section, names)
        reads = {}
        for node in section.nodes[section.nodes >= 0].tolist():
            reads[node] = [names[net] for net in netlist.fanin[node][: netlist.arity[node]].tolist()]
        paired = {}
        for one, two in self._pairs():
            if one in reads:
                paired[one], paired[two] = two, -1
        for index, node in enumerate(section.nodes.tolist()):
            cell = f"{section.name}_{index}"
            output = names[first + node] if node >= 0 else f"{section.name}[{index}]"
            partner = paired.get(node)
            if node < 0:
                yield f"  assign {output} = {names[-1 - node]};"
            elif first + node in self.mapped.folded:
                yield f"  assign {output} = 1'b0;  // part of a carry cell"
            elif partner is None:
                lines = table_lines(fabric, cell, output, int(netlist.table[node]), reads[node])
                yield from (f"  {line}" for line in lines)
            elif partner >= 0:
                outputs = (output, names[first + partner])
                tables = (int(netlist.table[node]), int(netlist.table[partner]))
                yield f"  {two_outputs(cell, outputs, tables, (reads[node], reads[partner]))}"

    def _own_wires(self, section: Section, names: list[str]) -> Iterator[str]:
        """Wires for what tables of a chain read of their own section, which become its names: no vector reads itself.

        A simulator would take that for a loop and evaluate it until nothing changes.
        """
        inside = self.mapped.netlist.inside
        nodes = section.nodes[section.nodes >= 0]
        read = self.mapped.netlist.fanin[nodes[inside[nodes]]]
        first = self.mapped.netlist.first_node
        for index in np.flatnonzero(np.isin(section.nodes + first, read) & (section.nodes >= 0)).tolist():
            wire = names[first + int(section.nodes[index])] = f"{section.name}_w{index}"
            yield f"  wire {wire};"
            yield f"  assign {section.name}[{index}] = {wire};"

    def _pairs(self) -> Iterator[tuple[int, int]]:
        first = self.mapped.netlist.first_node
        return ((one - first, two - first) for one, two in self.mapped.packed)

    def _strings(self, section: Section, fabric: Fabric, names: Sequence[str]) -> Iterator[str]:
        """Chains whose tables are part of their cells."""
        first = self.mapped.netlist.first_node
        targets = {first + node: f"{section.name}[{place}]" for place, node in enumerate(section.nodes.tolist())}
        for index, string in enumerate(strings(self.chains[section.name])):
            positions = [*slots(self.mapped, string, targets)]
            yield from STRUNG[fabric.carry](f"{section.name}_{index}", positions, names)

    def _chain_cells(self, section: Section, names: Sequence[str]) -> Iterator[str]:
        place = {node + self.mapped.netlist.first_node: index for index, node in enumerate(section.nodes.tolist())}
        for index, chain in enumerate(self.chains[section.name]):
            outputs = []
            for position, (total, behind) in enumerate(zip(chain.sums, chain.carries, strict=True)):
                for net, is_carry in ((total, False), (behind, True)):
                    if net in place:
                        outputs.append((f"{section.name}[{place[net]}]", position, is_carry))
            steer, data = ([names[net] for net in nets] for nets in (chain.select, chain.data))
            yield from carry_cells(f"{section.name}_{index}", steer, data, names[chain.carry_in], outputs)


def lay_out(circuit: Circuit, mapped: Mapped, top: str, cuts: Sequence[int], fabric: Fabric | None = None) -> Layout:
    """Cut a mapped netlist into sections by level; within a level tables come before the chains that they steer.

    Args:
        cuts: per register stage the level that it stands behind, below the depth.
        fabric: whose cells it is written in.
    """
    netlist = mapped.netlist
    first = netlist.first_node
    before = np.minimum(stages_before(netlist, cuts), len(cuts))
    groups = _groups(mapped, _tables(mapped, fabric))
    names = unique((_name(mapped, int(nodes[0])) for nodes in groups), taken=[top])
    home = np.full(netlist.num_nets, -1, np.int64)  # the section of each net: -1 constants, 0 input, i+1 groups[i]
    home[2:first] = 0
    references = ["0", "1", *(f"{INPUT}[{i}]" for i in range(netlist.num_inputs)), *[""] * netlist.num_nodes]
    for index, (name, nodes) in enumerate(zip(names, groups, strict=True)):
        home[first + nodes] = index + 1
        for position, node in enumerate(nodes.tolist()):
            references[first + node] = f"{name}[{position}]"
    labels = [INPUT, *names]
    chains = _chains_by_stage(mapped, home, labels)
    sections = []
    for name, nodes in zip(names, groups, strict=True):
        nets = _operands(mapped, nodes, chains.get(name, []))
        nets = nets[home[nets] != home[first + nodes[0]]]  # tables of a chain read others of their own level
        sections.append(Section(name, nodes, _vectors(nets, home, labels), int(before[first + nodes[0]])))
    outputs = netlist.outputs.astype(np.int64)
    sections.append(Section(VOTES, -1 - outputs, _vectors(outputs, home, labels), len(cuts)))
    return Layout(mapped, circuit.with_netlist(netlist), Partition(tuple(sections), references), chains)


def _tables(mapped: Mapped, fabric: Fabric | None) -> NDArray[np.bool_]:
    """Gates that are cells of their own, bool (M,): as wide as a table, or wider where multiplexers are cells too."""
    tables = mapped.region == TABLES
    return tables | (mapped.wide & (mapped.region == GATES)) if fabric and fabric.muxes else tables


def _groups(mapped: Mapped, tables: NDArray[np.bool_]) -> list[I64]:
    """Nodes by region, layer, level and kind, ``tables`` last; of a chain only what is read outside of it."""
    netlist = mapped.netlist
    inner = np.ones(netlist.num_nets, np.bool_)
    inner[netlist.fanin[((mapped.kind == LUT) | (mapped.kind == COPY))[:, None] & netlist.used]] = False
    inner[netlist.outputs] = False
    for chain in mapped.chains:
        inner[[*chain.data, chain.carry_in]] = False
    chain_node = (mapped.kind != LUT) & (mapped.kind != COPY)
    shown = np.flatnonzero(~chain_node | ~inner[netlist.first_node :])
    level = netlist.levels[netlist.first_node :][shown]
    layer = np.full(netlist.num_nodes, -1, np.int64)
    known = netlist.origin >= 0
    layer[known] = netlist.origins.layer[netlist.origin[known]]
    layer[chain_node | ((mapped.region != GATES) & ~tables)] = -1
    part = np.full(netlist.num_nodes, -1, np.int64)
    part[: len(mapped.parts)] = mapped.parts
    region = np.where(tables, GATES, mapped.region)
    keys = np.stack([part[shown], tables[shown], chain_node[shown], layer[shown], level, region[shown]])
    order = np.lexsort(keys)
    cuts = np.flatnonzero((np.diff(keys[:, order], axis=1) != 0).any(axis=0)) + 1
    return np.split(shown[order], cuts) if len(shown) else []


def _name(mapped: Mapped, node: int) -> str:
    netlist = mapped.netlist
    region = int(mapped.region[node])
    if region in (GATES, TABLES):
        handle = int(netlist.origin[node])
        return identifier(netlist.origins.names[netlist.origins.layer[handle]] if handle >= 0 else "logic", "stage")
    if region == COPIES:
        return f"{REGIONS[region]}_{mapped.parts[node]}"
    level = int(netlist.levels[netlist.first_node + node])
    return f"{REGIONS[region]}_{level}{'_sum' if mapped.kind[node] != LUT else ''}"


def _chains_by_stage(mapped: Mapped, home: I64, labels: list[str]) -> dict[str, list[Chain]]:
    """The chains of each section of chains, in order."""
    found: dict[str, list[Chain]] = {}
    first = mapped.netlist.first_node
    for chain in mapped.chains:
        shown = [net for net in (*chain.sums, *chain.carries) if net and mapped.kind[net - first] != LUT]
        sections = {int(home[net]) for net in shown if home[net] > 0}
        assert len(sections) <= 1, "a chain's outputs are at one level"
        for section in sections:
            found.setdefault(labels[section], []).append(chain)
    return found


def _operands(mapped: Mapped, nodes: I64, chains: list[Chain]) -> I64:
    if chains:
        nets = np.array([net for chain in chains for net in (*chain.select, *chain.data, chain.carry_in)], np.int64)
        own = nets[np.isin(nets, [*mapped.folded])] - mapped.netlist.first_node
        return np.concatenate([nets, mapped.netlist.fanin[own][mapped.netlist.used[own]]])
    return mapped.netlist.fanin[nodes][mapped.netlist.used[nodes]].astype(np.int64)


def _vectors(nets: I64, home: I64, labels: list[str]) -> tuple[str, ...]:
    """Names of the sections that nets belong to, in order."""
    return tuple(labels[index] for index in np.unique(home[nets[nets > CONST1]]).tolist())
