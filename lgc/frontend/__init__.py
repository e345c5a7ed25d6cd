"""From a file that some tool wrote to a model, and from a model to a circuit."""

from __future__ import annotations

from pathlib import Path

from lgc.errors import InputError
from lgc.frontend.checkpoint import read_model, write_model
from lgc.frontend.lower import lower
from lgc.frontend.model import Layer, Model
from lgc.ir import Circuit, parse_text

__all__ = ["Layer", "Model", "load_circuit", "lower", "read_model", "write_model"]


def load_circuit(path: Path | str) -> Circuit:
    """The unoptimised circuit of a checkpoint, or the circuit of a `.lgn` file.

    Raises:
        CheckpointError, NetlistError: see the readers.
    """
    path = Path(path)
    if path.suffix != ".lgn":
        return lower(read_model(path))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", where=str(path)) from None
    return parse_text(text, str(path))
