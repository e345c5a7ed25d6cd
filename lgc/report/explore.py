"""The network as explorer.js reads it: numbered anew; of a large one, some votes with all that is behind them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.ir import FIRST_INPUT, Circuit, Netlist
from lgc.report.naming import named_bits
from lgc.report.reads import image_shape
from lgc.report.subject import Exhibits, Subject

_OPERANDS = 2.5
"""For each gate that is shown, on average: wider ones make it fewer."""


@dataclass(frozen=True, eq=False)
class Excerpt:
    """The part of a netlist that is shown: votes, and all that they depend on.

    Attributes:
        votes: int64, numbers of outputs, ascending.
        nets: int64, the nets in their order: two constants, inputs, nodes.
        inputs: how many of them are inputs.
    """

    votes: NDArray[np.int64]
    nets: NDArray[np.int64]
    inputs: int

    @property
    def nodes(self) -> int:
        """How many of the nets are nodes."""
        return len(self.nets) - FIRST_INPUT - self.inputs


def shown_of(circuit: Circuit, limit: int) -> Excerpt:
    """All of a network, or as many votes of each class as fit with what is behind them; one vote at least."""
    netlist, head = circuit.netlist, circuit.head
    low, high = 1, max(1, int(head.sizes.max(initial=1)))
    best = _cone(netlist, _spread(circuit, high))
    if _fits(netlist, best, limit):
        return _with_idle(netlist, best) if best.nodes < netlist.num_nodes else best
    best = _cone(netlist, _spread(circuit, 1))
    while low < high:
        middle = (low + high + 1) // 2
        tried = _cone(netlist, _spread(circuit, middle))
        if _fits(netlist, tried, limit):
            low, best = middle, tried
        else:
            high = middle - 1
    return best


def _fits(netlist: Netlist, shown: Excerpt, limit: int) -> bool:
    arity = netlist.arity[shown.nets[FIRST_INPUT + shown.inputs :] - netlist.first_node]
    return shown.nodes <= limit and int(arity.sum()) <= _OPERANDS * limit


def _spread(circuit: Circuit, count: int) -> NDArray[np.int64]:
    """So many votes of each class, or all that it has, spread over them."""
    offsets = circuit.head.offsets
    groups = [
        lo + np.unique(np.linspace(0, hi - lo - 1, min(count, hi - lo)).round().astype(np.int64))
        for lo, hi in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        if hi > lo
    ]
    return np.concatenate(groups) if groups else np.zeros(0, np.int64)


def _cone(netlist: Netlist, votes: NDArray[np.int64]) -> Excerpt:
    live = netlist.live(netlist.outputs[votes])
    live[:FIRST_INPUT] = True
    return Excerpt(votes, np.flatnonzero(live), int(live[FIRST_INPUT : netlist.first_node].sum()))


def _with_idle(netlist: Netlist, shown: Excerpt) -> Excerpt:
    """With the nodes that reach no vote: a neuron that somebody looks for is there."""
    live = np.zeros(netlist.num_nets, np.bool_)
    live[shown.nets] = True
    live[netlist.first_node :] = True
    live[netlist.fanin[netlist.used]] = True
    live[:FIRST_INPUT] = True
    return Excerpt(shown.votes, np.flatnonzero(live), int(live[FIRST_INPUT : netlist.first_node].sum()))


def explorer_network(subject: Subject) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """What explorer.js reads, JSON values, and how much of the network it is, as sentences.

    Arrays are Base64 of little-endian numbers: ``nodes.fanin`` int32, operands one node after the other, ``arity``
    uint8, ``low`` and ``high`` uint32, the halves of the truth table, ``column`` uint16 and ``neuron`` int32.
    """
    circuit = subject.circuit
    shown = shown_of(circuit, subject.limit)
    names, column = _columns(circuit)
    nodes = shown.nets[FIRST_INPUT + shown.inputs :] - circuit.netlist.first_node
    network = {
        "name": circuit.name,
        "classes": list(circuit.head.classes),
        "sizes": circuit.head.sizes.tolist(),
        "bias": circuit.head.bias.tolist(),
        "tie": circuit.head.tie,
        "whole": len(shown.votes) == circuit.netlist.num_outputs,
        "columns": names,
        "inputs": _inputs(circuit, shown, subject.shape),
        "nodes": _nodes(circuit.netlist, shown, nodes, column),
        "votes": _base64(np.searchsorted(shown.nets, circuit.netlist.outputs[shown.votes]), "<i4"),
        "classOf": _base64(np.searchsorted(circuit.head.offsets, shown.votes, side="right") - 1, "<u2"),
        "samples": _samples(circuit, subject.samples, shown, subject.shape),
    }
    return network, tuple(_said(circuit, shown))


def _said(circuit: Circuit, shown: Excerpt) -> list[str]:
    netlist = circuit.netlist
    if len(shown.votes) == netlist.num_outputs:
        left = netlist.num_nodes - shown.nodes
        return [f"All {netlist.num_nodes:,} gates are here."] if not left else [f"{left:,} gates are left out."]
    return [
        f"This is a sample: {shown.nodes:,} of {netlist.num_nodes:,} gates, {len(shown.votes):,} of "
        f"{netlist.num_outputs:,} votes, spread over the classes, with every gate behind them.",
        "Sums of votes are those of the sample, so no class is computed here; --gates shows more.",
    ]


def _columns(circuit: Circuit) -> tuple[list[str], NDArray[np.int64]]:
    """Names of the columns of gates, and the column of each node: its layer, or where there are no layers its level."""
    netlist = circuit.netlist
    origins = netlist.origins
    if len(origins.names) and (netlist.origin >= 0).all():
        layer = np.zeros(netlist.num_nets, np.int64) - 1
        layer[netlist.first_node :] = origins.layer[netlist.origin]
        below = np.where(netlist.used, layer[netlist.fanin], -1).max(axis=1, initial=-1)
        if (below < layer[netlist.first_node :]).all():
            return list(origins.names), layer[netlist.first_node :]
    level = np.maximum(netlist.levels[netlist.first_node :].astype(np.int64) - 1, 0)
    return [f"level {index + 1}" for index in range(int(level.max(initial=0)) + 1)], level


def _nodes(netlist: Netlist, shown: Excerpt, nodes: NDArray[np.int64], column: NDArray[np.int64]) -> dict[str, Any]:
    arity, table = netlist.arity[nodes], netlist.table[nodes]
    fanin = np.searchsorted(shown.nets, netlist.fanin[nodes][netlist.used[nodes]])
    known = netlist.origin[nodes] >= 0
    neuron = np.where(known, -1, nodes)
    if known.any():
        neuron = np.where(known, netlist.origins.neuron[netlist.origin[nodes]], nodes)
    found = {
        "count": len(nodes),
        "fanin": _base64(fanin, "<i4"),
        "arity": _base64(arity, "u1"),
        "low": _base64(table & np.uint64(0xFFFFFFFF), "<u4"),
        "column": _base64(column[nodes], "<u2"),
        "neuron": _base64(neuron, "<i4"),
    }
    return found | ({"high": _base64(table >> np.uint64(32), "<u4")} if (arity > 5).any() else {})


def _inputs(circuit: Circuit, shown: Excerpt, shape: tuple[int, ...] | None) -> dict[str, Any]:
    bits = shown.nets[FIRST_INPUT : FIRST_INPUT + shown.inputs] - FIRST_INPUT
    named = named_bits(circuit, bits.tolist())
    owners = dict.fromkeys(bit.feature for bit in named)
    place = {feature: index for index, feature in enumerate(owners)}
    names = {bit.feature: bit.owner for bit in named}
    found: dict[str, Any] = {
        "count": len(bits),
        "features": [names[feature] for feature in owners],
        "owner": _base64(np.array([place[bit.feature] for bit in named], np.int64), "<i4"),
        "step": _base64(np.array([bit.step for bit in named], np.int64), "<u2"),
        "tests": [bit.test for bit in named],
    }
    image = image_shape(circuit, shape)
    if image is not None:
        found["image"] = list(image)
        found["pixel"] = _base64(np.array(list(owners), np.int64), "<i4")
        found["steps"] = circuit.encoder.num_thresholds
    return found


def _samples(
    circuit: Circuit, samples: Exhibits | None, shown: Excerpt, shape: tuple[int, ...] | None
) -> list[dict[str, Any]]:
    if samples is None:
        return []
    bits = shown.nets[FIRST_INPUT : FIRST_INPUT + shown.inputs] - FIRST_INPUT
    image, classes = image_shape(circuit, shape), circuit.head.classes
    found = []
    for index, name in enumerate(samples.names):
        row = samples.bits[index]
        one: dict[str, Any] = {
            "name": name,
            "bits": _base64(np.packbits(row[bits], bitorder="little"), "u1"),
            "label": None if samples.labels is None else classes[int(samples.labels[index])],
            "class": int(samples.predicted[index]),
            "scores": samples.scores[index].tolist(),
        }
        if image is not None:
            ones = row.reshape(circuit.encoder.num_features, -1).sum(axis=1)
            one["image"] = _base64(np.minimum(ones, 255), "u1")
        found.append(one)
    return found


def _base64(numbers: NDArray[Any], dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers, dtype=dtype).tobytes()).decode("ascii")
