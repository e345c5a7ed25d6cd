"""lgc, the logic-gate compiler: trains networks of logic gates and compiles them into circuits.

``lgc.load("model.pt").predict(X)`` is the fastest way to run one; see :mod:`lgc.runtime`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lgc.frontend import ImportOptions
    from lgc.runtime import Predictor, load

__version__ = "0.2.0"
__all__ = ["ImportOptions", "Predictor", "__version__", "load"]
_HOME = {"ImportOptions": "lgc.frontend", "Predictor": "lgc.runtime", "load": "lgc.runtime"}


def __getattr__(name: str) -> Any:
    """Imports on first use: ``import lgc`` alone stays cheap."""
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'lgc' has no attribute '{name}'")
