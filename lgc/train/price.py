"""What a network takes on the part that it is trained for, in the course of the training, and holding it to that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lgc.errors import OptionError
from lgc.frontend import Model, lower
from lgc.ir import FIRST_INPUT, CategoryCode, Circuit, Encoder, Inputs
from lgc.mapping.choose import by_size, choose_head
from lgc.mapping.encoder import port_levels
from lgc.mapping.heads import all_heads
from lgc.parts.part import Part
from lgc.passes import optimize
from lgc.train.wiring import TopK


def price_of(model: Model, part: Part | None, logic: NDArray[np.bool_]) -> dict[str, int]:
    """The price of a network.

    Args:
        logic: see :func:`need_logic`.

    Returns:
        ``luts``: places for lookup tables, as `lgc estimate --part` reckons the smallest head; the encoder is not in
        it. Left out without a part, or where it has no tables. ``bits``: those of the encoder that are read.
        ``comparators``: those of them for which there must be logic.
    """
    circuit = optimize(lower(model))
    netlist = circuit.netlist
    read = np.flatnonzero(netlist.live()[FIRST_INPUT : netlist.first_node])
    found = {"luts": _sites(circuit, part)} if part is not None and part.lut_size else {}
    return {**found, "bits": len(read), "comparators": int(logic[read].sum())}


def _sites(circuit: Circuit, part: Part) -> int:
    estimates = choose_head(circuit, part.fabric, part).estimates
    if not estimates:  # no cells of its fabric are written by name
        able = [head for head in all_heads() if head.is_streaming and not head.needs_chains]
        asked: dict[str, Any] = {"lut": part.lut_size, "outputs": "both", "pipeline": 0, "family": part.family}
        estimates = by_size([head.estimate(circuit, **asked) for head in able])
    return estimates[0].sites


def need_logic(encoder: Encoder, inputs: Inputs | None) -> NDArray[np.bool_]:
    """Which of the encoder's bits (I,) are no wire of the port: all but bits, and the highest bit of a code."""
    if encoder.thresholds is None:
        return np.zeros(encoder.num_bits, np.bool_)
    codes = inputs.codes() if inputs is not None else None
    if codes is None:
        return np.ones(encoder.num_bits, np.bool_)
    halves = [-1 if isinstance(one, CategoryCode) else 1 << (one.width - 1) for one in codes.columns]
    levels = port_levels(encoder, codes) + 1
    return np.asarray(levels != np.repeat(halves, codes.counts)[:, None]).ravel()


@dataclass(frozen=True)
class Budget:
    """The most comparators that a network may read. Redrawing gives up the others evenly, the least read first.

    Attributes:
        most: comparators at the end.
        logic: bool (I,), the inputs that cost one.
        start: those of them that there are at the start.
        redraws: how often candidates are redrawn.
    """

    most: int
    logic: Tensor
    start: int
    redraws: int

    def among(self, wiring: TopK, done: int) -> Tensor:
        """int64, ascending: the inputs that are left at redraw number ``done``, from 1, for wires to choose among."""
        now = torch.arange(wiring.in_bits) if wiring.among is None else wiring.among.cpu()
        count = max(self.most, round(self.start + (self.most - self.start) * done / max(1, self.redraws)))
        costly = now[self.logic[now]]
        kept = costly[wiring.shares()[costly].argsort(descending=True, stable=True)[:count]]
        return torch.cat([now[~self.logic[now]], kept]).sort().values


def make_budget(most: int, redraws: int, wiring: object, logic: NDArray[np.bool_]) -> Budget | None:
    """The budget of a run; None where there is none.

    Args:
        most: comparators; 0 for any number.
        wiring: of the first layer.
        logic: see :func:`need_logic`.

    Raises:
        OptionError: nothing redraws the wires of the first layer, or too few inputs are left to choose among.
    """
    if not most:
        return None
    if not isinstance(wiring, TopK) or not redraws:
        raise OptionError(
            f"comparators is {most}, but no wires of the first layer give way to others",
            hint="Add --wiring topk:32 --redraw 24",
        )
    costs = torch.from_numpy(logic)
    now = torch.arange(wiring.in_bits) if wiring.among is None else wiring.among
    start = int(costs[now].sum())
    k, left = wiring.candidates.shape[1], len(now) - start + min(most, start)
    if left < k:
        raise OptionError(
            f"comparators is {most}, so {left} inputs are left, but each wire chooses among {k}",
            hint=f"Add --wiring topk:{left}",
        )
    return Budget(most, costs, start, redraws)
