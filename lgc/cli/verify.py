"""`lgc verify`: what `lgc compile` wrote against the model, bit for bit."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from lgc.cli.options import request_command
from lgc.cli.output import OutputOptions
from lgc.driver.request import Request, Setting, check_outputs, described, flag_of
from lgc.driver.verify_request import CoverRequest, MutateRequest, ProveRequest, VectorRequest, VerifyRequest
from lgc.driver.workers_request import WorkersRequest
from lgc.errors import LgcError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R", bound=VectorRequest)
_PROOF, _JUDGED = "Verilog: a proof in place of vectors", "Verilog: judging the vectors"
_PARTS = {"cover": "coverage", "mutate": "mutation"}
_EXAMPLES = (
    "lgc verify model.pt net.v                                   # random and directed vectors, every score",
    "lgc verify model.pt net.c --data mnist --limit 1000         # and data, with the accuracy",
    "lgc verify model.pt net.v --formal                          # a proof, for all inputs",
    "lgc verify model.pt net.v --netlist ecp5-85k                # what yosys makes of it",
    "lgc verify model.pt net.v --crash crash/ --junit junit.xml  # for continuous integration",
    "lgc verify model.pt net.v --mutate 1000 --coverage          # would the vectors notice a fault?",
)


@dataclass(frozen=True)
class Ways(Request):
    """What is done besides comparing, or in its place."""

    formal: Annotated[
        bool, Setting("Prove the Verilog equal to MODEL for all inputs; no vectors.", group=_PROOF)
    ] = False  # fmt: skip
    mutate: Annotated[
        int | None,
        Setting("Put N faults into the Verilog: do the vectors kill them?", low=1, metavar="N", group=_JUDGED),
    ] = None
    coverage: Annotated[
        bool, Setting("Report which gates the vectors toggle, excite and propagate.", group=_JUDGED)
    ] = False  # fmt: skip
    write_vectors: Annotated[
        Path | None, Setting("Save the vectors made for survivors and gaps.", group=_JUDGED, writes=True)
    ] = None  # fmt: skip


@request_command("verify", VerifyRequest, Ways, ProveRequest, OutputOptions, examples=_EXAMPLES)
def verify(asked: VerifyRequest, ways: Ways, proof: ProveRequest, output: OutputOptions) -> None:
    """Compare FILE, which `lgc compile` made of MODEL, with the checkpoint's own torch model.

    Every score and the class of every vector are compared. Verilog is simulated in Verilator under cocotb, and so is
    what an Amaranth module elaborates to; C is compiled and run; ONNX runs in onnxruntime; yosys reads BLIF, AIGER and
    JSON; lgc itself reads .lgn. A .py or .c file is code: to verify it is to execute it, so give only files that you
    would run. Exit code 0: all equal. 1: a difference, with the first place that differs. 2: unusable input. 3: not
    checked.
    """
    from lgc.driver.deadline import within

    _check_ways(asked, proof, ways)
    output.check(asked, ways)
    with within(asked.timeout):  # one deadline, whatever verbs it takes
        if ways.formal:
            import lgc.driver.prove

            output.run(lgc.driver.prove.prove, proof)
        else:
            _compare(asked, ways, proof, _Documents(output))


class _Documents:
    """Results of several verbs: printed one by one, and one document for machines at the end."""

    def __init__(self, output: OutputOptions) -> None:
        self.output = output
        self._found: dict[str, Any] = {}

    def run(self, verb: Callable[..., Any], asked: Request) -> Any:
        """The result of a verb, which is printed, even where it came with an error."""
        try:
            with self.output.progress() as told:
                result = verb(asked, told)
        except LgcError as error:
            if error.result is not None:
                with suppress(OSError, SystemExit):  # a difference is told by the exit code, too, whoever reads
                    self._add(verb, error.result)
            raise
        self._add(verb, result)
        return result

    def _add(self, verb: Callable[..., Any], result: Any) -> None:
        self.output.print(result)
        self._found |= result.as_json() if not self._found else {_PARTS[verb.__name__]: result.as_json()}

    def write(self) -> None:
        """All results as one document; nothing if there is none."""
        if self._found:
            self.output.write(self._found)


def _compare(asked: VerifyRequest, ways: Ways, proof: ProveRequest, documents: _Documents) -> None:
    import lgc.driver.verify as driver

    judges = _judges(asked, ways, proof)
    try:
        verdict = documents.run(driver.verify, asked)
        _judge(documents, [(verb, replace(one, model=verdict.source)) for verb, one in judges], ways.write_vectors)
    finally:
        documents.write()


def _check_ways(asked: VerifyRequest, proof: ProveRequest, ways: Ways) -> None:
    """Refuse options that do not go together.

    Raises:
        OptionError: they do not.
    """
    if proof.certificate and not ways.formal:
        raise OptionError("--certificate is of --formal, which is not given")
    if ways.formal and (ways.mutate or ways.coverage or asked.waves or asked.junit or asked.sarif):
        raise OptionError("--formal simulates no vectors: --mutate, --coverage, --waves, --junit and --sarif do")
    if asked.netlist and (ways.mutate or ways.coverage):
        raise OptionError("--mutate and --coverage judge vectors by the Verilog, not by a netlist: leave --netlist out")
    if ways.write_vectors and not (ways.mutate or ways.coverage):
        raise OptionError("--write-vectors saves what --mutate or --coverage make, and neither is given")
    if _places(proof) and not (ways.formal or ways.mutate):
        flag = flag_of(described(WorkersRequest)[next(iter(_places(proof)))])
        raise OptionError(f"{flag} is of --mutate and --formal, and neither is given")
    check_outputs(asked, ways)


def _places(proof: ProveRequest) -> dict[str, Any]:
    """Who works, as far as that was said."""
    given = proof.given()
    return {name: given[name] for name in described(WorkersRequest) if name in given}


def _judges(asked: VerifyRequest, ways: Ways, proof: ProveRequest) -> list[tuple[Callable[..., Any], VectorRequest]]:
    """The verbs that judge vectors and their requests; what they cannot judge is refused before anything runs."""
    found: list[tuple[Callable[..., Any], VectorRequest]] = []
    if ways.coverage or ways.mutate:
        from lgc.driver.cover import cover
        from lgc.driver.mutate import judged_device, mutate

        if ways.coverage:
            found.append((cover, _narrowed(CoverRequest, asked)))
        if ways.mutate:
            keep = asked.keep / "mutants" if asked.keep else None
            found.append((mutate, _narrowed(MutateRequest, asked, faults=ways.mutate, keep=keep, **_places(proof))))
        judged_device(asked, "--mutate" if ways.mutate else "--coverage")
    return found


def _narrowed(kind: type[R], asked: VerifyRequest, **more: Any) -> R:
    """The part of a request that another verb takes."""
    names = {one.name for one in fields(kind)} & {one.name for one in fields(asked)}
    return kind(**{name: getattr(asked, name) for name in names} | {"keep": None} | more)


def _judge(documents: _Documents, judges: list[tuple[Callable[..., Any], VectorRequest]], save: Path | None) -> None:
    """Coverage, mutants, and the vectors that they make into a file.

    Raises:
        NotCheckedError: a mutant or a combination stays undecided; the vectors are written all the same.
    """
    from lgc.driver.data import save_vectors

    results = [documents.run(verb, asked) for verb, asked in judges]
    if save:
        count = save_vectors(save, [one.vectors for one in results])
        documents.output.console.print(f"{count:,} vectors written to {save}")
    for one in results:
        one.check_decided()
