"""ONNX: the hard model in Boolean operators, for runtimes that know nothing of gates.

Input ``bits``, bool (batch, I); outputs ``scores``, int64 (batch, classes), and ``class``, int64 (batch). With
thresholds the input is ``features``, double (batch, F), instead; and of a model whose features are other numbers than
people have, ``columns``, double (batch, C): raw rows, which the graph encodes.
Nodes are grouped by level and table: a level is a few Gather and Boolean operators, whatever its number of gates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

import lgc
from lgc.backend.base import Format
from lgc.errors import InputError
from lgc.ir import Circuit, Column, Inputs, Netlist
from lgc.ir.inputs import LABELS, METADATA
from lgc.ir.ports import INPUT_NAMES, OUTPUT_NAMES
from lgc.tools.find import missing

_OPSET = 17
_IR_VERSION = 8


@dataclass(frozen=True)
class Onnx(Format):
    """An ONNX model of encoder, netlist and head. Needs the package ``onnx``."""

    name: ClassVar[str] = "onnx"
    binary: ClassVar[bool] = True

    def validate(self, circuit: Circuit) -> None:
        """Refuse circuits without inputs.

        Raises:
            MissingToolError: the package ``onnx`` is not installed.
            InputError: the circuit has no inputs.
        """
        _require_onnx()
        if circuit.encoder.num_bits < 1:
            raise InputError("the circuit has no inputs", hint="An ONNX graph needs one")

    def emit(self, circuit: Circuit, stream: BinaryIO) -> None:
        """Write the model, checked by onnx."""
        onnx = _require_onnx()
        graph = _Graph(onnx)
        bits = _encoder(graph, circuit)
        outputs = _netlist(graph, circuit.netlist, bits)
        _head(graph, circuit, outputs)
        model = onnx.helper.make_model(
            graph.finish(circuit),
            producer_name="lgc",
            producer_version=lgc.__version__,
            opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
        )
        digests = {"lgc_circuit": circuit.digest(), "lgc_model": circuit.metadata.get("model_digest", "none")}
        onnx.helper.set_model_props(model, digests | named_ports(circuit))
        onnx.checker.check_model(model)
        stream.write(model.SerializeToString(deterministic=True))


def named_ports(circuit: Circuit) -> dict[str, str]:
    """Properties that say what comes in and goes out, as JSON: names of a plain netlist's ports, columns, labels."""
    keys = (INPUT_NAMES, OUTPUT_NAMES, METADATA, LABELS)
    return {f"lgc_{key}": circuit.metadata[key] for key in keys if key in circuit.metadata}


def _require_onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise missing("onnx") from None
    return onnx


@dataclass
class _Graph:
    """Nodes and constants, with fresh names."""

    onnx: Any
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def constant(self, array: NDArray[Any]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"t{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def gather(self, source: str, rows: NDArray[np.integer]) -> str:
        return self.op("Gather", source, self.constant(rows.astype(np.int64)), axis=0)

    def finish(self, circuit: Circuit) -> Any:
        helper, types = self.onnx.helper, self.onnx.TensorProto
        name, width = input_of(circuit)
        kind = types.BOOL if name == "bits" else types.DOUBLE
        return helper.make_graph(
            self.nodes,
            "lgc",
            [helper.make_tensor_value_info(name, kind, ["batch", width])],
            [
                helper.make_tensor_value_info("scores", types.INT64, ["batch", circuit.head.num_classes]),
                helper.make_tensor_value_info("class", types.INT64, ["batch"]),
            ],
            self.constants,
        )


def input_of(circuit: Circuit) -> tuple[str, int]:
    """The name of the input, ``bits``, ``features`` or ``columns``, and its width."""
    if circuit.inputs is not None and circuit.inputs.changes:
        return "columns", len(circuit.inputs.columns)
    return inner_input(circuit), circuit.encoder.num_features


def inner_input(circuit: Circuit) -> str:
    """The tensor (batch, F) that the encoder reads: the input, or what is made of it."""
    return "bits" if circuit.encoder.thresholds is None else "features"


def _columns(graph: _Graph, inputs: Inputs, target: str) -> None:
    """Raw rows to the model's features, each kind of column at once, by the very operations of docs/checkpoint.md."""
    types = graph.onnx.TensorProto
    source = graph.op("Transpose", "columns", perm=[1, 0])
    parts, order = [], []
    for kind, places in inputs.places.items():
        columns = [inputs.columns[place] for place in places]
        counts = [column.num_features for column in columns]
        rows = graph.gather(source, np.repeat(places, counts))
        parts.append(_ENCODED[kind](graph, columns, rows))
        order += [
            int(inputs.firsts[place]) + word for place, n in zip(places, counts, strict=True) for word in range(n)
        ]
    joined = parts[0] if len(parts) == 1 else graph.op("Concat", *parts, axis=0)
    if order != sorted(order):
        joined = graph.gather(joined, np.argsort(order))
    if target == "bits":
        joined = graph.op("Cast", joined, to=types.BOOL)
    graph.op("Transpose", joined, output=target, perm=[1, 0])


def _as_they_are(_graph: _Graph, _columns: list[Column], rows: str) -> str:
    return rows


def _codes(graph: _Graph, columns: list[Column], rows: str) -> str:
    scale, offset, top = (
        graph.constant(np.array([[getattr(column, name)] for column in columns], np.float64))
        for name in ("scale", "offset", "top")
    )
    moved = graph.op("Add", graph.op("Add", graph.op("Mul", rows, scale), offset), graph.constant(np.array(0.5)))
    least = graph.op("Max", graph.op("Floor", moved), graph.constant(np.zeros((len(columns), 1))))
    return graph.op("Min", least, top)


def _pixels(graph: _Graph, columns: list[Column], rows: str) -> str:
    scale, offset = (
        graph.constant(np.array([[getattr(column, name)] for column in columns], np.float64))
        for name in ("scale", "offset")
    )
    types = graph.onnx.TensorProto
    single = graph.op("Cast", graph.op("Div", graph.op("Sub", rows, offset), scale), to=types.FLOAT)
    return graph.op("Cast", single, to=types.DOUBLE)


def _words(graph: _Graph, columns: list[Column], rows: str) -> str:
    indices = np.concatenate([np.arange(column.num_features) for column in columns]).astype(np.float64)
    equal = graph.op("Equal", rows, graph.constant(indices[:, None]))
    return graph.op("Cast", equal, to=graph.onnx.TensorProto.DOUBLE)


_ENCODED = {"plain": _as_they_are, "code": _codes, "pixel": _pixels, "category": _words}
"""Rows (features of one kind of column, batch) of values to rows of features."""


def _encoder(graph: _Graph, circuit: Circuit) -> str:
    """The name of the bits, bool (I, batch): nets are rows."""
    thresholds = circuit.encoder.thresholds
    if circuit.inputs is not None and circuit.inputs.changes:
        _columns(graph, circuit.inputs, inner_input(circuit))
    if thresholds is None:
        return graph.op("Transpose", "bits", perm=[1, 0])
    columns = graph.op("Transpose", "features", perm=[1, 0])
    rows = graph.gather(columns, np.repeat(np.arange(len(thresholds)), thresholds.shape[1]))
    return graph.op("Greater", rows, graph.constant(thresholds.reshape(-1, 1)))


def _netlist(graph: _Graph, netlist: Netlist, bits: str) -> str:
    """The name of the outputs, bool (number of outputs, batch)."""
    # The constants as rows of the same batch: b XOR b and its complement.
    first = graph.gather(bits, np.array([0]))
    zero = graph.op("Xor", first, first)
    rows = graph.op("Concat", zero, graph.op("Not", zero), bits, axis=0)
    place = np.arange(netlist.num_nets)  # net to row
    filled = netlist.first_node
    for front in netlist.wavefronts():
        parts = [rows]
        keys = netlist.arity[front].astype(np.uint64), netlist.table[front]
        order = front[np.lexsort(keys)]
        changes = (np.diff(netlist.table[order]) != 0) | (np.diff(netlist.arity[order].astype(int)) != 0)
        for nodes in np.split(order, np.flatnonzero(changes) + 1):
            parts.append(_group(graph, netlist, nodes, rows, place))
            place[netlist.first_node + nodes] = np.arange(filled, filled + len(nodes))
            filled += len(nodes)
        rows = graph.op("Concat", *parts, axis=0)
    return graph.gather(rows, place[netlist.outputs])


def _group(graph: _Graph, netlist: Netlist, nodes: NDArray[np.int64], rows: str, place: NDArray[np.int64]) -> str:
    """Nodes of one table, as the OR of the ANDs of its ones."""
    arity, table = int(netlist.arity[nodes[0]]), int(netlist.table[nodes[0]])
    operands = [graph.gather(rows, place[netlist.fanin[nodes, j]]) for j in range(arity)]
    if table in (0, (1 << (1 << arity)) - 1):
        return graph.gather(rows, np.full(len(nodes), int(table != 0)))
    complements = [graph.op("Not", operand) for operand in operands]
    result = ""
    for address in range(1 << arity):
        if not table >> address & 1:
            continue
        term = ""
        for j in range(arity):
            literal = operands[j] if address >> j & 1 else complements[j]
            term = graph.op("And", term, literal) if term else literal
        result = graph.op("Or", result, term) if result else term
    return result


def _head(graph: _Graph, circuit: Circuit, outputs: str) -> None:
    """Scores by ReduceSum over each group, and the class by the tie rule."""
    head = circuit.head
    counts = graph.op("Cast", outputs, to=graph.onnx.TensorProto.INT64)
    axis = graph.constant(np.array([0], np.int64))
    sums = []
    for group in range(head.num_classes):
        members = graph.gather(counts, np.arange(head.offsets[group], head.offsets[group + 1]))
        sums.append(graph.op("ReduceSum", members, axis, keepdims=1))
    total = graph.op("Concat", *sums, axis=0)
    biased = graph.op("Add", total, graph.constant(head.bias.reshape(-1, 1)))
    graph.op("Transpose", biased, output="scores", perm=[1, 0])
    graph.op("ArgMax", "scores", output="class", axis=1, keepdims=0, select_last_index=int(head.tie == "last"))
