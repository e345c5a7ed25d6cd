"""Software inference: ``load("model.pt").predict(X)``.

- :mod:`predictor`: arrays in, scores and classes out, on all cores.
- :mod:`library`: builds the C code once, and keeps it in a cache that processes may share.
- :mod:`bench`: how fast that is, and what bounds it.
"""

from lgc.runtime.predictor import Predictor, load

__all__ = ["Predictor", "load"]
