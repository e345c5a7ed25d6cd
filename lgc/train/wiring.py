"""Choices that are trained, and what wires are chosen among: all inputs, a few of them, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lgc.errors import OptionError
from lgc.train.functions import gather_wires, mix_candidates

Estimator = Literal["soft", "straight-through", "gumbel"]
"""How training sees a choice: ``soft`` mixes all candidates by probability; ``straight-through`` goes forward with
the likeliest one and backward as if it had mixed; ``gumbel`` is straight-through on a sample of the choice (Jang et al.
2017), drawn anew at each step."""


_DRAW = 1 << 24


class Chooser(nn.Module):
    """What makes choices by logits: its estimator, and the noise of the Gumbel one.

    The noise is decided by a seed and a count that are part of the module's state, so that a run that is resumed draws
    what it would have drawn. Reading the count is what the Gumbel estimator, alone, waits for a GPU for.
    """

    draws: Tensor

    def __init__(self, estimator: Estimator, temperature: float, generator: torch.Generator | None) -> None:
        super().__init__()
        if not temperature > 0:
            raise OptionError(f"the Gumbel temperature is {temperature}", hint="It must be a positive number")
        self.estimator = estimator
        self.temperature = temperature
        if estimator == "gumbel":
            self.register_buffer("draws", torch.randint(1 << 40, (1,), generator=generator))

    @property
    def mixes(self) -> bool:
        """Whether forward is a mixture now."""
        return self.training and self.estimator == "soft"

    def seen(self, logits: Tensor) -> Tensor:
        """The logits as this step sees them."""
        if not (self.training and self.estimator == "gumbel"):
            return logits
        self.draws += 1
        generator = torch.Generator(logits.device).manual_seed(int(self.draws))
        exponential = torch.empty_like(logits, requires_grad=False).exponential_(generator=generator)
        return (logits - exponential.log()) / self.temperature


class Dense(Chooser):
    """Every operand picks among all inputs: one softmax of ``in_bits`` logits per operand.

    Args:
        in_bits: inputs of the layer.
        gates: gates of the layer.
        candidates: int64, the inputs to choose among; by default all of them.
        operands: inputs of a gate.
        estimator: see :data:`Estimator`.
        temperature: of the Gumbel estimator.
        generator: the source of the initial logits, N(0, 1).
    """

    candidates: Tensor | None

    def __init__(
        self,
        in_bits: int,
        gates: int,
        *,
        candidates: Tensor | None = None,
        operands: int = 2,
        estimator: Estimator = "straight-through",
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(estimator, temperature, generator)
        self.operands, self.in_bits = operands, in_bits
        self.register_buffer("candidates", candidates)
        choices = in_bits if candidates is None else len(candidates)
        self.logits = nn.Parameter(torch.randn(operands, gates, choices, generator=generator))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature-major inputs (in_bits, samples) to the operands, each (gates, samples)."""
        if self.candidates is not None:
            x = x.index_select(0, self.candidates)
        logits = self.seen(self.logits)
        return tuple(torch.softmax(logits, dim=-1) @ x if self.mixes else gather_wires(x, logits))

    def wires(self) -> Tensor:
        """int64 (gates, operands): the input that each operand is wired to."""
        chosen = self.logits.detach().argmax(dim=-1).t()
        return chosen if self.candidates is None else self.candidates[chosen]


class TopK(Chooser):
    """Every operand picks among k inputs of its own, distinct, drawn once: one softmax of k logits per operand.

    Args:
        in_bits: inputs of the layer.
        gates: gates of the layer.
        k: candidates of each operand, at most ``in_bits``.
        operands: inputs of a gate.
        estimator: see :data:`Estimator`.
        temperature: of the Gumbel estimator.
        generator: the source of the candidates and of the initial logits, N(0, 1).

    Raises:
        OptionError: k is not between 1 and the number of inputs.
    """

    candidates: Tensor
    among: Tensor | None

    def __init__(
        self,
        in_bits: int,
        gates: int,
        k: int,
        *,
        operands: int = 2,
        estimator: Estimator = "straight-through",
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(estimator, temperature, generator)
        self.operands, self.in_bits = operands, in_bits
        self.register_buffer("among", None)
        self.register_buffer("candidates", self._drawn(operands * gates, k, generator))
        self.logits = nn.Parameter(torch.randn(operands * gates, k, generator=generator))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature-major inputs (in_bits, samples) to the operands, each (gates, samples)."""
        mixed = mix_candidates(x, self.seen(self.logits), self.candidates, hard=not self.mixes)
        return mixed.chunk(self.operands)

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *more: Any) -> None:
        """See torch: a state may be narrower, or the first that is limited."""
        saved = state_dict.get(f"{prefix}among")
        if saved is not None:
            self.among = torch.empty_like(saved, device=self.candidates.device)
        super()._load_from_state_dict(state_dict, prefix, *more)

    def limit(self, among: Tensor, generator: torch.Generator | None = None) -> None:
        """Draw all candidates anew, and from now on, from a few of the inputs.

        Args:
            among: int64, ascending.
            generator: on the CPU.

        Raises:
            OptionError: they are fewer than k.
        """
        self.among = among
        rows, k = self.candidates.shape
        self.candidates = self._drawn(rows, k, generator)

    @torch.no_grad()
    def narrow(self, among: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """From now on choose among fewer inputs.

        Candidates that are none of them give way to others, the least likely ones of their operand.

        Args:
            among: int64, ascending; of the inputs that were chosen among.
            generator: on the CPU.

        Returns:
            bool (operands * gates, k): what is new.

        Raises:
            OptionError: they are fewer than k.
        """
        if len(among) < self.candidates.shape[1]:
            raise OptionError(f"{len(among)} inputs are too few for {self.candidates.shape[1]} candidates")
        strange = ~torch.isin(self.candidates, among.to(self.candidates.device))
        ranks = torch.searchsorted(among, self.candidates.cpu()).clamp(max=len(among) - 1)
        self.candidates.copy_(among[_replaced(ranks, strange.cpu(), len(among), generator)])
        self.among = among.to(self.candidates.device)
        last = self.logits.masked_fill(strange, torch.inf).amin(dim=1, keepdim=True).clamp(max=self.logits.max())
        below = torch.nextafter(last, torch.full_like(last, -torch.inf))
        self.logits.copy_(torch.where(strange, below, self.logits))
        return strange

    def shares(self) -> Tensor:
        """Float (in_bits,): how many operands choose each input, those that hesitate in parts."""
        shares = torch.softmax(self.logits.detach(), dim=1).flatten().cpu()
        return torch.zeros(self.in_bits).index_add_(0, self.candidates.flatten().cpu(), shares)

    def _drawn(self, rows: int, k: int, generator: torch.Generator | None) -> Tensor:
        if not 1 <= k <= self._bound:
            raise OptionError(f"k is {k}, but the layer has {self._bound} inputs", hint=f"Give 1 to {self._bound}")
        return self._inputs(_distinct(rows, k, self._bound, generator))

    @property
    def _bound(self) -> int:
        return self.in_bits if self.among is None else len(self.among)

    def _inputs(self, drawn: Tensor) -> Tensor:
        """The inputs that numbers below the bound stand for."""
        return drawn if self.among is None else self.among.cpu()[drawn]

    @torch.no_grad()
    def redraw(self, kept: int, generator: torch.Generator | None = None) -> Tensor:
        """Replace all but the ``kept`` likeliest candidates of each operand; the new ones begin just below those.

        So training comes to see all inputs, for the price of a few (CompactLogic, arXiv 2602.05830, redraws pairs of
        wires). The generator is on the CPU.

        Returns:
            bool (operands * gates, k): what is new, so has no past in an optimiser.

        Raises:
            OptionError: ``kept`` is not between 1 and k.
        """
        k = self.candidates.shape[1]
        if not 1 <= kept <= k:
            raise OptionError(f"of {k} candidates {kept} are to be kept", hint=f"Keep 1 to {k}")
        order = self.logits.argsort(dim=1, descending=True, stable=True)
        old, new = order[:, :kept], order[:, kept:]
        left = self.candidates.gather(1, old).cpu()
        left = left if self.among is None else torch.searchsorted(self.among.cpu(), left)
        others = self._inputs(_distinct_from(left, k - kept, self._bound, generator))
        self.candidates.scatter_(1, new, others.to(self.candidates.device))
        last = self.logits.gather(1, old[:, -1:])
        below = torch.nextafter(last, torch.full_like(last, -torch.inf))  # so what is chosen stays chosen
        self.logits.scatter_(1, new, below.expand_as(new))
        return torch.zeros_like(self.candidates, dtype=torch.bool).scatter_(1, new, True)

    def wires(self) -> Tensor:
        """int64 (gates, operands): the input that each operand is wired to."""
        chosen = self.logits.detach().argmax(dim=1, keepdim=True)
        return self.candidates.gather(1, chosen).view(self.operands, -1).t()


def _distinct(rows: int, k: int, bound: int, generator: torch.Generator | None) -> Tensor:
    """int64 (rows, k), each row k distinct numbers below bound, all subsets alike.

    A few of many are drawn freely, and what came twice is drawn again: nothing depends on the numbers but their
    equality, so no subset is favoured. Many of a few are the beginning of a shuffled row, made in blocks.
    """
    if 8 * k > bound:
        block = max(1, _DRAW // bound)
        sizes = [min(block, rows - start) for start in range(0, rows, block)]
        return torch.cat([torch.rand(size, bound, generator=generator).argsort(dim=1)[:, :k] for size in sizes])
    drawn = torch.randint(bound, (rows, k), generator=generator).sort(dim=1).values
    while (again := torch.nonzero((drawn[:, 1:] == drawn[:, :-1]).any(dim=1)).flatten()).numel():
        some = drawn[again]
        twice = nn.functional.pad(some[:, 1:] == some[:, :-1], (1, 0))
        some[twice] = torch.randint(bound, (int(twice.sum()),), generator=generator)
        drawn[again] = some.sort(dim=1).values
    return drawn


def _replaced(ranks: Tensor, places: Tensor, bound: int, generator: torch.Generator | None) -> Tensor:
    """int64 (rows, k), distinct numbers below bound in each row, of which those at the places are drawn anew."""
    again = places.clone()
    while count := int(again.sum()):
        ranks[again] = torch.randint(bound, (count,), generator=generator)
        ordered, order = (2 * ranks + places).sort(dim=1)  # of equal numbers those that stay come first
        twice = nn.functional.pad(ordered[:, 1:] // 2 == ordered[:, :-1] // 2, (1, 0))
        again = torch.zeros_like(places).scatter_(1, order, twice)
    return ranks


def _distinct_from(kept: Tensor, count: int, bound: int, generator: torch.Generator | None) -> Tensor:
    """int64 (rows, count), each row distinct numbers below bound, and none of those in its row of ``kept``.

    Ranks among the numbers that are left, which are distinct; a rank grows by each kept number that is not above it.
    """
    if not count:
        return kept.new_empty(len(kept), 0)
    ranks = _distinct(len(kept), count, bound - kept.shape[1], generator)
    for taken in kept.sort(dim=1).values.unbind(1):
        ranks += ranks >= taken.unsqueeze(1)
    return ranks


class Fixed(nn.Module):
    """Wires drawn once and never trained.

    Each operand walks random permutations of the inputs, so that all inputs are used evenly.
    """

    index: Tensor

    def __init__(
        self, in_bits: int, gates: int, *, operands: int = 2, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.operands, self.in_bits = operands, in_bits
        rounds = -(-operands * gates // in_bits)
        drawn = torch.cat([torch.randperm(in_bits, generator=generator) for _ in range(rounds)])
        self.register_buffer("index", drawn[: operands * gates].reshape(operands, gates))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature-major inputs (in_bits, samples) to the operands, each (gates, samples)."""
        return tuple(x.index_select(0, index) for index in self.index)

    def wires(self) -> Tensor:
        """int64 (gates, operands): the input that each operand is wired to."""
        return self.index.t()


class Siblings(nn.Module):
    """The wires of a level of a tree: operand j of node i is node ``operands * i + j`` of the level below."""

    def __init__(self, gates: int, operands: int) -> None:
        super().__init__()
        self.operands, self.in_bits = operands, gates * operands

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature-major inputs (in_bits, samples) to the operands, each (gates, samples)."""
        return x.view(-1, self.operands, x.shape[1]).unbind(1)

    def wires(self) -> Tensor:
        """int64 (gates, operands): the input that each operand is wired to."""
        return torch.arange(self.in_bits).view(-1, self.operands)


Connectome = Dense | TopK | Fixed | Siblings
