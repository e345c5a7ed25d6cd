"""Whether ``auto`` takes the right head: LUT sites by yosys of every head on every fabric, beside what rules say.

The circuits are small, so that all of them take minutes: random networks of several shapes, in two-input gates and
lookup tables, with and without biases, and one with its encoder in gates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lgc.backend.base import write
from lgc.backend.verilog import Verilog
from lgc.driver.bench import BenchAuto
from lgc.ir import FIRST_INPUT, Builder, Circuit, Encoder, Head
from lgc.mapping.choose import candidates, choose_head
from lgc.mapping.encoder import codes_of, lower_encoder
from lgc.mapping.estimate import estimate
from lgc.mapping.heads import all_heads
from lgc.mapping.heads.base import HeadArchitecture
from lgc.parts.fabrics import FABRICS
from lgc.parts.part import Part, find_part
from lgc.passes import optimize
from lgc.progress import Progress
from lgc.synth.flow import SynthOptions, synthesize
from lgc.tools.watchdog import scratch

PARTS = ("lut4", "lut6", "xc7-a35t", "ecp5-25k", "ice40-hx8k", "gowin-gw1n-9c")
"""One a fabric, and two that have no cells of their own: the plain Verilog of ``generic`` in tables of 4 and 6."""

_RULES = {
    "fixed": "for each part always the same head, the best one in hindsight",
    "tables": "the estimate as if there were no carry chains",
    "chains": "the estimate with the family's carry chains, by lookup tables",
    "sites": "the same, by LUT sites: `auto`",
}


@dataclass(frozen=True)
class AutoRow:
    """A circuit on a part.

    Attributes:
        measured: LUT sites of each head, by yosys.
        rules: the head that each rule takes.
    """

    circuit: str
    part: str
    measured: dict[str, int]
    rules: dict[str, str]

    @property
    def best(self) -> int:
        """The fewest sites."""
        return min(self.measured.values())

    def loss(self, head: str) -> int:
        """Sites that a head takes over the smallest."""
        return self.measured[head] - self.best


def network(
    inputs: int, widths: Sequence[int], classes: int, *, arity: int = 2, seed: int = 0, bias: int = 0, features: int = 0
) -> Circuit:
    """A random network, as training leaves one: every gate reads different nets, none is constant.

    Args:
        inputs: bits.
        widths: gates of each layer.
        bias: the largest bias of a class.
        features: whether, and how many, features of thresholds give the bits; their comparators are gates then.
    """
    rng = np.random.default_rng(seed)
    builder = Builder(inputs)
    layer = np.arange(FIRST_INPUT, builder.num_nets, dtype=np.int32)
    for index, width in enumerate(widths):
        fanin = np.stack([rng.choice(layer, arity, replace=False) for _ in range(width)])
        tables = np.array([_table(rng, arity) for _ in range(width)], np.uint64)
        layer = builder.add_layer(tables, fanin, builder.layer(f"layer{index}", width))
    head = Head.equal_groups(len(layer), tuple(f"class{index}" for index in range(classes)))
    if bias:
        head = Head(head.offsets, rng.integers(-bias, bias + 1, classes), head.classes)
    grid = np.sort(rng.integers(1, 255, (features, inputs // features)), axis=1) / 255 if features else None
    circuit = Circuit("network", Encoder(features or inputs, grid), builder.build(layer), head)
    return optimize(lower_encoder(circuit, codes_of(circuit)) if features else circuit)


def _table(rng: np.random.Generator, arity: int) -> int:
    """A table that depends on all of its operands."""
    while True:
        table = int.from_bytes(rng.bytes(8), "little") & ((1 << (1 << arity)) - 1)
        address = np.arange(1 << arity)
        bits = (table >> address.astype(object)) & 1
        if all((bits != bits[address ^ (1 << index)]).any() for index in range(arity)):
            return table


CIRCUITS: dict[str, Callable[[], Circuit]] = {
    "60 gates, 3 classes": lambda: network(32, [60], 3, seed=1),
    "200 gates, 10 classes": lambda: network(64, [200], 10, seed=2),
    "160 gates, 2 classes": lambda: network(100, [160], 2, seed=3),
    "240 gates of 784 inputs, 5 classes": lambda: network(784, [240], 5, seed=4),
    "80 + 120 gates, 4 classes": lambda: network(64, [80, 120], 4, seed=5),
    "3 layers of 90 gates, 3 classes, biases": lambda: network(64, [90, 90, 90], 3, seed=6, bias=20),
    "100 LUT4, 4 classes": lambda: network(100, [100], 4, arity=4, seed=7),
    "50 + 60 LUT5, 3 classes": lambda: network(64, [50, 60], 3, arity=5, seed=8),
    "80 LUT6, 4 classes": lambda: network(100, [80], 4, arity=6, seed=9),
    "160 gates, 4 classes, encoder in gates": lambda: network(48, [160], 4, seed=10, features=12),
}


def rows(asked: BenchAuto, progress: Progress) -> Iterator[AutoRow]:
    """Every circuit on every part, class out.

    Raises:
        MissingToolError, ToolError: yosys is missing, or failed.
    """
    for title, make in CIRCUITS.items():
        circuit = make()
        for name in asked.part or PARTS:
            progress.step(f"{title}, {name}")
            part = find_part(name)
            heads = [head.name for head in _comparable(part.fabric)]
            measured = {head: _sites(circuit, part, head) for head in heads}
            yield AutoRow(title, part.name, measured, _rules(circuit, part, heads))


def _comparable(fabric: str) -> list[HeadArchitecture]:
    """The heads that are measured: without a fabric, those that need no cells of one."""
    if fabric in FABRICS:
        return candidates(FABRICS[fabric])
    return [head for head in all_heads() if head.is_streaming and not head.needs_chains]


def _rules(circuit: Circuit, part: Part, heads: Sequence[str]) -> dict[str, str]:
    fabric, lut = part.fabric, part.lut_size
    plain = [estimate(circuit, lut=lut, head=head, outputs="class") for head in heads]
    chained = [estimate(circuit, lut=lut, head=head, outputs="class", family=part.family) for head in heads]
    return {
        "tables": min(plain, key=lambda one: one.luts).head,
        "chains": min(chained, key=lambda one: one.luts).head,
        "sites": min(chained, key=lambda one: one.sites).head,
        "auto": choose_head(circuit, fabric, part, outputs="class").head,
    }


def _sites(circuit: Circuit, part: Part, head: str) -> int:
    with scratch("lgc-bench-") as folder:
        source = folder / "net.v"
        write(Verilog(top="net", outputs="class", fabric=part.fabric, head=head), circuit, source)
        result = synthesize(source, part, SynthOptions(route=False))
    if result.problems:
        raise result.problems[0]
    return int(result.value("sites") or 0)


def markdown(rows: Iterable[AutoRow]) -> Iterator[str]:
    """The tables of docs/head.md: what was measured, and what each rule loses on parts whose fabric has cells."""
    heads = [head.name for head in all_heads() if head.is_streaming]
    yield f"| circuit | part | {' | '.join(heads)} | auto |"
    yield "|---" * (len(heads) + 3) + "|"
    found = []
    for row in rows:
        cells = (f"{row.measured[head]:,}" if head in row.measured else "" for head in heads)
        loss = row.loss(row.rules["auto"])
        taken = f"{row.rules['auto']}{f' (+{loss:,})' if loss else ''}"
        yield f"| {row.circuit} | {row.part} | {' | '.join(cells)} | {taken} |"
        found.append(row)
    yield ""
    yield from _rule_lines([row for row in found if find_part(row.part).fabric in FABRICS])


def _rule_lines(found: Sequence[AutoRow]) -> Iterator[str]:
    yield "| rule | takes the smallest | LUT sites over the smallest | at worst |"
    yield "|---|---|---|---|"
    fixed = {part: _best_fixed([row for row in found if row.part == part]) for part in {row.part for row in found}}
    for rule, title in _RULES.items():
        losses = [row.loss(row.rules.get(rule, fixed[row.part])) for row in found]
        worst = max((loss / row.best for loss, row in zip(losses, found, strict=True)), default=0.0)
        total = 100 * sum(losses) / max(1, sum(row.best for row in found))
        right = f"{losses.count(0)} of {len(found)}"
        yield f"| {title} | {right} | {sum(losses):,} ({total:.1f} %) | {100 * worst:.0f} % |"


def _best_fixed(found: Sequence[AutoRow]) -> str:
    """The head that takes the fewest sites over all of these rows, which have the same heads."""
    return min(found[0].measured, key=lambda head: sum(row.measured[head] for row in found))
