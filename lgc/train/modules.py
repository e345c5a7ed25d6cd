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
from lgc.frontend import Model
from lgc.frontend.model import check_model
from lgc.ir import Encoder, Head
from lgc.train.bits import check_bits, check_raw_features, check_width
from lgc.train.conv import ConvLogicLayer, Flatten, OrPool
from lgc.train.nodes import LogicLayer, TableLayer, gate_basis, mixes_bits
from lgc.train.wiring import Dense, Estimator, Fixed, TopK

__all__ = [
    "ConvLogicLayer", "Dense", "Estimator", "Fixed", "Flatten", "GroupSum", "LogicLayer", "LogicNetwork", "OrPool",
    "TableLayer", "Thermometer", "TopK", "gate_basis",
]  # fmt: skip

AnyLayer = LogicLayer | TableLayer | ConvLogicLayer | OrPool
_KEPT = 4  # of so many candidates one is left by a redraw


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
        layers: each reads the one before; layers over images come before all others.
        head: its number of classes divides the last layer's gates.
    """

    def __init__(self, encoder: Encoder, layers: Sequence[AnyLayer], head: GroupSum) -> None:
        super().__init__()
        gates = layers[-1].width
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
        check_bits(self, bits, soft=mixes_bits(self.layers[0]))
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
    parts = [part for part in parts if not isinstance(part, nn.Flatten)]
    layers = [part for part in parts[:-1] if isinstance(part, AnyLayer)]
    if not layers or len(layers) != len(parts) - 1 or not isinstance(parts[-1], GroupSum):
        kinds = ", ".join(type(part).__name__ for part in _flat(module)) or "nothing"
        raise InputError(
            f"this module is no network of logic: it holds {kinds}",
            hint="Give an lgc.LogicNetwork, or nn.Sequential(lgc.Thermometer(...), lgc.LogicLayer(...), "
            "lgc.GroupSum(...))",
        )
    return LogicNetwork(encoder or Encoder(_in_bits(layers[0])), layers, parts[-1])


def _in_bits(layer: AnyLayer) -> int:
    if isinstance(layer, ConvLogicLayer | OrPool):
        return layer.geometry.num_bits
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
    first = getattr(network.layers[0], "connectome", None)
    for wiring in network.modules():
        if isinstance(wiring, TopK):
            strange = wiring.narrow(among, generator) if wiring is first and among is not None else False
            yield wiring, wiring.redraw(max(1, wiring.candidates.shape[1] // _KEPT), generator) | strange
