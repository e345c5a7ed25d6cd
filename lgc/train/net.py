"""The layers of a network in a line of text: ``c64k5s2,o2,c128k3,d2000``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise

from lgc.errors import OptionError

MAX_DEPTH = 8
"""Levels of a tree that a checkpoint keeps."""
ARITIES = range(2, 7)
"""How many inputs a table can have."""
_NUMBER = "[1-9][0-9]{0,5}"
_CONV = re.compile(rf"c({_NUMBER})k({_NUMBER})(?:s({_NUMBER}))?(?:p({_NUMBER}))?(?:t({_NUMBER}))?(?:a({_NUMBER}))?")
_EDGES = re.compile(rf"e({_NUMBER})k({_NUMBER})(?:s({_NUMBER}))?(?:p({_NUMBER}))?(?:a({_NUMBER}))?")
_POOL = re.compile(rf"o({_NUMBER})")
_DENSE = re.compile(rf"d({_NUMBER})(?:a({_NUMBER}))?")
_HINT = (
    "Give, separated by commas, c64k5s2p1 for 64 kernels over 5 x 5 pixels, stride 2, padding 1 (t2 for trees of two "
    "levels), e64k5 for 64 drawn kernels that compare pixels, o2 for the OR of 2 x 2, and d2000 for 2,000 "
    "tables over all; a5 last for tables of five inputs: c64k5s2,c128k3s2,d2000a5"
)


@dataclass(frozen=True)
class Conv:
    """Kernels over an image: their number, the side of the field, its stride and padding, and levels of tables.

    A table's inputs, ``arity``, are 2 to 6; 0 for those of all layers.
    """

    kernels: int
    field: int
    stride: int = 1
    padding: int = 0
    depth: int = 1
    arity: int = 0


@dataclass(frozen=True)
class Edges:
    """Kernels that compare pixels, drawn and not learned: see :func:`lgc.train.edges.draw_edges`."""

    kernels: int
    field: int
    stride: int = 1
    padding: int = 0
    arity: int = 0


@dataclass(frozen=True)
class Pooling:
    """The OR of windows of so many pixels a side, side by side."""

    window: int


@dataclass(frozen=True)
class Tables:
    """A dense layer of so many tables, of so many inputs each; 0 for those of all layers."""

    count: int
    arity: int = 0


Item = Conv | Edges | Pooling | Tables


def parse_net(text: str) -> tuple[Item, ...]:
    """The layers that a line names, first layer first.

    Raises:
        OptionError: one of them is none, or they stand in an order that makes no network.
    """
    words = [word.strip() for word in text.split(",")]
    items = tuple(map(_item, words))
    for (word, item), (_, behind) in pairwise(zip(words, items, strict=True)):
        if isinstance(item, Tables) and not isinstance(behind, Tables):
            raise OptionError(
                f"the net '{text}' has a layer over an image behind '{word}', which makes no image",
                hint="Put all dense layers last",
            )
    if isinstance(items[0], Pooling):
        raise OptionError(f"the net '{text}' begins with pooling", hint="Put a convolution first, such as c64k5s2")
    if isinstance(items[-1], Edges):
        raise OptionError(f"the net '{text}' ends with edges, which do not learn", hint="Add a layer, such as d2000")
    return items


def pixels_alike(text: str, shape: tuple[int, ...]) -> int:
    """How many neighbouring features get the same thresholds: the pixels of a channel, if the net slides over them.

    A kernel is the same at every position, so a bit has to mean the same there.

    Args:
        text: the net's layers; empty for a network without.
        shape: of a sample.
    """
    slides = bool(text) and not isinstance(parse_net(text)[0], Tables)
    return math.prod(shape[-2:]) if slides and len(shape) > 1 else 1


def _item(word: str) -> Item:
    if found := _CONV.fullmatch(word):
        kernels, field, stride, padding, depth, arity = (int(number or 0) for number in found.groups())
        if depth > MAX_DEPTH:
            raise OptionError(f"the net has trees of {depth} levels in '{word}'", hint=f"Give up to t{MAX_DEPTH}")
        return Conv(kernels, field, stride or 1, padding, depth or 1, _arity(arity, word))
    if found := _EDGES.fullmatch(word):
        kernels, field, stride, padding, arity = (int(number or 0) for number in found.groups())
        return Edges(kernels, field, stride or 1, padding, _arity(arity, word))
    if found := _POOL.fullmatch(word):
        return Pooling(int(found[1]))
    if found := _DENSE.fullmatch(word):
        return Tables(int(found[1]), _arity(int(found[2] or 0), word))
    raise OptionError(f"the net has the layer '{word}', which lgc does not know", hint=_HINT)


def _arity(number: int, word: str) -> int:
    if number and not ARITIES[0] <= number <= ARITIES[-1]:
        raise OptionError(f"the net has tables of {number} inputs in '{word}'", hint="Give a2 to a6")
    return number
