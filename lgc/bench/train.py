"""A training step beside plain torch: what `lgc bench --train` runs.

The ways take turns, so that a disturbance of the machine meets all of them; a way's peak memory is that of a process
of its own that runs nothing else.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from lgc.driver.bench import BenchTrain
from lgc.errors import ToolError
from lgc.ir import Encoder
from lgc.progress import Progress
from lgc.tools.run import output_of
from lgc.train.build import build_network
from lgc.train.config import GATES_A_TABLE, TrainConfig
from lgc.train.fused import fused_step
from lgc.train.modules import Dense, GroupSum, LogicLayer, LogicNetwork, TableLayer, TopK, gate_basis
from lgc.train.step import TorchStep

_INPUTS, _CLASSES, _TAU, _LR, _K = 784, 10, 12.0, 0.075, 64
_ARITY, _TABLE_K = 6, 32
_NET = "c16k5s2,c32k3s2,d500"

Update = Callable[[Tensor, Tensor], object]


@dataclass(frozen=True)
class TrainRow:
    """One way to make an update; times in milliseconds, medians.

    ``ratio`` is against the fused step of dense gates; of tables, a quarter as many, and of kernels over images, whose
    number is fixed, against theirs.
    """

    name: str
    step: float
    ratio: float
    peak_megabytes: float


def _plain(gates: int, *, hard: bool) -> Update:
    """LILogicNet's formulation as a torch user would write it, with torch's Adam.

    Wires are a softmax over all inputs, gates one over 16 functions in the basis 1, A, B, AB; with ``hard``, both are
    straight-through.
    """
    wires = torch.randn(2, gates, _INPUTS, requires_grad=True)
    functions = torch.randn(gates, 16, requires_grad=True)
    basis = gate_basis()
    adam = torch.optim.Adam([wires, functions], lr=_LR)

    def choice(logits: Tensor) -> Tensor:
        soft = torch.softmax(logits, dim=-1)
        if not hard:
            return soft
        return soft + (one_hot(logits.argmax(dim=-1), logits.shape[-1]) - soft).detach()

    def update(bits: Tensor, labels: Tensor) -> None:
        x = bits.float().t()
        a, b = choice(wires) @ x
        c0, ca, cb, cab = (choice(functions) @ basis).unsqueeze(-1).unbind(1)
        y = c0 + ca * a + cb * b + cab * a * b
        loss = cross_entropy(y.view(_CLASSES, -1, len(bits)).sum(dim=1).t() / _TAU, labels)
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()

    return update


def _gates(gates: int, k: int = 0) -> LogicNetwork:
    wiring = TopK(_INPUTS, gates, k) if k else Dense(_INPUTS, gates)
    return LogicNetwork(Encoder(_INPUTS), [LogicLayer(wiring, gates)], GroupSum(_CLASSES, _TAU))


def _tables(gates: int) -> LogicNetwork:
    """Tables that take the place of so many gates."""
    tables = max(1, gates // (GATES_A_TABLE * _CLASSES)) * _CLASSES
    layer = TableLayer(TopK(_INPUTS, tables, _TABLE_K, operands=_ARITY), tables)
    return LogicNetwork(Encoder(_INPUTS), [layer], GroupSum(_CLASSES, _TAU))


def _kernels(_gates: int) -> LogicNetwork:
    """Two layers of kernels over images of 28 x 28 and a dense one of tables; as many whatever the gates."""
    config = TrainConfig("mnist", net=_NET, arity=_ARITY, wiring=(f"topk:{_TABLE_K}",), tau=_TAU)
    return build_network(config, Encoder(_INPUTS), _CLASSES, shape=(1, 28, 28))


def _own(network: LogicNetwork) -> Update:
    step = TorchStep(network)
    step.lr = _LR
    return step


def _fused(network: LogicNetwork) -> Update:
    step = fused_step(network, 64)
    if step is None:
        raise ToolError("the training kernel cannot be built here", hint="`lgc doctor` says what is missing")
    step.lr = _LR
    return step


_FUSED, _FUSED_TOPK = "lgc, fused in C", f"lgc, fused in C, top-{_K}"
_FUSED_TABLES, _TORCH_TABLES = (f"lgc, {how}, tables of {_ARITY}, top-{_TABLE_K}" for how in ("fused in C", "autograd"))
_FUSED_KERNELS, _TORCH_KERNELS = (f"lgc, {how}, {_NET}, top-{_TABLE_K}" for how in ("fused in C", "autograd"))
WAYS: dict[str, Callable[[int], Update]] = {
    "plain torch, soft (the paper's)": lambda gates: _plain(gates, hard=False),
    "plain torch, straight-through": lambda gates: _plain(gates, hard=True),
    "lgc, autograd": lambda gates: _own(_gates(gates)),
    _FUSED: lambda gates: _fused(_gates(gates)),
    f"lgc, autograd, top-{_K}": lambda gates: _own(_gates(gates, _K)),
    _FUSED_TOPK: lambda gates: _fused(_gates(gates, _K)),
    _TORCH_TABLES: lambda gates: _own(_tables(gates)),
    _FUSED_TABLES: lambda gates: _fused(_tables(gates)),
    _TORCH_KERNELS: lambda gates: _own(_kernels(gates)),
    _FUSED_KERNELS: lambda gates: _fused(_kernels(gates)),
}


def bench_train(gates: int = 8000, batch: int = 256, repeats: int = 10) -> list[TrainRow]:
    """Each way ``repeats`` times in turns, after one to warm up.

    Raises:
        ToolError: no C compiler, or a process of a way fails.
    """
    peaks = {name: _peak_of(name, gates, batch) for name in WAYS}  # first: a child's peak is never below its parent's
    updates = {name: make(gates) for name, make in WAYS.items()}
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for turn in range(repeats + 1):
        bits, labels = _batch(batch)
        for name, update in updates.items():
            start = time.perf_counter()
            update(bits, labels)
            if turn:
                times[name].append(1e3 * (time.perf_counter() - start))
    middle = {name: median(values) for name, values in times.items()}
    beside = {name: middle[_beside(name)] for name in WAYS}
    return [TrainRow(name, value, value / beside[name], peaks[name]) for name, value in middle.items()]


def _beside(name: str) -> str:
    """The fused way of the same kind."""
    if _NET in name:
        return _FUSED_KERNELS
    return _FUSED_TABLES if "tables" in name else _FUSED


def _batch(batch: int) -> tuple[Tensor, Tensor]:
    return (torch.rand(batch, _INPUTS) < 0.2).to(torch.uint8), torch.randint(0, _CLASSES, (batch,))


def _peak_of(name: str, gates: int, batch: int) -> float:
    command = [sys.executable, "-m", "lgc.bench.train", name, str(gates), str(batch)]
    return float(json.loads(output_of(command, f"measuring the memory of '{name}'")))


def rows(asked: BenchTrain, progress: Progress) -> list[TrainRow]:
    """A row a way."""
    progress.step("training steps")
    return bench_train(asked.gates, repeats=asked.repeats)


def markdown(rows: Iterable[TrainRow]) -> Iterator[str]:
    """The table of docs/benchmarks.md, line by line."""
    yield "| way | ms a step | against fused | peak memory |"
    yield "|---|---|---|---|"
    found = {}
    for row in rows:
        yield f"| {row.name} | {row.step:.1f} | {row.ratio:.2f}x | {row.peak_megabytes:,.0f} MB |"
        found[row.name] = row.step
    tables = found[_FUSED_TABLES]
    yield ""
    yield f"A step of tables in C is {found[_TORCH_TABLES] / tables:.1f} times as fast as that of the torch modules,"
    yield (
        f"and {found[_FUSED] / tables:.1f} times as fast as that of {GATES_A_TABLE} times as many gates with dense "
        f"wires, {found[_FUSED_TOPK] / tables:.1f} times with top-{_K}."
    )
    yield f"That of kernels over images is {found[_TORCH_KERNELS] / found[_FUSED_KERNELS]:.1f} times as fast in C."


def _main(name: str, gates: int, batch: int) -> None:
    update = WAYS[name](gates)
    for _ in range(3):
        update(*_batch(batch))
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024  # Linux counts kilobytes, macOS bytes
    sys.stdout.write(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
