"""ONNX under test: run by onnxruntime, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.backend.onnx import inner_input, input_of, named_ports
from lgc.errors import InputError
from lgc.ir import Circuit
from lgc.tools.find import has_package, missing
from lgc.verify.features import features_for
from lgc.verify.formats.child import Child
from lgc.verify.formats.files import not_ours, read_bytes
from lgc.verify.raw import raw_for
from lgc.verify.stated import Stated
from lgc.verify.subject import DeviceUnderTest, VerifyOptions, View
from lgc.verify.vectors import VectorSet

Bits = NDArray[np.bool_]


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
    _circuit: Circuit | None = None

    @property
    def ordered(self) -> bool:  # type: ignore[override]
        """It reads features: other bits cannot be asked for."""
        return self.input_name != "bits"

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`DeviceUnderTest`."""
        expected = input_of(circuit)
        if (self.input_name, self.width) != expected:
            raise InputError(
                f"its input is {self.input_name} of {self.width}, the model reads {expected[0]} of {expected[1]}",
                where=str(self.path),
                hint="Compile this checkpoint again",
            )
        self._circuit = circuit

    def stated(self, circuit: Circuit) -> Stated:
        """See :class:`DeviceUnderTest`."""
        import onnx

        types, (name, width) = onnx.TensorProto, input_of(circuit)
        expected = {
            "lgc_circuit": circuit.digest(),
            "lgc_model": circuit.metadata.get("model_digest", "none"),
            **named_ports(circuit),
            "inputs": [(name, types.BOOL if name == "bits" else types.DOUBLE, ["batch", width])],
            "outputs": [
                ("scores", types.INT64, ["batch", circuit.head.num_classes]),
                ("class", types.INT64, ["batch"]),
            ],
            "producer": "lgc",
        }
        return Stated("the ONNX file", str(self.path), self.facts, expected)

    def build(self, folder: Path) -> Child:
        """See :class:`DeviceUnderTest`: of a model that takes raw rows, what comes behind their encoding."""
        assert self._circuit is not None
        encoder, path = self._circuit.encoder, self.path.resolve()
        if self.input_name == "columns":
            path = folder / "inner.onnx"
            path.write_bytes(_behind(read_bytes(self.path), inner_input(self._circuit), encoder.num_features))
        return self._child(path, lambda bits: features_for(encoder, bits), folder)

    def views(self) -> tuple[View, ...]:
        """Raw rows, where it takes them."""
        if self.input_name != "columns":
            return ()
        assert self._circuit is not None and self._circuit.inputs is not None
        inputs, encoder = self._circuit.inputs, self._circuit.encoder

        def rows(bits: Bits) -> NDArray[Any]:
            return raw_for(inputs, encoder, bits)

        def meant(bits: Bits) -> VectorSet:
            return VectorSet("raw rows", encoder.bits_of(inputs.features(rows(bits))))

        return (View("raw rows", lambda folder: self._child(self.path.resolve(), rows, folder), meant),)

    def _child(self, path: Path, rows: Callable[[Bits], NDArray[Any]], folder: Path) -> Child:
        if not has_package("onnxruntime"):
            raise missing("onnxruntime")
        assert self._circuit is not None
        classes = self._circuit.head.num_classes
        return Child(
            self.subject, ("onnx", str(path)), lambda bits: {"rows": rows(bits)}, classes, folder, self.timeout
        )


def _behind(data: bytes, tensor: str, width: int) -> bytes:
    """The model whose input is a tensor in the middle of it, (batch, width).

    Raises:
        InputError: there is no such tensor.
    """
    import onnx

    model = onnx.load_model_from_string(data)
    graph, needed, kept = model.graph, {one.name for one in model.graph.output}, []
    if not any(tensor in node.output for node in graph.node):
        raise InputError(f"its graph makes no {tensor} of its columns")
    for node in reversed(graph.node):
        if needed & set(node.output) and tensor not in node.output:
            kept.append(node)
            needed |= set(node.input)
    del graph.node[:], graph.input[:]
    graph.node.extend(reversed(kept))
    kind = onnx.TensorProto.BOOL if tensor == "bits" else onnx.TensorProto.DOUBLE
    graph.input.append(onnx.helper.make_tensor_value_info(tensor, kind, ["batch", width]))
    return bytes(model.SerializeToString())


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
    if "lgc_circuit" not in properties or len(shape) != 2 or inputs[0].name not in ("bits", "features", "columns"):
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
