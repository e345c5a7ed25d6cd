"""Reads safetensors files, with the metadata that the safetensors package leaves out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError

Array = NDArray[Any]


def read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Array]]:
    """Metadata and tensors of a safetensors file.

    Raises:
        CheckpointError: it is damaged, or holds an element type that lgc does not use.
    """
    from safetensors import SafetensorError, deserialize

    try:
        data = path.read_bytes()
        entries = deserialize(data)  # type: ignore[no-untyped-call]  # safetensors has no annotations
        header_length = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + header_length]).get("__metadata__") or {}
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"this is not a readable safetensors file ({error})", where=str(path)) from None
    return metadata, {name: _decode(name, entry) for name, entry in entries}


_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4",
    "I16": "<i2", "I8": "|i1", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip


def _decode(name: str, entry: dict[str, Any]) -> Array:
    dtype, shape, data = entry["dtype"], entry["shape"], entry["data"]
    if dtype == "BF16":
        return (np.frombuffer(data, "<u2").astype(np.uint32) << np.uint32(16)).view(np.float32).reshape(shape)
    if dtype not in _DTYPES:
        raise CheckpointError(f"tensor {name[:60]} has the element type {dtype}, which lgc does not use")
    return np.frombuffer(data, _DTYPES[dtype]).reshape(shape)
