"""ONNX under test: run by onnxruntime, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lgc.backend.onnx import named_ports
from lgc.errors import InputError
from lgc.ir import Circuit, Encoder
from lgc.tools.find import has_package, missing
from lgc.verify.features import features_for
from lgc.verify.formats.child import Child
from lgc.verify.formats.files import not_ours, read_bytes
from lgc.verify.stated import Stated
from lgc.verify.subject import DeviceUnderTest, VerifyOptions


@dataclass(eq=False, kw_only=True)
class OnnxModel(DeviceUnderTest):
    """An emitted ONNX model, run by onnxruntime."""

    path: Path
    model_digest: str
    circuit_digest: str
    input_name: str
    width: int
    facts: Mapping[str, Any]
    timeout: float
    kind = "ONNX"
    subject = "the ONNX model"
    by = "onnxruntime"
    _encoder: Encoder | None = None
    _classes: int = 0

    @property
    def ordered(self) -> bool:  # type: ignore[override]
        """It reads features: other bits cannot be asked for."""
        return self.input_name == "features"

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`DeviceUnderTest`."""
        encoder = circuit.encoder
        expected = ("bits" if encoder.thresholds is None else "features", encoder.num_features)
        if (self.input_name, self.width) != expected:
            raise InputError(
                f"its input is {self.input_name} of {self.width}, the model reads {expected[0]} of {expected[1]}",
                where=str(self.path),
                hint="Compile this checkpoint again",
            )
        self._encoder, self._classes = circuit.encoder, circuit.head.num_classes

    def stated(self, circuit: Circuit) -> Stated:
        """See :class:`DeviceUnderTest`."""
        import onnx

        types, encoder = onnx.TensorProto, circuit.encoder
        binary = encoder.thresholds is None
        expected = {
            "lgc_circuit": circuit.digest(),
            "lgc_model": circuit.metadata.get("model_digest", "none"),
            **named_ports(circuit),
            "inputs": [
                (
                    "bits" if binary else "features",
                    types.BOOL if binary else types.DOUBLE,
                    ["batch", encoder.num_features],
                )
            ],
            "outputs": [
                ("scores", types.INT64, ["batch", circuit.head.num_classes]),
                ("class", types.INT64, ["batch"]),
            ],
            "producer": "lgc",
        }
        return Stated("the ONNX file", str(self.path), self.facts, expected)

    def build(self, folder: Path) -> Child:
        """See :class:`DeviceUnderTest`."""
        if not has_package("onnxruntime"):
            raise missing("onnxruntime")
        encoder = self._encoder
        assert encoder is not None
        arguments = ("onnx", str(self.path.resolve()))
        return Child(
            self.subject,
            arguments,
            lambda bits: {"rows": features_for(encoder, bits)},
            self._classes,
            folder,
            self.timeout,
        )


def _signature(values: Iterable[Any]) -> list[tuple[str, int, list[Any]]]:
    """Name, type and shape of tensors."""
    types = [(one.name, one.type.tensor_type) for one in values]
    return [(name, kind.elem_type, [dim.dim_param or dim.dim_value for dim in kind.shape.dim]) for name, kind in types]


def open_onnx(path: Path, manifest: Path | None, options: VerifyOptions) -> OnnxModel:
    """A ``.onnx`` file: its properties say whose it is.

    Raises:
        MissingToolError: the package ``onnx`` is not installed.
        InputError: not lgc's.
    """
    del manifest
    try:
        import onnx
    except ImportError:
        raise missing("onnx") from None
    try:
        model = onnx.load_model_from_string(read_bytes(path))
    except Exception:  # protobuf raises what a damaged file provokes
        raise not_ours(path) from None
    properties = {one.key: one.value for one in model.metadata_props}
    inputs = list(model.graph.input)
    shape = [one.dim_value for one in inputs[0].type.tensor_type.shape.dim] if len(inputs) == 1 else []
    if "lgc_circuit" not in properties or len(shape) != 2 or inputs[0].name not in ("bits", "features"):
        raise not_ours(path)
    return OnnxModel(
        path=path,
        model_digest=properties.get("lgc_model", "none"),
        circuit_digest=properties["lgc_circuit"],
        input_name=inputs[0].name,
        width=shape[1],
        facts=properties
        | {"inputs": _signature(inputs), "outputs": _signature(model.graph.output), "producer": model.producer_name},
        timeout=options.timeout,
    )
