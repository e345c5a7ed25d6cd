"""Calling the command line in tests, and small models to call it with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lgc.cli import main
from lgc.frontend import Layer, Model, write_model
from lgc.ir import Encoder, Head


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    def paragraph(self) -> str:
        """The error, if it is told as it should be: one line, no traceback, nothing on standard output."""
        assert self.out == ""
        assert self.err.startswith("lgc: ") and self.err.count("\n") == 1 and self.err.endswith((".\n", "?\n"))
        assert "Traceback" not in self.err
        return self.err


def call(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> Result:
    """Run a command in this process."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as exit_:
        main([str(argument) for argument in arguments])
    out, err = capfd.readouterr()
    code = exit_.value.code
    assert isinstance(code, int)
    return Result(code, out, err)


def small_model(seed: int = 0, **changes: object) -> Model:
    """16 bits, two layers of 24 and 12 gates, three classes."""
    rng = np.random.default_rng(seed)
    layers = []
    widths = (16, 24, 12)
    for index in range(2):
        wires = np.stack([rng.permutation(widths[index])[:2] for _ in range(widths[index + 1])])
        tables = rng.choice([6, 7, 8, 9, 14, 1, 2, 4], widths[index + 1]).astype(np.uint64)  # none is degenerate
        layers.append(Layer(f"layer{index + 1}", wires.astype(np.int64), tables, (index,)))
    fields: dict[str, object] = {
        "name": "small",
        "encoder": Encoder(16),
        "layers": tuple(layers),
        "head": Head.equal_groups(12, ("cat", "dog", "eel"), bias=np.array([0, 1, -1]), tau=2.0),
    }
    return Model(**fields | changes)  # type: ignore[arg-type]


def save(path: Path, seed: int = 0, **changes: object) -> Path:
    write_model(small_model(seed, **changes), path)
    return path
