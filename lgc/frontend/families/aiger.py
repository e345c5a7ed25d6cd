"""AIGER: combinational and-inverter graphs, text (`aag`) and binary (`aig`)."""

from __future__ import annotations

from collections.abc import Iterator

from lgc.bounds import INPUTS, NODES, check_bound
from lgc.errors import LgcError, NetlistError
from lgc.frontend.containers.content import Content
from lgc.frontend.families.netlists import MAX_SIGNALS, PortNames, in_order, to_circuit
from lgc.frontend.importer import Importer, ImportJob
from lgc.ir import CONST0, CONST1, FIRST_INPUT, Builder, Circuit
from lgc.ir.ports import own_names

_NOT = 0x1
# The table of an AND whose operands 0 and 1 are complemented or not.
_AND = {(0, 0): 0x8, (1, 0): 0x4, (0, 1): 0x2, (1, 1): 0x1}


def _matches(content: Content) -> bool:
    return content.container == "text" and content.data[:4] in (b"aag ", b"aig ")


def _read(job: ImportJob) -> Circuit:
    try:
        return _Aiger(job.content.data).circuit(job)
    except LgcError as error:
        raise error.at(str(job.content.path)) from None


class _Aiger:
    """The graph of an AIGER file: literals 2v and 2v+1 are variable v and its complement."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        header = self._line().split()
        self.binary = header[0] == b"aig"
        numbers = [self._number(token, MAX_SIGNALS) for token in header[1:]]
        if len(numbers) < 5:
            raise NetlistError("its header is no 'aag M I L O A'")
        self.maximum, num_inputs, latches, num_outputs, num_ands, *properties = numbers
        if latches or any(properties):
            raise NetlistError("it has latches or properties", hint="lgc reads combinational AIGER files")
        # A promise of many signals in a short file must not be believed. Each needs at least two bytes.
        if (0 if self.binary else num_inputs) * 2 + num_outputs * 2 + num_ands * 2 > len(data):
            raise NetlistError("it is shorter than its header promises: it is truncated")
        # In a binary file inputs cost no bytes, and a gate two.
        check_bound(num_inputs, INPUTS, "inputs", NetlistError)
        check_bound(num_ands, NODES, "gates", NetlistError)
        check_bound(num_outputs, NODES, "outputs", NetlistError)
        if num_inputs + num_ands > self.maximum:
            raise NetlistError("its header counts fewer variables than inputs and gates")
        self.inputs = self._read_inputs(num_inputs)
        self.outputs = [self._literal(self._line()) for _ in range(num_outputs)]
        self.ands = dict(self._binary_ands(num_inputs, num_ands) if self.binary else self._text_ands(num_ands))
        if len(self.ands) != num_ands or len(set(self.inputs)) != len(self.inputs) or set(self.inputs) & set(self.ands):
            raise NetlistError("a variable is defined twice")
        self.names = self._symbols()

    def _line(self) -> bytes:
        end = self._data.find(b"\n", self._position)
        if end < 0 and self._position < len(self._data):
            end = len(self._data)  # the last line may lack its end
        if end < 0 or end - self._position > 200:
            raise NetlistError("it is truncated, or a line is no AIGER")
        line = self._data[self._position : end]
        self._position = end + 1
        return line

    def _number(self, token: bytes, limit: int) -> int:
        if not token.isdigit() or len(token) > 10 or int(token) > limit:
            raise NetlistError(f"'{token[:40].decode('latin1')}' is no whole number up to {limit}")
        return int(token)

    def _literal(self, token: bytes) -> int:
        return self._number(token.strip(), 2 * self.maximum + 1)

    def _read_inputs(self, count: int) -> list[int]:
        if self.binary:
            return list(range(1, count + 1))
        literals = [self._literal(self._line()) for _ in range(count)]
        if any(literal % 2 or not literal for literal in literals):
            raise NetlistError("an input is a constant or a complement")
        return [literal // 2 for literal in literals]

    def _text_ands(self, count: int) -> Iterator[tuple[int, tuple[int, int]]]:
        for _ in range(count):
            tokens = self._line().split()
            if len(tokens) != 3:
                raise NetlistError("an AND gate does not have three literals")
            target, a, b = (self._literal(token) for token in tokens)
            if target % 2 or not target:
                raise NetlistError("an AND gate defines a constant or a complement")
            yield target // 2, (a, b)

    def _binary_ands(self, num_inputs: int, count: int) -> Iterator[tuple[int, tuple[int, int]]]:
        for index in range(count):
            target = 2 * (num_inputs + index + 1)
            first = target - self._delta()
            second = first - self._delta()
            if not 0 <= second <= first < target:
                raise NetlistError(f"AND gate {target} reads itself or a later one")
            yield target // 2, (first, second)

    def _delta(self) -> int:
        """A number in 7-bit groups, least significant first."""
        value, shift = 0, 0
        while True:
            if self._position >= len(self._data) or shift > 28:
                raise NetlistError("it is truncated within its AND gates")
            byte = self._data[self._position]
            self._position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def _symbols(self) -> dict[bytes, dict[int, str]]:
        """Names of the inputs, under ``i``, and of the outputs, under ``o``."""
        names: dict[bytes, dict[int, str]] = {b"i": {}, b"o": {}}
        for line in self._data[self._position :].split(b"\n"):
            if line.rstrip(b"\r") == b"c":
                break
            kind, _, name = line.rstrip(b"\r").partition(b" ")
            if kind[:1] in names and kind[1:].isdigit() and len(kind) < 10 and name:
                names[kind[:1]][int(kind[1:])] = name.decode("utf-8", "replace")
        return names

    def circuit(self, job: ImportJob) -> Circuit:
        builder = Builder(len(self.inputs))
        nets = {0: CONST0} | {variable: FIRST_INPUT + index for index, variable in enumerate(self.inputs)}
        roots = [literal // 2 for literal in self.outputs]
        for variable in in_order(roots, self._operands, nets.__contains__):
            a, b = self.ands[variable]
            nets[variable] = builder.add(_AND[a % 2, b % 2], (nets[a // 2], nets[b // 2]))
        inverted: dict[int, int] = {}
        outputs = []
        for literal in self.outputs:
            net = nets[literal // 2]
            if literal % 2:
                if literal not in inverted:
                    inverted[literal] = CONST1 if net == CONST0 else builder.add(_NOT, (net,))
                net = inverted[literal]
            outputs.append(net)
        return to_circuit(builder, outputs, self._port_names(), job.content.path.stem, job.facts)

    def _port_names(self) -> PortNames:
        """Those of the symbol table, and AIGER's own of what it leaves out."""
        inputs = [self.names[b"i"].get(index, f"i{index}") for index in range(len(self.inputs))]
        outputs = [self.names[b"o"].get(index, f"o{index}") for index in range(len(self.outputs))]
        return PortNames(
            inputs if self.names[b"i"] else own_names("in", len(inputs)),
            outputs if self.names[b"o"] else own_names("out", len(outputs)),
            outputs,
        )

    def _operands(self, variable: int) -> tuple[int, ...]:
        pair = self.ands.get(variable)
        if pair is None:
            raise NetlistError(f"variable {variable} is read but never defined")
        return pair[0] // 2, pair[1] // 2


IMPORTER = Importer("aiger", "AIGER and-inverter graph", _matches, _read, ("classes",))
