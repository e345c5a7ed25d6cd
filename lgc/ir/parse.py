"""Reading `.lgn` text (docs/ir.md). The text is hostile input: every number is checked and bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from lgc.bounds import INPUTS, NODES, check_bound, scaled
from lgc.errors import NetlistError
from lgc.ir.circuit import Circuit, Encoder, Head, Tie
from lgc.ir.features import MAX_COLUMNS, CategoryCode, ColumnCode, FeatureCode, FeatureCodes
from lgc.ir.gates import BY_NAME
from lgc.ir.netlist import FIRST_INPUT, MAX_ARITY, MAX_NETS, Netlist, Origins
from lgc.ir.ports import damaged_names
from lgc.ir.text import HEADER
from lgc.ir.verify import verify_circuit

# A quoted string or a plain token, with the blanks after it.
_TOKEN = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s"#]+)(?:\s+|(?=#)|$)')
_REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_REALS = re.compile(rf"(?:{_REAL.pattern}(?: |$))*+", re.ASCII)
_PLAIN = {name: (2, gate.table) for name, gate in BY_NAME.items()} | {
    "buf": (1, 2),
    "not": (1, 1),
    "const0": (0, 0),
    "const1": (0, 1),
}
_MAX_LAYERS = 1 << 16
_MAX_CLASSES = 1 << 17
_MAX_METADATA = 1 << 12
_PLAIN_STRING = re.compile(r'"[ !#-\[\]-~]*"')


class _Lines:
    """The statements of a text, with their line numbers for messages."""

    def __init__(self, text: str, source: str) -> None:
        self._lines = self._statements(text)
        self._source = source
        self.line_number = 0
        self.tokens: list[str] = []
        self.advance()

    def _statements(self, text: str) -> Iterator[tuple[int, list[str]]]:
        for index, line in enumerate(text.split("\n"), 1):
            tokens = _tokens(line)
            if tokens is None:
                self.line_number = index
                raise self.error("a quoted string does not end, or touches its neighbour")
            if tokens:
                yield index, tokens

    def advance(self) -> None:
        """Go to the next statement; at the end the tokens are empty."""
        self.line_number, self.tokens = next(self._lines, (self.line_number, []))

    def error(self, message: str) -> NetlistError:
        return NetlistError(message, where=f"{self._source}:{self.line_number}", hint="docs/ir.md specifies the format")

    def expect(self, keyword: str) -> list[str]:
        """The operands of the current statement, which must be ``keyword``."""
        if not self.tokens:
            raise self.error(f"the text ends before '{keyword}': it is truncated")
        if self.tokens[0] != keyword:
            raise self.error(f"expected '{keyword}', found '{self.tokens[0][:40]}'")
        return self.tokens[1:]

    def count(self, token: str, what: str, limit: int = MAX_NETS) -> int:
        """A decimal number from 0 to ``limit``."""
        if not token.isascii() or not token.isdigit() or len(token) > 10 or int(token) > limit:
            raise self.error(f"{what} is '{token[:40]}', which is no whole number from 0 to {limit}")
        return int(token)

    def bounded(self, value: int, bound: int, what: str) -> None:
        """Refuse a text of more of something than lgc reads."""
        try:
            check_bound(value, bound, what, NetlistError)
        except NetlistError as error:
            raise error.at(f"{self._source}:{self.line_number}") from None

    def string(self, token: str) -> str:
        if _PLAIN_STRING.fullmatch(token):
            return token[1:-1]
        # json would recurse over a token of brackets, so only what starts as a string gets there.
        try:
            value = json.loads(token) if token.startswith('"') else None
        except ValueError:
            value = None
        if not isinstance(value, str):
            raise self.error(f"expected a quoted string, found '{token[:40]}'")
        return value

    def reals(self, tokens: list[str]) -> list[float]:
        if _REALS.fullmatch(" ".join(tokens)):  # a million at once take a tenth of the time
            return list(map(float, tokens))
        return [self.real(token) for token in tokens]

    def real(self, token: str) -> float:
        if not _REAL.fullmatch(token):
            raise self.error(f"'{token[:40]}' is no number")
        return float(token)


def _tokens(line: str) -> list[str] | None:
    """Split at blanks, keep quoted strings whole, drop a comment; None if the quotes make no sense."""
    if '"' not in line:
        return line.split("#", 1)[0].split()
    tokens: list[str] = []
    line = line.strip()
    position = 0
    while position < len(line) and line[position] != "#":
        match = _TOKEN.match(line, position)
        if match is None:
            return None
        tokens.append(match.group(1))
        position = match.end()
    return tokens


def parse_text(text: str, source: str = "<text>") -> Circuit:
    """The circuit that a `.lgn` text describes, verified.

    Raises:
        NetlistError: with ``source`` and line number.
    """
    lines = _Lines(text, source)
    if lines.tokens != HEADER.split():
        raise lines.error(f"the first line is not '{HEADER}'")
    lines.advance()
    name = lines.string(_exactly(lines, "circuit", 1)[0])
    lines.advance()
    encoder = _parse_features(lines)
    netlist = _parse_netlist(lines)
    head = _parse_head(lines, netlist.num_outputs)
    metadata = _parse_metadata(lines)
    _exactly(lines, "end", 0)
    lines.advance()
    if lines.tokens:
        raise lines.error("there is text after 'end'")
    circuit = Circuit(name, encoder, netlist, head, metadata)
    try:
        verify_circuit(circuit)
    except NetlistError as error:
        raise error.at(source) from None
    if key := damaged_names(circuit):
        raise NetlistError(
            f"the metadata '{key}' is no JSON list of a name for each",
            where=source,
            hint="docs/ir.md specifies the format",
        )
    return circuit


def _exactly(lines: _Lines, keyword: str, count: int) -> list[str]:
    operands = lines.expect(keyword)
    if len(operands) != count:
        raise lines.error(f"'{keyword}' takes {count} operands, found {len(operands)}")
    return operands


def _parse_features(lines: _Lines) -> Encoder:
    operands = lines.expect("features")
    if len(operands) == 2 and operands[1] == "binary":
        features = lines.count(operands[0], "the number of features", scaled(INPUTS))
        lines.advance()
        return Encoder(features)
    if operands[1:2] == ["codes"]:
        features = lines.count(operands[0], "the number of features", MAX_COLUMNS)
        column = _parse_code(lines, operands[1:])
        lines.advance()
        return _with_codes(lines, features, (column,) * features)
    if operands[1:2] == ["columns"] and len(operands) == 3:
        return _parse_columns(lines, operands)
    if len(operands) != 3 or operands[1] != "thresholds":
        raise lines.error("expected 'features F binary', 'features F thresholds T' or 'features F codes W ...'")
    features = lines.count(operands[0], "the number of features", scaled(INPUTS))
    width = lines.count(operands[2], "the number of thresholds", scaled(INPUTS))
    lines.bounded(features * width, INPUTS, "thresholds")
    lines.advance()
    # Rows are collected, not allocated up front: the numbers above are only claims.
    rows: list[list[float]] = []
    for feature in range(features):
        values = _exactly(lines, "threshold", width + 1)
        if lines.count(values[0], "the feature") != feature:
            raise lines.error(f"expected the thresholds of feature {feature}")
        rows.append(lines.reals(values[1:]))
        lines.advance()
    return Encoder(features, np.array(rows, np.float64).reshape(features, width))


def _parse_columns(lines: _Lines, operands: list[str]) -> Encoder:
    features = lines.count(operands[0], "the number of features", scaled(INPUTS))
    count = lines.count(operands[2], "the number of columns", MAX_COLUMNS)
    lines.advance()
    columns: list[ColumnCode] = []
    for index in range(count):
        found = lines.expect("column")
        if not found or lines.count(found[0], "the column") != index:
            raise lines.error(f"expected the code of column {index}")
        columns.append(_parse_code(lines, found[1:]))
        lines.advance()
    return _with_codes(lines, features, tuple(columns))


def _parse_code(lines: _Lines, operands: list[str]) -> ColumnCode:
    code: ColumnCode
    if len(operands) == 2 and operands[0] == "words":
        code = CategoryCode(lines.count(operands[1], "the number of words"))
    elif len(operands) == 8 and (operands[0], operands[2], operands[4]) == ("codes", "scale", "offset"):
        width = lines.count(operands[1], "the width of a code")
        code = FeatureCode(width, lines.real(operands[3]), lines.real(operands[5]), operands[6], operands[7])
    else:
        raise lines.error("expected 'codes W scale S offset O ROUNDING DTYPE' or 'words N'")
    if problem := code.problem():
        raise lines.error(problem)
    return code


def _with_codes(lines: _Lines, features: int, columns: tuple[ColumnCode, ...]) -> Encoder:
    codes = FeatureCodes(columns)
    if problem := codes.problem():
        raise lines.error(problem)
    if codes.num_features != features or codes.num_bits > scaled(INPUTS):
        raise lines.error(f"the columns make {codes.num_features} features and {codes.num_bits} bits, not {features}")
    return Encoder(features, code=codes)


def _parse_netlist(lines: _Lines) -> Netlist:
    num_inputs = lines.count(_exactly(lines, "inputs", 1)[0], "the number of inputs", scaled(INPUTS))
    lines.advance()
    named = lines.expect("layers")
    lines.bounded(len(named), _MAX_LAYERS, "layers")
    layers = tuple(lines.string(token) for token in named)
    lines.advance()
    nodes = _Nodes(num_inputs)
    while len(lines.tokens) > 2 and lines.tokens[1] == "=":
        nodes.parse(lines)
        lines.advance()
    num_outputs = lines.count(_exactly(lines, "outputs", 1)[0], "the number of outputs")
    lines.advance()
    outputs: list[int] = []
    while lines.tokens and lines.tokens[0] == "out":
        if len(outputs) + len(lines.tokens) > NODES:
            lines.bounded(len(outputs) + len(lines.tokens), NODES, "outputs")
        outputs += [nodes.net(lines, token) for token in lines.tokens[1:]]
        lines.advance()
    if len(outputs) != num_outputs:
        raise lines.error(f"{num_outputs} outputs are announced, {len(outputs)} are listed")
    return nodes.netlist(layers, outputs)


class _Nodes:
    """Collects node statements."""

    def __init__(self, num_inputs: int) -> None:
        self.num_inputs = num_inputs
        self.next_net = FIRST_INPUT + num_inputs
        self.fanin: list[list[int]] = []
        self.arity: list[int] = []
        self.table: list[int] = []
        self.places: list[tuple[int, int] | None] = []

    def net(self, lines: _Lines, token: str) -> int:
        """``n12`` as a net that exists already."""
        if token[:1] != "n" or not token[1:].isdigit() or len(token) > 11 or not token.isascii():
            raise lines.error(f"expected a net such as n2, found '{token[:40]}'")
        net = int(token[1:])
        if net >= self.next_net:
            raise lines.error(f"net {token} is not defined above this line")
        return net

    def parse(self, lines: _Lines) -> None:
        target, _, operation, *operands = lines.tokens
        if target != f"n{self.next_net}":
            raise lines.error(f"expected the definition of n{self.next_net}, found '{target[:40]}'")
        place = _parse_place(lines, operands.pop()) if operands and operands[-1].startswith("@") else None
        if operation in _PLAIN:
            arity, table = _PLAIN[operation]
        else:
            arity, table = _parse_lut(lines, operation, operands)
        if len(self.arity) >= NODES:
            lines.bounded(len(self.arity) + 1, NODES, "nodes")
        if len(operands) != arity:
            raise lines.error(f"'{operation}' takes {arity} operands, found {len(operands)}")
        self.fanin.append([self.net(lines, token) for token in operands])
        self.arity.append(arity)
        self.table.append(table)
        self.places.append(place)
        self.next_net += 1

    def netlist(self, layers: tuple[str, ...], outputs: list[int]) -> Netlist:
        width = max(self.arity, default=0)
        padded = [row + [0] * (width - len(row)) for row in self.fanin]
        handles = {place: handle for handle, place in enumerate(dict.fromkeys(p for p in self.places if p))}
        origins = Origins(layers, _column(handles, lambda p: p[0]), _column(handles, lambda p: p[1]))
        return Netlist(
            num_inputs=self.num_inputs,
            fanin=np.array(padded, np.int32).reshape(len(padded), width),
            arity=np.array(self.arity, np.uint8),
            table=np.array(self.table, np.uint64),
            outputs=np.array(outputs, np.int32),
            origin=np.array([-1 if place is None else handles[place] for place in self.places], np.int32),
            origins=origins,
        )


def _column(handles: dict[tuple[int, int], int], pick: Callable[[tuple[int, int]], int]) -> NDArray[np.int32]:
    return np.array([pick(place) for place in handles], np.int32)


def _parse_place(lines: _Lines, token: str) -> tuple[int, int]:
    layer, colon, neuron = token[1:].partition(":")
    if not colon:
        raise lines.error(f"'{token[:40]}' is no place such as @0:12")
    return lines.count(layer, "the layer"), lines.count(neuron, "the neuron")


def _parse_lut(lines: _Lines, operation: str, operands: list[str]) -> tuple[int, int]:
    """Arity and table of ``lutR 0xHEX``; takes the table off ``operands``."""
    if not (re.fullmatch("lut[0-9]", operation) and operands):
        raise lines.error(f"unknown operation '{operation[:40]}'")
    arity = int(operation[3:])
    if arity > MAX_ARITY:
        raise lines.error(f"a LUT of arity {arity} is too wide; the widest has {MAX_ARITY} operands")
    token = operands.pop(0)
    if not re.fullmatch(r"0x[0-9a-f]{1,16}", token) or int(token, 16) >> (1 << arity):
        raise lines.error(f"'{token[:40]}' is no truth table of {1 << arity} bits")
    return arity, int(token, 16)


def _parse_head(lines: _Lines, num_outputs: int) -> Head:
    operands = _exactly(lines, "head", 4)
    if operands[0] != "tau" or operands[2] != "tie":
        raise lines.error("expected 'head tau T tie RULE'")
    tau = lines.real(operands[1])
    tie: Tie
    match operands[3]:
        case "first":
            tie = "first"
        case "last":
            tie = "last"
        case other:
            raise lines.error(f"unknown tie rule '{other[:40]}'")
    lines.advance()
    names: list[str] = []
    sizes: list[int] = []
    bias: list[int] = []
    while lines.tokens and lines.tokens[0] == "class":
        lines.bounded(len(names) + 1, _MAX_CLASSES, "classes")
        name, size, keyword, value = _exactly(lines, "class", 4)
        if keyword != "bias":
            raise lines.error("expected 'class NAME SIZE bias B'")
        names.append(lines.string(name))
        sizes.append(lines.count(size, "the group's size"))
        magnitude = lines.count(value.removeprefix("-"), "the bias")
        bias.append(-magnitude if value.startswith("-") else magnitude)
        lines.advance()
    if sum(sizes) != num_outputs:
        raise lines.error(f"the groups hold {sum(sizes)} outputs, but there are {num_outputs}")
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Head(offsets, np.array(bias, np.int64), tuple(names), tau, tie)


def _parse_metadata(lines: _Lines) -> dict[str, str]:
    metadata: dict[str, str] = {}
    while lines.tokens and lines.tokens[0] == "meta":
        lines.bounded(len(metadata) + 1, _MAX_METADATA, "lines of metadata")
        key, value = (lines.string(token) for token in _exactly(lines, "meta", 2))
        if key in metadata:
            raise lines.error(f"the key {key[:40]!r} is repeated")
        metadata[key] = value
        lines.advance()
    return metadata
