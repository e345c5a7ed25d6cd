"""`lgc verify --mutate` and `--coverage`: how good are the vectors?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from lgc.backend.verilog.rtl import Rtl
    from lgc.frontend.reference import Reference
    from lgc.ir import Circuit
    from lgc.verify.mutate import Campaign
    from lgc.verify.vectors import VectorSet

_SHOWN = 5


def check_judging(save: Path | None, *, coverage: bool, mutants: int | None) -> None:
    """Refuse ``--write-vectors`` without anything that makes vectors.

    Raises:
        OptionError: so it is.
    """
    from lgc.errors import OptionError

    if save and not (mutants or coverage):
        raise OptionError("--write-vectors saves what --mutate or --coverage make, and neither is given")


def judge(
    console: Console,
    rtl: Rtl,
    circuit: Circuit,
    reference: Reference,
    sets: Sequence[VectorSet],
    folder: Path,
    *,
    coverage: bool,
    mutants: int | None,
    save: Path | None,
    **options: Any,
) -> None:
    """Coverage, mutants, and the vectors that they make into a file.

    Raises:
        NotCheckedError: a fault or a combination stays undecided; the vectors are written all the same.
    """
    from lgc.verify.vectorfile import write_vectors

    campaign, made, undecided = None, [], 0
    if coverage:
        extra, undecided = judge_coverage(console, rtl, circuit, sets)
        made.append(extra)
    if mutants:
        campaign = judge_mutants(console, rtl, circuit, reference, sets, folder, count=mutants, **options)
        made += [campaign.vectors] if campaign.vectors else []
    if save:
        count = write_vectors(save, made, circuit.netlist.num_inputs)
        console.print(f"{count:,} vectors written to {save}")
    refuse_undecided(campaign, undecided)


def judge_coverage(console: Console, rtl: Rtl, circuit: Circuit, sets: Sequence[VectorSet]) -> tuple[VectorSet, int]:
    """Print what the vectors exercise; returns vectors for what they do not, and how much stayed undecided."""
    import numpy as np

    from lgc.backend.verilog.textnet import read_text, vote_groups
    from lgc.verify.coverage import complete, measure
    from lgc.verify.vectors import VectorSet

    netlist = read_text(rtl.text, circuit.netlist.num_inputs).netlist
    found = measure(
        netlist, np.concatenate([one.bits for one in sets]), vote_groups(rtl.text, netlist, rtl.manifest.group_sizes)
    )
    gates = netlist.num_nodes
    console.print(f"coverage of {found.vectors:,} vectors on {gates:,} gates of the Verilog:")
    console.print(f"  toggled      {_share(int(found.toggled.sum()), gates)} gates")
    seen, possible = found.combinations
    console.print(f"  excited      {_share(seen, possible)} input combinations of gates")
    shown, measured = int(found.propagated.sum()), len(found.measured)
    scope = f"on {found.propagation_vectors} of the vectors" + ("" if measured == gates else ", a sample of the gates")
    console.print(f"  propagated   {_share(shown, measured)} gates whose flipped output changes a score ({scope})")
    bits, undecided = complete(netlist, found)
    seen, reachable = found.combinations
    console.print(
        f"  made by SAT  {len(bits):,} vectors for the rest; {possible - reachable:,} combinations proved impossible; "
        f"then {_share(seen, reachable)} of those possible"
    )
    return VectorSet("coverage", bits), undecided


def judge_mutants(
    console: Console,
    rtl: Rtl,
    circuit: Circuit,
    reference: Reference,
    sets: Sequence[VectorSet],
    folder: Path,
    **options: Any,
) -> Campaign:
    """Print what became of the faults."""
    from rich.table import Table

    from lgc.verify.mutate import mutate
    from lgc.verify.mutate.campaign import CAUGHT, EQUIVALENT, FATES, NEW_VECTOR

    campaign = mutate(rtl, circuit, reference, sets, folder, **options)
    table = Table()
    table.add_column("fault")
    for heading in ("mutants", *FATES):
        table.add_column(heading, justify="right")
    for kind in campaign.kinds:
        counts = [campaign.count(fate, kind) for fate in FATES]
        table.add_row(kind, f"{sum(counts):,}", *(f"{count:,}" for count in counts))
    console.print(table)
    total = len(campaign.outcomes)
    if total < campaign.asked:
        console.print(f"{campaign.asked:,} faults were asked for; there are {total:,} different ones")
    caught, late, same = (campaign.count(fate) for fate in (CAUGHT, NEW_VECTOR, EQUIVALENT))
    console.print(
        f"{total:,} mutants (seed {campaign.seed}): {caught:,} caught, {late:,} by new vectors only, "
        f"{same:,} proved equivalent"
    )
    console.print(f"of those not equivalent, the vectors given catch {_share(caught, total - same)}")
    console.print(
        f"built in {campaign.build_seconds:.1f} s, simulated in {campaign.simulate_seconds:.1f} s, "
        f"survivors settled in {campaign.decide_seconds:.1f} s"
    )
    return campaign


def refuse_undecided(campaign: Campaign | None, combinations: int) -> None:
    """What stayed undecided is no pass.

    Raises:
        NotCheckedError: if anything did.
    """
    from lgc.errors import NotCheckedError
    from lgc.verify.mutate.campaign import UNDECIDED

    if combinations:
        raise NotCheckedError(f"the solver left {combinations:,} input combinations undecided: not checked")
    if campaign is None:
        return
    left = [one.fault for one in campaign.outcomes if one.fate == UNDECIDED]
    if left:
        shown = "; ".join(f"{fault.kind}: {fault.where}" for fault in left[:_SHOWN])
        raise NotCheckedError(
            f"{len(left):,} faults are neither caught nor proved equivalent: {shown}{'; ...' if left[_SHOWN:] else ''}",
            hint=campaign.notes[0] if campaign.notes else "More vectors may catch them: --data, --random",
        )


def _share(part: int, whole: int) -> str:
    return f"{part:,} / {whole:,} ({100 * part / whole if whole else 100:.2f} %)"
