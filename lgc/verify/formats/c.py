"""C under test: built and called as the runtime does, by every function that it has, in a process of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.backend.base import to_bytes
from lgc.backend.c.columns import byte_values
from lgc.backend.c.format import C99, entries, has_digest, header_text
from lgc.backend.c.sliding import SLIDES
from lgc.errors import InputError, LgcError
from lgc.ir import Circuit, Encoder, Inputs
from lgc.tools.cc import C99_FLAGS, compile_shared, find_c_compiler
from lgc.verify.features import bits_above, bytes_for, features_for, floats_for
from lgc.verify.formats.child import Child
from lgc.verify.formats.files import not_ours, read_bytes
from lgc.verify.raw import raw_for
from lgc.verify.stated import Stated
from lgc.verify.subject import DeviceUnderTest, VerifyOptions, View, check_shape
from lgc.verify.vectors import VectorSet

Bits = NDArray[np.bool_]
_HEADER_LINES = 6
_TITLE = re.compile(r"/\* [A-Za-z0-9_.,:+()\[\] ?-]*: (\d+) gates, written by lgc ([0-9A-Za-z.+!-]+)\. Do not edit\.")
_DEFINE = re.compile(r"^#define ([A-Z][A-Z0-9_]*) (\d{1,10})u?$", re.M)
_READ = ("BITS", "CLASSES", "FEATURES", "HAS_THRESHOLDS")
# Up to this many gates the code for other words is run too, where it must be; beyond, the C compiler takes too long.
_WORDS_UP_TO = 20_000
_PORTABLE = ("-U__AVX512F__", "-U__AVX512VL__", "-U__AVX2__", "-U__SSE2__")
_VARIANTS = {
    "words of 32 bits": ("-DLGC_WORD_BITS=32", "-DLGC_VECTORS=1u", *_PORTABLE),
    "words of 64 bits": ("-DLGC_WORD_BITS=64", "-DLGC_VECTORS=3u", *_PORTABLE),
    "words of 128 bits": ("-DLGC_WORD_BITS=128", *_PORTABLE[:2]),
    "words of 256 bits": ("-DLGC_WORD_BITS=256",),
    "words of 512 bits": ("-DLGC_WORD_BITS=512",),
}
"""What the text can be compiled to, whatever this processor is."""
_SELF_TEST = "-DLGC_MAIN"
_OTHER_KERNEL = "-DLGC_OTHER_KERNEL"
"""The text has one kernel for functions of three words and one for those of two; this processor runs only one."""


@dataclass(eq=False, kw_only=True)
class CSource(DeviceUnderTest):
    """An emitted C file; it is compiled and run.

    Attributes:
        sizes: what its ``#define`` lines say, of the shape for one.
        gates, version: as its first line says.
    """

    path: Path
    text: str
    prefix: str
    sizes: dict[str, int]
    gates: int
    version: str
    model_digest: str
    circuit_digest: str
    ordered: bool
    unoptimised: bool
    timeout: float
    kind = "C"
    subject = "the C code"
    by = "the C compiler"
    _encoder: Encoder | None = None
    _inputs: Inputs | None = None
    _written: bool = False
    _forms: tuple[str, ...] = ()
    _built: dict[tuple[str, ...], Path] = field(default_factory=dict)
    _locks: dict[tuple[str, ...], Lock] = field(default_factory=dict)
    _compiling: Lock = field(default_factory=Lock)

    @property
    def is_untouched(self) -> bool:  # type: ignore[override]
        """Whether the text is what lgc wrote, byte for byte."""
        return has_digest(self.text)

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`DeviceUnderTest`."""
        check_shape(self, circuit, self.sizes["BITS"], self.sizes["CLASSES"])
        thresholds = circuit.encoder.thresholds is not None
        if self.sizes["FEATURES"] != circuit.encoder.num_features or self.sizes["HAS_THRESHOLDS"] != thresholds:
            raise InputError("its features are not those of this model", where=str(self.path))
        self._encoder, self._inputs, self._forms = circuit.encoder, circuit.inputs, entries(circuit)[1:]

    def stated(self, circuit: Circuit) -> Stated:
        """See :class:`DeviceUnderTest`: the shape, and the header beside it, if there is one."""
        self._written = not self.unoptimised and self._is_written_of(circuit)
        encoder, head = circuit.encoder, circuit.head
        expected: dict[str, object] = {
            "circuit_digest": circuit.digest(),
            "FEATURES": encoder.num_features,
            "THRESHOLDS": encoder.num_thresholds,
            "BITS": encoder.num_bits,
            "CLASSES": head.num_classes,
            "HAS_THRESHOLDS": int(encoder.thresholds is not None),
            "TIE_LAST": int(head.tie == "last"),
            "assumes": circuit.assumes,
        }
        given: dict[str, object] = {name: self.sizes.get(name) for name in expected if name in self.sizes}
        given |= {"circuit_digest": self.circuit_digest, "assumes": "thermometer" if self.ordered else ""}
        beside = self.path.with_suffix(".h")
        if beside.exists():
            expected["the header beside it"] = _code(header_text(circuit, self.prefix))
            given["the header beside it"] = _code(read_bytes(beside).decode("utf-8", "replace"))
        return Stated("the C file", str(self.path), given, expected)

    def _is_written_of(self, circuit: Circuit) -> bool:
        """Whether the code is, byte for byte, what lgc writes of the circuit, whatever its comment says."""
        form = C99(prefix=self.prefix, main="LGC_MAIN" in self.text, u8_scale=self.sizes["U8_SCALE"])
        try:
            return _code(to_bytes(form, circuit).decode()) == _code(self.text)
        except LgcError:  # its circuit is another, which only the passes know
            return False

    def build(self, folder: Path) -> Child:
        """Compile, and enter by packed bits."""
        return self._enter(folder, ("bits",), self._flags)

    @property
    def _flags(self) -> tuple[str, ...]:
        """What the runtime compiles with, and the self-test where there is one."""
        return (*C99_FLAGS, _SELF_TEST) if "LGC_MAIN" in self.text else C99_FLAGS

    def views(self) -> tuple[View, ...]:
        """The other entries and the other kernel; and all in the code for other words, unless that is lgc's own."""
        entries, every = self._forms, ("bits", *self._forms)
        builds: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
            "other entries": (entries, self._flags),
            "the other kernel": (("bits",), (*C99_FLAGS, _OTHER_KERNEL)),
        }
        if self.gates <= _WORDS_UP_TO and not self._written:
            builds |= {name: (every, (*C99_FLAGS[:1], "-O0", *flags)) for name, flags in _VARIANTS.items()}
        return tuple(
            View(name, partial(self._enter, forms=forms, flags=flags), partial(self._vectors, forms=forms, name=name))
            for name, (forms, flags) in builds.items()
        )

    def _vectors(self, bits: Bits, forms: tuple[str, ...], name: str) -> VectorSet:
        """For each form the bits that its rows are, one form after the other."""
        parts = [self._meant(form, self._rows(form, bits)) for form in forms]
        labels = tuple(f"run_{form}" for form in forms for _ in range(len(bits)))
        return VectorSet(name, np.concatenate(parts), labels)

    def _enter(self, folder: Path, forms: tuple[str, ...], flags: tuple[str, ...]) -> Child:
        def rows(bits: Bits) -> dict[str, NDArray[np.generic]]:
            parts = np.split(bits, len(forms))
            return {f"rows_{form}": self._rows(form, part) for form, part in zip(forms, parts, strict=True)}

        taker = "u8" if not self.sizes["HAS_THRESHOLDS"] else "f64"
        names = [f"{form}:{self.sizes['FEATURES']}:{taker}" if form == "encode" else form for form in forms]
        arguments = ("c", str(self._compiled(folder, flags)), self.prefix, ",".join(names))
        return Child(self.subject, arguments, rows, self.sizes["CLASSES"], folder, self.timeout)

    def _rows(self, form: str, bits: Bits) -> NDArray[Any]:
        """What an entry is given for vectors (B, I), as near as it has them."""
        encoder = self._encoder
        assert encoder is not None
        if form == "bits":
            return np.packbits(bits, axis=1, bitorder="little")
        if form == "bools":  # zero, or anything else for one
            return bits * np.array([1, 255, 2, 128], np.uint8)[np.arange(bits.size).reshape(bits.shape) % 4]
        if form == "u8":
            return bytes_for(encoder, bits, byte_values(self._inputs, self.sizes["U8_SCALE"]))
        if form == "encode" and self._inputs is not None:
            return raw_for(self._inputs, encoder, bits)
        if form == "planes":
            return bits
        return floats_for(encoder, bits) if form == "f32" else features_for(encoder, bits)

    def _meant(self, form: str, rows: NDArray[Any]) -> Bits:
        """The bits that rows of an entry are."""
        encoder = self._encoder
        assert encoder is not None
        if form == "bits":
            return np.unpackbits(rows, axis=1, bitorder="little", count=encoder.num_bits).astype(np.bool_)
        if form == "encode" and self._inputs is not None:
            return encoder.bits_of(self._inputs.features(rows))
        if form in ("bools", "planes") or encoder.thresholds is None:
            return rows.astype(np.bool_)
        values = byte_values(self._inputs, self.sizes["U8_SCALE"])
        return bits_above(encoder, values[rows] if form == "u8" else rows)

    def _compiled(self, folder: Path, flags: tuple[str, ...]) -> Path:
        """The library, which all ways in with the same flags share: whoever comes first builds it."""
        with self._compiling:
            lock = self._locks.setdefault(flags, Lock())
        with lock:
            if flags not in self._built:
                compile_shared(self.path.resolve(), folder / "net.so", find_c_compiler(), flags)
                self._built[flags] = folder / "net.so"
            return self._built[flags]


def _code(text: str) -> str:
    """A source or a header without its first comment, which names the circuit."""
    return text.partition("*/")[2]


def open_c(path: Path, manifest: Path | None, options: VerifyOptions) -> CSource:
    """A ``.c`` file: its first comment says whose it is.

    Raises:
        InputError: not lgc's.
    """
    del manifest
    text = read_bytes(path).decode("utf-8", "replace")
    comment = "\n".join(text.split("\n", _HEADER_LINES)[:_HEADER_LINES])
    title = _TITLE.match(text)
    circuit = re.search(r"^ \* circuit ([0-9a-f]{64})$", comment, re.M)
    prefix = re.search(r"^size_t ([A-Za-z]\w*)_workspace_size\(void\);$", text, re.M)
    sizes = {name: int(value) for name, value in reversed(_DEFINE.findall(text))}  # the first counts
    if title is None or circuit is None or prefix is None or not sizes.keys() >= set(_READ):
        raise not_ours(path)
    model = re.search(r"^ \* model   ([0-9a-f]{64})$", comment, re.M)
    return CSource(
        path=path,
        text=text,
        prefix=prefix[1],
        sizes={"U8_SCALE": 1} | sizes,
        gates=int(title[1]),
        version=title[2],
        model_digest=model[1] if model else "none",
        circuit_digest=circuit[1],
        ordered=" * assumes thermometer" in comment,
        unoptimised=f" * {SLIDES}" in comment,
        timeout=options.timeout,
    )
