"""Learnable logic: layers of two-input gates whose function and wiring are both trained.

Public tensors are (samples, features) as everywhere in torch. Inside, the data is kept feature-major, so that
a wire is a contiguous row and a hard wire is a gather; ``Tensor.t`` moves between the two without a copy.

In training mode a layer follows its estimator; in evaluation mode it is the discrete circuit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from lgc.errors import InputError, OptionError
from lgc.frontend import Layer, Model
from lgc.frontend.model import check_model
from lgc.ir import Encoder, Head
from lgc.ir.gates import TABLE_OF_ID
from lgc.train.functions import gather_wires, mix_candidates, mix_gates

Estimator = Literal["soft", "straight-through"]
"""How training sees a choice: ``soft`` mixes all candidates by probability; ``straight-through`` goes forward with
the likeliest one and backward as if it had mixed."""

_DRAW = 1 << 24


def gate_basis() -> Tensor:
    """Float (16, 4): each gate id as the coefficients of ``c0 + ca*A + cb*B + cab*A*B``."""
    bits = (TABLE_OF_ID[:, None].astype(np.int64) >> np.arange(4)) & 1
    zero, a, b, both = bits.T
    return torch.from_numpy(np.stack([zero, a - zero, b - zero, both - a - b + zero], axis=1)).float()


class Dense(nn.Module):
    """Every operand picks among all inputs: one softmax of ``in_bits`` logits per operand.

    Args:
        in_bits: inputs of the layer.
        gates: two-input gates of the layer.
        candidates: int64, the inputs to choose among; by default all of them.
        estimator: see :data:`Estimator`.
        generator: the source of the initial logits, N(0, 1).
    """

    candidates: Tensor | None

    def __init__(
        self,
        in_bits: int,
        gates: int,
        *,
        candidates: Tensor | None = None,
        estimator: Estimator = "straight-through",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.estimator = estimator
        self.register_buffer("candidates", candidates)
        choices = in_bits if candidates is None else len(candidates)
        self.logits = nn.Parameter(torch.randn(2, gates, choices, generator=generator))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Feature-major inputs (in_bits, samples) to the operands A and B, each (gates, samples)."""
        if self.candidates is not None:
            x = x.index_select(0, self.candidates)
        if self.training and self.estimator == "soft":
            a, b = torch.softmax(self.logits, dim=-1) @ x
        else:
            a, b = gather_wires(x, self.logits)
        return a, b

    def wires(self) -> Tensor:
        """int64 (gates, 2): the input that each operand is wired to."""
        chosen = self.logits.detach().argmax(dim=-1).t()
        return chosen if self.candidates is None else self.candidates[chosen]


class TopK(nn.Module):
    """Every operand picks among k inputs of its own, distinct, drawn once: one softmax of k logits per operand.

    Args:
        in_bits: inputs of the layer.
        gates: two-input gates of the layer.
        k: candidates of each operand, at most ``in_bits``.
        estimator: see :data:`Estimator`.
        generator: the source of the candidates and of the initial logits, N(0, 1).

    Raises:
        OptionError: k is not between 1 and the number of inputs.
    """

    candidates: Tensor

    def __init__(
        self,
        in_bits: int,
        gates: int,
        k: int,
        *,
        estimator: Estimator = "straight-through",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if not 1 <= k <= in_bits:
            raise OptionError(f"k is {k}, but the layer has {in_bits} inputs", hint=f"Give 1 to {in_bits}")
        self.estimator = estimator
        self.register_buffer("candidates", _distinct(2 * gates, k, in_bits, generator))
        self.logits = nn.Parameter(torch.randn(2 * gates, k, generator=generator))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Feature-major inputs (in_bits, samples) to the operands A and B, each (gates, samples)."""
        hard = not (self.training and self.estimator == "soft")
        a, b = mix_candidates(x, self.logits, self.candidates, hard=hard).chunk(2)
        return a, b

    def wires(self) -> Tensor:
        """int64 (gates, 2): the input that each operand is wired to."""
        chosen = self.logits.detach().argmax(dim=1, keepdim=True)
        return self.candidates.gather(1, chosen).view(2, -1).t()


def _distinct(rows: int, k: int, bound: int, generator: torch.Generator | None) -> Tensor:
    """int64 (rows, k), each row k distinct numbers below bound. Drawn in blocks: a row takes ``bound`` numbers."""
    block = max(1, _DRAW // bound)
    sizes = [min(block, rows - start) for start in range(0, rows, block)]
    return torch.cat([torch.rand(size, bound, generator=generator).argsort(dim=1)[:, :k] for size in sizes])


class Fixed(nn.Module):
    """Wires drawn once and never trained.

    Each operand walks random permutations of the inputs, so that all inputs are used evenly.
    """

    index: Tensor

    def __init__(self, in_bits: int, gates: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        rounds = -(-2 * gates // in_bits)
        drawn = torch.cat([torch.randperm(in_bits, generator=generator) for _ in range(rounds)])
        self.register_buffer("index", drawn[: 2 * gates].reshape(2, gates))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Feature-major inputs (in_bits, samples) to the operands A and B, each (gates, samples)."""
        return x.index_select(0, self.index[0]), x.index_select(0, self.index[1])

    def wires(self) -> Tensor:
        """int64 (gates, 2): the input that each operand is wired to."""
        return self.index.t()


class LogicLayer(nn.Module):
    """Gates over a connectome: each is a softmax over the 16 functions of two inputs.

    Args:
        connectome: :class:`Dense`, :class:`TopK`, :class:`Fixed`, or a module with the same two methods.
        gates: gates of the layer.
        estimator: see :data:`Estimator`; for the gates, as the connectome has its own.
        generator: the source of the initial logits, N(0, 1).
    """

    basis: Tensor

    def __init__(
        self,
        connectome: Dense | TopK | Fixed,
        gates: int,
        *,
        estimator: Estimator = "straight-through",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.connectome = connectome
        self.estimator = estimator
        self.logits = nn.Parameter(torch.randn(gates, 16, generator=generator))
        self.register_buffer("basis", gate_basis(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Bits or probabilities (samples, in_bits) to (samples, gates)."""
        a, b = self.connectome(x.t().contiguous())
        soft = torch.softmax(self.logits, dim=-1) @ self.basis
        hard = soft if self.training and self.estimator == "soft" else self.basis[self.gate_ids()]
        return mix_gates(soft, hard.detach(), a, b).t()

    def gate_ids(self) -> Tensor:
        """int64 (gates,): the likeliest function of each gate."""
        return self.logits.detach().argmax(dim=-1)

    def harden(self, index: int) -> Layer:
        """The discrete layer number ``index`` of a chain."""
        wires = self.connectome.wires().cpu().numpy().astype(np.int64)
        return Layer(f"layer{index + 1}", wires, TABLE_OF_ID[self.gate_ids().cpu().numpy()], (index,))


class GroupSum(nn.Module):
    """Class logits: the sum over each of ``classes`` equal contiguous groups, divided by tau."""

    def __init__(self, classes: int, tau: float) -> None:
        super().__init__()
        if not tau > 0:
            raise OptionError(f"tau is {tau}", hint="It must be a positive number")
        self.classes = classes
        self.tau = tau

    def forward(self, x: Tensor) -> Tensor:
        """(samples, gates) to (samples, classes)."""
        return self.sums(x) / self.tau

    def sums(self, x: Tensor) -> Tensor:
        """The scores before the division."""
        return x.t().reshape(self.classes, -1, len(x)).sum(dim=1).t()


class Thermometer(nn.Module):
    """Features to bits: feature f gives the bits ``x[f] > thresholds[f, t]``, feature-major.

    Args:
        thresholds: (features, T), each row ascending and finite.
    """

    thresholds: Tensor

    def __init__(self, thresholds: ArrayLike) -> None:
        super().__init__()
        array = np.array(thresholds, dtype=np.float64)
        if array.ndim != 2 or not np.isfinite(array).all() or (np.diff(array, axis=1) < 0).any():
            raise InputError("thresholds must be finite, of shape (features, T), and ascend for each feature")
        self.register_buffer("thresholds", torch.from_numpy(array))

    def forward(self, x: Tensor) -> Tensor:
        """(samples, features) to float bits (samples, features * T)."""
        return (x.unsqueeze(-1) > self.thresholds).flatten(1).float()

    def encoder(self) -> Encoder:
        """The same as part of a circuit."""
        thresholds: NDArray[np.float64] = self.thresholds.cpu().numpy()
        return Encoder(len(thresholds), thresholds)


class LogicNetwork(nn.Module):
    """A chain of logic layers between bits and class logits.

    Args:
        encoder: how features become bits; part of the hardened model, applied outside of ``forward``.
        layers: each reads the one before.
        head: its number of classes divides the last layer's gates.
    """

    def __init__(self, encoder: Encoder, layers: Sequence[LogicLayer], head: GroupSum) -> None:
        super().__init__()
        gates = len(layers[-1].logits)
        if gates % head.classes:
            raise OptionError(
                f"{gates} gates do not divide into {head.classes} classes",
                hint=f"The nearest number that does is {max(1, round(gates / head.classes)) * head.classes}",
            )
        self.encoder = encoder
        self.layers = nn.ModuleList(layers)
        self.head = head

    def forward(self, bits: Tensor) -> Tensor:
        """Encoded bits (samples, in_bits) as floats to class logits (samples, classes)."""
        for layer in self.layers:
            bits = layer(bits)
        return self.head(bits)

    @torch.no_grad()
    def scores(self, bits: Tensor) -> Tensor:
        """int64 (samples, classes): the scores of the discrete network, whatever the mode."""
        was_training = self.training
        self.eval()
        values = bits.float()
        for layer in self.layers:
            values = layer(values)
        self.train(was_training)
        return self.head.sums(values).long()

    def harden(
        self,
        *,
        name: str = "model",
        classes: Sequence[str] | None = None,
        feature_shape: tuple[int, ...] | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> Model:
        """The discrete model: each choice is its first maximum.

        Raises:
            CheckpointError: the layers do not fit together.
        """
        layers = tuple(layer.harden(index) for index, layer in enumerate(self.layers) if isinstance(layer, LogicLayer))
        names = tuple(classes) if classes is not None else tuple(map(str, range(self.head.classes)))
        head = Head.equal_groups(layers[-1].width, names, tau=self.head.tau)
        return check_model(Model(name, self.encoder, layers, head, feature_shape, dict(training or {})))
