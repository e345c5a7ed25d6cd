"""The step in C trains as autograd and torch's Adam do."""

from __future__ import annotations

import copy
import ctypes
import subprocess
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from lgc.ir import Encoder
from lgc.tools.cc import find_c_compiler
from lgc.train.fused import fused_step, kernel
from lgc.train.modules import Dense, Fixed, GroupSum, LogicLayer, LogicNetwork, TopK

pytestmark = pytest.mark.skipif(kernel.load_kernel() is None, reason="no C compiler")


def network(kind: str, seed: int = 0) -> LogicNetwork:
    made = torch.Generator().manual_seed(seed)
    subset = torch.tensor([0, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31])
    first = {
        "dense": lambda: Dense(37, 40, generator=made),
        "subset": lambda: Dense(37, 40, candidates=subset, generator=made),
        "wide": lambda: Dense(300, 40, generator=made),
        "topk": lambda: TopK(37, 40, 5, generator=made),
        "widetopk": lambda: TopK(300, 40, 150, generator=made),
        "fixed": lambda: Fixed(37, 40, generator=made),
    }[kind.split("-")[0]]
    layers = [LogicLayer(first(), 40, generator=made)]
    if kind.endswith("topk") and "-" in kind:
        layers.append(LogicLayer(TopK(40, 30, 6, generator=made), 30, generator=made))
    if kind.endswith("-dense"):
        layers.append(LogicLayer(Dense(40, 30, generator=made), 30, generator=made))
    return LogicNetwork(Encoder(300 if "wide" in kind else 37), layers, GroupSum(5, 2.0))


@pytest.mark.parametrize("batch", [1, 64, 100, 300])
@pytest.mark.parametrize(
    "kind", ["dense", "subset", "wide", "topk", "widetopk", "fixed", "dense-topk", "topk-dense", "fixed-topk"]
)
def test_steps_are_those_of_autograd_and_adam(kind: str, batch: int) -> None:
    fused, plain = network(kind), network(kind)
    width = fused.encoder.num_bits
    step = fused_step(fused, batch)
    assert step is not None
    step.lr = 0.05
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.05)
    random = torch.Generator().manual_seed(9)
    for _ in range(3):
        bits = torch.randint(0, 2, (batch, width), generator=random, dtype=torch.uint8)
        labels = torch.randint(0, 5, (batch,), generator=random)
        logits = plain(bits.float())
        loss = cross_entropy(logits, labels)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        mine, right = step(bits, labels)
        assert mine == pytest.approx(loss.item(), rel=1e-5)
        assert right == int((logits.argmax(dim=1) == labels).sum())
    for (name, a), b in zip(fused.named_parameters(), plain.parameters(), strict=True):
        # Adam divides by the gradient's size: where it is all but zero, rounding decides the direction of a step.
        close = torch.isclose(a, b, atol=2e-3)
        assert close.float().mean() > 0.97, name
    fused.eval(), plain.eval()


@pytest.mark.parametrize("kind", ["dense", "topk", "dense-topk"])
def test_state_continues_to_the_same_bits(kind: str) -> None:
    first = network(kind)
    step = fused_step(first, 64)
    assert step is not None
    step.lr = 0.1
    bits, labels = torch.randint(0, 2, (50, 37), dtype=torch.uint8), torch.randint(0, 5, (50,))
    step(bits, labels)
    second = network(kind, seed=1)
    second.load_state_dict(first.state_dict())
    again = fused_step(second, 64)
    assert again is not None
    again.load_state_dict(copy.deepcopy(step.state_dict()))
    again.lr = 0.1
    for _ in range(3):
        assert step(bits, labels) == again(bits, labels)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_do_not_change_a_bit(threads: int) -> None:
    before = torch.get_num_threads()
    results = []
    try:
        for count in (threads, 3):
            torch.set_num_threads(count)
            net = network("dense-topk")
            step = fused_step(net, 256)
            assert step is not None
            step.lr = 0.1
            random = torch.Generator().manual_seed(2)
            for _ in range(3):
                step(
                    torch.randint(0, 2, (200, 37), generator=random, dtype=torch.uint8),
                    torch.randint(0, 5, (200,), generator=random),
                )
            results.append([value.clone() for value in net.parameters()])
    finally:
        torch.set_num_threads(before)
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)


def processor_has(feature: str) -> bool:
    try:
        return f" {feature} " in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False


@pytest.mark.parametrize("kind", ["wide", "widetopk", "topk-dense", "dense-topk"])
@pytest.mark.parametrize("flags", [(), ("-mavx2", "-mfma")], ids=["portable", "avx2"])
def test_every_instruction_set_makes_the_same_step(
    kind: str, flags: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sums are of integers, and the same in any order; only what is made of them is rounded otherwise."""
    if flags and not (processor_has("avx2") and processor_has("fma")):
        pytest.skip("the processor has no AVX2")
    other = tmp_path / "other.so"
    command = [*find_c_compiler(), "-std=gnu11", "-O1", *flags, "-fPIC", "-shared", "-o", str(other)]
    subprocess.run([*command, str(kernel.SOURCE), "-lm"], check=True)
    results = []
    for library in (kernel.load_kernel(), kernel.bind(ctypes.CDLL(str(other)))):
        monkeypatch.setattr(kernel, "load_kernel", lambda library=library: library)
        # A larger batch of another network comes first: what it leaves on the stack must not matter.
        for seed, samples in ((1, 256), (0, 190)):
            net = network(kind, seed)
            step = fused_step(net, 256)
            assert step is not None
            step.lr = 0.05
            random = torch.Generator().manual_seed(3)
            bits = torch.randint(0, 2, (samples, net.encoder.num_bits), generator=random, dtype=torch.uint8)
            loss = step(bits, torch.randint(0, 5, (samples,), generator=random))
        results.append([torch.tensor(loss), *(one for layer in step.state_dict()["moments"] for one in layer)])
    for one, other_one in zip(*results, strict=True):
        torch.testing.assert_close(one, other_one, rtol=1e-4, atol=1e-9)


def test_what_the_kernel_does_not_do_goes_through_autograd(monkeypatch: pytest.MonkeyPatch) -> None:
    soft = LogicNetwork(Encoder(9), [LogicLayer(Dense(9, 10, estimator="soft"), 10)], GroupSum(2, 1.0))
    assert fused_step(soft, 64) is None
    assert fused_step(network("dense"), 5000) is None
    monkeypatch.setattr(kernel, "load_kernel", lambda: None)
    assert fused_step(network("dense"), 64) is None
