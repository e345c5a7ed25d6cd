"""The torch modules mean what the hardened model and the interpreter mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lgc.errors import InputError, OptionError
from lgc.frontend import lower
from lgc.ir import Encoder, interp
from lgc.ir.gates import GATES
from lgc.train.functions import gather_wires, mix_candidates, mix_gates
from lgc.train.modules import Dense, Fixed, GroupSum, LogicLayer, LogicNetwork, Thermometer, TopK, gate_basis


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_gate_basis_is_the_gate_table() -> None:
    for gate, (c0, ca, cb, cab) in zip(GATES, gate_basis().tolist(), strict=True):
        for a in (0, 1):
            for b in (0, 1):
                assert c0 + ca * a + cb * b + cab * a * b == (gate.table >> (a + 2 * b)) & 1


def test_soft_layer_is_the_mixture_of_sixteen_gates() -> None:
    layer = LogicLayer(
        Dense(6, 10, estimator="soft", generator=generator()), 10, estimator="soft", generator=generator()
    )
    x = torch.rand(7, 6, generator=generator(1))
    wires = torch.softmax(layer.connectome.logits, dim=-1)
    a, b = x @ wires[0].t(), x @ wires[1].t()
    corners = [(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b]
    gates = [sum(corners[k] for k in range(4) if gate.table >> k & 1) + torch.zeros_like(a) for gate in GATES]
    expected = (torch.stack(gates, dim=-1) * torch.softmax(layer.logits, dim=-1)).sum(dim=-1)
    torch.testing.assert_close(layer(x), expected)


def plain_straight_through(x: torch.Tensor, wires: torch.Tensor, gates: torch.Tensor) -> torch.Tensor:
    """The same estimators in textbook form: the hard choice, and a zero whose gradient is the soft one's."""

    def both(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        soft = torch.softmax(logits, dim=-1)
        return soft, torch.nn.functional.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(soft.dtype)

    def mix(choice: torch.Tensor) -> torch.Tensor:
        c0, ca, cb, cab = (choice @ gate_basis().to(choice.dtype)).unsqueeze(-1).unbind(1)
        return c0 + ca * a + cb * b + cab * a * b

    soft, hard = both(wires)
    a, b = hard @ x + (soft - soft.detach()) @ x.detach()
    soft, hard = both(gates)
    return mix(soft) + (mix(hard) - mix(soft)).detach()


@pytest.mark.parametrize("need_x", [False, True])
@pytest.mark.parametrize("block_bytes", [1, 300, 1 << 20])
def test_gradients_are_those_of_plain_autograd(need_x: bool, block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgc.train.functions._BLOCK_BYTES", block_bytes)
    inputs = [torch.randn(shape, generator=generator(3), dtype=torch.float64) for shape in [(2, 8, 5), (8, 16)]]
    x = torch.randint(0, 2, (5, 9), generator=generator(4)).double()
    upstream = torch.randn(8, 9, generator=generator(5), dtype=torch.float64)
    results = []
    for custom in (True, False):
        wires, gates = (value.clone().requires_grad_() for value in inputs)
        bits = x.clone().requires_grad_(need_x)
        if custom:
            basis = gate_basis().double()
            a, b = gather_wires(bits, wires)
            out = mix_gates(torch.softmax(gates, dim=-1) @ basis, basis[gates.argmax(dim=-1)], a, b)
        else:
            out = plain_straight_through(bits, wires, gates)
        torch.autograd.backward(out, upstream)
        results.append((out.detach(), wires.grad, gates.grad, bits.grad if need_x else torch.zeros(1)))
    for mine, plain in zip(*results, strict=True):
        torch.testing.assert_close(mine, plain)


@pytest.mark.parametrize("need_x", [False, True])
@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("block_bytes", [1, 400, 1 << 20])
def test_candidates_are_as_in_plain_autograd(
    hard: bool, need_x: bool, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lgc.train.candidates.blocks.BLOCK_BYTES", block_bytes)
    candidates = TopK(7, 4, 3, generator=generator(1)).candidates
    start = torch.randn(8, 3, generator=generator(2), dtype=torch.float64)
    x = torch.rand(7, 5, generator=generator(3), dtype=torch.float64)
    upstream = torch.randn(8, 5, generator=generator(4), dtype=torch.float64)
    results = []
    for custom in (True, False):
        logits, bits = start.clone().requires_grad_(), x.clone().requires_grad_(need_x)
        if custom:
            out = mix_candidates(bits, logits, candidates, hard=hard)
        else:
            gathered = bits[candidates]  # (operands, k, samples)
            p = torch.softmax(logits, dim=1).unsqueeze(-1)
            if hard:
                zero = ((p - p.detach()) * gathered.detach()).sum(dim=1)
                out = gathered[torch.arange(8), logits.argmax(dim=1)] + zero
            else:
                out = (p * gathered).sum(dim=1)
        torch.autograd.backward(out, upstream)
        results.append((out.detach(), logits.grad, bits.grad if need_x else torch.zeros(1)))
    for mine, plain in zip(*results, strict=True):
        torch.testing.assert_close(mine, plain)


@pytest.mark.parametrize(("k", "bound"), [(1, 40), (3, 24), (5, 40), (6, 40), (40, 40)])
def test_candidates_are_distinct_and_all_alike(k: int, bound: int) -> None:
    candidates = TopK(bound, 10_000, k, generator=generator(k)).candidates
    assert (candidates.sort(dim=1).values.diff(dim=1) > 0).all()
    counts = torch.bincount(candidates.flatten(), minlength=bound)
    expected = 20_000 * k / bound
    assert ((counts - expected).abs() < 6 * expected**0.5).all()


@pytest.mark.parametrize("k", [1, 3, 18])
def test_topk_network_equals_interpreter(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lgc.train.wiring._DRAW", 100)  # several blocks
    first = TopK(18, 60, k, generator=generator(k))
    assert all(len(set(row)) == k for row in first.candidates.tolist())
    assert {tuple(shape) for shape in (first.candidates.shape, first.logits.shape)} == {(120, k)}
    layers = [LogicLayer(first, 60, generator=generator()), LogicLayer(TopK(60, 30, 4), 30)]
    net = LogicNetwork(Encoder(18), layers, GroupSum(5, 3.0))
    bits = np.random.default_rng(k).random((130, 18)) < 0.5
    expected = interp.scores(lower(net.harden()), bits)
    np.testing.assert_array_equal(net.scores(torch.from_numpy(bits)).numpy(), expected)


@pytest.mark.parametrize("k", [0, 10])
def test_topk_refuses(k: int) -> None:
    with pytest.raises(OptionError, match=f"k is {k}, but the layer has 9 inputs"):
        TopK(9, 4, k)


def test_mix_gates_gradcheck() -> None:
    soft, a, b = (
        torch.rand(s, generator=generator(6), dtype=torch.float64).requires_grad_() for s in [(3, 4), (3, 5), (3, 5)]
    )
    assert torch.autograd.gradcheck(lambda c, p, q: mix_gates(c, c.detach(), p, q), (soft, a, b))


def network(layers: int, *, thresholds: int = 2, seed: int = 0, candidates: torch.Tensor | None = None) -> LogicNetwork:
    encoder = Encoder(9, np.sort(np.random.default_rng(seed).random((9, thresholds)), axis=1))
    made = [
        LogicLayer(
            Dense(encoder.num_bits, 60, candidates=candidates, generator=generator(seed)), 60, generator=generator(seed)
        )
    ]
    for index in range(1, layers):
        made.append(LogicLayer(Fixed(60, 60, generator=generator(seed + index)), 60, generator=generator(seed + index)))
    return LogicNetwork(encoder, made, GroupSum(5, 3.0))


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("candidates", [None, torch.tensor([1, 4, 5, 17])])
def test_forward_equals_hardened_model_equals_interpreter(layers: int, candidates: torch.Tensor | None) -> None:
    net = network(layers, seed=layers, candidates=candidates)
    features = np.random.default_rng(7).random((130, 9))
    model = net.harden(name="n", classes="abcde", feature_shape=(3, 3), training={"seed": 1})
    assert model.feature_shape == (3, 3)
    assert model.head.classes == tuple("abcde")
    assert model.head.tau == 3.0
    expected = interp.scores(lower(model), net.encoder.encode(features))
    bits = Thermometer(net.encoder.thresholds)(torch.from_numpy(features))
    np.testing.assert_array_equal(net.scores(bits).numpy(), expected)
    for mode in (True, False):  # straight-through: training's forward is the circuit too
        out = net.train(mode)(bits) * 3.0
        np.testing.assert_allclose(out.detach().numpy(), expected, atol=1e-4)
    if candidates is not None:
        assert set(model.layers[0].wires.flatten()) <= set(candidates.tolist())


def test_scores_keep_the_mode() -> None:
    net = network(1)
    for mode in (True, False):
        net.train(mode)
        net.scores(torch.zeros(1, 18))
        assert net.training is mode


def test_fixed_wiring_uses_inputs_evenly() -> None:
    counts = np.bincount(Fixed(10, 25, generator=generator()).wires().numpy().flatten(), minlength=10)
    assert counts.tolist() == [5] * 10


def test_thermometer_is_the_encoder() -> None:
    thresholds = np.array([[0.1, 0.5], [0.2, 0.2], [-1.0, 3.0]])
    features = np.array([[0.1, 0.3, 3.0], [0.5000001, 0.2, 4.0]])
    made = Thermometer(thresholds)
    np.testing.assert_array_equal(made(torch.from_numpy(features)).bool().numpy(), made.encoder().encode(features))


@pytest.mark.parametrize("bad", [[[2.0, 1.0]], [[float("nan")]], [1.0]])
def test_thermometer_refuses(bad: object) -> None:
    with pytest.raises(InputError, match="thresholds"):
        Thermometer(bad)  # type: ignore[arg-type]


def test_gates_that_do_not_divide() -> None:
    layer = LogicLayer(Fixed(4, 11), 11)
    with pytest.raises(OptionError, match=r"11 gates do not divide into 5 classes.*10"):
        LogicNetwork(Encoder(4), [layer], GroupSum(5, 1.0))


def test_groupsum_refuses_tau() -> None:
    with pytest.raises(OptionError, match="tau"):
        GroupSum(5, 0.0)
