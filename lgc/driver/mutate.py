"""Mutating: would the vectors notice a fault? What `lgc verify --mutate` does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lgc.driver.deadline import bounded
from lgc.driver.sheet import Grid, Sheet, Shown
from lgc.driver.verify_request import MutateRequest, VectorRequest
from lgc.errors import NotCheckedError, OptionError
from lgc.progress import Progress, Silence

if TYPE_CHECKING:
    from lgc.driver.read import Loaded
    from lgc.farm import Workers
    from lgc.verify.formats.stream import StreamText
    from lgc.verify.formats.verilog import VerilogText
    from lgc.verify.mutate import Campaign
    from lgc.verify.vectors import VectorSet

_SHOWN = 5


@dataclass(frozen=True, eq=False, repr=False)
class MutationScore(Shown):
    """What became of the mutants.

    Attributes:
        source: the model.
        campaign: every fault and its fate.
    """

    source: Loaded
    campaign: Campaign

    @property
    def vectors(self) -> VectorSet | None:
        """Vectors that kill survivors; None if none was made."""
        return self.campaign.vectors

    @property
    def score(self) -> float:
        """The share of the mutants not proved equivalent that the vectors given kill, 0 to 1."""
        from lgc.verify.mutate.campaign import EQUIVALENT, KILLED

        different = len(self.campaign.outcomes) - self.campaign.count(EQUIVALENT)
        return self.campaign.count(KILLED) / different if different else 1.0

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        from lgc.verify.mutate.campaign import FATES

        campaign = self.campaign
        faults = [{"kind": one.fault.kind, "where": one.fault.where, "fate": one.fate} for one in campaign.outcomes]
        counts = {fate: campaign.count(fate) for fate in FATES}
        times = ("build_seconds", "simulate_seconds", "decide_seconds")
        return {
            "asked": campaign.asked, "seed": campaign.seed, "mutants": len(faults), **counts, "score": self.score,
            **{name: getattr(campaign, name) for name in times}, "faults": faults,
        }  # fmt: skip

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        from lgc.verify.mutate.campaign import EQUIVALENT, FATES, KILLED, SURVIVED

        campaign = self.campaign
        rows = []
        for kind in campaign.kinds:
            counts = [campaign.count(fate, kind) for fate in FATES]
            rows.append((kind, f"{sum(counts):,}", *(f"{count:,}" for count in counts)))
        headings = ("fault", "mutants>", *(f"{fate}>" for fate in FATES))
        total = len(campaign.outcomes)
        lines: list[str | Grid] = [Grid(headings, tuple(rows))]
        if total < campaign.asked:
            lines.append(f"{campaign.asked:,} faults were asked for; there are {total:,} different ones")
        killed, survived, same = (campaign.count(fate) for fate in (KILLED, SURVIVED, EQUIVALENT))
        return [
            *lines,
            f"{total:,} mutants (seed {campaign.seed}): {killed:,} killed, {survived:,} survived, and new "
            f"vectors kill them, {same:,} proved equivalent",
            f"of those not equivalent, the vectors given kill {killed:,} / {total - same:,} ({100 * self.score:.2f} %)",
            f"built in {campaign.build_seconds:.1f} s, simulated in {campaign.simulate_seconds:.1f} s, "
            f"survivors settled in {campaign.decide_seconds:.1f} s",
        ]

    def check_decided(self) -> None:
        """What stayed undecided is no pass.

        Raises:
            NotCheckedError: if anything did.
        """
        from lgc.verify.mutate.campaign import UNDECIDED

        left = [one.fault for one in self.campaign.outcomes if one.fate == UNDECIDED]
        if not left:
            return
        shown = "; ".join(f"{fault.kind}: {fault.where}" for fault in left[:_SHOWN])
        notes = self.campaign.notes
        more = "; ..." if left[_SHOWN:] else ""
        raise NotCheckedError(
            f"{len(left):,} mutants are neither killed nor proved equivalent: {shown}{more}",
            hint=notes[0] if notes else "More vectors may kill them: --data, --random",
        )


@bounded
def mutate(asked: MutateRequest, progress: Progress | None = None) -> MutationScore:
    """Put faults into Verilog, one at a time, see whether the vectors notice each, and settle those that survive.

    Raises:
        NotCheckedError: there are no vectors or no places for faults, the Verilog differs from the model without any,
            a simulation did not end, or a tool is missing.
        LgcError: a file is unusable, or not this model's, or it is not Verilog.
    """
    from lgc.driver.comparing import comparing, model_of, never_a_pass
    from lgc.driver.data import vectors_for
    from lgc.driver.stream import model_of_stream
    from lgc.verify import mutate as campaigns
    from lgc.verify.formats.stream import StreamText
    from lgc.verify.mutate.shard import FAULTS as SHARD
    from lgc.verify.mutate.stream import FAULTS as SHARD_OF_FRAMES
    from lgc.verify.mutate.stream import mutate_stream

    progress = progress or Silence()
    with never_a_pass():
        source = model_of(asked, progress)
        device = judged_device(asked, "--mutate")
        if isinstance(device, StreamText):
            model = model_of_stream(source, "--mutate")
            with comparing(asked, source, device, progress) as streaming:
                sets, within = vectors_for(asked, streaming, source), streaming.within("mutants")
                with _farm(asked, progress, -(-asked.faults // SHARD_OF_FRAMES)) as farm:
                    campaign = mutate_stream(within, model, sets, asked.faults, asked.seed, farm)
                return MutationScore(source, campaign)
        with comparing(asked, source, device, progress) as comparison:
            sets = vectors_for(asked, comparison, source)
            with _farm(asked, progress, -(-asked.faults // SHARD)) as farm:
                campaign = campaigns.mutate(comparison.within("mutants"), sets, asked.faults, asked.seed, farm)
            return MutationScore(source, campaign)


@contextmanager
def _farm(asked: MutateRequest, told: Progress, shards: int) -> Iterator[Workers]:
    """Workers that can build a simulator."""
    from lgc.driver.workers import check_tools, open_workers

    with open_workers(asked, told, most=shards) as farm:
        check_tools(farm, "verilator", also=("package:python-sat", "abc", "yosys"))
        yield farm


def judged_device(asked: VectorRequest, flag: str) -> VerilogText | StreamText:
    """The device under test, of a kind whose vectors can be judged.

    Raises:
        OptionError: it is no Verilog, or is right only for bits that features give: what judges makes others.
    """
    from lgc.driver.comparing import as_verilog, device_under_test
    from lgc.verify.formats.stream import StreamText

    found = device_under_test(asked)
    if isinstance(found, StreamText) and flag == "--mutate":
        return found
    device = as_verilog(found, flag)
    if device.ordered:
        raise OptionError(
            "--coverage and --mutate make any bits, but this Verilog is for bits that features give",
            hint="Compile with -O2",
        )
    return device
