"""Other candidates for top-k wires, in the course of a training."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lgc.errors import OptionError
from lgc.ir import Encoder
from lgc.train import TrainConfig
from lgc.train.fused import fused_step, kernel
from lgc.train.modules import Dense, GroupSum, LogicLayer, LogicNetwork, TopK
from lgc.train.step import Step, TorchStep


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(st.integers(1, 12), st.integers(0, 30), st.integers(0, 99), st.data())
def test_the_likeliest_stay_and_the_others_are_new(k: int, more: int, seed: int, data: st.DataObject) -> None:
    kept = data.draw(st.integers(1, k))
    wiring = TopK(k + more, 3, k, generator=generator(seed))
    candidates, logits, wires = wiring.candidates.clone(), wiring.logits.detach().clone(), wiring.wires()
    new = wiring.redraw(kept, generator(seed + 1))
    assert new.sum(dim=1).tolist() == [k - kept] * 6
    assert torch.equal(wiring.candidates[~new], candidates[~new])
    assert torch.equal(wiring.logits[~new], logits[~new])
    assert torch.equal(wiring.wires(), wires)
    for row, places, values, before in zip(wiring.candidates, new, wiring.logits, logits, strict=True):
        assert len(set(row.tolist())) == k
        assert 0 <= int(row.min()) <= int(row.max()) < k + more
        last = before.sort(descending=True).values[kept - 1]
        assert ((values[places] < last) & (values[places] > last - 1e-5)).all()
        assert (before[~places] >= last).all()
    with pytest.raises(OptionError, match=f"of {k} candidates {k + 1}"):
        wiring.redraw(k + 1)


@given(st.integers(1, 12), st.integers(0, 30), st.integers(0, 99), st.data())
def test_of_a_few_inputs_only_those_are_drawn(k: int, more: int, seed: int, data: st.DataObject) -> None:
    wiring = TopK(60, 3, k, generator=generator(seed))
    among = torch.tensor(sorted(data.draw(st.sets(st.integers(0, 59), min_size=k, max_size=min(60, k + more)))))
    wiring.limit(among, generator(seed + 1))
    for _ in range(3):
        for row in wiring.candidates.tolist():
            assert len(set(row)) == k
            assert set(row) <= set(among.tolist())
        wiring.redraw(data.draw(st.integers(1, k)), generator(seed + 2))
    with pytest.raises(OptionError, match=f"k is {k}, but the layer has {k - 1} inputs"):
        wiring.limit(among[: k - 1])


def test_all_other_inputs_are_alike() -> None:
    """30,000 draws of 2 from the 7 inputs that are left: each a seventh of the time, within five deviations."""
    wiring = TopK(8, 15000, 3, generator=generator())
    wiring.candidates[:] = torch.tensor([2, 5, 6])
    with torch.no_grad():
        wiring.logits[:] = torch.tensor([0.0, 1.0, 0.0])
    new = wiring.redraw(1, generator(3))
    counts = torch.bincount(wiring.candidates[new], minlength=8)
    assert counts[5] == 0
    expected = 60000 / 7
    assert (counts[counts > 0] - expected).abs().max() < 5 * expected**0.5
    assert int((counts > 0).sum()) == 7


def network() -> LogicNetwork:
    made = generator(5)
    layers = [LogicLayer(TopK(37, 40, 8, generator=made), 40, generator=made),
              LogicLayer(TopK(40, 30, 6, generator=made), 30, generator=made),
              LogicLayer(Dense(30, 20, generator=made), 20, generator=made)]  # fmt: skip
    return LogicNetwork(Encoder(37), layers, GroupSum(5, 2.0))


def run(step: Step, updates: int, seed: int) -> None:
    random = generator(seed)
    step.lr = 0.05
    for _ in range(updates):
        step(torch.randint(0, 2, (64, 37), generator=random, dtype=torch.uint8),
             torch.randint(0, 5, (64,), generator=random))  # fmt: skip


@pytest.mark.skipif(kernel.load_kernel() is None, reason="no C compiler")
def test_the_kernel_goes_on_as_autograd_does() -> None:
    fused, plain = network(), network()
    steps: list[Step] = [TorchStep(plain)]
    made = fused_step(fused, 64)
    assert made is not None
    steps.append(made)
    for step in steps:
        run(step, 2, seed=1)
    for a, b in zip(fused.parameters(), plain.parameters(), strict=True):
        b.data.copy_(a.data)  # after the first steps they differ by rounding, and what is drawn must not
    for step in steps:
        step.redraw(generator(7))
        run(step, 2, seed=2)
    for (name, a), b in zip(fused.named_buffers(), plain.buffers(), strict=True):
        assert torch.equal(a, b), name
    for (name, a), b in zip(fused.named_parameters(), plain.parameters(), strict=True):
        assert torch.isclose(a, b, atol=2e-3).float().mean() > 0.97, name


@pytest.mark.skipif(kernel.load_kernel() is None, reason="no C compiler")
def test_what_is_new_has_no_moments() -> None:
    net = network()
    torch_step = TorchStep(net)
    run(torch_step, 2, seed=1)
    before = net.layers[0].connectome.candidates.clone()
    torch_step.redraw(generator(7))
    new = net.layers[0].connectome.candidates != before
    assert 0.5 < new.float().mean() <= 0.75
    state = torch_step.adam.state[net.layers[0].connectome.logits]
    assert (state["exp_avg_sq"][new] == 0).all()
    assert (state["exp_avg"][new] == 0).all()
    assert (state["exp_avg_sq"] > 0).any()
    fused = fused_step(net, 64)
    assert fused is not None
    run(fused, 2, seed=1)
    before = net.layers[0].connectome.candidates.clone()
    fused.redraw(generator(8))
    new = net.layers[0].connectome.candidates != before
    m, v = fused.layers[0].moments[:2]
    assert (m[new] == 0).all()
    assert (v[new] == 0).all()
    assert (v > 0).any()


@pytest.mark.parametrize(("times", "epochs", "expected"), [
    (0, 40, set()), (4, 40, {7, 13, 19, 25}), (1, 8, {4}), (9, 3, {2, 3}), (3, 1, set()),
])  # fmt: skip
def test_epochs_that_redraw(times: int, epochs: int, expected: set[int]) -> None:
    config = TrainConfig("digits", epochs=epochs, redraw=times, wiring=("topk:8",))
    assert config.redraws == expected
    assert replace(config, redraw=0).redraws == set()


@pytest.mark.parametrize("wiring", [("dense",), ("dense", "topk:8"), ("fixed",)])
def test_without_candidates_there_is_nothing_to_redraw(wiring: tuple[str, ...]) -> None:
    """Of one layer; a second wiring is for the second layer."""
    with pytest.raises(OptionError, match="redraw is 3, but no layer chooses among candidates"):
        TrainConfig("digits", redraw=3, wiring=wiring)
    TrainConfig("digits", redraw=3, wiring=("dense", "topk:8"), layers=2)
