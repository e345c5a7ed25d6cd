"""How much smaller a mapped head makes a circuit: the same network plainly and mapped, through the same synthesis.

Plainly is what one would write by hand: an ``assign`` per gate, ``a + b + ...`` per class, a chain of comparisons.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lgc.backend.base import to_bytes
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.gates import expression
from lgc.ir import Circuit
from lgc.mapping.heads import all_heads
from lgc.mapping.heads.mapped import MappedHead
from lgc.mapping.heads.pack import pair_up_sets
from lgc.parts.fabrics import FABRICS
from lgc.tools.yosys import run_yosys

TOP = "bench"


@dataclass(frozen=True)
class Part:
    """A family of parts.

    Attributes:
        command: of yosys.
        packs: whether a lookup table of two outputs holds two functions of the same five nets.
    """

    fabric: str
    command: str
    packs: bool


PARTS = (
    Part("xc7", "synth_xilinx -family xc7 -abc9 -flatten", packs=True),
    Part("ecp5", "synth_ecp5", packs=False),
)


@dataclass(frozen=True)
class HeadRow:
    """What yosys counted.

    Attributes:
        functions: lookup tables, one of two outputs as two.
        places: lookup tables of the part: those of two outputs count once, and single ones that fit together are
            paired, greedily, as a packer would.
        carries: cells of carry chains.
    """

    fabric: str
    form: str
    functions: int
    places: int
    carries: int
    seconds: float


def plain_verilog(circuit: Circuit) -> str:
    """The circuit as one would write it by hand, class out."""
    return "\n".join(_plain_lines(circuit)) + "\n"


def _plain_lines(circuit: Circuit) -> Iterator[str]:
    netlist, head = circuit.netlist, circuit.head
    low, high = head.score_range
    width = max(high.bit_length(), (-low).bit_length()) + 1
    index = max(1, (head.num_classes - 1).bit_length())
    names = ["1'b0", "1'b1", *(f"bits[{net}]" for net in range(netlist.num_inputs))]
    names += [f"n{node}" for node in range(netlist.num_nodes)]
    yield f"module {TOP} (input wire [{netlist.num_inputs - 1}:0] bits, output wire [{index - 1}:0] class_id);"
    rows = zip(netlist.arity.tolist(), netlist.table.tolist(), netlist.fanin.tolist(), strict=True)
    for node, (arity, table, fanin) in enumerate(rows):
        operands = [names[net] for net in fanin[:arity]]
        word = f"{1 << arity}'h{table:x}"
        text = (
            expression(arity, table, operands) if arity <= 2 else f"|(({word} >> {{{', '.join(operands[::-1])}}}) & 1)"
        )
        yield f"  wire n{node} = {text.replace('`LGC_ZERO', names[0]).replace('`LGC_ONE', names[1])};"
    for group in range(head.num_classes):
        votes = [names[net] for net in netlist.outputs[head.offsets[group] : head.offsets[group + 1]].tolist()]
        bias = int(head.bias[group]) % (1 << width)
        yield f"  wire signed [{width - 1}:0] score{group} = {' + '.join([*votes, f'''{width}'d{bias}'''])};"
    best, place = "score0", f"{index}'d0"
    compare = ">=" if head.tie == "last" else ">"
    for group in range(1, head.num_classes):
        yield f"  wire take{group} = score{group} {compare} {best};"
        yield f"  wire signed [{width - 1}:0] best{group} = take{group} ? score{group} : {best};"
        yield f"  wire [{index - 1}:0] place{group} = take{group} ? {index}'d{group} : {place};"
        best, place = f"best{group}", f"place{group}"
    yield f"  assign class_id = {place};"
    yield "endmodule"


def bench_head(circuit: Circuit, part: Part) -> list[HeadRow]:
    """Plainly, then with each head of lookup tables that the part can have.

    Raises:
        MissingToolError: pyosys is missing.
        ToolError: yosys failed.
    """
    texts = {"plain": plain_verilog(circuit)}
    for head in all_heads():
        if isinstance(head, MappedHead) and head.fits(FABRICS[part.fabric]):
            verilog = Verilog(top=TOP, outputs="class", fabric=part.fabric, head=head.name)
            texts[f"--head {head.name}"] = to_bytes(verilog, circuit).decode()
    return [_measure(part, form, text) for form, text in texts.items()]


def _measure(part: Part, form: str, text: str) -> HeadRow:
    with tempfile.TemporaryDirectory(prefix="lgc-bench-") as name:
        folder = Path(name)
        (folder / "bench.v").write_text(text)
        script = ["read_verilog bench.v", "scratchpad -set abc9.verify 0"]  # that takes longer than all the rest
        script += [f"{part.command} -top {TOP}", "write_json bench.json"]
        start = time.perf_counter()
        run_yosys(script, folder / "yosys.log")
        seconds = time.perf_counter() - start
        cells = json.loads((folder / "bench.json").read_text())["modules"][TOP]["cells"].values()
    return _count(part, form, list(cells), seconds)


def _count(part: Part, form: str, cells: list[dict], seconds: float) -> HeadRow:  # type: ignore[type-arg]
    tables = [cell for cell in cells if "LUT" in cell["type"]]
    double = sum(cell["type"] == "LUT6_2" for cell in tables)
    carries = sum(cell["type"] in ("CARRY4", "CCU2C") for cell in cells)
    pairs = 0
    if part.packs:
        outputs = ("O", "O5", "O6")
        reads = {
            index: frozenset(net for pin, nets in cell["connections"].items() if pin not in outputs for net in nets)
            for index, cell in enumerate(tables)
            if cell["type"] not in ("LUT6", "LUT6_2")
        }
        steering = {net for cell in cells if cell["type"] == "CARRY4" for net in cell["connections"]["S"]}
        free = [index for index in reads if tables[index]["connections"]["O"][0] not in steering]
        pairs = len(pair_up_sets({index: reads[index] for index in free}))
    return HeadRow(part.fabric, form, len(tables) + double, len(tables) - pairs, carries, seconds)


def markdown(rows: list[HeadRow]) -> str:
    """The table of docs/head.md."""
    lines = [
        "| part | form | LUT functions | LUTs | carry cells | LUT functions / plain | LUTs / plain | yosys |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        plain = next(one for one in rows if one.fabric == row.fabric and one.form == "plain")
        shares = f"{row.functions / plain.functions:.3f} | {row.places / plain.places:.3f}"
        counts = f"{row.functions:,} | {row.places:,} | {row.carries:,}"
        lines.append(f"| {row.fabric} | {row.form} | {counts} | {shares} | {row.seconds:.0f} s |")
    return "\n".join(lines)
