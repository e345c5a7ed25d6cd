"""What `lgc inspect` tells about a circuit: plain numbers, ready for a table or for JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.frontend.conv import ConvLayer, PoolLayer
from lgc.frontend.lower import lower
from lgc.frontend.model import CONSTANTS, Layer, Model
from lgc.ir import BY_TABLE, FIRST_INPUT, Circuit


@dataclass(frozen=True)
class LayerSummary:
    """One layer: its shape, what it reads, and how its bits are used.

    Attributes:
        reads: the names of its sources.
        used: how many different bits of the sources it reads.
        live: how many of its nodes reach an output.
        gates: the most frequent functions with their numbers; of a convolution, each kernel counted once.
        kernels: how many it has; None for a layer that does not slide.
        geometry: of the image that it slides over, and its positions; None for a layer that does not.
    """

    name: str
    nodes: int
    arity: int
    reads: str
    used: int
    live: int
    gates: tuple[tuple[str, int], ...]
    kernels: int | None = None
    geometry: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Summary:
    """A circuit in numbers."""

    name: str
    family: str
    form: str
    features: int
    thresholds: int
    features_used: int
    nodes: int
    live_nodes: int
    depth: int
    classes: tuple[str, ...]
    outputs: int
    tau: float
    tie: str
    digest: str
    layers: tuple[LayerSummary, ...]
    gates: tuple[tuple[str, int], ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain dictionaries and lists."""
        fields = dict(vars(self))
        fields["classes"] = list(self.classes)
        fields["gates"] = dict(self.gates)
        fields["layers"] = [{**vars(layer), "gates": dict(layer.gates)} for layer in self.layers]
        return fields


def summarise(result: Model | Circuit) -> Summary:
    """The numbers of a model or circuit, as it is before any optimisation."""
    circuit = lower(result) if isinstance(result, Model) else result
    netlist = circuit.netlist
    live = netlist.live()
    used = np.unique(circuit.encoder.column_of_bits[live[FIRST_INPUT : netlist.first_node]])
    return Summary(
        name=circuit.name,
        family=result.family if isinstance(result, Model) else "netlist",
        form=result.form if isinstance(result, Model) else "circuit",
        features=circuit.encoder.num_features,
        thresholds=0 if circuit.encoder.thresholds is None else circuit.encoder.num_thresholds,
        features_used=len(used),
        nodes=netlist.num_nodes,
        live_nodes=int(live[netlist.first_node :].sum()),
        depth=netlist.depth,
        classes=circuit.head.classes,
        outputs=netlist.num_outputs,
        tau=circuit.head.tau,
        tie=circuit.head.tie,
        digest=result.digest(),
        layers=_layers(result, live[netlist.first_node :]) if isinstance(result, Model) else (),
        gates=histogram(netlist.table, netlist.arity),
    )


def histogram(tables: NDArray[np.uint64], arity: NDArray[np.uint8]) -> tuple[tuple[str, int], ...]:
    """Functions and their numbers, most frequent first: the sixteen gates by name, wider nodes by arity."""
    counts: Counter[str] = Counter()
    for table, number in zip(*np.unique(tables[arity == 2], return_counts=True), strict=True):
        counts[BY_TABLE[int(table)].name] += int(number)
    for value, number in zip(*np.unique(arity[arity != 2], return_counts=True), strict=True):
        counts[f"lut{value}"] += int(number)
    return tuple(counts.most_common())


def _layers(model: Model, live: NDArray[np.bool_]) -> tuple[LayerSummary, ...]:
    found = []
    start = 0
    names = {CONSTANTS: "constants", 0: "input"} | {i + 1: layer.name for i, layer in enumerate(model.layers)}
    for layer in model.layers:
        reads = " + ".join(names[stage] for stage in layer.sources)
        alive = int(live[start : start + layer.num_nodes].sum())
        start += layer.num_nodes
        if isinstance(layer, Layer):
            gates = histogram(layer.tables, np.full(layer.width, layer.arity, np.uint8))
            used = len(np.unique(layer.wires))
            found.append(LayerSummary(layer.name, layer.width, layer.arity, reads, used, alive, gates))
        else:
            found.append(_sliding(layer, reads, alive))
    return tuple(found)


def _sliding(layer: ConvLayer | PoolLayer, reads: str, live: int) -> LayerSummary:
    """One that slides: the bits used are those of the field."""
    geometry = layer.geometry
    facts = asdict(geometry) | {"positions": [geometry.out_height, geometry.out_width]}
    if isinstance(layer, PoolLayer):
        gates: tuple[tuple[str, int], ...] = (("OR", layer.num_nodes),)
        arity, used, kernels = layer.levels[0], geometry.field_bits, geometry.channels
    else:
        gates = histogram(layer.tables.reshape(-1), np.full(layer.tables.size, layer.arity, np.uint8))
        arity, used, kernels = layer.arity, len(np.unique(layer.wires)), layer.kernels
    return LayerSummary(layer.name, layer.num_nodes, arity, reads, used, live, gates, kernels, facts)
