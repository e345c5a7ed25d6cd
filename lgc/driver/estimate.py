"""Estimating: area and depth in lookup tables, without synthesis, for every head that could be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lgc.driver.deadline import bounded
from lgc.driver.read import CONFIG_HELP, TIMEOUT, import_options, load_source
from lgc.driver.request import Request, Source, check_outputs
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.errors import OptionError
from lgc.mapping.names import Results
from lgc.progress import Progress, Silence
from lgc.settings import Setting

if TYPE_CHECKING:
    from lgc.mapping.choose import Choice
    from lgc.mapping.estimate import Estimate
    from lgc.mapping.heads.base import HeadArchitecture
    from lgc.parts.part import Part

ALL = "all"


@dataclass(frozen=True)
class EstimateRequest(Request):
    """What to estimate, for which lookup tables or part."""

    model: Annotated[Source, Setting("A checkpoint or a netlist.", flags=("MODEL",))]
    lut: Annotated[
        tuple[Literal["4", "6"], ...], Setting("Operands of a lookup table; both by default.", flags=("--lut",))
    ] = ()
    part: Annotated[
        str | None,
        Setting("For this part's tables, carry chains and heads; see `lgc synth --list`.", former=("--target",),
                metavar="PART"),
    ] = None  # fmt: skip
    head: Annotated[str, Setting("A head by its name, or all.")] = ALL
    outputs: Annotated[Results, Setting("Which results are ports.")] = "both"
    pipeline: Annotated[int, Setting("Register stages.", low=0)] = 0
    json: Annotated[Path | None, Setting("Write the estimates as JSON.", writes=True)] = None
    config: Annotated[Path | None, Setting(CONFIG_HELP)] = None
    timeout: Annotated[float | None, TIMEOUT] = None
    facts: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        lut = (self.lut,) if isinstance(self.lut, int | str) else self.lut
        object.__setattr__(self, "lut", tuple(str(one) for one in lut))
        super().__post_init__()


@dataclass(frozen=True, eq=False, repr=False)
class Estimated(Shown):
    """Estimates of a circuit.

    Attributes:
        rows: an estimate a head and size of lookup table; on a part the smallest first, a serial head last.
        fabric: of the part that they are for; empty for lookup tables of any.
        choice: the head that `lgc compile` builds there.
    """

    name: str
    rows: tuple[Estimate, ...]
    fabric: str
    choice: Choice | None

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        rows = []
        for one in self.rows:
            regions = (one.regions.get(name) for name in ("gates", "popcount", "argmax"))
            cells = [f"{region.luts:,}" if region else "" for region in regions]
            sums = (f"{one.luts:,}", str(one.depth), f"{one.carry:,}", f"{one.sites:,}")
            rows.append((one.head, str(one.lut), *cells, *sums))
        headings = (
            "head", "LUT>", "gates>", "popcount>", "argmax>", "LUTs in all>", "depth>", "carry>", "LUT sites>",
        )  # fmt: skip
        lines: list[str | Grid] = [Grid(headings, tuple(rows), self.name)]
        if self.choice is not None:
            lines.append(f"`lgc compile --fabric {self.fabric}` builds {self.choice.head}: {self.choice.reason}")
        return [*lines, "all estimated; `lgc synth` measures"]

    def as_json(self) -> list[dict[str, Any]]:
        """See :class:`Shown`."""
        return [
            asdict(one) | {"luts": one.luts, "sites": one.sites, "depth": one.depth, "how": "estimated"}
            for one in self.rows
        ]


@bounded
def estimate(asked: EstimateRequest, progress: Progress | None = None) -> Estimated:
    """Estimate lookup tables and depth of a network by stage, for each head, without synthesis.

    Raises:
        LgcError: the network cannot be read, or a part, head or size of lookup table is impossible.
    """
    from lgc.files import write_text
    from lgc.mapping.choose import by_size, choose_head
    from lgc.mapping.heads import find_head
    from lgc.parts.fabrics import FABRICS
    from lgc.passes import optimize

    progress = progress or Silence()
    check_outputs(asked)
    progress.step("read")
    circuit = optimize(load_source(asked.model, import_options(asked.config, asked.facts)).circuit)
    pairs, part = _candidates(asked)
    family, outputs, stages = part.family if part else None, asked.outputs, asked.pipeline
    rows = []
    for done, (head, size) in enumerate(pairs):
        progress.step(f"estimate {head.name}, LUT{size}", done, len(pairs))
        rows.append(head.estimate(circuit, lut=size, outputs=outputs, pipeline=stages, family=family))
    choice = None
    if part is not None:  # the smallest first, but those that `auto` does not take last
        choice = choose_head(circuit, part.fabric, part, outputs=asked.outputs, pipeline=asked.pipeline)
        fabric = FABRICS.get(part.fabric)
        rows = sorted(
            by_size(rows), key=lambda one: not find_head(one.head).is_taken(asked.pipeline, fabric, one.sites)
        )
    result = Estimated(circuit.name, tuple(rows), part.fabric if part else "", choice)
    if asked.json is not None:
        write_text(asked.json, result.to_json())
    return result


def _candidates(asked: EstimateRequest) -> tuple[list[tuple[HeadArchitecture, int]], Part | None]:
    """Heads and operands of lookup tables to estimate, and the part that is named.

    Raises:
        OptionError: there is no such head or part, it has no lookup tables, or not such ones.
    """
    from lgc.mapping.heads import all_heads, find_head
    from lgc.parts.fabrics import FABRICS
    from lgc.parts.part import find_part

    every = all_heads() if asked.head == ALL else (find_head(asked.head),)
    sizes = [int(size) for size in asked.lut]
    if not asked.part:
        pairs = [(one, size) for one in every for size in sizes or [4, 6]]
        return [(one, size) for one, size in pairs if asked.head != ALL or size in one.lut_sizes], None
    part = find_part(asked.part)
    if not part.lut_size or sizes not in ([], [part.lut_size]):
        has = f"lookup tables of {part.lut_size} operands" if part.lut_size else "no lookup tables"
        raise OptionError(f"{part.name} has {has}", hint="Leave out --lut" if part.lut_size else "Name another part")
    fabric = FABRICS.get(part.fabric)
    able = (one for one in every if asked.head != ALL or (one.fits(fabric) if fabric else not one.needs_chains))
    return [(one, part.lut_size) for one in able], part
