"""A network of gates with a majority vote, as an Amaranth component. Needs amaranth and nothing else."""

from bisect import bisect_left
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

    Plain ports: ``bits`` (or ``features``, where the encoder is among the gates) in, ``scores`` (an array) and
    ``class_id`` out. With register ranks there are ``in_valid`` and ``out_valid`` too, and results come ``latency``
    clocks later. Stream ports: ``i`` carries the input, ``o`` a struct of ``scores`` and ``class_id``; when ``o`` has
    to wait, everything does.
    """

    def __init__(self, net: dict[str, Any], *, stream: bool = False) -> None:
        self.net = net
        self.latency = len(net["ranks"])
        self.score_shape = Shape(*net["score"])
        count = len(net["groups"])
        self.result_layout = data.StructLayout(
            {"scores": data.ArrayLayout(self.score_shape, count), "class_id": max(1, (count - 1).bit_length())}
        )
        self.uses_stream = stream
        super().__init__(self._ports())

    def _ports(self) -> dict[str, Any]:
        net, members = self.net, self.result_layout.members
        if self.uses_stream:
            return {"i": In(stream.Signature(net["inputs"])), "o": Out(stream.Signature(self.result_layout))}
        plain = {net["port"]: In(net["inputs"]), "class_id": Out(members["class_id"]), "scores": Out(members["scores"])}
        return plain | ({"in_valid": In(1), "out_valid": Out(1)} if self.latency else {})

    def elaborate(self, platform: object) -> Module:
        """The hardware: gates, votes, scores and class, with registers behind the levels that ``ranks`` names."""
        del platform
        m = Module()
        enable = self._control(m)
        inputs = self.i.payload if self.uses_stream else getattr(self, self.net["port"])
        votes = self._gates(m, inputs, enable)
        scores = self._scores(m, votes, enable)
        scores, class_id = self._argmax(m, scores, enable)
        target = self.o.payload if self.uses_stream else self
        m.d.comb += [target.scores[c].eq(score) for c, score in enumerate(scores)]
        m.d.comb += target.class_id.eq(class_id)
        return m

    def _control(self, m: Module) -> Any:
        """Wires the valid bits; gives the signal without which nothing moves."""
        enable = Signal(init=1, name="enable")
        if self.uses_stream:
            m.d.comb += [enable.eq(self.o.ready | ~self.o.valid), self.i.ready.eq(enable)]
            valid, out = self.i.valid, self.o.valid
        elif self.latency:
            valid, out = self.in_valid, self.out_valid
        else:
            return enable
        for _ in range(self.latency):
            later = Signal(name="valid")  # the only registers that a reset clears
            with m.If(enable):
                m.d.sync += later.eq(valid)
            valid = later
        m.d.comb += out.eq(valid)
        return enable

    def _register(self, m: Module, value: Any, enable: Any) -> Any:
        register = Signal(Value.cast(value).shape(), name="rank", reset_less=True)
        with m.If(enable):
            m.d.sync += register.eq(value)
        return register

    def _rank(self, m: Module, stage: str, index: int, values: list[Any], enable: Any) -> list[Any]:
        """The values behind the ranks, if any, that stand behind a level."""
        for place in self.net["ranks"]:
            if place == (stage, index):
                values = [self._register(m, value, enable) for value in values]
        return values

    def _gates(self, m: Module, inputs: Value, enable: Any) -> list[list[Any]]:
        """The outputs of each group, behind all ranks among the gates.

        A net keeps the versions of it that later ranks read: the gates of one rank read nets of the same rank.
        """
        cuts = sorted(index for stage, index in self.net["ranks"] if stage in ("input", "gates"))
        nets: list[list[Any]] = [[Const(0, 1)], [Const(1, 1)], *([inputs[k]] for k in range(self.net["inputs"]))]
        levels = [0] * len(nets)

        def seen(net: int, rank: int) -> Any:
            versions = nets[net]
            if isinstance(versions[0], Const):
                return versions[0]
            while len(versions) <= rank - bisect_left(cuts, levels[net]):
                versions.append(self._register(m, versions[-1], enable))
            return versions[rank - bisect_left(cuts, levels[net])]

        for function, *operands in self.net["nodes"]:
            level = max((levels[net] + 1 for net in operands), default=0)
            values = [seen(net, bisect_left(cuts, level)) for net in operands]
            levels.append(level)
            nets.append([self._node(m, f"n{len(nets)}", function, values)])
        return [[seen(net, len(cuts)) for net in group] for group in self.net["groups"]]

    def _node(self, m: Module, name: str, function: Any, values: list[Any]) -> Any:
        if not values:
            return Const(function, 1)
        signal = Signal(name=name)
        if isinstance(function, str):
            m.d.comb += signal.eq(FUNCTIONS[function](*values))
        else:  # a lookup table, bit by bit
            m.d.comb += signal.eq(Array(Const(function, 1 << len(values)))[Cat(values)])
        return signal

    def _scores(self, m: Module, votes: list[list[Any]], enable: Any) -> list[Any]:
        """The ones of each group, by balanced trees of adders, plus its bias."""
        votes = [group or [Const(0, 1)] for group in votes]
        for level in range(1, _rounds(max(len(group) for group in votes)) + 1):
            votes = [
                [sum(group[k + 1 : k + 2], group[k]) for k in range(0, len(group), 2)] if len(group) > 1 else group
                for group in votes
            ]
            votes = [self._rank(m, "popcount", level, group, enable) for group in votes]
        scores = [Signal(self.score_shape, name=f"score_{c}") for c in range(len(votes))]
        for score, (total,), bias in zip(scores, votes, self.net["bias"], strict=True):
            m.d.comb += score.eq(total + bias if bias else total)
        return self._rank(m, "scores", 1, scores, enable)

    def _argmax(self, m: Module, scores: list[Any], enable: Any) -> tuple[list[Any], Any]:
        """Scores and the index of the best, by a tournament: the left one of two equal wins, or the right one."""
        left: list[tuple[Any, Any]] = [(score, Const(c)) for c, score in enumerate(scores)]
        for level in range(1, _rounds(len(scores)) + 1):
            left = [self._match(m, f"{level}_{k}", *left[k : k + 2]) for k in range(0, len(left), 2)]
            best = self._rank(m, "argmax", level, [score for score, _ in left], enable)
            index = self._rank(m, "argmax", level, [index for _, index in left], enable)
            left = list(zip(best, index, strict=True))
            scores = self._rank(m, "argmax", level, scores, enable)
        return scores, left[0][1]

    def _match(self, m: Module, name: str, a: tuple[Any, Any], b: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
        if b is None:
            return a
        wins = Signal(name=f"wins_{name}")
        best = Signal(self.score_shape, name=f"best_{name}")
        index = Signal(max(len(a[1]), len(b[1])), name=f"index_{name}")
        m.d.comb += [
            wins.eq(b[0] >= a[0] if self.net["tie"] == "last" else b[0] > a[0]),
            best.eq(Mux(wins, b[0], a[0])),
            index.eq(Mux(wins, b[1], a[1])),
        ]
        return best, index


def _rounds(leaves: int) -> int:
    """Levels of a binary tree."""
    return (leaves - 1).bit_length()
