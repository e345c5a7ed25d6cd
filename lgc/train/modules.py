"""Learnable logic: layers of two-input gates whose function and wiring are both trained.

Public tensors are (samples, features) as everywhere in torch. Inside, the data is kept feature-major, so that
a wire is a contiguous row and a hard wire is a gather; ``Tensor.t`` moves between the two without a copy.

In training mode a layer follows its estimator; in evaluation mode it is the discrete circuit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from lgc.errors import InputError, OptionError
from lgc.frontend import Layer, Model
from lgc.frontend.model import check_model
from lgc.ir import Encoder, Head
from lgc.ir.gates import TABLE_OF_ID
from lgc.train.bits import as_numbers, check_bits, check_raw_features, check_width
from lgc.train.functions import mix_gates, mix_tables
from lgc.train.wiring import Chooser, Connectome, Dense, Estimator, Fixed, TopK

__all__ = [
    "Dense", "Estimator", "Fixed", "GroupSum", "LogicLayer", "LogicNetwork", "TableLayer", "Thermometer", "TopK",
    "gate_basis",
]  # fmt: skip

MIN_ARITY, MAX_ARITY = 2, 6
_RESIDUAL, _NOISE = 1.5, 0.5  # logits of a table that starts as its first operand, and the deviation around them
_KEPT = 4  # of so many candidates one is left by a redraw


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
        operands = self.connectome(read_bits(self, x).t().contiguous())
        logits = self._noisy()
        soft = torch.sigmoid(logits)
        hard = soft if self.mixes else (logits > 0).to(soft.dtype).detach()
        return mix_tables(soft, hard, operands).t()

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


def _mixes(layer: nn.Module) -> bool:
    """Whether probabilities are as good as bits to a layer in its mode: its gates, or its wires, are mixtures."""
    return any(getattr(part, "mixes", False) for part in (layer, getattr(layer, "connectome", None)))


def read_bits(layer: LogicLayer | TableLayer, x: Tensor) -> Tensor:
    """The input of a layer (samples, in_bits), as numbers of the layer's type.

    Raises:
        InputError: another shape, or data that are no bits; what other layers made may be probabilities.
    """
    width = getattr(layer.connectome, "in_bits", None)
    check_width(layer, x, width if isinstance(width, int) else None)
    check_bits(layer, x, soft=_mixes(layer) or x.grad_fn is not None)
    return as_numbers(x, layer.logits)


class GroupSum(nn.Module):
    """Class logits: the sum over each of ``classes`` equal contiguous groups, divided by tau.

    Args:
        classes: number of groups.
        tau: the divisor, or where it starts.
        spread: if given, tau follows the scores in training, so that the logits' standard deviation stays near this
            (``ADAVAR`` of Junusov's TrainableLogicGateNetworks: a moving average, 0.03 of each step's).
    """

    divisor: Tensor

    def __init__(self, classes: int, tau: float, *, spread: float | None = None) -> None:
        super().__init__()
        if not tau > 0:
            raise OptionError(f"tau is {tau}", hint="It must be a positive number")
        if spread is not None and not spread > 0:
            raise OptionError(f"the spread is {spread}", hint="It must be a positive number")
        self.classes = classes
        self.spread = spread
        self.register_buffer("divisor", torch.tensor(float(tau), dtype=torch.float64))

    @property
    def tau(self) -> float:
        """The divisor now."""
        return float(self.divisor)

    def forward(self, x: Tensor) -> Tensor:
        """(samples, gates) to (samples, classes).

        Raises:
            InputError: gates that do not divide into the classes, or values outside 0 to 1.
        """
        check_width(self, x, None if x.ndim != 2 or x.shape[1] % self.classes == 0 else self.classes)
        check_bits(self, x, soft=True)
        sums = self.sums(x)
        self.adapt(sums)
        return sums / self.divisor

    def sums(self, x: Tensor) -> Tensor:
        """The scores before the division."""
        return x.t().reshape(self.classes, -1, len(x)).sum(dim=1).t()

    @torch.no_grad()
    def adapt(self, sums: Tensor) -> None:
        """In training with a ``spread``, let tau follow the scores (samples, classes) of a step."""
        if self.training and self.spread is not None and sums.numel() > 1:
            deviation = sums.double().std() / self.spread
            self.divisor.lerp_(torch.clamp(deviation, min=1e-3), 0.03)


class Thermometer(nn.Module):
    """Features to bits: feature f gives the bits ``x[f] > thresholds[f, t]``, feature-major.

    Args:
        thresholds: (features, T), each row ascending and finite.
    """

    thresholds: Tensor

    def __init__(self, thresholds: ArrayLike) -> None:
        super().__init__()
        array = np.array(thresholds, dtype=np.float64)
        if array.ndim != 2 or not np.isfinite(array).all() or (array[:, 1:] < array[:, :-1]).any():
            raise InputError("thresholds must be finite, of shape (features, T), and ascend for each feature")
        self.register_buffer("thresholds", torch.from_numpy(array))

    def forward(self, x: Tensor) -> Tensor:
        """(samples, features) to float bits (samples, features * T).

        Raises:
            InputError: another shape; features that are NaN, infinite or look unscaled.
        """
        check_width(self, x, len(self.thresholds))
        check_raw_features(self, x, self.thresholds)
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

    def __init__(self, encoder: Encoder, layers: Sequence[LogicLayer | TableLayer], head: GroupSum) -> None:
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

    def __len__(self) -> int:
        """Layers and head, as in ``nn.Sequential``."""
        return len(self.layers) + 1

    def __iter__(self) -> Iterator[nn.Module]:
        yield from self.layers
        yield self.head

    def __getitem__(self, index: int) -> nn.Module:
        return list(self)[index]

    def forward(self, bits: Tensor) -> Tensor:
        """Encoded bits (samples, in_bits) to class logits (samples, classes).

        Raises:
            InputError: another shape, or values that are no bits (with soft estimators: no probabilities), such as
                features that were not encoded. The values of the first input of each mode are looked at.
        """
        check_width(self, bits, self.encoder.num_bits)
        check_bits(self, bits, soft=_mixes(self.layers[0]))
        for layer in self.layers:
            bits = layer(bits)
        return self.head(bits)

    @torch.no_grad()
    def scores(self, bits: Tensor) -> Tensor:
        """int64 (samples, classes): the scores of the discrete network, whatever the mode."""
        was_training = self.training
        self.eval()
        check_width(self, bits, self.encoder.num_bits)
        check_bits(self, bits, soft=False)
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
        layers = tuple(layer.harden(index) for index, layer in enumerate(self.layers))  # type: ignore[operator]
        names = tuple(classes) if classes is not None else tuple(map(str, range(self.head.classes)))
        head = Head.equal_groups(layers[-1].width, names, tau=self.head.tau)
        return check_model(Model(name, self.encoder, layers, head, feature_shape, dict(training or {})))


def network_of(module: nn.Module) -> LogicNetwork:
    """The network that a module of torch is: itself, or the parts of an ``nn.Sequential`` in order.

    A :class:`Thermometer` in front is the encoder; without one, features are bits. Sequences may be nested.

    Raises:
        InputError: it holds something else than logic layers between an encoder and a :class:`GroupSum`.
        OptionError: the classes do not divide the last layer's gates.
    """
    if isinstance(module, LogicNetwork):
        return module
    parts = list(_flat(module))
    front = parts[0] if parts else None
    encoder = front.encoder() if isinstance(front, Thermometer) else None
    parts = parts[1:] if encoder else parts
    layers = [part for part in parts[:-1] if isinstance(part, LogicLayer | TableLayer)]
    if not layers or len(layers) != len(parts) - 1 or not isinstance(parts[-1], GroupSum):
        kinds = ", ".join(type(part).__name__ for part in _flat(module)) or "nothing"
        raise InputError(
            f"this module is no network of logic: it holds {kinds}",
            hint="Give an lgc.LogicNetwork, or nn.Sequential(lgc.Thermometer(...), lgc.LogicLayer(...), "
            "lgc.GroupSum(...))",
        )
    return LogicNetwork(encoder or Encoder(_in_bits(layers[0])), layers, parts[-1])


def _in_bits(layer: LogicLayer | TableLayer) -> int:
    width = layer.connectome.in_bits
    if not isinstance(width, int):
        raise InputError(
            "the first layer's connectome does not say how many bits it reads", hint="Put an lgc.Thermometer in front"
        )
    return width


def _flat(module: nn.Module) -> Iterator[nn.Module]:
    """The parts of nested sequences, in order."""
    if isinstance(module, nn.Sequential | LogicNetwork):
        for part in module:
            yield from _flat(part)
    else:
        yield module


def redrawn(
    network: LogicNetwork, generator: torch.Generator, among: Tensor | None = None
) -> Iterator[tuple[TopK, Tensor]]:
    """Let the likeliest quarter of the candidates of top-k wires stay, and draw the others anew.

    Args:
        among: if given, the inputs that the first layer's wires choose among from now on: see :meth:`TopK.narrow`.

    Yields:
        Each such connectome, and which candidates are new: see :meth:`TopK.redraw`.
    """
    for index, layer in enumerate(network.layers):
        wiring = layer.connectome
        if isinstance(wiring, TopK):
            strange = wiring.narrow(among, generator) if index == 0 and among is not None else False
            yield wiring, wiring.redraw(max(1, wiring.candidates.shape[1] // _KEPT), generator) | strange
