"""Memory that ends where the process may not read or write: a byte too far is a crash, and not luck."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray


@contextmanager
def guarded(size: int) -> Iterator[int]:
    """The address of ``size`` bytes, zero at first, behind which is a page that nobody may touch."""
    page = mmap.PAGESIZE
    pages = -(-size // page)
    with mmap.mmap(-1, (pages + 1) * page) as block:
        start = ctypes.addressof(whole := ctypes.c_char.from_buffer(block))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        assert protect(start + pages * page, page, 0) == 0
        try:
            yield start + pages * page - size
        finally:
            protect(start + pages * page, page, mmap.PROT_READ | mmap.PROT_WRITE)
            del whole


class Guarded(ExitStack):
    """Arrays in guarded memory, for the length of a ``with``."""

    def copy(self, array: NDArray[np.generic]) -> int:
        """The address of a copy."""
        array = np.ascontiguousarray(array)
        address = self.enter_context(guarded(array.nbytes))
        ctypes.memmove(address, array.ctypes.data, array.nbytes)
        return address

    def space(self, shape: tuple[int, ...], dtype: type[np.generic]) -> int:
        """The address of an array of zeros; :func:`array_at` reads it."""
        return self.copy(np.zeros(shape, dtype))


def array_at(address: int, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[np.generic]:
    """A copy of what is there."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(ctypes.string_at(address, size), dtype).reshape(shape).copy()
