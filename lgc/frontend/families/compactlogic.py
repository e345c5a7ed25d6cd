"""CompactLogic (eth-sri/CompactLogic): the winner among G candidates picks gate and wires together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError, InputError
from lgc.frontend.assemble import Assembler, Bits, gate_tables, hard_argmax, make_head, make_inputs, take
from lgc.frontend.chain import check_chain
from lgc.frontend.containers.content import Content
from lgc.frontend.facts import MissingFactError, read_facts
from lgc.frontend.importer import Importer, ImportJob, same_length
from lgc.frontend.kernels import Kernels, append_kernels
from lgc.frontend.model import Model

Array = NDArray[Any]

_STRUCTURES = {
    "conv_spm": ((3, 1, 2), (3, 1, 1), (3, 1, 2), (3, 1, 1)),
    "conv_chm": ((3, 1, 2), (1, 0, 1), (3, 1, 2), (1, 0, 1)),
}
"""Field, padding and stride of the convolutions of the networks that its experiments train, by ``args.struct``."""


def _matches(content: Content) -> bool:
    return any(f"{prefix}gate_sequence" in content.state for prefix in content.prefixes("weights"))


def _read(job: ImportJob) -> Model:
    job = _with_sidecar(job)
    prefixes = check_chain(job.content, job.content.prefixes("weights"), "weights", gaps=True)
    job = _with_structure(job, prefixes)
    shape = job.facts.integers("input_shape")
    width = int(np.prod(shape)) if shape else None
    assembler, bits = make_inputs(job.facts, width)
    image: Array | None = bits.reshape(shape) if shape and len(shape) == 3 else None
    for index, prefix in enumerate(prefixes):
        name = f"layer{index + 1}"
        _check_frozen(job, prefix)
        if job.maybe(f"{prefix}offsets_h") is None:
            winner = hard_argmax(job.tensor(f"{prefix}weights", 2), 1, f"{prefix}weights")
            ids = _pick(job, f"{prefix}gate_sequence", winner)
            wires = np.stack([_pick(job, f"{prefix}indices", winner, side) for side in (0, 1)], axis=1)
            bits = assembler.layer(take(bits, wires, name), gate_tables(ids, name), name)
            image = None
            continue
        if image is None:
            raise MissingFactError("input_shape", f"{prefix} is a convolution, and the file has no shape for its input")
        image = _conv(job, prefix, assembler, image, index)
        bits = image.reshape(-1)
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


def _with_structure(job: ImportJob, prefixes: list[str]) -> ImportJob:
    """Of a structure that its experiments name, the convolutions as they are there, where nobody says them."""
    struct = next((name for name in _STRUCTURES if job.facts.get("struct") == name), None)
    shape = job.facts.integers("input_shape")
    if struct is None or shape is None or len(shape) != 3 or job.facts.get("layers") is not None:
        return job
    convs = [prefix for prefix in prefixes if f"{prefix}offsets_h" in job.content.state]
    if len(convs) != len(_STRUCTURES[struct]):
        job.doubtful.append(f"it has {len(convs)} convolutions, which CompactLogic's {struct} has not")
        return job
    sizes, layers = list(shape[1:]), []
    for field, padding, stride in _STRUCTURES[struct]:
        sizes = [(size + 2 * padding - field) // stride + 1 for size in sizes]
        layers.append({"stride": stride, "out_shape": list(sizes)})
    job.certain.append(f"convolutions as CompactLogic's {struct} has them")
    job.facts = job.facts.with_defaults({"layers": layers})
    return job


def _check_frozen(job: ImportJob, prefix: str) -> None:
    """A layer that was frozen holds its winners too."""
    frozen = job.maybe(f"{prefix}w")
    winner = hard_argmax(job.tensor(f"{prefix}weights", 2), 1, f"{prefix}weights")
    if frozen is not None and not np.array_equal(frozen, winner):
        raise CheckpointError(f"{prefix}w, the winners of a frozen layer, are not those of its weights")


def _pick(job: ImportJob, name: str, winner: Bits, side: int | None = None) -> Array:
    """Each row's winning column of a (N, G) tensor, or of one side of a (2, N, G) tensor."""
    table = job.tensor(name, 2 if side is None else 3)
    if side is not None:
        table = table[side] if len(table) == 2 else table[:0]
    weights = job.tensor(name.rpartition(".")[0] + ".weights" if "." in name else "weights", 2)
    same_length(name, {"it": table}, weights.shape)
    picked: Array = np.take_along_axis(table, winner[:, None], axis=1)[:, 0]
    return picked


def _conv(job: ImportJob, prefix: str, assembler: Assembler, image: Bits, index: int) -> Bits:
    """A convolution: a gate reads position ``out*stride + offset``; outside the image is constant 0."""
    winner = hard_argmax(job.tensor(f"{prefix}weights", 2), 1, f"{prefix}weights")
    ids = _pick(job, f"{prefix}gate_sequence", winner)
    channel, *offsets = (
        np.stack([_pick(job, f"{prefix}offsets_{axis}", winner, side) for side in (0, 1)], axis=1).astype(np.int64)
        for axis in ("ch", "h", "w")
    )
    stride, sizes = _geometry(job, prefix, index)
    fields = [
        _field(extent, size, stride, values)
        for extent, size, values in zip(image.shape[1:], sizes, offsets, strict=True)
    ]
    field, padding = ((fields[0][part], fields[1][part]) for part in (0, 1))
    row, column = (values + pad for values, pad in zip(offsets, padding, strict=True))
    kernels = Kernels(f"layer{index + 1}", channel, row, column, gate_tables(ids, prefix)[:, None])
    return append_kernels(assembler, image, kernels, field, (stride, stride), padding)


def _field(extent: int, positions: int, stride: int, offsets: Array) -> tuple[int, int]:
    """The smallest field, and its padding, that gates with such offsets read at so many positions of an image."""
    last, reach = (positions - 1) * stride, max(0, int(offsets.max(initial=0)))
    padding = max(0, -int(offsets.min(initial=0)), reach + 1 + last - extent)
    return max(reach + padding + 1, extent + 2 * padding - last - (stride - 1)), padding


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
    (".given_x_indices_of_",),
)  # fmt: skip
