"""Scores as sums: the model's outputs and the Verilog's votes are grouped by what they compute, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lgc.ir import CONST0, Head, Netlist, interp
from lgc.sim.formal.rtl import Bit
from lgc.sim.formal.weights import Form

Bits = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Families:
    """Nets that a sample of inputs cannot tell apart, up to complement.

    Attributes:
        leader: int32 (N,), per output of the joint netlist the net that stands for its family; 0 if constant.
        flipped: bool (N,), whether the output is the leader's complement.
    """

    leader: NDArray[np.int32]
    flipped: Bits


def families(joint: Netlist, bits: Bits) -> Families:
    """Group the outputs of a netlist by their values on inputs (B, I)."""
    words = interp.evaluate_nets(joint, interp.pack(bits))[joint.outputs]
    tail = len(bits) % 64
    if tail:
        words[:, -1] &= np.uint64((1 << tail) - 1)
    flipped = (words[:, 0] & np.uint64(1)).astype(np.bool_)
    plain = np.where(flipped[:, None], ~words, words)
    if tail:
        plain[:, -1] &= np.uint64((1 << tail) - 1)
    known: dict[bytes, tuple[int, bool]] = {bytes(plain.shape[1] * 8): (CONST0, False)}
    leader, relative = np.zeros(len(plain), np.int32), np.zeros(len(plain), np.bool_)
    for place, (row, net, flip) in enumerate(zip(plain, joint.outputs.tolist(), flipped.tolist(), strict=True)):
        leader[place], first = known.setdefault(row.tobytes(), (net, flip))
        relative[place] = flip != first
    return Families(leader, relative)


def model_forms(head: Head) -> list[Form]:
    """Per class its score over the model's outputs 0, 1, ...: each weighs one."""
    bounds = zip(head.offsets[:-1].tolist(), head.offsets[1:].tolist(), head.bias.tolist(), strict=True)
    return [Form(dict.fromkeys(range(lo, hi), 1), bias) for lo, hi, bias in bounds]


def over_leaders(form: Form, place: dict[Bit, int], found: Families) -> Form:
    """A form over families: a complement weighs minus one and adds one to the constant."""
    weights: dict[Bit, int] = {}
    constant = form.constant
    for bit, weight in form.weights.items():
        where = place[bit]
        leader, flipped = int(found.leader[where]), bool(found.flipped[where])
        constant += weight if flipped else 0
        weights[leader] = weights.get(leader, 0) + (-weight if flipped else weight)
    weights.pop(CONST0, None)
    return Form({net: weight for net, weight in weights.items() if weight}, constant)


def values(forms: Sequence[Form], columns: Sequence[Bit], bits: Bits) -> NDArray[np.int64]:
    """Scores (B, C) of forms over bits whose values are the columns of ``bits`` (B, N)."""
    place = {bit: index for index, bit in enumerate(columns)}
    result = np.zeros((len(bits), len(forms)), np.int64)
    for index, form in enumerate(forms):
        where = [place[bit] for bit in form.weights]
        weights = np.array(list(form.weights.values()), np.int64)
        result[:, index] = bits[:, where].astype(np.int64) @ weights + form.constant
    return result
