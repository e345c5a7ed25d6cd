"""BLIF: one combinational model of `.names`. Nodes of up to 6 inputs stay LUTs, wider ones become AND-OR trees."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from lgc.bounds import NODES, check_bound
from lgc.errors import LgcError, NetlistError
from lgc.frontend.containers.content import Content
from lgc.frontend.facts import ImportOptions, how_to_say
from lgc.frontend.families.netlists import PortNames, in_order, to_circuit
from lgc.frontend.importer import Importer, ImportJob
from lgc.ir import CONST0, CONST1, FIRST_INPUT, MAX_ARITY, Builder, Circuit

_AND, _OR, _NOT = 0x8, 0xE, 0x1
_BUFFERS = (".conn", ".barbuf", ".short")
_WORDS = """
    .area .delay .wire_load_slope .wire .input_arrival .default_input_arrival .output_required
    .default_output_required .input_drive .default_input_drive .output_load .default_output_load .max_input_load
    .default_max_input_load .clock .clock_event .default_clock .cname .attr .param .no_merge .and_gate_delay
    .default_and_gate_delay .input_required .default_input_required
"""
_ANNOTATIONS = frozenset(_WORDS.split())
"""What says something about a circuit and changes no function."""
_UNDEFINED = "$undef"


class _Names(NamedTuple):
    """One `.names`: a cover of cubes over its inputs."""

    inputs: tuple[str, ...]
    cubes: tuple[str, ...]
    value: str  # what the cover says: '1' the on-set, '0' the off-set
    line: int


def _matches(content: Content) -> bool:
    if content.container != "text":
        return False
    for line in content.data[:65536].split(b"\n"):
        line = line.split(b"#")[0].strip()
        if line:
            return line.startswith((b".model", b".inputs", b".outputs", b".names"))
    return False


def _read(job: ImportJob) -> Circuit:
    try:
        text = job.content.data.decode("utf-8")
    except UnicodeDecodeError:
        raise NetlistError("it is no UTF-8 text", where=str(job.content.path)) from None
    try:
        return _Blif(text).circuit(job)
    except LgcError as error:
        raise error.at(str(job.content.path)) from None


class _Blif:
    """The statements of a BLIF file.

    Attributes:
        skipped: the line of `.exdc`, after which the file says where outputs do not matter; 0 without one.
    """

    def __init__(self, text: str) -> None:
        self.name = "blif"
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        self.nodes: dict[str, _Names] = {}
        self.skipped = 0
        self._undefined: set[int] = set()
        self._models = 0
        self._parse(_Lines(text))

    def _parse(self, lines: _Lines) -> None:
        while lines.tokens:
            number, tokens = lines.number, lines.tokens
            lines.advance()
            match tokens[0]:
                case ".names":
                    self._names(lines, number, tokens[1:])
                case ".exdc":
                    self.skipped = number
                    while lines.tokens and lines.tokens[0] != ".end":
                        lines.advance()
                case _:
                    self._statement(number, tokens)

    def _statement(self, number: int, tokens: list[str]) -> None:
        """One that stands alone."""
        match tokens[0]:
            case ".model":
                self._models += 1
                self.name = tokens[1] if len(tokens) > 1 else "blif"
                if self._models > 1:
                    raise NetlistError(f"line {number}: a second .model; lgc reads one flat model")
            case ".inputs":
                self.inputs += tokens[1:]
            case ".outputs":
                self.outputs += tokens[1:]
            case word if word in _BUFFERS:
                if len(tokens) != 3:
                    raise NetlistError(f"line {number}: {word} is followed by {len(tokens) - 1} signals, not by two")
                self._define(_Names((tokens[1],), ("1",), "1", number), tokens[2])
            case word if word == ".end" or word in _ANNOTATIONS:
                return
            case word if word.startswith("."):
                raise NetlistError(
                    f"line {number}: {word[:40]} is not supported", hint="lgc reads flat combinational models of .names"
                )
            case other:
                raise NetlistError(f"line {number}: '{other[:40]}' belongs to no .names")

    def _define(self, node: _Names, output: str) -> None:
        if output in self.nodes:
            raise NetlistError(
                f"line {node.line}: '{output[:60]}' is defined twice, before on line {self.nodes[output].line}"
            )
        self.nodes[output] = node

    def _names(self, lines: _Lines, number: int, signals: list[str]) -> None:
        """One `.names` and its cover."""
        if len(self.nodes) > NODES:
            check_bound(len(self.nodes), NODES, "signals", NetlistError)
        if not signals:
            raise NetlistError(f"line {number}: .names without an output")
        output, width = signals.pop(), len(signals)
        cubes: dict[str, None] = {}  # in order, each once
        found = ""
        while (tokens := lines.tokens) and tokens[0][0] != ".":
            cube, value = tokens if len(tokens) == 2 else ("", tokens[-1])
            known = cube in cubes or (len(cube) == width and not cube.strip("01-"))
            if not known or len(tokens) > 2 or (value != "1" and value != "0"):
                raise NetlistError(f"line {lines.number}: this is no row of a cover over {width} inputs")
            cubes[cube] = None
            if value != found:
                if found:
                    raise NetlistError(f"line {number}: the cover mixes rows for 0 and for 1")
                found = value
            lines.advance()
        self._define(_Names(tuple(signals), tuple(cubes), found or "1", number), output)

    def circuit(self, job: ImportJob) -> Circuit:
        builder = Builder(len(self.inputs))
        nets = {name: FIRST_INPUT + index for index, name in enumerate(self.inputs)}
        if len(nets) != len(self.inputs):
            raise NetlistError("an input is declared twice")
        clash = next((name for name in self.inputs if name in self.nodes), None)
        if clash is not None:
            raise NetlistError(f"line {self.nodes[clash].line}: input '{clash[:60]}' is also defined here")
        self._settle_undefined(job.facts)
        for name in in_order(self.outputs, self._operands, nets.__contains__):
            nets[name] = _add(builder, self.nodes[name], [nets[source] for source in self.nodes[name].inputs])
        if self.skipped:
            job.doubtful.append(
                f"line {self.skipped}: .exdc is left out; where outputs do not matter, they stay as given"
            )
        outputs = [nets[name] for name in self.outputs]
        return to_circuit(builder, outputs, PortNames(self.inputs, self.outputs), self.name, job.facts)

    def _operands(self, signal: str) -> tuple[str, ...]:
        node = self.nodes.get(signal)
        if node is None:
            line = next((node.line for node in self.nodes.values() if signal in node.inputs), None)
            place = f"line {line}: " if line else ""
            raise NetlistError(f"{place}signal '{signal[:60]}' is read but never defined")
        if node.line in self._undefined:
            raise NetlistError(
                f"line {node.line}: an output depends on {_UNDEFINED}, which is yosys's undefined bit",
                hint=f"Say what undefined bits stand for, 0 or 1: {how_to_say('undefined', '0')}",
            )
        return node.inputs

    def _settle_undefined(self, facts: ImportOptions) -> None:
        """Yosys's undefined bit is a constant that the user chooses."""
        node, chosen = self.nodes.get(_UNDEFINED), facts.get("undefined")
        self._undefined = {node.line} if node is not None and not node.cubes and chosen is None else set()
        if node is not None and not node.cubes and str(chosen) == "1":
            self.nodes[_UNDEFINED] = _Names((), ("",), "1", node.line)


class _Lines:
    """The statements of a text, one at a time."""

    def __init__(self, text: str) -> None:
        self._lines = _logical_lines(text)
        self.number = 0
        self.tokens: list[str] = []
        self.advance()

    def advance(self) -> None:
        """Go to the next statement; at the end the tokens are empty."""
        self.number, self.tokens = next(self._lines)


def _logical_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Tokens of each statement with its line number, at the end none; comments and continuations resolved."""
    pending: list[str] = []
    start = number = 0
    for number, line in enumerate(text.split("\n"), 1):
        if "#" in line:
            line = line.split("#", 1)[0]
        tokens = line.split()
        if not pending and tokens and tokens[-1][-1] != "\\":  # most lines stand alone
            yield number, tokens
            continue
        line = line.rstrip()
        start = start or number
        pending += line.removesuffix("\\").split()
        if line.endswith("\\"):
            continue
        if pending:
            yield start, pending
        pending, start = [], 0
    if pending:
        yield start, pending
    yield number, []


def _add(builder: Builder, node: _Names, operands: list[int]) -> int:
    if len(operands) <= MAX_ARITY:
        return builder.add(_table(node.cubes, node.value, len(operands)), operands)
    literals = sum(len(cube) - cube.count("-") for cube in node.cubes)
    check_bound(builder.num_nets + literals, NODES, "gates", NetlistError)
    products = [_cube(builder, cube, operands) for cube in node.cubes]
    total = _tree(builder, _OR, products, CONST0)
    return total if node.value == "1" else builder.add(_NOT, (total,))


@lru_cache(maxsize=1 << 12)
def _table(cubes: tuple[str, ...], value: str, arity: int) -> int:
    full, covered = (1 << (1 << arity)) - 1, 0
    for cube in cubes:
        rows = full
        for j, sign in enumerate(cube):
            ones = full // ((1 << (1 << j)) + 1) << (1 << j)  # the rows in which operand j is 1
            if sign != "-":
                rows &= ones if sign == "1" else full ^ ones
        covered |= rows
    return covered if value == "1" else covered ^ full


def _cube(builder: Builder, cube: str, operands: list[int]) -> int:
    literals = [
        net if sign == "1" else builder.add(_NOT, (net,))
        for sign, net in zip(cube, operands, strict=True)
        if sign != "-"
    ]
    return _tree(builder, _AND, literals, CONST1)


def _tree(builder: Builder, table: int, nets: list[int], empty: int) -> int:
    """A balanced tree of one two-input gate."""
    while len(nets) > 1:
        paired = [builder.add(table, pair) for pair in zip(nets[::2], nets[1::2], strict=False)]
        nets = paired + nets[len(nets) & ~1 :]
    return nets[0] if nets else empty


IMPORTER = Importer("blif", "BLIF netlist", _matches, _read, ("classes", "undefined"))
