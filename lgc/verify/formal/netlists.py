"""From what yosys read to netlists, and netlists side by side over the same inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lgc.errors import NotCheckedError
from lgc.ir import CONST0, CONST1, FIRST_INPUT, Builder, Encoder, Head, Netlist
from lgc.verify.formal.cells import Bit, Cell
from lgc.verify.formal.rtl import FlatDesign

I32 = NDArray[np.int32]


def gates(design: FlatDesign, inputs: Sequence[Bit], outputs: Sequence[Bit], *, by_level: bool = True) -> Netlist:
    """The gates between some nets of a design.

    Args:
        inputs: where to stop; I nets, which become the inputs in order.
        outputs: what to compute.
        by_level: level after level, which is quick to evaluate; else cone after cone, which keeps sums small when the
            counters of a mapped head are rewritten from the outputs down.

    Raises:
        NotCheckedError: there is more than gates between them.
    """
    builder = Builder(len(inputs))
    nets: dict[Bit, int] = {"0": CONST0, "1": CONST1}
    for place, bit in enumerate(inputs):
        nets.setdefault(bit, FIRST_INPUT + place)
    cone = design.cone(outputs, inputs)
    for cell in _by_level(cone) if by_level else cone:
        if cell.kind != "gate":
            raise NotCheckedError("votes, scores and class cannot be told apart in the Verilog: not proved")
        nets[cell.outputs[0]] = builder.add(cell.table, [_net(nets, bit) for bit in cell.inputs])
    return builder.build([_net(nets, bit) for bit in outputs])


def _by_level(cells: Iterable[Cell]) -> list[Cell]:
    """Cells, operands first, level after level: a netlist is evaluated in as many steps as it has levels."""
    level: dict[Bit, int] = {}
    found = []
    for cell in cells:
        height = max((level.get(bit, 0) for bit in cell.inputs), default=0) + 1
        level |= dict.fromkeys(cell.outputs, height)
        found.append((height, cell))
    return [cell for _, cell in sorted(found, key=lambda pair: pair[0])]


def behind_inverter(design: FlatDesign, bit: Bit) -> tuple[Bit, bool]:
    """The only net that ``bit`` is a function of, and whether it is its complement; else ``bit`` itself."""
    cell = design.driver.get(bit)
    read = {one for one in cell.inputs if one not in ("0", "1")} if cell is not None and cell.kind == "gate" else set()
    if cell is None or len(read) != 1:
        return bit, False
    ones = sum((one != "0") << place for place, one in enumerate(cell.inputs))
    zeros = sum((one == "1") << place for place, one in enumerate(cell.inputs))
    first, second = cell.table >> zeros & 1, cell.table >> ones & 1
    return (read.pop(), bool(first)) if first != second else (bit, False)


def inverted(design: FlatDesign, bit: Bit) -> Bit:
    """The complement of a net, by an inverter that is added to the design."""
    if bit in ("0", "1"):
        return "1" if bit == "0" else "0"
    inverse = f"~{bit}"
    design.driver[inverse] = Cell("gate", (bit,), (inverse,), 0b01)
    return inverse


def _net(nets: Mapping[Bit, int], bit: Bit) -> int:
    if bit not in nets:
        raise NotCheckedError("a net is undriven, undefined or made of another port: not proved")
    return nets[bit]


def side_by_side(first: Netlist, second: Netlist, ordered: Encoder | None = None) -> Netlist:
    """Both netlists over the same inputs; outputs are those of the first, then of the second.

    Args:
        ordered: an encoder with thresholds: input bit t of a feature becomes the AND of its bits 0 to t, so that the
            netlist sees what the encoder can make, all of it, and nothing else.
    """
    assert first.num_inputs == second.num_inputs
    builder = Builder(first.num_inputs)
    seen = np.arange(first.first_node, dtype=np.int32)
    if ordered is not None:
        steps = ordered.num_thresholds
        for bit in range(first.num_inputs):
            if bit % steps:
                net = FIRST_INPUT + bit
                seen[net] = builder.add(0b1000, [int(seen[net - 1]), net])
    outputs = [append(builder, one, seen)[one.outputs] for one in (first, second)]
    return builder.build(np.concatenate(outputs))


def append(builder: Builder, netlist: Netlist, inputs: I32) -> I32:
    """Copy a netlist's nodes onto the given nets (the constants first); the new net of each of its nets."""
    nets = np.zeros(netlist.num_nets, np.int32)
    nets[: netlist.first_node] = inputs
    for lo, hi in netlist.runs():
        for arity in np.unique(netlist.arity[lo:hi]).tolist():
            chosen = lo + np.flatnonzero(netlist.arity[lo:hi] == arity)
            fanin = nets[netlist.fanin[chosen][:, :arity]]
            nets[netlist.first_node + chosen] = builder.add_layer(netlist.table[chosen], fanin)
    return nets


def argmax(head: Head, width: int, index_width: int, *, signed: bool) -> Netlist:
    """The class by its definition: from C words of ``width`` bits, least first, to the index of the largest.

    One class after the other is held against the best so far.
    """
    builder = Builder(head.num_classes * width)
    words = [[FIRST_INPUT + c * width + i for i in range(width)] for c in range(head.num_classes)]
    best, index = words[0], [CONST0] * index_width
    for c in range(1, head.num_classes):
        high, low = (words[c], best) if head.tie == "first" else (best, words[c])
        larger = _larger(builder, high, low, signed=signed)  # first: a later class must be larger to win
        take = larger if head.tie == "first" else builder.add(0b01, [larger])
        best = [builder.add(0b11001010, [a, b, take]) for a, b in zip(best, words[c], strict=True)]
        wanted = [CONST1 if c >> i & 1 else CONST0 for i in range(index_width)]
        index = [builder.add(0b11001010, [a, b, take]) for a, b in zip(index, wanted, strict=True)]
    return builder.build(index)


def _larger(builder: Builder, first: Sequence[int], second: Sequence[int], *, signed: bool) -> int:
    """Whether the first word is the larger: the highest bit that differs decides."""
    result = CONST0
    for place, (a, b) in enumerate(zip(first, second, strict=True)):
        if signed and place == len(first) - 1:
            a, b = b, a
        result = builder.add(0b10110010, [a, b, result])
    return result
