"""Reading `.lgm` text (docs/mapped.md). Nothing in it is believed: what is read is checked, and its plan proved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lgc.errors import InputError, NetlistError
from lgc.ir import Origins
from lgc.ir.netlist import MAX_ARITY
from lgc.mapping.heads.order import ChainedNetlist
from lgc.mapping.heads.plan import REGIONS, Bit, Chain, Compressor, Mapped, Piece
from lgc.mapping.mapped_text import HEADER, KINDS, to_lgm
from lgc.mapping.mapped_verify import verify_mapped

MOST_INPUTS = 1 << 22
_NET = re.compile(r"n(0|[1-9]\d{0,9})")
_NUMBER = re.compile(r"-?\d{1,10}")
_BIT = re.compile(r"(~?)n(0|[1-9]\d{0,9})\^(\d{1,2})")
_TABLE = re.compile(r"0x[0-9a-f]{1,16}")
_ORIGIN = re.compile(r"@(\d{1,9}):(\d{1,9})")
_HEAD = re.compile(r'head ("(?:[^"\\]|\\.)*") lut ([46]) width (\d{1,2}) (signed|unsigned)')
_REGION_OF = {name: region for region, name in REGIONS.items()}
_KIND_OF = {name: kind for kind, name in KINDS.items()}


def parse(text: str) -> Mapped:
    """A mapped netlist from `.lgm` text, verified.

    Raises:
        InputError: the text is none, with the line at fault; or what it says is not so.
    """
    reader = _Reader()
    lines = text.split("\n")
    if lines[0] != HEADER:
        raise InputError(f"this is no mapped netlist: it does not begin with '{HEADER}'", where="line 1")
    for number, line in enumerate(lines[1:], 2):
        if reader.ended:
            break
        try:
            reader.read(line)
        except (ValueError, KeyError, IndexError, RecursionError) as error:
            raise InputError(f"'{line[:80]}' is not understood ({error})", where=f"line {number}") from None
    if not reader.ended:
        raise InputError("the text breaks off before its end", where=f"line {len(lines)}")
    try:
        mapped = reader.mapped()
        verify_mapped(mapped)
    except (NetlistError, ValueError, KeyError, IndexError, OverflowError) as error:
        raise InputError(f"the mapped netlist is not sound: {error}") from None
    if to_lgm(mapped) != text:
        raise InputError("the text is not as lgc writes it", hint="Give the file that lgc wrote, unchanged")
    return mapped


def _nets(words: list[str]) -> tuple[int, ...]:
    return tuple(int(_match(_NET, word)[1]) for word in words)


def _numbers(words: list[str]) -> tuple[int, ...]:
    return tuple(int(_match(_NUMBER, word)[0]) for word in words)


def _bits(words: list[str]) -> tuple[Bit, ...]:
    found = (_match(_BIT, word) for word in words)
    return tuple((2 * int(one[2]) + bool(one[1]), int(one[3])) for one in found)


def _match(pattern: re.Pattern[str], word: str) -> re.Match[str]:
    match = pattern.fullmatch(word)
    if match is None:
        raise ValueError(f"'{word[:20]}' is out of place")
    return match


def _names(text: str) -> tuple[str, ...]:
    """JSON strings, each behind a space."""
    names, place = [], 0
    while place < len(text):
        name, end = json.JSONDecoder().raw_decode(text, place + 1)
        if text[place] != " " or not isinstance(name, str):
            raise ValueError("a layer's name is no text")
        names.append(name)
        place = end
    return tuple(names)


def _split(words: list[str], names: tuple[str, ...]) -> list[list[str]]:
    """The words behind each of these names, which stand in this order."""
    places: list[int] = []
    for name in names:
        places.append(words.index(name, places[-1] + 1 if places else 0))
    if places[0]:
        raise ValueError(f"'{words[0][:20]}' is out of place")
    return [words[lo + 1 : hi] for lo, hi in zip(places, [*places[1:], len(words)], strict=True)]


@dataclass
class _Reader:
    """What was read so far.

    Attributes:
        rows: of each node: operands, table, region, kind, origin, chain, whether it is inside.
        plan: pieces and the arguments of compressors.
    """

    head: tuple[Any, ...] = ()
    inputs: int = -1
    outputs: int = -1
    layers: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    lists: dict[str, list[tuple[int, ...]]] = field(default_factory=dict)
    chains: list[Chain] = field(default_factory=list)
    sums: list[tuple[int, tuple[Bit, ...]]] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    compressors: list[Compressor] = field(default_factory=list)
    swallowed: list[list[Piece]] = field(default_factory=list)
    ended: bool = False

    def read(self, line: str) -> None:
        """Take in a line."""
        if line.startswith(("head ", "layers")):
            self._read_names(line)
            return
        word, *rest = line.split(" ")
        if _NET.fullmatch(word):
            self._read_node(rest)
        else:
            reader: Callable[[list[str]], None] = getattr(self, f"_read_{_WORDS[word]}")
            reader([word, *rest] if _WORDS[word] == "list" else rest)

    def _read_names(self, line: str) -> None:
        if line.startswith("layers"):
            self.layers = _names(line.removeprefix("layers"))
            return
        match = _match(_HEAD, line)
        self.head = (json.loads(match[1]), int(match[2]), int(match[3]), match[4] == "signed")

    def _read_inputs(self, words: list[str]) -> None:
        (self.inputs,) = _numbers(words)
        if not 0 <= self.inputs <= MOST_INPUTS:
            raise ValueError(f"{self.inputs} inputs")

    def _read_node(self, words: list[str]) -> None:
        equals, region, kind, table, *rest = words
        if equals != "=":
            raise ValueError("no '='")
        reads = [word for word in rest if _NET.fullmatch(word)]
        rest = rest[len(reads) :]
        origin = _match(_ORIGIN, rest.pop(0)) if rest and rest[0].startswith("@") else None
        chain = -1
        if rest[:1] == ["chain"]:
            (chain,) = _numbers(rest[1:2])
            rest = rest[2:]
        if rest not in ([], ["inside"]) or len(reads) > MAX_ARITY:
            raise ValueError("a node has more than belongs to it")
        place = (int(origin[1]), int(origin[2])) if origin else None
        value = int(_match(_TABLE, table)[0], 16)
        self.rows.append((_nets(reads), value, _REGION_OF[region], _KIND_OF[kind], place, chain, bool(rest)))

    def _read_outputs(self, words: list[str]) -> None:
        (self.outputs,) = _numbers(words)

    def _read_list(self, words: list[str]) -> None:
        word, *rest = words
        values = _numbers(rest) if word in ("parts", "score", "class") else _nets(rest)
        self.lists.setdefault(word, []).append(values)

    def _read_chain(self, words: list[str]) -> None:
        select, data, carry_in, sums, carries, tables = map(
            _nets, _split(words, ("select", "data", "in", "sums", "carries", "tables"))
        )
        self.chains.append(Chain(select, data, carry_in[0], sums, carries, tables))

    def _read_sum(self, words: list[str]) -> None:
        self.sums.append((_numbers(words[:1])[0], _bits(words[1:])))

    def _piece(self, words: list[str]) -> Piece:
        nets, values, offset, bits = _split(words[1:], ("nets", "values", "offset", "bits"))
        return Piece(_numbers(words[:1])[0], _nets(nets), _numbers(values), _numbers(offset)[0], _bits(bits))

    def _read_piece(self, words: list[str]) -> None:
        self.pieces.append(self._piece(words))

    def _read_swallowed(self, words: list[str]) -> None:
        self.swallowed[-1].append(self._piece(words))

    def _read_compressor(self, words: list[str]) -> None:
        inputs, outputs = _split(words[2:], ("in", "out"))
        group, constant = _numbers(words[:2])
        self.compressors.append(Compressor(group, _bits(inputs), constant, _bits(outputs)))
        self.swallowed.append([])

    def _read_end(self, words: list[str]) -> None:
        if words:
            raise ValueError("something behind the end")
        self.ended = True

    def mapped(self) -> Mapped:
        """All of it, not yet verified."""
        name, lut, width, signed = self.head
        pairs = zip(self.compressors, self.swallowed, strict=True)
        return Mapped(
            netlist=self._netlist(),
            scores=tuple(self.lists.get("score", ())),
            class_id=self.lists["class"][0],
            region=np.array([row[2] for row in self.rows], np.uint8),
            kind=np.array([row[3] for row in self.rows], np.uint8),
            chains=tuple(self.chains),
            packed=tuple((one, two) for one, two in self.lists.get("packed", ())),
            width=width,
            signed=signed,
            lut=lut,
            head=name,
            pieces=tuple(self.pieces),
            linear=tuple(bits for _, bits in self.sums),
            constants=tuple(constant for constant, _ in self.sums),
            compressors=tuple(
                Compressor(one.group, one.inputs, one.constant, one.outputs, tuple(pieces)) for one, pieces in pairs
            ),
            parts=np.array(self.lists.get("parts", [()])[0], np.int64),
        )

    def _netlist(self) -> ChainedNetlist:
        places = list(dict.fromkeys(row[4] for row in self.rows if row[4] is not None))
        handle = {place: index for index, place in enumerate(places)} | {None: -1}
        width = max((len(row[0]) for row in self.rows), default=0)
        shape = (len(self.rows), width)
        outputs = [net for line in self.lists.get("out", ()) for net in line]
        if len(outputs) != self.outputs or self.inputs < 0:
            raise ValueError("there are not as many outputs as the text says")
        return ChainedNetlist(
            num_inputs=self.inputs,
            fanin=np.array([[*row[0], *[0] * (width - len(row[0]))] for row in self.rows], np.int32).reshape(shape),
            arity=np.array([len(row[0]) for row in self.rows], np.uint8),
            table=np.array([row[1] for row in self.rows], np.uint64),
            outputs=np.array(outputs, np.int32),
            origin=np.array([handle[row[4]] for row in self.rows], np.int32),
            origins=Origins(
                self.layers,
                np.array([layer for layer, _ in places], np.int32),
                np.array([neuron for _, neuron in places], np.int32),
            ),
            chain=np.array([row[5] for row in self.rows], np.int32),
            inside=np.array([row[6] for row in self.rows], np.bool_),
            beside=np.array(self.lists.get("beside", ()), np.int64).reshape(-1, 2),
        )


_WORDS = {word: word for word in ("inputs", "outputs", "chain", "sum", "piece", "swallowed", "compressor", "end")}
_WORDS |= dict.fromkeys(("beside", "packed", "parts", "out", "score", "class"), "list")
