"""The JSON of a checkpoint, field by field. It is hostile input: every field is checked."""

from __future__ import annotations

import math
from typing import Any

from lgc.bounds import LAYERS, check_bound
from lgc.errors import CheckpointError, InputError
from lgc.ir import Inputs, Label

_MAX_DIMENSIONS = 16


class Header:
    """Typed access to the JSON of a checkpoint; whatever is of another kind is a CheckpointError that names the field.

    Attributes:
        layers: the entries of its layers.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields
        layers = fields.get("layers")
        if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
            raise CheckpointError("the field 'layers' is missing or no list of objects")
        check_bound(len(layers), LAYERS, "layers", CheckpointError)
        self.layers: list[dict[str, Any]] = layers

    def number(self, name: str, limit: int) -> int:
        """A whole number from 1 to ``limit``."""
        return integer(self._fields.get(name), f"the field '{name}'", 1, limit)

    def text(self, name: str) -> str:
        """A text that is not empty; ``model`` if there is none."""
        value = self._fields.get(name, "model")
        if not isinstance(value, str) or not value:
            raise CheckpointError(f"the field '{name}' is no text")
        return value

    def classes(self) -> tuple[str, ...]:
        """The class names."""
        value = self._fields.get("classes")
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise CheckpointError("the field 'classes' is missing or no list of names")
        return tuple(value)

    def tau(self) -> float:
        """A positive number."""
        value = self._fields.get("tau", 1.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
            raise CheckpointError(f"tau is {str(value)[:40]}", hint="tau must be a positive number")
        return float(value)

    def tie(self) -> Any:
        """The tie rule."""
        value = self._fields.get("tie", "first")
        if value not in ("first", "last"):
            raise CheckpointError(f"the tie rule is {str(value)[:40]!r}", hint="It is 'first' or 'last'")
        return value

    def feature_shape(self, features: int) -> tuple[int, ...] | None:
        """The shape of a sample's features, or None."""
        value = self._fields.get("feature_shape")
        if value is None:
            return None
        shape = (
            tuple(integer(n, "the field 'feature_shape'", 1, features) for n in value)
            if isinstance(value, list) and len(value) <= _MAX_DIMENSIONS
            else ()
        )
        if math.prod(shape) != features or not shape:
            raise CheckpointError(f"feature_shape {str(value)[:60]} does not multiply to {features} features")
        return shape

    def mapping(self, name: str) -> dict[str, Any]:
        """An object; an empty one if there is none."""
        value = self._fields.get(name, {})
        return value if isinstance(value, dict) else {}

    def inputs(self) -> Inputs | None:
        """What the columns of a sample are, or None."""
        value = self._fields.get("inputs")
        try:
            return None if value is None else Inputs.from_json(value)
        except InputError as error:
            raise CheckpointError(error.message) from None

    def labels(self) -> tuple[Label, ...] | None:
        """The label of each class as the data had it, or None."""
        value = self._fields.get("labels")
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != len(self.classes()):
            raise CheckpointError("the field 'labels' is no list with a label for each class")
        different = len(set(map(repr, value))) == len(value)
        if not different or not all(isinstance(one, str | bool | int | float) for one in value):
            raise CheckpointError("the field 'labels' holds something else than different texts and numbers")
        return tuple(value)


def integer(value: object, what: str, low: int, high: int) -> int:
    """The value itself, if it is a whole number within the bounds.

    Raises:
        CheckpointError: it is not.
    """
    if type(value) is not int or not low <= value <= high:
        raise CheckpointError(f"{what} is {str(value)[:40]}, which is no whole number from {low} to {high}")
    return value
