"""The pass manager: statistics, dumps, stopping early, checking, and finding a pass that lies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import random_circuit

from lgc.errors import NetlistError, OptionError, OutputError
from lgc.ir import Builder, Circuit, Encoder, Head, interp, parse_text, to_text
from lgc.passes import PASSES, PIPELINES, Pass, PassManager, PassResult, PassStats, Repeat
from lgc.passes.dead import DeadGates
from lgc.passes.levelize import Levelize
from lgc.passes.local import AbsorbInverters, ConstFold, FaninDedup

CIRCUIT = random_circuit(8, [40, 30, 20], 4)


@dataclass(frozen=True)
class Idle(Pass):
    """Does nothing."""

    name: ClassVar[str] = "idle"

    def run(self, circuit: Circuit) -> PassResult:
        return PassResult(circuit)


@dataclass(frozen=True)
class Liar(Pass):
    """Flips one bit of one table: the smallest wrong result there is."""

    node: int = -1
    bit: int = 0
    name: ClassVar[str] = "liar"

    def run(self, circuit: Circuit) -> PassResult:
        netlist = circuit.netlist
        table = netlist.table.copy()
        table[self.node] ^= np.uint64(1 << self.bit)
        return PassResult(circuit.with_netlist(replace(netlist, table=table)), {"lies": 1})


@dataclass(frozen=True)
class Vandal(Pass):
    """Breaks an invariant."""

    name: ClassVar[str] = "vandal"

    def run(self, circuit: Circuit) -> PassResult:
        return PassResult(circuit.with_netlist(replace(circuit.netlist, arity=circuit.netlist.arity + np.uint8(9))))


class Countdown(Pass):
    """Claims a change a few times."""

    name: ClassVar[str] = "countdown"

    def __init__(self, left: int) -> None:
        object.__setattr__(self, "left", [left])

    def run(self, circuit: Circuit) -> PassResult:
        self.left[0] -= 1
        return PassResult(circuit, {"steps": int(self.left[0] >= 0)})


def test_statistics() -> None:
    seen: list[PassStats] = []
    manager = PassManager(observer=seen.append)
    after = manager.run(CIRCUIT, (ConstFold(), Idle(), DeadGates()))
    fold, idle, dead = manager.stats
    assert seen == manager.stats
    assert [stats.index for stats in manager.stats] == [1, 2, 3]
    assert [stats.name for stats in manager.stats] == ["const-fold", "idle", "dead-gates"]
    assert fold.nodes_before == CIRCUIT.netlist.num_nodes
    assert fold.nodes_after == idle.nodes_before == idle.nodes_after == dead.nodes_before
    assert dead.nodes_after == after.netlist.num_nodes
    assert dead.depth_after == after.netlist.depth
    assert dead.outputs_after == after.netlist.num_outputs
    assert dead.counts == {"dead": dead.nodes_before - dead.nodes_after}
    assert (fold.changed, idle.changed, dead.changed) == (True, False, True)
    assert 0 not in fold.counts.values()
    assert all(stats.seconds >= 0 for stats in manager.stats)


def test_dump_dir_holds_the_circuit_before_and_after_every_pass(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "dump"
    manager = PassManager(dump_dir=folder)
    after = manager.run(CIRCUIT, (ConstFold(), Repeat((FaninDedup(), DeadGates()), limit=2)))
    names = ["00-input", *(f"{stats.index:02d}-{stats.name}" for stats in manager.stats)]
    assert names[:3] == ["00-input", "01-const-fold", "02-fanin-dedup"]
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.lgn" for name in names]
    texts = [(folder / f"{name}.lgn").read_text() for name in names]
    assert texts[0] == to_text(CIRCUIT)
    assert texts[-1] == to_text(after)
    assert [parse_text(text).netlist.num_nodes for text in texts[1:]] == [stats.nodes_after for stats in manager.stats]


def test_a_dump_dir_that_is_a_file_is_an_output_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("precious")
    with pytest.raises(OutputError):
        PassManager(dump_dir=path).run(CIRCUIT, (Idle(),))
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("stop", "ran"),
    [("const-fold", 1), ("dead-gates", 2), ("dead-gates:1", 2), ("dead-gates:2", 4), ("idle:3", 7)],
)
def test_stop_after(stop: str, ran: int) -> None:
    pipeline = (ConstFold(), DeadGates(), Idle(), DeadGates(), Idle(), ConstFold(), Idle())
    manager = PassManager(stop_after=stop)
    after = manager.run(CIRCUIT, pipeline)
    assert len(manager.stats) == ran
    assert after.digest() == PassManager().run(CIRCUIT, pipeline[:ran]).digest()


def test_stop_after_inside_a_repeated_round() -> None:
    manager = PassManager(stop_after="countdown:2")
    manager.run(CIRCUIT, (Repeat((Countdown(9), Idle())), ConstFold()))
    assert [stats.name for stats in manager.stats] == ["countdown", "idle", "countdown"]


@pytest.mark.parametrize("stop", ["no-such-pass", "dead-gates:2", "dead-gates:0", "dead-gates:x", "dead"])
def test_stop_after_a_pass_that_does_not_run_is_an_option_error(stop: str) -> None:
    with pytest.raises(OptionError, match=f"{stop} names no pass that ran") as caught:
        PassManager(stop_after=stop).run(CIRCUIT, (ConstFold(), DeadGates(), ConstFold()))
    assert caught.value.hint == "These ran: const-fold, dead-gates"
    with pytest.raises(OptionError, match="These ran: none"):
        PassManager(stop_after=stop).run(CIRCUIT, ())


def test_repeat_ends_when_a_whole_round_changes_nothing() -> None:
    manager = PassManager()
    manager.run(CIRCUIT, (Repeat((Idle(), Countdown(3), Idle())),))
    assert [stats.name for stats in manager.stats] == ["idle", "countdown", "idle"] * 4


def test_repeat_ends_at_its_limit() -> None:
    manager = PassManager()
    manager.run(CIRCUIT, (Repeat((Countdown(99),), limit=5),))
    assert len(manager.stats) == 5


def test_check_finds_a_broken_invariant_and_names_the_pass() -> None:
    pipeline = (ConstFold(), Vandal(), Idle())
    with pytest.raises(NetlistError, match="arity out of range") as caught:
        PassManager(check=True).run(CIRCUIT, pipeline)
    assert caught.value.where == "after pass 2, vandal"


def test_check_finds_an_invalid_circuit_before_the_first_pass() -> None:
    with pytest.raises(NetlistError, match="arity out of range") as caught:
        PassManager(check=True).run(Vandal().run(CIRCUIT).circuit, (Idle(),))
    assert caught.value.where == "before the first pass"


@given(st.integers(0, 19), st.integers(0, 3), st.integers(0, 3))
def test_bisect_finds_the_pass_that_lies(node: int, bit: int, place: int) -> None:
    """One flipped table bit of any node of the last layer, at any place of a pipeline."""
    # Every operand pair of this layer takes all four values, so that every bit matters.
    builder = Builder(4)
    outputs = [
        builder.add(1 + index % 14, (2 + index % 4, 2 + (index + 1 + index // 4 % 3) % 4)) for index in range(20)
    ]
    circuit = Circuit("x", Encoder(4), builder.build(outputs), Head.equal_groups(20, ("a", "b")))
    pipeline: list[Pass] = [Idle(), Levelize(), Idle()]
    pipeline.insert(place, Liar(node, bit))
    manager = PassManager(bisect_vectors=256)
    seen = manager.run(circuit, pipeline)
    assert manager.broken is not None
    assert (manager.broken.stats.name, manager.broken.stats.index) == ("liar", place + 1)
    assert len(manager.stats) == place + 1, "it stops there"
    assert manager.broken.expected != manager.broken.seen
    rows = interp.scores(seen, np.array([[(a >> j) & 1 for j in range(4)] for a in range(16)], bool)).tolist()
    assert manager.broken.seen in rows


def test_bisect_finds_no_fault_in_the_real_passes() -> None:
    for level in PIPELINES:
        manager = PassManager(bisect_vectors=500, check=True)
        manager.run(CIRCUIT, PIPELINES[level])
        assert manager.broken is None


def test_a_broken_pass_before_the_stop_is_no_option_error() -> None:
    manager = PassManager(bisect_vectors=500, stop_after="const-fold")
    manager.run(CIRCUIT, (Liar(bit=1), ConstFold()))
    assert manager.broken is not None


def test_a_manager_can_run_twice() -> None:
    """The second run has statistics, stop and findings of its own."""
    manager = PassManager(stop_after="dead-gates", bisect_vectors=100)
    first = manager.run(CIRCUIT, PIPELINES["O2"])
    stats = [(s.index, s.name, s.nodes_after) for s in manager.stats]
    assert manager.run(CIRCUIT, PIPELINES["O2"]).digest() == first.digest()
    assert [(s.index, s.name, s.nodes_after) for s in manager.stats] == stats


def test_one_page_lists_every_pass_and_the_pipelines_use_only_those() -> None:
    used = set()
    for pipeline in PIPELINES.values():
        for item in pipeline:
            used.update(type(p) for p in (item.passes if isinstance(item, Repeat) else (item,)))
    assert AbsorbInverters in used
    assert used <= set(PASSES.values())
