"""Where a run computes: the device, and the processes that share its work.

`torchrun` starts the processes and says in the environment who is who. Every process holds the whole network and all
the data, and draws the same random numbers. Through autograd it takes its part of each batch, and gradients are
averaged; through the C kernel it updates its part of the gates, and what they became is exchanged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from lgc.errors import OptionError
from lgc.tools.threads import is_forked


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of a run, of which this is number ``rank`` of ``size``."""

    rank: int = 0
    size: int = 1

    def check(self, batch: int, samples: int) -> None:
        """Raise OptionError if batches do not divide evenly."""
        if self.size > 1 and (batch % self.size or samples < batch):
            raise OptionError(
                f"batches of {batch} out of {samples} samples do not divide among {self.size} processes",
                hint=f"Give a --batch that is a multiple of {self.size}, and at most the number of samples",
            )

    def share(self, rows: Tensor) -> Tensor:
        """This process's part of a batch, as even as possible."""
        return rows if self.size == 1 else torch.tensor_split(rows, self.size)[self.rank]

    def part(self, count: int, rank: int | None = None) -> slice:
        """Of ``count`` rows those of this process, or of another."""
        rank = self.rank if rank is None else rank
        return slice(count * rank // self.size, count * (rank + 1) // self.size)

    def exchange(self, tensor: Tensor, dim: int = 0) -> None:
        """Give the others this process's part of a tensor's rows along ``dim``, and take theirs, in place."""
        for rank in range(self.size) if self.size > 1 else ():
            part = self.part(tensor.shape[dim], rank)
            theirs = tensor.narrow(dim, part.start, part.stop - part.start)
            sent = theirs.contiguous()
            dist.broadcast(sent, src=rank)
            theirs.copy_(sent)

    def sums(self, *values: float) -> list[float]:
        """Each value summed over the processes."""
        if self.size == 1:
            return list(values)
        total = torch.tensor(values, dtype=torch.float64)
        if dist.get_backend() == "nccl":
            total = total.cuda()
        dist.all_reduce(total)
        return [float(value) for value in total]

    def average_gradients(self, network: nn.Module) -> None:
        """From now on, a backward pass leaves the mean of all processes' gradients in the parameters."""

        def average(parameter: Tensor) -> None:
            assert parameter.grad is not None
            dist.all_reduce(parameter.grad)
            parameter.grad /= self.size

        if self.size > 1:
            for parameter in filter(lambda one: one.requires_grad, network.parameters()):
                parameter.register_post_accumulate_grad_hook(average)  # type: ignore[no-untyped-call]

    def wait(self) -> None:
        """For all the others."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def joined(device: torch.device) -> Iterator[ProcessGroup]:
    """The group that torchrun started this process in, for the block; a group of one if it did not."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ProcessGroup()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ProcessGroup(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def after_fork() -> None:
    """In a forked process torch would wait for its parent's threads: let it compute on one, as its DataLoader does."""
    if is_forked():
        torch.set_num_threads(1)


def pick_device(name: str) -> torch.device:
    """``cpu``, ``cuda``, or with ``auto`` whichever is there. Of several GPUs, the one for this process.

    Raises:
        OptionError: there is no GPU that torch can use.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise OptionError("torch finds no CUDA device", hint="Use --device cpu, or install a CUDA build of torch")
    if name == "cpu" or not available:
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


@contextmanager
def precision(name: str, device: torch.device) -> Iterator[None]:
    """Matrix products in the block: ``float32``, ``tf32`` (a GPU's), or ``bfloat16`` by autocast.

    ``auto`` is tf32 on a GPU and float32 on a CPU. What decides the value of a discrete network, gathers and sums of
    bits, is exact in all of them.

    Raises:
        OptionError: bfloat16 on a CPU without AMX, where it only slows down.
    """
    if name == "bfloat16" and device.type == "cpu" and not torch.cpu._is_amx_tile_supported():
        raise OptionError("bfloat16 does not pay on this CPU, which has no AMX", hint="Use --precision auto")
    before = torch.get_float32_matmul_precision()
    fast = name == "tf32" or (name == "auto" and device.type == "cuda")
    torch.set_float32_matmul_precision("high" if fast else "highest")
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=name == "bfloat16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
