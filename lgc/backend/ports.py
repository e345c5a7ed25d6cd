"""Names of inputs and outputs as netlist formats take them: the source's, made safe."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from lgc.ir import FIRST_INPUT, Circuit, port_names
from lgc.ir.naming import unique
from lgc.ir.ports import port

PortNames = tuple[list[str], list[str]]
"""Of inputs and of outputs."""
_UNSAFE = '#\\"'
"""Characters that begin a comment, continue a line, or end a string."""


def safe_names(names: PortNames, *, apart: bool = False) -> PortNames:
    """The names of inputs and outputs: no blanks, all different. Most are as in the source.

    A character that some reader would take for something else is ``%`` and its bytes in hexadecimal. A port that is
    called like an earlier one has a number appended; ``apart`` says that an input and an output may share a name.
    """
    inputs, outputs = (list(map(safe_name, side)) for side in names)
    if apart:
        return unique(inputs), unique(outputs)
    every = unique([*inputs, *outputs])
    return every[: len(inputs)], every[len(inputs) :]


def passed_through(circuit: Circuit) -> PortNames:
    """The same for a format in which an output may be an input: there it keeps the name that they share."""
    names = port_names(circuit)
    inputs, outputs = safe_names(names)
    nets = {name: net for net, name in enumerate(inputs, FIRST_INPUT)}
    kept: set[str] = set()
    for index, (name, net) in enumerate(zip(map(safe_name, names[1]), circuit.netlist.outputs.tolist(), strict=True)):
        if nets.get(name) == net and name not in kept:
            outputs[index] = name
            kept.add(name)
    return inputs, outputs


def net_prefix(names: list[str]) -> str:
    """What the numbers of inner nets follow, so that none is called like a port: ``n``, or with underscores."""
    prefix = "n"
    taken = {found[1] for name in names if (found := re.fullmatch(r"(n_*)\d+", name))}
    while prefix in taken:
        prefix += "_"
    return prefix


def words(names: list[str], taken: Collection[str]) -> Iterator[tuple[str, int, int]]:
    """Names as words: what runs from ``a[0]`` to ``a[3]`` is ``a``, unless that is taken; the others stay alone.

    Yields:
        The name, and the range of its bits.
    """
    start = 0
    while start < len(names):
        stop, base = start + 1, names[start].removesuffix("[0]")
        if base and base != names[start] and base not in taken:
            while stop < len(names) and names[stop] == port(base, stop - start):
                stop += 1
        yield (base if stop - start > 1 else names[start]), start, stop
        start = stop


def safe_name(name: str) -> str:
    """One name without what some reader would take for something else."""
    safe = name if name.isascii() and name.isalnum() else "".join(map(_character, name))
    return f"%24{safe[1:]}" if safe.startswith("$") else safe or "%"


def _character(character: str) -> str:
    if character.isprintable() and character != " " and character not in _UNSAFE:
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
