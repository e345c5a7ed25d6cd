"""The documented shape of a network: one feed-forward chain of numbered layers, and no tensor besides.

The names in a state dict are all that says how its layers are joined. Names that could mean anything else, such as
the two networks of a recurrent cell, are refused: read as a chain, they would make a circuit that nobody trained.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from lgc.errors import CheckpointError
from lgc.frontend.containers.content import Content

_CONTAINERS = ("Sequential", "ModuleList")
_HARMLESS = ("Flatten", "Identity", "Dropout", "GroupSum")
_READS = "lgc reads one feed-forward chain of numbered layers"
_HINT = (
    "If it is such a chain, save it as an nn.Sequential, or rename the keys to 0., 1., ... in the order of the forward "
    "pass; docs/formats.md shows the shape that is read"
)


def check_chain(
    content: Content,
    prefixes: Sequence[str],
    tensor: str,
    *,
    gaps: bool = False,
    most: int = 1,
) -> list[str]:
    """The prefixes of the layers, in the order in which they run, if they are one chain.

    Args:
        prefixes: what stands before ``tensor``, in numeric order, such as ``layers.0.``.
        tensor: a tensor that every layer has.
        gaps: whether numbers may be missing, as those of pooling and flattening are.
        most: how far apart the numbers of two layers may be.

    Raises:
        CheckpointError: the layers stand apart, a number is missing, a tensor is shared, or a module is of a class
            whose forward pass is unknown.
    """
    if content.modules:
        _check_modules(content, prefixes)
    elif len(prefixes) > 1:
        _check_numbers([prefix.removesuffix(".").split(".") for prefix in prefixes], gaps, most)
    _check_shared(content, prefixes, tensor)
    order = {path: index for index, path in enumerate(content.modules)}
    return sorted(prefixes, key=lambda prefix: order.get(prefix.removesuffix("."), 0))


def _check_numbers(names: list[list[str]], gaps: bool, most: int) -> None:
    first = names[0]
    for name in names[1:]:
        apart = [place for place, pair in enumerate(zip(first, name, strict=False)) if pair[0] != pair[1]]
        if (
            len(name) != len(first)
            or len(apart) != 1
            or not (first[apart[0]].isdecimal() and name[apart[0]].isdecimal())
        ):
            one, other = _parts(first, name)
            raise CheckpointError(f"'{one}' and '{other}' are no numbered layers of one sequence: {_READS}", hint=_HINT)
    place = next(index for index, part in enumerate(first) if part != names[1][index])
    numbers = [int(name[place]) for name in names]
    step = min(b - a for a, b in pairwise(numbers))
    at = next((at for at, (a, b) in enumerate(pairwise(numbers)) if b - a != step or step > most), None)
    if at is not None and not gaps:
        raise CheckpointError(
            f"after layer '{'.'.join(names[at])}' comes '{'.'.join(names[at + 1])}', and what stands between is not in "
            f"the file: {_READS}",
            hint=_HINT,
        )


def _parts(first: list[str], name: list[str]) -> tuple[str, str]:
    """Two names up to the last part that is no number: the networks that they belong to."""

    def network(parts: list[str]) -> str:
        last = max((index for index, part in enumerate(parts) if not part.isdecimal()), default=len(parts) - 1)
        return ".".join(parts[: last + 1])[:60]

    one, other = network(first), network(name)
    return (one, other) if one != other else (".".join(first)[:60], ".".join(name)[:60])


def _check_shared(content: Content, prefixes: Sequence[str], tensor: str) -> None:
    seen: dict[tuple[object, ...], str] = {}
    for prefix in prefixes:
        array = content.state[f"{prefix}{tensor}"]
        place = (array.__array_interface__["data"][0], array.shape, array.strides)
        if array.size and place in seen:
            raise CheckpointError(
                f"'{seen[place]}{tensor}' and '{prefix}{tensor}' are one shared tensor: {_READS}, each with its own",
                hint="If one layer does run twice, save copies: {name: tensor.clone() for name, tensor in ...}",
            )
        seen[place] = prefix


def _check_modules(content: Content, prefixes: Sequence[str]) -> None:
    """All layers are children of one sequence, which stands alone in whatever holds it."""
    parents = {prefix.removesuffix(".").rpartition(".")[0] for prefix in prefixes}
    if len(prefixes) == 1 and prefixes[0] == "":
        return
    if len(parents) > 1:
        one, other = sorted(parents)[:2]
        raise CheckpointError(f"'{one}' and '{other}' both hold layers: {_READS}", hint=_HINT)
    path = parents.pop()
    for name, child in _children(content, path):
        if f"{name}." not in prefixes and child not in _HARMLESS:
            raise CheckpointError(f"'{name}' is a '{child[:60]}', no layer of this family: {_READS}", hint=_HINT)
    while True:
        kind = content.modules[path].kind
        others = [name for name, child in _children(content, path) if child not in _HARMLESS]
        if (kind not in _CONTAINERS and len(others) > 1) or (kind == "ModuleList" and not path):
            raise CheckpointError(
                f"the module '{path or 'of the file'}' is a '{kind[:60]}', whose forward pass is not in the file",
                hint=_HINT,
            )
        if not path:
            return
        path = path.rpartition(".")[0]


def _children(content: Content, path: str) -> list[tuple[str, str]]:
    start = f"{path}." if path else ""
    names = [name for name in content.modules if name and name.startswith(start) and "." not in name[len(start) :]]
    return [(name, content.modules[name].kind) for name in names]


def check_all_read(content: Content, read: Collection[str], idle: Sequence[str]) -> None:
    """Refuse a file that holds more than what was read of it.

    Args:
        read: the tensors that the importer looked at.
        idle: parts of the names of tensors that decide nothing.

    Raises:
        CheckpointError: naming what is left over.
    """
    names = [name for name in (*content.state, *content.strange) if name not in read]
    left = [name for name in names if not any(part in name for part in idle)]
    if not left:
        return
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    raise CheckpointError(
        f"'{left[0][:80]}'{more} {'belong' if more else 'belongs'} to no layer of the documented shape: {_READS}, "
        "and would leave out what else the network computes",
        hint=_HINT,
    )
