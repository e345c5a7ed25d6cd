"""Software inference: ``lgc.load("model.pt").predict(X)``.

- :mod:`predictor`: arrays in, scores and classes out, on all cores.
- :mod:`library`: builds the C code once, and keeps it in a cache that processes may share.
"""

from lgc.runtime.predictor import Predictor

__all__ = ["Predictor"]
