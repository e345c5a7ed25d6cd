"""What a model's input is: how people state it, and how it is shown to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.driver.sheet import Grid, Sheet
from lgc.errors import InputError

if TYPE_CHECKING:
    from lgc.frontend import Model
    from lgc.ir import Circuit, Column, Inputs, Label

INPUTS_HELP = (
    "What the columns of a sample are: mnist, fashion-mnist, cifar-10 or digits; a .json file of them; or a table that "
    "has them."
)
_IMAGES = {
    "mnist": ((1, 28, 28), 255), "fashion-mnist": ((1, 28, 28), 255), "cifar-10": ((3, 32, 32), 255),
    "digits": ((1, 8, 8), 16),
}  # fmt: skip
_SHOWN = 60


def stated_inputs(text: str) -> tuple[Inputs, tuple[Label, ...] | None]:
    """The columns that a word or a file describes, and the labels of the classes, if a file has them.

    A ``.json`` file holds the list ``inputs`` of docs/checkpoint.md, or an object with it and perhaps ``labels``. Of a
    table the columns are what its samples are, without codes: the model reads numbers as they stand there.

    Raises:
        InputError: it is none of these.
    """
    from lgc.data import describe_columns, is_data_file, read_table
    from lgc.data.describe import images

    if text in _IMAGES:
        return images(*_IMAGES[text]), None
    if Path(text).suffix.lower() == ".json":
        return _from_json(Path(text))
    if not is_data_file(text):
        raise InputError(f"'{text}' describes no input", hint=f"Give {', '.join(_IMAGES)}, a .json file, or a table")
    table = read_table(text)
    return describe_columns(table.raw, table.rows, 0), None


def _from_json(path: Path) -> tuple[Inputs, tuple[Label, ...] | None]:
    from lgc.bounds import read_json
    from lgc.ir import Inputs

    try:
        content = read_json(path)
        fields: dict[str, Any] = content if isinstance(content, dict) else {"inputs": content}
        labels = fields.get("labels")
        return Inputs.from_json(fields.get("inputs")), None if labels is None else tuple(labels)
    except InputError as error:
        raise error.at(str(path)) from None
    except (ValueError, TypeError, OSError, RecursionError) as error:
        raise InputError(f"this is no readable description of an input ({error})", where=str(path)) from None


def with_inputs(source: Model | Circuit, text: str) -> Model | Circuit:
    """The same network, which knows its input.

    Raises:
        InputError: nothing describes it, or what does is of another width.
    """
    from lgc.frontend import Model
    from lgc.frontend.model import check_model
    from lgc.ir.inputs import METADATA

    inputs, labels = stated_inputs(text)
    features = source.encoder.num_features
    if inputs.num_features != features:
        raise InputError(
            f"{text} describes {len(inputs.columns)} columns that make {inputs.num_features} features, but the model "
            f"reads {features}"
        )
    if labels is not None and len(labels) != source.head.num_classes:
        raise InputError(f"{text} has {len(labels)} labels, but the model has {source.head.num_classes} classes")
    if isinstance(source, Model):
        return check_model(replace(source, inputs=inputs, labels=labels if labels is not None else source.labels))
    return replace(source, metadata={**source.metadata, METADATA: inputs.to_text()})


def inputs_line(inputs: Inputs) -> str:
    """One line for people: how many columns of which kinds."""
    pixel = inputs.pixels
    if pixel is not None:
        return f"{len(inputs.columns):,} pixels, whole numbers from {pixel.low:g} to {pixel.high:g}"
    kinds = [one.kind for one in inputs.columns]
    counts = ((kinds.count(kind), name) for kind, name in _PLURALS.items())
    return f"{len(kinds):,} columns: " + ", ".join(f"{count:,} {name}" for count, name in counts if count)


_PLURALS = {"number": "numbers", "category": "categories", "bit": "bits", "pixel": "pixels"}


def inputs_sheet(inputs: Inputs) -> Sheet:
    """A table of the columns; of pixels, which are all alike, none."""
    if inputs.pixels is not None:
        return []
    rows = [(one.name, one.kind, *_ranged(one)) for one in inputs.columns[:_SHOWN]]
    if len(inputs.columns) > _SHOWN:
        rows.append((f"... and {len(inputs.columns) - _SHOWN:,} more", "", "", "", ""))
    headings = ("column", "kind", "trained on", "bits>", "what the model reads of x")
    return [Grid(headings, tuple(rows), "Columns of a sample")]


def _ranged(column: Column) -> Iterator[str]:
    if column.kind == "category":
        yield ", ".join(column.words[:8]) + (", ..." if len(column.words) > 8 else "")
        yield ""
        yield "1 for its word, 0 for the others"
        return
    yield f"{column.low:g} to {column.high:g}"
    yield str(column.bits) if column.bits else ""
    yield column.formula() if column.kind == "number" else "x"
