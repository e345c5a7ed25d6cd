"""How much smaller a mapped head makes a circuit: the same network plainly and mapped, through the same synthesis.

Plainly is what one would write by hand: an ``assign`` per gate, ``a + b + ...`` per class, a chain of comparisons.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lgc.backend.base import to_bytes
from lgc.backend.verilog import Verilog
from lgc.backend.verilog.gates import expression
from lgc.driver.bench import BenchHead
from lgc.driver.read import load_source
from lgc.ir import Circuit
from lgc.mapping.heads import all_heads
from lgc.mapping.heads.mapped import MappedHead
from lgc.mapping.heads.pack import pair_up_sets
from lgc.parts.fabrics import FABRICS
from lgc.parts.part import Part, parts
from lgc.passes import optimize
from lgc.progress import Progress
from lgc.tools.watchdog import scratch
from lgc.tools.yosys import run_yosys

TOP = "bench"
# The cells of the fabrics whose tables pair up: of two outputs, and where one has its only output.
_DOUBLE, _OUTPUT = "LUT6_2", "O"


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


def measured_parts() -> list[Part]:
    """The parts that the table is of: one for each size of lookup tables that a fabric has."""
    fabrics = {one.lut: one.name for one in reversed(FABRICS.values())}
    return [next(part for part in parts().values() if part.fabric == fabrics[lut]) for lut in sorted(fabrics)[::-1]]


def bench_head(circuit: Circuit, part: Part) -> list[HeadRow]:
    """Plainly, then with each head of lookup tables that the part can have.

    Raises:
        MissingToolError: there is no yosys.
        ToolError: it failed.
    """
    texts = {"plain": plain_verilog(circuit)}
    for head in all_heads():
        if isinstance(head, MappedHead) and head.fits(FABRICS[part.fabric]):
            verilog = Verilog(top=TOP, outputs="class", fabric=part.fabric, head=head.name)
            texts[f"--head {head.name}"] = to_bytes(verilog, circuit).decode()
    return [_measure(part, form, text) for form, text in texts.items()]


def _measure(part: Part, form: str, text: str) -> HeadRow:
    (command,) = part.fill((part.family.synth_pins or part.family.synth,))
    with scratch("lgc-bench-") as folder:
        (folder / "bench.v").write_text(text)
        script = ["read_verilog bench.v", "scratchpad -set abc9.verify 0"]  # that takes longer than all the rest
        script += [f"{command} -top {TOP}", "write_json bench.json"]
        start = time.perf_counter()
        run_yosys(script, folder / "yosys.log")
        seconds = time.perf_counter() - start
        cells = json.loads((folder / "bench.json").read_text())["modules"][TOP]["cells"].values()
    return _count(part, form, list(cells), seconds)


def _count(part: Part, form: str, cells: list[dict[str, Any]], seconds: float) -> HeadRow:
    tables = [cell for cell in cells if "LUT" in cell["type"]]
    double = sum(cell["type"] == _DOUBLE for cell in tables)
    chains = [cell for cell in cells if cell["type"] in part.family.carry]
    pairs = _pairs(tables, chains) if FABRICS[part.fabric].pairs else 0
    return HeadRow(part.fabric, form, len(tables) + double, len(tables) - pairs, len(chains), seconds)


def _pairs(tables: list[dict[str, Any]], chains: list[dict[str, Any]]) -> int:
    """How many pairs of tables fit into one of two outputs; what steers a carry chain has a table of its own."""
    reads = {
        index: frozenset(net for pin, nets in cell["connections"].items() if pin != _OUTPUT for net in nets)
        for index, cell in enumerate(tables)
        if cell["type"] not in ("LUT6", _DOUBLE)
    }
    steering = {net for cell in chains for net in cell["connections"]["S"]}
    free = [index for index in reads if tables[index]["connections"][_OUTPUT][0] not in steering]
    return len(pair_up_sets({index: reads[index] for index in free}))


def rows(asked: BenchHead, progress: Progress) -> Iterator[HeadRow]:
    """Each part's rows, the plain one first."""
    circuit = optimize(load_source(asked.model).circuit)
    for part in measured_parts():
        progress.step(f"{circuit.name} on {part.fabric}")
        yield from bench_head(circuit, part)


def markdown(rows: Iterable[HeadRow]) -> Iterator[str]:
    """The table of docs/head.md, line by line."""
    yield "| part | form | LUT functions | LUTs | carry cells | LUT functions / plain | LUTs / plain | yosys |"
    yield "|---|---|---|---|---|---|---|---|"
    plain: dict[str, HeadRow] = {}
    for row in rows:
        base = plain.setdefault(row.fabric, row)
        shares = f"{row.functions / base.functions:.3f} | {row.places / base.places:.3f}"
        counts = f"{row.functions:,} | {row.places:,} | {row.carries:,}"
        yield f"| {row.fabric} | {row.form} | {counts} | {shares} | {row.seconds:.0f} s |"
