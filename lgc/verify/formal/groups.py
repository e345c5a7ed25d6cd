"""A proof whose groups of claims are tasks: none depends on another, so that any worker can prove one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lgc
from lgc.backend.verilog.rtl import Rtl
from lgc.errors import TimeLimitError
from lgc.farm import Task, Workers, answers, check_version, digest_of, progress_here
from lgc.ir import Circuit
from lgc.progress import Progress
from lgc.tools.limits import deadline
from lgc.verify.carried import digests, room, unpacked
from lgc.verify.formal.certificate import OPEN, REFUTED, Certificate, Claim
from lgc.verify.formal.context import CLASS, SCORES, Proving, Refutation
from lgc.verify.formal.prove import certificate_of, prove, prove_claims

_TO_ANSWER = 0.05
"""The share of the time that is left for answers to come back."""


@dataclass(frozen=True)
class ProvedGroup:
    """What came of a group.

    Attributes:
        reached: the groups that there are claims of.
    """

    parts: tuple[Claim, ...]
    domain: str
    reached: frozenset[str]


def prove_apart(
    rtl: Rtl, circuit: Circuit, folder: Path, timeout: float, progress: Progress, farm: Workers
) -> tuple[Certificate, Refutation | None]:
    """The same as :func:`lgc.verify.formal.prove.prove`, by workers.

    What is refuted is refuted again here: whoever shows it in a simulator needs more than what was found.

    Raises:
        LgcError: see :func:`lgc.verify.formal.prove.prove`.
    """
    certificate = certificate_of(rtl, circuit)
    groups = [SCORES, *([CLASS] if {SCORES, CLASS} <= set(certificate.outputs) else [])]
    tasks = [group_task(rtl, circuit, group, folder, timeout) for group in groups]
    found = group_answers(prove_group, tasks, progress, farm)
    first = found[0]
    if isinstance(first, ProvedGroup):
        certificate.domain = first.domain
        reached = [one for group, one in zip(groups, found, strict=True) if group in first.reached]
        certificate.parts = [part for one in reached for part in claims_of(one)]
    else:
        certificate.parts = [first]
    if certificate.result == REFUTED:
        return prove(rtl, circuit, folder, timeout, progress)
    return certificate, None


def group_task(rtl: Rtl, circuit: Circuit, group: str, folder: Path, timeout: float, **more: Any) -> Task:
    """A group of claims as a task.

    Args:
        circuit: the unoptimised circuit of the model.
        folder: to work in, for workers that see it.
        timeout: seconds, for all groups.
        more: what the function needs besides.
    """
    whole = deadline()
    left = timeout if whole is None else min(timeout, whole.end - time.monotonic())
    request = {
        "task": "proof", "lgc": lgc.__version__, **digests(rtl), "circuit": circuit.digest(), "group": group,
        "timeout": timeout,
    }  # fmt: skip
    seconds = (1 - _TO_ANSWER) * left
    return {"request": request, "rtl": rtl, "circuit": circuit, "folder": str(folder), "seconds": seconds, **more}


def group_answers(
    function: Callable[[Any], Any], tasks: Sequence[Task], progress: Progress, farm: Workers
) -> list[Any]:
    """What came of each group; of one that was not done in time, a claim that is not proved.

    Raises:
        LgcError: a task failed.
    """
    found: dict[str, Any] = {}
    try:
        for digest, answer in answers(farm, function, tasks):
            found[digest] = answer
            progress.step("groups of claims", len(found), len(tasks))
    except TimeLimitError as error:
        note = f"{error.message}: not proved"
    wanted = {digest_of(task["request"]): task["request"]["group"] for task in tasks}
    return [
        found[digest] if digest in found else Claim(f"the claims about {group}", OPEN, "", 0.0, note)
        for digest, group in wanted.items()
    ]


def claims_of(one: ProvedGroup | Claim) -> Iterable[Claim]:
    """The claims of an answer."""
    return (one,) if isinstance(one, Claim) else one.parts


def prove_group(task: Task) -> ProvedGroup:
    """Do a task of :func:`prove_apart`.

    Raises:
        LgcError: see :func:`lgc.verify.formal.prove.prove`.
    """
    request, circuit = task["request"], task["circuit"]
    check_version(request)
    with room(task["folder"], request["group"]) as folder:
        rtl, work = unpacked(task["rtl"], folder), folder / "work"
        work.mkdir()
        end = time.monotonic() + task["seconds"]
        certificate = certificate_of(rtl, circuit)
        proof = Proving(rtl, circuit, work, end, certificate, progress_here(), only=request["group"])
        prove_claims(proof)
        return ProvedGroup(tuple(certificate.parts), certificate.domain, frozenset(proof.reached))
