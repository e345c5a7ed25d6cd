"""A flat design of yosys: its ports, its cells, what drives each bit, and where it is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lgc.errors import NetlistError
from lgc.frontend.verilog.cells import YosysCell

_SOURCE = re.compile(r"source(\d+)\.s?v:(\d+)")

Place = Callable[[int, int], str]
"""What stands for a file's number and line in errors."""


@dataclass(frozen=True)
class SourcePort:
    """A port, the bit of the lowest index first.

    Attributes:
        names: of its bits, as in the source.
        word: the bits as a number has them, the rightmost first.
    """

    name: str
    direction: str
    bits: list[Any]
    names: list[str]
    word: list[Any]


class SourceDesign:
    """The top module of yosys's JSON, after `flatten`."""

    def __init__(self, module: dict[str, Any], place: Place) -> None:
        self._place = place
        self._nets: dict[str, Any] = module["netnames"]
        self.ports = [_port(name, port) for name, port in module["ports"].items()]
        cells = module["cells"].values()
        self.cells = [
            YosysCell(cell["type"], cell["connections"], cell["parameters"], cell["attributes"], number)
            for number, cell in enumerate(cells)
        ]
        self.drivers: dict[Any, tuple[YosysCell, int]] = {}
        self.initial = self._initial()
        inputs = self._input_bits()
        for cell, raw in zip(self.cells, cells, strict=True):
            self._drive(cell, raw.get("port_directions"), inputs)
        if "twice" in module:
            name = module["twice"]
            raise NetlistError(
                f"'{name[:60]}' has several drivers, or is an input that is driven", where=self.where_net(name)
            )

    def _initial(self) -> dict[Any, str]:
        """The values that variables start with."""
        found: dict[Any, str] = {}
        for net in self._nets.values():
            start = net["attributes"].get("init")
            if start:
                found.update(zip(net["bits"], reversed(start), strict=False))
        return found

    def _input_bits(self) -> set[Any]:
        seen: set[Any] = set()
        for port in self.ports:
            if port.direction == "inout":
                raise NetlistError(
                    f"port '{port.name[:60]}' is an inout",
                    where=self.where_net(port.name),
                    hint="lgc reads modules whose ports are inputs and outputs",
                )
            if port.direction == "input":
                for bit, name in zip(port.bits, port.names, strict=True):
                    if bit in seen or not isinstance(bit, int):
                        raise NetlistError(f"input '{name[:60]}' is driven", where=self.where_net(port.name))
                    seen.add(bit)
        return seen

    def _drive(self, cell: YosysCell, directions: dict[str, str] | None, inputs: set[Any]) -> None:
        for pin, bits in cell.pins.items():
            if (directions or {}).get(pin, "output" if pin in ("Y", "Q") else "input") == "input":
                continue
            for position, bit in enumerate(bits):
                if bit in self.drivers or bit in inputs or not isinstance(bit, int):
                    name = self.name_of(bit) if isinstance(bit, int) else "a constant"
                    other = f", first at {self.where(self.drivers[bit][0])}" if bit in self.drivers else ""
                    raise NetlistError(
                        f"'{name[:60]}' has several drivers{other}",
                        where=self.where(cell),
                        hint="lgc reads nets of one driver; buses of three-state drivers have none",
                    )
                self.drivers[bit] = (cell, position)

    def driver(self, bit: Any) -> YosysCell | None:
        """The cell that drives a bit."""
        found = self.drivers.get(bit)
        return found[0] if found else None

    def name_of(self, bit: Any) -> str:
        """A net's name in the source, with its index."""
        hidden = ""
        for name, net in self._nets.items():
            if bit in net["bits"]:
                text = _names_of(name, net)[net["bits"].index(bit)]
                if not net["hide_name"]:
                    return text
                hidden = hidden or text
        return hidden or f"net {bit}"

    def where(self, cell: YosysCell) -> str:
        """The place of a cell in the source."""
        return self.where_text(cell.attributes.get("src", ""))

    def where_net(self, name: str) -> str:
        """The place where a net is declared."""
        return self.where_text(self._nets.get(name, {}).get("attributes", {}).get("src", ""))

    def where_bit(self, bit: Any) -> str:
        """The place where the net of a bit is declared."""
        declared = (name for name, net in self._nets.items() if not net["hide_name"] and bit in net["bits"])
        return self.where_net(next(declared, ""))

    def where_text(self, source: str) -> str:
        """The file and line that yosys's own place stands for; the file alone where it gives none."""
        found = _SOURCE.search(source)
        return self._place(int(found[1]), int(found[2])) if found else self._place(0, 0)


def _port(name: str, port: dict[str, Any]) -> SourcePort:
    bits, names = port["bits"], _names_of(name, port)
    if port.get("upto"):
        bits, names = bits[::-1], names[::-1]
    return SourcePort(name, port["direction"], bits, names, port["bits"])


def _names_of(name: str, net: dict[str, Any]) -> list[str]:
    return bit_names(name, len(net["bits"]), net.get("offset", 0), upto=bool(net.get("upto")))


def bit_names(name: str, width: int, lowest: int, *, upto: bool) -> list[str]:
    """The names of a net's bits, the rightmost first; ``upto`` says that the right index is the larger one."""
    if width == 1:
        return [name]
    indices = range(lowest, lowest + width)
    return [f"{name}[{index}]" for index in (reversed(indices) if upto else indices)]
