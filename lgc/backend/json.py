"""The netlist in yosys' JSON: `read_json` takes it, and so does anything that reads yosys' output."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TextIO

import lgc
from lgc.backend.base import Format
from lgc.backend.ports import safe_names, words
from lgc.backend.sidecar import sidecar
from lgc.ir import CONST1, FIRST_INPUT, Circuit, Netlist, port_names
from lgc.ir.ports import own_names


@dataclass(frozen=True)
class YosysJson(Format):
    """A module ``lgc`` of `$lut` cells, with the source's ports or with ``in`` and ``out``, and a sidecar."""

    name: ClassVar[str] = "yosys-json"

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        """Write the module."""
        netlist = circuit.netlist
        module = {
            "attributes": {"top": f"{1:032b}", "lgc_circuit": circuit.digest()},
            "ports": _ports(circuit),
            "cells": _cells(netlist),
            "netnames": {},
        }
        json.dump(
            {"creator": f"lgc {lgc.__version__}", "modules": {"lgc": module}}, stream, indent=1, ensure_ascii=False
        )
        stream.write("\n")

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """The sidecar."""
        return {".sidecar.json": sidecar(circuit)}


def _ports(circuit: Circuit) -> dict[str, Any]:
    """Ports of one bit each; those called ``a[0]``, ``a[1]`` and on, one after the other, are one port ``a``."""
    netlist, (inputs, outputs) = circuit.netlist, safe_names(port_names(circuit))
    taken, ports = {*inputs, *outputs}, dict[str, Any]()
    sides = (("input", "in", inputs, list(netlist.inputs)), ("output", "out", outputs, netlist.outputs.tolist()))
    for direction, own, names, nets in sides:
        if names == own_names(own, len(names)):
            ports[own] = {"direction": direction, "bits": [_bit(net) for net in nets]}
            continue
        for name, start, stop in words(names, taken):
            taken.add(name)
            ports[name] = {"direction": direction, "bits": [_bit(net) for net in nets[start:stop]]}
    return ports


def _bit(net: int) -> int | str:
    """A net number is a bit number; the constants are strings, and bits 0 and 1 are not used."""
    return net if net >= FIRST_INPUT else str(net)


def _cells(netlist: Netlist) -> dict[str, Any]:
    cells = {}
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for node, (fanin, arity, table) in enumerate(rows):
        net = netlist.first_node + node
        width = max(arity, 1)  # yosys has no LUT without inputs
        operands = fanin[:arity] or [CONST1]
        table = table if arity else 3 * table
        # Plain text only: yosys reads few of JSON's escapes.
        origin = re.sub(r"[^ -~]", "?", netlist.origins.label(int(netlist.origin[node])))
        cells[f"n{net}"] = {
            "hide_name": 0,
            "type": "$lut",
            "parameters": {"WIDTH": f"{width:032b}", "LUT": f"{table:0{1 << width}b}"},
            "attributes": {} if origin == "?" else {"lgc_origin": origin + " "},  # a blank, so that it stays text
            "port_directions": {"A": "input", "Y": "output"},
            "connections": {"A": [_bit(operand) for operand in operands], "Y": [net]},
        }
    return cells
