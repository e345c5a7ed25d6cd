"""BLIF: one combinational model of `.names`. Nodes of up to 6 inputs stay LUTs, wider ones become AND-OR trees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lgc.errors import LgcError, NetlistError
from lgc.frontend.containers.content import Content
from lgc.frontend.facts import ImportOptions
from lgc.frontend.families.netlists import MAX_SIGNALS, in_order, to_circuit
from lgc.frontend.importer import Importer, ImportJob
from lgc.ir import CONST0, CONST1, FIRST_INPUT, MAX_ARITY, Builder, Circuit

_AND, _OR, _NOT = 0x8, 0xE, 0x1
_BUFFERS = (".conn", ".barbuf", ".short")
_ANNOTATIONS = frozenset(
    [
        ".area",
        ".delay",
        ".wire_load_slope",
        ".wire",
        ".input_arrival",
        ".default_input_arrival",
        ".output_required",
        ".default_output_required",
        ".input_drive",
        ".default_input_drive",
        ".output_load",
        ".default_output_load",
        ".max_input_load",
        ".default_max_input_load",
        ".clock",
        ".clock_event",
        ".default_clock",
        ".cname",
        ".attr",
        ".param",
        ".no_merge",
        ".and_gate_delay",
        ".default_and_gate_delay",
        ".input_required",
        ".default_input_required",
    ]
)
"""What says something about a circuit and changes no function."""
_UNDEFINED = "$undef"


@dataclass(frozen=True)
class _Names:
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
        self._parse(list(_logical_lines(text)))

    def _parse(self, lines: list[tuple[int, list[str]]]) -> None:
        position = 0
        while position < len(lines):
            number, tokens = lines[position]
            position += 1
            match tokens[0]:
                case ".names":
                    position = self._names(lines, position, number, tokens[1:])
                case ".exdc":
                    self.skipped = number
                    position = next((at for at in range(position, len(lines)) if lines[at][1][0] == ".end"), len(lines))
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

    def _names(self, lines: list[tuple[int, list[str]]], position: int, number: int, signals: list[str]) -> int:
        """One `.names` and its cover; returns the position after it."""
        if not signals:
            raise NetlistError(f"line {number}: .names without an output")
        *inputs, output = signals
        cubes: list[str] = []
        values: set[str] = set()
        while position < len(lines) and not lines[position][1][0].startswith("."):
            row, tokens = lines[position]
            position += 1
            cube, value = (tokens[0], tokens[1]) if len(tokens) == 2 else ("", tokens[0])
            if len(tokens) > 2 or len(cube) != len(inputs) or set(cube) - set("01-") or value not in ("0", "1"):
                raise NetlistError(f"line {row}: this is no row of a cover over {len(inputs)} inputs")
            cubes.append(cube)
            values.add(value)
        if len(values) > 1:
            raise NetlistError(f"line {number}: the cover mixes rows for 0 and for 1")
        self._define(_Names(tuple(inputs), tuple(cubes), values.pop() if values else "1", number), output)
        return position

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
        return to_circuit(builder, outputs, self.outputs, self.name, job.facts)

    def _operands(self, signal: str) -> tuple[str, ...]:
        node = self.nodes.get(signal)
        if node is None:
            line = next((node.line for node in self.nodes.values() if signal in node.inputs), None)
            place = f"line {line}: " if line else ""
            raise NetlistError(f"{place}signal '{signal[:60]}' is read but never defined")
        if node.line in self._undefined:
            raise NetlistError(
                f"line {node.line}: an output depends on {_UNDEFINED}, which is yosys's undefined bit",
                hint="Say what undefined bits stand for: --source-undefined 0 or 1",
            )
        return node.inputs

    def _settle_undefined(self, facts: ImportOptions) -> None:
        """Yosys's undefined bit is a constant that the user chooses."""
        node, chosen = self.nodes.get(_UNDEFINED), facts.get("undefined")
        self._undefined = {node.line} if node is not None and not node.cubes and chosen is None else set()
        if node is not None and not node.cubes and str(chosen) == "1":
            self.nodes[_UNDEFINED] = _Names((), ("",), "1", node.line)


def _logical_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Tokens of each statement with its line number; comments and continuations resolved."""
    pending: list[str] = []
    start = 0
    for number, line in enumerate(text.split("\n"), 1):
        line = line.split("#", 1)[0].rstrip()
        start = start or number
        pending += line.removesuffix("\\").split()
        if line.endswith("\\"):
            continue
        if pending:
            yield start, pending
        pending, start = [], 0
    if pending:
        yield start, pending


def _add(builder: Builder, node: _Names, operands: list[int]) -> int:
    if builder.num_nets > MAX_SIGNALS:
        raise NetlistError(f"it has more than {MAX_SIGNALS} signals")
    if len(operands) <= MAX_ARITY:
        return builder.add(_table(node, len(operands)), operands)
    products = [_cube(builder, cube, operands) for cube in node.cubes]
    total = _tree(builder, _OR, products, CONST0)
    return total if node.value == "1" else builder.add(_NOT, (total,))


def _table(node: _Names, arity: int) -> int:
    full, covered = (1 << (1 << arity)) - 1, 0
    for cube in node.cubes:
        rows = full
        for j, sign in enumerate(cube):
            ones = full // ((1 << (1 << j)) + 1) << (1 << j)  # the rows in which operand j is 1
            if sign != "-":
                rows &= ones if sign == "1" else full ^ ones
        covered |= rows
    return covered if node.value == "1" else covered ^ full


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
