"""Coverage: what do the vectors exercise? What `lgc verify --coverage` does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lgc.driver.deadline import bounded
from lgc.driver.sheet import Sheet, Shown
from lgc.driver.verify_request import CoverRequest
from lgc.errors import NotCheckedError
from lgc.progress import Progress, Silence

if TYPE_CHECKING:
    from lgc.driver.read import Loaded
    from lgc.verify.coverage import Coverage
    from lgc.verify.vectors import VectorSet


@dataclass(frozen=True, eq=False, repr=False)
class CoverageScore(Shown):
    """What the vectors given exercise, and what with those that were made for the rest.

    Attributes:
        source: the model.
        before: of the vectors given.
        after: with the vectors made too, and without what nothing can exercise.
        vectors: those made.
        undecided: input combinations that the solver left open.
    """

    source: Loaded
    before: Coverage
    after: Coverage
    vectors: VectorSet
    undecided: int

    def as_json(self) -> dict[str, Any]:
        """See :class:`Shown`."""
        before, (seen, possible) = self.before, self.before.combinations
        later, reachable = self.after.combinations
        return {
            "vectors": before.vectors, "gates": len(before.toggled), "toggled": int(before.toggled.sum()),
            "combinations": {"seen": seen, "possible": possible, "with_vectors_made": later, "reachable": reachable},
            "propagated": int(before.propagated.sum()), "propagated_of": len(before.measured),
            "vectors_made": len(self.vectors.bits), "undecided": self.undecided,
        }  # fmt: skip

    def sheet(self) -> Sheet:
        """See :class:`Shown`."""
        before, gates = self.before, len(self.before.toggled)
        (seen, possible), (later, reachable) = before.combinations, self.after.combinations
        shown, measured = int(before.propagated.sum()), len(before.measured)
        scope = f"on {before.propagation_vectors} of the vectors"
        scope += "" if measured == gates else ", a sample of the gates"
        return [
            f"coverage of {before.vectors:,} vectors on {gates:,} gates of the Verilog:",
            f"  toggled      {_share(int(before.toggled.sum()), gates)} gates",
            f"  excited      {_share(seen, possible)} input combinations of gates",
            f"  propagated   {_share(shown, measured)} gates whose flipped output changes a score ({scope})",
            f"  made by SAT  {len(self.vectors.bits):,} vectors for the rest; {possible - reachable:,} combinations "
            f"proved impossible; then {_share(later, reachable)} of those possible",
        ]

    def check_decided(self) -> None:
        """What stayed undecided is no pass.

        Raises:
            NotCheckedError: if anything did.
        """
        if self.undecided:
            raise NotCheckedError(f"the solver left {self.undecided:,} input combinations undecided: not checked")


@bounded
def cover(asked: CoverRequest, progress: Progress | None = None) -> CoverageScore:
    """Measure which gates of Verilog the vectors toggle, excite and propagate, and make vectors for the rest.

    Raises:
        NotCheckedError: there are no vectors, or a tool is missing.
        LgcError: a file is unusable, or not this model's, or it is not Verilog.
    """
    from lgc.driver.comparing import as_verilog, comparing, model_of, never_a_pass
    from lgc.driver.data import vectors_for
    from lgc.driver.mutate import judged_device
    from lgc.verify.coverage import cover as measured
    from lgc.verify.vectors import VectorSet

    progress = progress or Silence()
    with never_a_pass():
        source = model_of(asked, progress)
        device = as_verilog(judged_device(asked, "--coverage"), "--coverage")
        with comparing(asked, source, device, progress) as comparison:
            before, after, bits, undecided = measured(comparison, vectors_for(asked, comparison, source))
            return CoverageScore(source, before, after, VectorSet("coverage", bits), undecided)


def _share(part: int, whole: int) -> str:
    return f"{part:,} / {whole:,} ({100 * part / whole if whole else 100:.2f} %)"
