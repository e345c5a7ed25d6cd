"""Options of `lgc verify` that say what is asked, and the vectors that they make."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lgc.ir import Circuit, Encoder
    from lgc.verify.vectors import VectorSet


@dataclass(frozen=True)
class VectorOptions:
    """The options as given."""

    data: str | None
    data_dir: Path | None
    limit: int | None
    num_random: int
    seed: int
    no_directed: bool
    vectors: Path | None

    def make(self, circuit: Circuit, inner: Encoder) -> list[VectorSet]:
        """The sets of vectors for a circuit.

        Args:
            inner: the model's own encoder; the circuit's may make codes of features.

        Raises:
            InputError: data that do not fit, or of no samples.
            NotCheckedError: a file of no vectors.
        """
        from lgc.verify.vectorfile import read_vectors
        from lgc.verify.vectors import directed_vectors, random_vectors

        num_inputs, seed = circuit.netlist.num_inputs, self.seed
        sets = [] if self.data is None else [self._data(circuit, inner)]
        if self.num_random:
            sets.append(random_vectors(num_inputs, self.num_random, seed))
        if not self.no_directed:
            start = sets[0].bits[:256] if sets else random_vectors(num_inputs, 64, seed).bits
            sets.append(directed_vectors(circuit, start, seed))
        if self.vectors is not None:
            sets.append(read_vectors(self.vectors, num_inputs))
        return sets

    def _data(self, circuit: Circuit, inner: Encoder) -> VectorSet:
        from lgc.cli._data import load_bits
        from lgc.errors import NotCheckedError
        from lgc.verify.vectors import VectorSet

        assert self.data is not None
        bits, labels = load_bits(self.data, self.data_dir, circuit.encoder, inner)
        if not len(bits):
            raise NotCheckedError("the data has no samples: nothing was checked", where=self.data)
        return VectorSet("data", bits[: self.limit], targets=None if labels is None else labels[: self.limit])


_OPTIONS = (
    click.option("--data", help="Data to check on: an .npz file, or a data set's name."),
    click.option("--data-dir", type=click.Path(path_type=Path), help="Folder with the data set's files."),
    click.option("--limit", type=click.IntRange(1), help="Use the first N samples of the data only."),
    click.option(
        "--random", "num_random", type=click.IntRange(0), default=1000, show_default=True, help="Random vectors."
    ),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the random vectors."),
    click.option("--no-directed", is_flag=True, help="Leave out the directed vectors (zeros, ones, extremes, ties)."),
    click.option("--vectors", type=click.Path(path_type=Path), help="Vectors that --write-vectors saved."),
)


def vector_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command, which gets them as one argument, ``asked``."""

    @functools.wraps(command)
    def call(**values: Any) -> Any:
        names = VectorOptions.__dataclass_fields__
        return command(asked=VectorOptions(**{name: values.pop(name) for name in names}), **values)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call
