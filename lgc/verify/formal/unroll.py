"""Clocks: a pipeline unrolled to its latency is the same logic with wires for registers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lgc.errors import NotCheckedError
from lgc.ir import CONST0, CONST1, FIRST_INPUT, Builder, Netlist
from lgc.verify.formal.cells import Bit, Cell
from lgc.verify.formal.rtl import FlatDesign

_LONGEST_VALID = 256


def unroll(design: FlatDesign, outputs: Iterable[str], source: str, latency: int) -> FlatDesign:
    """The function from the input of one clock to the outputs ``latency`` clocks later.

    Every way from the input to an output passes as many registers, so an output depends on one input alone, on no
    initial state and on no other port. Then a register may be replaced by a wire.

    Raises:
        NotCheckedError: the registers are not so; with the reason.
    """
    rank: dict[Bit, tuple[int | None, int]] = dict.fromkeys(design.ports[source], (0, 0))
    wires: dict[Bit, Bit] = {}
    ends = [bit for name in outputs for bit in design.ports[name]]
    cells = []
    for cell in design.cone(ends):
        found = _merge(rank, cell)
        if cell.kind == "dff":
            wires[cell.outputs[0]] = wires.get(cell.inputs[0], cell.inputs[0])
            found = (None if found[0] is None else found[0] + 1, found[1] + 1)
        else:
            cells.append(cell)
        rank |= dict.fromkeys(cell.outputs, found)
    for bit in ends:
        exact, least = rank.get(bit, (None, 0) if bit in ("0", "1") else (-1, 0))
        if (exact is not None and exact != latency) or least > latency:
            raise NotCheckedError(f"an output shows its input after {exact} clocks, not {latency}: not proved")

    def wired(bits: Iterable[Bit]) -> tuple[Bit, ...]:
        return tuple(wires.get(bit, bit) for bit in bits)

    kept = [replace(cell, inputs=wired(cell.inputs), words=tuple(map(wired, cell.words))) for cell in cells]
    ports = {name: wired(bits) for name, bits in design.ports.items()}
    named = {name: wired(bits) for name, bits in design.wires.items()}
    return FlatDesign(ports, tuple(kept), {bit: cell for cell in kept for bit in cell.outputs}, named)


def _merge(rank: dict[Bit, tuple[int | None, int]], cell: Cell) -> tuple[int | None, int]:
    """Registers before a cell: exactly, None if only constants come in; and at least, for registered constants."""
    exact, least = None, 0
    for bit in cell.inputs:
        if bit in ("0", "1"):
            continue
        if bit not in rank:
            raise NotCheckedError("a result depends on an undriven net, or on a port other than the input: not proved")
        one, low = rank[bit]
        if one is not None and exact is not None and one != exact:
            raise NotCheckedError("two ways to one net pass different numbers of registers: not proved")
        exact, least = exact if one is None else one, max(least, low)
    if exact is not None and least > exact:
        raise NotCheckedError("a registered constant is read before its clock: not proved")
    return exact, (exact if exact is not None else least)


def valid_pair(design: FlatDesign, latency: int) -> tuple[Netlist, Netlist]:
    """``out_valid`` after ``latency`` clocks as the Verilog has it, and as it must be.

    Inputs are ``in_valid`` and ``rst`` of each clock: 2t and 2t + 1. It must be the ``in_valid`` of clock 0, unless a
    reset came since.

    Raises:
        NotCheckedError: it depends on anything else, or the pipeline is too long.
    """
    if latency > _LONGEST_VALID:
        raise NotCheckedError(f"a latency of {latency} clocks is too long to unroll out_valid")
    steps = latency + 1
    builder = Builder(2 * steps)
    frames: list[dict[Bit, int]] = []
    cells = list(design.cone_over_registers(design.ports["out_valid"]))
    for step in range(steps):
        nets: dict[Bit, int] = {"0": CONST0, "1": CONST1}
        for place, name in enumerate(("in_valid", "rst")):
            nets[design.ports[name][0]] = FIRST_INPUT + 2 * step + place
        for cell in cells:
            if cell.kind == "dff":
                if step and cell.inputs[0] in frames[-1]:
                    nets[cell.outputs[0]] = frames[-1][cell.inputs[0]]
            elif cell.kind == "gate" and all(bit in nets for bit in cell.inputs):
                nets[cell.outputs[0]] = builder.add(cell.table, [nets[bit] for bit in cell.inputs])
        frames.append(nets)
    seen = frames[-1].get(design.ports["out_valid"][0])
    if seen is None:
        raise NotCheckedError("out_valid depends on a register's initial state: not proved")
    wanted = Builder(2 * steps)
    net = FIRST_INPUT
    for step in range(latency):
        net = wanted.add(0b0010, [net, FIRST_INPUT + 2 * step + 1])
    return builder.build([seen]), wanted.build([net])
