"""Data and vectors for the verbs that take them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from lgc.driver.verify_request import VectorRequest
    from lgc.ir import Encoder
    from lgc.verify.comparison import Comparison
    from lgc.verify.subject import DeviceUnderTest
    from lgc.verify.vectors import VectorSet


def load_bits(
    data: str, data_dir: Path | None, encoder: Encoder, inner: Encoder | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.int64] | None]:
    """Encoded bits (B, I) and labels (B,), or None if the data has none.

    Where the encoder makes codes of features, ``inner`` is the model's own: samples that are packed bits are its bits,
    and become codes that it encodes to them.

    An `.npz` file holds ``X``: features (B, F), or bits packed into bytes, least significant first, with their number
    in ``n_bits``; and perhaps ``y``.

    Raises:
        InputError: unreadable, or it does not fit the model.
    """
    if data.endswith(".npz"):
        return _from_npz(Path(data), encoder, inner)
    from lgc.train.data import load_dataset

    dataset = load_dataset(data, data_dir)
    return encoder.encode(dataset.test_x), dataset.test_y


def _from_npz(
    path: Path, encoder: Encoder, inner: Encoder | None
) -> tuple[NDArray[np.bool_], NDArray[np.int64] | None]:
    import numpy as np

    from lgc.errors import InputError
    from lgc.frontend.containers.npzfile import SAMPLES, read_arrays

    try:
        arrays = read_arrays(path, ("X", "y", "n_bits"), SAMPLES)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from None
    if "X" not in arrays:
        raise InputError("the file has no array X", where=str(path), hint="X holds the samples, y the labels")
    samples, labels = arrays["X"], arrays.get("y")
    if samples.ndim < 2 or samples.dtype.kind not in "buif":
        raise InputError(f"X is {samples.dtype} {samples.shape}, expected numbers (samples, features)", where=str(path))
    samples = samples.reshape(len(samples), math.prod(samples.shape[1:]))
    _check_room(path, len(samples), encoder)
    try:
        if "n_bits" not in arrays:
            bits = encoder.encode(samples)
        elif inner is None or encoder.code is None:
            bits = _unpacked(samples, arrays["n_bits"], encoder)
        else:
            from lgc.mapping.encoder import codes_for_bits

            codes = codes_for_bits(inner, encoder.code, _unpacked(samples, arrays["n_bits"], inner))
            bits = encoder.code.bits(codes)
    except InputError as error:
        raise error.at(str(path)) from None
    if labels is not None and (labels.shape != (len(bits),) or labels.dtype.kind not in "ui"):
        raise InputError(f"y is {labels.dtype} {labels.shape}, expected {len(bits)} integers", where=str(path))
    return bits, None if labels is None else labels.astype(np.int64)


def _check_room(path: Path, samples: int, encoder: Encoder) -> None:
    """Refuse samples whose bits would take far more memory than their file.

    Raises:
        InputError: so it is.
    """
    from lgc.bounds import VARIABLE
    from lgc.errors import InputError
    from lgc.frontend.containers.npzfile import BITS

    most = BITS.of(path.stat().st_size)
    if samples * encoder.num_bits > most:
        raise InputError(
            f"{samples} samples of {encoder.num_bits} bits are more than {most >> 20} MB, which is much for its size",
            where=str(path),
            hint=f"If the file is to be trusted, set {VARIABLE}=4",
        )


def _unpacked(samples: NDArray[Any], declared: NDArray[Any], encoder: Encoder) -> NDArray[np.bool_]:
    import numpy as np

    from lgc.errors import InputError

    if declared.size != 1 or declared.dtype.kind not in "ui":
        raise InputError(f"n_bits is {declared.dtype} {declared.shape}, expected one whole number")
    num_bits = int(declared.reshape(()))
    if num_bits != encoder.num_bits:
        raise InputError(f"the samples have {num_bits} bits, but the model reads {encoder.num_bits}")
    if samples.dtype != np.uint8 or samples.shape[1] != -(-num_bits // 8):
        raise InputError(
            f"X is {samples.dtype} {samples.shape}, expected uint8 with {-(-num_bits // 8)} bytes a sample"
        )
    return np.unpackbits(samples, axis=1, count=num_bits, bitorder="little").astype(np.bool_)


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
    bits, labels = load_bits(asked.data, asked.data_dir, comparison.circuit.encoder, comparison.encoder)
    if not len(bits):
        raise NotCheckedError("the data has no samples: nothing was checked", where=asked.data)
    targets = None if labels is None else labels[: asked.limit]
    return VectorSet("data", bits[: asked.limit], targets=targets)


def _given_vectors(bits: NDArray[np.bool_], width: int) -> VectorSet:
    import numpy as np

    from lgc.errors import InputError
    from lgc.verify.vectors import VectorSet

    rows = np.asarray(bits)
    if rows.ndim != 2 or rows.shape[1] != width or rows.dtype.kind not in "bui":
        raise InputError(f"bits is {rows.dtype} {rows.shape}, expected bool (vectors, {width})")
    if rows.dtype.kind != "b" and rows.size and not ((rows == 0) | (rows == 1)).all():
        raise InputError("bits has other numbers than 0 and 1", hint="Encode features first: circuit.encoder.encode(x)")
    return VectorSet("given", rows.astype(np.bool_))
