"""The native checkpoint: docs/checkpoint.md, in a `.pt` or a `.safetensors` file."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import GATES, INPUTS, check_bound, scaled
from lgc.errors import CheckpointError, LgcError, OutputError
from lgc.files import replacing
from lgc.frontend.containers.ptfile import read_pt
from lgc.frontend.containers.safefile import read_safetensors
from lgc.frontend.header import Header
from lgc.frontend.layers import layer_entry, layer_tensors, read_layer
from lgc.frontend.model import AnyLayer, Layer, Model, check_model
from lgc.ir import Encoder, Head
from lgc.tools.find import missing

FORMAT = "lgc-checkpoint"
VERSION = 3
"""The newest version: 2 adds what the input is, the labels and the split, 3 convolution. All older ones are read."""
_MAX_SOURCES = 1 << 20

Array = NDArray[Any]


@dataclass(frozen=True)
class RawCheckpoint:
    """A file's content before anything is decided: the JSON and the tensors."""

    header: dict[str, Any]
    tensors: dict[str, Array]


def read_model(path: Path | str) -> Model:
    """Read and harden a native checkpoint.

    Raises:
        CheckpointError: with the file, and the layer and neuron at fault if there is one.
    """
    path = Path(path)
    try:
        return to_model(read_raw(path))
    except LgcError as error:
        raise error.at(str(path)) from None


def read_raw(path: Path) -> RawCheckpoint:
    """Read a native checkpoint as it is stored.

    Raises:
        CheckpointError: unreadable, or not of this format and version.
    """
    if not path.exists():
        raise CheckpointError("there is no such file", where=str(path))
    text, tensors = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pt(path)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise CheckpointError("its description is not that of an lgc checkpoint", where=str(path))
    if type(header.get("version")) is not int or not 1 <= header["version"] <= VERSION:
        raise CheckpointError(
            f"it is an lgc checkpoint of version {str(header.get('version'))[:20]}, "
            f"and this lgc reads versions 1 to {VERSION}",
            where=str(path),
            hint="Upgrade lgc, or write the file again",
        )
    return RawCheckpoint(header, tensors)


def _read_pt(path: Path) -> tuple[str, dict[str, Array]]:
    content = read_pt(path)
    if not isinstance(content, dict) or not isinstance(content.get("lgc"), str):
        raise CheckpointError(
            "this PyTorch file is not an lgc checkpoint",
            where=str(path),
            hint="docs/checkpoint.md describes the format",
        )
    tensors = content.get("tensors")
    if not isinstance(tensors, dict) or not all(
        isinstance(name, str) and isinstance(value, np.ndarray) for name, value in tensors.items()
    ):
        raise CheckpointError("the checkpoint has no table of tensors", where=str(path))
    return content["lgc"], tensors


def _read_safetensors(path: Path) -> tuple[str, dict[str, Array]]:
    metadata, tensors = read_safetensors(path)
    if "lgc" not in metadata:
        raise CheckpointError("this safetensors file is not an lgc checkpoint", where=str(path))
    return metadata["lgc"], tensors


def to_model(raw: RawCheckpoint) -> Model:
    """Harden: logits to indices and tables.

    Raises:
        CheckpointError: a field or tensor is missing, of the wrong kind, or out of range.
    """
    header = Header(raw.header)
    features = header.number("features", scaled(INPUTS))
    encoder = _encoder(raw, features)
    check_bound(encoder.num_bits, INPUTS, "input bits", CheckpointError)
    layers = _layers(raw, header, encoder)
    if not layers:
        raise CheckpointError("the model has no layers")
    trained = any("logits" in name for name in raw.tensors)
    return check_model(
        Model(
            name=header.text("name"),
            encoder=encoder,
            layers=layers,
            head=_head(raw, header, layers[-1].width),
            feature_shape=header.feature_shape(features),
            training=header.mapping("training"),
            form="trained" if trained else "hardened",
            inputs=header.inputs(),
            labels=header.labels(),
            split=header.mapping("split"),
        )
    )


def _encoder(raw: RawCheckpoint, features: int) -> Encoder:
    thresholds = raw.tensors.get("encoder.thresholds")
    if thresholds is None:
        return Encoder(features)
    if (
        thresholds.dtype.kind != "f"
        or thresholds.ndim != 2
        or thresholds.shape[0] != features
        or thresholds.shape[1] < 1
    ):
        raise CheckpointError(
            f"encoder.thresholds is {thresholds.dtype} {thresholds.shape}, expected float ({features}, T)"
        )
    bad = np.argwhere(~np.isfinite(thresholds))
    if len(bad):
        raise CheckpointError(
            f"threshold {bad[0][1]} of feature {bad[0][0]} is {thresholds[tuple(bad[0])]}",
            hint="Thresholds must be finite",
        )
    falling = np.argwhere(thresholds[:, 1:] < thresholds[:, :-1])
    if len(falling):
        raise CheckpointError(f"the thresholds of feature {falling[0][0]} do not ascend")
    return Encoder(features, thresholds.astype(np.float64))


def _layers(raw: RawCheckpoint, header: Header, encoder: Encoder) -> tuple[AnyLayer, ...]:
    widths, sources, gates = [2, encoder.num_bits], 0, 0
    layers: list[AnyLayer] = []
    for index, fields in enumerate(header.layers):
        named = fields.get("sources")
        sources += len(named) if isinstance(named, list) else 1
        check_bound(sources, _MAX_SOURCES, "sources of layers", CheckpointError)
        layers.append(read_layer(raw.tensors, fields, index, widths))
        widths.append(layers[-1].width)
        gates += layers[-1].num_nodes
        check_bound(gates, GATES, "gates once it is unrolled", CheckpointError)
    return tuple(layers)


def _head(raw: RawCheckpoint, header: Header, outputs: int) -> Head:
    classes = header.classes()
    bias = raw.tensors.get("head.bias")
    if bias is not None and (bias.dtype.kind not in "iu" or bias.shape != (len(classes),)):
        raise CheckpointError(f"head.bias is {bias.dtype} {bias.shape}, expected integers ({len(classes)},)")
    if bias is not None and np.abs(bias.astype(np.float64)).max(initial=0) > 2**30:
        raise CheckpointError("a bias in the head is larger than 2^30")
    return Head.equal_groups(outputs, classes, bias=bias, tau=header.tau(), tie=header.tie())


def write_model(model: Model, path: Path | str) -> None:
    """Write a hardened checkpoint; the suffix picks the container.

    Raises:
        OutputError: the file cannot be written, or has another suffix.
        MissingToolError: a `.pt` file is asked for and torch is not installed.
    """
    path = Path(path)
    header, tensors = hardened_content(model)
    write_raw(RawCheckpoint(header, tensors), path)


def write_raw(raw: RawCheckpoint, path: Path) -> None:
    """Write a header and tensors as they are; see :func:`write_model` for the errors."""
    text = json.dumps(raw.header)
    if path.suffix == ".safetensors":
        from safetensors.numpy import save

        arrays = {name: np.ascontiguousarray(array) for name, array in raw.tensors.items()}
        with replacing(path) as temporary:
            temporary.write_bytes(save(arrays, {"lgc": text}))
    elif path.suffix == ".pt":
        try:
            import torch
        except ImportError:
            instead = "give the output the suffix .safetensors"
            raise missing("torch", "writing a .pt file", instead).at(str(path)) from None
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in raw.tensors.items()}
        content = io.BytesIO()  # torch.save would report a full disk as a RuntimeError
        torch.save({"lgc": text, "tensors": tensors}, content)
        with replacing(path) as temporary:
            temporary.write_bytes(content.getvalue())  # no view that outlives an error
    else:
        raise OutputError(
            f"unknown suffix '{path.suffix}'", where=str(path), hint="Checkpoints are .pt or .safetensors files"
        )


def hardened_content(model: Model) -> tuple[dict[str, Any], dict[str, Array]]:
    """The JSON and the tensors of a hardened file, in the narrowest integer types."""
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": 1,
        "name": model.name,
        "features": model.encoder.num_features,
        "classes": list(model.head.classes),
        "tau": model.head.tau,
        "tie": model.head.tie,
        "layers": [layer_entry(layer) for layer in model.layers],
        "training": dict(model.training),
    }
    if model.feature_shape is not None:
        header["feature_shape"] = list(model.feature_shape)
    new = {
        "inputs": None if model.inputs is None else model.inputs.to_json(),
        "labels": None if model.labels is None else list(model.labels),
        "split": dict(model.split) or None,
    }
    header |= {name: value for name, value in new.items() if value is not None}
    if any(name in header for name in new):
        header["version"] = 2
    if not all(isinstance(layer, Layer) for layer in model.layers):
        header["version"] = VERSION
    tensors: dict[str, Array] = {}
    if model.encoder.thresholds is not None:
        tensors["encoder.thresholds"] = model.encoder.thresholds
    for index, layer in enumerate(model.layers):
        tensors |= layer_tensors(f"layers.{index}.", layer)
    if model.head.bias.any():
        tensors["head.bias"] = model.head.bias
    return header, tensors
