"""Top-k wires on a GPU, as far as that can be tested without one.

Triton's interpreter (see conftest.py) runs the kernels on a CPU, which shows that they are right; its compiler makes
machine code of them, which shows that a GPU would take them. Neither shows how fast they are.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from lgc.ir import Encoder
from lgc.train.candidates import blocks
from lgc.train.functions import mix_candidates
from lgc.train.modules import Dense, Fixed, GroupSum, LogicLayer, LogicNetwork, TableLayer, TopK
from lgc.train.step import TorchStep

needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="Triton is not installed; `make triton` installs it"
)


def problem(rows: int, k: int, inputs: int, samples: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, logits and candidates; the last input is nobody's candidate, others are many operands'."""
    g = torch.Generator().manual_seed(rows + k)
    candidates = torch.stack([torch.randperm(inputs - 1, generator=g)[:k] for _ in range(rows)])
    return torch.rand(inputs, samples, generator=g), torch.randn(rows, k, generator=g), candidates


SHAPES = [(5, 3, 7, 9), (2, 40, 50, 70), (1, 1, 2, 1), (3, 33, 34, 600)]
"""Less than a tile, more than one, not a multiple of it, and one of everything."""


@needs_triton
@pytest.mark.parametrize(("rows", "k", "inputs", "samples"), SHAPES)
def test_kernels_give_the_same_sums(rows: int, k: int, inputs: int, samples: int) -> None:
    from lgc.train.candidates import gpu

    x, logits, candidates = problem(rows, k, inputs, samples)
    p, upstream = torch.softmax(logits, dim=1), torch.randn(rows, samples)
    for name, arguments in {
        "mixture": (x, p, candidates),
        "by_candidate": (x, upstream, candidates),
        "by_input": (upstream, p, candidates, inputs),
    }.items():
        expected, found = getattr(blocks, name)(*arguments), getattr(gpu, name)(*arguments)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}")


@needs_triton
@pytest.mark.parametrize("hard", [False, True])
def test_layers_compute_the_same_by_kernels(hard: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from lgc.train.candidates import gpu

    results = []
    for sums in (blocks, gpu):
        monkeypatch.setattr("lgc.train.functions.sums_for", lambda device, sums=sums: sums)
        x, logits, candidates = problem(6, 5, 9, 11)
        x.requires_grad_(), logits.requires_grad_()
        out = mix_candidates(x, logits, candidates, hard=hard)
        (out * torch.arange(66.0).view(6, 11).cos()).sum().backward()
        results.append((out.detach(), x.grad, logits.grad))
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-5)


COMPILE = """
from triton import compile
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from lgc.train.candidates import gpu

pointers = dict.fromkeys(["x", "p", "upstream", "out"], "*fp32")
pointers |= dict.fromkeys(["candidates", "order", "begin"], "*i64")
numbers = dict.fromkeys(["samples", "k"], "i32")
for kernel in (gpu._mixture, gpu._by_candidate, gpu._by_input):
    source = ASTSource(kernel, {name: (pointers | numbers)[name] for name in kernel.arg_names}, {})
    for capability in (80, 90):  # A100 and H100
        made = compile(source, target=GPUTarget("cuda", capability, 32))
        print(kernel.__name__, capability, len(made.asm["cubin"]))
"""


@needs_triton
def test_kernels_compile_for_gpus(tmp_path: object) -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", COMPILE], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        [name, capability] for name in ("_mixture", "_by_candidate", "_by_input") for capability in ("80", "90")
    ]


class NoReadback(TorchDispatchMode):
    """Refuses operations whose result Python needs before it can go on: a GPU would be waited for."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        assert func._opname not in ("_local_scalar_dense", "nonzero", "equal", "masked_select", "is_nonzero"), func
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("estimator", ["soft", "straight-through"])
@pytest.mark.parametrize("kind", [LogicLayer, TableLayer])
def test_nothing_in_a_step_is_read_back(estimator: str, kind: type) -> None:
    wirings = [Dense(6, 8, estimator=estimator), TopK(8, 8, 3, estimator=estimator), Fixed(8, 8)]  # type: ignore[arg-type]
    layers = [kind(wiring, 8, estimator=estimator) for wiring in wirings]
    step = TorchStep(LogicNetwork(Encoder(6), layers, GroupSum(2, 3.0, spread=2.0)))
    step.lr = 0.1
    bits, labels = torch.randint(0, 2, (5, 6), dtype=torch.uint8), torch.randint(0, 2, (5,))
    step(bits, labels)  # the first input is looked at, whether it is bits
    with NoReadback():
        loss, right = step(bits, labels)
        step.lr = 0.05
        step(bits, labels)
    assert loss > 0
    assert 0 <= right <= 5
    with pytest.raises(AssertionError), NoReadback():
        int(right)
