"""Lookup tables and carry chains as the cells of a part's library, which synthesis leaves as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from lgc.parts.fabrics import Fabric


def simulation(fabric: Fabric, *, chains: bool, wide: bool) -> str:
    """Models of the cells, which simulators alone see; synthesis has its own.

    Args:
        chains: whether there are carry cells; some fabrics have their models apart.
        wide: whether there are gates of more operands than a table has.
    """
    name = fabric.name.upper()
    apart = _guarded(f"LGC_CELLS_{name}_CARRY", fabric.carry_models) if chains and fabric.carry_models else ""
    apart += _guarded(f"LGC_CELLS_{name}_MUX", fabric.mux_models) if wide and fabric.muxes else ""
    return (
        "// Simulators know no cells of parts: these are theirs.\n"
        "`ifdef VERILATOR\n`define LGC_MODELS\n`endif\n`ifdef __ICARUS__\n`define LGC_MODELS\n`endif\n"
        "`ifdef LGC_LANES\n`undef LGC_MODELS\n`endif\n"
        f"`ifdef LGC_MODELS\n{_guarded(f'LGC_CELLS_{name}', fabric.models)}{apart}`endif"
    )


def _guarded(guard: str, models: str) -> str:
    """Models that only the first file of several brings."""
    return f"`ifndef {guard}\n`define {guard}\n{models}`endif\n"


def instance(fabric: Fabric, name: str, output: str, table: int, operands: Sequence[str]) -> str:
    """A lookup table."""
    arity, pins = max(1, len(operands)), [*operands]
    if not operands:
        table, pins = 3 * table, ["1'b0"]
    if fabric.padded:
        while arity < fabric.lut:
            table |= table << (1 << arity)
            arity += 1
    pins += ["1'b0"] * (6 - len(pins))
    init = f"{1 << arity}'h{table:0{max(1, (1 << arity) // 4)}x}"
    named = {f"i{index}": pin for index, pin in enumerate(pins)}
    pins_text = ", ".join(f".I{index}({pins[index]})" for index in range(arity))
    return fabric.table.format(arity=arity, init=init, name=name, output=output, pins=pins_text, **named)


def table_lines(fabric: Fabric, name: str, output: str, table: int, operands: Sequence[str]) -> Iterator[str]:
    """A lookup table; one of more operands than the fabric's have as tables of its cofactors, and multiplexers.

    The last operands steer these. Each cell inside drives a wire of its own, which stands before it.
    """
    lut, more = fabric.lut, operands[fabric.lut :]
    if not more:
        yield instance(fabric, name, output, table, operands)
        return
    numbers = count((1 << len(more)) - 1)
    parts = [f"{name}_f{index}" for index in range(1 << len(more))]
    for index, wire in enumerate(parts):
        yield f"wire {wire};"
        cofactor = table >> (index << lut) & ((1 << (1 << lut)) - 1)
        yield instance(fabric, f"{name}_c{index}", wire, cofactor, operands[:lut])
    for mux, select in zip(fabric.muxes, more, strict=False):
        made = []
        for low, high in zip(parts[::2], parts[1::2], strict=True):
            index = next(numbers) + 1
            made.append(output if len(parts) == 2 else f"{name}_f{index}")
            if len(parts) > 2:
                yield f"wire {made[-1]};"
            yield mux.format(name=f"{name}_c{index}", output=made[-1], low=low, high=high, select=select)
        parts = made


def two_outputs(
    name: str, outputs: tuple[str, str], tables: tuple[int, int], reads: tuple[Sequence[str], Sequence[str]]
) -> str:
    """Two functions in one LUT6_2: of at most five operands together, or the second the first where one operand is 0.

    Args:
        reads: operands of each; those of the second among them.
    """
    shared = list(reads[1]) + [one for one in reads[0] if one not in reads[1]]
    extra = shared.pop() if len(shared) == 6 else "1'b1"
    pins = shared + ["1'b0"] * (5 - len(shared))
    low = _widened(tables[1], reads[1], shared)
    full = _widened(tables[0], reads[0], [*pins, extra] if extra != "1'b1" else shared)
    if extra == "1'b1":
        init = low | full << 32
    else:
        init = full
        assert full & 0xFFFF_FFFF == low, "the second function is not the first one's half"
    text = ", ".join(f".I{index}({pin})" for index, pin in enumerate([*pins, extra]))
    return f"LUT6_2 #(.INIT(64'h{init:016x})) {name} (.O6({outputs[0]}), .O5({outputs[1]}), {text});"


def _widened(table: int, reads: Sequence[str], pins: Sequence[str]) -> int:
    """A function as one of ``pins``, repeated up to five operands."""
    word = 0
    for address in range(1 << max(5, len(pins))):
        old = sum(((address >> pins.index(one)) & 1) << index for index, one in enumerate(reads))
        word |= ((table >> old) & 1) << address
    return word


def carry_cells(
    name: str, select: Sequence[str], data: Sequence[str], carry_in: str, outputs: Sequence[tuple[str, int, bool]]
) -> Iterator[str]:
    """A chain in CARRY4 cells.

    Args:
        outputs: what to drive, the position, and whether it is the carry behind it rather than its sum.
    """
    blocks = -(-len(select) // 4)
    for block in range(blocks):
        part = slice(4 * block, 4 * block + 4)
        pad = ["1'b0"] * (4 * block + 4 - len(select))
        steer, other = (", ".join([*pad, *reversed(one[part])]) for one in (list(select), list(data)))
        entry = (f".CI({name}_co{block - 1}[3]), .CYINIT(1'b0)") if block else f".CI(1'b0), .CYINIT({carry_in})"
        yield f"  wire [3:0] {name}_o{block}, {name}_co{block};"
        yield (
            f"  CARRY4 {name}_{block} (.CO({name}_co{block}), .O({name}_o{block}), {entry},"
            f" .DI({{{other}}}), .S({{{steer}}}));"
        )
    for target, position, is_carry in outputs:
        yield f"  assign {target} = {name}_{'co' if is_carry else 'o'}{position // 4}[{position % 4}];"
