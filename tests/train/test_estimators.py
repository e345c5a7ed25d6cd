"""Gumbel sampling, truth tables of two to six inputs, and a tau that follows the scores."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from lgc.errors import OptionError
from lgc.frontend import lower
from lgc.ir import Encoder, interp
from lgc.train import TrainConfig
from lgc.train.build import build_network
from lgc.train.fused import fused_step, kernel
from lgc.train.modules import Dense, Fixed, GroupSum, LogicLayer, LogicNetwork, TableLayer, TopK


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("wiring", ["dense", "topk:3", "fixed"])
@pytest.mark.parametrize("arity", [2, 3, 6])
def test_table_network_equals_interpreter(wiring: str, arity: int) -> None:
    config = TrainConfig("digits", gates=30, layers=2, wiring=(wiring,), arity=arity, parametrisation="tables", tau=2.0)
    net = build_network(config, Encoder(18), 5)
    bits = np.random.default_rng(arity).random((130, 18)) < 0.5
    hardened = net.harden()
    assert {layer.arity for layer in hardened.layers} == {arity}
    expected = interp.scores(lower(hardened), bits)
    np.testing.assert_array_equal(net.scores(torch.from_numpy(bits)).numpy(), expected)


@pytest.mark.parametrize("arity", [2, 3, 4])
def test_a_soft_table_is_the_mean_over_its_addresses(arity: int) -> None:
    layer = TableLayer(Fixed(arity, 3, operands=arity, generator=generator()), 3, estimator="soft")
    x = torch.rand(1, arity, generator=generator(1))
    wires, p = layer.connectome.wires(), torch.sigmoid(layer.logits)
    for gate in range(3):
        mean = torch.zeros(())
        for entry, address in enumerate(itertools.product((0, 1), repeat=arity)):
            weight = torch.ones(())
            for position, bit in enumerate(reversed(address)):  # operand 0 is the lowest bit
                value = x[0, wires[gate, position]]
                weight = weight * (value if bit else 1 - value)
            mean = mean + weight * p[gate, entry]
        torch.testing.assert_close(layer(x)[0, gate], mean)


def test_a_straight_through_table_has_the_hard_value_and_the_soft_gradient() -> None:
    wiring = Fixed(6, 8, operands=3, generator=generator())
    hard, soft = (TableLayer(wiring, 8, estimator=e, generator=generator(2)) for e in ("straight-through", "soft"))
    x = torch.randint(0, 2, (20, 6), generator=generator(3)).float()
    upstream = torch.randn(20, 8, generator=generator(4))
    out = hard(x)
    assert set(out.unique().tolist()) <= {0.0, 1.0}
    hard.eval()
    assert torch.equal(out, hard(x))
    torch.autograd.backward(out, upstream)
    torch.autograd.backward(soft(x), upstream)
    torch.testing.assert_close(hard.logits.grad, soft.logits.grad)


@pytest.mark.parametrize(("init", "layers", "residual"), [
    ("auto", 2, 0), ("auto", 3, 2), ("random", 4, 0), ("residual", 2, 1), ("residual", 1, 0),
])  # fmt: skip
def test_tables_start_as_their_first_operand(init: str, layers: int, residual: int) -> None:
    config = TrainConfig("digits", gates=300, layers=layers, wiring=("fixed",), arity=4, parametrisation="tables",
                         table_init=init)  # fmt: skip
    net = build_network(config, Encoder(18), 5)
    first = torch.tensor([0, 1] * 8, dtype=torch.bool)
    for index, layer in enumerate(net.layers):
        equal = ((layer.logits > 0) == first).float().mean()
        assert (equal > 0.99) if index < residual else (0.4 < equal < 0.6)
        spread = layer.logits.detach().abs().std()
        assert 0.4 < spread < 0.7  # neither is without noise


def test_gates_start_at_random() -> None:
    with pytest.raises(OptionError, match="table-init is residual"):
        TrainConfig("digits", table_init="residual")


def test_wires_of_tables_are_drawn_from_inputs_that_change() -> None:
    """Those of gates from all inputs, as their recipes were run; and from all where too few change."""
    among = torch.arange(3, 60)
    shape = {"gates": 300, "layers": 2, "wiring": ("topk:16",)}
    for settings, expected in (({"parametrisation": "tables", "arity": 3}, (3, 60)), ({}, (0, 90))):
        net = build_network(TrainConfig("digits", **shape, **settings), Encoder(90), 5, among)  # type: ignore[arg-type]
        drawn = net.layers[0].connectome.candidates
        assert (int(drawn.min()), int(drawn.max()) + 1) == expected
        assert int(net.layers[1].connectome.candidates.max()) == 299
    config = TrainConfig("digits", parametrisation="tables", **shape)  # type: ignore[arg-type]
    assert int(build_network(config, Encoder(90), 5, among[:9]).layers[0].connectome.candidates.max()) == 89


@pytest.mark.parametrize("arity", [1, 7])
def test_tables_refuse_other_arities(arity: int) -> None:
    with pytest.raises(OptionError, match=f"tables of {arity} inputs"):
        TableLayer(Fixed(9, 4, operands=arity), 4)
    with pytest.raises(OptionError, match="arity"):
        TrainConfig("digits", arity=arity, parametrisation="tables")


def test_sixteen_gates_have_two_inputs() -> None:
    with pytest.raises(OptionError, match="arity is 3"):
        TrainConfig("digits", arity=3)


def test_gumbel_draws_a_choice_as_often_as_its_probability() -> None:
    wiring = Dense(3, 4000, operands=1, estimator="gumbel", generator=generator())
    logits = torch.tensor([0.0, 1.0, 2.0])
    wiring.logits.data[:] = logits
    chosen = wiring(torch.eye(3))[0]  # column i is 1 where input i was taken
    share = chosen.mean(dim=0)
    torch.testing.assert_close(share, torch.softmax(logits, dim=0), atol=0.03, rtol=0)
    wiring.eval()
    assert wiring(torch.eye(3))[0].mean(dim=0).tolist() == [0, 0, 1]  # in evaluation nothing is drawn


@pytest.mark.parametrize("make", [lambda: Dense(9, 6, estimator="gumbel"), lambda: TopK(9, 6, 4, estimator="gumbel")])
def test_gumbel_noise_is_part_of_the_state(make: object) -> None:
    first, second = make(), make()  # type: ignore[operator]
    x = torch.rand(9, 5)
    first(x)
    second.load_state_dict(first.state_dict())
    drawn = [torch.stack(first(x)), torch.stack(second(x)), torch.stack(first(x))]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_gumbel_gates_train() -> None:
    config = TrainConfig("digits", gates=40, wiring=("dense",), estimator="gumbel", wire_estimator="gumbel", tau=2.0)
    net = build_network(config, Encoder(12), 2)
    assert fused_step(net, 64) is None  # the kernel draws nothing
    adam = torch.optim.Adam(net.parameters(), lr=0.1)
    x = torch.randint(0, 2, (256, 12), generator=generator(5)).float()
    labels = (x[:, 3] * x[:, 7]).long()
    for _ in range(150):
        loss = torch.nn.functional.cross_entropy(net(x), labels)
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
    assert (net.scores(x).argmax(dim=1) == labels).float().mean() > 0.95


@pytest.mark.parametrize("fused", [False, True])
def test_adaptive_tau_follows_the_spread_of_the_scores(fused: bool) -> None:
    if fused and kernel.load_kernel() is None:
        pytest.skip("no C compiler")
    net = LogicNetwork(Encoder(20), [LogicLayer(Dense(20, 400), 400)], GroupSum(2, 50.0, spread=2.0))
    bits = torch.randint(0, 2, (128, 20), generator=generator(1), dtype=torch.uint8)
    labels = torch.randint(0, 2, (128,), generator=generator(2))
    if fused:
        step = fused_step(net, 128)
        assert step is not None
        for _ in range(200):  # learning rate 0: the scores stay
            step(bits, labels)
    else:
        for _ in range(200):
            net(bits.float())
    expected = float(net.scores(bits).double().std()) / 2
    assert net.head.tau == pytest.approx(expected, rel=0.05)
    before = net.head.tau
    net.eval()
    net(bits.float() * 0)
    assert net.head.tau == before


@pytest.mark.parametrize("spread", [0.0, -1.0])
def test_a_spread_is_positive(spread: float) -> None:
    with pytest.raises(OptionError, match="spread"):
        GroupSum(2, 1.0, spread=spread)
