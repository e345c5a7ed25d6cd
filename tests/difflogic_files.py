"""A difflogic state dict whose wiring is known, and reference netlists of it in several formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Layers = list[tuple[list[tuple[int, int]], list[int]]]
GATES: dict[int, Callable[[Any, Any], Any]] = {
    1: lambda a, b: a & b,
    6: lambda a, b: a ^ b,
    7: lambda a, b: a | b,
    9: lambda a, b: ~(a ^ b),
}
_VERILOG = {1: "{a} & {b}", 6: "{a} ^ {b}", 7: "{a} | {b}", 9: "~({a} ^ {b})"}
_COVERS = {1: "11 1", 6: "10 1\n01 1", 7: "1- 1\n-1 1", 9: "00 1\n11 1"}
_TABLES = {1: "and", 6: "xor", 7: "or", 9: "xnor"}
INPUTS, WIDTHS = 16, [40, 40]


def checkpoint(folder: Path, seed: int = 5) -> tuple[Path, Layers]:
    """The file, and its layers: pairs of wires, and gate ids."""
    import torch

    from lgc.frontend.families.replay import Recipe, replay

    wires = replay(Recipe(0, 0, "cuda", "unique"), INPUTS, WIDTHS)
    generator = torch.Generator().manual_seed(seed)
    state, layers = {}, []
    for index, (width, pairs) in enumerate(zip(WIDTHS, wires, strict=True)):
        gates = [list(GATES)[k] for k in torch.randint(0, 4, (width,), generator=generator).tolist()]
        logits = torch.full((width, 16), -1.0)
        logits[range(width), gates] = 1.0
        state[f"{index + 1}.weights"] = logits
        layers.append(([tuple(pair) for pair in pairs.tolist()], gates))
    torch.save(state, folder / "net.pt")
    return folder / "net.pt", layers


def reference_text(layers: Layers, suffix: str, outputs: str = "") -> str:
    """The layers as a netlist; for Verilog, ``outputs`` may stand for ``y = lN``."""
    if suffix == ".v":
        return _verilog(layers, outputs)
    return _blif(layers) if suffix == ".blif" else _lgn(layers)


def _verilog(layers: Layers, outputs: str) -> str:
    lines, source = [], "x"
    for index, (wires, gates) in enumerate(layers):
        lines.append(f"  wire [{len(gates) - 1}:0] l{index};")
        lines += [
            f"  assign l{index}[{k}] = {_VERILOG[gate].format(a=f'{source}[{a}]', b=f'{source}[{b}]')};"
            for k, ((a, b), gate) in enumerate(zip(wires, gates, strict=True))
        ]
        source = f"l{index}"
    ports, rest = outputs.split("|") if outputs else (f"output [{len(layers[-1][1]) - 1}:0] y", f"assign y = {source};")
    return f"module net(input [{INPUTS - 1}:0] x, {ports});\n" + "\n".join(lines) + f"\n  {rest}\nendmodule\n"


def _blif(layers: Layers) -> str:
    names, lines = [f"x{k}" for k in range(INPUTS)], []
    last = [f"l{len(layers) - 1}_{k}" for k in range(len(layers[-1][1]))]
    head = f".model net\n.inputs {' '.join(names)}\n.outputs {' '.join(last)}\n"
    for index, (wires, gates) in enumerate(layers):
        new = [f"l{index}_{k}" for k in range(len(gates))]
        for (a, b), gate, name in zip(wires, gates, new, strict=True):
            lines.append(f".names {names[a]} {names[b]} {name}\n{_COVERS[gate]}")
        names = new
    return head + "\n".join(lines) + "\n.end\n"


def _lgn(layers: Layers) -> str:
    from lgc.ir import Builder, Circuit, Encoder, Head, to_text

    builder = Builder(INPUTS)
    nets = list(range(2, 2 + INPUTS))
    for wires, gates in layers:
        nets = [builder.gate(_TABLES[gate], nets[a], nets[b]) for (a, b), gate in zip(wires, gates, strict=True)]
    return to_text(Circuit("net", Encoder(INPUTS), builder.build(nets), Head.equal_groups(len(nets), ("0", "1"))))
