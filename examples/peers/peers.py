"""Compiled CPU inference of the same network by lgc, difflogic and torchlogix, side by side.

    python examples/peers/peers.py examples/mnist/mnist-8k.pt [--samples 16384] [--rounds 5]

The peers' packages are fetched from PyPI into a temporary folder and imported from there, not installed: nothing but
their generators of C code is run. All three get the same network, unoptimised by lgc's passes except in lgc, and are
timed in turns in one process, on one thread, by processor time. Every score is compared before anything is timed.

What each includes: difflogic and torchlogix take one bool a bit and give integer scores (packing, gates, sums). lgc's
row "bools" does the same from the same array; its row "packed" starts from packed bits and ends with the class.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import types
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lgc.frontend import load_circuit
from lgc.ir import FIRST_INPUT, Circuit, interp
from lgc.ir.gates import ID_OF_TABLE
from lgc.runtime import Predictor

PACKAGES = ("difflogic==0.1.0", "torchlogix==0.2.2")
Run = Callable[[NDArray[np.bool_]], NDArray[np.integer]]


_STAND_IN = """
from setuptools import Extension
from setuptools.command.build_ext import build_ext as BuildExtension

def CUDAExtension(name, sources, **_):
    return Extension(name, sources)
"""


def fetch(folder: Path) -> None:
    """Download both packages and unpack them.

    difflogic exists as source only, and pip runs its set-up for the metadata, which wants torch with CUDA. A stand-in
    for the one module that it imports satisfies it; nothing is compiled.
    """
    module = folder / "stand-in" / "torch" / "utils"
    module.mkdir(parents=True)
    for path in (module.parent / "__init__.py", module / "__init__.py"):
        path.touch()
    (module / "cpp_extension.py").write_text(_STAND_IN)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation", "-d", str(folder)]
    subprocess.run([*command, *PACKAGES], check=True, env={**os.environ, "PYTHONPATH": str(folder / "stand-in")})
    for path in folder.iterdir():
        if path.suffix == ".whl":
            zipfile.ZipFile(path).extractall(folder)
        elif path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
    sys.path[:0] = [str(folder), str(folder / "difflogic-0.1.0")]
    sys.modules["difflogic_cuda"] = types.ModuleType("difflogic_cuda")  # only its CPU path is used


def gate_arrays(circuit: Circuit) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Operands and community gate ids of a network with one layer of two-input gates."""
    netlist = circuit.netlist
    if (netlist.arity != 2).any() or netlist.fanin.max() >= netlist.first_node or netlist.fanin.min() < FIRST_INPUT:
        raise SystemExit("the comparison takes networks of one layer of two-input gates")
    fanin = netlist.fanin.astype(np.int64) - FIRST_INPUT
    return fanin[:, 0], fanin[:, 1], ID_OF_TABLE[netlist.table].astype(np.int64)


def difflogic_runner(circuit: Circuit) -> Run:
    """difflogic's CompiledLogicNet, -O3. Its generator needs two layers: the first passes the inputs on."""
    from difflogic.compiled_model import CompiledLogicNet

    inputs = torch.arange(circuit.netlist.num_inputs)
    a, b, gates = (torch.from_numpy(array) for array in gate_arrays(circuit))
    net = CompiledLogicNet(None, num_bits=64)
    net.num_inputs = circuit.netlist.num_inputs
    net.num_classes = circuit.head.num_classes
    net.layers = [(inputs, inputs, torch.full_like(inputs, 3)), (a, b, gates)]
    net.compile(opt_level=3)
    return lambda bits: net(bits).numpy()


def import_circuit_module() -> types.ModuleType:
    """torchlogix/circuit.py alone; it needs no other module of the package.

    The file has one expression that only Python 3.12 reads, a triple quote within a triple quote. Before 3.12 the inner
    quotes are exchanged; the text that it makes is the same.
    """
    path = next(
        Path(folder) / "torchlogix" / "circuit.py" for folder in sys.path if (Path(folder) / "torchlogix").is_dir()
    )
    source = path.read_text()
    if sys.version_info < (3, 12):
        source = source.replace('pack_bits is None else f"""', "pack_bits is None else f'''").replace(
            '}}"""}"""', "}}'''}\"\"\""
        )
    module = types.ModuleType("torchlogix_circuit")
    sys.modules["torchlogix_circuit"] = module
    exec(compile(source, str(path), "exec"), module.__dict__)
    return module


def torchlogix_runner(circuit: Circuit) -> Run:
    """torchlogix' Circuit after its own simplify, 64 samples a word, -O3."""
    module = import_circuit_module()
    count = circuit.netlist.num_inputs
    gates = []
    for index, (a, b, gate) in enumerate(zip(*(array.tolist() for array in gate_arrays(circuit)), strict=True)):
        operation, uses_a, uses_b = module.LUT_ID_TO_GATE[gate]
        operands = [net for net, used in ((a, uses_a), (b, uses_b)) if used]
        gates.append(module.Gate(count + index, operation, *operands))
    first = count + len(gates)
    outputs = circuit.netlist.outputs.astype(np.int64) - FIRST_INPUT
    sums = [
        module.SumReduction(first + group, outputs[lo:hi].tolist())
        for group, (lo, hi) in enumerate(zip(circuit.head.offsets[:-1], circuit.head.offsets[1:], strict=True))
    ]
    peer = module.Circuit(count, [count], gates, [s.node_id for s in sums], [len(sums)], sums)
    peer.simplify()
    peer.compile(opt_level=3, pack_bits=64)
    return lambda bits: peer(bits, use_compiled=True)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="lgc, difflogic and torchlogix side by side.")
    parser.add_argument("model")
    parser.add_argument("--samples", type=int, default=16384)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    circuit = load_circuit(arguments.model)
    bits = np.random.default_rng(0).random((arguments.samples // 64 * 64, circuit.netlist.num_inputs)) < 0.3
    packed = np.packbits(bits, axis=1, bitorder="little")
    with tempfile.TemporaryDirectory() as name:
        fetch(Path(name))
        runners: dict[str, Callable[[], NDArray[np.integer]]] = {}
        predictor = Predictor(circuit, engine="c", threads=1)
        peers: dict[str, Run] = {}
        for label, make in (("difflogic", difflogic_runner), ("torchlogix", torchlogix_runner)):
            before = os.times()
            peers[label] = make(circuit)
            print(f"{label}: C compiler {os.times().children_user - before.children_user:.1f} s of processor time")
        expected = interp.scores(circuit, bits) - circuit.head.bias
        for label, run in peers.items():
            np.testing.assert_array_equal(run(bits), expected, err_msg=label)
            runners[label] = lambda run=run: run(bits)  # type: ignore[misc]
        np.testing.assert_array_equal(predictor.scores(bits), expected + circuit.head.bias)
        runners["lgc, bools to scores"] = lambda: predictor.scores(bits)
        runners["lgc, packed to scores"] = lambda: predictor.scores(packed, packed=True)
        runners["lgc, packed to class"] = lambda: predictor.predict(packed, packed=True)
        report(measure(runners, len(bits), arguments.rounds))


def measure(runners: dict[str, Callable[[], NDArray[np.integer]]], samples: int, rounds: int) -> dict[str, list[float]]:
    """Images/s of each, ``rounds`` times in turns."""
    rates: dict[str, list[float]] = {label: [] for label in runners}
    for _ in range(rounds):
        for label, run in runners.items():
            count, start = 0, time.thread_time()
            while (elapsed := time.thread_time() - start) < 0.3:
                run()
                count += 1
            rates[label].append(count * samples / elapsed)
    return rates


def report(rates: dict[str, list[float]]) -> None:
    """The best of each, and the median of the ratios within a round."""
    for label, values in rates.items():
        ratios = [
            f"{np.median(np.array(values) / np.array(rates[peer])):.1f} x {peer}"
            for peer in ("difflogic", "torchlogix")
        ]
        print(f"{label:24} {max(values):14,.0f} images/s {1e9 / max(values):10.1f} ns/image   {', '.join(ratios)}")


if __name__ == "__main__":
    main()
