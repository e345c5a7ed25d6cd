"""The software model: a checkpoint's hard forward pass in torch.

This is what `lgc verify` compares hardware with. It shares no code with the compiler: it takes its
own argmax over the stored logits, computes two-input gates as the trainer does, by the polynomial
``c0 + ca*A + cb*B + cab*A*B``, and looks wider nodes up in their stored tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lgc.frontend.checkpoint import RawCheckpoint, hardened_content, read_raw
from lgc.frontend.model import Model

# Polynomial coefficients (c0, ca, cb, cab) of the 16 gates, by id.
COEFFICIENTS = (
    (0, 0, 0, 0), (0, 0, 0, 1), (0, 1, 0, -1), (0, 1, 0, 0), (0, 0, 1, -1), (0, 0, 1, 0), (0, 1, 1, -2),
    (0, 1, 1, -1), (1, -1, -1, 1), (1, -1, -1, 2), (1, 0, -1, 0), (1, 0, -1, 1), (1, -1, 0, 0), (1, -1, 0, 1),
    (1, 0, 0, -1), (1, 0, 0, 0),
)  # fmt: skip

_BLOCK_ELEMENTS = 1 << 26


class _HardLayer(torch.nn.Module):
    """One layer: bits (D, B) int8 of its sources to bits (N, B)."""

    wires: torch.Tensor
    coefficients: torch.Tensor
    rows: torch.Tensor

    def __init__(self, tensors: dict[str, torch.Tensor], arity: int, sources: list[int]) -> None:
        super().__init__()
        self.sources = sources
        self.arity = arity
        self.is_gate = arity == 2 and ("gates" in tensors or "gate_logits" in tensors)
        self.register_buffer("wires", _wires(tensors))
        if self.is_gate:
            gates = tensors["gates"].long() if "gates" in tensors else tensors["gate_logits"].argmax(dim=1)
            coefficients = torch.tensor(COEFFICIENTS, dtype=torch.int8)[gates]
            self.register_buffer("coefficients", coefficients.T.contiguous()[:, :, None])
        else:
            self.register_buffer("rows", _table_rows(tensors, arity))

    def forward(self, bits: torch.Tensor) -> torch.Tensor:
        if self.is_gate:
            a, b = bits[self.wires[:, 0]], bits[self.wires[:, 1]]
            c0, ca, cb, cab = self.coefficients
            return c0 + ca * a + cb * b + cab * (a * b)
        address = torch.zeros((len(self.wires), bits.shape[1]), dtype=torch.long)
        for operand in range(self.arity):
            address += bits[self.wires[:, operand]].long() << operand
        return self.rows.gather(1, address)


def _wires(tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    if "wires" in tensors:
        return tensors["wires"].long()
    chosen = tensors["wire_logits"].argmax(dim=-1)
    if "candidates" not in tensors:
        return chosen
    return tensors["candidates"].long().gather(-1, chosen[..., None]).squeeze(-1)


def _table_rows(tensors: dict[str, torch.Tensor], arity: int) -> torch.Tensor:
    """int8 (N, 2^r): column a is the output for address a."""
    if "table_logits" in tensors:
        return (tensors["table_logits"] > 0).to(torch.int8)
    addresses = torch.arange(1 << arity)
    return ((tensors["tables"][:, None] >> addresses) & 1).to(torch.int8)


class SoftwareModel(torch.nn.Module):
    """The discrete model as torch computes it.

    ``forward`` takes encoded bits, bool (B, I), and returns integer scores, int64 (B, C).
    """

    bias: torch.Tensor

    def __init__(self, raw: RawCheckpoint) -> None:
        super().__init__()
        header = raw.header
        self._hard: list[_HardLayer] = []
        for index, fields in enumerate(header["layers"]):
            prefix = f"layers.{index}."
            tensors = {
                name.removeprefix(prefix): _tensor(array)
                for name, array in raw.tensors.items()
                if name.startswith(prefix)
            }
            self._hard.append(_HardLayer(tensors, fields["arity"], fields.get("sources", [index])))
        self.layers = torch.nn.ModuleList(self._hard)
        self.num_classes = len(header["classes"])
        self.tie = header.get("tie", "first")
        bias = raw.tensors.get("head.bias")
        self.register_buffer(
            "bias", torch.zeros(self.num_classes, dtype=torch.long) if bias is None else _tensor(bias).long()
        )

    @classmethod
    def from_file(cls, path: Path | str) -> SoftwareModel:
        """The model in a native checkpoint, hardened by torch.

        Call :func:`lgc.frontend.checkpoint.read_model` first: it checks the file.
        """
        return cls(read_raw(Path(path)))

    @classmethod
    def from_model(cls, model: Model) -> SoftwareModel:
        """The model of an imported file, from its hardened content."""
        return cls(RawCheckpoint(*hardened_content(model)))

    def stages(self, bits: torch.Tensor) -> dict[int, torch.Tensor]:
        """Every stage for bits (B, I): stage i+1 is the output of layer i, int8 (N, B)."""
        stages = {0: bits.T.to(torch.int8).contiguous()}
        stages[-1] = torch.tensor([[0], [1]], dtype=torch.int8).expand(2, len(bits))
        for index, layer in enumerate(self._hard):
            sources = [stages[stage] for stage in layer.sources]
            stages[index + 1] = layer(sources[0] if len(sources) == 1 else torch.cat(sources))
        return stages

    def forward(self, bits: torch.Tensor) -> torch.Tensor:
        """Bits (B, I) to integer scores, int64 (B, C)."""
        groups = self.stages(bits)[len(self.layers)].view(self.num_classes, -1, len(bits))
        return groups.sum(dim=1, dtype=torch.long).T + self.bias

    @torch.no_grad()
    def scores(self, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Scores (B, C) for bits (B, I), in blocks that bound the memory."""
        widest = max([bits.shape[1], *(len(layer.wires) for layer in self._hard)])
        block = max(1, _BLOCK_ELEMENTS // widest)
        parts = [self(torch.from_numpy(np.ascontiguousarray(bits[i : i + block]))) for i in range(0, len(bits), block)]
        return torch.cat(parts).numpy() if parts else np.zeros((0, self.num_classes), np.int64)

    def classify(self, scores: NDArray[np.int64]) -> NDArray[np.int64]:
        """Class indices (B,) of scores (B, C) by torch's argmax and the declared tie rule."""
        values = torch.from_numpy(scores)
        if self.tie == "first":
            return values.argmax(dim=1).numpy()
        return (self.num_classes - 1 - values.flip(1).argmax(dim=1)).numpy()


def _tensor(array: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.array(array))
