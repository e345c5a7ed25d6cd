"""Structural Verilog, read at once: modules of nets, `assign`, gates and instances, as generators write by the million.

Everything else, and everything that might be an error, is left to yosys: a reading here is exact, or it is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lgc.frontend.verilog.design import SourcePort, bit_names
from lgc.frontend.verilog.expressions import ZERO, BeyondError, Parser, Tree, Vector, leaves
from lgc.frontend.verilog.logic import Bit, Logic, settle
from lgc.frontend.verilog.sources import SourceText
from lgc.frontend.verilog.words import WordLogic

_GATES = {
    "and": ("&", False), "nand": ("&", True), "or": ("|", False), "nor": ("|", True), "xor": ("^", False),
    "xnor": ("^", True),
}  # fmt: skip
_BUFFERS = {"buf": False, "not": True}
_MAX_NETS = 1 << 23
_PIECE = 1 << 16
_BEYOND = re.compile(
    r"\b(?:always|case[xz]?|defparam|function|generate|genvar|initial|inout|integer|localparam|parameter|reg|signed|task)\b"
)
"""WordLogic that need not be parsed to know that yosys is to read the text."""


@dataclass(frozen=True)
class _Instance:
    module: str
    named: dict[str, list[Tree]]
    ordered: list[list[Tree]]


@dataclass
class _Module:
    """One module: its nets are numbered from 0."""

    ports: dict[str, str] = field(default_factory=dict)  # direction by name, in order
    names: dict[str, Vector] = field(default_factory=dict)
    drivers: list[tuple[int, Tree]] = field(default_factory=list)
    instances: list[_Instance] = field(default_factory=list)
    size: int = 0

    def declare(self, name: str, left: int, right: int) -> Vector:
        if name in self.names:
            raise BeyondError
        vector = self.names[name] = Vector(self.size, left, right)
        self.size += vector.width
        return vector

    def drive(self, target: list[int], source: list[Tree]) -> None:
        if len(target) != len(source):
            raise BeyondError
        self.drivers += zip(target, source, strict=True)


class _Reader:
    """All modules of a text."""

    def __init__(self, text: str) -> None:
        self.parser = Parser.of("")
        self.modules: dict[str, _Module] = {}
        self.module = _Module()
        self._pieces = _pieces(text)
        while self._more():
            self._module()

    def _more(self) -> bool:
        """Whether there is another item; a piece of the text is split when all before it is read."""
        while not self.parser.next and (piece := next(self._pieces, "")):
            self.parser.tokens, self.parser.position = Parser.of(piece).tokens, 0
        return bool(self.parser.next)

    def _module(self) -> None:
        parser = self.parser
        parser.expect("module")
        name = parser.name()
        if name in self.modules:
            raise BeyondError
        self.module = self.modules[name] = _Module()
        parser.names = self.module.names
        if parser.accept("("):
            self._header()
        parser.expect(";")
        while not (self._more() and parser.accept("endmodule")):
            self._item()
        if any(not direction for direction in self.module.ports.values()):
            raise BeyondError

    def _header(self) -> None:
        parser, direction, span = self.parser, "", (0, 0)
        while not parser.accept(")"):
            if parser.next in ("input", "output"):
                direction = parser.take()
                parser.accept("wire")
                span = parser.range()
            name = parser.name()
            if name in self.module.ports:
                raise BeyondError
            self.module.ports[name] = direction
            if direction:
                self.module.declare(name, *span)
            if parser.next != ")":
                parser.expect(",")

    def _item(self) -> None:
        parser = self.parser
        word = parser.take()
        if word == "assign":
            self._assign()
        elif word in ("wire", "input", "output"):
            self._declaration(word)
        elif word in _GATES or word in _BUFFERS:
            self._gates(word)
        else:
            parser.position -= 1
            self._instances(parser.name())

    def _list_goes_on(self) -> bool:
        if self.parser.accept(","):
            return True
        self.parser.expect(";")
        return False

    def _assign(self) -> None:
        more = True
        while more:
            target = self.parser.target()
            self.parser.expect("=")
            self.module.drive(target, self.parser.assigned(len(target)))
            more = self._list_goes_on()

    def _declaration(self, word: str) -> None:
        """Of nets, or of ports that the header names alone."""
        parser, module, more = self.parser, self.module, True
        if word != "wire":
            parser.accept("wire")
        span = parser.range()
        while more:
            name = parser.name()
            if word != "wire":
                if module.ports.get(name) != "":
                    raise BeyondError
                module.ports[name] = word
                module.declare(name, *span)
            elif name in module.names and module.ports.get(name):  # a port that is declared as a net once more
                found = module.names[name]
                if (found.left, found.right) != span:
                    raise BeyondError
            else:
                vector = module.declare(name, *span)
                if parser.accept("="):
                    module.drive(vector.bits(), parser.assigned(vector.width))
            more = self._list_goes_on()

    def _gates(self, word: str) -> None:
        parser, more = self.parser, True
        while more:
            if parser.next != "(":
                parser.name()
            parser.expect("(")
            words = self._connections()
            if len(words) < 2 or any(len(bits) != 1 for bits in words):
                raise BeyondError
            bits = [bits[0] for bits in words]
            if word in _BUFFERS:
                targets, tree = bits[:-1], ("~", bits[-1]) if _BUFFERS[word] else bits[-1]
            else:
                operator, inverted = _GATES[word]
                inner = bits[1] if len(bits) == 2 else (operator, *bits[1:])
                targets, tree = bits[:1], ("~", inner) if inverted else inner
            for target in targets:
                if type(target) is not int or target < 0:
                    raise BeyondError
                self.module.drivers.append((target, tree))
            more = self._list_goes_on()

    def _connections(self) -> list[list[Tree]]:
        parser = self.parser
        words = [parser.expression()]
        while parser.accept(","):
            words.append(parser.expression())
        parser.expect(")")
        return words

    def _instances(self, kind: str) -> None:
        parser, more = self.parser, True
        while more:
            parser.name()
            parser.expect("(")
            named: dict[str, list[Tree]] = {}
            if parser.next == ".":
                while parser.accept("."):
                    port = parser.name()
                    parser.expect("(")
                    if port in named:
                        raise BeyondError
                    named[port] = [] if parser.next == ")" else parser.expression()
                    parser.expect(")")
                    if parser.next != ")":
                        parser.expect(",")
                parser.expect(")")
                self.module.instances.append(_Instance(kind, named, []))
            else:
                self.module.instances.append(_Instance(kind, {}, self._connections()))
            more = self._list_goes_on()


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces that end where an item does, or else are not read: what is wrong is so early, as a rule."""
    start = 0
    while start < len(text):
        end = text.find(";\n", start + _PIECE) + 1 or len(text)
        yield text[start:end]
        start = end


class Structure:
    """A flat design: each net's tree, with where the nets of its module begin.

    Attributes:
        ports: of the top module.
    """

    def __init__(self, modules: dict[str, _Module], top: str) -> None:
        self._modules = modules
        self._drivers: dict[int, tuple[Tree, int]] = {}
        self._size = 0
        module = modules[top]
        self.ports = []
        for name, direction in module.ports.items():
            vector = module.names[name]
            bits = vector.bits()
            name = name.removeprefix("\\")
            names = bit_names(name, len(bits), min(vector.left, vector.right), upto=vector.left < vector.right)
            order = -1 if vector.left < vector.right else 1
            self.ports.append(SourcePort(name, direction, bits[::order], names[::order], bits))
        self._fixed = {bit for port in self.ports if port.direction == "input" for bit in port.bits}
        self._expand(top)

    def _expand(self, top: str) -> None:
        todo: list[tuple[str, int, int]] = [(top, self._allocate(top), 0)]
        while todo:
            name, base, depth = todo.pop()
            if depth > len(self._modules):
                raise BeyondError  # modules that instantiate each other
            module = self._modules[name]
            for target, tree in module.drivers:
                self._drive(base + target, tree, base)
            for instance in module.instances:
                if instance.module not in self._modules:
                    raise BeyondError
                inner = self._allocate(instance.module)
                self._connect(instance, base, inner)
                todo.append((instance.module, inner, depth + 1))

    def _allocate(self, name: str) -> int:
        base = self._size
        self._size += self._modules[name].size
        if self._size > _MAX_NETS or len(self._drivers) > _MAX_NETS:
            raise BeyondError
        return base

    def _drive(self, net: int, tree: Tree, base: int) -> None:
        if net in self._drivers or net in self._fixed:
            raise BeyondError
        self._drivers[net] = (tree, base)

    def _connect(self, instance: _Instance, outer: int, inner: int) -> None:
        module = self._modules[instance.module]
        given = instance.named or dict(zip(module.ports, instance.ordered, strict=False))
        if len(instance.ordered) > len(module.ports) or not given.keys() <= module.ports.keys():
            raise BeyondError
        for name, direction in module.ports.items():
            bits, nets = given.get(name, []), module.names[name].bits()
            if direction == "output" and not bits:
                continue
            if len(bits) != len(nets):
                raise BeyondError
            for bit, net in zip(bits, nets, strict=True):
                if direction == "input":
                    self._drive(inner + net, bit, outer)
                elif type(bit) is int and bit >= 0:
                    self._drive(outer + bit, net, inner)
                else:
                    raise BeyondError

    def evaluate(self, logic: Logic, values: dict[int, int], root: int) -> int:
        """A net's value; ``values`` holds those of the inputs and of all nets seen so far."""
        words = WordLogic(logic)

        def step(net: int) -> list[int]:
            if net not in self._drivers:
                raise BeyondError
            tree, base = self._drivers[net]
            missing = [base + leaf for leaf in leaves(tree) if base + leaf not in values]
            if not missing:
                value = _value(words, tree, values, base)
                assert type(value) is int  # nothing here is ever undefined
                values[net] = value
            return missing

        settle(root, values, step, lambda *_: BeyondError())
        return values[root]


def _value(words: WordLogic, tree: Tree, values: dict[int, int], base: int) -> Bit:
    if type(tree) is int:
        return (0 if tree == ZERO else 1) if tree < 0 else values[base + tree]
    operator = tree[0]
    if operator == "[]":
        entries, address = ([_value(words, one, values, base) for one in part] for part in tree[1:])
        return words.entry(entries, address)
    if operator == "+":
        total = tree[1]
        if base not in total.results:
            terms = [[_value(words, bit, values, base) for bit in term] for term in total.terms]
            total.results[base] = words.total(terms, total.width)
        return total.results[base][tree[2]]
    operands = [_value(words, one, values, base) for one in tree[1:]]
    match operator:
        case "~":
            return words.not_(operands[0])
        case "?":
            return words.mux(operands[0], operands[1], operands[2])
        case "&":
            return words.all(operands)
        case "|":
            return words.any(operands)
        case _:
            return words.parity(operands)


def structure(sources: list[SourceText], top: str) -> Structure | None:
    """The flat design, or None if it is not all of the structural subset."""
    if any(source.system for source in sources):
        return None
    text = "".join(source.text for source in sources)
    if _BEYOND.search(text):
        return None
    try:
        return Structure(_Reader(_without_nettypes(text)).modules, top)
    except (BeyondError, RecursionError):
        return None


def _without_nettypes(text: str) -> str:
    """Names that are not declared are left to yosys, whatever their net type would be."""
    if "`" in text:
        text = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("`default_nettype"))
    if "`" in text or '"' in text:
        raise BeyondError
    return text
