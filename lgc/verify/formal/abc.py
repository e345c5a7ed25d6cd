"""Combinational equivalence by ABC's ``&cec``, and counterexamples by a SAT solver."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.aiger import make_aig, write_binary
from lgc.errors import NotCheckedError
from lgc.ir import Builder, Netlist
from lgc.tools.abc import run_abc
from lgc.tools.run import or_not_checked
from lgc.verify.formal.netlists import append, side_by_side
from lgc.verify.sat import Sat


def equivalent(first: Netlist, second: Netlist, folder: Path, timeout: float) -> bool:
    """Whether all outputs of two netlists are equal, each with its counterpart, under every input.

    Raises:
        NotCheckedError: ABC came to no answer within ``timeout`` seconds.
        MissingToolError: there is no ABC.
    """
    for name, netlist in (("first.aig", first), ("second.aig", second)):
        with (folder / name).open("wb") as stream:
            write_binary(*make_aig(netlist), stream)
    limit = max(1, int(timeout))
    with or_not_checked("not proved"):
        text = run_abc(f"&cec -C 1000000 -T {limit} first.aig second.aig", folder, timeout + 5)
    if "Networks are equivalent" in text:
        return True
    if "NOT EQUIVALENT" in text:
        return False
    raise NotCheckedError(
        f"ABC came to no answer: {text.strip().splitlines()[-1][:200] if text.strip() else 'silence'}"
    )


def difference(first: Netlist, second: Netlist, conflicts: int = 1_000_000) -> NDArray[np.bool_] | None:
    """Inputs, bool (I,), under which some pair of outputs differs; None if none was found within ``conflicts``."""
    joint = side_by_side(first, second)
    half = joint.num_outputs // 2
    pairs = joint.outputs.reshape(2, half).T
    miter = _miter(joint, pairs)
    sat = Sat(miter, conflicts)
    try:
        for net in miter.outputs.tolist():
            found = sat.satisfy([(net, True)])
            if isinstance(found, np.ndarray):
                return found
    finally:
        sat.close()
    return None


def _miter(joint: Netlist, pairs: NDArray[np.int32]) -> Netlist:
    builder = Builder(joint.num_inputs)
    nets = append(builder, joint, np.arange(joint.first_node, dtype=np.int32))
    return builder.build(builder.add_layer(np.full(len(pairs), 0b0110), nets[pairs]))
