"""From a table to a verified circuit on an FPGA part: python run.py TABLE

TABLE is breast-cancer, wine, digits, synthetic, nsl-kdd-2 or nsl-kdd-5.
Trains with the defaults, compiles with features as inputs and the class as output, verifies, and places and routes.
Then all test samples go through the simulated hardware: encode.py, which knows nothing but the manifest, makes words of
the rows of the CSV file. The classes that come out are compared with those of the model, and counted.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import datasets
import numpy as np

import lgc
from lgc.backend.manifest import read_manifest
from lgc.data.split import HELD_OUT, split
from lgc.parts.part import find_part
from lgc.sim.verilator import VerilatorSimulator

HERE = Path(__file__).parent
LABELS = {"breast-cancer": "diagnosis", "wine": "cultivar", "digits": "digit", "synthetic": "class"}
NSL_KDD = {"nsl-kdd-2": 2, "nsl-kdd-5": 5}


def files(name, folder):
    """The CSV file, that of the test samples or None, and the column of the labels."""
    if name in LABELS:
        return datasets.write(name, folder), None, LABELS[name]
    import nslkdd

    return *nslkdd.write(NSL_KDD[name], folder), "label"


def held_out(path, label, seed):
    """The file of the rows that `lgc train` holds out of a file."""
    with path.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    labels = [row[header.index(label)] for row in rows]
    held = split(np.unique(labels, return_inverse=True)[1], HELD_OUT, seed)[1]
    target = path.with_name(f"{path.stem}-test.csv")
    with target.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *(rows[index] for index in held)])
    return target


def hardware_classes(verilog, rows):
    """The class of each row of a CSV file, from the Verilog in a simulator."""
    manifest = read_manifest(verilog.with_suffix(".json"))
    encode = [sys.executable, HERE / "encode.py", verilog.with_suffix(".json"), rows]
    words = subprocess.run(encode, check=True, capture_output=True, text=True).stdout.split()
    width = manifest.port("features").width
    octets = b"".join(int(word, 16).to_bytes(-(-width // 8), "little") for word in words)
    bits = np.unpackbits(np.frombuffer(octets, np.uint8).reshape(len(words), -1), axis=1, bitorder="little")
    with tempfile.TemporaryDirectory() as folder:
        simulator = VerilatorSimulator(manifest, Path(folder))
        simulator.build(verilog)
        seen = simulator.run(bits[:, :width].astype(bool))
    assert seen.timing is None, seen.timing
    return seen.classes


def to_hardware(name, folder, *, seed=0, pipeline=8, fabric="generic", **settings):
    """Train, compile, verify, and compare. The compiled circuit, and accuracy as trained and in hardware."""
    folder.mkdir(parents=True, exist_ok=True)
    table, test, label = files(name, folder)
    model, verilog = folder / f"{name}.pt", folder / f"{name}.v"
    trained = lgc.train(str(table), label=label, test=test, output=model, seed=seed, split_seed=seed, **settings)
    print(trained)
    compiled = lgc.compile(model, verilog, input="features", outputs="class", pipeline=pipeline, fabric=fabric)
    test = test or held_out(table, label, seed)
    print(lgc.verify(model, verilog, data=str(test), label=label))

    with test.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    inputs = lgc.read(model).model.inputs.columns
    cells = [[row[one.name] if one.words else float(row[one.name]) for one in inputs] for row in rows]
    predicted = lgc.load(model).predict(np.array(cells, object))
    classes = hardware_classes(verilog, test)
    assert (classes == predicted).all(), f"{(classes != predicted).sum()} of {len(rows)} classes differ"
    names = np.array(compiled.circuit.head.classes)
    right = float(np.mean([row[label] == found for row, found in zip(rows, names[classes], strict=True)]))
    print(f"hardware: {len(rows):,} test samples, all classes as predicted, {right:.2%} right")
    assert right == trained.record["test_accuracy"], "training counted otherwise"
    return compiled, right


def main():
    """The whole way."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("name", choices=[*LABELS, *NSL_KDD])
    options.add_argument("--part", default="ecp5-25k", help="see `lgc synth --list`")
    options.add_argument("--seed", type=int, default=0, help="of the split and the training")
    options.add_argument("--pipeline", type=int, default=8, help="register stages")
    options.add_argument("--folder", type=Path, help="for all files; by default the name")
    asked = options.parse_args()
    folder = asked.folder or Path(asked.name)
    fabric = find_part(asked.part).fabric
    compiled, right = to_hardware(asked.name, folder, seed=asked.seed, pipeline=asked.pipeline, fabric=fabric)
    placed = lgc.synth(compiled, asked.part)
    print(placed)
    print(
        f"{asked.name}: {right:.2%} of the test samples, {placed.luts:.0f} lookup tables on {asked.part}, "
        f"{placed.fmax:.0f} MHz, {asked.pipeline} clocks"
    )


if __name__ == "__main__":
    main()
