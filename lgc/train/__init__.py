"""Training networks of logic gates with learned wiring; the only part of lgc besides the frontend that needs torch."""

from __future__ import annotations

from lgc.train.config import TrainConfig
from lgc.train.data import Dataset, load
from lgc.train.modules import Dense, Fixed, GroupSum, LogicLayer, LogicNetwork, Thermometer
from lgc.train.trainer import train

__all__ = [
    "Dataset", "Dense", "Fixed", "GroupSum", "LogicLayer", "LogicNetwork", "Thermometer", "TrainConfig", "load", "train",
]  # fmt: skip
