"""lgc's own modules as torch saves them: state dicts, and whole pickled modules.

A state dict holds logits, wires and tau. The encoder of an `lgc.LogicNetwork` and the number of classes are in none;
a pickled module holds them. `model.harden()` and `lgc.frontend.write_model` keep all of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError
from lgc.frontend.assemble import (
    Bits,
    Tables,
    bit_tables,
    from_thresholds,
    gate_tables,
    hard_argmax,
    make_head,
    make_inputs,
    refuse_nan,
)
from lgc.frontend.chain import check_chain
from lgc.frontend.containers.content import Content
from lgc.frontend.importer import Importer, ImportJob, same_length
from lgc.frontend.model import Model

Array = NDArray[Any]

_CONTAINERS = ("Sequential", "ModuleList", "LogicNetwork")
_PARTS = ("LogicLayer", "TableLayer", "GroupSum", "Thermometer")
_HINT = "Write it with lgc.frontend.write_model(network.harden(), 'model.pt'), which keeps encoder and classes"


def _layers(content: Content) -> list[str]:
    """The prefixes of layers: logits of their own, and a connectome's logits or wires."""
    found = [p for p in content.prefixes("logits") if not p.endswith("connectome.")]
    return [p for p in found if any(f"{p}connectome.{name}" in content.state for name in ("logits", "index"))]


def _is_part(content: Content) -> bool:
    """The state of a module of lgc that is no network: GroupSum, Thermometer, or a connectome."""
    names = set(content.state)
    parts: tuple[set[str], ...] = ({"divisor"}, {"thresholds"}, {"logits", "candidates"}, {"index"})
    return bool(names) and content.container == "pytorch" and names in parts


def _matches(content: Content) -> bool:
    return "lgc-resume" in content.entries or bool(_layers(content)) or _is_part(content)


def _read(job: ImportJob) -> Model:
    if "lgc-resume" in job.content.entries:
        raise CheckpointError(
            "this is the state of a training run that was stopped, not a model",
            hint="The run's checkpoint beside it is the best model so far; `lgc train ... --resume` goes on",
        )
    kernels = [prefix for prefix in _layers(job.content) if ".levels." in f".{prefix}"]
    if kernels and not job.content.modules:
        raise CheckpointError(
            f"{kernels[0]}logits are those of a layer over images, and a state dict does not say of which size",
            hint=_HINT,
        )
    prefixes = _in_order(job)
    if not prefixes:
        raise CheckpointError(
            f"it holds {', '.join(job.content.state)} of one module of lgc, and no layer of gates", hint=_HINT
        )
    layers = [_layer(job, prefix) for prefix in prefixes]
    assembler, bits = _inputs(job, layers[0][2])
    bits = assembler.chain(bits, layers)
    groups = next((info.attributes for info in job.content.modules.values() if info.kind == "GroupSum"), {})
    classes = groups.get("classes")
    head = make_head(job.facts, len(bits), classes=classes if type(classes) is int else None, tau=_tau(job))
    return assembler.finish(bits, head, job.content.path.stem, "lgc", form="trained")


def _in_order(job: ImportJob) -> list[str]:
    prefixes = _layers(job.content)
    if not job.content.modules:
        return check_chain(job.content, prefixes, "logits") if prefixes else prefixes
    return [f"{path}." if path else "" for path in _walk(job.content, "") if f"{path}." in prefixes or prefixes == [""]]


def _walk(content: Content, path: str) -> list[str]:
    """The layers of a pickled module, in the order in which sequences run them."""
    kind, start = content.modules[path].kind, f"{path}." if path else ""
    if kind in _PARTS:
        return [path]
    if kind not in _CONTAINERS:
        raise CheckpointError(
            f"'{path or 'the module of the file'}' is a '{kind[:60]}', which is no sequence of lgc's layers",
            hint="Save its state_dict(), or only the lgc.LogicNetwork in it",
        )
    children = [name for name in content.modules if name and name.rpartition(".")[0] == path and name.startswith(start)]
    return [one for child in children for one in _walk(content, child)]


def _layer(job: ImportJob, prefix: str) -> tuple[Bits, Tables, int | None]:
    """Wires (N, r), tables (N,), and the width of the input if the file tells."""
    logits = job.tensor(f"{prefix}logits", 2)
    wires, width = _wires(job, f"{prefix}connectome.", len(logits))
    arity, name = wires.shape[1], f"{prefix}logits"
    same_length(prefix, {"its wiring": wires}, (len(logits), arity))
    if arity == 2 and logits.shape[1] == 16:
        return wires, gate_tables(hard_argmax(logits, 1, name), name), width
    if not 2 <= arity <= 6 or logits.shape[1] != 1 << arity:
        raise CheckpointError(f"{name} has shape {logits.shape}, for gates of {arity} inputs")
    refuse_nan(logits, name)
    return wires, bit_tables(logits > 0, msb_first=False), width


def _wires(job: ImportJob, prefix: str, gates: int) -> tuple[Bits, int | None]:
    """Wires (N, r) of a Fixed, TopK or Dense connectome."""
    if job.maybe(f"{prefix}index") is not None:
        return np.ascontiguousarray(_whole(job.tensor(f"{prefix}index", 2), prefix).T), None
    logits, candidates = job.maybe(f"{prefix}logits"), job.maybe(f"{prefix}candidates")
    assert logits is not None
    chosen = hard_argmax(logits, -1, f"{prefix}logits")
    if logits.ndim == 2 and candidates is not None:  # top-k: each row has candidates of its own
        same_length(prefix, {"candidates": candidates}, logits.shape)
        picked = np.take_along_axis(_whole(candidates, prefix), chosen[:, None], axis=1)[:, 0]
        if not gates or len(picked) % gates:
            raise CheckpointError(f"{prefix}logits has {len(picked)} rows, for {gates} gates")
        return picked.reshape(-1, gates).T.copy(), None
    if logits.ndim != 3:
        raise CheckpointError(f"{prefix}logits has shape {logits.shape}, which no connectome of lgc has")
    if candidates is None:
        return np.ascontiguousarray(chosen.T), logits.shape[2]
    same_length(prefix, {"candidates": candidates}, (logits.shape[2],))
    return np.ascontiguousarray(_whole(candidates, prefix)[chosen].T), None


def _whole(array: Array, prefix: str) -> Bits:
    if array.dtype.kind not in "iu":
        raise CheckpointError(f"{prefix}: the wires are of type {array.dtype}, not whole numbers")
    return array.astype(np.int64)


def _inputs(job: ImportJob, width: int | None) -> Any:
    """The encoder: the file's Thermometer, or that of a pickled network, or what the user says."""
    places = job.content.prefixes("thresholds")
    if len(places) > 1:
        raise CheckpointError(
            f"it has {len(places)} thermometers, and lgc reads one in front of the layers", hint=_HINT
        )
    stored = job.tensor(f"{places[0]}thresholds", 2) if places else None
    encoder = job.content.modules[""].attributes.get("encoder") if job.content.modules else None
    if stored is None and isinstance(encoder, list) and encoder:
        stored = encoder[1] if len(encoder) > 1 and isinstance(encoder[1], np.ndarray) else None
        width = encoder[0] if stored is None and type(encoder[0]) is int else width
    elif stored is None:
        job.doubtful.append("the encoder is in no state dict: without --thresholds the features are bits")
    if stored is None:
        return make_inputs(job.facts, width)
    assembler, bits = from_thresholds(stored)
    job.certain.append("the thresholds are in the file")
    return assembler, bits.reshape(-1)


def _tau(job: ImportJob) -> float | None:
    places = job.content.prefixes("divisor")
    if len(places) > 1:
        raise CheckpointError(f"it has {len(places)} heads, and lgc reads one network with one", hint=_HINT)
    divisor = job.maybe(f"{places[0]}divisor") if places else None
    if divisor is None:
        return None
    tau = float(divisor.reshape(())) if divisor.size == 1 and divisor.dtype.kind == "f" else 0.0
    if not 0 < tau < float("inf"):
        raise CheckpointError(f"{places[0]}divisor is no positive number")
    return tau


IMPORTER = Importer(
    "lgc-torch", "lgc module as torch saves it", _matches, _read, ("classes", "features", "thresholds"),
    (".draws", "basis"),
)  # fmt: skip
