"""silogic (gaspardol/silogic): logic layers of a connectome and a node each, and a GroupSum head."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError
from lgc.frontend.assemble import (
    Tables,
    bit_tables,
    gate_tables,
    hard_argmax,
    log2_size,
    make_head,
    make_inputs,
    refuse_nan,
    take,
)
from lgc.frontend.chain import check_chain
from lgc.frontend.containers.content import Content
from lgc.frontend.importer import Importer, ImportJob, same_length
from lgc.frontend.model import Model

Array = NDArray[Any]

_NODES = ("node.gate_logits", "node.logits", "node.theta")
_TIE = 1e-5


def _layers(content: Content) -> list[str]:
    names = {prefix for suffix in _NODES for prefix in content.prefixes(suffix)}
    return sorted(names, key=lambda name: [int(part) if part.isdecimal() else 0 for part in name.split(".")])


def _matches(content: Content) -> bool:
    return any(key.startswith(f"{name}_conn.") for name in _layers(content) for key in content.state)


def _read(job: ImportJob) -> Model:
    _refuse_others(job)
    prefixes = _layers(job.content)
    suffix = next(suffix for suffix in _NODES if f"{prefixes[0]}{suffix}" in job.content.state)
    if any(f"{prefix}{suffix}" not in job.content.state for prefix in prefixes):
        raise CheckpointError("its layers have nodes of different kinds, which silogic does not write")
    prefixes = check_chain(job.content, prefixes, suffix)
    first = job.maybe(f"{prefixes[0]}_conn.conn")
    dense = first is not None and job.maybe(f"{prefixes[0]}_conn.cand") is None
    assembler, bits = make_inputs(job.facts, first.shape[-1] if first is not None and dense else None)
    for index, prefix in enumerate(prefixes):
        name = f"layer{index + 1}"
        wires = _wires(job, prefix, len(bits))
        tables = _tables(job, prefix, wires.shape[1])
        same_length(name, {"its wiring": wires}, (len(tables), wires.shape[1]))
        bits = assembler.layer(take(bits, wires, name), tables, name)
    head = make_head(job.facts, len(bits))
    return assembler.finish(bits, head, job.content.path.stem, "silogic", form="trained")


def _refuse_others(job: ImportJob) -> None:
    """Parts that are no plain gates, by name."""
    for key in sorted(job.content.state):
        if "._conn.bn." in key or key.endswith("._conn.w"):
            raise CheckpointError(
                f"'{key[:60]}': a sum-threshold connectome is no plain wiring, and lgc does not read it"
            )
        if key.startswith("head.") or ".leaf_" in key:
            what = "a learned head" if key.startswith("head.") else "a convolutional tree"
            raise CheckpointError(f"'{key[:60]}': {what} of silogic is not supported", hint="GroupSum heads are")


def _wires(job: ImportJob, prefix: str, width: int) -> Array:
    """Wires (N, r): fixed, or the argmax over candidates, or over all inputs."""
    fixed = job.maybe(f"{prefix}_conn.idx")
    if fixed is not None:
        return job.tensor(f"{prefix}_conn.idx", 2)
    chosen = hard_argmax(job.tensor(f"{prefix}_conn.conn", 3), 2, f"{prefix}_conn.conn")
    if job.maybe(f"{prefix}_conn.cand") is None:
        if job.content.state[f"{prefix}_conn.conn"].shape[2] != width:
            raise CheckpointError(f"{prefix}_conn.conn chooses among more or fewer than the {width} bits there are")
        return chosen
    candidates = job.tensor(f"{prefix}_conn.cand", 3)
    same_length(prefix, {"_conn.cand": candidates}, job.content.state[f"{prefix}_conn.conn"].shape)
    picked: Array = np.take_along_axis(candidates, chosen[..., None], axis=2)[..., 0]
    return picked


def _tables(job: ImportJob, prefix: str, arity: int) -> Tables:
    """Truth tables of one layer's nodes, whatever their parametrisation."""
    name = f"{prefix}node.gate_logits"
    if job.maybe(name) is not None:
        logits = job.tensor(name, 2)
        if logits.shape[1] != 16 or arity != 2:
            raise CheckpointError(f"{name} has shape {logits.shape}, for nodes of arity {arity}")
        return gate_tables(hard_argmax(logits, 1, name), name)
    name = f"{prefix}node.logits"
    if job.maybe(name) is not None:
        logits = job.tensor(name, 2)
        refuse_nan(logits, name)
        if logits.shape[1] != 1 << log2_size(1 << arity, name):
            raise CheckpointError(f"{name} has shape {logits.shape}, for nodes of arity {arity}")
        return bit_tables(logits > 0, msb_first=False)
    return _theta_tables(job, prefix, arity)


def _theta_tables(job: ImportJob, prefix: str, arity: int) -> Tables:
    """`walsh`, `linear` and `polynomial` nodes: a sum over monomials of the inputs decides each table bit."""
    name = f"{prefix}node.theta"
    theta = job.tensor(name, 2)
    refuse_nan(theta, name)
    log2_size(1 << arity, name)
    corners = ((np.arange(1 << arity)[:, None] >> np.arange(arity)) & 1).astype(np.float64)  # LSB-first
    mask = job.maybe(f"{prefix}node.mono_mask")
    if mask is not None:
        if mask.shape != (theta.shape[1], arity):
            raise CheckpointError(f"{prefix}node.mono_mask has shape {mask.shape}")
        monomials, strict = np.where(mask[None] > 0.5, corners[:, None], 1.0).prod(axis=2), False
    elif theta.shape[1] == arity + 1 and not (arity == 1 and _is_walsh(job, prefix)):
        monomials, strict = np.concatenate([np.ones((len(corners), 1)), corners], axis=1), False
    elif theta.shape[1] == 1 << arity:
        signs = 2 * corners - 1
        subsets = ((np.arange(1 << arity)[:, None] >> np.arange(arity)) & 1).astype(bool)
        monomials, strict = np.where(subsets[None], signs[:, None], 1.0).prod(axis=2), True
    else:
        raise CheckpointError(f"{name} has shape {theta.shape}, which no node of arity {arity} has")
    sums = theta.astype(np.float64) @ monomials.T
    close = int((np.abs(sums) < _TIE).sum())
    if close:
        job.doubtful.append(
            f"{name}: {close} table entries are decided by a sum below {_TIE}, where float32 may differ"
        )
    return bit_tables(sums > 0 if strict else sums >= 0, msb_first=False)


def _is_walsh(job: ImportJob, prefix: str) -> bool:
    """At arity 1 `walsh` and `linear` look alike; only a pickled module or the user can tell."""
    module = job.content.modules.get(f"{prefix}node")
    kind = module.kind if module else job.facts.get("node")
    if kind is None:
        raise CheckpointError(f"{prefix}node.theta may be walsh or linear at arity 1", hint="Give 'node' in --config")
    return "walsh" in str(kind).lower()


IMPORTER = Importer(
    "silogic", "silogic (gaspardol/silogic)", _matches, _read, ("classes", "features", "thresholds", "tau"), ()
)
