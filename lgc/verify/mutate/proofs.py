"""A surviving fault anywhere in the text: the mutant is proved equal to the model, or a vector is found that tells.

The whole circuit, once as it is and once with the fault, is a question to ABC's sweeping and to a SAT solver. Where
registers matter, or neither comes to an answer, `lgc verify --formal` on the mutant is asked.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.verilog.rtl import Rtl
from lgc.errors import LgcError, MissingToolError, NotCheckedError
from lgc.ir import CONST0, Builder, Circuit, Netlist
from lgc.verify.formal import prove
from lgc.verify.formal.abc import equivalent
from lgc.verify.formal.dialect import CLAIM
from lgc.verify.formal.netlists import gates
from lgc.verify.formal.rtl import read_flat
from lgc.verify.formal.unroll import unroll
from lgc.verify.mutate.climb import small_change
from lgc.verify.mutate.faults import Fault
from lgc.verify.mutate.text import apply
from lgc.verify.sat import Sat

Answer = NDArray[np.bool_] | bool | None
"""Inputs, bool (I,), that show a fault; False: proved that there are none; None: undecided."""

PROOF = "proof"
_SECONDS = 600.0
_SWEEP_SECONDS = 60.0
_XOR2, _OR2 = 0x6, 0xE


class FlatText:
    """The text without a fault as one netlist, which is made when it is first asked for: all mutants are held to it."""

    def __init__(self, rtl: Rtl, folder: Path, timeout: float) -> None:
        self.rtl, self._folder, self._timeout = rtl, folder, timeout
        self._made: Netlist | LgcError | None = None

    def netlist(self) -> Netlist:
        """The function from the input port to the results.

        Raises:
            LgcError: yosys fails, or the registers are no pipeline.
        """
        if self._made is None:
            try:
                self._folder.parent.mkdir(parents=True, exist_ok=True)
                self._made = _flat(self.rtl, self._folder, self._timeout)
            except LgcError as error:
                self._made = error
        if isinstance(self._made, LgcError):
            raise self._made
        return self._made


def decide_by_proof(flat: FlatText, fault: Fault, circuit: Circuit, folder: Path, timeout: float) -> Answer:
    """Is there an input on which the mutant is not the model?

    Args:
        flat: of the text without the fault.
        circuit: the unoptimised circuit of the model, which the text without the fault equals.
        folder: to work in; it must not exist.

    Raises:
        MissingToolError: pyosys or python-sat is not installed.
    """
    rtl = flat.rtl
    mutant = _mutant(rtl, fault, folder)
    # First: of a wrong circuit the polynomials of a proof do not cancel, and grow for minutes.
    whole = _decide_whole(flat, mutant, circuit, folder, timeout) if is_combinational(rtl, fault) else None
    if whole is not None:
        return whole
    work = folder / "proof"
    work.mkdir()
    try:
        certificate, refutation = prove(mutant, circuit, work, min(timeout, _SECONDS))
        if refutation is not None:
            return refutation.bits
        # A mutant departs from the text by the fault, whose tokens all tools read alike.
        if all(part.claim == CLAIM for part in certificate.open):
            return False
    except MissingToolError:
        raise
    except LgcError:  # what it cannot read or cut
        pass
    return None


def is_combinational(rtl: Rtl, fault: Fault) -> bool:
    """Whether what a fault does to a result is a function of that result's input alone, whatever came before."""
    return fault.change is not None or (rtl.manifest.interval == 1 and not fault.clocked)


def _mutant(rtl: Rtl, fault: Fault, folder: Path) -> Rtl:
    folder.mkdir(parents=True)
    path, text = folder / "mutant.v", apply(rtl.text, fault.edits)
    path.write_text(text, encoding="utf-8")
    return Rtl(path, rtl.manifest, text, rtl.model_digest)


def _decide_whole(flat: FlatText, mutant: Rtl, circuit: Circuit, folder: Path, timeout: float) -> Answer:
    """One question about all of both circuits, with wires for registers."""
    try:
        good, bad = flat.netlist(), _flat(mutant, folder / "bad", timeout)
    except MissingToolError:
        raise
    except LgcError:
        return None
    if (change := small_change(good, bad)) is not None and (answer := change.decide(circuit, 0)) is not None:
        return answer
    # Two circuits that differ at one place are soon seen to be equal net by net, which one question about all is not.
    try:
        if equivalent(good, bad, folder, min(timeout, _SWEEP_SECONDS)):
            return False
    except NotCheckedError:
        pass
    builder = Builder(good.num_inputs, cons=True)
    pairs = zip(_copied(builder, good), _copied(builder, bad), strict=True)
    differ = CONST0
    for first, second in pairs:
        differ = builder.add(_OR2, (differ, builder.add(_XOR2, (first, second)))) if first != second else differ
    sat = Sat(builder.build([differ]))
    try:
        return sat.satisfy([(differ, True)])
    finally:
        sat.close()


def _copied(builder: Builder, netlist: Netlist) -> list[int]:
    nets = list(range(netlist.first_node))
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for fanin, arity, table in rows:
        nets.append(builder.add(table, [nets[net] for net in fanin[:arity]]))
    return [nets[net] for net in netlist.outputs.tolist()]


def _flat(rtl: Rtl, folder: Path, timeout: float) -> Netlist:
    """The function from the input port to the results, by yosys, with wires for registers.

    Raises:
        LgcError: yosys fails, or the registers are no pipeline.
    """
    folder.mkdir()
    manifest = rtl.manifest
    outputs = [name for name in ("scores", "class_id") if manifest.port(name)]
    read = read_flat(rtl.path, manifest.top, folder, timeout, words=False)
    design = unroll(read, outputs, manifest.input_port, manifest.latency)
    return gates(design, design.ports[manifest.input_port], [bit for name in outputs for bit in design.ports[name]])
