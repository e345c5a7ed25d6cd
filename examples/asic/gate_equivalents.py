"""A network's gate equivalents, as the public MNIST benchmark counts them: python gate_equivalents.py MODEL ...

The recipe is that of https://github.com/simon-jonas-buehrer/LGN-mnist-benchmark (docs/RULES.md, mnistbench/synth.py):
pixels in, 8 bits each, the class out; encoder, gates, counters and comparison are all counted. Yosys flattens, ABC
optimises by one fixed script and maps to the cells of sky130_fd_sc_hd; a gate equivalent is the area of a NAND2.

Of each model: compiled, proved equal with `--prove`, synthesised, and its accuracy on the test images. With `--keep
FILE` the rows are added to a CSV file; `--table FILE` prints it beside the leaderboard's points, and measures nothing.
"""

import argparse
import csv
import gzip
import os
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
from chains import verilog

import lgc
from lgc.frontend import ImportOptions, load_circuit
from lgc.ir.interp import evaluate
from lgc.synth.yosys import nand2_area
from lgc.tools.yosys import run_yosys

LEADERBOARD = Path(__file__).with_name("leaderboard.csv")
HEADINGS = ("who", "point", "ge", "accuracy")
SOURCE = "sky130/sky130hd_tt.lib.gz"
"""Where the cells are under LGC_DATA: sky130_fd_sc_hd__tt_025C_1v80.lib, packed."""

_RESYN2 = "balance;rewrite;refactor;balance;rewrite;rewrite,-z;balance;refactor,-z;rewrite,-z;balance"
SCRIPT = f"strash;{_RESYN2};dc2;{_RESYN2};resub,-K,8;dc2;{_RESYN2};map"


def cells(given):
    """The text of the Liberty file that was given, or of the one under LGC_DATA."""
    path = given or Path(os.environ.get("LGC_DATA", ".")) / SOURCE
    if not path.is_file():
        sys.exit(f"gate_equivalents: there is no Liberty file {path}. Give --liberty FILE.lib, or set LGC_DATA.")
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def gate_equivalents(verilog, liberty, timeout=None):
    """The area of a Verilog file by the recipe, over that of the smallest two-input NAND.

    Args:
        verilog: its top module is called as the file.
        liberty: the text of the cells, bytes.
    """
    with tempfile.TemporaryDirectory() as name:
        folder, top = Path(name), Path(verilog).stem
        (folder / "top.v").write_bytes(Path(verilog).read_bytes())
        (folder / "cells.lib").write_bytes(liberty)
        commands = ["read_verilog -sv top.v", f"synth -top {top} -flatten -noabc", "opt -full"]
        commands += [f"abc -liberty cells.lib -script +{SCRIPT}", "opt_clean", "stat -liberty cells.lib"]
        run_yosys(commands, folder / "log", timeout)
        log = (folder / "log").read_text(encoding="utf-8", errors="replace")
        unit = nand2_area(folder / "cells.lib")
    # ABC may give up in the middle, and yosys goes on with what it left.
    areas = re.findall(r"Chip area for (?:top )?module '[^']*':\s*([\d.]+)", log)
    if "cmd error" in log or "ABC script did not complete" in log or not areas or not unit:
        sys.exit(f"gate_equivalents: yosys did not map {verilog} to cells of the library with a NAND2")
    return float(areas[-1]) / unit


def measured(model, asked, liberty):
    """The row of one model."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "top.v"
        compiled = lgc.compile(model, path, input="features", outputs="class", head="adder", level=asked.level)
        if asked.chains:
            path.write_text(verilog(compiled.circuit, "top"), encoding="utf-8")
        elif asked.prove:
            lgc.prove(model, path)
        area = gate_equivalents(path, liberty)
        correct = accuracy(path, model, asked) if asked.chains else lgc.eval(model, **data_of(asked)).accuracy
    point = Path(model).stem + (", chains" if asked.chains else ", adder tree")
    return {"who": "lgc", "point": point, "ge": round(area), "accuracy": f"{100 * correct:.2f}"}


def data_of(asked):
    """What `lgc.eval` is told of the data."""
    return {"data": asked.data, "data_dir": asked.data_dir}


def accuracy(path, model, asked):
    """The share of the test images that the Verilog itself, gate by gate, classifies right: the same as the model."""
    from lgc.train.data.images import load_images

    data = load_images(asked.data, asked.data_dir)
    pixels = data.test.reshape(len(data.test), -1)
    circuit = load_circuit(path, ImportOptions({"classes": 4}))
    bits = evaluate(circuit.netlist, np.unpackbits(pixels, axis=1, bitorder="little").astype(np.bool_))
    correct = float((bits @ (1 << np.arange(bits.shape[1])) == data.test_y).mean())
    if abs(correct - lgc.eval(model, **data_of(asked)).accuracy) > 1e-9:
        sys.exit(f"gate_equivalents: the Verilog of {model} is not the model")
    return correct


def table(rows):
    """Markdown, the most accurate first; a star where no other point is both as small and as accurate."""
    yield "| | who | point | gate equivalents | test accuracy |"
    yield "|---|---|---|---|---|"
    least = float("inf")
    for row in sorted(rows, key=lambda row: (-float(row["accuracy"]), float(row["ge"]))):
        star, least = ("*" if float(row["ge"]) < least else ""), min(least, float(row["ge"]))
        yield f"| {star} | {row['who']} | {row['point']} | {float(row['ge']):,.0f} | {row['accuracy']} % |"


def read(path):
    """The rows of a CSV file; none if there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def keep(path, row):
    """Add a row, in place of one of the same name."""
    rows = [one for one in read(path) if (one["who"], one["point"]) != (row["who"], row["point"])] + [row]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, HEADINGS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--liberty", type=Path, help="sky130_fd_sc_hd__tt_025C_1v80.lib, packed by gzip or not")
    parser.add_argument("--data", default="mnist", help="what the accuracy is measured on")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--chains", action="store_true", help="count votes by chains of full adders, not by a tree")
    parser.add_argument("-O", dest="level", default="2", help="optimisation level")
    parser.add_argument("--prove", action="store_true", help="prove each Verilog equal to its model")
    parser.add_argument("--keep", type=Path, help="CSV file to add the rows to")
    parser.add_argument("--table", type=Path, help="print this CSV file beside the leaderboard")
    asked = parser.parse_args()
    if asked.table:
        print("\n".join(table(read(asked.table) + read(LEADERBOARD))))
        return
    liberty = cells(asked.liberty)
    for model in asked.models:
        row = measured(model, asked, liberty)
        print(*row.values(), sep="\t", flush=True)
        if asked.keep:
            keep(asked.keep, row)


if __name__ == "__main__":
    main()
