"""Tables that repeat what an earlier net computes, written by that net.

A position of a carry chain counts a vote and a net: one table gives the vote's XOR with the net, and a second one, of
the same operands, the vote alone. As polynomials over the vote's operands the two cancel only when the vote is taken
apart, and until then the products along the chain multiply. Written by the vote, the XOR is ``a + v - 2av``, and they
cancel at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from lgc.ir import CONST0, CONST1, Builder, Netlist
from lgc.ir.tables import cofactors

Function = tuple[int, tuple[int, ...]]
"""A table and its operands: all of them matter, and none is a constant or there twice."""

_XOR, _XNOR = 0b0110, 0b1001


def written_by_shared(netlist: Netlist) -> Netlist:
    """The same functions, where the XOR of an operand and another net reads that net."""
    builder = Builder(netlist.num_inputs)
    functions = [
        normal_form(table, operands[:arity])
        for table, operands, arity in zip(
            netlist.table.tolist(), netlist.fanin.tolist(), netlist.arity.tolist(), strict=True
        )
    ]
    known: dict[Function, tuple[int, bool]] = {}
    for net, function in enumerate(functions, netlist.first_node):
        plain, flip = _plain(function)
        known.setdefault(plain, (net, flip))
    new = dict(zip(range(netlist.first_node), range(netlist.first_node), strict=True))

    def write(net: int) -> None:
        table, operands = functions[net - netlist.first_node]
        if (found := _as_xor((table, operands), known)) is not None:
            table, operands = found
            if operands[0] not in new:  # it reads nothing that this net does not read
                write(operands[0])
        new[net] = builder.add(table, [new[operand] for operand in operands])

    for net in range(netlist.first_node, netlist.num_nets):
        if net not in new:
            write(net)
    return builder.build([new[net] for net in netlist.outputs.tolist()])


def normal_form(table: int, operands: Sequence[int]) -> Function:
    """A table without constants, idle operands and operands that are there twice; the others ascend."""
    nets = sorted({net for net in operands if net not in (CONST0, CONST1)})
    value = 0
    for address in range(1 << len(nets)):
        bits = {net: address >> place & 1 for place, net in enumerate(nets)} | {CONST0: 0, CONST1: 1}
        source = sum(bits[net] << place for place, net in enumerate(operands))
        value |= (table >> source & 1) << address
    for place in reversed(range(len(nets))):
        low, high = cofactors(value, place, len(nets))
        if low == high:
            value = low
            del nets[place]
    return value, tuple(nets)


def _plain(function: Function) -> tuple[Function, bool]:
    """Of a function and its complement the one that is 0 for zeros, and whether that is the complement."""
    table, operands = function
    flip = bool(table & 1)
    return (table ^ ((1 << (1 << len(operands))) - 1) if flip else table, operands), flip


def _as_xor(function: Function, known: dict[Function, tuple[int, bool]]) -> Function | None:
    """A function as the XOR of an operand and a net that is known, by table and operands; None if it is none."""
    table, operands = function
    for place, operand in enumerate(operands):
        low, high = cofactors(table, place, len(operands))
        if low ^ high != (1 << (1 << (len(operands) - 1))) - 1:
            continue
        plain, flip = _plain((low, operands[:place] + operands[place + 1 :]))
        if len(plain[1]) > 1 and plain in known:
            net, flipped = known[plain]
            return _XNOR if flip != flipped else _XOR, (net, operand)
    return None
