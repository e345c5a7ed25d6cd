"""What is compared: a device under test with a model, on the bits of the device's input port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from lgc.frontend.reference import Reference
from lgc.ir import Circuit, Encoder
from lgc.mapping.encoder import lower_encoder
from lgc.progress import Progress, Silence
from lgc.verify.features import FeatureReference, given_by_features, sweep_vectors
from lgc.verify.subject import DeviceUnderTest
from lgc.verify.vectors import Bits, VectorSet

D = TypeVar("D", bound=DeviceUnderTest, covariant=True)
E = TypeVar("E", bound=DeviceUnderTest)


@dataclass(frozen=True, eq=False)
class Comparison(Generic[D]):
    """A device under test, who says what is right, and where the work is done.

    Attributes:
        circuit: of the model, unoptimised; its inputs are the bits of the device's port.
        reference: says what is right for those bits.
        encoder: the model's own; the circuit's may make codes of features.
        folder: for all files; each step makes folders of its own in it.
        unknown: what the file says of its circuit that could not be compared, see :mod:`lgc.verify.stated`.
    """

    device: D
    circuit: Circuit
    reference: Reference
    encoder: Encoder
    folder: Path
    progress: Progress = field(default_factory=Silence)
    unknown: tuple[str, ...] = ()

    @staticmethod
    def of(
        device: E, circuit: Circuit, reference: Reference, folder: Path, progress: Progress | None = None
    ) -> Comparison[E]:
        """With a model, whose encoder comes in front of it where the device's port takes features.

        Args:
            circuit: the model's, unoptimised.
            reference: says what is right for bits of the model's encoder.
        """
        encoder, code = circuit.encoder, device.features
        if code is not None and encoder.code is None:
            reference = FeatureReference(reference, encoder, code)
            circuit = lower_encoder(circuit, code)
        return Comparison(device, circuit, reference, encoder, folder, progress or Silence())

    @property
    def num_inputs(self) -> int:
        """The width of the port in bits."""
        return self.circuit.netlist.num_inputs

    def meant(self, bits: Bits) -> Bits:
        """Vectors, bool (B, I), moved among those that the device is right for."""
        return given_by_features(self.encoder, bits) if self.device.ordered else bits

    def prepared(self, sets: Sequence[VectorSet], seed: int) -> list[VectorSet]:
        """Vectors as they are compared: those that the device is right for, and of a port of features a sweep too."""
        code, found = self.device.features, list(sets)
        if code is not None and self.encoder.code is None:
            found.append(sweep_vectors(self.encoder, code, seed))
        return [replace(one, bits=self.meant(one.bits)) for one in found] if self.device.ordered else found

    def within(self, folder: str) -> Comparison[D]:
        """The same, in a folder of the folder."""
        return replace(self, folder=self.folder / folder)
