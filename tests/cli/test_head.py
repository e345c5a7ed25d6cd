"""`lgc compile --head`, `--argmax` and `--fabric`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner
from strategies import random_circuit

from lgc.backend.base import write
from lgc.backend.lgn import Lgn
from lgc.backend.verilog.interfaces import INTERFACES
from lgc.bench.hardware import jobs
from lgc.cli import cli
from lgc.frontend import load_circuit
from lgc.mapping.choose import choose_head
from lgc.mapping.estimate import estimate
from lgc.mapping.heads import AUTO, HEADS, all_heads
from lgc.mapping.heads.argmax import ARCHITECTURES
from lgc.mapping.heads.mapped import MappedHead
from lgc.mapping.names import ArgmaxName, HeadName
from lgc.parts.fabrics import FABRICS
from lgc.parts.names import FabricName, InterfaceName
from lgc.parts.part import find_part, parts
from lgc.passes import PIPELINES, PassManager
from lgc.testing import compile_verilog

MAPPED = [head.name for head in all_heads() if isinstance(head, MappedHead)]
ON_CHAINS = [head.name for head in all_heads() if head.needs_chains]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write(Lgn(), random_circuit(40, [300], 3, seed=1), tmp_path / "model.lgn")[0]


def test_the_choices_are_those_of_the_backend() -> None:
    assert set(get_args(HeadName)) == {AUTO, *HEADS}
    assert set(get_args(ArgmaxName)) == set(ARCHITECTURES)
    assert set(get_args(FabricName)) == {"generic", *FABRICS}
    assert set(get_args(InterfaceName)) == set(INTERFACES)


@pytest.mark.parametrize(
    ("options", "head", "cell"),
    [
        ([], "adder", "_popcount"),
        (["--fabric", "xc7"], "carry", "CARRY4 #("),
        (["--fabric", "ecp5"], "ripple", "CCU2C #("),
        (["--fabric", "ecp5", "--head", "couple"], "couple", "CCU2C #("),
        (["--fabric", "ice40"], "ripple", "SB_CARRY "),
        (["--fabric", "gowin", "--head", "ripple"], "ripple", "ALU #("),
        (["--head", "compress"], "compress", "lut6("),
        (["--head", "ternary", "--fabric", "xc7"], "ternary", "CARRY4 #("),
        (["--head", "serial"], "serial", "out_serial"),
    ],
)
def test_the_head_is_named_and_built(model: Path, options: list[str], head: str, cell: str) -> None:
    output = model.with_name("out.v")
    done = CliRunner().invoke(cli, ["compile", str(model), "-o", str(output), *options])
    assert done.exit_code == 0, done.output
    assert f"head {head}, " in done.output
    assert cell.removesuffix(" #(") in output.read_text()
    assert ("by construction" in done.output) == (head in MAPPED)


@pytest.mark.parametrize(
    ("head", "fabric", "others"),
    [
        ("carry", "ice40", "xc7"),
        ("ternary", "ecp5", "xc7"),
        ("couple", "ice40", "ecp5"),
        ("ripple", "xc7", "ecp5, ice40, gowin"),
    ],
)
def test_carry_chains_that_a_fabric_does_not_have(head: str, fabric: str, others: str, model: Path) -> None:
    assert head in ON_CHAINS
    output = model.with_name("out.v")
    done = CliRunner().invoke(cli, ["compile", str(model), "-o", str(output), "--head", head, "--fabric", fabric])
    told = f"{done.output}{done.exception}"
    assert f"the fabric {fabric} has no carry chains of the kind that the head {head} is made of" in told
    assert f"--fabric {others}" in told
    assert done.exit_code != 0 and not output.exists()


def test_auto_is_the_smallest_by_estimate_and_says_so(model: Path) -> None:
    circuit = PassManager().run(load_circuit(model), PIPELINES["O2"])
    for fabric, heads in (
        ("xc7", {"adder", "compress", "carry", "ternary"}),
        ("ecp5", {"adder", "compress", "ripple"}),
        ("ice40", {"adder", "compress", "ripple"}),
    ):
        found = choose_head(circuit, fabric).estimates
        assert {one.head for one in found} == heads
        assert found[0].sites == min(one.sites for one in found)
        done = CliRunner().invoke(cli, ["compile", str(model), "-o", str(model.with_name("o.v")), "--fabric", fabric])
        counts = ", ".join(f"{one.sites:,} LUT{one.lut} ({one.head})" for one in found)
        assert f"head {found[0].head}, the smallest on {fabric} by estimate: {counts}" in done.output


def test_auto_leaves_strung_chains_out_where_there_are_register_stages(model: Path) -> None:
    """A timing analysis takes a string for one path, so they would cost the clock that the stages are for."""
    circuit = PassManager().run(load_circuit(model), PIPELINES["O2"])
    path = model.with_name("e.json")
    for fabric, part in (("ecp5", "ecp5-25k"), ("ice40", "ice40-hx8k")):
        assert choose_head(circuit, fabric).head == "ripple"
        found = choose_head(circuit, fabric, pipeline=8)
        assert {one.head for one in found.estimates} == {"adder", "compress"}
        words = ["estimate", str(model), "--part", part, "--pipeline", "8", "--json", str(path)]
        assert CliRunner().invoke(cli, words).exit_code == 0
        assert json.loads(path.read_text())[0]["head"] == found.head


def test_auto_leaves_strung_chains_out_where_they_are_too_many_to_route(tmp_path: Path) -> None:
    model = write(Lgn(), random_circuit(200, [1900], 10, seed=1), tmp_path / "large.lgn")[0]
    circuit = PassManager().run(load_circuit(model), PIPELINES["O2"])
    assert choose_head(circuit, "gowin").head == "ripple"
    assert choose_head(circuit, "ice40").head == "compress"
    path = tmp_path / "e.json"
    assert CliRunner().invoke(cli, ["estimate", str(model), "--part", "up5k", "--json", str(path)]).exit_code == 0
    sizes = {row["head"]: row["sites"] for row in json.loads(path.read_text())}
    assert FABRICS["ice40"].strings < sizes["ripple"] < sizes["compress"]
    assert next(iter(sizes)) == "compress"


@pytest.mark.parametrize("part", [name for name, one in parts().items() if one.family.name in FABRICS])
@pytest.mark.parametrize("gates", [60, 300])
def test_auto_means_the_same_to_everyone(part: str, gates: int, tmp_path: Path) -> None:
    """The estimate for a part, the fabric's alone, the command, the format, Python and the tables: one head."""
    model = write(Lgn(), random_circuit(40, [gates], 3, seed=gates), tmp_path / "model.lgn")[0]
    circuit = PassManager().run(load_circuit(model), PIPELINES["O2"])
    named = find_part(part)
    fabric = named.family.name
    done = CliRunner().invoke(cli, ["estimate", str(model), "--target", part, "--json", str(tmp_path / "e.json")])
    assert done.exit_code == 0, done.output
    first = json.loads((tmp_path / "e.json").read_text())[0]["head"]
    assert f"builds {first}: " in done.output
    assert choose_head(circuit, fabric, named).head == choose_head(circuit, fabric).head == first
    done = CliRunner().invoke(
        cli, ["compile", str(model), "-o", str(tmp_path / "a.v"), "--fabric", fabric, "--top", "t"]
    )
    assert f"head {first}, " in done.output
    compile_verilog(model, tmp_path / "b.v", fabric=fabric, top="t")
    assert (tmp_path / "a.v").read_bytes() == (tmp_path / "b.v").read_bytes()
    assert next(jobs(circuit, named, 0)).head == choose_head(circuit, fabric, outputs="class").head


def test_auto_counts_the_places_of_carry_cells() -> None:
    """Plain arithmetic of few lookup tables beside many carry cells is not the smallest."""
    circuit = random_circuit(40, [300], 3, seed=1)
    plain = estimate(circuit, lut=4, head="adder", family=find_part("ecp5-25k").family)
    assert plain.carry > 0
    assert plain.sites == plain.luts + 2 * plain.carry


def test_estimates_for_a_part(model: Path) -> None:
    path = model.with_name("out.json")
    rows = {}
    for part in ("gatemate-a1", "up5k", "xc7-a35t", "lut6"):
        words = ["estimate", str(model), "--target", part, "--pipeline", "4", "--json", str(path)]
        assert CliRunner().invoke(cli, words).exit_code == 0
        rows[part] = {row["head"]: row for row in json.loads(path.read_text())}
    assert {part: set(found) for part, found in rows.items()} == {
        "gatemate-a1": {"adder", "compress", "serial"},
        "up5k": {"adder", "compress", "ripple", "serial"},
        "xc7-a35t": {"adder", "carry", "compress", "serial", "ternary"},
        "lut6": {"adder", "compress", "serial"},
    }
    assert {part: found["adder"]["lut"] for part, found in rows.items()} == dict.fromkeys(rows, 4) | {
        "xc7-a35t": 6,
        "lut6": 6,
    }
    assert rows["gatemate-a1"]["adder"]["carry"] > 0
    assert rows["gatemate-a1"]["adder"]["luts"] != rows["up5k"]["adder"]["luts"]
    assert rows["lut6"]["adder"]["carry"] == 0


@pytest.mark.parametrize(
    ("part", "more", "told"),
    [("asic", [], "asic has no lookup tables"), ("up5k", ["--lut", "6"], "ice40-up5k has lookup tables of 4 operands")],
)
def test_estimates_for_a_part_without_such_tables(model: Path, part: str, more: list[str], told: str) -> None:
    done = CliRunner().invoke(cli, ["estimate", str(model), "--target", part, *more])
    assert done.exit_code != 0
    assert told in f"{done.output}{done.exception}"
