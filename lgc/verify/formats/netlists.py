"""Netlists under test: `.lgn` read by lgc; BLIF, AIGER and yosys' JSON by yosys, which shares nothing with the writers.

yosys turns what it reads into AND gates under the names of the file, and those few lines are evaluated. Where lgc has a
reader of its own it is the second view: it goes by the order of inputs and outputs, yosys goes by their names.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lgc.backend.sidecar import Sidecar, read_sidecar
from lgc.errors import InputError, NotCheckedError
from lgc.frontend import ImportOptions, load_circuit
from lgc.frontend.reference import InterpreterReference, Reference
from lgc.ir import Circuit, FeatureCode, Head, Netlist, interp
from lgc.sim.simulate import Observed
from lgc.tools.run import or_not_checked
from lgc.tools.yosys import run_yosys
from lgc.verify.formats.software import not_ours, read_bytes
from lgc.verify.report import Mismatch
from lgc.verify.subject import Artefact, View, check_shape, check_thresholds, first_class
from lgc.verify.triage import Finding
from lgc.verify.verilog import VerifyOptions

Bits = NDArray[np.bool_]
_TO_ANDS = ("splitnets -ports", "simplemap", "aigmap", "opt_clean", "write_aiger -ascii -symbols net.aag")
_READ = {
    "BLIF": "read_blif net",
    "AIGER": "read_aiger -module_name lgc net",
    "yosys JSON": "read_json net",
}
_SYMBOL = re.compile(rb"^([io])(\d{1,9}) (in|out)(?:\[(\d{1,9})\])?$", re.M)  # a port of one bit has no index
_DIGEST = re.compile(rb'lgc.circuit"?:?\s*"?([0-9a-f]{64})')


@dataclass(frozen=True)
class Evaluated:
    """A netlist and what makes scores of its outputs.

    Attributes:
        inputs: int64 (I,), per input of the netlist the encoder's bit that it reads.
        outputs: int64 (O,), per output that the head counts the netlist's output.
    """

    netlist: Netlist
    head: Head
    inputs: NDArray[np.int64]
    outputs: NDArray[np.int64]

    def run(self, bits: Bits, *, progress: Callable[[int], None] | None = None) -> Observed:
        """See :class:`lgc.verify.subject.Runner`."""
        del progress
        votes = interp.evaluate(self.netlist, bits[:, self.inputs])[:, self.outputs].astype(np.int64)
        # The sum up to each output: what a group adds is a difference, whatever its size.
        sums = np.concatenate([np.zeros((len(bits), 1), np.int64), votes.cumsum(axis=1)], axis=1)
        scores = sums[:, self.head.offsets[1:]] - sums[:, self.head.offsets[:-1]] + self.head.bias
        return Observed(scores, self.head.classify(scores), {})


@dataclass(eq=False)
class NetlistFile(Artefact):
    """A bare netlist and its sidecar."""

    path: Path
    kind: str
    sidecar: Sidecar
    timeout: float
    by = "yosys"

    def __post_init__(self) -> None:
        self.subject = f"the {self.kind} netlist"
        self.model_digest, self.circuit_digest = self.sidecar.model_digest, self.sidecar.circuit_digest
        self.ordered = self.sidecar.ordered

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`Artefact`."""
        check_shape(self, circuit, self.sidecar.inputs, self.sidecar.head.classes)
        check_thresholds(self.sidecar.path, self.sidecar.thresholds, circuit)

    def build(self, folder: Path) -> Evaluated:
        """Read by yosys."""
        shutil.copyfile(self.path, folder / "net")  # yosys splits its commands at blanks
        with or_not_checked():
            run_yosys([_READ[self.kind], *_TO_ANDS], folder / "yosys.log", self.timeout)
        inputs, outputs = self._names((folder / "net.aag").read_bytes())
        return self._evaluated(folder / "net.aag", inputs, outputs)

    def view(self) -> View | None:
        """By lgc's own reader, in order."""
        if self.kind == "yosys JSON":
            return None
        inputs, outputs = np.arange(self.sidecar.inputs), np.arange(self.sidecar.outputs)
        return View("lgc's reader", lambda _: self._evaluated(self.path, inputs, outputs))

    def _evaluated(self, path: Path, inputs: NDArray[np.int64], outputs: NDArray[np.int64]) -> Evaluated:
        if not self.sidecar.outputs:
            raise NotCheckedError("it has no outputs: nothing was checked", where=str(self.path))
        netlist = load_circuit(path, ImportOptions({"classes": 1})).netlist
        if (netlist.num_inputs, netlist.num_outputs) != (len(inputs), len(outputs)):
            raise InputError(
                f"it has {netlist.num_inputs} inputs and {netlist.num_outputs} outputs, its sidecar says "
                f"{len(inputs)} and {len(outputs)}",
                where=str(self.path),
                hint="Compile again, and keep the two files together",
            )
        return Evaluated(netlist, self.sidecar.head, inputs, outputs)

    def _names(self, data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which bit an input is, and which of the file's outputs is output k, by the names ``in[3]`` and ``out[5]``."""
        found = {b"i": {}, b"o": {}}  # type: ignore[var-annotated]
        for kind, place, name, index in _SYMBOL.findall(data):
            if (kind, name) in ((b"i", b"in"), (b"o", b"out")):
                found[kind][int(place)] = int(index or 0)
        inputs, outputs = found[b"i"], found[b"o"]
        counts = (self.sidecar.inputs, self.sidecar.outputs)
        for named, count in zip((inputs, outputs), counts, strict=True):
            if sorted(named) != list(range(count)) or sorted(named.values()) != list(range(count)):
                raise InputError(
                    f"its inputs and outputs are not in[0] to in[{counts[0] - 1}] and out[0] to out[{counts[1] - 1}]",
                    where=str(self.path),
                    hint="Compile again",
                )
        bits = np.array([inputs[place] for place in range(len(inputs))], np.int64)
        return bits, np.argsort([outputs[place] for place in range(len(outputs))]).astype(np.int64)


@dataclass(eq=False)
class LgnFile(Artefact):
    """lgc's own text: encoder, netlist and head, read and evaluated by lgc."""

    path: Path
    circuit: Circuit
    kind = "lgn"
    subject = "the netlist"
    by = "the interpreter"

    def __post_init__(self) -> None:
        self.model_digest = self.circuit.metadata.get("model_digest", "none")
        self.circuit_digest = self.circuit.digest()
        self.ordered = bool(self.circuit.assumes)

    @property
    def features(self) -> FeatureCode | None:  # type: ignore[override]
        """See :class:`Artefact`."""
        return self.circuit.encoder.code

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`Artefact`."""
        check_shape(self, circuit, self.circuit.netlist.num_inputs, self.circuit.head.classes)
        check_thresholds(self.path, self.circuit.encoder.thresholds, circuit)

    def build(self, folder: Path) -> Evaluated:
        """See :class:`Artefact`."""
        del folder
        netlist = self.circuit.netlist
        return Evaluated(netlist, self.circuit.head, np.arange(netlist.num_inputs), np.arange(netlist.num_outputs))

    def locate(self, circuit: Circuit, reference: Reference, mismatch: Mismatch, folder: Path) -> Finding | None:
        """The first node that has another value than the neuron whose name it bears."""
        del folder
        model, mine = (one.neurons(mismatch.bits[None]) for one in (reference, InterpreterReference(self.circuit)))
        for name in [name for name in model if name in mine]:
            netlist = self.circuit.netlist
            for neuron in _neurons(netlist, name):
                if neuron < model[name].shape[1] and model[name][0, neuron] != mine[name][0, neuron]:
                    value = int(model[name][0, neuron])
                    note = f"first difference: {name}, neuron {neuron}: the model says {value}, the netlist {1 - value}"
                    return Finding(None, bool(value), 1, 1, note)
        return first_class(circuit, mismatch)


def _neurons(netlist: Netlist, layer: str) -> list[int]:
    """The neurons of a layer that have a node, in order."""
    from lgc.ir.naming import labels

    index = labels(netlist.origins.names).index(layer)
    handles = np.unique(netlist.origin[netlist.origin >= 0])
    mine = handles[netlist.origins.layer[handles] == index]
    return sorted(set(netlist.origins.neuron[mine].tolist()))


def open_lgn(path: Path, manifest: Path | None, options: VerifyOptions) -> LgnFile:
    """A ``.lgn`` file, which says all of itself.

    Raises:
        InputError: it cannot be read, or is no such text.
    """
    del manifest, options
    result = load_circuit(path, ImportOptions({"family": "lgn"}))
    return LgnFile(path, result)


def open_blif(path: Path, manifest: Path | None, options: VerifyOptions) -> NetlistFile:
    """A ``.blif`` file and its sidecar."""
    return _open(path, manifest, "BLIF", path.with_name(path.name + ".json"), options)


def open_aiger_ascii(path: Path, manifest: Path | None, options: VerifyOptions) -> NetlistFile:
    """An ``.aag`` file and its sidecar."""
    return _open(path, manifest, "AIGER", path.with_name(path.name + ".json"), options)


open_aiger_binary = open_aiger_ascii


def open_yosys_json(path: Path, manifest: Path | None, options: VerifyOptions) -> NetlistFile:
    """A ``.yosys.json`` file and its sidecar."""
    stem = path.name[: -len(".yosys.json")]
    return _open(path, manifest, "yosys JSON", path.with_name(f"{stem}.sidecar.json"), options)


def _open(path: Path, manifest: Path | None, kind: str, beside: Path, options: VerifyOptions) -> NetlistFile:
    """Raises InputError: unreadable, not lgc's, or its sidecar belongs to another compilation."""
    digests = _DIGEST.findall(read_bytes(path))
    if not digests:
        raise not_ours(path)
    sidecar = read_sidecar(manifest or beside)
    if sidecar.circuit_digest != digests[0].decode():
        raise InputError(
            f"the sidecar belongs to another compilation than the {kind}",
            where=str(sidecar.path),
            hint="Compile again, and keep the two files together",
        )
    return NetlistFile(path, kind, sidecar, options.timeout)
