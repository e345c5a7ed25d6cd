"""What C says and does about the columns of a sample: raw rows to the model's features, and bytes to pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.ir import Circuit, Column, FeatureCode, Inputs

_KINDS = {"bit": 0, "pixel": 2, "category": 3}


def has_encode(circuit: Circuit) -> bool:
    """Whether there is a function that makes features of raw rows: where they are other numbers."""
    return circuit.inputs is not None and circuit.inputs.changes


def feature_type(circuit: Circuit) -> str:
    """What it makes: doubles for ``run_f64``, or of a model that reads bits, bytes for ``run_u8``."""
    return "uint8_t" if circuit.encoder.thresholds is None else "double"


def u8_scale(inputs: Inputs | None) -> int:
    """The scale that bytes have if nobody gives one; 0 where only the description of the input can say it."""
    pixel = None if inputs is None else inputs.pixels
    if pixel is None:
        return 1
    return int(pixel.scale) if pixel.scale.is_integer() and not pixel.offset else 0


def byte_values(inputs: Inputs | None, scale: int) -> NDArray[np.float64]:
    """The feature, float64 (256,), that each byte stands for.

    Args:
        inputs: of a model of pixels, its own rule holds if ``scale`` is what :func:`u8_scale` gives.
        scale: else a byte b is b / scale.
    """
    pixel = None if inputs is None else inputs.pixels
    if pixel is None or scale != u8_scale(inputs):
        return np.arange(256) / max(1, scale)
    return FeatureCode(pixel.bits, pixel.scale, pixel.offset, dtype="float32").values(np.arange(256))


def column_tables(inputs: Inputs) -> dict[str, tuple[str, list[Any]]]:
    """The arrays that columns.c reads, with their C types: kind, scale, offset, largest code and words of each."""
    columns = inputs.columns
    return {
        "column_kind": ("uint8_t", [_KINDS.get(one.kind, int(one.bits > 0)) for one in columns]),
        "column_scale": ("double", [one.scale.hex() for one in columns]),
        "column_offset": ("double", [one.offset.hex() for one in columns]),
        "column_top": ("double", [float(one.top).hex() for one in columns]),
        "column_words": ("uint32_t", [len(one.words) for one in columns]),
    }


def column_comment(circuit: Circuit, function: str) -> Iterator[str]:
    """The columns with their names, units and formulas, as a comment of the header."""
    inputs = circuit.inputs
    if inputs is None:
        return
    taker = "run_u8" if feature_type(circuit) == "uint8_t" else "run_f64"
    yield (
        f"/* The columns of a sample, in order. {function} makes of n samples of COLUMNS numbers what {taker} takes:"
        if inputs.changes
        else "/* The columns of a sample, in order:"
    )
    start = 0
    for entry in inputs.to_json():
        count = len(entry["names"])
        yield from _described(inputs.columns[start], start, start + count - 1, entry["names"][-1])
        start += count
    pairs = (f"{index} {safe(str(label))}" for index, label in enumerate(circuit.labels))
    yield f" * Classes: {', '.join(pairs)}. */"


def _described(column: Column, first: int, last: int, last_name: str) -> Iterator[str]:
    name = safe(column.name) if first == last else f"{safe(column.name)} to {safe(last_name)}"
    place = f"{first}" if first == last else f"{first} to {last}"
    if column.kind == "category":
        yield f" *   {place}: {name}: the index of the word, -1 for any other:"
        yield from (f" *     {index} {safe(word)}" for index, word in enumerate(column.words))
        return
    rule = column.formula().removeprefix("k = ")
    meaning = {
        "bit": "0 or 1",
        "pixel": f"a whole number k of 0 to {column.top}, which run_u8 takes as it is; the feature is "
        f"(k - {column.offset!r}) / {column.scale!r}, as float",
        "number": f"trained on {column.low!r} to {column.high!r}; the feature is {rule}",
    }
    yield f" *   {place}: {name}: {meaning[column.kind]}"


def safe(text: str) -> str:
    """Text that cannot end a comment or a line."""
    return re.sub(r"[^A-Za-z0-9_.,:+()\[\] -]", "?", text)
