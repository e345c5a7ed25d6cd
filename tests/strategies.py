"""Hypothesis strategies that all tests share: netlists and circuits of every legal shape.

``from strategies import circuits, netlists, all_inputs``. What they draw is valid (``verify_circuit``
holds) and small enough that :func:`all_inputs` can try every input. Drawn on purpose, because passes and
emitters get them wrong: operands that are constants or repeated, nodes that ignore operands, equal and
complementary nodes, nodes equal but for one operand or for the order of three, one table number at several arities,
wide nodes with structure (parity, majority, threshold, multiplexer, AND), inverter chains, nodes nobody reads,
inputs and constants as outputs, votes counted up to eight times, empty groups, no nodes at all, origins shared and
absent, thresholds on both sides of a code, and names that need escaping.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from numpy.typing import NDArray

from lgc.ir import FIRST_INPUT, MAX_ARITY, Builder, Circuit, Column, Encoder, FeatureCode, Head, Inputs, Netlist
from lgc.ir.inputs import METADATA

names: SearchStrategy[str] = st.one_of(
    st.sampled_from(
        ["", "a", "layer1", "zero one", 'say "hi"', "back\\slash", "# no comment", "end", "\n", "é\u2028😀"]
    ),
    st.text(max_size=12),
)
"""Labels as a hostile checkpoint would have them (lone surrogates excepted)."""


def _special_tables(arity: int) -> list[int]:
    """Constants, wires, inverters and parity: more often than chance would draw them."""
    size = 1 << arity
    full = (1 << size) - 1
    wires = [sum(1 << a for a in range(size) if (a >> j) & 1) for j in range(arity)]
    parity = sum(1 << a for a in range(size) if a.bit_count() & 1)
    return [0, full, parity, *wires, *(full ^ wire for wire in wires)]


def _structured_tables(arity: int) -> list[int]:
    """Functions that depend on every operand and that emitters take apart: parity, thresholds, trees, a multiplexer."""
    size = 1 << arity
    half = arity // 2

    def table(function: Callable[[int], bool]) -> int:
        return sum(1 << address for address in range(size) if function(address))

    found = [
        table(lambda a: a.bit_count() % 2 == 1),
        *(table(lambda a, k=k: a.bit_count() >= k) for k in range(1, arity + 1)),  # OR, majority, AND
        table(lambda a: a.bit_count() == half),
        table(lambda a: bool(a >> arity - 1 & 1) if a & 1 else a.bit_count() % 2 == 1),  # a multiplexer
        table(lambda a: (a & ((1 << half) - 1)).bit_count() % 2 == 1 and a >> half != 0),
        table(lambda a: a & (a >> 1) != 0),  # two neighbours are set: no symmetry in the operands
    ]
    return [*found, *(table ^ ((1 << size) - 1) for table in found)]


_SPECIAL = [_special_tables(arity) for arity in range(MAX_ARITY + 1)]
_STRUCTURED = [_structured_tables(arity) for arity in range(MAX_ARITY + 1)]
_NODE_BYTES = 2 + MAX_ARITY + 8
MAX_VOTES = 8


def _net(byte: int, num_nets: int) -> int:
    """Any earlier net; half of the time one of the last few, which makes netlists deep."""
    choice, recent = divmod(byte, 2)
    return num_nets - 1 - choice % min(4, num_nets) if recent else choice % num_nets


Node = tuple[int, tuple[int, ...]]


def _all_ones(arity: int) -> int:
    return (1 << (1 << arity)) - 1


def _relative(kind: int, node: Node, net: int, max_arity: int) -> Node:
    """A node much like an earlier one: equal, its complement, or what a careless comparison takes for it."""
    table, operands = node
    arity = len(operands)
    if kind == 7:
        return table ^ _all_ones(arity), operands
    if kind == 8 and arity:  # the last operand differs
        return table, (*operands[:-1], net)
    if kind == 9:  # operands handed round: from three of them on this is its own inverse no longer
        return table, (*operands[1:], *operands[:1])
    if kind == 10 and arity < max_arity:  # the same number as a table, of one operand more
        return table, (*operands, net)
    return node


def _decode_node(code: bytes, num_nets: int, earlier: list[Node], max_arity: int) -> Node:
    """(table, operands) of a new node, of an inverter, or of one that is much like an earlier one."""
    kind, choice = code[0] % 13, code[1]
    if 6 <= kind <= 10 and earlier:
        return _relative(kind, earlier[choice % len(earlier)], _net(code[2], num_nets), max_arity)
    if kind == 5 and max_arity:
        return 1, (_net(code[2], num_nets),)
    arity = min(2, max_arity) if kind < 2 else max_arity - choice % 2 if kind >= 11 else choice % (max_arity + 1)
    arity = max(arity, 0)
    operands = tuple(_net(byte, num_nets) for byte in code[2 : 2 + arity])
    word = int.from_bytes(code[2 + MAX_ARITY :], "little")
    known = _SPECIAL[arity] if kind in (1, 2) else _STRUCTURED[arity] if kind >= 11 else ()
    return known[word % len(known)] if known else word & _all_ones(arity), operands


def _repeated(outputs: list[int], code: int, most: int) -> list[int]:
    """One of the outputs named up to ``MAX_VOTES`` times, side by side, as far as ``most`` allows."""
    if not outputs or code < 128:
        return outputs
    at, times = code % len(outputs), 2 + code % (MAX_VOTES - 1)
    room = max(0, most - len(outputs))
    return [*outputs[:at], *[outputs[at]] * min(times - 1, room), *outputs[at:]]


@st.composite
def netlists(
    draw: DrawFn,
    *,
    min_inputs: int = 1,
    max_inputs: int = 6,
    max_nodes: int = 20,
    max_arity: int = MAX_ARITY,
    max_outputs: int = 10,
) -> Netlist:
    """Valid netlists of arity 0 to ``max_arity``, with origins on most nodes."""
    # A node is drawn as one byte string: a draw for every field would be ten times slower.
    builder = Builder(draw(st.integers(min_inputs, max_inputs)), cons=draw(st.integers(0, 3)) == 3)
    handles = [-1]
    for name in draw(st.lists(names, max_size=2)):
        handles += builder.layer(name, draw(st.integers(0, 5))).tolist()
    earlier: list[Node] = []
    count = draw(st.integers(0, max_nodes))
    code_strategy = st.binary(min_size=_NODE_BYTES, max_size=_NODE_BYTES)
    for code in draw(st.lists(code_strategy, min_size=count, max_size=count)):
        table, operands = _decode_node(code, builder.num_nets, earlier, max_arity)
        builder.add(table, operands, handles[(code[0] >> 3) % len(handles)])
        earlier.append((table, operands))
    count = draw(st.integers(0, max_outputs))
    outputs = [_net(byte, builder.num_nets) for byte in draw(st.binary(min_size=count, max_size=count))]
    return builder.build(_repeated(outputs, draw(st.integers(0, 255)), max_outputs))


@st.composite
def encoders(draw: DrawFn, num_bits: int) -> Encoder:
    """Encoders of exactly ``num_bits`` bits: binary, or thresholds (F, T), some of them repeated or negative."""
    width = draw(st.sampled_from([0, *(t for t in range(1, num_bits + 1) if num_bits % t == 0)]))
    if width == 0:
        return Encoder(num_bits)
    value = st.one_of(
        st.sampled_from([0.0, -0.0, 0.5, 1.0, -1.5, 127.0, 254.0, 254.5, 255.0, 256.0, 1e-300, 1e300, 0.1]),
        st.floats(allow_nan=False, allow_infinity=False),
    )
    rows = draw(st.lists(st.lists(value, min_size=width, max_size=width).map(sorted), min_size=num_bits // width,
                         max_size=num_bits // width))  # fmt: skip
    return Encoder(num_bits // width, np.array(rows, np.float64))


@st.composite
def heads(draw: DrawFn, num_outputs: int, *, max_classes: int = 4, equal_groups: bool = False) -> Head:
    """Heads over ``num_outputs`` outputs: groups of any size (or of equal size), bias, both tie rules."""
    if equal_groups:
        count = draw(st.sampled_from([c for c in range(1, max_classes + 1) if num_outputs % c == 0]))
        offsets = [index * (num_outputs // count) for index in range(count + 1)]
    else:
        count = draw(st.integers(1, max_classes))
        cuts = draw(st.lists(st.integers(0, num_outputs), min_size=count - 1, max_size=count - 1).map(sorted))
        offsets = [0, *cuts, num_outputs]
    bias = draw(st.lists(st.one_of(st.just(0), st.integers(-9, 9)), min_size=count, max_size=count))
    tau = draw(st.sampled_from([1.0, 0.1, 12.0, 1e-9, 3e20]))
    classes = tuple(draw(st.lists(names, min_size=count, max_size=count)))
    return Head(np.array(offsets), np.array(bias), classes, tau, draw(st.sampled_from(["first", "last"])))


@st.composite
def circuits(
    draw: DrawFn,
    *,
    max_inputs: int = 6,
    max_nodes: int = 20,
    max_arity: int = MAX_ARITY,
    max_outputs: int = 10,
    max_classes: int = 4,
    equal_groups: bool = False,
) -> Circuit:
    """Valid circuits: any encoder, netlist and head."""
    netlist = draw(netlists(max_inputs=max_inputs, max_nodes=max_nodes, max_arity=max_arity, max_outputs=max_outputs))
    return Circuit(
        name=draw(names),
        encoder=draw(encoders(netlist.num_inputs)),
        netlist=netlist,
        head=draw(heads(netlist.num_outputs, max_classes=max_classes, equal_groups=equal_groups)),
        metadata=draw(st.dictionaries(names, names, max_size=2)),
    )


def all_inputs(num_inputs: int) -> NDArray[np.bool_]:
    """Every input vector, bool (2^I, I)."""
    return ((np.arange(1 << num_inputs)[:, None] >> np.arange(num_inputs)) & 1).astype(np.bool_)


def random_inputs(num_inputs: int, samples: int, seed: int = 0) -> NDArray[np.bool_]:
    """Random vectors from sparse to dense, bool (samples, I); for netlists too wide for :func:`all_inputs`."""
    rng = np.random.default_rng(seed)
    return rng.random((samples, num_inputs)) < rng.uniform(0.02, 0.98, (samples, 1))


def random_circuit(
    num_inputs: int, widths: list[int], num_classes: int = 2, *, arity: int = 2, seed: int = 0, name: str = "random"
) -> Circuit:
    """A layered circuit as training makes them, fast at any size: random wiring and tables, with origins."""
    rng = np.random.default_rng(seed)
    builder = Builder(num_inputs)
    layer = np.arange(FIRST_INPUT, builder.num_nets)
    for index, width in enumerate(widths, 1):
        table = rng.integers(0, (1 << (1 << arity)) - 1, width, dtype=np.uint64, endpoint=True)
        handles = builder.layer(f"layer{index}", width)
        layer = builder.add_layer(table, rng.choice(layer, (width, arity)), handles)
    classes = tuple(f"class{index}" for index in range(num_classes))
    head = Head.equal_groups(len(layer), classes, tau=8.0)
    return Circuit(name, Encoder(num_inputs), builder.build(layer), head)


PIXELS = (
    Column("grey", "pixel", 0.0, 255.0, 255.0, 0.0, 8),
    Column("grey", "pixel", 0.0, 16.0, 16.0, 0.0, 5),
    Column("grey", "pixel", 0.0, 255.0, 1.0, 0.0, 8),
    Column("grey", "pixel", 0.0, 255.0, 128.0, 128.0, 8),
    Column("grey", "pixel", 0.0, 1023.0, 1023.0, 0.0, 10),
)


@st.composite
def columns(draw: DrawFn) -> Column:
    """Columns of every kind, with codes of all widths, scales and offsets as training makes them, and others."""
    kind = draw(st.sampled_from(["number", "number", "plain", "pixel", "category", "bit"]))
    if kind == "pixel":
        return draw(st.sampled_from(PIXELS))
    if kind == "category":
        return Column(draw(names), kind, words=tuple(f"w{index}" for index in range(draw(st.integers(1, 4)))))
    if kind == "plain":
        return Column("plain", "number", -5.0, 5.0)
    scale = draw(st.sampled_from([1.0, 0.37, 12.07, 1e-3, 4096.0, 1e5]))
    offset = draw(st.sampled_from([0.0, -84.2, 0.5, 3.0, 1e4]))
    bits = draw(st.integers(1, 12))
    low, high = (float((k - offset) / scale) for k in (0, (1 << bits) - 1))
    return Column(draw(names), "bit") if kind == "bit" else Column("n", "number", low, high, scale, offset, bits)


@st.composite
def known_circuits(draw: DrawFn) -> Circuit:
    """Circuits that know their input: columns of all kinds, or pixels, and thresholds on and between their codes."""
    pixels = draw(st.sampled_from([None, None, *PIXELS]))
    found = draw(st.lists(columns(), min_size=1, max_size=4)) if pixels is None else [pixels] * draw(st.integers(1, 5))
    inputs = Inputs(tuple(found))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = [row for column in found for row in _rows_of(column, rng)]
    circuit = random_circuit(2 * len(rows), [12, 12], 3, seed=int(rng.integers(1 << 30)))
    encoder = Encoder(len(rows), np.sort(np.array(rows, np.float64), axis=1))
    return Circuit("known", encoder, circuit.netlist, circuit.head, {METADATA: inputs.to_text()})


def _rows_of(column: Column, rng: np.random.Generator) -> list[list[float]]:
    """Two thresholds for each feature of a column."""
    if column.kind in ("bit", "category"):
        return [rng.choice([-0.5, 0.0, 0.5, 1.0], 2).tolist() for _ in range(column.num_features)]
    if not column.bits:
        return [rng.normal(0, 2, 2).tolist()]
    codes = rng.integers(0, column.top + 1, 2) + rng.choice([0.0, 0.5], 2)
    if column.kind == "number":
        return [codes.tolist()]
    values = FeatureCode(column.bits, column.scale, column.offset, dtype="float32").values(np.floor(codes))
    return [np.where(codes % 1 > 0, values + 0.5 / column.scale, values).tolist()]


def raw_rows(inputs: Inputs, count: int, seed: int = 0) -> NDArray[np.float64]:
    """Raw rows (count, C): values of every code, at both ends of what rounds to it, and outside of the range."""
    rng = np.random.default_rng(seed)
    return np.stack([_raw_column(column, count, rng) for column in inputs.columns], axis=1)


def _raw_column(column: Column, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    if column.kind == "category":
        return rng.integers(0, column.num_features + 1, count).astype(np.float64)
    if column.kind == "bit":
        return rng.integers(0, 2, count).astype(np.float64)
    if column.kind == "pixel":
        return rng.integers(0, int(column.high) + 1, count).astype(np.float64)
    if not column.bits:
        return rng.normal(0, 2, count)
    codes = rng.integers(0, column.top + 1, count)
    edge = (codes - 0.5 - column.offset) / column.scale
    near = np.choose(rng.integers(0, 3, count), [np.nextafter(edge, -np.inf), edge, np.nextafter(edge, np.inf)])
    return np.where(
        rng.random(count) < 0.5, near, (codes + rng.uniform(-0.5, 0.5, count) - column.offset) / column.scale
    )
