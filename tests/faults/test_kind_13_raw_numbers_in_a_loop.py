"""Kind 13: in a training loop of one's own, modules that read bits refuse anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lgc.errors import InputError
from lgc.ir import Encoder
from lgc.train.modules import Dense, Fixed, GroupSum, LogicLayer, LogicNetwork, TableLayer, Thermometer, TopK

WIDTH = 8
RAW = torch.rand(20, WIDTH, generator=torch.Generator().manual_seed(0))
BITS = (RAW > 0.5).float()

Wiring = Callable[..., Any]
WIRINGS: list[Wiring] = [Dense, Fixed, lambda bits, gates, **more: TopK(bits, gates, 3, **more)]


def layer(kind: Any = LogicLayer, wiring: Wiring = Dense, estimator: str = "straight-through") -> Any:
    more = {} if wiring is Fixed else {"estimator": estimator}
    return kind(wiring(WIDTH, 12, **more), 12, estimator=estimator)


def network(**options: Any) -> LogicNetwork:
    return LogicNetwork(Encoder(WIDTH, np.full((WIDTH, 1), 0.5)), [layer(**options)], GroupSum(2, 3.0))


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("kind", [LogicLayer, TableLayer])
@pytest.mark.parametrize("make", [network, layer], ids=["network", "layer"])
@pytest.mark.parametrize("training", [True, False])
def test_raw_numbers_are_refused(make: Any, kind: type, wiring: Wiring, training: bool) -> None:
    module = make(kind=kind, wiring=wiring).train(training)
    with pytest.raises(InputError, match=r"0 or 1.*Encode raw features first"):
        module(RAW)
    with pytest.raises(InputError):  # a second try is not let through
        module(RAW)
    module(BITS)


RAW_NUMBERS = {
    "pixels": (RAW * 255).round(),
    "signed": 2 * BITS - 1,
    "standardised": (RAW - 0.5) / 0.3,
    "nan": torch.where(BITS > 0, torch.nan, BITS),
    "one of many": BITS.index_put((torch.tensor(19), torch.tensor(7)), torch.tensor(0.5)),
    "bytes": (RAW * 255).to(torch.uint8),
}


@pytest.mark.parametrize("name", RAW_NUMBERS)
def test_what_raw_numbers_look_like(name: str) -> None:
    with pytest.raises(InputError, match="0 or 1"):
        network()(RAW_NUMBERS[name])


def test_probabilities_where_the_estimator_is_soft() -> None:
    soft = network(estimator="soft")
    assert soft(RAW).shape == (20, 2)
    with pytest.raises(InputError, match="0 or 1"):  # evaluation is the discrete circuit
        soft.eval()(RAW)
    with pytest.raises(InputError, match="0 to 1"):
        network(estimator="soft")(RAW * 2)


def test_layers_behind_soft_ones_are_given_probabilities() -> None:
    first, second = layer(estimator="soft"), LogicLayer(Dense(12, 4), 4)
    nn.Sequential(first, second, GroupSum(2, 3.0))(BITS).sum().backward()


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("make", [network, layer], ids=["network", "layer"])
def test_bits_of_any_type(make: Any, dtype: torch.dtype) -> None:
    module = make()
    torch.testing.assert_close(module(BITS.to(dtype)), module(BITS))


@pytest.mark.parametrize("shape", [(20, 7), (20, 9), (8,), (20, 2, 4), (20, 16)])
@pytest.mark.parametrize("make", [network, layer, lambda: network().scores], ids=["network", "layer", "scores"])
def test_the_width_is_checked_always(make: Any, shape: tuple[int, ...]) -> None:
    module = make()
    module(BITS)
    with pytest.raises(InputError, match=r"expected \(samples, 8\)"):
        module(torch.zeros(shape))


def test_scores_and_groups() -> None:
    with pytest.raises(InputError, match="0 or 1"):
        network().scores(RAW)
    with pytest.raises(InputError, match="has the shape"):
        GroupSum(3, 1.0)(BITS)
    with pytest.raises(InputError, match="0 to 1"):
        GroupSum(2, 1.0)(RAW * 3)


@pytest.mark.parametrize(
    ("x", "match"),
    [
        (RAW[:, :7], "shape"),
        (torch.full((2, WIDTH), torch.nan), "is nan"),
        (torch.full((2, WIDTH), torch.inf), "is inf"),
        ((RAW * 255).round(), "unscaled"),
    ],
)
def test_a_thermometer_reads_features(x: Tensor, match: str) -> None:
    with pytest.raises(InputError, match=match):
        Thermometer(np.full((WIDTH, 1), 0.5))(x)


def test_what_is_trained_is_what_is_hardened() -> None:
    """The loop of the report, with bits: torch's classes are the circuit's."""
    torch.manual_seed(0)
    labels = torch.randint(0, 2, (200,))
    features = (torch.rand(200, WIDTH) * 0.5 + labels[:, None] * 0.3).numpy()
    net = network()
    bits = torch.from_numpy(net.encoder.encode(features)).float()
    optimiser = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(5):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(bits), labels).backward()
        optimiser.step()
    from lgc.frontend import lower
    from lgc.ir import interp

    hardened = interp.classify(lower(net.harden()), net.encoder.encode(features))
    np.testing.assert_array_equal(net.eval()(bits).argmax(1).numpy(), hardened)
