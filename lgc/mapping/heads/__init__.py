"""The heads: how a circuit counts its votes and finds the largest score (docs/head.md).

A head is an object, see :class:`lgc.mapping.heads.base.HeadArchitecture`, and a row of :data:`HEADS` names it. To add
one: its file, a row here and its name in :data:`lgc.mapping.names.HeadName`. Nothing else compares a head's name.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, cast

from lgc.errors import OptionError

if TYPE_CHECKING:
    from lgc.mapping.heads.base import HeadArchitecture

HEADS: dict[str, str] = {
    "adder": "lgc.mapping.heads.adder:AdderHead",
    "serial": "lgc.mapping.heads.serial:SerialHead",
    "compress": "lgc.mapping.heads.compress:CompressHead",
    "carry": "lgc.mapping.heads.carry:CarryHead",
    "couple": "lgc.mapping.heads.narrow:CoupleHead",
    "ripple": "lgc.mapping.heads.narrow:RippleHead",
    "ternary": "lgc.mapping.heads.ternary:TernaryHead",
}
"""Name to ``module:Class``: names, so that asking what there is imports nothing heavy."""

AUTO = "auto"
"""In place of a head: the one that :func:`lgc.mapping.choose.choose_head` chooses."""


def find_head(name: str) -> HeadArchitecture:
    """The head of that name.

    Raises:
        OptionError: there is none.
    """
    if name not in HEADS:
        raise OptionError(f"head is '{name}'", hint=f"It is one of: {', '.join((AUTO, *HEADS))}")
    return _load(HEADS[name])


def all_heads() -> tuple[HeadArchitecture, ...]:
    """Every head, in the order of :data:`HEADS`."""
    return tuple(find_head(name) for name in HEADS)


@cache
def _load(entry: str) -> HeadArchitecture:
    module, _, attribute = entry.partition(":")
    return cast("HeadArchitecture", getattr(importlib.import_module(module), attribute)())
