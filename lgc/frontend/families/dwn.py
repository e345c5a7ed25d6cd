"""torch-dwn: LUT-n layers, read LSB-first, the opposite of torchlogix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError
from lgc.frontend.assemble import (
    ZERO,
    Tables,
    bit_tables,
    hard_argmax,
    log2_size,
    make_head,
    make_inputs,
    refuse_nan,
)
from lgc.frontend.chain import check_chain
from lgc.frontend.containers.content import Content
from lgc.frontend.importer import Importer, ImportJob
from lgc.frontend.model import Model

Array = NDArray[Any]


def _matches(content: Content) -> bool:
    names = content.prefixes("luts")
    return bool(names) and all(any(key.startswith(f"{name}mapping") for key in content.state) for name in names)


def _read(job: ImportJob) -> Model:
    _use_wrapper(job)
    prefixes = check_chain(job.content, job.content.prefixes("luts"), "luts")
    layers = [_layer(job, prefix) for prefix in prefixes]
    assembler, bits = make_inputs(job.facts, layers[0][2])
    bits = assembler.chain(bits, layers)
    module = next((m.attributes for m in job.content.modules.values() if m.kind == "GroupSum"), {})
    order = _output_order(job, module, len(bits))
    bits = bits if order is None else bits[order]
    classes, tau = module.get("k"), module.get("tau")
    classes = classes if type(classes) is int else _classes(job)
    if classes and len(bits) % classes:
        # GroupSum pads on the right with zeros.
        bits = np.concatenate([bits, np.full(-len(bits) % classes, ZERO)])
    head = make_head(job.facts, len(bits), classes=classes, tau=float(tau) if isinstance(tau, int | float) else None)
    return assembler.finish(bits, head, job.content.path.stem, "torch-dwn", form="trained")


def _layer(job: ImportJob, prefix: str) -> tuple[Array, Tables, int | None]:
    """Wires (N, n), tables, and the width of the input if the layer tells."""
    luts = job.tensor(f"{prefix}luts", 2)
    refuse_nan(luts, f"{prefix}luts")
    arity = log2_size(luts.shape[1], f"{prefix}luts")
    tables = bit_tables(luts > 0, msb_first=False)
    # `_LUTLayer__dummy_mapping` beside a learned mapping is only an arange: never read.
    if job.maybe(f"{prefix}mapping.weights") is not None:
        logits = job.tensor(f"{prefix}mapping.weights", 2)
        if logits.shape[1] != len(luts) * arity:
            raise CheckpointError(
                f"{prefix}mapping.weights has shape {logits.shape}, expected (in, {luts.shape[0] * arity})"
            )
        chosen = hard_argmax(logits, 0, f"{prefix}mapping.weights")
        return chosen.reshape(len(luts), arity), tables, len(logits)
    wires = job.tensor(f"{prefix}mapping", 2)
    if wires.shape != (len(luts), arity):
        raise CheckpointError(f"{prefix}mapping has shape {wires.shape}, expected ({len(luts)}, {arity})")
    return wires, tables, None


def _use_wrapper(job: ImportJob) -> None:
    """The wrapper seen in practice brings a config, class names and the thermometer."""
    entries = job.content.entries
    config = entries.get("config")
    defaults: dict[str, Any] = dict(config) if isinstance(config, dict) else {}
    names = entries.get("classes")
    if isinstance(names, list) and names:
        defaults["classes"] = [str(name) for name in names]
    thermometer = entries.get("thermometer")
    thresholds = thermometer.get("thresholds") if isinstance(thermometer, dict) else None
    if thresholds is not None:
        defaults["thresholds"] = thresholds
        job.certain.append("the thermometer is the one stored beside the model")
    else:
        job.doubtful.append("the thermometer is no part of the module: without --thresholds the inputs are bits")
    if isinstance(entries.get("scaler"), dict):
        job.doubtful.append("the file has a scaler; it is not applied: the thresholds compare scaled features")
    job.facts = job.facts.with_defaults(defaults)


def _classes(job: ImportJob) -> int | None:
    given = job.facts.get("classes")
    if isinstance(given, list | tuple):
        return len(given)
    return job.facts.integer("classes") or job.facts.integer("num_classes")


def _output_order(job: ImportJob, module: dict[str, Any], width: int) -> Array | None:
    """GroupSum(randperm=...) shuffles the outputs. A pickled module holds the permutation, a state dict never does."""
    order = module.get("randperm")
    if isinstance(order, np.ndarray):
        if not np.array_equal(np.sort(order.reshape(-1)), np.arange(width)):
            raise CheckpointError(f"GroupSum's permutation is none of {width} outputs")
        return order.reshape(-1)
    if not module and job.facts.get("randperm"):
        raise CheckpointError(
            "GroupSum permutes the outputs at random, and the permutation is in no state dict",
            hint="The network cannot be recovered from it; save the whole module",
        )
    if not module:
        job.doubtful.append("GroupSum(randperm=...) would leave no trace in a state dict, and could not be recovered")
        job.doubtful.append("layers are taken to have `ste`, as the default is: without it the outputs are no bits")
    layers = [info.attributes for info in job.content.modules.values() if info.kind == "LUTLayer"]
    if job.facts.get("ste") is False or any(attributes.get("ste") is False for attributes in layers):
        raise CheckpointError("a layer has no `ste`: its outputs are real numbers, not bits")
    return None


IMPORTER = Importer(
    "torch-dwn", "torch-dwn", _matches, _read, ("classes", "features", "thresholds", "tau"), ("__dummy_mapping",)
)
