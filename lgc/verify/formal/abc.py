"""Combinational equivalence by ABC's ``&cec``, and counterexamples by a SAT solver."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.aiger import make_aig, write_binary
from lgc.errors import NotCheckedError
from lgc.ir import Netlist
from lgc.tools.abc import run_abc
from lgc.tools.run import or_not_checked
from lgc.verify.formal.netlists import side_by_side
from lgc.verify.formal.sweep import sat_sweep


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


def output_halves(netlist: Netlist) -> tuple[Netlist, Netlist]:
    """A netlist twice, with the first half of its outputs, and with the second."""
    half = netlist.num_outputs // 2
    return netlist.with_outputs(netlist.outputs[:half]), netlist.with_outputs(netlist.outputs[half:])


def difference(first: Netlist, second: Netlist, conflicts: int = 1_000_000) -> NDArray[np.bool_] | None:
    """Inputs, bool (I,), under which some pair of outputs differs; None if none was found within ``conflicts``."""
    found = sat_sweep(side_by_side(first, second), conflicts, most=1)
    return found.vectors[0] if len(found.vectors) else None
