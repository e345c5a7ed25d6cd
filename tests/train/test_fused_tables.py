"""The step in C trains tables of two to six inputs as autograd and torch's Adam do."""

from __future__ import annotations

import copy
import ctypes
import subprocess
from pathlib import Path

import pytest
import torch
from fused_steps import steps_agree
from torch import Tensor
from torch.nn.functional import cross_entropy

from lgc.ir import Encoder
from lgc.tools.cc import find_c_compiler
from lgc.train.fused import FusedStep, fused_step, kernel
from lgc.train.modules import Dense, Fixed, GroupSum, LogicLayer, LogicNetwork, TableLayer, TopK

pytestmark = pytest.mark.skipif(kernel.load_kernel() is None, reason="no C compiler")

WIDTH, CLASSES = 70, 5
ARITIES = [2, 3, 4, 5, 6]
FLAGS = {"portable": (), "avx2": ("-mavx2", "-mfma")}


def network(kinds: str, arity: int, seed: int = 0) -> LogicNetwork:
    """Layers of so many tables, one for each word: where its wires come from."""
    made = torch.Generator().manual_seed(seed)
    layers: list[LogicLayer | TableLayer] = []
    width = WIDTH
    for kind in kinds.split("-"):
        wiring = {
            "dense": lambda: Dense(width, 40, operands=arity, generator=made),  # noqa: B023
            "subset": lambda: Dense(width, 40, operands=arity, candidates=torch.arange(3, 50), generator=made),  # noqa: B023
            "topk": lambda: TopK(width, 40, 9, operands=arity, generator=made),  # noqa: B023
            "widetopk": lambda: TopK(width, 40, 33, operands=arity, generator=made),  # noqa: B023
            "fixed": lambda: Fixed(width, 40, operands=arity, generator=made),  # noqa: B023
            "gates": lambda: TopK(width, 40, 9, generator=made),  # noqa: B023
        }[kind]()
        layers.append((LogicLayer if kind == "gates" else TableLayer)(wiring, 40, generator=made))
        width = 40
    return LogicNetwork(Encoder(WIDTH), layers, GroupSum(CLASSES, 2.0))


def fused(made: LogicNetwork, lr: float = 0.05) -> FusedStep:
    step = fused_step(made, 256)
    assert step is not None
    step.lr = lr
    return step


def batches(count: int, samples: int, seed: int = 9) -> list[tuple[Tensor, Tensor]]:
    random = torch.Generator().manual_seed(seed)
    return [(torch.randint(0, 2, (samples, WIDTH), generator=random, dtype=torch.uint8),
             torch.randint(0, CLASSES, (samples,), generator=random)) for _ in range(count)]  # fmt: skip


@pytest.mark.parametrize("arity", ARITIES)
@pytest.mark.parametrize(
    ("kinds", "samples"),
    [("dense", 100), ("subset", 64), ("widetopk", 300), ("topk", 1), ("fixed", 200),
     ("dense-topk-fixed", 100), ("topk-dense", 256), ("fixed-topk-topk", 130), ("gates-topk", 65), ("topk-gates", 64)],
)  # fmt: skip
def test_steps_are_those_of_autograd_and_adam(kinds: str, samples: int, arity: int) -> None:
    mine, plain = network(kinds, arity), network(kinds, arity)
    steps_agree(fused(mine), mine, plain, batches(3, samples))


@pytest.mark.parametrize("arity", ARITIES)
@pytest.mark.parametrize("kinds", ["dense", "topk", "fixed", "topk-dense-fixed"])
def test_gradients_are_those_of_autograd(kinds: str, arity: int) -> None:
    """After one step Adam's first moment is a tenth of the gradient: of wires rounded to 16 bits, of tables not."""
    mine, plain = network(kinds, arity), network(kinds, arity)
    (bits, labels), = batches(1, 200)  # fmt: skip
    step = fused(mine)
    step(bits, labels)
    torch.autograd.backward(cross_entropy(plain(bits.float()), labels))
    for layer, theirs in zip(step.layers, plain.layers, strict=True):
        m, _, node_m, _ = layer.moments
        expected = theirs.logits.grad
        torch.testing.assert_close(10 * node_m, expected, rtol=1e-3, atol=1e-5 * float(expected.abs().max()))
        if len(m):
            expected = theirs.connectome.logits.grad
            torch.testing.assert_close(10 * m, expected, rtol=0, atol=4e-3 * float(expected.abs().max()))


@pytest.mark.parametrize("kinds", ["dense-topk", "topk-gates-topk"])
def test_state_continues_to_the_same_bits(kinds: str) -> None:
    first, second = network(kinds, 5), network(kinds, 5, seed=1)
    step = fused(first)
    for bits, labels in batches(2, 100):
        step(bits, labels)
    second.load_state_dict(first.state_dict())
    again = fused(second)
    again.load_state_dict(copy.deepcopy(step.state_dict()))
    for bits, labels in batches(3, 100, seed=4):
        assert step(bits, labels) == again(bits, labels)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("arity", [3, 6])
def test_threads_do_not_change_a_bit(arity: int) -> None:
    before, results = torch.get_num_threads(), []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            made = network("dense-topk-topk", arity)
            step = fused(made)
            for bits, labels in batches(3, 200):
                step(bits, labels)
            results.append([*made.parameters(), *(one for layer in step.layers for one in layer.moments)])
    finally:
        torch.set_num_threads(before)
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)


@pytest.fixture(scope="module", params=FLAGS)
def other_kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    has = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    if request.param == "avx2" and not (" avx2 " in has and " fma " in has):
        pytest.skip("the processor has no AVX2")
    built = tmp_path_factory.mktemp("kernel") / "other.so"
    command = [*find_c_compiler(), "-std=gnu11", "-O1", *FLAGS[request.param], "-fPIC", "-shared", "-o", str(built)]
    subprocess.run([*command, str(kernel.SOURCE), "-lm"], check=True)
    return kernel.bind(ctypes.CDLL(str(built)))


@pytest.mark.parametrize("kinds", ["widetopk", "dense-topk"])
@pytest.mark.parametrize("arity", [3, 6])
def test_every_instruction_set_makes_the_same_step(
    arity: int, kinds: str, other_kernel: ctypes.CDLL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to rounding: the integers that wires' gradients become may differ by one."""
    results = []
    for library in (kernel.load_kernel(), other_kernel):
        monkeypatch.setattr(kernel, "load_kernel", lambda library=library: library)
        step = fused(network(kinds, arity))
        loss = [step(bits, labels)[0] for bits, labels in batches(1, 190)]
        results.append([*loss, *(one for layer in step.layers for one in layer.moments)])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=2e-4 * float(one.abs().max()))
