"""lgc's own text under test: read and evaluated by lgc."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lgc.backend.sidecar import describe
from lgc.frontend import ImportOptions, load_circuit
from lgc.frontend.reference import InterpreterReference, Reference
from lgc.ir import Circuit, FeatureCodes, Netlist
from lgc.ir.naming import labels
from lgc.verify.formats.evaluated import Evaluated
from lgc.verify.report import Mismatch
from lgc.verify.stated import Stated
from lgc.verify.subject import DeviceUnderTest, VerifyOptions, check_shape, check_thresholds, first_class
from lgc.verify.triage import Location


@dataclass(eq=False)
class LgnFile(DeviceUnderTest):
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
    def features(self) -> FeatureCodes | None:  # type: ignore[override]
        """See :class:`DeviceUnderTest`."""
        return self.circuit.encoder.code

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`DeviceUnderTest`."""
        check_shape(self, circuit, self.circuit.netlist.num_inputs, self.circuit.head.classes)
        check_thresholds(self.path, self.circuit.encoder.thresholds, circuit)

    def stated(self, circuit: Circuit) -> Stated:
        """See :class:`DeviceUnderTest`."""
        return Stated("the file", str(self.path), *(_facts(one) for one in (self.circuit, circuit)))

    def claimed_head(self) -> tuple[Sequence[int], Sequence[int]]:
        """See :class:`DeviceUnderTest`."""
        return self.circuit.head.sizes.tolist(), self.circuit.head.bias.tolist()

    def build(self, folder: Path) -> Evaluated:
        """See :class:`DeviceUnderTest`."""
        del folder
        netlist = self.circuit.netlist
        return Evaluated(netlist, self.circuit.head, np.arange(netlist.num_inputs), np.arange(netlist.num_outputs))

    def locate(self, circuit: Circuit, reference: Reference, mismatch: Mismatch, folder: Path) -> Location | None:
        """The first node that has another value than the neuron whose name it bears."""
        del folder
        model, mine = (one.neurons(mismatch.bits[None]) for one in (reference, InterpreterReference(self.circuit)))
        for name in [name for name in model if name in mine]:
            netlist = self.circuit.netlist
            for neuron in _neurons(netlist, name):
                if neuron < model[name].shape[1] and model[name][0, neuron] != mine[name][0, neuron]:
                    value = int(model[name][0, neuron])
                    note = f"first difference: {name}, neuron {neuron}: the model says {value}, the netlist {1 - value}"
                    return Location(None, bool(value), 1, 1, note)
        return first_class(circuit, mismatch)


def _facts(circuit: Circuit) -> dict[str, Any]:
    """Everything but the netlist, which is evaluated, and the name, which is a label."""
    return {name: value for name, value in describe(circuit).items() if name not in ("name", "generator", "format")}


def _neurons(netlist: Netlist, layer: str) -> list[int]:
    """The neurons of a layer that have a node, in order."""
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
