"""A network of gates with a majority vote, as an Amaranth component. Needs amaranth and nothing else."""

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "zero": lambda _a, _b: Const(0, 1),
    "and": lambda a, b: a & b,
    "andnot": lambda a, b: a & ~b,
    "a": lambda a, _b: a,
    "notand": lambda a, b: ~a & b,
    "b": lambda _a, b: b,
    "xor": lambda a, b: a ^ b,
    "or": lambda a, b: a | b,
    "nor": lambda a, b: ~(a | b),
    "xnor": lambda a, b: ~(a ^ b),
    "notb": lambda _a, b: ~b,
    "ornot": lambda a, b: a | ~b,
    "nota": lambda a, _b: ~a,
    "notor": lambda a, b: ~a | b,
    "nand": lambda a, b: ~(a & b),
    "one": lambda _a, _b: Const(1, 1),
}


class NetComponent(wiring.Component):  # type: ignore[misc]
    """A network of gates that votes.

    Plain ports: ``bits`` in, ``scores`` (an array) and ``class_index`` out, ``pipeline`` clocks later. Stream
    ports: ``i`` carries the bits, ``o`` a struct of ``scores`` and ``class_index``.
    """

    def __init__(self, net: dict[str, Any], *, pipeline: int = 0, stream: bool = False) -> None:
        self.net = net
        self.pipeline = pipeline
        count = len(net["groups"])
        lowest = min(net["bias"])
        highest = max(bias + len(group) for bias, group in zip(net["bias"], net["groups"], strict=True))
        self.score_shape = Shape.cast(range(min(lowest, 0), max(highest, 0) + 1))
        self.result_layout = data.StructLayout(
            {"scores": data.ArrayLayout(self.score_shape, count), "class_index": max(1, (count - 1).bit_length())}
        )
        self.uses_stream = stream
        super().__init__(self._ports(net["inputs"]))

    def _ports(self, inputs: int) -> dict[str, Any]:
        members = self.result_layout.members
        if self.uses_stream:
            return {"i": In(stream.Signature(inputs)), "o": Out(stream.Signature(self.result_layout))}
        return {
            "bits": In(inputs),
            "scores": Out(members["scores"]),
            "class_index": Out(members["class_index"]),
        }

    def elaborate(self, platform: object) -> Module:
        """The hardware: gates, votes, scores, class, with registers between them as ``pipeline`` says."""
        del platform
        m = Module()
        enable = Const(1, 1)
        if self.uses_stream:
            enable = Signal(name="enable")
            m.d.comb += [enable.eq(self.o.ready | ~self.o.valid), self.i.ready.eq(enable)]
            m.d.comb += self.o.valid.eq(self._delay(m, self.i.valid, enable))
        votes = self._gates(m, self.i.payload if self.uses_stream else self.bits)
        if self.pipeline >= 2:
            votes = [self._register(m, group, enable) for group in votes]
        scores = [self._score(group, bias) for group, bias in zip(votes, self.net["bias"], strict=True)]
        named = [Signal(self.score_shape, name=f"score_{c}") for c in range(len(scores))]
        m.d.comb += [signal.eq(score) for signal, score in zip(named, scores, strict=True)]
        if self.pipeline >= 3:
            named = [self._register(m, signal, enable) for signal in named]
        result = Signal(self.result_layout, name="result")
        m.d.comb += [result.scores[c].eq(signal) for c, signal in enumerate(named)]
        m.d.comb += result.class_index.eq(self._argmax(m, named))
        if self.pipeline >= 1:
            result = self._register(m, result, enable)
        target = self.o.payload if self.uses_stream else self
        m.d.comb += [target.scores.eq(result.scores), target.class_index.eq(result.class_index)]
        return m

    def _register(self, m: Module, value: Any, enable: Any) -> Any:
        register = Signal(value.shape(), name="stage")
        with m.If(enable):
            m.d.sync += register.eq(value)
        return register

    def _delay(self, m: Module, valid: Any, enable: Any) -> Any:
        for _ in range(self.pipeline):
            later = Signal(name="valid")
            with m.If(enable):
                m.d.sync += later.eq(valid)
            valid = later
        return valid

    def _gates(self, m: Module, bits: Value) -> list[Value]:
        """The output bits of each group, joined."""
        nets: list[Any] = [Const(0, 1), Const(1, 1), *(bits[k] for k in range(self.net["inputs"]))]
        for function, *operands in self.net["nodes"]:
            signal = Signal(name=f"n{len(nets)}")
            values = [nets[operand] for operand in operands]
            if isinstance(function, str):
                m.d.comb += signal.eq(FUNCTIONS[function](*values))
            else:  # a lookup table, bit by bit
                rows = Const(function, 1 << len(values))
                m.d.comb += signal.eq(Array(rows)[Cat(values)] if values else rows)
            nets.append(signal)
        return [Cat(nets[net] for net in group) for group in self.net["groups"]]

    def _score(self, bits: Value, bias: int) -> Value:
        """The number of ones, by a balanced tree of adders."""
        terms: list[Any] = [bits[k] for k in range(len(bits))] or [Const(0, 1)]
        while len(terms) > 1:
            terms = [sum(terms[k + 1 : k + 2], terms[k]) for k in range(0, len(terms), 2)]
        return terms[0] + bias if bias else terms[0]

    def _argmax(self, m: Module, scores: list[Any]) -> Any:
        """The index of the best score, in steps with signals: as one expression it would double every time."""
        best, index = scores[0], Const(0, 1)
        for c, score in enumerate(scores[1:], 1):
            wins = Signal(name=f"wins_{c}")
            m.d.comb += wins.eq(score >= best if self.net["tie"] == "last" else score > best)
            next_best = Signal(self.score_shape, name=f"best_{c}")
            next_index = Signal(c.bit_length(), name=f"index_{c}")
            m.d.comb += [next_best.eq(Mux(wins, score, best)), next_index.eq(Mux(wins, c, index))]
            best, index = next_best, next_index
        return index
