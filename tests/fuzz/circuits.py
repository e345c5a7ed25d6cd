"""Fuzzes the compiler: `python tests/fuzz/circuits.py [--count N] [--seed S] [--slow K]`.

Random circuits of every legal shape go through random pipelines of passes and every level, and all that comes out is
compared with the interpreter on every score: a scalar oracle, torch, the text, BLIF, AIGER; and for every K-th circuit
what needs a compiler or a simulator: C, yosys' netlist of the Verilog, and the Verilog in Verilator, many to a build. A
circuit that fails is shrunk and kept in tests/fuzz/regressions, which the tests replay.
"""

from __future__ import annotations

import argparse
import ctypes
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "sim"))
from batch import Batch
from cbuild import Loaded
from strategies import _NODE_BYTES, _decode_node, _net, all_inputs, random_inputs

from lgc.backend.aiger import AigerAscii, AigerBinary
from lgc.backend.base import Target, to_bytes, write
from lgc.backend.blif import Blif
from lgc.backend.c import C99
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.shape import HeadShape
from lgc.frontend import ImportOptions, Layer, Model, lower
from lgc.frontend.registry import read_file
from lgc.ir import FIRST_INPUT, Builder, Circuit, Encoder, Head, Netlist, interp, parse_text
from lgc.ir.text import to_text
from lgc.ir.verify import verify_circuit
from lgc.passes import EXACT_LEVELS, PASSES, PassManager, optimize
from lgc.passes.dead import DeadGates

REGRESSIONS = Path(__file__).parent / "regressions"
LEVELS = EXACT_LEVELS
VECTORS = 96
BATCH = 40
Bits = NDArray[np.bool_]
Compare = Callable[[Circuit, Bits, NDArray[np.int64]], None]
_YOSYS = """
import sys
from pyosys import libyosys as y
for name in sys.argv[1:]:
    d = y.Design()
    for command in (f"read_verilog {name}.v", "synth -flatten -lut 4 -top dut", f"write_blif {name}.blif"):
        y.run_pass(command, d)
"""


class Difference(AssertionError):
    """Two ways disagree about a circuit."""

    def __init__(self, way: str, circuit: Circuit, reason: object) -> None:
        super().__init__(f"{way}: {reason}")
        self.way, self.circuit = way, circuit


def draw_circuit(rng: random.Random) -> Circuit:
    """Any valid circuit, from the bytes that the shared strategies decode; a quarter are layered models."""
    if rng.randrange(4) == 0:
        return lower(draw_model(rng))
    builder = Builder(rng.randint(1, 9), cons=rng.randrange(4) == 0)
    handles = [-1, *builder.layer("layer", 6).tolist()]
    earlier: list[tuple[int, tuple[int, ...]]] = []
    max_arity = rng.choice((1, 2, 2, 3, 4, 6))
    for _ in range(rng.choice((0, 3, 8, 20, 40))):
        table, operands = _decode_node(rng.randbytes(_NODE_BYTES), builder.num_nets, earlier, max_arity)
        builder.add(table, operands, rng.choice(handles))
        earlier.append((table, operands))
    outputs = [_net(byte, builder.num_nets) for byte in rng.randbytes(rng.randint(0, 16))]
    netlist = builder.build(outputs)
    return Circuit("c", Encoder(netlist.num_inputs), netlist, draw_head(rng, len(outputs)))


def draw_head(rng: random.Random, outputs: int) -> Head:
    """Groups of any size, bias of any sign, both tie rules."""
    count = rng.randint(1, 5)
    cuts = sorted(rng.randint(0, outputs) for _ in range(count - 1))
    bias = [rng.choice((0, 0, rng.randint(-9, 9))) for _ in range(count)]
    names = tuple(f"k{index}" for index in range(count))
    return Head(np.array([0, *cuts, outputs]), np.array(bias), names, tie=rng.choice(("first", "last")))


def draw_model(rng: random.Random) -> Model:
    """A layered model, which torch can run."""
    widths = [rng.randint(2, 9), *(rng.randint(1, 14) for _ in range(rng.randint(1, 3)))]
    classes = rng.choice([count for count in range(1, 6) if widths[-1] % count == 0])
    layers = []
    for index, width in enumerate(widths[1:]):
        arity = rng.choice((1, 2, 2, 3, 4))
        wires = [[rng.randrange(widths[index]) for _ in range(arity)] for _ in range(width)]
        tables = [rng.randrange(1 << (1 << arity)) for _ in range(width)]
        layer = Layer(f"layer{index + 1}", np.array(wires, np.int64), np.array(tables, np.uint64), (index,))
        layers.append(layer)
    names = tuple(f"k{index}" for index in range(classes))
    bias = np.array([rng.choice((0, rng.randint(-9, 9))) for _ in names])
    head = Head.equal_groups(widths[-1], names, bias=bias)
    return Model("c", Encoder(widths[0]), tuple(layers), head)


def vectors(circuit: Circuit, rng: random.Random) -> Bits:
    """All inputs of a small circuit, else random ones."""
    count = circuit.netlist.num_inputs
    return all_inputs(count) if 1 << count <= VECTORS else random_inputs(count, VECTORS, rng.randrange(1 << 30))


def scalar(circuit: Circuit, bits: Bits) -> NDArray[np.int64]:
    """Scores by plain Python, one sample at a time: shares nothing with the interpreter."""
    netlist, head, result = circuit.netlist, circuit.head, []
    for row in bits.tolist():
        nets = [False, True, *row]
        for node in range(netlist.num_nodes):
            operands = [nets[net] for net in netlist.fanin[node, : netlist.arity[node]].tolist()]
            address = sum(1 << place for place, bit in enumerate(operands) if bit)
            nets.append(bool((int(netlist.table[node]) >> address) & 1))
        votes = [nets[net] for net in netlist.outputs.tolist()]
        groups = zip(head.offsets[:-1].tolist(), head.offsets[1:].tolist(), strict=True)
        result.append([sum(votes[lo:hi]) for lo, hi in groups])
    return np.array(result, np.int64).reshape(len(bits), head.num_classes) + head.bias


def same(seen: NDArray[np.int64], expected: NDArray[np.int64]) -> None:
    np.testing.assert_array_equal(seen, expected)


def compare_scalar(circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
    same(scalar(circuit, bits[:8]), expected[:8])


def compare_level(level: str, circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
    optimised = optimize(circuit, level)
    verify_circuit(optimised)
    same(interp.scores(optimised, bits), expected)


def compare_passes(seed: int, circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
    """A random pipeline, every invariant verified and every score compared after each pass."""
    rng = random.Random(seed)
    names = [rng.choice([name for name in PASSES if name != "thermometer"]) for _ in range(rng.randint(1, 6))]
    manager = PassManager(check=True)
    for name in names:
        circuit = manager.run(circuit, (PASSES[name](),))
        np.testing.assert_array_equal(interp.scores(circuit, bits), expected, err_msg=f"after {name} of {names}")


def compare_text(circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
    text = to_text(circuit)
    again = parse_text(text)
    assert to_text(again) == text, "the text does not round-trip"
    same(interp.scores(again, bits), expected)


def compare_file(target: Target, suffix: str, circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
    """Another tool's format, written and read again."""
    if not circuit.netlist.num_outputs:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"net{suffix}"
        path.write_bytes(to_bytes(target, circuit))
        votes = interp.evaluate(read_netlist(path), bits)
    same(interp.scores(circuit.with_netlist(as_votes(votes.shape[1])), votes), expected)


def read_netlist(path: Path) -> Netlist:
    result = read_file(path, ImportOptions({"classes": 1})).result
    assert isinstance(result, Circuit)
    return result.netlist


def as_votes(count: int) -> Netlist:
    """The identity: votes in, votes out."""
    return Builder(count).build(list(range(FIRST_INPUT, FIRST_INPUT + count)))


def compare_torch(circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
    """The circuit as one torch layer for each wavefront of lookup tables, with skip connections."""
    from lgc.frontend.software import SoftwareModel

    model = as_model(circuit)
    if model is not None:
        same(SoftwareModel.from_model(model).scores(bits), expected)


def as_model(circuit: Circuit) -> Model | None:
    """Layers, if the circuit has them: equal groups, nodes of one arity a layer that read the layer before."""
    netlist, head = circuit.netlist, circuit.head
    sizes = set(head.sizes.tolist())
    if head.tie != "first" or len(sizes) != 1 or sizes == {0} or not netlist.num_nodes:
        return None
    runs, layers, before = list(netlist.runs()), [], range(FIRST_INPUT, netlist.first_node)
    for index, (lo, hi) in enumerate(runs):
        arities = set(netlist.arity[lo:hi].tolist())
        wires = netlist.fanin[lo:hi, : max(arities)].astype(np.int64) - before.start
        if len(arities) != 1 or arities == {0} or wires.min() < 0 or wires.max() >= len(before):
            return None
        layers.append(Layer(f"layer{index + 1}", wires, netlist.table[lo:hi], (index,)))
        before = range(netlist.first_node + lo, netlist.first_node + hi)
    if netlist.outputs.tolist() != list(before):
        return None
    return Model("c", circuit.encoder, tuple(layers), head)


def cheap_ways(rng: random.Random) -> dict[str, Compare]:
    """Ways that take no other program."""
    levels: dict[str, Compare] = {level: partial(compare_level, level) for level in LEVELS}
    files: dict[str, Compare] = {
        "blif": partial(compare_file, Blif(), ".blif"),
        "aiger": partial(compare_file, AigerBinary(), ".aig"),
        "aiger text": partial(compare_file, AigerAscii(), ".aag"),
    }
    random_passes = partial(compare_passes, rng.randrange(1 << 30))
    first: dict[str, Compare] = {"scalar": compare_scalar, "passes": random_passes, "text": compare_text}
    return {**first, **levels, **files, "torch": compare_torch}


def check(circuit: Circuit, seed: int, ways: dict[str, Compare] | None = None) -> list[str]:
    """Compare one circuit in every cheap way; returns the ways.

    Raises:
        Difference: with the way that disagrees.
    """
    rng = random.Random(seed)
    ways = ways if ways is not None else cheap_ways(rng)
    verify_circuit(circuit)
    bits = vectors(circuit, rng)
    expected = interp.scores(circuit, bits)
    for name, compare in ways.items():
        try:
            compare(circuit, bits, expected)
        except Exception as error:
            raise Difference(name, circuit, error) from error
    return list(ways)


def check_c(circuits: Sequence[Circuit], seed: int) -> None:
    """All in one library."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index, circuit in enumerate(circuits):
            write(C99(prefix=f"n{index}"), circuit, folder / f"n{index}.c")
        sources = [str(folder / f"n{index}.c") for index in range(len(circuits))]
        subprocess.run(
            ["cc", "-std=c99", "-O0", "-shared", "-fPIC", *sources, "-o", str(folder / "all.so")], check=True
        )
        library = ctypes.CDLL(str(folder / "all.so"))
        for index, circuit in enumerate(circuits):
            bits = vectors(circuit, rng)
            run = Loaded.of(library, circuit, f"n{index}")
            scores, classes = run("bits", np.packbits(bits, axis=1, bitorder="little"))
            expected = interp.scores(circuit, bits)
            if not ((scores == expected).all() and (classes == circuit.head.classify(expected)).all()):
                raise Difference("C", circuit, "scores or classes differ")


def check_yosys(circuits: Sequence[Circuit], seed: int) -> None:
    """The Verilog, synthesised to lookup tables of four inputs by yosys; all in one process."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"c{index}" for index in range(len(circuits))]
        for label, circuit in zip(names, circuits, strict=True):
            (folder / f"{label}.v").write_bytes(to_bytes(Verilog(top="dut"), circuit))
        subprocess.run([sys.executable, "-c", _YOSYS, *names], cwd=folder, check=True, capture_output=True)
        for label, circuit in zip(names, circuits, strict=True):
            bits = vectors(circuit, rng)
            outputs = interp.evaluate(read_netlist(folder / f"{label}.blif"), bits).astype(np.int64)
            shape, expected = HeadShape.of(circuit), interp.scores(circuit, bits)
            classes = outputs[:, : shape.index] @ (1 << np.arange(shape.index))
            fields = outputs[:, shape.index :].reshape(len(bits), shape.num_classes, shape.score)
            scores = fields @ (1 << np.arange(shape.score))
            if not ((scores == expected & ((1 << shape.score) - 1)).all()
                    and (classes == circuit.head.classify(expected)).all()):  # fmt: skip
                raise Difference("yosys", circuit, "scores or classes differ")


def check_verilator(circuits: Sequence[Circuit], seed: int) -> None:
    """The Verilog as hardware sees it, combinational; all in one simulator."""
    with tempfile.TemporaryDirectory() as folder:
        batch = Batch(circuits, Path(folder), lanes=1, pipelined=False)
        batch.check(random_inputs(batch.num_inputs, VECTORS, seed))


SLOW: dict[str, Callable[[Sequence[Circuit], int], None]] = {
    "C": check_c,
    "yosys": check_yosys,
    "Verilator": check_verilator,
}


def shrink(circuit: Circuit, fails: Callable[[Circuit], bool]) -> Circuit:
    """A smaller circuit that still fails: fewer outputs and nodes, no bias; nothing more can go."""
    while (smaller := next((one for one in _smaller(circuit) if fails(one)), None)) is not None:
        circuit = smaller
    return circuit


def _smaller(circuit: Circuit) -> Iterator[Circuit]:
    netlist, head = circuit.netlist, circuit.head
    for index in range(netlist.num_outputs):
        offsets = head.offsets - (head.offsets > index)
        outputs = np.delete(netlist.outputs, index)
        yield replace(circuit, netlist=netlist.with_outputs(outputs), head=replace(head, offsets=offsets))
    if head.bias.any():
        yield replace(circuit, head=replace(head, bias=np.zeros_like(head.bias)))
    pruned = DeadGates().run(circuit).circuit
    if pruned.netlist.num_nodes < netlist.num_nodes:
        yield pruned
    for node in reversed(range(netlist.num_nodes)):
        for net in (0, *netlist.fanin[node, : min(1, netlist.arity[node])].tolist()):
            yield circuit.with_netlist(_without(netlist, node, net))


def _without(netlist: Netlist, node: int, net: int) -> Netlist:
    """Readers of a node read another net; the node is gone."""
    gone = netlist.first_node + node

    def moved(values: NDArray[np.int32]) -> NDArray[np.int32]:
        values = np.where(values == gone, net, values)
        return values - (values > gone)

    return replace(
        netlist,
        fanin=np.delete(moved(netlist.fanin), node, axis=0),
        arity=np.delete(netlist.arity, node),
        table=np.delete(netlist.table, node),
        origin=np.delete(netlist.origin, node),
        outputs=moved(netlist.outputs),
    )


def keep(difference: Difference, seed: int, folder: Path = REGRESSIONS) -> Path:
    """Shrink what failed and write it down."""
    way = difference.way

    def fails(circuit: Circuit) -> bool:
        try:
            if way in SLOW:
                SLOW[way]([circuit], seed)
            else:
                check(circuit, seed)
        except AssertionError as error:  # another way that fails is another finding
            return getattr(error, "way", way) == way
        except subprocess.CalledProcessError:
            return way in SLOW
        return False

    small = shrink(difference.circuit, fails)
    folder.mkdir(exist_ok=True)
    path = folder / f"{way.replace(' ', '-').lower()}-{small.digest()[:12]}.lgn"
    path.write_text(to_text(small))
    return path


def check_batch(way: str, batch: Sequence[Circuit], seed: int) -> None:
    """A slow way on many circuits; if it fails, the one to blame is found by halving.

    Raises:
        Difference: with that circuit.
    """
    try:
        SLOW[way](batch, seed)
    except Exception as error:
        if len(batch) == 1:
            raise Difference(way, batch[0], error) from error
        half = len(batch) // 2
        check_batch(way, batch[:half], seed)
        check_batch(way, batch[half:], seed)
        raise Difference(way, batch[0], f"only together: {error}") from error


def fuzz(count: int, seed: int, slow: int, levels: Sequence[str] = ("O0", "O2")) -> Counter[str]:
    """Returns how many circuits went each way.

    Args:
        slow: every so many circuits one goes the slow ways too, at one of ``levels`` in turn; 0 for none.
    """
    rng = random.Random(seed)
    done: Counter[str] = Counter()
    batch: list[Circuit] = []
    start = time.monotonic()
    for index in range(count):
        circuit = draw_circuit(rng)
        done.update(check(circuit, rng.randrange(1 << 30)))
        done["torch"] -= as_model(circuit) is None
        if slow and index % slow == 0:
            batch.append(optimize(circuit, levels[len(batch) % len(levels)]))
        if len(batch) == BATCH or (batch and index == count - 1):
            for way in SLOW:
                check_batch(way, batch, seed)
                done[way] += len(batch)
            batch = []
        if index % 1000 == 999:
            print(f"{index + 1} circuits, {time.monotonic() - start:.0f} s", flush=True)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--slow", type=int, default=50, help="every K-th circuit also in C, yosys and Verilator")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    try:
        done = fuzz(options.count, seed, options.slow)
    except Difference as difference:
        print(f"{difference}\nkept as {keep(difference, seed)}")
        sys.exit(1)
    print(f"{options.count} circuits, seed {seed}, no difference; " + ", ".join(f"{k} {v}" for k, v in done.items()))


if __name__ == "__main__":
    main()
