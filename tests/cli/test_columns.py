"""`lgc compile --input features` of tables: codes of their own, real numbers that are rounded, and the integrator."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from cli import call

import lgc
from lgc.backend.verilog.rtl import read_rtl
from lgc.driver.features import UNSHOWN
from lgc.frontend import Layer, Model, write_model
from lgc.ir import Column, Encoder, Head, Inputs
from lgc.verify.formats.verilog import VerilogText
from lgc.verify.subject import VerifyOptions

Capture = pytest.CaptureFixture[str]
SCRIPT = Path(__file__).parents[2] / "examples" / "tabular" / "encode.py"
FAST = ("--random", "32", "--lanes", "1")
TABLE = Inputs(
    (
        Column('size, "mm"', "number", 6.9, 28.1, 12.0, -82.8, 8),
        Column("colour", "category", words=("red", "dark green", "blue")),
        Column("flag", "bit"),
        Column("grey", "pixel", 0.0, 255.0, 255.0, 0.0, 8),
        Column("idle", "number", 4.0, 4.0, 1.0, -4.0, 1),
        Column("fine", "number", 0.0, 1.0, 4095.0, 0.0, 12),
    )
)
"""Six columns that make eight features."""
THRESHOLDS = [
    [3.5, 100.5],
    [0.5, 0.5],
    [0.5, 0.5],
    [0.5, 0.5],
    [0.5, 0.5],
    [0.25, 64 / 255],
    [0.5, 0.5],
    [17.5, 4000.0],
]
REAL = Inputs(tuple(Column(f"c{index}", "number", 0.0, 60.0) for index in range(8)))


def model(thresholds: object = THRESHOLDS, **changes: object) -> Model:
    rng = np.random.default_rng(1)
    rows = np.array(thresholds, np.float64)
    wires = rng.integers(0, rows.size, (60, 2))
    wires = np.where(wires // 2 == 6, wires - 2, wires) if "inputs" not in changes else wires  # nobody reads `idle`
    layer = Layer("layer1", wires, rng.choice([1, 2, 4, 6, 7, 8, 9, 14], 60).astype(np.uint64), (0,))
    fields: dict[str, object] = {"inputs": TABLE, "labels": ("no", "yes", "maybe")} | changes
    return Model("table", Encoder(8, rows), (layer,), Head.equal_groups(60, ("no", "yes", "maybe")), **fields)  # type: ignore[arg-type]


def real_thresholds() -> np.ndarray:
    return np.sort(np.random.default_rng(0).lognormal(1, 1, (8, 4)), axis=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with words, one of real numbers that says so and one that says nothing; and their data."""
    folder = tmp_path_factory.mktemp("columns")
    write_model(model(), folder / "table.pt")
    write_model(model(real_thresholds(), inputs=REAL, labels=None), folder / "real.pt")
    write_model(model(real_thresholds(), inputs=None, labels=None), folder / "unknown.pt")
    write_model(model([[0.0827, 14.42]] * 8, inputs=None, labels=None), folder / "mixed.pt")
    rng = np.random.default_rng(2)
    x = np.clip(rng.lognormal(1, 1, (400, 8)), 0, 60)
    x[:8] = np.diag(real_thresholds()[:, 0])[:8]  # some features are thresholds themselves
    np.savez(folder / "real.npz", X=x, y=rng.integers(0, 3, 400))
    with (folder / "rows.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*TABLE.names, "class"])
        for _ in range(300):
            word = rng.choice(["red", "dark green", "blue", "never seen"])
            numbers = [round(rng.uniform(0, 40), 2), word, rng.integers(0, 2), rng.integers(0, 256), 4]
            writer.writerow([*numbers, rng.uniform(-1, 2), rng.choice(["no", "yes", "maybe"])])
    return folder


def integrated(manifest: Path, rows: Path) -> np.ndarray:
    """Bits of the port for every row of a CSV file, by the script, which does not import lgc."""
    text = SCRIPT.read_text()
    assert "lgc" not in text and len(text.splitlines()) <= 20
    done = subprocess.run([sys.executable, "-I", SCRIPT, manifest, rows], capture_output=True, text=True, check=True)
    width = next(one["width"] for one in json.loads(manifest.read_text())["ports"] if one["name"] == "features")
    return np.array([[int(word, 16) >> bit & 1 for bit in range(width)] for word in done.stdout.split()], np.bool_)


@pytest.mark.filterwarnings("ignore::lgc.errors.LgcWarning")  # some values lie outside of the range of training
@pytest.mark.sim
@pytest.mark.skipif(not shutil.which("vvp"), reason="Icarus is not installed")
def test_an_integrator_needs_the_manifest_and_nothing_else(folder: Path, tmp_path: Path, capfd: Capture) -> None:
    """Raw rows to codes by a script of twenty lines, to simulated hardware: the class that predict gives."""
    done = call(capfd, "compile", folder / "table.pt", "-o", tmp_path / "t.v", "--input", "features", "-q")
    assert done.code == 0, done.err
    bits = integrated(tmp_path / "t.json", folder / "rows.csv")
    device = VerilogText(read_rtl(tmp_path / "t.v"), VerifyOptions(simulator="icarus"))
    seen = device.build(tmp_path / "build").run(bits)
    with (folder / "rows.csv").open(newline="") as stream:
        cells = np.array(list(csv.reader(stream))[1:], object)[:, :-1]
    for index, column in enumerate(TABLE.columns):
        if column.kind != "category":
            cells[:, index] = [float(cell) for cell in cells[:, index]]
    np.testing.assert_array_equal(seen.classes, lgc.load(folder / "table.pt", engine="numpy").predict(cells))


def test_pixels_are_one_row_whether_a_gate_reads_them_or_not(tmp_path: Path, capfd: Capture) -> None:
    pixels = Inputs(tuple(Column(f"pixel {index}", "pixel", 0.0, 255.0, bits=8) for index in range(8)))
    whole = model(np.tile([99.5, 149.5], (8, 1)), inputs=pixels)
    layer = replace(whole.layers[0], wires=whole.layers[0].wires // 4 * 4)  # of every second feature
    write_model(replace(whole, layers=(layer, *whole.layers[1:])), tmp_path / "pixels.pt")
    done = call(capfd, "compile", tmp_path / "pixels.pt", "-o", tmp_path / "p.v", "--input", "features")
    assert done.code == 0, done.err
    assert re.search(r"pixel 0 to pixel 7 \(8\) +│ pixel", done.out) and "no gate reads 4 of the columns" in done.out
    assert done.out.count("│ pixel") == 2  # the name and the kind


def test_what_compiling_says_of_columns(folder: Path, tmp_path: Path, capfd: Capture) -> None:
    done = call(capfd, "compile", folder / "table.pt", "-o", tmp_path / "t.v", "--input", "features")
    assert done.code == 0, done.err
    for row in (
        r'size, "mm" +│ number +│ 6.9 to 28.1 +│ +8 │ +12 │ +-82.8 │ nearest',
        r"colour +│ category .* 2 │ .*index",
        r"grey +│ pixel .*exact",
        r"6 columns in 32 bits",
        r"no gate reads 1 of the columns",
    ):
        assert re.search(row, done.out), row
    manifest = json.loads((tmp_path / "t.json").read_text())
    assert manifest["labels"] == ["no", "yes", "maybe"]
    first, second = manifest["columns"][:2]
    assert (first["at"], first["bits"], second["at"], second["bits"]) == (0, 8, 8, 2)
    assert first["formula"] == "k = floor(x * 12.0 - 82.8 + 0.5), held between 0 and 255"
    assert second["words"] == ["red", "dark green", "blue"]


def test_pixels_are_one_row(tmp_path: Path, capfd: Capture) -> None:
    grey = Inputs(tuple(Column(f"pixel {index}", "pixel", 0.0, 255.0, 255.0, 0.0, 8) for index in range(8)))
    write_model(model([[0.25, 0.5]] * 8, inputs=grey, labels=None), tmp_path / "m.pt")
    done = call(capfd, "compile", tmp_path / "m.pt", "-o", tmp_path / "m.v", "--input", "features")
    assert done.code == 0 and re.search(r"pixel 0 to.*│ pixel .*│ 0 to 255 .*│ +8 │", done.out)


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        (("mixed.pt",), "0.0827 among them", "--data FILE"),
        (("unknown.pt", "--feature-bits", "8"), "cannot be told", "--data FILE"),
        (("real.pt",), "8 of 8 columns are read as real numbers", "--feature-bits W"),
        (("real.pt", "--feature-bits", "8"), "may change classes: c0, c1, c2, ...", "--data FILE"),
        (("real.pt", "--feature-bits", "8,c9=3"), "'c9', and there is none", "c0"),
        (("real.pt", "--feature-bits", "c0="), "is no width", "NAME=BITS"),
        (("real.pt", "--feature-bits", "8,9"), "is no width", "NAME=BITS"),
        (("real.pt", "--feature-bits", "c0=40,8", "--data", "real.npz"), "column c0 is 40", "1 to 32"),
        (("real.pt", "--feature-scale", "2"), "says what its columns are", "Leave them out"),
        (("table.pt", "--feature-bits", "8"), "has its code already", "another --feature-bits"),
        (("unknown.pt", "--feature-bits", "3=9", "--feature-scale", "2"), "are of all features", ""),
        (("unknown.pt", "--feature-scale", "1", "--data", "real.npz"), "is not the value of a code", "--feature-bits"),
        (("real.pt", "--feature-bits", "8", "--data", "none.npz"), "none.npz", ""),
    ],
)
def test_what_would_be_wrong_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture, arguments: tuple[str, ...], message: str, remedy: str
) -> None:
    monkeypatch.chdir(folder)
    done = call(capfd, "compile", arguments[0], "-o", "x.v", "--input", "features", *arguments[1:])
    assert done.code == 2 and message in done.paragraph() and remedy in done.paragraph()
    assert not Path("x.v").exists()


def test_options_about_codes_are_refused_where_nobody_chooses_any(folder: Path, tmp_path: Path, capfd: Capture) -> None:
    done = call(capfd, "compile", folder / "real.pt", "-o", tmp_path / "x.v", "--data", folder / "real.npz")
    assert done.code == 2 and "Add --input features" in done.paragraph()
    call(capfd, "compile", folder / "table.pt", "-o", tmp_path / "t.lgn", "--input", "features", "-q")
    done = call(capfd, "compile", tmp_path / "t.lgn", "-o", tmp_path / "x.v", "--feature-bits", "4")
    assert done.code == 2 and "has its codes already" in done.paragraph()


@pytest.mark.parametrize(("name", "bits"), [("real.pt", "3,c0=10"), ("unknown.pt", "3"), ("unknown.pt", "3,0=10")])
def test_what_rounding_changes_is_measured(folder: Path, tmp_path: Path, capfd: Capture, name: str, bits: str) -> None:
    """The numbers that compiling prints, counted here: the model on the data, and on the values of their codes."""
    with np.load(folder / "real.npz") as archive:
        data = dict(archive)
    done = call(capfd, "compile", folder / name, "-o", tmp_path / "r.v", "--input", "features", "--feature-bits", bits,
                "--data", folder / "real.npz")  # fmt: skip
    assert done.code == 0, done.err
    rows = json.loads((tmp_path / "r.json").read_text())["columns"]
    assert [row["bits"] for row in rows] == [10 if "=" in bits else 3, *[3] * 7]
    scale, offset, top = (np.array([row[key] for row in rows]) for key in ("scale", "offset", "bits"))
    codes = np.clip(np.floor(data["X"] * scale + offset + 0.5), 0, 2**top - 1)
    values = (codes - offset) / scale
    predict = lgc.Predictor(lgc.read(folder / name.replace("real", "unknown")).circuit, engine="numpy").predict
    before, after = predict(data["X"]), predict(values)
    shares = [f"{100 * (one == data['y']).mean():.2f} %" for one in (before, after)]
    text = f"accuracy before {shares[0]}, after {shares[1]}, classes that differ: {(before != after).sum()} of 400"
    assert text in done.out
    assert (before != after).any()


def test_thresholds_on_a_grid_need_no_data(tmp_path: Path, capfd: Capture) -> None:
    """Rounded up to quarters they are exact for every real number, and no width need be said."""
    write_model(model([[-1.25, 7.5]] * 8, inputs=REAL, labels=None), tmp_path / "m.pt")
    done = call(capfd, "compile", tmp_path / "m.pt", "-o", tmp_path / "m.v", "--input", "features")
    assert done.code == 0, done.err
    row = json.loads((tmp_path / "m.json").read_text())["columns"][0]
    assert (row["bits"], row["scale"], row["offset"], row["rounding"]) == (6, 4.0, 5.0, "up")


@pytest.mark.filterwarnings("ignore::lgc.errors.LgcWarning")
@pytest.mark.sim
def test_verify_says_what_was_not_shown_and_what_rounding_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    monkeypatch.chdir(folder)
    call(capfd, "compile", "real.pt", "-o", tmp_path / "r.lgn", "--input", "features", "--feature-bits", "4", "--data",
         "real.npz", "-q")  # fmt: skip
    done = call(capfd, "verify", "real.pt", tmp_path / "r.lgn", "--random", "32")
    assert done.code == 0 and done.out.rstrip().split("\n")[-1] == f"not shown: {UNSHOWN}"
    done = call(capfd, "verify", "real.pt", tmp_path / "r.lgn", "--random", "32", "--data", "real.npz")
    assert done.code == 0 and "not shown" not in done.out, done.err
    assert re.search(r"features as codes: accuracy before .* %, after .* %, classes that differ: \d+ of 400", done.out)
    call(capfd, "compile", "table.pt", "-o", tmp_path / "t.lgn", "--input", "features", "-q")
    done = call(capfd, "verify", "table.pt", tmp_path / "t.lgn", "--random", "32", "--data", "rows.csv")
    assert done.code == 0 and "300 / 300" in done.out and "not shown" not in done.out, done.err


def test_a_manifest_with_another_formula_is_found(folder: Path, tmp_path: Path, capfd: Capture) -> None:
    call(capfd, "compile", folder / "table.pt", "-o", tmp_path / "t.v", "--input", "features", "-q")
    text = (tmp_path / "t.json").read_text()
    assert text.count("12.0, ") >= 1
    (tmp_path / "t.json").write_text(text.replace('"scale": 12.0', '"scale": 13.0'))
    done = call(capfd, "verify", folder / "table.pt", tmp_path / "t.v", *FAST)
    assert done.code == 2 and "columns" in done.paragraph()


@pytest.mark.sim
@pytest.mark.skipif(not find_spec("pyosys"), reason="pyosys is not installed")
def test_columns_are_proved(folder: Path, tmp_path: Path, capfd: Capture) -> None:
    call(capfd, "compile", folder / "table.pt", "-o", tmp_path / "t.v", "--input", "features", "-q", "--pipeline", "2")
    done = call(capfd, "verify", folder / "table.pt", tmp_path / "t.v", "--formal")
    assert done.code == 0 and "for every value of the port's bits: proved" in " ".join(done.out.split()), done.err


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("pyosys"), reason="pyosys is not installed")
def test_columns_are_judged_estimated_and_synthesised(folder: Path, tmp_path: Path, capfd: Capture) -> None:
    for name in ("t.v", "t.lgn"):
        call(capfd, "compile", folder / "table.pt", "-o", tmp_path / name, "--input", "features", "-q")
    done = call(capfd, "verify", folder / "table.pt", tmp_path / "t.v", *FAST, "--mutate", "10", "--coverage")
    assert done.code == 0 and "10 / 10 (100.00 %)" in done.out, done.err
    assert call(capfd, "estimate", tmp_path / "t.lgn", "--part", "ecp5-25k").code == 0
    done = call(capfd, "verify", folder / "table.pt", tmp_path / "t.v", *FAST, "--netlist", "ecp5-25k")
    assert done.code == 0 and "every score equal" in done.out, done.err


@pytest.mark.filterwarnings("ignore::lgc.errors.LgcWarning")
def test_a_formula_that_makes_other_codes_than_the_model_reads_is_a_difference(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    import lgc.backend.columns as columns

    def off_by_one(rows: object, values: np.ndarray) -> np.ndarray:
        found = real(rows, values)  # type: ignore[arg-type]
        found[7, 5] ^= 1
        return found

    real = columns.codes_by_rows
    monkeypatch.setattr(columns, "codes_by_rows", off_by_one)
    call(capfd, "compile", folder / "table.pt", "-o", tmp_path / "t.lgn", "--input", "features", "-q")
    done = call(capfd, "verify", folder / "table.pt", tmp_path / "t.lgn", "--data", folder / "rows.csv")
    assert done.code == 1 and "the formula of column 'fine' makes" in done.err and "of sample 7" in done.err
