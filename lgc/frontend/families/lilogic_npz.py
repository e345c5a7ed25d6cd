"""The npz of the LILogicNet authors: gate ids and wires, zero-padded to the widest layer.

Padding looks like a genuine constant-0 gate on wires 0,0 and changes the size of the last layer's groups.
So the last layer's width must be certain: no trailing gate looks like padding, or the class count leaves one width,
or the user says it. Hidden layers need no such care: padding there is a gate that nobody reads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError, OptionError
from lgc.frontend.assemble import gate_tables, make_head, make_inputs, take
from lgc.frontend.containers.content import Content
from lgc.frontend.facts import MissingFactError
from lgc.frontend.importer import Importer, ImportJob, check_io, same_length, stored_samples
from lgc.frontend.lower import lower
from lgc.frontend.model import Model
from lgc.ir.interp import evaluate

Array = NDArray[Any]

_CHECKED_SAMPLES = 1000


def _matches(content: Content) -> bool:
    return {"gate_types", "connections.A", "connections.B"} <= set(content.state)


def _read(job: ImportJob) -> Model:
    ids, a, b = (job.tensor(name, 2) for name in ("gate_types", "connections.A", "connections.B"))
    same_length("the archive", {"connections.A": a, "connections.B": b}, ids.shape)
    if 0 in ids.shape:
        raise CheckpointError(f"gate_types has shape {ids.shape}")
    widths = _widths(job, ids, a, b)
    samples, _ = _samples(job)
    width = samples.shape[1] if samples is not None else None
    assembler, bits = make_inputs(job.facts, None if job.facts.get("features") else width)
    for index, count in enumerate(widths):
        name = f"layer{index + 1}"
        wires = np.stack([a[index, :count], b[index, :count]], axis=1)
        bits = assembler.layer(take(bits, wires, name), gate_tables(ids[index, :count], name), name)
    head = make_head(job.facts, len(bits))
    model = assembler.finish(bits, head, job.content.path.stem, "lilogicnet-npz")
    _check_samples(job, model)
    return model


def _widths(job: ImportJob, ids: Array, a: Array, b: Array) -> list[int]:
    """The number of gates of each layer."""
    layers, widest = ids.shape
    given = job.facts.integers("widths")
    used = np.array([_used(row) for row in (ids != 0) | (a != 0) | (b != 0)])
    if given is not None:
        if len(given) != layers or max(given) > widest or any(w < u for w, u in zip(given, used, strict=True)):
            raise OptionError(f"--widths {given} does not fit {layers} layers of {used.tolist()} to {widest} gates")
        return list(given)
    # A gate that the next layer reads exists, even if it is a constant 0 on wires 0,0.
    hidden = [widest] * (layers - 1)
    last = int(used[-1])
    if last == widest:
        job.certain.append(f"the last layer has {widest} gates: none of its last gates looks like padding")
        return [*hidden, widest]
    _, recorded = _samples(job)
    if recorded is not None and last <= recorded.shape[1] <= widest:
        job.certain.append(f"the last layer has {recorded.shape[1]} gates, as many as the stored outputs")
        return [*hidden, recorded.shape[1]]
    return [*hidden, _from_classes(job, last, widest)]


def _used(row: NDArray[np.bool_]) -> int:
    """The number of gates up to the last that is no padding."""
    return int(row.nonzero()[0].max(initial=-1)) + 1


def _from_classes(job: ImportJob, used: int, widest: int) -> int:
    """The only multiple of the class count that is possible."""
    classes = job.facts.integer("classes") if not isinstance(job.facts.get("classes"), list | tuple) else None
    classes = classes or len(job.facts.get("classes") or ())
    fitting = [width for width in range(used, widest + 1) if classes and width and width % classes == 0]
    if len(fitting) != 1:
        raise MissingFactError(
            "widths",
            f"the last layer has between {used} and {widest} gates, as trailing constant-0 gates look like padding",
        )
    job.certain.append(f"the last layer has {fitting[0]} gates: the only multiple of {classes} from {used} to {widest}")
    return fitting[0]


def _samples(job: ImportJob) -> tuple[Array | None, Array | None]:
    return stored_samples(job.maybe("input"), job.maybe("output"))


def _check_samples(job: ImportJob, model: Model) -> None:
    inputs, outputs = _samples(job)
    if inputs is None or outputs is None or len(inputs) != len(outputs):
        return
    inputs, outputs = inputs[:_CHECKED_SAMPLES], outputs[:_CHECKED_SAMPLES]
    if inputs.shape[1] != model.encoder.num_bits or outputs.shape[1] != model.layers[-1].width:
        return
    if np.isin(inputs, (0, 1)).all() and np.isin(outputs, (0, 1)).all():
        count = check_io(evaluate(lower(model).netlist, inputs > 0.5), outputs, job.content.path.name)
        job.certain.append(f"reproduces the {count} samples stored in the file")


IMPORTER = Importer(
    "lilogicnet-npz", "LILogicNet npz (gate_types, connections)", _matches, _read,
    ("classes", "features", "widths", "thresholds"), (),
)  # fmt: skip
