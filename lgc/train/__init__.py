"""Training networks of logic gates with learned wiring.

Data sets and configurations are here and need no torch; `lgc.train.modules` has the torch modules and
`lgc.train.trainer` the training loop.
"""

from __future__ import annotations

from lgc.train.config import TrainConfig
from lgc.train.data import Dataset, load_dataset
from lgc.verbs import make_callable

__all__ = ["Dataset", "TrainConfig", "load_dataset"]

make_callable(__name__)
