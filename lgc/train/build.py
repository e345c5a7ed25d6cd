"""From settings to a network with its initial parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from lgc.errors import CheckpointError, OptionError
from lgc.frontend.conv import Geometry
from lgc.ir import Encoder
from lgc.train import net
from lgc.train.config import TrainConfig
from lgc.train.conv import ConvLogicLayer, OrPool
from lgc.train.edges import draw_edges
from lgc.train.modules import (
    AnyLayer,
    Dense,
    Estimator,
    Fixed,
    GroupSum,
    LogicLayer,
    LogicNetwork,
    TableLayer,
    TopK,
)
from lgc.train.wiring import Siblings

_SPREAD = 4.0  # of the logits; what ADAVAR aims at
_FEW_LAYERS = 2
_TOPK = re.compile(r"topk:([1-9][0-9]{0,6})")


def build_network(
    config: TrainConfig,
    encoder: Encoder,
    classes: int,
    candidates: Tensor | None = None,
    *,
    limits: bool = False,
    shape: tuple[int, ...] = (),
) -> LogicNetwork:
    """A network initialised from the seed, on the CPU.

    Args:
        candidates: the inputs that the first layer chooses among, if its wires are dense or those of tables; None
            for all.
        limits: whether top-k wires of gates choose among them, too. Recipes for images were made without.
        shape: of a sample's features, where layers over images are asked for: (channels...,) height and width.

    Raises:
        OptionError: the gates do not divide into the classes, a wiring is impossible, or a layer does not fit the
            image.
    """
    maker = _Maker(config, torch.Generator().manual_seed(config.seed), candidates, limits)
    if config.net:
        layers = list(maker.of_net(encoder, shape))
    else:
        sizes = [encoder.num_bits] + [config.gates] * max(1, config.layers)
        layers = [maker.dense(index, size, config.gates, first=index == 0) for index, size in enumerate(sizes[:-1])]
    spread = _SPREAD if config.tau == "adaptive" else None
    tau = _tau(config, layers[-1].width, classes)
    return LogicNetwork(encoder, layers, GroupSum(classes, tau, spread=spread))


def _tau(config: TrainConfig, votes: int, classes: int) -> float:
    """``auto`` is the standard deviation of a class's score if its gates were coins: logits start at scale 1."""
    return math.sqrt(votes / classes) / 2 if isinstance(config.tau, str) else config.tau


@dataclass
class _Maker:
    """Layers one after another, of one generator."""

    config: TrainConfig
    generator: torch.Generator
    candidates: Tensor | None
    limits: bool

    def of_net(self, encoder: Encoder, shape: tuple[int, ...]) -> Iterator[AnyLayer]:
        """The layers that ``config.net`` names."""
        items = net.parse_net(self.config.net)
        if len(shape) < 2 and not isinstance(items[0], net.Tables):
            raise OptionError(
                f"the net slides over images, but features of shape {shape} are none",
                hint="Name dense layers only, as d2000, or give samples of shape (channels, height, width)",
            )
        image = (math.prod(shape[:-2]), *shape[-2:]) if len(shape) > 1 else (*shape, 1, 1)
        planes, wired = encoder.num_thresholds or 1, 0
        for index, item in enumerate(items):
            try:
                ends = {"first": index == 0, "last": index == len(items) - 1}
                layer = self._layer(item, (*image, planes), wired, **ends)
            except (CheckpointError, OptionError) as error:
                text = f"layer {index + 1} of the net '{self.config.net}': {error.message}"
                raise OptionError(text, hint=error.hint) from None
            wired += not isinstance(item, net.Pooling | net.Edges)
            image = layer.shape if isinstance(layer, ConvLogicLayer | OrPool) else (layer.width, 1, 1)
            planes = 1
            yield layer

    def _layer(self, item: net.Item, image: tuple[int, ...], wired: int, *, first: bool, last: bool) -> AnyLayer:
        """A layer over an image of channels, rows, columns and planes; of those with wires it is number ``wired``."""
        channels, height, width, planes = image
        if isinstance(item, net.Tables):
            return self.dense(wired, math.prod(image), item.count, arity=item.arity, first=first, last=last)
        if isinstance(item, net.Pooling):
            return OrPool((channels, height, width), item.window)
        pairs = ((item.field,) * 2, (item.stride,) * 2, (item.padding,) * 2)
        geometry = Geometry(channels, height, width, planes, *pairs)
        if isinstance(item, net.Edges):
            arity = item.arity or self.config.arity
            return draw_edges(geometry, item.kernels, arity=arity, generator=self.generator)
        return self._kernels(item, geometry, wired, last=last)

    def _kernels(self, item: net.Conv, geometry: Geometry, wired: int, *, last: bool) -> ConvLogicLayer:
        arity = item.arity or self.config.arity
        kind, leaves = self._kind(wired), item.kernels * arity ** (item.depth - 1)
        match = _TOPK.fullmatch(kind)
        if match is not None and int(match[1]) >= geometry.field_bits:
            kind = "dense"
        wiring = self._wiring(kind, geometry.field_bits, leaves, arity=arity)
        levels = [self._tables(wiring, leaves, residual=item.depth > 1 or not last)]
        for level in reversed(range(item.depth - 1)):
            count = item.kernels * arity**level
            levels.append(self._tables(Siblings(count, arity), count, residual=level > 0 or not last))
        return ConvLogicLayer(geometry, *levels)

    def dense(
        self, index: int, inputs: int, count: int, *, first: bool, arity: int = 0, last: bool | None = None
    ) -> LogicLayer | TableLayer:
        """Layer number ``index`` of those with wires, over all its inputs.

        Args:
            first: whether these are the network's.
            arity: of its tables; 0 for the usual one.
            last: whether it votes; by default, if it is the last of ``config.layers``.
        """
        config, kind = self.config, self._kind(index)
        tables = config.parametrisation == "tables"
        among = self.candidates if first and (kind == "dense" or self.limits or tables) else None
        wiring = self._wiring(kind, inputs, count, among, arity=arity or config.arity)
        if tables:
            last = index >= config.layers - 1 if last is None else last
            return self._tables(wiring, count, residual=not last)
        return LogicLayer(wiring, count, **self._common(config.estimator))

    def _kind(self, index: int) -> str:
        wiring = self.config.wiring
        return wiring[min(index, len(wiring) - 1)]

    def _tables(self, wiring: Dense | TopK | Fixed | Siblings, count: int, *, residual: bool) -> TableLayer:
        residual = residual and _starts_residual(self.config)
        return TableLayer(wiring, count, residual=residual, **self._common(self.config.estimator))

    def _wiring(
        self, kind: str, inputs: int, count: int, candidates: Tensor | None = None, *, arity: int
    ) -> Dense | TopK | Fixed:
        if kind == "fixed":
            return Fixed(inputs, count, operands=arity, generator=self.generator)
        common = {"operands": arity, **self._common(self.config.wire_estimator)}
        if kind == "dense":
            return Dense(inputs, count, candidates=candidates, **common)
        match = _TOPK.fullmatch(kind)
        if match is None:
            raise OptionError(f"the wiring is '{kind}'", hint="Give dense, topk:K or fixed")
        wiring = TopK(inputs, count, int(match[1]), **common)
        if candidates is not None and len(candidates) >= int(match[1]):
            wiring.limit(candidates, self.generator)
        return wiring

    def _common(self, estimator: str) -> dict[str, Any]:
        return {
            "estimator": cast("Estimator", estimator), "temperature": self.config.gumbel_temperature,
            "generator": self.generator,
        }  # fmt: skip


def _starts_residual(config: TrainConfig) -> bool:
    """Two dense layers learn better from random tables; more of them, and kernels, hardly learn from those."""
    items = net.parse_net(config.net) if config.net else ()
    slides = any(not isinstance(item, net.Tables) for item in items)
    many = slides or max(config.layers, len(items)) > _FEW_LAYERS
    return config.table_init == "residual" or (config.table_init == "auto" and many)
