"""Nets of the Verilog and of the model that a sample of inputs cannot tell apart, and what is claimed of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lgc.ir import CONST0, Builder, Encoder, Netlist, interp
from lgc.verify.formal.cells import Bit
from lgc.verify.formal.netlists import append, side_by_side
from lgc.verify.formal.weights import Form

Bits = NDArray[np.bool_]
Literal = tuple[int, bool]
"""A net of the model, and whether its complement is meant."""
Member = tuple[bool, int]
"""Whether a net is of the model, and the net."""


def signatures(netlist: Netlist, bits: Bits) -> list[tuple[bytes, bool]]:
    """Per net its values on inputs (B, I), or those of its complement: of the two the one that begins with 0."""
    return canonical(interp.evaluate_nets(netlist, interp.pack(bits)), len(bits))


def canonical(words: NDArray[np.uint64], count: int) -> list[tuple[bytes, bool]]:
    """Rows (N, W) of ``count`` packed values, up to complement; see :func:`signatures`."""
    mask = np.full(words.shape[1], ~np.uint64(0))
    if tail := count % 64:
        mask[-1] = np.uint64((1 << tail) - 1)
    flipped = (words[:, 0] & np.uint64(1)).astype(np.bool_)
    plain = np.where(flipped[:, None], ~words, words) & mask
    return [(row.tobytes(), flip) for row, flip in zip(plain, flipped.tolist(), strict=True)]


@dataclass(eq=False)
class Families:
    """Nets grouped by what they seem to compute, up to complement; each group has a net of the model as its leader.

    Attributes:
        model: per net of the model that is not its own leader, its leader.
        seen: per node of the Verilog that seems to equal one of the model, that one's leader.
        used: what was made use of, and has to be proved: (whether a net of the model, net).
    """

    model: dict[int, Literal]
    seen: dict[int, Literal]
    used: set[Member] = field(default_factory=set)

    @classmethod
    def of(
        cls, model: Netlist, seen: Netlist, bits: Bits, alone: Collection[Member] = (), *, constants: bool = True
    ) -> Families:
        """Group by values on inputs (B, I).

        Args:
            alone: what is in no group.
            constants: what never changes is taken for a constant; else it is in no group.
        """
        rows = signatures(model, bits)
        constant = None if constants else rows[CONST0][0]
        known: dict[bytes, Literal] = {rows[CONST0][0]: (CONST0, False)}
        groups: dict[int, Literal] = {}
        for net in range(2, model.num_nets):
            row, flip = rows[net]
            leader, first = known.setdefault(row, (net, flip))
            if net >= model.first_node and row != constant and leader != net and (True, net) not in alone:
                groups[net] = (leader, flip != first)
        matched: dict[int, Literal] = {}
        for net, (row, flip) in enumerate(signatures(seen, bits)):
            if net >= seen.first_node and row != constant and row in known and (False, net) not in alone:
                leader, first = known[row]
                matched[net] = (leader, flip != first)
        return cls(groups, matched)

    def of_model(self, net: int) -> Literal:
        """What a net of the model is taken for."""
        if net not in self.model:
            return net, False
        self.used.add((True, net))
        return self.model[net]

    def of_seen(self, net: int) -> Literal:
        """What a net of the Verilog is taken for; inputs and constants have the same numbers on both sides."""
        if net not in self.seen:
            return net, False
        self.used.add((False, net))
        return self.seen[net]

    def claims(self, model: Netlist, seen: Netlist, ordered: Encoder | None) -> Netlist:
        """What was made use of, in order: nets, and then what they must equal; see :func:`side_by_side`."""
        used = sorted(self.used)
        nets = np.array([net for _, net in used], np.int32)
        ours = np.array([of_model for of_model, _ in used], np.bool_)
        wanted = [self.model[net] if of_model else self.seen[net] for of_model, net in used]
        builder = Builder(model.num_inputs)
        copied = append(builder, model, np.arange(model.first_node, dtype=np.int32))
        leaders = copied[np.array([net for net, _ in wanted], np.int32)]
        flips = np.array([flip for _, flip in wanted], np.bool_)
        leaders[flips] = builder.add_layer(np.ones(int(flips.sum()), np.int64), leaders[flips][:, None])
        members = np.zeros(len(used), np.int32)
        members[ours] = copied[nets[ours]]
        members[~ours] = append(builder, seen, np.arange(seen.first_node, dtype=np.int32))[nets[~ours]]
        whole = builder.build(np.concatenate([members, leaders]))
        return side_by_side(whole, Builder(model.num_inputs).build([]), ordered)


def values(forms: Sequence[Form], columns: Sequence[Bit], bits: Bits) -> NDArray[np.int64]:
    """Scores (B, C) of forms over bits whose values are the columns of ``bits`` (B, N)."""
    place = {bit: index for index, bit in enumerate(columns)}
    result = np.zeros((len(bits), len(forms)), np.int64)
    for index, form in enumerate(forms):
        where = [place[bit] for bit in form.weights]
        weights = np.array(list(form.weights.values()), np.int64)
        result[:, index] = bits[:, where].astype(np.int64) @ weights + form.constant
    return result
