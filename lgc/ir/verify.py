"""Checks of every invariant in docs/ir.md."""

from __future__ import annotations

from typing import Any

import numpy as np

from lgc.errors import NetlistError
from lgc.ir.circuit import Circuit
from lgc.ir.netlist import MAX_ARITY, MAX_NETS, Netlist

Mask = Any  # numpy types a comparison reduced along an axis as scalar or array

_LIMIT_31 = 2**31 - 1


def _first(bad: Mask) -> int | None:
    """Index of the first True, or None."""
    hits = np.flatnonzero(bad)
    return int(hits[0]) if len(hits) else None


def _refuse_node(netlist: Netlist, bad: Mask, what: str) -> None:
    node = _first(bad)
    if node is not None:
        net = netlist.first_node + node
        raise NetlistError(f"{what}: {netlist.label(net)}, operands {netlist.fanin[node].tolist()}")


def verify_netlist(netlist: Netlist) -> None:
    """Raise NetlistError, naming the first offending node, unless all invariants hold."""
    _verify_shapes(netlist)
    _verify_origins(netlist)
    _refuse_node(netlist, (netlist.origin < -1) | (netlist.origin >= len(netlist.origins)), "unknown origin handle")
    _refuse_node(netlist, netlist.arity > min(MAX_ARITY, netlist.width), "arity out of range")
    own = (netlist.first_node + np.arange(netlist.num_nodes))[:, None]
    _refuse_node(
        netlist, ((netlist.fanin < 0) | (netlist.fanin >= own)).any(axis=1), "an operand is not below its node"
    )
    _refuse_node(netlist, (~netlist.used & (netlist.fanin != 0)).any(axis=1), "an unused operand is not net 0")
    narrow = netlist.arity < MAX_ARITY
    bits = np.uint64(1) << np.where(narrow, netlist.arity, 0).astype(np.uint64)
    _refuse_node(netlist, narrow & ((netlist.table >> bits) != 0), "table bits above 2^arity")
    if netlist.num_outputs and not 0 <= netlist.outputs.min() <= netlist.outputs.max() < netlist.num_nets:
        raise NetlistError("an output names a net that does not exist")


def _verify_shapes(netlist: Netlist) -> None:
    arrays = {"arity": 1, "fanin": 2, "table": 1, "origin": 1, "outputs": 1}
    for name, dimensions in arrays.items():
        array = getattr(netlist, name)
        if array.ndim != dimensions or (name != "outputs" and len(array) != netlist.num_nodes):
            raise NetlistError(f"array {name} has shape {array.shape}, but there are {netlist.num_nodes} nodes")
    if netlist.num_inputs < 0:
        raise NetlistError(f"the netlist has {netlist.num_inputs} inputs")
    if netlist.num_nets > MAX_NETS:
        raise NetlistError(f"more than {MAX_NETS} nets")


def _verify_origins(netlist: Netlist) -> None:
    layer, neuron = netlist.origins.layer, netlist.origins.neuron
    if layer.shape != neuron.shape or layer.ndim != 1:
        raise NetlistError(f"the origins have {len(layer)} layers, but {len(neuron)} neurons")
    if _first((layer < 0) | (layer >= len(netlist.origins.names))) is not None:
        raise NetlistError("an origin names a layer that does not exist")
    if _first(neuron < 0) is not None:
        raise NetlistError("an origin has a negative neuron")


def verify_circuit(circuit: Circuit) -> None:
    """Raise NetlistError unless the netlist, encoder and head are valid and fit together."""
    verify_netlist(circuit.netlist)
    _verify_encoder(circuit)
    _verify_head(circuit)


def _verify_encoder(circuit: Circuit) -> None:
    encoder = circuit.encoder
    thresholds = encoder.thresholds
    if encoder.num_features < 1:
        raise NetlistError(f"the encoder has {encoder.num_features} features", hint="A circuit needs at least one")
    if encoder.code is not None and (thresholds is not None or encoder.code.problem()):
        raise NetlistError(f"the code of the features: {encoder.code.problem() or 'thresholds stand beside it'}")
    if encoder.code is not None and encoder.code.num_features != encoder.num_features:
        raise NetlistError(f"codes of {encoder.code.num_features} features for {encoder.num_features}")
    if thresholds is not None:
        if thresholds.ndim != 2 or thresholds.shape[0] != encoder.num_features or thresholds.shape[1] < 1:
            raise NetlistError(f"thresholds have shape {thresholds.shape} for {encoder.num_features} features")
        row = _first(~np.isfinite(thresholds).all(axis=1))
        if row is not None:
            raise NetlistError(f"a threshold of feature {row} is NaN or infinite", hint="Thresholds must be finite")
        row = _first((thresholds[:, 1:] < thresholds[:, :-1]).any(axis=1))  # a difference might overflow
        if row is not None:
            raise NetlistError(f"the thresholds of feature {row} do not ascend")
    if encoder.num_bits != circuit.netlist.num_inputs:
        raise NetlistError(
            f"the encoder makes {encoder.num_bits} bits, but the netlist has {circuit.netlist.num_inputs} inputs"
        )


def _verify_head(circuit: Circuit) -> None:
    head = circuit.head
    count = len(head.classes)
    if count < 1:
        raise NetlistError("the model has no classes", hint="A head needs at least one group")
    if head.offsets.shape != (count + 1,) or head.bias.shape != (count,):
        raise NetlistError(f"the head has {count} classes, {len(head.offsets)} offsets and {len(head.bias)} biases")
    if head.offsets[0] != 0 or head.offsets[-1] != circuit.netlist.num_outputs or (head.sizes < 0).any():
        raise NetlistError("the groups do not partition the outputs")
    if not (np.isfinite(head.tau) and head.tau > 0):
        raise NetlistError(f"tau is {head.tau}", hint="tau must be a positive number")
    if head.tie not in ("first", "last"):
        raise NetlistError(f"unknown tie rule {head.tie!r}", hint="It is 'first' or 'last'")
    if max(abs(value) for value in head.score_range) > _LIMIT_31 or int(np.abs(head.bias).max()) > _LIMIT_31:
        raise NetlistError("scores do not fit 31 bits")
