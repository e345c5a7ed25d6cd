"""The columns of a sample as the manifest has them: names, ranges, places on the port, and formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lgc.ir import CategoryCode, Circuit, FeatureCode, FeatureCodes
from lgc.ir.features import MAX_COLUMNS, MAX_WIDTH, ColumnCode
from lgc.ir.inputs import Column
from lgc.ir.naming import comment

_MOST_NOTES, _MOST_LETTERS = 64, 80


def column_rows(circuit: Circuit) -> tuple[dict[str, Any], ...]:
    """One row a column of a sample; none if the model does not know its input and all codes are the same.

    A row has the name, the kind, the range seen in training, the lowest bit ``at`` and the number of ``bits`` of its
    code on the port ``features``, scale, offset and rounding, and a formula for people. ``k = floor(x * scale +
    offset + 0.5)``, held between 0 and 2^bits - 1, is the code of a value x if the rounding is ``nearest``. Where the
    port takes bits, a row has neither place nor code.
    """
    codes, inputs = circuit.encoder.code, circuit.inputs
    if inputs is None and (codes is None or codes.common is not None):
        return ()
    columns = inputs.columns if inputs is not None else _unnamed(codes)
    if codes is None:
        return tuple(_described(column) for column in columns)
    starts = codes.starts.tolist()
    return tuple(
        _described(column, known=inputs is not None) | {"at": at, "bits": code.width} | _rule(column, code)
        for column, code, at in zip(columns, codes.columns, starts, strict=True)
    )


def _unnamed(codes: FeatureCodes | None) -> tuple[Column, ...]:
    kinds = [isinstance(code, CategoryCode) for code in codes.columns] if codes is not None else []
    return tuple(Column(f"column {index}", "category" if words else "number") for index, words in enumerate(kinds))


def _described(column: Column, *, known: bool = True) -> dict[str, Any]:
    """What people know of a column; its range only where the model says it."""
    row: dict[str, Any] = {"name": column.name, "kind": column.kind}
    if column.kind == "category":
        return row | {"words": list(column.words)}
    return row | ({"low": column.low, "high": column.high} if known else {})


def _rule(column: Column, code: ColumnCode) -> dict[str, Any]:
    """How a value in the column's unit becomes its code."""
    if isinstance(code, CategoryCode):
        return {"rounding": "index", "formula": code.rule()}
    if column.kind == "number" and column.bits:  # the model reads codes: what is left for hardware is to take them
        return {
            "scale": column.scale, "offset": column.offset, "rounding": "nearest", "formula": column.formula(),
        }  # fmt: skip
    if column.kind in ("pixel", "bit"):
        return {"scale": 1.0, "offset": 0.0, "rounding": "exact", "formula": column.formula()}
    return {"scale": code.scale, "offset": code.offset, "rounding": code.rounding, "formula": code.rule()}


def codes_to_json(codes: FeatureCodes) -> dict[str, Any]:
    """Plain values: the one code that all columns have, or each column's own."""
    if codes.common is not None:
        return asdict(codes.common) | {"rule": codes.common.rule()}
    return {"columns": [asdict(column) for column in codes.columns]}


def codes_from_json(fields: Mapping[str, Any], num_features: int) -> FeatureCodes:
    """The reverse of :func:`codes_to_json`.

    Raises:
        ValueError, TypeError: it is no such thing.
    """
    if "columns" not in fields:
        if type(num_features) is not int or not 1 <= num_features <= MAX_COLUMNS:
            raise ValueError("num_features")
        return FeatureCodes.uniform(_code(fields), num_features)
    codes = FeatureCodes(tuple(CategoryCode(**one) if "count" in one else _code(one) for one in fields["columns"]))
    if codes.problem() or codes.num_features != num_features:
        raise ValueError("features")
    return codes


def _code(fields: Mapping[str, Any]) -> FeatureCode:
    return FeatureCode(**{name: value for name, value in fields.items() if name != "rule"})


def port_notes(rows: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> list[str]:
    """Which bits of the port ``features`` are which column, and which class is which, as text for comments.

    Names are anybody's text: each note is printable ASCII on one line, and begins with a word of lgc's own.

    Args:
        rows: from :func:`column_rows`, or a manifest's. There are no notes if none has a place on the port.
        classes: names.
    """
    if not rows or "at" not in rows[0]:
        return []
    notes = [
        f"features[{row['at'] + row['bits'] - 1}:{row['at']}] {_quoted(row['name'])}: {row['formula']}{_words(row)}"
        for row in rows[:_MOST_NOTES]
    ]
    if len(rows) > _MOST_NOTES:
        notes.append(f"and {len(rows) - _MOST_NOTES} columns more, which the manifest has")
    named = (f"{index} {_quoted(name)}" for index, name in enumerate(classes[:_MOST_NOTES]))
    return [comment(note) for note in (*notes, f"classes: {', '.join(named)}")]


def check_rows(rows: Sequence[Any]) -> None:
    """Refuse rows, of a file from anywhere, that are no such rows.

    Raises:
        ValueError: so it is.
    """
    number = (int, float)
    kinds: dict[str, tuple[type, ...]] = {
        "name": (str,), "kind": (str,), "formula": (str,), "rounding": (str,), "words": (list,), "at": (int,),
        "bits": (int,), "low": number, "high": number, "scale": number, "offset": number,
    }  # fmt: skip
    for row in rows:
        if not isinstance(row, dict) or "name" not in row or ("at" in row) != ("at" in rows[0]):
            raise ValueError("columns")
        if any(type(value) not in kinds.get(name, ()) for name, value in row.items()):
            raise ValueError("columns")
        if not all(isinstance(word, str) for word in row.get("words", ())) or ("at" in row) != ("formula" in row):
            raise ValueError("columns")
        if "at" in row and not (0 <= row["at"] < 1 << 31 and 1 <= row.get("bits", 0) <= MAX_WIDTH):
            raise ValueError("columns")


def _words(row: Mapping[str, Any]) -> str:
    words = row.get("words", ())
    return f" ({', '.join(f'{index} {_quoted(word)}' for index, word in enumerate(words[:_MOST_NOTES]))})" * bool(words)


def _quoted(name: str) -> str:
    return f"'{name[:_MOST_LETTERS]}'"
