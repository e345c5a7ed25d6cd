"""Expected values: the software model's, and if torch is not installed the interpreter's."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from lgc.frontend.model import Model
from lgc.ir import Circuit, interp
from lgc.ir.naming import labels
from lgc.tools.find import has_package, missing

if TYPE_CHECKING:
    from lgc.frontend.software import SoftwareModel

Bits = NDArray[np.bool_]


class Reference(Protocol):
    """Who says what is right."""

    name: str

    def scores(self, bits: Bits) -> NDArray[np.int64]:
        """Scores (B, C) for bits (B, I)."""

    def classify(self, scores: NDArray[np.int64]) -> NDArray[np.int64]:
        """Classes (B,) for scores (B, C)."""

    def neurons(self, bits: Bits) -> dict[str, Bits]:
        """Per layer, under its name in the emitted comments, the outputs of its neurons, (B, N)."""


class TorchReference:
    """A model in torch, hard forward: that of its own file where there is one.

    It is made on first use: importing torch takes seconds, in which Verilator can run already.
    """

    name = "torch"

    def __init__(self, model: Model | Path, layer_names: list[str]) -> None:
        self._source = model
        self._layer_names = layer_names

    @cached_property
    def _model(self) -> SoftwareModel:
        from lgc.frontend.software import SoftwareModel

        source = self._source
        return SoftwareModel.from_file(source) if isinstance(source, Path) else SoftwareModel.from_model(source)

    def scores(self, bits: Bits) -> NDArray[np.int64]:
        """See :class:`Reference`."""
        return self._model.scores(bits)

    def classify(self, scores: NDArray[np.int64]) -> NDArray[np.int64]:
        """See :class:`Reference`."""
        return self._model.classify(scores)

    def neurons(self, bits: Bits) -> dict[str, Bits]:
        """See :class:`Reference`."""
        import torch

        with torch.no_grad():
            stages = self._model.stages(torch.from_numpy(np.ascontiguousarray(bits)))
        levels = [level for stage in sorted(stages) if stage > 0 for level in stages[stage]]
        named = zip(self._layer_names, levels, strict=True)
        return {name: level.numpy().T.astype(np.bool_) for name, level in named}


class InterpreterReference:
    """The reference interpreter on the unoptimised circuit: for netlists, which have no torch model."""

    name = "interpreter"

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit

    def scores(self, bits: Bits) -> NDArray[np.int64]:
        """See :class:`Reference`."""
        return interp.scores(self._circuit, bits)

    def classify(self, scores: NDArray[np.int64]) -> NDArray[np.int64]:
        """See :class:`Reference`."""
        return self._circuit.head.classify(scores)

    def neurons(self, bits: Bits) -> dict[str, Bits]:
        """See :class:`Reference`."""
        netlist = self._circuit.netlist
        values = interp.unpack(interp.evaluate_nets(netlist, interp.pack(bits)), len(bits))[:, netlist.first_node :]
        result: dict[str, Bits] = {}
        known = netlist.origin >= 0
        layer, neuron = netlist.origins.layer[netlist.origin[known]], netlist.origins.neuron[netlist.origin[known]]
        for index, name in enumerate(labels(netlist.origins.names)):
            mine = layer == index
            table = np.zeros((len(bits), int(neuron[mine].max(initial=-1)) + 1), np.bool_)
            table[:, neuron[mine]] = values[:, known][:, mine]
            result[name] = table
        return result


def reference_for(circuit: Circuit, model: Model | None = None, native: Path | None = None) -> Reference:
    """Who says what is right for a circuit; a netlist (`.lgn` and the like) defines itself.

    Args:
        circuit: unoptimised.
        model: whose circuit it is; None for a netlist.
        native: the file of lgc's own format that the model was read from, if it was. It may hold logits, of which
            torch takes its own argmax; other tools' files are hardened when they are read.

    Raises:
        MissingToolError: there is a model, and torch is not installed.
    """
    if model is None:
        return InterpreterReference(circuit)
    if not has_package("torch"):
        instead = "verify against a .lgn file: the interpreter is then the reference"
        raise missing("torch", "the checkpoint's own model, which the expected values come from,", instead)
    return TorchReference(native or model, labels(circuit.netlist.origins.names))
