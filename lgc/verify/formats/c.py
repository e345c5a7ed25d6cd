"""C under test: built and called as the runtime does, in a process of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError
from lgc.ir import Circuit, Encoder
from lgc.tools.cc import C99_FLAGS, compile_shared, find_c_compiler
from lgc.verify.features import features_for
from lgc.verify.formats.child import Child
from lgc.verify.formats.files import not_ours, read_bytes
from lgc.verify.subject import DeviceUnderTest, VerifyOptions, View, check_shape

Bits = NDArray[np.bool_]
_HEADER_LINES = 5


@dataclass(eq=False, kw_only=True)
class CSource(DeviceUnderTest):
    """An emitted C file; it is compiled and run.

    Attributes:
        sizes: what its ``#define`` lines say about the shape.
    """

    path: Path
    prefix: str
    sizes: dict[str, int]
    model_digest: str
    circuit_digest: str
    ordered: bool
    timeout: float
    kind = "C"
    subject = "the C code"
    by = "the C compiler"
    _encoder: Encoder | None = None
    _library: Path | None = None
    _compiling: Lock = field(default_factory=Lock)

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`DeviceUnderTest`."""
        check_shape(self, circuit, self.sizes["BITS"], self.sizes["CLASSES"])
        thresholds = circuit.encoder.thresholds is not None
        if self.sizes["FEATURES"] != circuit.encoder.num_features or self.sizes["HAS_THRESHOLDS"] != thresholds:
            raise InputError("its features are not those of this model", where=str(self.path))
        self._encoder = circuit.encoder

    def build(self, folder: Path) -> Child:
        """Compile, and enter by packed bits."""
        return self._enter(folder, "bits")

    def view(self) -> View:
        """The entry that most programs take: numbers, through the encoder; or a byte a bit where there is none."""
        if self.sizes["HAS_THRESHOLDS"]:
            return View("features", lambda folder: self._enter(folder, "f64"), ordered=True)
        return View("bytes", lambda folder: self._enter(folder, "bools"))

    def _enter(self, folder: Path, form: str) -> Child:
        encoder = self._encoder
        assert encoder is not None
        rows = {
            "bits": lambda bits: np.packbits(bits, axis=1, bitorder="little"),
            "bools": lambda bits: bits.astype(np.uint8),
            "f64": lambda bits: features_for(encoder, bits),
        }[form]
        arguments = ("c", str(self._compiled(folder)), self.prefix, form)
        return Child(self.subject, arguments, rows, self.sizes["CLASSES"], folder, self.timeout)

    def _compiled(self, folder: Path) -> Path:
        """The library, which both ways in share: whoever comes first builds it."""
        with self._compiling:
            if self._library is None:
                compile_shared(self.path.resolve(), folder / "net.so", find_c_compiler(), C99_FLAGS)
                self._library = folder / "net.so"
            return self._library


def open_c(path: Path, manifest: Path | None, options: VerifyOptions) -> CSource:
    """A ``.c`` file: its first comment says whose it is.

    Raises:
        InputError: not lgc's.
    """
    del manifest
    text = read_bytes(path).decode("utf-8", "replace")
    comment = "\n".join(text.split("\n", _HEADER_LINES)[:_HEADER_LINES])
    circuit = re.search(r"^ \* circuit ([0-9a-f]{64})$", comment, re.M)
    prefix = re.search(r"^size_t ([A-Za-z]\w*)_workspace_size\(void\);$", text, re.M)
    names = ("BITS", "CLASSES", "FEATURES", "HAS_THRESHOLDS")
    sizes = {name: re.search(rf"^#define {name} (\d{{1,9}})u?$", text, re.M) for name in names}
    if circuit is None or prefix is None or None in sizes.values():
        raise not_ours(path)
    model = re.search(r"^ \* model   ([0-9a-f]{64})$", comment, re.M)
    return CSource(
        path=path,
        prefix=prefix[1],
        sizes={name: int(match[1]) for name, match in sizes.items() if match},
        model_digest=model[1] if model else "none",
        circuit_digest=circuit[1],
        ordered=" * assumes thermometer" in comment,
        timeout=options.timeout,
    )
