"""Ways to compute a circuit's scores that take no other program, each compared with the interpreter."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from draw import Bits

from lgc.backend.aiger import AigerAscii, AigerBinary
from lgc.backend.base import Format, to_bytes
from lgc.backend.blif import Blif
from lgc.errors import OptionError
from lgc.frontend import ImportOptions, Layer, Model
from lgc.frontend.registry import read_file
from lgc.ir import FIRST_INPUT, Builder, Circuit, FeatureCodes, Netlist, interp, parse_text
from lgc.ir.text import to_text
from lgc.ir.verify import verify_circuit
from lgc.mapping.encoder import infer_code, lower_encoder
from lgc.passes import EXACT_LEVELS, PASSES, PassManager, optimize
from lgc.verify.features import features_for, given_by_features

LEVELS = EXACT_LEVELS
Compare = Callable[[Circuit, Bits, NDArray[np.int64]], None]


class NotForThisError(Exception):
    """This circuit cannot go this way."""


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


def compare_file(target: Format, suffix: str, circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
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


def compare_encoder(circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
    """Features on both sides of each threshold, encoded by plain Python."""
    del expected
    thresholds = circuit.encoder.thresholds
    if thresholds is None:
        raise NotForThisError
    features = features_for(circuit.encoder, bits)
    plain = [
        [x > t for x, row in zip(sample, thresholds.tolist(), strict=True) for t in row] for sample in features.tolist()
    ]
    np.testing.assert_array_equal(circuit.encoder.encode(features), np.array(plain, np.bool_).reshape(bits.shape))


def compare_ordered_level(circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
    """O3 is right for bits that features give."""
    del expected
    if circuit.encoder.thresholds is None:
        raise NotForThisError
    given = given_by_features(circuit.encoder, bits)
    optimised = optimize(circuit, "O3")
    verify_circuit(optimised)
    same(interp.scores(optimised, given), interp.scores(circuit, given))


def compare_codes(circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
    """The encoder among the gates, optimised with them, on integers: those next to every threshold, and others."""
    del expected
    encoder = circuit.encoder
    if encoder.thresholds is None:
        raise NotForThisError
    try:
        code = infer_code(encoder)
    except OptionError:  # real thresholds lie on no grid
        raise NotForThisError from None
    rng = np.random.default_rng(len(bits))
    near = np.rint(encoder.thresholds[:, 0] * code.scale + code.offset)
    codes = rng.integers(0, code.top, (len(bits), encoder.num_features), endpoint=True)
    steps = rng.integers(-1, 2, codes.shape)
    codes = np.where(rng.random(codes.shape) < 0.5, np.clip(near + steps, 0, code.top).astype(np.int64), codes)
    lowered = optimize(lower_encoder(circuit, code))
    verify_circuit(lowered)
    bits = FeatureCodes.uniform(code, encoder.num_features).bits(codes)
    same(interp.scores(lowered, bits), interp.scores(circuit, encoder.encode(code.values(codes))))


def compare_torch(circuit: Circuit, bits: Bits, expected: NDArray[np.int64]) -> None:
    """The circuit as one torch layer for each wavefront of lookup tables, with skip connections."""
    from lgc.frontend.software import SoftwareModel

    model = as_model(circuit)
    if model is None:
        raise NotForThisError
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
    behind: dict[str, Compare] = {"encoder": compare_encoder, "O3": compare_ordered_level, "codes": compare_codes}
    return {**first, **levels, **files, **behind, "torch": compare_torch}
