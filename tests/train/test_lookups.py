"""Tables on a GPU, as far as that can be tested without one: see test_candidates.py."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lgc.ir import Encoder
from lgc.train.functions import mix_tables
from lgc.train.modules import Estimator, Fixed, GroupSum, LogicNetwork, TableLayer, TopK

needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="Triton is not installed; `make triton` installs it"
)
TAKES = "lgc.train.functions.lookups_for"


def both(soft: Tensor, hard: Tensor, operands: Tensor, upstream: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Value and gradients by torch's operations and by the kernels."""
    from lgc.train.lookups import gpu

    found = []
    for lookups in (None, gpu):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TAKES, lambda device, lookups=lookups: lookups)
            given_soft, given_operands = soft.clone().requires_grad_(), operands.clone().requires_grad_()
            used = given_soft if hard is soft else hard
            out = mix_tables(given_soft, used, tuple(given_operands))
            out.backward(upstream)
        found.append((out.detach(), given_soft.grad, given_operands.grad))
    return found


@needs_triton
@given(st.integers(2, 6), st.integers(1, 3), st.sampled_from([1, 63, 64, 130]), st.booleans(), st.integers(0, 99))
@settings(max_examples=6)
def test_kernels_give_the_value_and_the_gradients_of_torch(
    arity: int, rows: int, samples: int, bits: bool, seed: int
) -> None:
    """Of bits, where the value is an entry as it is, and of probabilities; of a value that is trained and one not."""
    random = torch.Generator().manual_seed(seed)
    soft = torch.rand(rows, 1 << arity, generator=random)
    operands = torch.rand(arity, rows, samples, generator=random)
    operands = operands.round() if bits else operands
    upstream = torch.randn(rows, samples, generator=random)
    for hard in (soft.round(), soft):
        expected, found = both(soft, hard, operands, upstream)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        if bits:
            address = (operands.long() << torch.arange(arity)[:, None, None]).sum(0)
            assert torch.equal(found[0], hard.gather(1, address))


@needs_triton
@pytest.mark.parametrize("estimator", ["straight-through", "soft", "gumbel"])
def test_a_network_trains_the_same_by_kernels(estimator: Estimator, monkeypatch: pytest.MonkeyPatch) -> None:
    from lgc.train.lookups import gpu

    gradients = []
    for lookups in (None, gpu):
        monkeypatch.setattr(TAKES, lambda device, lookups=lookups: lookups)
        made = torch.Generator().manual_seed(3)
        wirings = (
            TopK(9, 8, 4, operands=6, estimator=estimator, generator=made),
            Fixed(8, 6, operands=3, generator=made),
        )
        layers = [TableLayer(one, gates, estimator=estimator, generator=made)
                  for one, gates in zip(wirings, (8, 6), strict=True)]  # fmt: skip
        network = LogicNetwork(Encoder(9), layers, GroupSum(2, 2.0))
        bits = torch.randint(0, 2, (70, 9), generator=made).float()
        torch.nn.functional.cross_entropy(network(bits), torch.arange(70) % 2).backward()
        gradients.append([one.grad for one in network.parameters()])
        assert len(gradients[-1]) == 3 and all(one.abs().max() > 0 for one in gradients[-1])
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-3, atol=1e-6)


COMPILE = """
from triton import compile
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from lgc.train.lookups import gpu

kinds = dict.fromkeys(["tables", "operands", "upstream", "out"], "*fp32") | dict.fromkeys(["rows", "samples"], "i32")
for kernel in (gpu._means, gpu._by_entry, gpu._by_operand):
    for arity in (2, 6):
        signature = {name: kinds.get(name, "constexpr") for name in kernel.arg_names}
        source = ASTSource(kernel, signature, {"arity": arity})
        for capability in (80, 90):  # A100 and H100
            made = compile(source, target=GPUTarget("cuda", capability, 32))
            print(kernel.__name__, arity, capability, len(made.asm["cubin"]), made.metadata.shared)
"""


@needs_triton
def test_kernels_compile_for_gpus(tmp_path: object) -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", COMPILE], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:3] for line in done.stdout.splitlines()] == [
        [name, arity, capability]
        for name in ("_means", "_by_entry", "_by_operand") for arity in ("2", "6") for capability in ("80", "90")
    ]  # fmt: skip
