"""The C99 target: a circuit as one self-contained source file and its header."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import ClassVar, TextIO

import numpy as np

import lgc
from lgc.backend.base import Format
from lgc.backend.c.columns import (
    are_alike,
    byte_values,
    column_comment,
    column_tables,
    feature_type,
    has_encode,
    safe,
    u8_scale,
)
from lgc.backend.c.kernel import kernel_lines
from lgc.backend.c.layout import make_layout
from lgc.backend.c.plan import KernelCounts, base, kernel_counts, make_program, num_planes
from lgc.backend.c.selftest import selftest_defines
from lgc.errors import InputError, OptionError
from lgc.ir import FIRST_INPUT, Circuit

_MAX_SCORE = 2**31 - 1
_PER_LINE = 12
_GROUP = 16
TEXT_MARK = " * text    "


@dataclass(frozen=True)
class C99(Format):
    """Portable C99: bit-sliced, no allocation, no library, reentrant.

    Attributes:
        prefix: of the exported names; from the circuit's name if empty.
        main: add a self-test program, compiled with ``-DLGC_MAIN``.
        part_size: instructions a function; small enough that the C compiler's time stays linear.
        u8_scale: an 8-bit feature byte b stands for the number b / u8_scale; 0 is what the model's pixels have, and 1
            if it says of none.
        unroll: write each kernel of a convolution at every position, where the model is known; see
            :func:`lgc.backend.c.sliding.over_positions`.
    """

    name: ClassVar[str] = "c"
    prefix: str = ""
    main: bool = False
    part_size: int = 400
    u8_scale: int = 0
    unroll: bool = False

    def validate(self, circuit: Circuit) -> None:
        """Refuse impossible options, and scores that an int32 cannot hold.

        Raises:
            InputError, OptionError.
        """
        if self.prefix and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", self.prefix):
            raise OptionError(f"'{self.prefix}' is no C name", hint="Use letters, digits and underscores")
        if self.part_size < 16 or self.u8_scale < 0:
            raise OptionError("part-size is at least 16 and u8-scale at least 1")
        if circuit.encoder.num_bits < 1:
            raise InputError("the circuit has no inputs", hint="C has no empty arrays")
        low, high = circuit.head.score_range
        if low < -_MAX_SCORE or high > _MAX_SCORE:
            raise InputError(
                f"scores from {low} to {high} do not fit 32 bits",
                hint="Subtract a constant from every bias of the head",
            )

    def emit(self, circuit: Circuit, stream: TextIO) -> None:
        """Write the source file."""
        stream.write(with_digest("\n".join(self._lines(circuit)) + "\n"))

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """The header."""
        return {".h": header_text(circuit, self.prefix_of(circuit), self.num_nodes(circuit))}

    notes: ClassVar[tuple[str, ...]] = ()
    """Lines of the first comment, behind those that all forms have."""

    def num_nodes(self, circuit: Circuit) -> int:
        """Gates of the code."""
        return circuit.netlist.num_nodes

    def counts(self, circuit: Circuit, *, ternary: bool) -> KernelCounts:
        """What the code does for one word of samples; ``ternary``: with functions of three words."""
        return kernel_counts(circuit, ternary=ternary)

    def _counted(self, circuit: Circuit) -> Circuit:
        """Whose head the kernel counts for."""
        return circuit

    def prefix_of(self, circuit: Circuit) -> str:
        """What the exported names begin with: a C identifier."""
        if self.prefix:
            return self.prefix
        word = re.sub(r"[^A-Za-z0-9]+", "_", circuit.name).strip("_").lower()
        return word if word[:1].isalpha() else f"net_{word}".strip("_")

    def _scale(self, circuit: Circuit) -> int:
        return self.u8_scale or u8_scale(circuit.inputs)

    def _lines(self, circuit: Circuit) -> Iterator[str]:
        prefix = self.prefix_of(circuit)
        yield from _comment(circuit, self.num_nodes(circuit), self.notes)
        yield from ("", "#include <stddef.h>", "#include <stdint.h>")
        yield from ("#if defined(__AVX2__)", "#include <immintrin.h>", "#elif defined(__SSE2__)")
        yield from ("#include <emmintrin.h>", "#endif", "")
        yield from (f"#define NAME(name) {prefix}_##name", *_prototypes(prefix, circuit), "")
        yield from self._defines(circuit)
        yield _source("words.c")
        yield from self._kernels(circuit)
        yield from _tables(circuit, self._scale(circuit))
        yield _source("encode.c").rstrip("\n")
        if has_encode(circuit):
            yield _source("columns.c").rstrip("\n")
        yield _source("driver.c").rstrip("\n")
        if self.main:
            yield _source("selftest.c").rstrip("\n")

    def _kernels(self, circuit: Circuit) -> Iterator[str]:
        """The kernel for processors with functions of three words, and that for all others."""
        for condition, ternary in (("#if LGC_TERNARY", True), ("#else", False)):
            yield condition
            yield from self._kernel(self._counted(circuit), ternary=ternary)
        yield "#endif\n"

    def _kernel(self, circuit: Circuit, *, ternary: bool) -> Iterator[str]:
        program = make_program(circuit, ternary=ternary)
        layout = make_layout(program, self.part_size)
        yield f"#define SLOTS {layout.num_slots}u"
        yield from kernel_lines(program, layout)

    def _defines(self, circuit: Circuit) -> Iterator[str]:
        encoder, classes = circuit.encoder, circuit.head.num_classes
        values = {
            "FEATURES": encoder.num_features,
            "THRESHOLDS": encoder.num_thresholds,
            "BITS": encoder.num_bits,
            "CLASSES": classes,
            "CLASS_BITS": max(1, (classes - 1).bit_length()),
            "PLANES": num_planes(self._counted(circuit)),
            "BASE": base(self._counted(circuit)) % (1 << 32),
            "U8_SCALE": self._scale(circuit),
        }
        yield from (f"#define {key} {value}u" for key, value in values.items())
        yield f"#define HAS_THRESHOLDS {int(encoder.thresholds is not None)}"
        if circuit.inputs is not None and has_encode(circuit):
            yield f"#define COLUMNS {len(circuit.inputs.columns)}u"
            yield f"#define RULE(c) {'0u' if are_alike(circuit.inputs) else '(c)'}"
        yield f"#define TIE_LAST {int(circuit.head.tie == 'last')}"
        if self.main:
            yield from selftest_defines(circuit)
        yield ""


def with_digest(text: str) -> str:
    """The text with its own digest as the second line, the only one that is not in it."""
    title, _, rest = text.partition("\n")
    return f"{title}\n{TEXT_MARK}{hashlib.sha256(text.encode()).hexdigest()}\n{rest}"


def has_digest(text: str) -> bool:
    """Whether a text is one that :func:`with_digest` gave, byte for byte."""
    title, _, rest = text.partition("\n")
    return text == with_digest(f"{title}\n{rest.partition(chr(10))[2]}")


def _source(name: str) -> str:
    return resources.files("lgc.backend.c").joinpath(name).read_text(encoding="utf-8")


def _comment(circuit: Circuit, gates: int, notes: Iterable[str] = ()) -> Iterator[str]:
    yield f"/* {safe(circuit.name)}: {gates} gates, written by lgc {lgc.__version__}. Do not edit."
    yield f" * circuit {circuit.digest()}"
    if "model_digest" in circuit.metadata:
        yield f" * model   {safe(circuit.metadata['model_digest'])}"
    if circuit.assumes:
        yield f" * assumes {circuit.assumes}: right only for bits that features give"
    yield from (f" * {note}" for note in notes)
    yield " */"


def _prototypes(prefix: str, circuit: Circuit) -> Iterator[str]:
    """The interface, in the source and in the header."""
    results = "size_t n, int32_t *scores, int32_t *classes, void *memory"
    forms = {"bits": "uint8_t", "bools": "uint8_t", "u8": "uint8_t"}
    if circuit.encoder.thresholds is not None:
        forms |= {"f32": "float", "f64": "double"}
    yield f"size_t {prefix}_workspace_size(void);"
    for form, kind in forms.items():
        yield f"void {prefix}_run_{form}(const {kind} *rows, {results});"
    if has_encode(circuit):
        yield f"void {prefix}_encode(const double *columns, size_t n, {feature_type(circuit)} *features);"
    yield f"void {prefix}_run_planes(const uint64_t *planes, size_t words, {results});"


def header_text(circuit: Circuit, prefix: str, gates: int = 0) -> str:
    """The header of a circuit whose exported names begin with ``prefix``, and whose code has so many gates."""
    return "\n".join(_header_lines(circuit, prefix, gates)) + "\n"


def entries(circuit: Circuit) -> tuple[str, ...]:
    """The forms of input that there is a function for."""
    numbers = ("f32", "f64") if circuit.encoder.thresholds is not None else ()
    return ("bits", "bools", "u8", *numbers, *(("encode",) if has_encode(circuit) else ()), "planes")


def _header_lines(circuit: Circuit, prefix: str, gates: int) -> Iterator[str]:
    guard, encoder = f"{prefix.upper()}_H", circuit.encoder
    yield from _comment(circuit, gates)
    yield from (f"#ifndef {guard}", f"#define {guard}", "#include <stddef.h>", "#include <stdint.h>")
    yield f"#define {prefix.upper()}_FEATURES {encoder.num_features}"
    yield f"#define {prefix.upper()}_BITS {encoder.num_bits}"
    yield f"#define {prefix.upper()}_ROW_BYTES {-(-encoder.num_bits // 8)}"
    yield f"#define {prefix.upper()}_CLASSES {circuit.head.num_classes}"
    if circuit.inputs is not None and has_encode(circuit):
        yield f"#define {prefix.upper()}_COLUMNS {len(circuit.inputs.columns)}"
    yield from ("#ifdef __cplusplus", 'extern "C" {', "#endif")
    yield from (
        "/* n samples. rows: run_bits takes ROW_BYTES packed bytes a sample, bit i at bit i%8 of byte i/8;",
        " * run_bools takes BITS bytes a sample, each a bit: zero, or anything else for one; the others take FEATURES",
        " * numbers a sample. planes: BITS rows of `words` words, sample s at bit s%64 of word s/64.",
        " * scores: n x CLASSES, or NULL. classes: n, or NULL. memory: workspace_size() bytes, any alignment, not",
        " * shared between threads. Nothing is allocated, and nothing is kept between calls. */",
    )
    yield from column_comment(circuit, f"{prefix}_encode")
    yield from _prototypes(prefix, circuit)
    yield from ("#ifdef __cplusplus", "}", "#endif", "#endif")


def _tables(circuit: Circuit, scale: int) -> Iterator[str]:
    """Thresholds: as they are, and as limits for bytes."""
    thresholds = circuit.encoder.thresholds
    flat = np.zeros(circuit.encoder.num_bits) if thresholds is None else thresholds.reshape(-1)
    least = np.searchsorted(
        byte_values(circuit.inputs, scale), flat, side="right"
    )  # the first byte above the threshold; 256: none is
    reachable = np.packbits(np.append(least < 256, np.zeros(-len(least) % 64, np.bool_)), bitorder="little").view("<u8")
    yield from _array("uint8_t", "ones", ["1"] * 64)
    yield from _array("uint8_t", "least", [str(v) for v in np.minimum(least, 255).tolist()])
    yield from _array("uint64_t", "reachable", [f"{v:#x}u" for v in reachable.tolist()])
    if thresholds is not None:
        yield from _array("double", "threshold", [float(v).hex() for v in flat.tolist()])
    if circuit.inputs is not None and has_encode(circuit):
        yield f"typedef {feature_type(circuit)} feature;"
        for name, (kind, values) in column_tables(circuit.inputs).items():
            yield from _array(kind, name, list(map(str, values)))
    yield from _groups(circuit)


def _groups(circuit: Circuit) -> Iterator[str]:
    """The bytes of a packed row that some gate reads, in groups of 16: where each begins, and which of it are read."""
    bits = np.unique(np.concatenate([circuit.netlist.fanin.ravel(), circuit.netlist.outputs])) - FIRST_INPUT
    left = np.unique(bits[(bits >= 0) & (bits < circuit.encoder.num_bits)] // 8)
    last = max(0, -(-circuit.encoder.num_bits // 8) - _GROUP)
    firsts, reads = [], []
    while len(left):
        first = min(int(left[0]), last)
        inside = left < first + _GROUP
        firsts.append(first)
        reads.append(int((1 << (left[inside] - first)).sum()))
        left = left[~inside]
    yield from ("#if FAST_ROWS", f"#define GROUPS {len(firsts)}u")
    yield from _array("uint32_t", "group_first", list(map(str, firsts)))
    yield from _array("uint16_t", "group_reads", [f"{value:#x}u" for value in reads])
    yield "#endif"


def _array(kind: str, name: str, values: list[str]) -> Iterator[str]:
    values = values or ["0"]
    yield f"static const {kind} {name}[{len(values)}] = {{"
    for start in range(0, len(values), _PER_LINE):
        yield "    " + ", ".join(values[start : start + _PER_LINE]) + ","
    yield "};"
