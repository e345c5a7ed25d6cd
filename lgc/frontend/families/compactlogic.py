"""CompactLogic (eth-sri/CompactLogic): the winner among G candidates picks gate and wires together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError, InputError
from lgc.frontend.assemble import ZERO, Bits, gate_tables, hard_argmax, make_head, make_inputs, take
from lgc.frontend.chain import check_chain
from lgc.frontend.containers.content import Content
from lgc.frontend.facts import MissingFactError, read_facts
from lgc.frontend.importer import Importer, ImportJob, same_length
from lgc.frontend.model import Model

Array = NDArray[Any]

_MAX_POSITIONS = 1 << 22


def _matches(content: Content) -> bool:
    return any(f"{prefix}gate_sequence" in content.state for prefix in content.prefixes("weights"))


def _read(job: ImportJob) -> Model:
    job = _with_sidecar(job)
    prefixes = check_chain(job.content, job.content.prefixes("weights"), "weights", gaps=True)
    shape = job.facts.integers("input_shape")
    width = int(np.prod(shape)) if shape else None
    assembler, bits = make_inputs(job.facts, width)
    image: Array | None = bits.reshape(shape) if shape and len(shape) == 3 else None
    for index, prefix in enumerate(prefixes):
        name = f"layer{index + 1}"
        winner = hard_argmax(job.tensor(f"{prefix}weights", 2), 1, f"{prefix}weights")
        ids = _pick(job, f"{prefix}gate_sequence", winner)
        if job.maybe(f"{prefix}offsets_h") is None:
            wires = np.stack([_pick(job, f"{prefix}indices", winner, side) for side in (0, 1)], axis=1)
            bits = assembler.layer(take(bits, wires, name), gate_tables(ids, name), name)
            image = None
            continue
        if image is None:
            raise MissingFactError("input_shape", f"{prefix} is a convolution, and the file has no shape for its input")
        operands = _conv_operands(job, prefix, winner, image, index)
        tables = np.repeat(gate_tables(ids, name), operands[0, ..., 0].size)
        bits = assembler.layer(operands.reshape(-1, 2), tables, name)
        image = bits.reshape(operands.shape[:3])
    head = make_head(job.facts, len(bits))
    return assembler.finish(bits, head, job.content.path.stem, "compactlogic", form="trained")


def _with_sidecar(job: ImportJob) -> ImportJob:
    """Their `meta_data.json` lies beside the file; it is read unless the user names another."""
    path = job.content.path.with_name("meta_data.json")
    if job.facts.config or not path.exists():
        return job
    try:
        sidecar = read_facts(path)
    except InputError as error:
        job.doubtful.append(f"{path.name} beside the file is not used: {error.message}")
        return job
    job.certain.append(f"{path.name} beside the file is used")
    job.facts = job.facts.with_defaults(sidecar, path.parent)
    return job


def _pick(job: ImportJob, name: str, winner: Bits, side: int | None = None) -> Array:
    """Each row's winning column of a (N, G) tensor, or of one side of a (2, N, G) tensor."""
    table = job.tensor(name, 2 if side is None else 3)
    if side is not None:
        table = table[side] if len(table) == 2 else table[:0]
    weights = job.tensor(name.rpartition(".")[0] + ".weights" if "." in name else "weights", 2)
    same_length(name, {"it": table}, weights.shape)
    picked: Array = np.take_along_axis(table, winner[:, None], axis=1)[:, 0]
    return picked


def _conv_operands(job: ImportJob, prefix: str, winner: Bits, image: Bits, index: int) -> Bits:
    """Bits (K, H', W', 2): position ``out*stride + offset``; outside the image is constant 0."""
    channels, height, width = image.shape
    stride, out_shape = _geometry(job, prefix, index)
    if len(winner) * out_shape[0] * out_shape[1] > _MAX_POSITIONS:
        raise CheckpointError(f"{prefix}: {len(winner)} kernels at {out_shape} positions are more than any model's")
    parts = []
    for side in (0, 1):
        channel, dy, dx = (
            _pick(job, f"{prefix}offsets_{axis}", winner, side).astype(np.int64)[:, None, None]
            for axis in ("ch", "h", "w")
        )
        y = np.arange(out_shape[0])[None, :, None] * stride + dy
        x = np.arange(out_shape[1])[None, None, :] * stride + dx
        if ((channel < 0) | (channel >= channels)).any():
            raise CheckpointError(f"{prefix}: a gate reads a channel that does not exist; there are {channels}")
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        found = image[channel, np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
        parts.append(np.where(inside, found, ZERO))
    return np.stack(parts, axis=-1)


def _geometry(job: ImportJob, prefix: str, index: int) -> tuple[int, tuple[int, int]]:
    """Stride and output size of a convolution: of the pickled module, or of the sidecar's list of layers."""
    module = job.content.modules.get(prefix.removesuffix("."))
    layers = job.facts.get("layers")
    described: object = layers[index] if isinstance(layers, list) and index < len(layers) else None
    if module is not None:
        described = {"stride": module.attributes.get("stride"), "out_shape": module.attributes.get("out_shape")}
    stride = described.get("stride") if isinstance(described, dict) else None
    shape = described.get("out_shape") if isinstance(described, dict) else None
    sizes = shape[-2:] if isinstance(shape, list) else []
    if type(stride) is not int or not 1 <= stride <= 64 or len(sizes) != 2:
        raise MissingFactError("layers", f"{prefix} is a convolution, and stride and out_shape are not in the file")
    if not all(type(size) is int and 1 <= size <= 4096 for size in sizes):
        raise CheckpointError(f"{prefix}: its output size is {sizes}")
    return stride, (sizes[0], sizes[1])


IMPORTER = Importer(
    "compactlogic", "CompactLogic (eth-sri/CompactLogic)", _matches, _read,
    ("classes", "features", "input_shape", "thresholds", "tau", "layers"),
    (),
)  # fmt: skip
