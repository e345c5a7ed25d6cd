"""How a data set is made of a file: how it is read, what is held out, and what codes its numbers get."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lgc.data.split import HELD_OUT
from lgc.data.text import TableOptions


@dataclass(frozen=True)
class Loading:
    """What people may say about their data.

    Attributes:
        table: how text is read.
        test: a file of test samples; None holds out a part of the samples, if the file sets none apart.
        split_seed: decides which samples are held out.
        feature_bits: of the code of every number; None chooses for each, 0 leaves numbers as they are.
        test_part: what is held out where nothing sets test samples apart; 0 keeps all samples for training.
    """

    table: TableOptions = field(default_factory=TableOptions)
    test: Path | None = None
    split_seed: int = 0
    feature_bits: int | None = None
    test_part: float = HELD_OUT
