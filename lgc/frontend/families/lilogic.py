"""LILogicNet, the authors' own training code (rejunity/TrainableLogicGateNetworks): state dicts and npz.

A state dict interleaves wiring (`layers.0.*`) and gates (`layers.1.w`, shape (16, N)). The wire of column j is
the argmax over axis 0; gate g reads columns 2g (A) and 2g+1 (B). In the early layout a layer holds both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError
from lgc.frontend.assemble import Bits, Tables, gate_tables, hard_argmax, make_head, make_inputs, take
from lgc.frontend.chain import check_chain
from lgc.frontend.containers.content import Content
from lgc.frontend.facts import MissingFactError
from lgc.frontend.importer import Importer, ImportJob, check_io, same_length, stored_samples
from lgc.frontend.lower import lower
from lgc.frontend.model import Model
from lgc.ir.interp import evaluate

Array = NDArray[Any]

_GATES = re.compile(r"(?:.*\.)?layers\.(\d+)\.w")
_CHECKED_SAMPLES = 1000


@dataclass(frozen=True)
class StoredLayer:
    """One gate layer as the file has it: wires (N, 2) over an input of ``width`` bits (None: unknown)."""

    name: str
    wires: Bits
    width: int | None
    tables: Tables


def _gate_names(content: Content) -> list[str]:
    prefixes = content.prefixes("w")
    return [p for p in prefixes if _GATES.fullmatch(f"{p}w") and content.state[f"{p}w"].ndim == 2]


def _matches(content: Content) -> bool:
    names = _gate_names(content)
    return bool(names) and all(len(content.state[f"{name}w"]) == 16 for name in names)


def _read(job: ImportJob) -> Model:
    names = check_chain(job.content, _gate_names(job.content), "w", most=2)
    stages = [_stage(job, prefix) for prefix in names]
    samples, recorded = stored_samples(*(_entry(job, f"dataset_{side}") for side in ("input", "output")))
    first = stages[0].width
    if first is None and samples is not None and job.facts.get("features") is None:
        first = samples.shape[1]
    assembler, bits = make_inputs(job.facts, first)
    names = [f"layer{index + 1}" for index in range(len(stages))]
    readers = _resolve(job, stages, len(bits))
    known = bits
    for stage, name, wires in zip(stages, names, readers, strict=True):
        gates = assembler.layer(take(known, wires, name), stage.tables, name)
        known = np.concatenate([known, gates])
    head = make_head(job.facts, len(gates), classes=job.facts.integer("NUMBER_OF_CATEGORIES"))
    job.certain.append("the soft network that eval() runs is not the circuit; the argmax of wires and gates is")
    model = assembler.finish(gates, head, job.content.path.stem, "lilogicnet", form="trained")
    _check_samples(job, model, samples, recorded)
    return model


def _stage(job: ImportJob, prefix: str) -> StoredLayer:
    logits = job.tensor(f"{prefix}w", 2)
    count = logits.shape[1]
    ids = hard_argmax(logits, 0, f"{prefix}w")
    match = _GATES.fullmatch(f"{prefix}w")
    index = int(match.group(1)) if match else 0
    before = re.sub(r"\d+\.$", f"{index - 1}.", prefix)
    wiring = _wirings(job, before, 2 * count) if index else []
    wiring = wiring or _early_wirings(job, prefix, index, count)
    if not wiring:
        raise CheckpointError(f"{prefix}w has gates, but the file has no wiring for them")
    width = next((known for _, known in wiring if known is not None), None)
    for other, _ in wiring[1:]:
        if not np.array_equal(other, wiring[0][0]):
            raise CheckpointError(
                f"{before}: its two forms of wiring disagree", hint="A binarised clone must hold the same choice twice"
            )
    return StoredLayer(prefix, wiring[0][0].reshape(count, 2), width, gate_tables(ids, prefix))


def _wirings(job: ImportJob, prefix: str, outputs: int) -> list[tuple[Bits, int | None]]:
    """Every wiring (2N,) that a connection layer holds, with the width of its input if it tells."""
    found: list[tuple[Bits, int | None]] = []
    dense = job.maybe(f"{prefix}c")
    if dense is not None and dense.ndim == 2:
        found.append((hard_argmax(dense, 0, f"{prefix}c"), len(dense)))
    if job.maybe(f"{prefix}top_c") is not None:
        logits, candidates = job.tensor(f"{prefix}top_c", 2), job.tensor(f"{prefix}top_indices", 2)
        same_length(prefix, {"top_indices": candidates}, logits.shape)
        chosen = hard_argmax(logits, 0, f"{prefix}top_c")
        found.append((_integers(np.take_along_axis(candidates, chosen[None], axis=0)[0], prefix), None))
    if job.maybe(f"{prefix}indices") is not None:
        found.append((_integers(job.tensor(f"{prefix}indices", 1), prefix), None))
    if job.maybe(f"{prefix}c_sub_layer_1") is not None:
        found.append(_block_sparse(job, prefix))
    for wires, _ in found:
        same_length(prefix, {"its wiring": wires}, (outputs,))
    return found


def _block_sparse(job: ImportJob, prefix: str) -> tuple[Bits, int]:
    """Two argmaxes: output (m, o) takes block n of the second, then element i of that block."""
    first, second = job.tensor(f"{prefix}c_sub_layer_1", 3), job.tensor(f"{prefix}c_sub_layer_2", 3)
    blocks, size, middle = first.shape
    if second.shape[:2] != (middle, blocks):
        raise CheckpointError(f"{prefix}: sub-layers of shapes {first.shape} and {second.shape} do not fit")
    element = hard_argmax(first, 1, f"{prefix}c_sub_layer_1")  # (n, m)
    block = hard_argmax(second, 1, f"{prefix}c_sub_layer_2")  # (m, o)
    wires = block * size + element[block, np.arange(middle)[:, None]]
    return wires.reshape(-1), blocks * size


def _early_wirings(job: ImportJob, prefix: str, index: int, count: int) -> list[tuple[Bits, int | None]]:
    """The layouts without connection layers: `.c` of shape (in, N, 2) beside `.w`, or a list ``connections``."""
    dense = job.maybe(f"{prefix}c")
    if dense is not None and dense.ndim == 3:
        same_length(prefix, {"c": dense}, (len(dense), count, 2))
        return [(hard_argmax(dense, 0, f"{prefix}c").reshape(-1), len(dense))]
    pairs = job.content.entries.get("connections", job.maybe("connections"))
    if pairs is None:
        return []
    if len(pairs) != 2 or index >= len(pairs[0]) or index >= len(pairs[1]):
        raise CheckpointError(f"'connections' has no wires for layer {index}, expected [[A, ...], [B, ...]]")
    a, b = (_integers(np.asarray(side[index]), "connections") for side in pairs)
    same_length("connections", {"A": a, "B": b}, (count,))
    return [(np.stack([a, b], axis=1).reshape(-1), None)]


def _integers(array: Array, name: str) -> Bits:
    if array.dtype.kind not in "iu":
        raise CheckpointError(f"{name}: the wires are of type {array.dtype}, not whole numbers")
    if array.dtype == np.uint64 and array.size and int(array.max()) >= 2**63:
        raise CheckpointError(f"{name}: wire {int(array.max())} does not exist")
    return array.astype(np.int64)


def _resolve(job: ImportJob, stages: list[StoredLayer], features: int) -> list[Bits]:
    """Wires counted over [input, gates of layer 1, gates of layer 2, ...], whatever the pass-through options.

    The options are not in the file. Those that fit the widths must agree, or the user decides.
    """
    allowed_input = _option(job, "pass_input", "PASS_INPUT_TO_ALL_LAYERS")
    allowed_residual = _option(job, "pass_residual", "PASS_RESIDUAL")
    fitting: list[tuple[tuple[bool, bool], list[Bits]]] = []
    for pass_input in allowed_input:
        for pass_residual in allowed_residual:
            resolved = _apply(stages, features, pass_input, pass_residual)
            if resolved is not None:
                fitting.append(((pass_input, pass_residual), resolved))
    if not fitting:
        widths = [stage.width for stage in stages]
        raise CheckpointError(
            f"layers that read {widths} bits fit no combination of pass-through options over {features} input bits",
            hint="Check --features; the options concatenate the input and the stage before",
        )
    for _, other in fitting[1:]:
        if any(not np.array_equal(a, b) for a, b in zip(fitting[0][1], other, strict=True)):
            raise MissingFactError("pass_input", "several pass-through options fit the file")
    chosen = fitting[0][0]
    job.certain.append(f"pass-through: input {'yes' if chosen[0] else 'no'}, residual {'yes' if chosen[1] else 'no'}")
    return fitting[0][1]


def _option(job: ImportJob, name: str, theirs: str) -> tuple[bool, ...]:
    value = job.facts.flag(name)
    if value is None and job.facts.get(theirs) is not None:
        value = job.facts.flag(theirs)
    return (False, True) if value is None else (value,)


def _apply(stages: list[StoredLayer], features: int, pass_input: bool, pass_residual: bool) -> list[Bits] | None:
    """The wires if the options fit the file, else None."""
    network_input = np.arange(features)
    previous, reads, start = network_input, network_input, features
    resolved: list[Bits] = []
    for index, stage in enumerate(stages):
        highest = int(stage.wires.max(initial=0))
        if (stage.width is not None and stage.width != len(reads)) or highest >= len(reads):
            return None
        resolved.append(reads[stage.wires] if stage.wires.min(initial=0) >= 0 else stage.wires)
        gates = np.arange(start, start + len(stage.wires))
        start += len(gates)
        parts = [gates]
        if pass_input:
            parts.append(network_input)
        # With both options the first layer appends the input once: it is also the stage before.
        if pass_residual and (index > 0 or not pass_input):
            parts.append(previous)
        previous, reads = gates, np.concatenate(parts)
    return resolved


def _entry(job: ImportJob, name: str) -> object:
    return job.content.entries.get(name, job.maybe(name))


def _check_samples(job: ImportJob, model: Model, inputs: Array | None, outputs: Array | None) -> None:
    """Where a file brings samples with the binarised outputs, the imported network must reproduce them."""
    if inputs is None or outputs is None or len(inputs) != len(outputs) or model.encoder.thresholds is not None:
        return
    inputs, outputs = inputs[:_CHECKED_SAMPLES], outputs[:_CHECKED_SAMPLES]
    binary = np.isin(inputs, (0, 1)).all() and np.isin(outputs, (0, 1)).all()
    if not binary or inputs.shape[1] != model.encoder.num_bits or outputs.shape[1] != model.layers[-1].width:
        return
    count = check_io(evaluate(lower(model).netlist, inputs > 0.5), outputs, job.content.path.name)
    job.certain.append(f"reproduces the {count} samples stored in the file")


IMPORTER = Importer(
    "lilogicnet",
    "LILogicNet (rejunity/TrainableLogicGateNetworks)",
    _matches,
    _read,
    ("classes", "features", "thresholds", "pass_input", "pass_residual"),
    (),
)
