"""The structure of every head on small networks, as a golden file: a cover or search that finds less shows here.

Whether a structure is right is proved elsewhere (test_mapped.py). Which one is found is what a head is worth, and it
changes on purpose only: `pytest --update-golden` writes the file anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
from mapped_netlists import HEADS, Architecture, check
from strategies import all_inputs, random_circuit

from lgc.bench.auto import network
from lgc.errors import OptionError
from lgc.ir import CONST1, Builder, Circuit, Encoder, Head
from lgc.mapping.heads import find_head
from lgc.mapping.heads.mapped import map_circuit
from lgc.mapping.mapped_text import to_lgm
from lgc.mapping.mapped_verify import verify_mapped


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


def constants_and_complements() -> Circuit:
    """Classes of a net, its complement, ones, and another net, each up to three times: bits of sums are constant."""
    builder = Builder(2)
    inverted = builder.add(1, (2,))
    times = [one for one in product(range(4), repeat=4) if sum(one) % 3 == 1]
    groups = [[2] * x + [inverted] * y + [CONST1] * ones + [3] * other for x, y, ones, other in times]
    names = tuple(f"k{index}" for index in range(len(groups)))
    head = Head(np.cumsum([0, *map(len, groups)]), np.arange(len(groups)) % 9 - 4, names)
    return Circuit("c", Encoder(2), builder.build([net for group in groups for net in group]), head)


@pytest.mark.parametrize("head", HEADS)
def test_sums_of_which_bits_are_constant(head: Architecture) -> None:
    circuit = constants_and_complements()
    mapped = map_circuit(circuit, head[0], lut=head[1], effort=0)
    verify_mapped(mapped, circuit)
    check(circuit, mapped, all_inputs(2))


def test_the_serial_head_has_no_places_for_register_stages() -> None:
    circuit = networks()["layer"]
    assert find_head("serial").place(circuit, None, 0, "both").latency == 0
    with pytest.raises(OptionError, match="a pipeline of 2 register stages"):
        find_head("serial").place(circuit, None, 2, "both")
