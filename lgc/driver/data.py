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

    from lgc.driver.read import Loaded
    from lgc.driver.samples import Samples
    from lgc.driver.verify_request import VectorRequest
    from lgc.ir import Encoder, Inputs
    from lgc.verify.comparison import Comparison
    from lgc.verify.subject import DeviceUnderTest
    from lgc.verify.vectors import VectorSet


_BITS_ROOM = Room(64 << 20, 16)
"""For what samples are encoded to, a byte each."""


def load_bits(
    samples: Samples, encoder: Encoder, inner: Encoder | None = None, inputs: Inputs | None = None
) -> NDArray[np.bool_]:
    """Encoded bits (B, I) of samples.

    Packed samples, and boolean ones as wide as the network's input, are bits already; others are raw rows, or features
    where the model knows no columns.

    Args:
        inner: where the encoder makes codes of features, the model's own: samples that are bits are its bits, and
            become codes that it encodes to them.
        inputs: what the columns are; None if the model does not know.

    Raises:
        InputError: they do not fit the model.
    """
    try:
        return _bits_of(samples, encoder, inner, None if samples.are_features else inputs)
    except InputError as error:
        raise error.at(samples.where) from None


def _bits_of(samples: Samples, encoder: Encoder, inner: Encoder | None, inputs: Inputs | None) -> NDArray[np.bool_]:
    coded = inner is not None and encoder.code is not None
    width = inner.num_bits if coded and inner is not None else encoder.num_bits
    rows = samples.rows
    if samples.packed and rows.shape[1] != width:
        raise InputError(f"the samples have {rows.shape[1]} bits, but the model reads {width}")
    if not are_bits(samples, width):
        _check_room(samples, encoder)
        return _encoded(samples, encoder, inputs)
    if not coded or inner is None or encoder.code is None:
        return rows
    from lgc.mapping.encoder import codes_for_bits

    return encoder.code.bits(codes_for_bits(inner, encoder.code, rows))


def are_bits(samples: Samples, width: int) -> bool:
    """Whether samples are what the encoder makes of features."""
    return samples.rows.dtype.kind == "b" and samples.rows.shape[1] == width


def _encoded(samples: Samples, encoder: Encoder, inputs: Inputs | None) -> NDArray[np.bool_]:
    if inputs is None:
        return encoder.encode(samples.rows)
    from lgc.data.raw import known

    found = known(samples.rows, inputs, samples.columns)
    found.warn(stacklevel=5)
    return encoder.bits_of(inputs.features(found.values) if found.are_bytes else found.values)


def _check_room(samples: Samples, encoder: Encoder) -> None:
    """Refuse samples whose bits would take far more memory than their file.

    Raises:
        InputError: so it is.
    """
    count, most = len(samples), _BITS_ROOM.of(samples.size)
    if samples.size and count * encoder.num_bits > most:
        raise InputError(
            f"{count} samples of {encoder.num_bits} bits are more than {most >> 20} MB, which is much for their file",
            hint=f"If the file is to be trusted, set {VARIABLE}=4",
        )


def vectors_for(asked: VectorRequest, comparison: Comparison[DeviceUnderTest], source: Loaded) -> list[VectorSet]:
    """The vectors that a request asks for, as they are compared.

    Args:
        source: the model, which knows its data.

    Raises:
        InputError: data or vectors that do not fit.
        NotCheckedError: data of no samples, or a file of no vectors.
    """
    from lgc.verify.vectorfile import read_vectors
    from lgc.verify.vectors import directed_vectors, random_vectors

    width, sets = comparison.num_inputs, []
    if asked.data is not None:
        sets.append(_data_vectors(asked, comparison, source))
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


def _data_vectors(asked: VectorRequest, comparison: Comparison[DeviceUnderTest], source: Loaded) -> VectorSet:
    from lgc.driver.samples import About, find_samples
    from lgc.errors import NotCheckedError
    from lgc.verify.vectors import VectorSet

    assert asked.data is not None
    samples = find_samples(
        asked.data, asked.data_dir, about=About.of(source), reading=asked.reading, split=asked.split
    )  # fmt: skip
    if not len(samples):
        raise NotCheckedError("the data has no samples: nothing was checked", where=asked.data)
    samples = samples.first(asked.limit)
    bits = load_bits(samples, comparison.circuit.encoder, comparison.encoder, source.circuit.inputs)
    return VectorSet("data", bits, targets=samples.labels)


def _given_vectors(bits: NDArray[np.bool_], width: int) -> VectorSet:
    import numpy as np

    from lgc.verify.vectors import VectorSet

    rows = np.asarray(bits)
    if rows.ndim != 2 or rows.shape[1] != width or rows.dtype.kind not in "bui":
        raise InputError(f"bits is {rows.dtype} {rows.shape}, expected bool (vectors, {width})")
    if rows.dtype.kind != "b" and rows.size and not ((rows == 0) | (rows == 1)).all():
        raise InputError("bits has other numbers than 0 and 1", hint="Encode features first: circuit.encoder.encode(x)")
    return VectorSet("given", rows.astype(np.bool_))
