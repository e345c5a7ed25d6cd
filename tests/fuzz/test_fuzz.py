"""The fuzzer in small, what it found before, and that it finds what is there."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import circuits as fuzzer
import edits
import simulated
import slow_ways
import texts

from lgc.ir import Circuit, parse_text
from lgc.passes.base import PassResult
from lgc.passes.local import ConstFold


def test_random_circuits_every_cheap_way() -> None:
    done = fuzzer.fuzz(60, seed=7, slow=0)
    assert done["passes"] == done["O2"] == 60
    assert done["torch"] > 5 and done["encoder"] == done["O3"] > 10 and done["codes"] > 5


def test_what_was_found_before() -> None:
    paths = sorted(fuzzer.REGRESSIONS.glob("*.lgn"))
    assert paths
    for path in paths:
        fuzzer.check(parse_text(path.read_text()), seed=0)


def wrong_fold(self: ConstFold, circuit: Circuit) -> PassResult:
    """A pass that takes NOR for OR."""
    netlist = circuit.netlist
    table = np.where((netlist.arity == 2) & (netlist.table == 1), np.uint64(14), netlist.table)
    fields = {name: getattr(netlist, name) for name in ("num_inputs", "fanin", "arity", "outputs", "origin", "origins")}
    return PassResult(circuit.with_netlist(type(netlist)(table=table, **fields)), {"folded": 1})


def test_a_wrong_pass_is_found_shrunk_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ConstFold, "run", wrong_fold)
    with pytest.raises(fuzzer.Difference) as found:
        fuzzer.fuzz(400, seed=3, slow=0)
    path = fuzzer.keep(found.value, 3, tmp_path)
    small = parse_text(path.read_text())
    assert small.netlist.num_nodes <= 4 and small.netlist.num_outputs == 1
    monkeypatch.undo()
    fuzzer.check(small, seed=3)


def test_the_scalar_oracle_disagrees_with_a_wrong_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    real = fuzzer.interp.scores
    monkeypatch.setattr("lgc.ir.interp.scores", lambda circuit, bits: real(circuit, bits) + 1)
    with pytest.raises(fuzzer.Difference, match="scalar"):
        fuzzer.check(fuzzer.draw_circuit(random.Random(1)), seed=1)


@pytest.mark.slow
@pytest.mark.sim
def test_random_circuits_every_way() -> None:
    done = fuzzer.fuzz(400, seed=11, slow=10)
    assert done["C"] == done["yosys"] == done["Verilator"] == done["files"] == 40


def test_forms_stay_while_a_circuit_shrinks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A slow way that fails for one form: the circuit it keeps has that form, and little else."""
    seen: list[int] = []

    def picky(circuits: Sequence[Circuit], seed: int) -> None:
        for circuit in circuits:
            seen.append(slow_ways.number(circuit))
            assert slow_ways.number(circuit) != 3

    monkeypatch.setattr(fuzzer, "SLOW", {"picky": picky})
    with pytest.raises(fuzzer.Difference) as found:
        fuzzer.fuzz(8, seed=5, slow=1)
    small = parse_text(fuzzer.keep(found.value, 5, tmp_path).read_text())
    assert slow_ways.number(small) == 3 and small.netlist.num_outputs == 0 and small.encoder.thresholds is None


def test_edited_texts_that_are_proved_are_right(tmp_path: Path) -> None:
    """Edits that leave much to the proof, in the first simulator that is installed."""
    known = texts.forms()
    waiting, seen = [], set[str]()
    for index in range(20):
        form, text, names, result = texts.one(index, 1, known[:1], tmp_path)
        seen.add(result)
        if result == "proved":
            waiting.append((index, form, text, names))
    assert {"proved", "refused"} <= seen
    texts.check_batch(waiting, tmp_path, None, simulated.simulators()[:1])


@pytest.mark.slow
@pytest.mark.sim
def test_edited_texts_that_are_proved_are_right_in_every_simulator(tmp_path: Path) -> None:
    done = texts.fuzz(iter(range(300)), 9, tmp_path)
    assert done["proved"] > 10 and done["refuted"] > 5 and done["refused, and differs"]


def test_a_proved_text_that_differs_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A proof that believes everything: the simulator does not."""
    monkeypatch.setattr(texts, "verdict", lambda form, text, folder: "proved")
    monkeypatch.setattr(edits, "EDITS", (edits.operator,))
    with pytest.raises(texts.ProvedAndDifferentError, match="is proved, and differs in"):
        texts.fuzz(iter([28]), 1, tmp_path)
    assert list(tmp_path.glob("different*.v"))


def test_a_log_is_gone_on_with(tmp_path: Path) -> None:
    log = tmp_path / "log"
    last = simulated.simulators()[-1]
    log.write_text(f"0 refused plain swap\n1 proved plain swap: {last} is right\n2 proved plain swap: other is right\n")
    assert texts.begun(log) == {0, 1}
