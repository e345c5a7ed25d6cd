"""Two forks of difflogic whose files do hold the wiring: salon64's, and DiffLogicVisualizer's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError
from lgc.frontend.assemble import gate_tables, hard_argmax, make_head, make_inputs, take
from lgc.frontend.chain import check_chain
from lgc.frontend.containers.content import Content
from lgc.frontend.importer import Importer, ImportJob, same_length
from lgc.frontend.model import Model

Array = NDArray[Any]


def _matches_salon64(content: Content) -> bool:
    names = content.prefixes("weights")
    return any(f"{name}{side}" in content.state for name in names for side in ("conn_a", "conn_b"))


def _read_salon64(job: ImportJob) -> Model:
    prefixes = check_chain(job.content, job.content.prefixes("weights"), "weights")
    pairs = []
    for prefix in prefixes:
        sides = [job.maybe(f"{prefix}{side}") for side in ("conn_a", "conn_b")]
        if any(side is None for side in sides):
            missing = "conn_a" if sides[0] is None else "conn_b"
            raise CheckpointError(
                f"{prefix}{missing} is missing", hint="The file is corrupt: half of the wiring is lost"
            )
        pairs.append((job.tensor(f"{prefix}conn_a", 1), job.tensor(f"{prefix}conn_b", 1)))
    return _assemble(job, prefixes, pairs, "salon64")


def _matches_visualizer(content: Content) -> bool:
    names = content.prefixes("weights")
    return any("logic_layers." in name for name in names) and "connections" in content.entries


def _read_visualizer(job: ImportJob) -> Model:
    prefixes = check_chain(job.content, job.content.prefixes("weights"), "weights")
    connections = job.content.entries["connections"]
    if not isinstance(connections, list) or len(connections) != len(prefixes):
        raise CheckpointError(f"'connections' does not hold one pair for each of the {len(prefixes)} layers")
    pairs = []
    for pair in connections:
        if not isinstance(pair, list) or len(pair) != 2:
            raise CheckpointError("'connections' holds something that is no pair of wirings")
        pairs.append((np.asarray(pair[0]), np.asarray(pair[1])))
    return _assemble(job, prefixes, pairs, "difflogic-visualizer", _described_width(job, prefixes))


def _described_width(job: ImportJob, prefixes: list[str]) -> int | None:
    """How many bits the first layer reads, by ``layers_config``; its other sizes must be those of the tensors."""
    config = job.content.entries.get("model_config", job.content.entries.get("config"))
    layers = config.get("layers_config") if isinstance(config, dict) else None
    described = list(layers.values()) if isinstance(layers, dict) else layers
    if not isinstance(described, list) or not all(isinstance(layer, dict) for layer in described):
        return None
    reads = None
    for prefix, layer in zip(prefixes, described, strict=False):
        gates = len(job.tensor(f"{prefix}weights", 2))
        if layer.get("out_dim", gates) != gates or (reads is not None and layer.get("in_dim", reads) != reads):
            raise CheckpointError(f"layers_config describes another layer than {prefix}weights with its {gates} gates")
        reads = gates
    if len(described) != len(prefixes):
        raise CheckpointError(f"layers_config describes {len(described)} layers, and the file has {len(prefixes)}")
    width = described[0].get("in_dim")
    return width if type(width) is int and width > 0 else None


def _assemble(
    job: ImportJob, prefixes: list[str], pairs: list[tuple[Array, Array]], family: str, width: int | None = None
) -> Model:
    assembler, bits = make_inputs(job.facts, width)
    for index, (prefix, pair) in enumerate(zip(prefixes, pairs, strict=True)):
        name = f"layer{index + 1}"
        logits = job.tensor(f"{prefix}weights", 2)
        if logits.shape[1] != 16:
            raise CheckpointError(f"{prefix}weights has shape {logits.shape}, expected (N, 16)")
        same_length(name, {"A": pair[0], "B": pair[1]}, (len(logits),))
        tables = gate_tables(hard_argmax(logits, 1, f"{prefix}weights"), name)
        bits = assembler.layer(take(bits, np.stack(pair, axis=1), name), tables, name)
    head = make_head(job.facts, len(bits))
    return assembler.finish(bits, head, job.content.path.stem, family, form="trained")


_UNSAID = ("classes", "features", "thresholds", "tau")

SALON64 = Importer("salon64", "difflogic fork of salon64", _matches_salon64, _read_salon64, _UNSAID, ())
VISUALIZER = Importer("difflogic-visualizer", "DiffLogicVisualizer", _matches_visualizer, _read_visualizer, _UNSAID, ())
