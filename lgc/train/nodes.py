"""Layers of nodes whose function and wiring are both trained: two-input gates, and lookup tables.

Public tensors are (samples, features) as everywhere in torch. Inside, the data is kept feature-major, so that
a wire is a contiguous row and a hard wire is a gather; ``Tensor.t`` moves between the two without a copy.

In training mode a layer follows its estimator; in evaluation mode it is the discrete circuit.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lgc.errors import OptionError
from lgc.frontend import Layer
from lgc.ir.gates import TABLE_OF_ID
from lgc.train.bits import as_numbers, check_bits, check_width
from lgc.train.functions import mix_gates, mix_tables
from lgc.train.wiring import Chooser, Connectome, Estimator

MIN_ARITY, MAX_ARITY = 2, 6
_RESIDUAL, _NOISE = 1.5, 0.5  # logits of a table that starts as its first operand, and the deviation around them


def gate_basis() -> Tensor:
    """Float (16, 4): each gate id as the coefficients of ``c0 + ca*A + cb*B + cab*A*B``."""
    bits = (TABLE_OF_ID[:, None].astype(np.int64) >> np.arange(4)) & 1
    zero, a, b, both = bits.T
    return torch.from_numpy(np.stack([zero, a - zero, b - zero, both - a - b + zero], axis=1)).float()


class LogicLayer(Chooser):
    """Gates over a connectome: each is a softmax over the 16 functions of two inputs.

    Args:
        connectome: :class:`Dense`, :class:`TopK`, :class:`Fixed`, or a module with the same two methods.
        gates: gates of the layer.
        estimator: see :data:`Estimator`; for the gates, as the connectome has its own.
        temperature: of the Gumbel estimator.
        generator: the source of the initial logits, N(0, 1).
    """

    basis: Tensor

    def __init__(
        self,
        connectome: Connectome,
        gates: int,
        *,
        estimator: Estimator = "straight-through",
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(estimator, temperature, generator)
        self.connectome = connectome
        self.logits = nn.Parameter(torch.randn(gates, 16, generator=generator))
        self.register_buffer("basis", gate_basis(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Bits or probabilities (samples, in_bits) to (samples, gates)."""
        a, b = self.connectome(read_bits(self, x).t().contiguous())
        logits = self.seen(self.logits)
        soft = torch.softmax(logits, dim=-1) @ self.basis
        hard = soft if self.mixes else self.basis[logits.argmax(dim=-1)]
        return mix_gates(soft, hard.detach(), a, b).t()

    @property
    def width(self) -> int:
        """Bits of the layer's output."""
        return len(self.logits)

    def gate_ids(self) -> Tensor:
        """int64 (gates,): the likeliest function of each gate."""
        return self.logits.detach().argmax(dim=-1)

    def tables(self) -> NDArray[np.uint64]:
        """(gates,): the truth table of each gate's likeliest function."""
        return TABLE_OF_ID[self.gate_ids().cpu().numpy()]

    def harden(self, index: int) -> Layer:
        """The discrete layer number ``index`` of a chain."""
        return _hardened(self, index)


class TableLayer(Chooser):
    """Lookup tables over a connectome: each entry of a truth table is a probability of its own, sigmoid of a logit.

    For operands that are bits the table is looked up; for probabilities it is the multilinear mean over them.

    Args:
        connectome: see :class:`LogicLayer`; its ``operands``, 2 to 6, are the tables' arity.
        gates: tables of the layer.
        estimator: see :data:`Estimator`; for the tables, as the connectome has its own.
        temperature: of the Gumbel estimator.
        residual: whether a table starts as its first operand, with noise; otherwise its logits start as N(0, 1). It
            lets deep networks learn.
        generator: the source of the initial logits.

    Raises:
        OptionError: the arity is not between 2 and 6.
    """

    def __init__(
        self,
        connectome: Connectome,
        gates: int,
        *,
        estimator: Estimator = "straight-through",
        temperature: float = 1.0,
        residual: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(estimator, temperature, generator)
        if not MIN_ARITY <= connectome.operands <= MAX_ARITY:
            raise OptionError(
                f"tables of {connectome.operands} inputs are asked for", hint=f"Give {MIN_ARITY} to {MAX_ARITY}"
            )
        self.connectome = connectome
        drawn = torch.randn(gates, 1 << connectome.operands, generator=generator)
        first = torch.arange(drawn.shape[1]) % 2  # operand 0 is the lowest bit of an entry's address
        self.logits = nn.Parameter(_RESIDUAL * (2 * first - 1) + _NOISE * drawn if residual else drawn)

    def forward(self, x: Tensor) -> Tensor:
        """Bits or probabilities (samples, in_bits) to (samples, gates)."""
        return self.values(read_bits(self, x).t().contiguous()).t()

    def values(self, rows: Tensor) -> Tensor:
        """Feature-major: bits or probabilities (in_bits, B) to (gates, B), unchecked."""
        operands = self.connectome(rows)
        logits = self._noisy()
        soft = torch.sigmoid(logits)
        hard = soft if self.mixes else (logits > 0).to(soft.dtype).detach()
        return mix_tables(soft, hard, operands)

    @property
    def width(self) -> int:
        """Bits of the layer's output."""
        return len(self.logits)

    def _noisy(self) -> Tensor:
        """A bit is a choice of two: its logit with the noise of both."""
        pair = self.seen(torch.stack([self.logits, torch.zeros_like(self.logits)]))
        return pair[0] - pair[1]

    def tables(self) -> NDArray[np.uint64]:
        """(gates,): the truth tables, of the likelier value of each entry."""
        entries = (self.logits.detach() > 0).cpu().numpy().astype(np.uint64)
        return (entries << np.arange(entries.shape[1], dtype=np.uint64)).sum(axis=1, dtype=np.uint64)

    def harden(self, index: int) -> Layer:
        """The discrete layer number ``index`` of a chain."""
        return _hardened(self, index)


def _hardened(layer: LogicLayer | TableLayer, index: int) -> Layer:
    wires = layer.connectome.wires().cpu().numpy().astype(np.int64)
    return Layer(f"layer{index + 1}", wires, layer.tables(), (index,))


def mixes_bits(layer: nn.Module) -> bool:
    """Whether probabilities are as good as bits to a layer in its mode: its gates, or its wires, are mixtures."""
    return any(getattr(part, "mixes", False) for part in (layer, getattr(layer, "connectome", None)))


def read_bits(layer: LogicLayer | TableLayer, x: Tensor) -> Tensor:
    """The input of a layer (samples, in_bits), as numbers of the layer's type.

    Raises:
        InputError: another shape, or data that are no bits; what other layers made may be probabilities.
    """
    width = getattr(layer.connectome, "in_bits", None)
    check_width(layer, x, width if isinstance(width, int) else None)
    check_bits(layer, x, soft=mixes_bits(layer) or x.grad_fn is not None)
    return as_numbers(x, layer.logits)
