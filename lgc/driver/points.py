"""Points of a sweep as models: ``DIR#3`` is the network of trial 3, and its options of `lgc compile`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lgc.errors import InputError
from lgc.files import is_file, write_text

if TYPE_CHECKING:
    from lgc.driver.compile_request import CompileRequest

POINTS = "points.json"
_POINT = re.compile(r"(.+)#([0-9]{1,9})")


def write_points(folder: Path, points: Mapping[int, Mapping[str, Any]]) -> None:
    """Write what numbers stand for.

    Args:
        points: by number, ``network``, a path below the folder, and ``compile``, options; or ``problem``.
    """
    write_text(folder / POINTS, json.dumps({str(number): dict(one) for number, one in points.items()}, indent=1) + "\n")


def found_point(source: Any) -> tuple[Path, dict[str, Any]] | None:
    """The checkpoint that a source names as a point of a sweep, and its options; None if it names none.

    Raises:
        InputError: there is no such trial, or nothing came of it.
    """
    match = _POINT.fullmatch(str(source)) if isinstance(source, str | Path) and not is_file(Path(source)) else None
    if match is None or not is_file(Path(match[1]) / POINTS):
        return None
    folder = Path(match[1])
    try:
        points = json.loads((folder / POINTS).read_text(encoding="utf-8"))
        point = points.get(str(int(match[2])))
        if point is None:
            hint = f"They are 0 to {len(points) - 1}"
            raise InputError(f"there is no trial {match[2]}", where=str(folder), hint=hint)
        if "problem" in point:
            raise InputError(f"trial {match[2]} has no network: {point['problem']}", where=str(folder))
        return folder / point["network"], dict(point["compile"])
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise InputError(
            f"this is no table of points ({type(error).__name__}: {error})",
            where=str(folder / POINTS),
            hint="`lgc sweep -o DIR --resume` writes it again",
        ) from None


def compiled_as_point(asked: CompileRequest) -> CompileRequest:
    """A request whose model is a point's, with the options of the point where none are given.

    Raises:
        InputError: see :func:`found_point`.
    """
    point = found_point(asked.model)
    if point is None:
        return asked
    given = asked.given()
    return replace(asked, model=point[0], **{name: value for name, value in point[1].items() if name not in given})
