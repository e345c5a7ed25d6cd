"""`lgc compile` and `lgc verify` as functions."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import MismatchError

if TYPE_CHECKING:
    from lgc.ir import Circuit
    from lgc.sim import SimulatorName
    from lgc.verify.report import Report
    from lgc.verify.vectors import VectorSet


class NotEquivalentError(MismatchError, AssertionError):
    """The file is not the model: a failed assertion, with the first vector, layer and gate that differ."""


def compile_verilog(model: Path | str, rtl: Path | str, *, level: str = "O2", **options: Any) -> Path:
    """Write the Verilog of a checkpoint or netlist, and its manifest beside it.

    Args:
        level: of optimisation, ``O0`` to ``O2``.
        options: of :class:`lgc.backend.verilog.Verilog`: ``pipeline=4``, ``top="net"``.

    Raises:
        LgcError: the model cannot be read, an option is impossible, or the file cannot be written.
    """
    from lgc.backend.base import write
    from lgc.backend.verilog import Verilog
    from lgc.frontend import load_circuit
    from lgc.passes import optimize

    path = Path(rtl)
    write(Verilog(**{"top": path.stem} | options), optimize(load_circuit(model), level), path)
    return path


def assert_equivalent(
    model: Path | str,
    rtl: Path | str,
    *,
    bits: NDArray[np.bool_] | None = None,
    random: int = 1000,
    directed: bool = True,
    vectors: Path | None = None,
    seed: int = 0,
    simulator: SimulatorName = "verilator",
    timeout: float = 3600.0,
    force: bool = False,
) -> Report:
    """Compare every score and class of a file that lgc wrote with the model's own.

    Args:
        model: a checkpoint or netlist of any family that lgc reads.
        rtl: the file, with its manifest or sidecar beside it: ``.v``, or any other that ``lgc verify`` takes. A ``.c``
            or ``.py`` file is executed.
        bits: vectors of your own, bool (B, I), I the width of the input port.
        random: how many random vectors.
        directed: whether to add zeros, ones, extremes and ties.
        vectors: a file of ``lgc verify --write-vectors``.
        simulator: of Verilog and Amaranth.
        force: compare even if the text is not as lgc wrote it from this model.

    Returns:
        What was checked: sets of vectors, times.

    Raises:
        NotEquivalentError: they differ.
        NotCheckedError, MissingToolError, ToolError: it could not be checked, which is never a pass.
        InputError: a file is unusable, or the Verilog is another model's.
    """
    from lgc.frontend import load_circuit
    from lgc.frontend.reference import reference_for
    from lgc.verify.explain import explain
    from lgc.verify.features import behind_the_port, given_by_features
    from lgc.verify.formats import open_artefact
    from lgc.verify.subject import check, check_provenance
    from lgc.verify.verilog import VerifyOptions

    circuit = load_circuit(model)
    encoder = circuit.encoder
    artefact = open_artefact(Path(rtl), None, VerifyOptions(timeout=timeout, simulator=simulator))
    if not force:
        check_provenance(artefact, circuit.metadata.get("model_digest", "none"))
    circuit, reference, sweep = behind_the_port(artefact.features, circuit, reference_for(Path(model), circuit), seed)
    sets = [*_vectors(circuit, bits, random, vectors, seed, directed=directed), *sweep]
    if artefact.ordered:
        sets = [replace(one, bits=given_by_features(encoder, one.bits)) for one in sets]
    with tempfile.TemporaryDirectory(prefix="lgc-verify-") as folder:
        report = check(artefact, circuit, reference, sets, Path(folder) / "verify")
    if explanation := ". ".join(explain(report, circuit)):
        raise NotEquivalentError(explanation, where=str(rtl))
    return report


def _vectors(
    circuit: Circuit, bits: NDArray[np.bool_] | None, random: int, saved: Path | None, seed: int, *, directed: bool
) -> list[VectorSet]:
    from lgc.verify.vectorfile import read_vectors
    from lgc.verify.vectors import VectorSet, directed_vectors, random_vectors

    width = circuit.netlist.num_inputs
    sets = [] if bits is None else [VectorSet("data", np.asarray(bits, np.bool_))]
    sets += [random_vectors(width, random, seed)] if random else []
    sets += [read_vectors(saved, width)] if saved is not None else []
    if directed:
        start = sets[0].bits[:256] if sets else random_vectors(width, 64, seed).bits
        sets.append(directed_vectors(circuit, start, seed))
    return sets
