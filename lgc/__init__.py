"""lgc, the logic-gate compiler: trains networks of logic gates and compiles them into circuits that are checked.

    import lgc

    net = lgc.compile("model.pt", "mnist.v", fabric="ecp5", pipeline=8)
    lgc.verify("model.pt", "mnist.v", data="test.npz")
    classes = lgc.load("model.pt").predict(X)

Each verb does what the command of its name does, no more and no less; docs/python.md has them all.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lgc.api import (
        bench,
        compile,
        convert,
        cover,
        draw,
        estimate,
        eval,
        from_torch,
        inspect,
        load,
        mutate,
        prove,
        read,
        report,
        runs,
        sweep,
        synth,
        train,
        verify,
        view,
    )
    from lgc.errors import LgcError, MismatchError, NotCheckedError
    from lgc.estimator import LogicGateClassifier
    from lgc.frontend import ImportOptions, Layer, Model
    from lgc.frontend.conv import Geometry
    from lgc.ir import Builder, Circuit, Encoder, Head, Netlist
    from lgc.runtime import Predictor
    from lgc.train.modules import (
        ConvLogicLayer,
        Flatten,
        GroupSum,
        LogicLayer,
        LogicNetwork,
        OrPool,
        TableLayer,
        Thermometer,
    )

__version__ = "0.2.0"

_HOMES = {
    "lgc.api": (
        "bench", "compile", "convert", "cover", "draw", "estimate", "eval", "from_torch", "inspect", "load", "mutate",
        "prove", "read", "report", "runs", "sweep", "synth", "train", "verify", "view",
    ),
    "lgc.errors": ("LgcError", "MismatchError", "NotCheckedError"),
    "lgc.estimator": ("LogicGateClassifier",),
    "lgc.frontend": ("ImportOptions", "Layer", "Model"),
    "lgc.frontend.conv": ("Geometry",),
    "lgc.ir": ("Builder", "Circuit", "Encoder", "Head", "Netlist"),
    "lgc.runtime": ("Predictor",),
    "lgc.train.modules": (
        "ConvLogicLayer", "Flatten", "GroupSum", "LogicLayer", "LogicNetwork", "OrPool", "TableLayer", "Thermometer",
    ),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}
__all__ = [  # noqa: RUF022 - verbs, then types
    "bench", "compile", "convert", "cover", "draw", "estimate", "eval", "from_torch", "inspect", "load", "mutate",
    "prove", "read", "report", "runs", "sweep", "synth", "train", "verify", "view",
    "Builder", "Circuit", "ConvLogicLayer", "Encoder", "Flatten", "Geometry", "GroupSum", "Head", "ImportOptions",
    "Layer", "LgcError", "LogicGateClassifier", "LogicLayer", "LogicNetwork", "MismatchError", "Model", "Netlist",
    "NotCheckedError", "OrPool", "Predictor", "TableLayer", "Thermometer",
    "__version__",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Imports on first use: ``import lgc`` alone stays cheap."""
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'lgc' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "errors", "ir"])
