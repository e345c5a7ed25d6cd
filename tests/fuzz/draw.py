"""Random circuits of every legal shape: the shared strategies' bytes, layered models, encoders of every kind."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))
from strategies import _NODE_BYTES, MAX_VOTES, Node, _decode_node, _net, _repeated, all_inputs, random_inputs

from lgc.frontend import Layer, Model, lower
from lgc.ir import Builder, Circuit, Encoder, Head

VECTORS = 96
Bits = NDArray[np.bool_]


def draw_circuit(rng: random.Random) -> Circuit:
    """Any valid circuit, from the bytes that the shared strategies decode; a quarter are layered models."""
    if rng.randrange(4) == 0:
        return lower(draw_model(rng))
    builder = Builder(rng.randint(1, 9), cons=rng.randrange(4) == 0)
    handles = [-1, *builder.layer("layer", 6).tolist()]
    earlier: list[Node] = []
    max_arity = rng.choice((1, 2, 2, 3, 4, 5, 6, 6))
    for _ in range(rng.choice((0, 3, 8, 20, 40))):
        table, operands = _decode_node(rng.randbytes(_NODE_BYTES), builder.num_nets, earlier, max_arity)
        builder.add(table, operands, rng.choice(handles))
        earlier.append((table, operands))
    outputs = [_net(byte, builder.num_nets) for byte in rng.randbytes(rng.randint(0, 16))]
    outputs = _repeated(outputs, rng.randrange(256), len(outputs) + MAX_VOTES)
    netlist = builder.build(outputs)
    return Circuit("c", draw_encoder(rng, netlist.num_inputs), netlist, draw_head(rng, len(outputs)))


def draw_head(rng: random.Random, outputs: int) -> Head:
    """Groups of any size, bias of any sign, both tie rules."""
    count = rng.randint(1, 5)
    cuts = sorted(rng.randint(0, outputs) for _ in range(count - 1))
    bias = [rng.choice((0, 0, rng.randint(-9, 9))) for _ in range(count)]
    names = tuple(f"k{index}" for index in range(count))
    return Head(np.array([0, *cuts, outputs]), np.array(bias), names, tie=rng.choice(("first", "last")))


def draw_encoder(rng: random.Random, num_bits: int) -> Encoder:
    """Of so many bits: of features that are bits, or behind thresholds that are whole, halves, pixels or any number."""
    counts = [count for count in range(1, 5) if num_bits % count == 0]
    per_feature = rng.choice(counts)
    kind = rng.choice(("bits", "whole", "half", "pixel", "real", "edge"))
    if kind == "bits":
        return Encoder(num_bits)
    shape = (num_bits // per_feature, per_feature)
    draws = {
        "whole": lambda: float(rng.randint(0, 254)),
        "half": lambda: rng.randint(-40, 40) / 2,
        "pixel": lambda: rng.random() * 0.99,
        "real": lambda: rng.gauss(0, 100),
        "edge": lambda: rng.choice((-1.0, 0.0, 0.5, 1.0, 127.0, 128.0, 254.0, 254.5, 255.0)),
    }
    rows = [[draws[kind]() for _ in range(per_feature)] for _ in range(shape[0])]
    if per_feature > 1 and rng.randrange(3) == 0:
        rows[0][1] = rows[0][0]  # equal thresholds give equal bits
    return Encoder(shape[0], np.sort(np.array(rows), axis=1))


def draw_model(rng: random.Random) -> Model:
    """A layered model, which torch can run."""
    widths = [rng.randint(2, 9), *(rng.randint(1, 14) for _ in range(rng.randint(1, 3)))]
    classes = rng.choice([count for count in range(1, 6) if widths[-1] % count == 0])
    layers = []
    for index, width in enumerate(widths[1:]):
        arity = rng.choice((1, 2, 2, 3, 4, 5, 6))
        wires = [[rng.randrange(widths[index]) for _ in range(arity)] for _ in range(width)]
        tables = [rng.randrange(1 << (1 << arity)) for _ in range(width)]
        layer = Layer(f"layer{index + 1}", np.array(wires, np.int64), np.array(tables, np.uint64), (index,))
        layers.append(layer)
    names = tuple(f"k{index}" for index in range(classes))
    bias = np.array([rng.choice((0, rng.randint(-9, 9))) for _ in names])
    head = Head.equal_groups(widths[-1], names, bias=bias)
    return Model("c", draw_encoder(rng, widths[0]), tuple(layers), head)


def vectors(circuit: Circuit, rng: random.Random) -> Bits:
    """All inputs of a small circuit, else random ones."""
    count = circuit.netlist.num_inputs
    return all_inputs(count) if 1 << count <= VECTORS else random_inputs(count, VECTORS, rng.randrange(1 << 30))
