"""The structure of every head on small networks, as a golden file: a cover or search that finds less shows here.

Whether a structure is right is proved elsewhere (test_mapped.py). Which one is found is what a head is worth, and it
changes on purpose only: `pytest --update-golden` writes the file anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from mapped_netlists import HEADS
from strategies import random_circuit

from lgc.bench.auto import network
from lgc.ir import Circuit
from lgc.mapping.heads.mapped import map_circuit
from lgc.mapping.mapped_text import to_lgm


def networks() -> dict[str, Circuit]:
    return {
        "layer": random_circuit(24, [120], 3, seed=1),
        "tables": random_circuit(20, [30, 45], 3, arity=4, seed=2),
        "biases": network(24, [90], 3, seed=6, bias=70),
        "features": network(24, [60], 3, seed=10, features=6),
    }


def lines() -> Iterator[str]:
    for name, circuit in networks().items():
        for head, lut in HEADS:
            for effort, argmax, outputs in [(0, "tournament", "both"), (4, "bit-serial", "class")]:
                mapped = map_circuit(circuit, head, lut=lut, outputs=outputs, argmax=argmax, effort=effort)
                digest = hashlib.sha256(to_lgm(mapped).encode()).hexdigest()[:12]
                yield f"{name} {head} lut{lut} effort {effort}: {mapped.luts} depth {mapped.netlist.depth} {digest}"


def test_every_head_finds_the_structure_that_it_found(golden: Callable[[str, str], None]) -> None:
    golden("heads.txt", "\n".join(lines()) + "\n")
