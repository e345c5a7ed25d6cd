"""From settings to a network with its initial parameters."""

from __future__ import annotations

import math
import re
from typing import Any, cast

import torch
from torch import Tensor

from lgc.errors import OptionError
from lgc.ir import Encoder
from lgc.train.config import TrainConfig
from lgc.train.modules import Dense, Estimator, Fixed, GroupSum, LogicLayer, LogicNetwork, TableLayer, TopK

_SPREAD = 4.0  # of the logits; what ADAVAR aims at
_FEW_LAYERS = 2
_TOPK = re.compile(r"topk:([1-9][0-9]{0,6})")


def build_network(
    config: TrainConfig, encoder: Encoder, classes: int, candidates: Tensor | None = None, *, limits: bool = False
) -> LogicNetwork:
    """A network initialised from the seed, on the CPU.

    Args:
        candidates: the inputs that the first layer chooses among, if its wires are dense or those of tables; None
            for all.
        limits: whether top-k wires of gates choose among them, too. Recipes for images were made without.

    Raises:
        OptionError: the gates do not divide into the classes, or a wiring is impossible.
    """
    generator = torch.Generator().manual_seed(config.seed)
    estimator = cast("Estimator", config.estimator)
    layers: list[LogicLayer | TableLayer] = []
    for index in range(max(1, config.layers)):
        inputs = encoder.num_bits if index == 0 else config.gates
        kind = config.wiring[min(index, len(config.wiring) - 1)]
        among = candidates if index == 0 and (kind == "dense" or limits or config.parametrisation == "tables") else None
        wiring = _wiring(kind, inputs, config, among, generator)
        common: dict[str, Any] = {
            "estimator": estimator, "temperature": config.gumbel_temperature, "generator": generator,
        }  # fmt: skip
        if config.parametrisation == "tables":
            residual = _starts_residual(config) and index < config.layers - 1
            layers.append(TableLayer(wiring, config.gates, residual=residual, **common))
        else:
            layers.append(LogicLayer(wiring, config.gates, **common))
    spread = _SPREAD if config.tau == "adaptive" else None
    return LogicNetwork(encoder, layers, GroupSum(classes, _tau(config, classes), spread=spread))


def _starts_residual(config: TrainConfig) -> bool:
    """Two layers learn better from random tables; more of them hardly learn from those."""
    return config.table_init == "residual" or (config.table_init == "auto" and config.layers > _FEW_LAYERS)


def _tau(config: TrainConfig, classes: int) -> float:
    """``auto`` is the standard deviation of a class's score if its gates were coins: logits start at scale 1."""
    return math.sqrt(config.gates / classes) / 2 if isinstance(config.tau, str) else config.tau


def _wiring(
    kind: str, inputs: int, config: TrainConfig, candidates: Tensor | None, generator: torch.Generator
) -> Dense | TopK | Fixed:
    if kind == "fixed":
        return Fixed(inputs, config.gates, operands=config.arity, generator=generator)
    common: dict[str, Any] = {
        "operands": config.arity,
        "estimator": config.wire_estimator,
        "temperature": config.gumbel_temperature,
        "generator": generator,
    }
    if kind == "dense":
        return Dense(inputs, config.gates, candidates=candidates, **common)
    match = _TOPK.fullmatch(kind)
    if match is None:
        raise OptionError(f"the wiring is '{kind}'", hint="Give dense, topk:K or fixed")
    wiring = TopK(inputs, config.gates, int(match[1]), **common)
    if candidates is not None and len(candidates) >= int(match[1]):
        wiring.limit(candidates, generator)
    return wiring
