"""The software model: a checkpoint's hard forward pass in torch.

This is what `lgc verify` compares hardware with. It shares no code with the compiler: it takes its
own argmax over the stored logits, computes two-input gates as the trainer does, by the polynomial
``c0 + ca*A + cb*B + cab*A*B``, looks wider nodes up in their stored tables, and slides kernels and
windows over the image with torch's own pad and unfold.
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

_BLOCK_ELEMENTS = 1 << 22
"""Bits of a layer's operands at a time: few enough that they stay in a cache, and that torch keeps their memory."""


class _Nodes(torch.nn.Module):
    """Nodes of one arity: bits of their operands, int8 (r, N, B), to bits (N, B)."""

    coefficients: torch.Tensor
    rows: torch.Tensor

    def __init__(self, tensors: dict[str, torch.Tensor], arity: int) -> None:
        super().__init__()
        self.is_gate = arity == 2 and ("gates" in tensors or "gate_logits" in tensors)
        if self.is_gate:
            gates = tensors["gates"].long() if "gates" in tensors else tensors["gate_logits"].argmax(dim=-1)
            coefficients = torch.tensor(COEFFICIENTS, dtype=torch.int8)[gates.reshape(-1)]
            self.register_buffer("coefficients", coefficients.T.contiguous()[:, :, None])
        else:
            self.register_buffer("rows", _table_rows(tensors, arity))

    def forward(self, operands: torch.Tensor) -> torch.Tensor:
        if self.is_gate:
            a, b = operands
            c0, ca, cb, cab = self.coefficients
            return c0 + ca * a + cb * b + cab * (a * b)
        address = operands[0].clone()  # of at most six bits: an int8 holds it, and takes an eighth of the memory
        for operand, bits in enumerate(operands[1:], 1):
            address.add_(bits, alpha=1 << operand)
        return self.rows.gather(1, address.long())


class _HardLayer(torch.nn.Module):
    """One dense layer: bits (D, B) int8 of its sources to bits (N, B)."""

    wires: torch.Tensor

    def __init__(self, tensors: dict[str, torch.Tensor], fields: dict[str, Any], index: int) -> None:
        super().__init__()
        self.sources = fields.get("sources", [index])
        self.nodes = _Nodes(tensors, fields["arity"])
        self.register_buffer("wires", _wires(tensors))

    @property
    def widest(self) -> int:
        """The most bits that a sample takes at once."""
        return len(self.wires)

    def levels(self, bits: torch.Tensor) -> list[torch.Tensor]:
        """The layer's bits, as the only one of its levels."""
        return [self.nodes(bits[self.wires.T])]


class _HardConv(torch.nn.Module):
    """One convolution: bits (C*H*W*T, B) int8 to (N*P, B)."""

    wires: torch.Tensor

    def __init__(self, tensors: dict[str, torch.Tensor], fields: dict[str, Any], index: int) -> None:
        super().__init__()
        self.sources = [fields.get("source", index)]
        self.image, self.arity = fields["geometry"], fields["arity"]
        self.register_buffer("wires", _wires(tensors))
        named = ("gates", "gate_logits", "tables", "table_logits")
        nodes = next(tensors[name] for name in named if name in tensors)
        sizes: list[int] = []
        while sum(sizes) < nodes.shape[1]:
            sizes.insert(0, self.arity ** len(sizes))
        parts = {name: torch.split(tensors[name], sizes, dim=1) for name in named if name in tensors}
        levels = [{name: part[level].flatten(0, 1) for name, part in parts.items()} for level in range(len(sizes))]
        self.trees = torch.nn.ModuleList(_Nodes(level, self.arity) for level in levels)

    @property
    def widest(self) -> int:
        """The most bits that a sample takes at once."""
        image = self.image
        padded = [size + 2 * pad for size, pad in zip((image["height"], image["width"]), image["padding"], strict=True)]
        positions = [(n - k) // s + 1 for n, k, s in zip(padded, image["field"], image["stride"], strict=True)]
        return self.wires.numel() * positions[0] * positions[1]

    def levels(self, bits: torch.Tensor) -> list[torch.Tensor]:
        """The bits of each level of the trees, (N*nodes*P, B), the layer's own last."""
        values = _windows(self.image, bits).flatten(1)[self.wires.reshape(-1)]
        found = []
        for nodes in self.trees:
            operands = values.reshape(-1, self.arity, values.shape[1]).transpose(0, 1)
            values = nodes(operands)
            found.append(values.reshape(-1, bits.shape[1]))
        return found


class _HardPool(torch.nn.Module):
    """One OR over windows: bits (C*H*W, B) int8 to (C*P, B)."""

    def __init__(self, tensors: dict[str, torch.Tensor], fields: dict[str, Any], index: int) -> None:  # noqa: ARG002
        super().__init__()
        self.sources = [fields.get("source", index)]
        self.image = fields["geometry"]

    @property
    def widest(self) -> int:
        """The most bits that a sample takes at once."""
        return int(self.image["channels"] * self.image["height"] * self.image["width"])

    def levels(self, bits: torch.Tensor) -> list[torch.Tensor]:
        """The bits of each level of ORs of at most six, (nodes*P, B), the layer's own last."""
        windows = _windows(self.image, bits)
        values = windows.reshape(self.image["channels"], -1, *windows.shape[1:])
        found: list[torch.Tensor] = []
        while not found or values.shape[1] > 1:
            arity = min(values.shape[1], 6)
            whole = torch.nn.functional.pad(values, (0, 0, 0, 0, 0, -values.shape[1] % arity))
            values = whole.reshape(len(whole), -1, arity, *whole.shape[2:]).amax(2)
            found.append(values.reshape(-1, bits.shape[1]))
        return found


def _windows(image: dict[str, Any], bits: torch.Tensor) -> torch.Tensor:
    """What the field sees of bits (C*H*W*T, B): (bits of the field, P, B)."""
    (kh, kw), (sh, sw), (ph, pw) = image["field"], image["stride"], image["padding"]
    pixels = bits.reshape(image["channels"], image["height"], image["width"], image["planes"], -1)
    padded = torch.nn.functional.pad(pixels, (0, 0, 0, 0, pw, pw, ph, ph))
    windows = padded.unfold(1, kh, sh).unfold(2, kw, sw).permute(0, 5, 6, 3, 1, 2, 4)  # C, kh, kw, T, oh, ow, B
    return windows.flatten(0, 3).flatten(1, 2)


_Hard = _HardLayer | _HardConv | _HardPool
_KINDS: dict[str, type[_Hard]] = {"dense": _HardLayer, "conv": _HardConv, "pool": _HardPool}


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
        self._hard: list[_Hard] = []
        for index, fields in enumerate(header["layers"]):
            prefix = f"layers.{index}."
            tensors = {
                name.removeprefix(prefix): _tensor(array)
                for name, array in raw.tensors.items()
                if name.startswith(prefix)
            }
            self._hard.append(_KINDS[fields.get("kind", "dense")](tensors, fields, index))
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

    def stages(self, bits: torch.Tensor) -> dict[int, list[torch.Tensor]]:
        """Every stage for bits (B, I): stage i+1 is layer i, int8 (N, B) for each of its levels, its output last."""
        stages = {0: [bits.T.to(torch.int8).contiguous()]}
        stages[-1] = [torch.tensor([[0], [1]], dtype=torch.int8).expand(2, len(bits))]
        for index, layer in enumerate(self._hard):
            sources = [stages[stage][-1] for stage in layer.sources]
            stages[index + 1] = layer.levels(sources[0] if len(sources) == 1 else torch.cat(sources))
        return stages

    def forward(self, bits: torch.Tensor) -> torch.Tensor:
        """Bits (B, I) to integer scores, int64 (B, C)."""
        groups = self.stages(bits)[len(self.layers)][-1].view(self.num_classes, -1, len(bits))
        return groups.sum(dim=1, dtype=torch.long).T + self.bias

    @torch.no_grad()
    def scores(self, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Scores (B, C) for bits (B, I), in blocks that bound the memory."""
        widest = max([bits.shape[1], *(layer.widest for layer in self._hard)])
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
