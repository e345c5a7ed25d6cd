"""Where register stages go: against brute force, and every path through the emitted text crosses each stage once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import circuits, netlists, random_circuit

from lgc.backend.base import to_bytes
from lgc.backend.sections import INPUT, VOTES, cut_sections
from lgc.backend.verilog import Verilog
from lgc.errors import OptionError
from lgc.ir import CONST1, Circuit, Netlist
from lgc.mapping.arithmetic import place_stages
from lgc.mapping.pipeline import MAX_STAGES, Level, crossings, most_stages, pipeline, stages_before
from lgc.passes import optimize

levels_of_any_kind = st.lists(
    st.tuples(st.sampled_from([0.5, 1.0, 1.7, 3.0]), st.integers(0, 40)), min_size=1, max_size=9
).map(
    lambda rows: [
        Level("input", 0, 0.0, 11),
        *(Level("gates", index, delay, registers) for index, (delay, registers) in enumerate(rows, 1)),
    ]
)


def slowest(levels: list[Level], cuts: tuple[int, ...]) -> float:
    return max(sum(one.delay for one in levels[a + 1 : b + 1]) for a, b in pairwise(cuts))


@given(levels_of_any_kind, st.integers(0, 7))
def test_ranks_are_balanced_and_of_those_the_cheapest(levels: list[Level], inner: int) -> None:
    last = len(levels) - 1
    inner = min(inner, last - 1)
    found = pipeline(levels, inner + 2)
    every = [(0, *cuts, last) for cuts in combinations(range(1, last), inner)]
    best = min(slowest(levels, cuts) for cuts in every)
    cheapest = min(sum(levels[cut].registers for cut in cuts) for cuts in every if slowest(levels, cuts) < best + 1e-6)
    assert found.cuts in every
    assert found.delay == pytest.approx(best) and found.registers == cheapest
    assert [one.delay for one in found.stages()][1:] == [
        pytest.approx(sum(one.delay for one in levels[a + 1 : b + 1])) for a, b in pairwise(found.cuts)
    ]


def test_the_first_rank_is_at_the_output_and_the_second_at_the_input() -> None:
    levels = [Level("input", 0, 0.0, 5), Level("gates", 1, 1.0, 9), Level("gates", 2, 1.0, 3)]
    assert [pipeline(levels, stages).cuts for stages in range(4)] == [(), (2,), (0, 2), (0, 1, 2)]
    for stages in (-1, 4):
        with pytest.raises(OptionError, match="takes 0 to 3"):
            pipeline(levels, stages)


def test_a_deep_netlist_is_placed_in_a_moment() -> None:
    levels = [Level("input", 0, 0.0, 5), *(Level("gates", index, 0.5, index % 7) for index in range(1, 3000))]
    assert most_stages(levels) == MAX_STAGES
    found = pipeline(levels, MAX_STAGES)
    assert found.latency == MAX_STAGES and found.delay == pytest.approx(0.5 * -(-2999 // (MAX_STAGES - 1)))


@given(netlists())
def test_crossings_are_the_nets_that_something_later_reads(netlist: Netlist) -> None:
    level = netlist.levels.tolist()
    alive = crossings(netlist)
    assert len(alive) == netlist.depth + 1
    outputs = set(netlist.outputs.tolist())
    for behind in range(netlist.depth + 1):
        held = set(outputs)
        for node in range(netlist.num_nodes):
            if level[netlist.first_node + node] > behind:
                held |= set(netlist.fanin[node][: netlist.arity[node]].tolist())
        constants = {net for net in held if net <= CONST1 or (net >= netlist.first_node and level[net] == 0)}
        assert alive[behind] == sum(level[net] <= behind for net in held - constants)


@given(circuits(), st.lists(st.integers(0, 6), max_size=4).map(sorted))
def test_no_net_goes_back_in_time(circuit: Circuit, cuts: list[int]) -> None:
    netlist = circuit.netlist
    cuts = [cut for cut in cuts if cut < netlist.depth]
    partition = cut_sections(circuit, "top", cuts)
    stages = {INPUT: 0} | {one.name: one.latency for one in partition.sections}
    assert stages[VOTES] == len(cuts)
    for one in partition.sections:
        assert all(stages[name] <= one.latency for name in one.reads)
        nodes = one.nodes[one.nodes >= 0]
        if one.name != VOTES:
            expected = np.minimum(stages_before(netlist, cuts), len(cuts))[netlist.first_node + nodes]
            assert (expected == one.latency).all()


def registers_to(text: str, module: str, start: str, ends: list[str]) -> list[set[int]]:
    """How many registers lie on the paths from one vector to others, within one module of emitted text."""
    body = re.search(rf"^module {module} \(.*?^endmodule", text, re.MULTILINE | re.DOTALL)
    assert body
    counts: dict[str, set[int]] = {start: {0}}
    for line in body[0].split("\n"):
        if match := re.match(r"  always @\(posedge clk\) (\w+) <= (\w+);", line):
            counts[match[1]] = {count + 1 for count in counts[match[2]]}
        elif match := re.match(r"  \w+ (?:#\(.*\) )?\w+ \((.*)\);", line):
            pins = re.findall(r"\.(\w+)\((\w+)\)", match[1])
            *reads, (_, written) = [pin for pin in pins if pin[0] != "clk"]
            counts[written] = set().union(*(counts.get(net, set()) for _, net in reads))
        elif match := re.match(r"  assign (\w+) = (\w+);", line):
            counts[match[1]] = counts.get(match[2], set())
    return [counts[end] for end in ends]


@given(circuits(max_nodes=30), st.data())
def test_every_path_through_the_text_crosses_each_rank_once(circuit: Circuit, data: st.DataObject) -> None:
    stages = data.draw(st.integers(1, most_stages(place_stages(circuit, 0).levels)))
    plan = place_stages(circuit, stages)
    text = to_bytes(Verilog(top="net", pipeline=stages), circuit).decode()
    behind_votes = sum(plan.levels[cut].region in ("popcount", "scores", "argmax") for cut in plan.cuts)
    head = re.search(r"net_head head \(.*\.votes\((\w+)\)", text)
    assert head
    (votes,) = registers_to(text, "net", "x", [head[1]])
    assert votes <= {stages - behind_votes}  # empty: the votes read no input
    summed = sum(plan.levels[cut].region == "popcount" for cut in plan.cuts)
    for size in set(circuit.head.sizes.tolist()) - {0}:
        assert registers_to(text, f"net_popcount{size}", "votes", ["count"]) == [{summed}]
    assert registers_to(text, "net_head", "sums", ["scores"]) == [{behind_votes - summed}]
    rounds = sum(plan.levels[cut].region == "argmax" for cut in plan.cuts)
    if circuit.head.num_classes > 1:
        assert registers_to(text, "net_argmax", "entries", ["class_id"]) == [{rounds}]
    assert text.count("<= rst ?") == 1 and f"reg [{stages - 1}:0] valid;" in text


@given(circuits(max_nodes=30), st.sampled_from(["compress", "carry", "ternary"]), st.data())
def test_every_path_through_a_mapped_head_too(circuit: Circuit, head: str, data: st.DataObject) -> None:
    most = most_stages(Verilog(head=head).placed(circuit).levels)
    stages = data.draw(st.integers(1, most))
    text = to_bytes(Verilog(top="net", head=head, pipeline=stages), circuit).decode()
    results = set(re.findall(r"assign result_\w+\[i\] = (\w+)\[", text))
    assert len(results) == 1
    (found,) = registers_to(text, "net", "x", list(results))
    assert found <= {stages}  # empty: the results read no input


YOSYS = """
import sys
from pyosys import libyosys as ys
design = ys.Design()
for command in (f"read_verilog {sys.argv[1]}", "hierarchy -top net", "proc", "flatten", "opt -full", "simplemap",
                "opt -full", f"write_json {sys.argv[1]}.json"):
    ys.run_pass(command, design)
"""


@pytest.mark.parametrize("stages", [2, 5, 9])
def test_the_registers_in_the_report_are_those_that_yosys_finds(stages: int, tmp_path: Path) -> None:
    """But for what yosys also finds: equal and constant ones."""
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    circuit = optimize(random_circuit(40, [90, 90], num_classes=3, seed=8))
    target = Verilog(top="net", pipeline=stages)
    source = tmp_path / "net.v"
    source.write_bytes(to_bytes(target, circuit))
    subprocess.run([sys.executable, "-c", YOSYS, str(source)], check=True, capture_output=True)
    cells = json.loads(Path(f"{source}.json").read_text())["modules"]["net"]["cells"].values()
    found = sum(len(cell["connections"]["Q"]) for cell in cells if "dff" in cell["type"].lower())
    expected = target.placed(circuit).registers + stages  # and the valid bits
    assert 0.9 * expected <= found <= expected
