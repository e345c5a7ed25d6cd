"""A pass, a format and an importer of a distribution of its own; docs/extending.md explains them.

The format is text: the number of inputs, a line for each two-input gate, the outputs, and the number of classes, whose
scores are the ones in equal groups of outputs.

    toy
    inputs 4
    and 2 3
    xor 4 6
    outputs 6 7
    classes 2
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, TextIO

import numpy as np

from lgc.backend.base import Format
from lgc.errors import CheckpointError, InputError
from lgc.frontend.containers.content import Content
from lgc.frontend.importer import Importer, ImportJob
from lgc.ir import BY_TABLE, Builder, Circuit, Encoder, Head
from lgc.passes import Pass, PassResult


@dataclass(frozen=True)
class SwapOperands(Pass):
    """Swap the operands of every two-input gate, and its table to match."""

    name: ClassVar[str] = "swap-operands"

    def run(self, circuit: Circuit) -> PassResult:
        netlist = circuit.netlist
        rows = np.flatnonzero(netlist.arity == 2)
        fanin, table = netlist.fanin.copy(), netlist.table.copy()
        fanin[rows, 0], fanin[rows, 1] = netlist.fanin[rows, 1], netlist.fanin[rows, 0]
        # Addresses 1 and 2 of a table change places.
        one, two = table[rows] >> np.uint64(1) & np.uint64(1), table[rows] >> np.uint64(2) & np.uint64(1)
        table[rows] = table[rows] & np.uint64(0b1001) | one << np.uint64(2) | two << np.uint64(1)
        return PassResult(circuit.with_netlist(replace(netlist, fanin=fanin, table=table)), {"swapped": len(rows)})


@dataclass(frozen=True)
class Toy(Format):
    """Two-input gates as text.

    Attributes:
        comment: a line for people behind the first one.
    """

    name: ClassVar[str] = "toy"
    comment: str = ""

    def validate(self, circuit: Circuit) -> None:
        if (circuit.netlist.arity != 2).any():
            raise InputError("the toy format has gates of two inputs only", hint="Compile with -O 0")
        if len(set(circuit.head.sizes.tolist())) != 1 or circuit.head.bias.any():
            raise InputError("the toy format has classes of equal size, without bias", hint="Compile with -O 0")

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        netlist = circuit.netlist
        stream.write(f"toy\n# {self.comment}\n" if self.comment else "toy\n")
        stream.write(f"inputs {netlist.num_inputs}\n")
        for (a, b), table in zip(netlist.fanin.tolist(), netlist.table.tolist(), strict=True):
            stream.write(f"{BY_TABLE[table].name} {a} {b}\n")
        stream.write(f"outputs {' '.join(map(str, netlist.outputs.tolist()))}\n")
        stream.write(f"classes {circuit.head.num_classes}\n")


def _matches(content: Content) -> bool:
    return content.container == "text" and content.data.startswith(b"toy\n")


def _read(job: ImportJob) -> Circuit:
    words = [line.split() for line in job.content.data.decode().splitlines()[1:] if not line.startswith("#")]
    if len(words) < 3 or [words[0][0], words[-2][0], words[-1][0]] != ["inputs", "outputs", "classes"]:
        raise CheckpointError("the first line gives the inputs, the last two the outputs and the classes")
    inputs, classes = int(words[0][1]), int(words[-1][1])
    builder = Builder(inputs)
    for gate, a, b in words[1:-2]:
        builder.gate(gate, int(a), int(b))
    outputs = [int(net) for net in words[-2][1:]]
    head = Head.equal_groups(len(outputs), tuple(str(one) for one in range(classes)))
    return Circuit(job.content.path.stem, Encoder(inputs), builder.build(outputs), head)


IMPORTER = Importer("toy", "toy netlist", _matches, _read)
