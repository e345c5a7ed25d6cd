"""difflogic's wiring, drawn again from the seed.

difflogic files do not hold the wiring. All draws come from torch's CPU generator: `manual_seed`, the preamble (the
`randperm` of a training set that was split), then layer by layer, the weights first if the model was built on the
CPU. A wrong guess gives another network of chance accuracy, so nothing here is trusted without a check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError
from lgc.tools.find import missing

Draw = Callable[[int], NDArray[np.int64]]


@dataclass(frozen=True)
class Recipe:
    """One way the wiring may have been drawn.

    Attributes:
        preamble: length of the `randperm` before the model is built; 0 for none.
        built_on: ``cpu`` or ``cuda``.
        connections: ``random`` or ``unique``.
    """

    seed: int
    preamble: int
    built_on: str
    connections: str

    def __str__(self) -> str:
        return f"seed {self.seed}, preamble {self.preamble}, built on {self.built_on}, {self.connections} connections"


def replay(recipe: Recipe, in_dim: int, widths: list[int]) -> list[NDArray[np.int64]]:
    """The wiring of every layer, int64 (N, 2).

    Raises:
        MissingToolError: torch is not installed; it owns the generator.
        CheckpointError: the recipe cannot draw such layers.
    """
    try:
        import torch
    except ImportError:
        raise missing("torch", "replaying the wiring, which torch's random generator drew,") from None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        if recipe.preamble:
            torch.randperm(recipe.preamble)
        wires = []
        for width in widths:
            if recipe.built_on == "cpu":
                torch.randn(width, 16)
            draw = _random if recipe.connections == "random" else _unique
            wires.append(draw(lambda count: torch.randperm(count).numpy(), in_dim, width))
            in_dim = width
    return wires


def _random(randperm: Draw, in_dim: int, width: int) -> NDArray[np.int64]:
    if 2 * width < in_dim:
        raise CheckpointError(f"{width} gates cannot read {in_dim} inputs, as difflogic demands")
    wires = randperm(2 * width) % in_dim
    return randperm(in_dim)[wires].reshape(2, width).T


def _unique(randperm: Draw, in_dim: int, width: int) -> NDArray[np.int64]:
    """Pairs of neighbours, then of ever more distant inputs, shuffled."""
    if 2 * width < in_dim:
        raise CheckpointError(f"{width} gates cannot read {in_dim} inputs, as difflogic demands")
    pairs = _neighbours(in_dim, 0)
    if len(pairs) < width:
        pairs = np.concatenate([pairs, _neighbours(in_dim, 1)])
    offset = 2
    while width > len(pairs) > offset:
        first = np.arange(max(in_dim - offset, 0))
        pairs = np.concatenate([pairs, np.stack([first, first + offset], axis=1)])
        offset += 1
    if len(pairs) < width:
        raise CheckpointError(f"{in_dim} inputs have fewer than {width} different pairs, which 'unique' would need")
    return pairs[:width][randperm(width)]


def _neighbours(in_dim: int, start: int) -> NDArray[np.int64]:
    """(start, start+1), (start+2, start+3), ...; an odd leftover makes no pair."""
    first = np.arange(start, in_dim - 1, 2)
    return np.stack([first, first + 1], axis=1)
