"""silogic (gaspardol/silogic): logic layers of a connectome and a node each, and a GroupSum head."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError
from lgc.frontend.assemble import (
    Assembler,
    Bits,
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
from lgc.frontend.facts import MissingFactError
from lgc.frontend.importer import Importer, ImportJob, same_length
from lgc.frontend.kernels import Kernels, append_kernels, append_pool
from lgc.frontend.model import Model

Array = NDArray[Any]

_NODES = ("node.gate_logits", "node.logits", "node.theta")
_LEAVES = ("leaf_idx", "leaf_cand")
_WIDEST = 64
_TIE = 1e-5


def _layers(content: Content) -> list[str]:
    names = {prefix for suffix in _NODES for prefix in content.prefixes(suffix)}
    return sorted(names, key=_numbers)


def _convs(content: Content) -> list[str]:
    return sorted({prefix for name in _LEAVES for prefix in content.prefixes(name)}, key=_numbers)


def _numbers(prefix: str) -> list[int]:
    return [int(part) if part.isdecimal() else 0 for part in prefix.split(".")]


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
    convs = _convs(job.content)
    if convs:
        assembler, bits = _blocks(job, convs)
    else:
        assembler, bits = make_inputs(job.facts, first.shape[-1] if first is not None and dense else None)
    for index, prefix in enumerate(prefixes):
        name = f"layer{index + 1}"
        wires = _wires(job, prefix, len(bits))
        tables = _tables(job, f"{prefix}node.", wires.shape[1])
        same_length(name, {"its wiring": wires}, (len(tables), wires.shape[1]))
        bits = assembler.layer(take(bits, wires, name), tables, name)
    head = make_head(job.facts, len(bits))
    return assembler.finish(bits, head, job.content.path.stem, "silogic", form="trained")


def _blocks(job: ImportJob, convs: list[str]) -> tuple[Assembler, Bits]:
    """The blocks of a LogicConvNet: trees at a stride of 1, padded by half of the kernel, then OR over 2 x 2."""
    shape = job.facts.integers("input_shape")
    if shape is None or len(shape) != 3:
        raise MissingFactError("input_shape", "it is a convolutional network, and the file has no shape for its input")
    _check_blocks(job, convs)
    assembler, bits = make_inputs(job.facts, int(np.prod(shape)))
    image = bits.reshape(shape)
    for number, prefix in enumerate(convs, 1):
        side, kernels = _trees(job, prefix, f"conv{number}")
        image = append_kernels(assembler, image, kernels, (side, side), (1, 1), (side // 2, side // 2))
        if min(image.shape[1:]) < 2:
            raise CheckpointError(
                f"{prefix} makes an image of {image.shape[1]} x {image.shape[2]}, too small for pooling",
                hint="Check --input-shape",
            )
        image = append_pool(assembler, image, f"pool{number}", (2, 2), (2, 2), (0, 0))
    job.doubtful.append("wire_residual is not in the file; it is taken to be 0, which is silogic's default")
    return assembler, image.reshape(-1)


def _check_blocks(job: ImportJob, convs: list[str]) -> None:
    """Convolutions are blocks 0, 2, 4, ... with pooling between them, and head layers follow."""
    expected = [f"blocks.{2 * index}." for index in range(len(convs))]
    dense = [prefix for prefix in _layers(job.content) if not prefix.startswith("head_layers.")]
    if convs != expected or dense:
        other = next((one for one in [*convs, *dense] if one not in expected), convs[0])
        raise CheckpointError(
            f"'{other[:60]}' is no part of silogic's LogicConvNet, the one convolutional network of it that lgc reads",
            hint="Its blocks are blocks.0, blocks.2, ...; its layers head_layers.0, head_layers.1, ...",
        )
    kinds = [name for name in _LEAVES if f"{convs[0]}{name}" in job.content.state]
    if any(f"{prefix}{kinds[0]}" not in job.content.state for prefix in convs):
        raise CheckpointError("its blocks have leaves of different kinds, which silogic does not write")
    check_chain(job.content, convs, kinds[0], gaps=True)


def _trees(job: ImportJob, prefix: str, name: str) -> tuple[int, Kernels]:
    """The side of the field, and the trees; leaf ``c*side*side + dy*side + dx`` is channel c, row dy, column dx."""
    fixed = job.maybe(f"{prefix}leaf_idx")
    if fixed is not None:
        leaves, parts = job.tensor(f"{prefix}leaf_idx", 2), ("cm_idx", "ch_idx", "cw_idx")
    else:
        candidates = job.tensor(f"{prefix}leaf_cand", 3)
        same_length(prefix, {"leaf_cand": candidates}, job.tensor(f"{prefix}conn", 3).shape)
        chosen = hard_argmax(job.content.state[f"{prefix}conn"], 2, f"{prefix}conn")
        leaves = np.take_along_axis(candidates, chosen[..., None], axis=2)[..., 0]
        parts = ("lc_cm", "lc_ch", "lc_cw")
    if leaves.dtype.kind not in "iu" or not leaves.size or int(leaves.min()) < 0:
        raise CheckpointError(f"{prefix}: the leaves are no wires: {leaves.dtype} {leaves.shape}")
    side = _side(job, prefix, fixed if fixed is not None else job.content.state[f"{prefix}leaf_cand"], parts)
    channel, rest = np.divmod(leaves.astype(np.int64), side * side)
    tables = _tree_tables(job, prefix, *leaves.shape)
    return side, Kernels(name, channel, rest // side, rest % side, tables)


def _side(job: ImportJob, prefix: str, indices: Array, parts: tuple[str, str, str]) -> int:
    """The side of the field, which the same indices as channel, row and column tell.

    Raises:
        CheckpointError: they are missing, contradict each other, or would be the same for several sides.
    """
    found = [job.tensor(f"{prefix}{part}", indices.ndim) for part in parts]
    same_length(prefix, dict(zip(parts, found, strict=True)), indices.shape)
    channel, row, column = (one.astype(np.int64) for one in found)
    sides = [
        side
        for side in range(1, _WIDEST)
        if (channel * side * side + row * side + column == indices).all() and max(row.max(), column.max()) < side
    ]
    if len(sides) != 1:
        raise CheckpointError(
            f"{prefix}{parts[0]}, {parts[1]} and {parts[2]} fit {len(sides)} sizes of a kernel",
            hint="The file is damaged, or too small to tell",
        )
    return sides[0]


def _arity(job: ImportJob, place: str, kernels: int, size: int) -> int:
    """Operands of a node, of so many operands of all nodes of a kernel: the number of nodes tells."""
    name = next((f"{place}{one}" for one in ("logits", "theta") if f"{place}{one}" in job.content.state), None)
    nodes = 0 if name is None else len(job.tensor(name, 2))
    if not nodes or kernels * size % nodes or kernels * size < 2 * nodes:
        raise CheckpointError(f"{place} has {nodes} nodes for {kernels * size} operands, which is no full tree")
    return kernels * size // nodes


def _tree_tables(job: ImportJob, prefix: str, kernels: int, leaves: int) -> Tables:
    """Tables (K, nodes) of full trees, leaves first."""
    gates, found = f"{prefix}gate_logits.0" in job.content.state, list[Tables]()
    size = leaves
    while size > 1 or not found:
        level = len(found)
        place = f"{prefix}gate_logits.{level}" if gates else f"{prefix}tree_nodes.{level}."
        arity = 2 if gates else _arity(job, place, kernels, size)
        if size % arity:
            raise CheckpointError(f"{place}: {size} operands are none of a full tree of {arity} each")
        size //= arity
        if gates:
            logits = job.tensor(place, 3)
            same_length(place, {"it": logits}, (kernels, size, 16))
            tables = gate_tables(hard_argmax(logits, 2, place).reshape(-1), place)
        else:
            tables = _tables(job, place, arity)
        if len(tables) != kernels * size:
            raise CheckpointError(f"{place} has {len(tables)} nodes, expected {kernels * size}")
        found.append(tables.reshape(kernels, size))
    return np.concatenate(found, axis=1)


def _refuse_others(job: ImportJob) -> None:
    """Parts that are no plain gates, by name."""
    for key in sorted(job.content.state):
        if "._conn.bn." in key or key.endswith("._conn.w"):
            raise CheckpointError(
                f"'{key[:60]}': a sum-threshold connectome is no plain wiring, and lgc does not read it"
            )
        if key.startswith("head."):
            raise CheckpointError(
                f"'{key[:60]}': a learned head of silogic is not supported", hint="GroupSum heads are"
            )


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
    """Truth tables of one layer's nodes, whatever their parametrisation; ``prefix`` is that of the nodes."""
    name = f"{prefix}gate_logits"
    if job.maybe(name) is not None:
        logits = job.tensor(name, 2)
        if logits.shape[1] != 16 or arity != 2:
            raise CheckpointError(f"{name} has shape {logits.shape}, for nodes of arity {arity}")
        return gate_tables(hard_argmax(logits, 1, name), name)
    name = f"{prefix}logits"
    if job.maybe(name) is not None:
        logits = job.tensor(name, 2)
        refuse_nan(logits, name)
        if logits.shape[1] != 1 << log2_size(1 << arity, name):
            raise CheckpointError(f"{name} has shape {logits.shape}, for nodes of arity {arity}")
        return bit_tables(logits > 0, msb_first=False)
    return _theta_tables(job, prefix, arity)


def _theta_tables(job: ImportJob, prefix: str, arity: int) -> Tables:
    """`walsh`, `linear` and `polynomial` nodes: a sum over monomials of the inputs decides each table bit."""
    name = f"{prefix}theta"
    theta = job.tensor(name, 2)
    refuse_nan(theta, name)
    log2_size(1 << arity, name)
    corners = ((np.arange(1 << arity)[:, None] >> np.arange(arity)) & 1).astype(np.float64)  # LSB-first
    mask = job.maybe(f"{prefix}mono_mask")
    if mask is not None:
        if mask.shape != (theta.shape[1], arity):
            raise CheckpointError(f"{prefix}mono_mask has shape {mask.shape}")
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
    module = job.content.modules.get(prefix.removesuffix("."))
    kind = module.kind if module else job.facts.get("node")
    if kind is None:
        raise CheckpointError(f"{prefix}theta may be walsh or linear at arity 1", hint="Give 'node' in --config")
    return "walsh" in str(kind).lower()


IMPORTER = Importer(
    "silogic",
    "silogic (gaspardol/silogic)",
    _matches,
    _read,
    ("classes", "features", "input_shape", "thresholds", "tau"),
    (".basis", ".truth", ".corners", "._conn.cand_i32"),
)
