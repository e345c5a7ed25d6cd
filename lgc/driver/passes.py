"""What the optimiser is made of."""

from __future__ import annotations

from dataclasses import dataclass

from lgc.driver.sheet import Grid, Sheet, Shown


@dataclass(frozen=True, eq=False, repr=False)
class Optimiser(Shown):
    """Passes, what each level runs, and the local rewrites with their algebra.

    Attributes:
        passes: name and what it does.
        levels: name and the passes in order, for people.
        rewrites: name and algebra.
    """

    passes: tuple[tuple[str, str], ...]
    levels: tuple[tuple[str, str], ...]
    rewrites: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, dict[str, str]]:
        """See :class:`Shown`."""
        return {"passes": dict(self.passes), "levels": dict(self.levels), "rewrites": dict(self.rewrites)}

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        levels = [f"{level}: {steps or 'nothing'}" for level, steps in self.levels]
        return [Grid(("pass", "what it does"), self.passes), *levels, Grid(("rewrite", "algebra"), self.rewrites)]


def passes() -> Optimiser:
    """List them."""
    from lgc.passes import PIPELINES, Pass, all_passes
    from lgc.passes.rules import RULES

    levels = []
    for level, pipeline in PIPELINES.items():
        steps = (
            item.name if isinstance(item, Pass) else "repeat(" + ", ".join(one.name for one in item.passes) + ")"
            for item in pipeline
        )
        levels.append((level, ", ".join(steps)))
    rows = tuple((name, (kind.__doc__ or "").splitlines()[0]) for name, kind in all_passes().items())
    return Optimiser(rows, tuple(levels), tuple((rule.name, rule.algebra) for rule in RULES))
