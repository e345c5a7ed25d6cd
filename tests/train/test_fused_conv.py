"""The step in C trains kernels that slide over images as autograd and torch's Adam do."""

from __future__ import annotations

import copy
import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from fused_steps import steps_agree
from torch import Tensor
from torch.nn.functional import cross_entropy

from lgc.frontend import lower
from lgc.frontend.conv import Geometry
from lgc.ir import Encoder, interp
from lgc.tools.cc import find_c_compiler
from lgc.train.conv import ConvLogicLayer, OrPool
from lgc.train.edges import draw_edges
from lgc.train.fused import FusedStep, fused_step, kernel
from lgc.train.modules import AnyLayer, GroupSum, LogicNetwork, TableLayer
from lgc.train.wiring import TopK

pytestmark = pytest.mark.skipif(kernel.load_kernel() is None, reason="no C compiler")

CLASSES = 5
IMAGE = Geometry(2, 7, 6, 2, (3, 3), (2, 1), (1, 0))
"""Two channels, odd sizes, two bits a pixel, other strides and padding in each direction."""
Make = Callable[[torch.Generator], list[AnyLayer]]


def dense(inputs: int, made: torch.Generator, arity: int = 4) -> TableLayer:
    return TableLayer(TopK(inputs, 40, 9, operands=arity, generator=made), 40, generator=made)


def one_table(made: torch.Generator) -> list[AnyLayer]:
    conv = ConvLogicLayer.drawn(IMAGE, 6, k=9, arity=6, generator=made)
    return [conv, dense(conv.width, made)]


def whole_field(made: torch.Generator) -> list[AnyLayer]:
    conv = ConvLogicLayer.drawn(IMAGE, 6, arity=3, generator=made)
    return [conv, dense(conv.width, made)]


def trees(made: torch.Generator) -> list[AnyLayer]:
    conv = ConvLogicLayer.drawn(IMAGE, 4, k=9, arity=2, depth=3, residual=False, generator=made)
    return [conv, dense(conv.width, made)]


def pooled(made: torch.Generator) -> list[AnyLayer]:
    conv = ConvLogicLayer.drawn(IMAGE, 6, k=33, arity=4, residual=False, generator=made)
    pool = OrPool(conv.shape, 2)
    again = ConvLogicLayer.drawn(Geometry(*pool.shape, 1, (2, 2), (1, 1), (1, 1)), 8, k=9, arity=5, generator=made)
    return [conv, pool, again, dense(again.width, made)]


def votes(made: torch.Generator) -> list[AnyLayer]:
    conv = ConvLogicLayer.drawn(IMAGE, 7, k=9, arity=4, generator=made)
    return [conv, ConvLogicLayer.drawn(Geometry(*conv.shape, 1, (2, 2)), 10, k=20, arity=2, depth=2, generator=made)]


def pooled_votes(made: torch.Generator) -> list[AnyLayer]:
    conv = ConvLogicLayer.drawn(IMAGE, 10, k=9, arity=4, residual=False, generator=made)
    return [conv, OrPool(conv.shape, (2, 4))]


def edges(made: torch.Generator) -> list[AnyLayer]:
    """Fixed kernels before all that learns, and between."""
    first = draw_edges(IMAGE, 8, arity=4, generator=made)
    conv = ConvLogicLayer.drawn(Geometry(*first.shape, 1, (2, 2)), 6, k=9, arity=4, residual=False, generator=made)
    between = draw_edges(Geometry(*conv.shape, 1, (2, 3)), 7, arity=2, generator=made)
    return [first, conv, between, dense(between.width, made)]


NETWORKS = [one_table, whole_field, trees, pooled, votes, pooled_votes, edges]


def network(make: Make, seed: int = 0) -> LogicNetwork:
    return LogicNetwork(Encoder(IMAGE.num_bits), make(torch.Generator().manual_seed(seed)), GroupSum(CLASSES, 2.0))


def fused(made: LogicNetwork, lr: float = 0.05) -> FusedStep:
    step = fused_step(made, 256)
    assert step is not None
    step.lr = lr
    return step


def batches(count: int, samples: int, seed: int = 9) -> list[tuple[Tensor, Tensor]]:
    random = torch.Generator().manual_seed(seed)
    return [(torch.randint(0, 2, (samples, IMAGE.num_bits), generator=random, dtype=torch.uint8),
             torch.randint(0, CLASSES, (samples,), generator=random)) for _ in range(count)]  # fmt: skip


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("samples", [64, 100, 300])
def test_steps_are_those_of_autograd_and_adam(make: Make, samples: int) -> None:
    mine, plain = network(make), network(make)
    steps_agree(fused(mine), mine, plain, batches(3, samples))


@pytest.mark.parametrize("make", NETWORKS)
def test_gradients_are_those_of_autograd(make: Make) -> None:
    """After one step Adam's first moment is a tenth of the gradient, summed over positions."""
    mine, plain = network(make), network(make)
    (bits, labels), = batches(1, 200)  # fmt: skip
    step = fused(mine)
    step(bits, labels)
    torch.autograd.backward(cross_entropy(plain(bits.float()), labels))
    moments = {id(layer.layer.logits): layer.moments[2] for layer in step.layers}
    moments |= {id(layer.wiring.logits): layer.moments[0] for layer in step.layers if len(layer.wire_logits)}
    assert len(moments) == len(list(plain.parameters()))
    for (name, ours), theirs in zip(mine.named_parameters(), plain.parameters(), strict=True):
        if not theirs.requires_grad:
            assert theirs.grad is None and not moments[id(ours)].any()
            continue
        assert theirs.grad is not None
        size = float(theirs.grad.abs().max())
        assert size > 0, name
        torch.testing.assert_close(10 * moments[id(ours)], theirs.grad, rtol=1e-3, atol=4e-3 * size)


@pytest.mark.parametrize("make", NETWORKS)
def test_scores_are_those_of_the_hardened_circuit(make: Make) -> None:
    """Also of samples that fill no word, and after steps and other candidates."""
    made = network(make)
    step = fused(made)
    (bits, labels), (more, _) = batches(2, 130)
    for _ in range(3):
        expected = interp.scores(lower(made.harden()), more.numpy().astype(bool))
        assert torch.equal(step.scores(more), torch.from_numpy(expected))
        step(bits, labels)
        step.redraw(torch.Generator().manual_seed(1))


@pytest.mark.parametrize("make", [trees, pooled])
def test_state_continues_to_the_same_bits(make: Make) -> None:
    first, second = network(make), network(make, seed=1)
    step = fused(first)
    for bits, labels in batches(2, 100):
        step(bits, labels)
        step.redraw(torch.Generator().manual_seed(1))
    second.load_state_dict(first.state_dict())
    again = fused(second)
    again.load_state_dict(copy.deepcopy(step.state_dict()))
    for bits, labels in batches(3, 100, seed=4):
        assert step(bits, labels) == again(bits, labels)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("make", [trees, pooled, whole_field])
def test_threads_do_not_change_a_bit(make: Make) -> None:
    before, results = torch.get_num_threads(), []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            made = network(make)
            step = fused(made)
            step._threads = lambda _, count=count: count  # type: ignore[method-assign, misc]
            for bits, labels in batches(3, 200):
                step(bits, labels)
            results.append([value.clone() for value in made.parameters()])
    finally:
        torch.set_num_threads(before)
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("flags", [(), ("-mavx2", "-mfma")], ids=["portable", "avx2"])
def test_every_instruction_set_makes_the_same_step(
    flags: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has = Path("/proc/cpuinfo")
    if flags and not (has.exists() and " avx2 " in has.read_text(encoding="utf-8")):
        pytest.skip("the processor has no AVX2")
    other = tmp_path / "other.so"
    command = [*find_c_compiler(), "-std=gnu11", "-O1", *flags, "-fPIC", "-shared", "-o", str(other)]
    subprocess.run([*command, str(kernel.SOURCE), "-lm"], check=True)
    libraries = (kernel.load_kernel(), kernel.bind(ctypes.CDLL(str(other))))
    for make in (trees, pooled, whole_field):
        results = []
        for library in libraries:
            monkeypatch.setattr(kernel, "load_kernel", lambda library=library: library)
            step = fused(network(make))
            (bits, labels), = batches(1, 190)  # fmt: skip
            loss = step(bits, labels)
            results.append([torch.tensor(loss), *(one for layer in step.state_dict()["moments"] for one in layer)])
        for one, other_one in zip(*results, strict=True):
            torch.testing.assert_close(one, other_one, rtol=1e-4, atol=1e-9)
