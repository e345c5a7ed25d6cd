"""Data and vectors for the verbs that take them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lgc.bounds import VARIABLE, Room
from lgc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from lgc.data import Table
    from lgc.driver.verify_request import VectorRequest
    from lgc.ir import Encoder
    from lgc.verify.comparison import Comparison
    from lgc.verify.subject import DeviceUnderTest
    from lgc.verify.vectors import VectorSet


_BITS_ROOM = Room(64 << 20, 16)
"""For what samples are encoded to, a byte each."""


def load_bits(
    data: str,
    data_dir: Path | None,
    encoder: Encoder,
    inner: Encoder | None = None,
    *,
    classes: Sequence[str] | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.int64] | None]:
    """Encoded bits (B, I) and labels (B,), or None if the data has none.

    Where the encoder makes codes of features, ``inner`` is the model's own: samples that are bits are its bits, and
    become codes that it encodes to them.

    Args:
        data: a data set's name, whose test samples are taken, or a file that :func:`lgc.data.read_table` reads.
        classes: the model's, of which the labels are names or numbers; None leaves them as they are.

    Raises:
        InputError: unreadable, or it does not fit the model.
    """
    from lgc.data import class_indices, is_data_file, read_table

    if is_data_file(data):
        table = read_table(data)
        try:
            bits = _bits_of(table, encoder, inner)
        except InputError as error:
            raise error.at(data) from None
        labels = table.labels
    else:
        from lgc.train.data import load_dataset

        dataset = load_dataset(data, data_dir)
        bits, labels = encoder.encode(dataset.test_x), dataset.test_y
    return bits, labels if labels is None or classes is None else class_indices(labels, classes, data)


def _bits_of(table: Table, encoder: Encoder, inner: Encoder | None) -> NDArray[np.bool_]:
    """Packed samples, and boolean ones as wide as the network's input, are bits already; others are features."""
    coded = inner is not None and encoder.code is not None
    width = inner.num_bits if coded and inner is not None else encoder.num_bits
    rows = table.rows
    if table.packed and rows.shape[1] != width:
        raise InputError(f"the samples have {rows.shape[1]} bits, but the model reads {width}")
    if rows.dtype.kind != "b" or rows.shape[1] != width:
        _check_room(table, encoder)
        return encoder.encode(rows)
    if not coded or inner is None or encoder.code is None:
        return rows
    from lgc.mapping.encoder import codes_for_bits

    return encoder.code.bits(codes_for_bits(inner, encoder.code, rows))


def _check_room(table: Table, encoder: Encoder) -> None:
    """Refuse samples whose bits would take far more memory than their file.

    Raises:
        InputError: so it is.
    """
    count, most = len(table.samples), _BITS_ROOM.of(Path(table.where).stat().st_size)
    if count * encoder.num_bits > most:
        raise InputError(
            f"{count} samples of {encoder.num_bits} bits are more than {most >> 20} MB, which is much for their file",
            hint=f"If the file is to be trusted, set {VARIABLE}=4",
        )


def vectors_for(asked: VectorRequest, comparison: Comparison[DeviceUnderTest]) -> list[VectorSet]:
    """The vectors that a request asks for, as they are compared.

    Raises:
        InputError: data or vectors that do not fit.
        NotCheckedError: data of no samples, or a file of no vectors.
    """
    from lgc.verify.vectorfile import read_vectors
    from lgc.verify.vectors import directed_vectors, random_vectors

    width, sets = comparison.num_inputs, []
    if asked.data is not None:
        sets.append(_data_vectors(asked, comparison))
    if asked.bits is not None:
        sets.append(_given_vectors(asked.bits, width))
    if asked.random:
        sets.append(random_vectors(width, asked.random, asked.seed))
    if asked.directed:
        start = sets[0].bits[:256] if sets else random_vectors(width, 64, asked.seed).bits
        sets.append(directed_vectors(comparison.circuit, start, asked.seed))
    if asked.vectors is not None:
        sets.append(read_vectors(asked.vectors, width))
    return comparison.prepared(sets, asked.seed)


def save_vectors(path: Path, made: Sequence[VectorSet | None]) -> int:
    """Write vectors that other verbs made, each once; returns how many there are.

    Raises:
        OutputError: the file cannot be written.
    """
    from lgc.verify.vectorfile import write_vectors

    sets = [one for one in made if one is not None]
    return write_vectors(path, sets, sets[0].bits.shape[1] if sets else 0)


def _data_vectors(asked: VectorRequest, comparison: Comparison[DeviceUnderTest]) -> VectorSet:
    from lgc.errors import NotCheckedError
    from lgc.verify.vectors import VectorSet

    assert asked.data is not None
    encoder, classes = comparison.circuit.encoder, comparison.circuit.head.classes
    bits, labels = load_bits(asked.data, asked.data_dir, encoder, comparison.encoder, classes=classes)
    if not len(bits):
        raise NotCheckedError("the data has no samples: nothing was checked", where=asked.data)
    targets = None if labels is None else labels[: asked.limit]
    return VectorSet("data", bits[: asked.limit], targets=targets)


def _given_vectors(bits: NDArray[np.bool_], width: int) -> VectorSet:
    import numpy as np

    from lgc.verify.vectors import VectorSet

    rows = np.asarray(bits)
    if rows.ndim != 2 or rows.shape[1] != width or rows.dtype.kind not in "bui":
        raise InputError(f"bits is {rows.dtype} {rows.shape}, expected bool (vectors, {width})")
    if rows.dtype.kind != "b" and rows.size and not ((rows == 0) | (rows == 1)).all():
        raise InputError("bits has other numbers than 0 and 1", hint="Encode features first: circuit.encoder.encode(x)")
    return VectorSet("given", rows.astype(np.bool_))
