"""Vectors in a file: what mutation and coverage found wanting, kept for the next time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lgc.data.npz import read_npz
from lgc.errors import InputError, NotCheckedError
from lgc.files import replacing
from lgc.verify.vectors import VectorSet

SAVED = "saved"


def write_vectors(path: Path, sets: Sequence[VectorSet], num_inputs: int) -> int:
    """Write the vectors of some sets, each once, as an ``.npz``: ``bits``, packed, and ``num_inputs``.

    Returns:
        How many there are; none is a file all the same, which reading it refuses.
    """
    rows = [one.bits for one in sets if len(one.bits)]
    bits = np.unique(np.concatenate(rows), axis=0) if rows else np.zeros((0, num_inputs), np.bool_)
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, bits=np.packbits(bits, axis=1, bitorder="little"), num_inputs=num_inputs)
    return len(bits)


def read_vectors(path: Path, num_inputs: int) -> VectorSet:
    """Read what :func:`write_vectors` wrote.

    Raises:
        InputError: no such file, or vectors of another width.
        NotCheckedError: it holds none.
    """
    arrays, names = read_npz(path, ("bits", "num_inputs"))
    if len(arrays) < 2 or arrays["num_inputs"].size != 1 or arrays["num_inputs"].dtype.kind not in "iu":
        held = ", ".join(names[:8]) or "nothing"
        raise InputError(
            f"this is no file of vectors: it holds {held}, not bits and num_inputs",
            where=str(path),
            hint="Files of samples, with X, are given by --data",
        )
    packed, width = arrays["bits"], int(arrays["num_inputs"].reshape(()))
    if packed.dtype != np.uint8 or packed.ndim != 2 or packed.shape[1] != -(-width // 8) or width != num_inputs:
        raise InputError(f"its vectors have {width} bits, the model reads {num_inputs}", where=str(path))
    if not len(packed):
        raise NotCheckedError("the file holds no vectors: nothing was checked", where=str(path))
    return VectorSet(SAVED, np.unpackbits(packed, axis=1, count=width, bitorder="little").astype(np.bool_))
