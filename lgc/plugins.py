"""What installed distributions add to lgc's own tables, by entry points (docs/extending.md).

Looking takes milliseconds: it is done only when a name is asked for that lgc does not have itself, or all are listed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from lgc.errors import LgcError, ToolError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def plugins(group: str, own: Collection[str]) -> dict[str, EntryPoint]:
    """The entry points of a group by name, in the order of their names. None of them is loaded.

    Args:
        group: ``lgc.passes``, ``lgc.formats`` or ``lgc.importers``.
        own: names that lgc has itself.

    Raises:
        ToolError: a name that lgc has itself, or that two distributions give.
    """
    from importlib.metadata import entry_points

    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=group), key=lambda one: (one.name, one.value)):
        if point.name in own:
            raise broken(point, f"its name '{point.name}' is one of lgc's own, which stay as they are")
        if point.name in found and found[point.name].value != point.value:
            raise broken(point, f"{_whose(found[point.name])} has the name '{point.name}' too")
        found[point.name] = point
    return found


def load_class(point: EntryPoint, base: type) -> Any:
    """The class that an entry point names: a subclass of ``base`` that can be made without options.

    Raises:
        ToolError: it is something else, or cannot be imported.
    """
    found = load_object(point)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise broken(point, f"that is no subclass of {base.__module__}.{base.__name__}")
    try:
        found()
    except TypeError as error:
        raise broken(point, f"it cannot be made without options ({error})") from error
    return found


def load_object(point: EntryPoint) -> Any:
    """The object that an entry point names.

    Raises:
        ToolError: it cannot be imported.
    """
    try:
        return point.load()
    except LgcError:
        raise
    except Exception as error:  # a stranger's module may raise anything
        raise broken(point, f"it cannot be loaded ({type(error).__name__}: {str(error)[:200]})") from error


def broken(point: EntryPoint, problem: str) -> ToolError:
    """The error that says what is wrong with a plugin."""
    return ToolError(
        f"{_whose(point)} extends lgc by '{point.name} = {point.value}' in {point.group}, but {problem}",
        hint="Mend that distribution or uninstall it; docs/extending.md says what is expected",
    )


def _whose(point: EntryPoint) -> str:
    return f"The distribution {point.dist.name} {point.dist.version}" if point.dist else "A distribution"
