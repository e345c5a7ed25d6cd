"""The closed sets of names in mapping, as types, light to import. A test holds them to the registries."""

from __future__ import annotations

from typing import Literal

HeadName = Literal["auto", "adder", "serial", "compress", "carry", "couple", "ripple", "ternary"]
ArgmaxName = Literal["tournament", "bit-serial"]
Results = Literal["class", "scores", "both"]
