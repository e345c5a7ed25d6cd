"""Arrays in, integer scores and classes out."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lgc.data.frames import is_frame
from lgc.data.raw import Known, known, mixed
from lgc.errors import InputError, LgcError, OptionError
from lgc.frontend.model import Model
from lgc.ir import Circuit, Inputs, Label, interp
from lgc.numbers import real_array
from lgc.runtime.library import Library, is_built, open_library
from lgc.tools.cc import has_c_compiler
from lgc.tools.threads import Threads

Engine = Literal["auto", "c", "numpy"]

_GRAIN = 4096
"""Samples below which a second thread costs more than it gains."""


_BUFFER = 1 << 16
"""Numbers that a call of the code writes at most, if they are those of a block or more."""

_BLOCK = 2048
"""Samples that the code with the widest words runs together; slices are multiples of it."""

_WORTH_BUILDING = 60_000
"""Samples from which building machine code takes less time than it saves: both grow with the gates."""


class Predictor:
    """A circuit that classifies arrays. Safe to share between threads, and with forked processes.

    It can be pickled and copied: what is sent is the circuit and what was asked for. Where it arrives its code is taken
    from the cache, or built.

    Args:
        circuit: as lowered; it is optimised here if it has to be built.
        model: what it was lowered from, if that is known: machine code then has each kernel of a convolution once.
        engine: ``c`` builds machine code (once, then cached), ``numpy`` interprets, ``auto`` takes C where a
            compiler works. Both give the same integers.
        threads: how many share a large batch; by default one for each processor this process may use.
        samples: how many are to come, if known. Then ``auto`` builds only if that saves time, and else takes C only
            from the cache.

    Samples ``X`` are a numpy array, a torch tensor or a frame of pandas or polars, in one of these forms:

    - bool (B, bits): encoded bits;
    - uint8 (B, ceil(bits/8)), unless that is also the number of columns: packed bits, bit i of a sample at bit
      i%8 of byte i/8. ``packed=True`` or ``False`` decides it by hand;
    - of a model that knows its input, raw rows: a frame with its columns, in any order, or numbers (B, C) or (B, ...)
      of C columns in order, in the units that people have. Categories are words, in an array of numbers their
      indices. Pixels are bytes or scaled, as :func:`lgc.data.pixels.pixel_codes` tells;
    - of any other model, numbers (B, F) or (B, ...): F features a sample.

    Numbers are of any real type, and finite. Those that look unscaled are refused; those outside of the range that
    training saw draw an :class:`lgc.errors.LgcWarning`.

    Raises:
        MissingToolError, ToolError: engine ``c``, and no compiler, or it failed.
        OptionError: an unknown engine, or threads below 1.
    """

    def __init__(
        self,
        circuit: Circuit,
        *,
        model: Model | None = None,
        engine: Engine = "auto",
        threads: int | None = None,
        samples: int | None = None,
    ) -> None:
        if engine not in ("auto", "c", "numpy"):
            raise OptionError(f"no engine '{engine}'", hint="There are: auto, c, numpy")
        if threads is not None and threads < 1:
            raise OptionError(f"{threads} threads can do nothing")
        self.circuit = circuit
        self.inputs: Inputs | None = circuit.inputs
        self.threads = threads or _processors()
        self._asked: dict[str, Any] = {"model": model, "engine": engine, "threads": threads, "samples": samples}
        self._local = threading.local()
        self._pool = Threads(self.threads)
        worth = samples is None or samples >= _WORTH_BUILDING
        self._library = None if engine == "numpy" else _library(circuit, model, required=engine == "c", build=worth)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.circuit, **self._asked), ()

    @property
    def engine(self) -> str:
        """``c`` or ``numpy``: what computes."""
        return "numpy" if self._library is None else "c"

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in score order."""
        return self.circuit.head.classes

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels of the classes as the data had them, in score order; the numbers from 0 if nobody said."""
        return self.circuit.labels

    def scores(self, X: Any, *, packed: bool | None = None) -> NDArray[np.int64]:
        """Integer scores (B, C).

        Raises:
            InputError: the samples have none of the forms above.
        """
        form, rows = self._rows(X, packed)
        if self._library is None:
            return self._interpreted(interp.scores, form, rows)
        result = np.empty((len(rows), self.circuit.head.num_classes), np.int64)
        self._run(form, rows, result, of_scores=True)
        return result

    def predict(self, X: Any, *, packed: bool | None = None) -> NDArray[np.int64]:
        """Class indices (B,), by the circuit's tie rule.

        Raises:
            InputError: the samples have none of the forms above.
        """
        form, rows = self._rows(X, packed)
        if self._library is None:
            return self._interpreted(interp.classify, form, rows)
        result = np.empty(len(rows), np.int64)
        self._run(form, rows, result, of_scores=False)
        return result

    def predict_labels(self, X: Any, *, packed: bool | None = None) -> NDArray[Any]:
        """Labels (B,) as the data had them, see :attr:`labels`.

        Raises:
            InputError: the samples have none of the forms above.
        """
        labels = self.labels
        alike = len({type(one) for one in labels}) == 1
        return np.array(labels, None if alike else object)[self.predict(X, packed=packed)]

    def _rows(self, X: Any, packed: bool | None) -> tuple[str, NDArray[Any]]:
        """The form of the input, and its rows as that form's C type, contiguous."""
        if isinstance(X, Known):
            return self._known(X)
        if self.inputs is not None and (is_frame(X) or mixed(X) is not None):
            return self._raw(X)
        array = real_array(X, "the samples")
        array = array.reshape(len(array), -1) if array.ndim > 1 and array.size else array
        encoder = self.circuit.encoder
        width = array.shape[1] if array.ndim == 2 else -1
        row_bytes = -(-encoder.num_bits // 8)
        if packed is None:
            packed = array.dtype == np.uint8 and width == row_bytes != self._width
        if packed:
            if array.dtype != np.uint8 or width != row_bytes:
                raise InputError(f"packed samples are uint8 (samples, {row_bytes}), not {array.dtype} {array.shape}")
            return "bits", np.ascontiguousarray(array)
        if array.dtype == np.bool_ and width == encoder.num_bits:
            return "bools", np.ascontiguousarray(array)
        return self._form(encoder.checked(array)) if self.inputs is None else self._raw(array)

    @property
    def _width(self) -> int:
        """The numbers of a sample that is neither packed nor encoded."""
        return self.circuit.encoder.num_features if self.inputs is None else len(self.inputs.columns)

    def _raw(self, X: Any) -> tuple[str, NDArray[Any]]:
        """Rows in the columns' units."""
        assert self.inputs is not None
        samples = known(X, self.inputs)
        samples.warn(stacklevel=5)
        return self._known(samples)

    def _known(self, samples: Known) -> tuple[str, NDArray[Any]]:
        if not samples.are_bytes:
            return self._form(samples.values)
        encoder = self.circuit.encoder
        if self._library is not None and encoder.thresholds is not None and encoder.code is None:
            return "u8", np.ascontiguousarray(samples.values)
        assert self.inputs is not None
        return self._form(self.inputs.features(samples.values))

    def _form(self, features: NDArray[Any]) -> tuple[str, NDArray[Any]]:
        """The model's features, in the narrowest form that is exact."""
        encoder = self.circuit.encoder
        octets = features.dtype == np.uint8
        if encoder.thresholds is None:
            if encoder.code is None and octets and features.max(initial=0) <= 1:
                return "u8", np.ascontiguousarray(features)
            return "bits", _pack(encoder.bits_of(features))
        if octets and self.inputs is not None and self.inputs.pixels is not None:
            features = features.astype(np.float32)  # the code's bytes are those of pixels
        form, kind = {"u1": ("u8", "=u1"), "f4": ("f32", "=f4")}.get(features.dtype.str[1:], ("f64", "=f8"))
        return form, np.ascontiguousarray(features, dtype=kind)

    def _bits(self, form: str, rows: NDArray[Any]) -> NDArray[np.bool_]:
        if form == "bools":
            return rows
        if form != "bits":
            return self.circuit.encoder.bits_of(rows)
        count = self.circuit.encoder.num_bits
        return np.unpackbits(rows, axis=1, count=count, bitorder="little").astype(np.bool_)

    def _interpreted(
        self, of: Callable[[Circuit, NDArray[np.bool_]], NDArray[np.int64]], form: str, rows: NDArray[Any]
    ) -> NDArray[np.int64]:
        """Scores or classes from the interpreter, some thousand samples at a time: bits may take much memory."""
        starts = range(0, max(1, len(rows)), _GRAIN)
        return np.concatenate([of(self.circuit, self._bits(form, rows[lo : lo + _GRAIN])) for lo in starts])

    def _run(self, form: str, rows: NDArray[Any], result: NDArray[np.int64], *, of_scores: bool) -> None:
        """Fill the result, in slices of the batch on several threads, of which the caller's is one."""
        count = len(rows)
        parts = max(1, min(self.threads, count // _GRAIN))
        cuts = [count * part // parts // _BLOCK * _BLOCK for part in range(parts)] + [count]
        slices = [(rows[lo:hi], result[lo:hi]) for lo, hi in pairwise(cuts)]
        waiting = [self._pool.submit(self._fill, form, *one, of_scores) for one in slices[1:]]
        self._fill(form, *slices[0], of_scores)
        for one in waiting:
            one.result()

    def _fill(self, form: str, rows: NDArray[Any], result: NDArray[np.int64], of_scores: bool) -> None:
        """One thread's slice. The code writes int32, into a buffer that stays in the cache until it is widened."""
        assert self._library is not None
        width = result[:1].size
        step = max(_BLOCK, _BUFFER // max(1, width) // _BLOCK * _BLOCK)
        workspace, buffer = self._memory(step * width)
        targets = (buffer.ctypes.data, None) if of_scores else (None, buffer.ctypes.data)
        run = self._library.run[form]
        for lo in range(0, len(rows), step):
            part = rows[lo : lo + step]
            # ctypes lets go of the interpreter lock for the duration of the call.
            run(part.ctypes.data, len(part), *targets, workspace.ctypes.data)
            target = result[lo : lo + step]
            target[:] = buffer[: target.size].reshape(target.shape)

    def _memory(self, numbers: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """This thread's workspace, and its buffer of at least so many numbers."""
        assert self._library is not None
        local = self._local
        if not hasattr(local, "workspace"):
            local.workspace = np.empty(self._library.workspace_bytes, np.uint8)
            local.buffer = np.empty(0, np.int32)
        if len(local.buffer) < numbers:
            local.buffer = np.empty(numbers, np.int32)
        return local.workspace, local.buffer


def _pack(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Bits (B, n) to bytes (B, ceil(n/8)), contiguous: numpy keeps the order of its input."""
    return np.ascontiguousarray(np.packbits(bits, axis=1, bitorder="little"))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _library(circuit: Circuit, model: Model | None, *, required: bool, build: bool) -> Library | None:
    """The machine code, or None where it is not required and cannot be had, or is not there and not to be built."""
    if not required and not has_c_compiler():
        return None
    try:
        if not (required or build or is_built(circuit, model)):
            return None
        return open_library(circuit, model)
    except LgcError as error:
        if required:
            raise
        warnings.warn(f"falling back to numpy: {error}", RuntimeWarning, stacklevel=4)
        return None
