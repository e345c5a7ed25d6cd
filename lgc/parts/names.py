"""The closed sets of names in parts, as types: light to import, for help texts. A test holds them to the data."""

from __future__ import annotations

from typing import Literal

FabricName = Literal["generic", "xc7", "ecp5", "ice40", "gowin"]
BoardName = Literal["icebreaker", "hx8k", "ulx3s", "tangnano9k"]
InterfaceName = Literal["none", "axis", "uart", "spi", "tt"]
