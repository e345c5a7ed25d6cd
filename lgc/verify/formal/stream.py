"""The proof of a streaming circuit: every part that computes. What moves pixels about is simulated, and said to be."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lgc.backend.manifest import Manifest
from lgc.backend.verilog.rtl import Rtl
from lgc.backend.verilog.stream.design import Slide, Streamed, streamed
from lgc.backend.verilog.stream.pixel import pixel_circuit
from lgc.backend.verilog.stream.result import votes_circuit
from lgc.backend.verilog.top import top_ports
from lgc.farm import Here, Task, Workers, check_version, progress_here
from lgc.frontend.model import Model
from lgc.ir import Circuit, Netlist
from lgc.ir.interp import evaluate
from lgc.mapping.arithmetic import tree_depth
from lgc.mapping.shape import HeadShape
from lgc.progress import Progress
from lgc.tools.abc import find_abc
from lgc.tools.yosys import find_yosys
from lgc.verify.carried import room, unpacked
from lgc.verify.formal.abc import difference, equivalent
from lgc.verify.formal.certificate import OPEN, PROVED, REFUTED, Certificate, Claim
from lgc.verify.formal.context import Proving
from lgc.verify.formal.dialect import check_words
from lgc.verify.formal.groups import ProvedGroup, claims_of, group_answers, group_task
from lgc.verify.formal.netlists import argmax, gates
from lgc.verify.formal.prove import prove_read
from lgc.verify.formal.rtl import read_flat
from lgc.verify.formal.unroll import unroll

SCHEDULE = "counters, line buffers and sums bring every position the pixels of its field, and every class its votes"
_SCHEDULE_NOTE = (
    "no proof covers them: `lgc verify` without --formal simulates this file, and lgc's own tests all small geometries"
)
CORE = "core"
"""The group of claims about what is a circuit like any other."""
_SERIES = "the dense layers: each table, looked up in memory, is the model's, and its votes are added to its class"
_SERIES_NOTE = "no proof covers tables in series: `lgc verify` without --formal simulates this file, on every score"
Step = tuple[str, str]


@dataclass(frozen=True)
class _Module:
    """A module that computes a function of one port, some clocks later.

    Attributes:
        name: of the module; source, output: its ports.
        stages: register stages.
    """

    name: str
    source: str
    output: str
    stages: int


def prove_stream(
    rtl: Rtl,
    model: Model,
    circuit: Circuit,
    folder: Path,
    timeout: float,
    progress: Progress,
    farm: Workers | None = None,
) -> Certificate:
    """Prove what computes in a streaming circuit: a pixel's encoder, the kernels, dense layers or counts, the argmax.

    The certificate has a part for what is not proved, so that its result is never "proved".

    Args:
        circuit: of the model, unoptimised and unrolled.
        folder: an empty folder to work in.
        timeout: seconds, for all of it.
        farm: who works, a module a task; by default this process.

    Raises:
        MissingToolError: pyosys is not installed.
    """
    certificate = _certificate(rtl, circuit)
    check_words(rtl.text)
    apart = apart_of(rtl, model)
    in_series = "tables_per_clock" in ((rtl.manifest.stream or {}).get("core") or {})
    groups = [*(module.name for _, module, _ in _functions(rtl, model, apart)), *([] if in_series else [CORE])]
    more = {"model": model, "apart": apart}
    tasks = [group_task(rtl, circuit, group, folder, timeout, **more) for group in groups]
    for one in group_answers(prove_module, tasks, progress, farm or Here(progress)):
        certificate.parts += claims_of(one)
    if in_series:
        certificate.parts.append(Claim(_SERIES, OPEN, "simulation", 0.0, _SERIES_NOTE))
    certificate.parts.append(Claim(SCHEDULE, OPEN, "simulation", 0.0, _SCHEDULE_NOTE))
    return certificate


def apart_of(rtl: Rtl, model: Model) -> Streamed:
    """The model taken apart as a file has it."""
    return streamed(model, "O0", int((rtl.manifest.stream or {}).get("pixels_per_clock", 1)))


def _certificate(rtl: Rtl, circuit: Circuit) -> Certificate:
    find_abc()
    version = find_yosys().version
    return Certificate(
        rtl=rtl.path.name, rtl_sha256=hashlib.sha256(rtl.path.read_bytes()).hexdigest(),
        model_digest=circuit.metadata.get("model_digest", "none"), model_circuit=circuit.digest(),
        domain="every value of what each part reads", tools={"pyosys": version, "yosys-abc": version},
        outputs=("scores", "class_id"), latency=rtl.manifest.latency,
    )  # fmt: skip


def prove_module(task: Task) -> ProvedGroup:
    """Do a task of :func:`prove_stream`: one module, or the core.

    Raises:
        MissingToolError: pyosys is not installed.
    """
    request, circuit = task["request"], task["circuit"]
    check_version(request)
    with room(task["folder"], request["group"]) as folder:
        rtl, end = unpacked(task["rtl"], folder), time.monotonic() + task["seconds"]
        certificate = _certificate(rtl, circuit)
        proof = Proving(rtl, circuit, folder, end, certificate, progress_here())
        if request["group"] == CORE:
            _core(proof, task["apart"])
        for claim, module, wanted in _functions(rtl, task["model"], task["apart"]):
            if module.name == request["group"]:
                proof.part(claim, "yosys, ABC &cec", _same(proof, module, wanted))
        return ProvedGroup(tuple(certificate.parts), certificate.domain, frozenset())


def _functions(rtl: Rtl, model: Model, apart: Streamed) -> Iterator[tuple[str, _Module, Netlist]]:
    """The modules that compute one function, and that function by its definition."""
    top, codes = rtl.manifest.top, rtl.manifest.features
    if codes is not None and codes.common is not None:
        wanted = pixel_circuit(apart.image, model.encoder, codes.common).netlist
        yield (
            "the bits of a pixel are its codes compared with the thresholds",
            _Module(f"{top}_pixel", "x", "y", 0),
            wanted,
        )
    for slide in apart.slides:
        module = _Module(f"{top}_{slide.name}_kernels", "x", "y", len(slide.cuts) + 1)
        claim = f"{slide.name}: each of {slide.outputs} outputs is that of its tables, for every field"
        yield claim, module, slide.definition.netlist
    if apart.dense is None:
        head, shape = apart.head, HeadShape.of_head(apart.head)
        module = _Module(f"{top}_rank_argmax", "scores", "class_id", tree_depth(head.num_classes))
        yield (
            "class_id is the argmax of the scores",
            module,
            argmax(head, shape.score, shape.index, signed=shape.signed),
        )


def kernels_equal(path: Path, name: str, slide: Slide, folder: Path, timeout: float) -> bool:
    """Whether the module ``name`` of a file is proved to compute a layer's tables.

    Raises:
        NotCheckedError: yosys or ABC came to no answer.
    """
    design = read_flat(path, name, folder, timeout, words=False)
    flat = unroll(design, ("y",), "x", len(slide.cuts) + 1)
    return equivalent(gates(flat, flat.ports["x"], flat.ports["y"]), slide.definition.netlist, folder, timeout)


def _same(proof: Proving, module: _Module, wanted: Netlist) -> Callable[[], Step]:
    def step() -> Step:
        folder = proof.folder / module.name
        folder.mkdir()
        design = read_flat(proof.rtl.path, module.name, folder, proof.left(), words=False)
        flat = unroll(design, (module.output,), module.source, module.stages)
        seen = gates(flat, flat.ports[module.source], flat.ports[module.output])
        if (seen.num_inputs, seen.num_outputs) != (wanted.num_inputs, wanted.num_outputs):
            return REFUTED, "its ports are not those of the model's layer"
        if equivalent(seen, wanted, folder, proof.left()):
            return PROVED, f"{module.stages} register stages"
        bits = difference(seen, wanted)
        if bits is None:
            return OPEN, "ABC says that an output differs, but no input was found that shows it"
        differ = (evaluate(seen, bits[None]) != evaluate(wanted, bits[None]))[0]
        return REFUTED, f"output {int(np.flatnonzero(differ)[0])} differs where {int(bits.sum())} of its inputs are 1"

    return step


def _core(proof: Proving, apart: Streamed) -> None:
    """The part that is a circuit like any other, proved as such: dense layers and head, or the counts of a position."""
    said = (proof.rtl.manifest.stream or {}).get("core") or {}
    dense = apart.dense
    circuit = votes_circuit(apart) if dense is None else dense
    outputs = "scores" if dense is None else str(said.get("outputs"))
    shape = HeadShape.of(circuit)
    score, signed = int(said.get("score_width", shape.score)), bool(said.get("score_signed", shape.signed))
    shape = replace(shape, score=score, signed=signed)
    manifest = Manifest.of(
        circuit, top=str(said.get("module")), ports=top_ports(circuit, shape, clocked=True, outputs=outputs),
        latency=int(said.get("latency") or 0), score_width=shape.score, score_signed=shape.signed,
        interval=int(said.get("interval") or 1),
    )  # fmt: skip
    certificate = replace(proof.certificate, parts=[], outputs=_ports(outputs))
    inner = Proving(
        replace(proof.rtl, manifest=manifest),
        circuit,
        proof.folder / "core",
        proof.deadline,
        certificate,
        proof.progress,
    )
    inner.folder.mkdir()
    prove_read(inner)
    what = "the votes of a position, counted" if dense is None else "the dense layers"
    proof.certificate.parts += [replace(part, claim=f"{what}: {part.claim}") for part in certificate.parts]


def _ports(outputs: str) -> tuple[str, ...]:
    without = {"class": "scores", "scores": "class_id"}.get(outputs)
    return tuple(name for name in ("scores", "class_id") if name != without)
