"""Carry chains that are strung together, as cells whose tables are part of them: ECP5's, iCE40's and Gowin's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lgc.ir import CONST1
from lgc.mapping.heads.plan import Chain, Mapped

_ZERO, _ONE = "1'b0", "1'b1"
_PARITY = 0xC33C
"""The table of ``I1 ^ I2 ^ I3``."""


@dataclass(frozen=True)
class Slot:
    """A position of a string.

    Attributes:
        reads: nets that its table reads.
        steer: the table.
        carries: nets of the function that it carries on where the table is 0, among ``reads`` as a rule.
        handed: that function.
        target: what its sum drives; empty for nothing.
    """

    reads: tuple[int, ...]
    steer: int
    carries: tuple[int, ...]
    handed: int
    target: str


def slots(mapped: Mapped, string: Sequence[Chain], targets: Mapping[int, str]) -> Iterator[Slot]:
    """The positions of a string.

    Args:
        targets: by net, what is to be driven.
    """
    before = 0
    for chain in string:
        yield Slot((), 0, *_function(mapped, chain.carry_in), targets.get(before, ""))
        for select, data, total in zip(chain.select, chain.data, chain.sums, strict=True):
            yield Slot(*_function(mapped, select), *_function(mapped, data), targets.get(total, ""))
        before = chain.carries[-1]
    if before:
        yield Slot((), 0, (), 0, targets.get(before, ""))


def _function(mapped: Mapped, net: int) -> tuple[tuple[int, ...], int]:
    """Nets and table of a node that is part of a chain; another net is read as it is."""
    node = net - mapped.netlist.first_node
    if node < 0 or net not in mapped.folded:
        return (net,), 0b10
    netlist = mapped.netlist
    return tuple(netlist.fanin[node, : netlist.arity[node]].tolist()), int(netlist.table[node])


def ccu2c_cells(name: str, positions: Sequence[Slot], names: Sequence[str]) -> Iterator[str]:
    """A string in CCU2C cells, two positions each; the last may be left over."""
    carry = _ZERO
    for index, pair in enumerate(positions[at : at + 2] for at in range(0, len(positions), 2)):
        behind = f"{name}_co{index}"
        pins, parameters = [], []
        for half, slot in enumerate(pair):
            init, reads = _ccu2c_table(slot)
            parameters.append(f'.INIT{half}(16\'h{init:04x}), .INJECT1_{half}("NO")')
            pins += [f".{letter}{half}({_pin(net, names)})" for letter, net in zip("ABCD", reads, strict=True)]
            pins.append(f".S{half}({slot.target})")
        if len(pair) < 2:
            parameters.append('.INIT1(16\'h0000), .INJECT1_1("NO")')
            pins += [f".{letter}1({_ZERO})" for letter in "ABCD"] + [".S1()"]
        yield f"  wire {behind};"
        text = ", ".join(pins)
        yield f"  CCU2C #({', '.join(parameters)}) {name}_{index} (.CIN({carry}), {text}, .COUT({behind}));"
        carry = behind


def _pin(net: int | str, names: Sequence[str]) -> str:
    return net if isinstance(net, str) else names[net]


def _ccu2c_table(slot: Slot) -> tuple[int, list[int | str]]:
    """The table and what pins A to D read: of A and B, where C and D are 0, it gives what is carried on."""
    own = [net for net in slot.reads if net not in slot.carries]
    low: list[int | str] = [*slot.carries, *[_ZERO] * (2 - len(slot.carries))]
    pins = [*low, own[0] if own else _ZERO, own[1] if len(own) > 1 else _ONE]
    init = 0
    for address in range(16):
        value: dict[int | str, int] = {pin: address >> index & 1 for index, pin in enumerate(pins)}
        if len(own) > 1 or address >> 3:
            bit = slot.steer >> sum(value[net] << place for place, net in enumerate(slot.reads)) & 1
            assert len(own) < 2 or address >> 2 or bit == _handed(slot, value), "no position carries that on"
        else:
            bit = _handed(slot, value)
        init |= bit << address
    return init, pins


def _handed(slot: Slot, value: Mapping[int | str, int]) -> int:
    return slot.handed >> sum(value[net] << place for place, net in enumerate(slot.carries)) & 1


def sb_carry_cells(name: str, positions: Sequence[Slot], names: Sequence[str]) -> Iterator[str]:
    """A string in SB_CARRY cells, each with the SB_LUT4 that reads the same pins."""
    carry = _ZERO
    for index, slot in enumerate(positions):
        behind = f"{name}_co{index}"
        one, two = (_pin(net, names) for net in _added(slot))
        if slot.target:
            pins = f".I0({_ZERO}), .I1({one}), .I2({two}), .I3({carry})"
            yield f"  SB_LUT4 #(.LUT_INIT(16'h{_PARITY:04x})) {name}_s{index} (.O({slot.target}), {pins});"
        if index < len(positions) - 1:
            yield f"  wire {behind};"
            yield f"  SB_CARRY {name}_{index} (.CO({behind}), .I0({one}), .I1({two}), .CI({carry}));"
        carry = behind


def alu_cells(name: str, positions: Sequence[Slot], names: Sequence[str]) -> Iterator[str]:
    """A string in ALU cells, each of which adds two nets: mode 0, in which I3 is not read."""
    carry = _ZERO
    for index, slot in enumerate(positions):
        behind = f"{name}_co{index}"
        one, two = (_pin(net, names) for net in _added(slot))
        pins = f".CIN({carry}), .I0({one}), .I1({two}), .I3({_ZERO}), .SUM({slot.target}), .COUT({behind})"
        yield f"  wire {behind};"
        yield f"  ALU #(.ALU_MODE(0)) {name}_{index} ({pins});"
        carry = behind


def _added(slot: Slot) -> tuple[int | str, int | str]:
    """The two nets that a position adds: the one that it carries on, and the one that makes its table of it."""
    constant = slot.carries[0] if slot.carries and slot.carries[0] <= CONST1 else None
    if constant is not None or not slot.carries:
        data: int | str = _ONE if constant == CONST1 or (constant is None and slot.handed) else _ZERO
    else:
        data = slot.carries[0]
    nets = list(dict.fromkeys([*slot.reads, data])) if isinstance(data, int) else [*slot.reads]
    for other in (*(net for net in slot.reads if net != data), data, _ZERO, _ONE):
        if all(_is_sum(slot, nets, (data, other), address) for address in range(1 << len(nets))):
            return data, other
    raise AssertionError("a position adds no two nets")


def _is_sum(slot: Slot, nets: Sequence[int | str], pair: tuple[int | str, int | str], address: int) -> bool:
    """Whether the table is the XOR of both, at an address of all nets; the table's operands are the first of them."""
    value: dict[int | str, int] = {net: address >> at & 1 for at, net in enumerate(nets)}
    value |= {_ZERO: 0, _ONE: 1}
    return value[pair[0]] ^ value[pair[1]] == slot.steer >> (address & (1 << len(slot.reads)) - 1) & 1


STRUNG = {"ccu2c": ccu2c_cells, "sb_carry": sb_carry_cells, "alu": alu_cells}
"""By :attr:`lgc.parts.fabrics.Fabric.carry`, what writes a string."""
