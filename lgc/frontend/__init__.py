"""From a file that some tool wrote to a model, and from a model to a circuit."""

from __future__ import annotations

from pathlib import Path

from lgc.errors import CheckpointError
from lgc.frontend.checkpoint import read_model, write_model
from lgc.frontend.conv import ConvLayer, Geometry, PoolLayer
from lgc.frontend.facts import ImportOptions
from lgc.frontend.lower import lower
from lgc.frontend.model import Layer, Model
from lgc.frontend.unroll import unrolled
from lgc.ir import Circuit

__all__ = [
    "ConvLayer", "Geometry", "ImportOptions", "Layer", "Model", "PoolLayer", "load_circuit", "load_model", "lower",
    "read_model", "unrolled", "write_model",
]  # fmt: skip


def load_circuit(path: Path | str, options: ImportOptions | None = None) -> Circuit:
    """The unoptimised circuit of a checkpoint or netlist of any family that docs/formats.md lists.

    Raises:
        LgcError: it cannot be read, or does not say enough; the message names the flag that does.
    """
    from lgc.frontend.registry import read_file

    result = read_file(path, options).result
    return lower(result) if isinstance(result, Model) else result


def load_model(path: Path | str, options: ImportOptions | None = None) -> Model:
    """The model in a checkpoint of any family.

    Raises:
        CheckpointError: among others, that the file is a netlist, which has no layers.
    """
    from lgc.frontend.registry import read_file

    result = read_file(path, options).result
    if not isinstance(result, Model):
        raise CheckpointError(
            "this is a netlist, not a checkpoint: it has gates, but no layers",
            where=str(path),
            hint="`lgc compile` reads netlists",
        )
    return result
