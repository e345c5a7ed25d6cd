"""Files of at most 10 MB that are made to take memory or time: a table of them, and how they are measured.

`python tests/faults/bombs.py [NAME...]` reads them in this process and prints what each took. The peak of memory is
above what the imports took; the time is the processor's, for machines are shared.
"""

from __future__ import annotations

import gc
import gzip
import io
import json
import lzma
import pickle
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

SECONDS, MEGABYTES, LARGEST = 2.0, 500, 10_000_000
P = (1 << 61) - 1  # Python's hash of an integer is its remainder by this


def safetensors(header: dict[str, object] | bytes, tensors: dict[str, tuple[str, list[int], int]], data: int) -> bytes:
    """A checkpoint of lgc's: its JSON, and tensors by type, shape and offset into so many zeros."""
    sizes = {"U8": 1, "I16": 2, "F32": 4, "F64": 8}
    entries: dict[str, object] = {
        "__metadata__": {"lgc": header.decode() if isinstance(header, bytes) else json.dumps(header)}
    }
    for name, (kind, shape, start) in tensors.items():
        end = start + sizes[kind] * int(np.prod(shape))
        entries[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + bytes(data)


def native(count: int = 1, **fields: object) -> bytes:
    """A small native checkpoint with some fields of its JSON replaced."""
    header = {"format": "lgc-checkpoint", "version": 1, "name": "x", "features": 4, "classes": ["a"]}
    rows = [{"arity": 2, "width": 1, "sources": [0]} for _ in range(count)]
    tensors = {}
    for index in range(count):
        tensors[f"layers.{index}.wires"] = ("U8", [1, 2], 3 * index)
        tensors[f"layers.{index}.gates"] = ("U8", [1], 3 * index + 2)
    return safetensors(header | {"layers": rows} | fields, tensors, 3 * count)


def layer(**fields: object) -> list[dict[str, object]]:
    return [{"arity": 2, "width": 1, "sources": [0]} | fields]


def torch_zip(text: bytes, count: int = 4) -> bytes:
    """A PyTorch zip with this pickle."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/data.pkl", text)
        for index in range(count):
            archive.writestr(f"a/data/{index}", bytes(256))
    return stream.getvalue()


TENSOR = (
    b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
    + b"0X\x03\0\0\0cpuK\x10tQ"
    b"K\0K\x04K\x04\x86K\x04K\x01\x86\x89NtR"
)


def text(value: bytes) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value


def many_tensors(names: Iterator[str]) -> bytes:
    """A state dict that has one tensor under many names."""
    body = b"".join(text(name.encode()) + b"h\x01" for name in names)
    return torch_zip(b"\x80\x02" + TENSOR + b"q\x010}(" + body + b"u.")


def integer(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def colliding(count: int) -> bytes:
    return torch_zip(b"\x80\x02}(" + b"".join(integer(P * k) + b"N" for k in range(1, count)) + b"u.")


def colliding_tuples(count: int) -> bytes:
    pairs = (integer(P * k) + integer(P * (count - k)) + b"\x86N" for k in range(1, count))
    return torch_zip(b"\x80\x02}(" + b"".join(pairs) + b"u.")


def colliding_memo(count: int) -> bytes:
    return torch_zip(b"\x80\x02N" + b"".join(b"p%d\n" % (P * k) for k in range(1, count)) + b".")


def nested_modules(depth: int) -> bytes:
    """Modules in modules, by one long name: their paths together are its square."""
    name = text(b"n" * 1000) + b"q\x01"
    opening = b"cm\nM\nq\x02)\x81}" + text(b"_modules") + b"q\x03}" + name
    more = b"h\x02)\x81}h\x03}h\x01"
    return torch_zip(b"\x80\x02" + opening + more * (depth - 1) + b"N" + b"ssb" * depth + b".")


def archive(entries: Iterator[tuple[str, bytes]], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as made:
        for name, data in entries:
            made.writestr(name, data)
    return stream.getvalue()


def npy(shape: tuple[int, ...], dtype: str = "|u1", data: bytes | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    stream.write(bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize) if data is None else data)
    return stream.getvalue()


def deflated_zeros(header: bytes, size: int, name: str = "X.npy") -> bytes:
    """A zip with a record of a header and many zeros, of which a thousandth are in the file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made, made.open(name, "w", force_zip64=True) as record:
        record.write(header)
        for _ in range(size >> 20):
            record.write(bytes(1 << 20))
    return stream.getvalue()


def gz(head: bytes, size: int) -> bytes:
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as packed:
        packed.write(head)
        for _ in range(size >> 20):
            packed.write(bytes(1 << 20))
    return stream.getvalue()


def lgn(*, inputs: int = 2, features: str = "2 binary", nodes: str = "", out: str = "n2", count: int = 1) -> bytes:
    outs = f"outputs {count}\n" + f"out {out}\n" * count
    return (
        f'lgn 1\ncircuit "x"\nfeatures {features}\ninputs {inputs}\nlayers\n{nodes}{outs}'
        f'head tau 1 tie first\nclass "a" {count} bias 0\nend\n'
    ).encode()


def blif(body: str, inputs: str = "a b", outputs: str = "o") -> bytes:
    return f".model m\n.inputs {inputs}\n.outputs {outputs}\n{body}.end\n".encode()


def binary_aiger(count: int) -> bytes:
    """As many AND gates as fit: two bytes each."""
    return b"aig %d 2 0 1 %d\n%d\n" % (count + 2, count, 2 * count + 4) + b"\x02\x02" * count


def sidecar(**fields: object) -> bytes:
    base = {"format": "lgc-sidecar", "version": 1, "name": "x", "circuit_digest": "0", "metadata": {}, "inputs": 2}
    base |= {"outputs": 1, "features": 2, "thresholds": None, "classes": ["a"], "offsets": [0, 1], "bias": [0]}
    return json.dumps(base | {"tau": 1.0, "tie": "first"} | fields).encode()


def torchlogix_names(count: int) -> Iterator[str]:
    return (f"{index}.weight" for index in range(count))


CHECKPOINTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "features-and-sources": ("x.safetensors", lambda: native(features=1 << 26, **{"layers": layer(sources=[0] * 20)})),
    "features": ("x.safetensors", lambda: native(features=1 << 26)),
    "sources": ("x.safetensors", lambda: native(**{"layers": layer(sources=[0] * 3_000_000)})),
    "feature-shape": ("x.safetensors", lambda: native(feature_shape=[1 << 25] * 1_000_000)),
    "classes": ("x.safetensors", lambda: native(classes=["a"] * 1_900_000)),
    "many-layers": ("x.safetensors", lambda: native(40_000)),
    "sources-of-many-layers": (
        "x.safetensors",
        lambda: native(
            1500, **{"layers": [{"arity": 2, "width": 1, "sources": list(range(-1, i + 1))} for i in range(1500)]}
        ),
    ),
    "json-nested": ("x.safetensors", lambda: safetensors(b"[" * 4_000_000, {}, 0)),
    "json-of-empty-lists": ("x.safetensors", lambda: safetensors(b"[" + b"[]," * 3_000_000 + b"0]", {}, 0)),
    "many-safetensors": (
        "x.safetensors",
        lambda: safetensors({}, {f"l.{i}.w": ("U8", [0], 0) for i in range(100_000)}, 0),
    ),
    "safetensors-nested": ("x.safetensors", lambda: struct.pack("<Q", 9_000_000) + b'{"a":' + b"[" * 8_999_995),
    "colliding-keys": ("x.pt", lambda: colliding(80_000)),
    "colliding-tuples": ("x.pt", lambda: colliding_tuples(60_000)),
    "colliding-floats": (
        "x.pt",
        lambda: torch_zip(
            b"\x80\x02}("
            + b"".join(
                b"G" + struct.pack(">d", float(m) * 2.0 ** (61 * k)) + b"N"
                for k in range(-16, 16)
                for m in range(1, 6000)
            )
            + b"u."
        ),
    ),
    "colliding-memo": ("x.pt", lambda: colliding_memo(190_000)),
    "steps": ("x.pt", lambda: torch_zip(b"\x80\x02" + b"]" * 9_000_000 + b".")),
    "nested-lists": ("x.pt", lambda: torch_zip(b"\x80\x02" + b"]" * 190_000 + b"a" * 189_999 + b".")),
    "shared-lists": (
        "x.pt",
        lambda: torch_zip(
            b"\x80\x02}("
            + text(b"w.w")
            + TENSOR
            + text(b"z")
            + b"]"
            + b"".join(b"q" + bytes([i]) + b"0](" + (b"h" + bytes([i])) * 1000 + b"e" for i in range(6))
            + b"u."
        ),
    ),
    "nested-modules": ("x.pt", lambda: nested_modules(9000)),
    "prefixes": ("x.pt", lambda: torch_zip(b"\x80\x02}" + text(b"module." * 1_200_000) + TENSOR + b"s.")),
    "long-integers": (
        "x.pt",
        lambda: torch_zip(
            b"\x80\x02}" + text(b"a.b") + b"\x8b" + struct.pack("<i", 9_000_000) + b"\x7f" * 9_000_000 + b"s."
        ),
    ),
    "text-integers": ("x.pt", lambda: torch_zip(b"\x80\x02L" + b"9" * 9_000_000 + b"L\n.")),
    "text-floats": ("x.pt", lambda: torch_zip(b"\x80\x02(" + b"F" + b"9" * 9_000_000 + b"\nl.")),
    "many-tensors": ("x.pt", lambda: many_tensors(f"layers.{i}.weights" for i in range(190_000))),
    "many-tensors-dwn": ("x.pt", lambda: many_tensors(f"{i}.luts" for i in range(190_000))),
    "many-tensors-mapping": ("x.pt", lambda: many_tensors(f"{i}.mapping" for i in range(190_000))),
    "many-tensors-torchlogix": ("x.pt", lambda: many_tensors(f"{i}.weight" for i in range(190_000))),
    "many-tensors-w": ("x.pt", lambda: many_tensors(f"layers.{i}.w" for i in range(190_000))),
    "many-tensors-conn": (
        "x.pt",
        lambda: many_tensors(f"{i}.{k}" for i in range(60_000) for k in ("weights", "conn_a", "conn_b")),
    ),
    "many-tensors-gates": (
        "x.pt",
        lambda: many_tensors(f"{i}.{k}" for i in range(90_000) for k in ("weights", "gate_sequence")),
    ),
    "many-tensors-indices": (
        "x.pt",
        lambda: many_tensors(f"{i}.{k}" for i in range(90_000) for k in ("weights", "indices")),
    ),
    "expanded": (
        "x.pt",
        lambda: torch_zip(
            b"\x80\x02}("
            + b"".join(
                text(f"{i}.weights".encode())
                + TENSOR.replace(b"K\x04K\x04\x86K\x04K\x01\x86", b"M\0\x08M\0\x08\x86K\0K\0\x86")
                for i in range(2000)
            )
            + b"u."
        ),
    ),
    "bfloat16": (
        "x.pt",
        lambda: torch_zip(
            b"\x80\x02}("
            + b"".join(
                text(f"{i}.weights".encode())
                + TENSOR.replace(b"Float", b"BFloat16").replace(
                    b"K\x04K\x04\x86K\x04K\x01\x86", b"M\0\x08M\0\x08\x86K\0K\0\x86"
                )
                for i in range(200)
            )
            + b"u."
        ),
    ),
    "many-records": ("x.pt", lambda: archive(((f"a/data/{i}", b"") for i in range(100_000)), zipfile.ZIP_STORED)),
    "many-arrays": ("x.npz", lambda: archive(((f"a{i}.npy", b"") for i in range(80_000)), zipfile.ZIP_STORED)),
    "zip-bomb": ("x.npz", lambda: deflated_zeros(npy((1 << 30,), data=b""), 1 << 30, "gate_types.npy")),
    "zip-in-bounds": ("x.npz", lambda: deflated_zeros(npy(((120 << 20),), data=b""), 120 << 20, "gate_types.npy")),
    "npy-header": ("x.npz", lambda: archive(iter([("gate_types.npy", b"\x93NUMPY\x01\0\xff\xff" + b"(" * 65535)]))),
    "npy-version-2": (
        "x.npz",
        lambda: archive(
            iter([("gate_types.npy", b"\x93NUMPY\x02\0" + struct.pack("<I", 9_000_000) + b"(" * 9_000_000)])
        ),
    ),
    "npy-shape": ("x.npz", lambda: archive(iter([("gate_types.npy", npy((1 << 62,), data=b"abc"))]))),
    "lzma-dictionary": ("x.npz", lambda: archive(iter([("gate_types.npy", bytes(1 << 20))]), zipfile.ZIP_LZMA)),
}

NETLISTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "newlines": ("x.v", lambda: b"\n" * 9_000_000),
    "blanks": ("x.v", lambda: b" " * 9_000_000),
    "attributes": ("x.v", lambda: b"(*" * 4_000_000),
    "one-line": ("x.txt", lambda: b"a " * 4_500_000),
    "lgn-inputs": ("x.lgn", lambda: lgn(inputs=1 << 26, features=f"{1 << 26} binary")),
    "lgn-codes": ("x.lgn", lambda: lgn(inputs=1 << 26, features=f"{1 << 26} codes 8 scale 1 offset 0 floor float32")),
    "lgn-tokens": ("x.lgn", lambda: b"lgn 1 " + b"a " * 4_500_000),
    "lgn-layers": ("x.lgn", lambda: lgn().replace(b"layers\n", b"layers" + b' "a"' * 2_300_000 + b"\n")),
    "lgn-quotes": ("x.lgn", lambda: b'lgn 1\n"' + b"\\" * 9_000_000),
    "lgn-string": ("x.lgn", lambda: lgn().replace(b'"x"', b'"' + b"\\u0041" * 1_500_000 + b'"')),
    "lgn-thresholds": (
        "x.lgn",
        lambda: lgn(inputs=2, features="1 thresholds 4000000").replace(
            b"inputs", b"threshold 0 " + b"0 " * 4_000_000 + b"\ninputs"
        ),
    ),
    "lgn-nodes": ("x.lgn", lambda: lgn(nodes="".join(f"n{i + 4} = and n2 n3\n" for i in range(450_000)))),
    "lgn-outputs": ("x.lgn", lambda: lgn(count=1_200_000)),
    "lgn-classes": ("x.lgn", lambda: lgn().replace(b'class "a" 1', b'class "a" 0 bias 0\n' * 500_000 + b'class "a" 1')),
    "lgn-meta": (
        "x.lgn",
        lambda: lgn().replace(b"end", b"".join(b'meta "%d" ""\n' % i for i in range(500_000)) + b"end"),
    ),
    "lgn-chain": (
        "x.lgn",
        lambda: lgn(nodes="".join(f"n{i + 4} = not n{i + 3}\n" for i in range(400_000)), out="n400003"),
    ),
    "blif-cover": ("x.blif", lambda: blif(".names a b o\n" + "11 1\n" * 1_800_000)),
    "blif-cover-of-six": ("x.blif", lambda: blif(".names a b a b a b o\n" + "11-0-1 1\n" * 1_000_000)),
    "blif-wide": ("x.blif", lambda: blif(".names " + "a " * 3000 + "o\n" + ("1" * 3000 + " 1\n") * 3000)),
    "blif-wide-and-long": ("x.blif", lambda: blif(".names " + "a " * 2_000_000 + "o\n" + "1" * 2_000_000 + " 1\n")),
    "blif-many": (
        "x.blif",
        lambda: blif("".join(f".names a b x{i}\n11 1\n" for i in range(350_000)) + ".names a o\n1 1\n"),
    ),
    "blif-inputs": (
        "x.blif",
        lambda: blif(".names a o\n1 1\n", inputs="a " + " ".join(f"i{i}" for i in range(1_000_000))),
    ),
    "blif-outputs": ("x.blif", lambda: blif(".names a o\n1 1\n", outputs="o " * 4_500_000)),
    "blif-continued": ("x.blif", lambda: b".model m\n.inputs " + b"\\\n" * 4_500_000),
    "blif-chain": (
        "x.blif",
        lambda: blif(
            "".join(f".names x{i} x{i + 1}\n1 1\n" for i in range(350_000)) + ".names x350000 o\n1 1\n.names x0\n1\n"
        ),
    ),
    "blif-names": ("x.blif", lambda: blif(".names a o\n1 1\n" + ".names\n1\n" * 900_000)),
    "aiger-header": ("x.aag", lambda: b"aag 4000000000 4000000000 0 1 0\n2\n"),
    "aiger-inputs": ("x.aig", lambda: b"aig 1048576 1048576 0 1 0\n2\n"),
    "aiger-ands": ("x.aig", lambda: binary_aiger(4_900_000)),
    "aiger-text": (
        "x.aag",
        lambda: (
            b"aag 500002 2 0 1 500000\n2\n4\n1000004\n" + b"".join(b"%d 2 4\n" % (2 * i + 6) for i in range(500_000))
        ),
    ),
    "aiger-outputs": ("x.aag", lambda: b"aag 1 1 0 4000000 0\n2\n" + b"3\n" * 4_000_000),
    "aiger-symbols": ("x.aag", lambda: b"aag 1 1 0 1 0\n2\n3\n" + b"".join(b"o%d x\n" % i for i in range(900_000))),
    "aiger-line": ("x.aag", lambda: b"aag 1 1 0 1 " + b"0" * 9_000_000),
}


def verilog(body: str, ports: str = "input a, output o") -> bytes:
    return f"module m({ports});\n{body}\nendmodule\n".encode()


VERILOG: dict[str, tuple[str, Callable[[], bytes]]] = {
    "open-comments": ("x.v", lambda: verilog("assign o = a;") + b"/*" * 4_500_000),
    "open-attributes": ("x.v", lambda: verilog("assign o = a;") + b"(*" * 4_500_000),
    "open-quotes": ("x.v", lambda: verilog("assign o = a;") + b'"' * 9_000_001),
    "backticks": ("x.v", lambda: verilog("assign o = a;") + b"`x" * 3_000_000),
    "macros-to-nothing": (
        "x.v",
        lambda: (
            b"`define a0\n"
            + b"".join(b"`define a%d `a%d`a%d\n" % (i + 1, i, i) for i in range(40))
            + b"`a40\n"
            + verilog("assign o = a;")
        ),
    ),
    "macros-to-much": (
        "x.v",
        lambda: (
            b"`define a0 aaaaaaaa\n"
            + b"".join(b"`define a%d `a%d`a%d\n" % (i + 1, i, i) for i in range(40))
            + b"`a40\n"
            + verilog("assign o = a;")
        ),
    ),
    "macro-of-itself": ("x.v", lambda: b"`define a `a `a\n`a\n" + verilog("assign o = a;")),
    "conditionals": ("x.v", lambda: b"`ifdef X\n" * 900_000 + verilog("assign o = a;")),
    "lines": ("x.v", lambda: verilog("assign o = a;" + "\n" * 9_000_000)),
    "parentheses": ("x.v", lambda: verilog("assign o = " + "(" * 4_000_000 + "a" + ")" * 4_000_000 + ";")),
    "negations": ("x.v", lambda: verilog("assign o = " + "~" * 9_000_000 + "a;")),
    "modules": (
        "x.v",
        lambda: b"".join(b"module m%d(input a, output o); assign o = a; endmodule\n" % i for i in range(150_000)),
    ),
    "width": ("x.v", lambda: verilog("wire [2147483647:0] w; assign w = a; assign o = w[0];")),
    "port-width": ("x.v", lambda: verilog("assign o = a[0];", "input [2147483647:0] a, output o")),
    "replication": ("x.v", lambda: verilog("wire w; assign o = ^{1000000000{a}};")),
    "replications": ("x.v", lambda: verilog("assign o = ^{1000{{1000{{1000{a}}}}}};")),
}


def data_names(size: int) -> bytes:
    return deflated_zeros(npy((size >> 20, 1 << 20), data=b""), size)


DATA: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zeros": ("x.npz", lambda: deflated_zeros(npy((1 << 18, 4, 1 << 10), data=b""), 1 << 30)),
    "zeros-that-fit": ("x.npz", lambda: deflated_zeros(npy((1 << 28, 4), data=b""), 1 << 30)),
    "zeros-within": ("x.npz", lambda: deflated_zeros(npy((25 << 20, 4), data=b""), 100 << 20)),
    "doubles": ("x.npz", lambda: deflated_zeros(npy((1 << 24, 4), "<f8", b""), 1 << 29)),
    "half": ("x.npz", lambda: deflated_zeros(npy((1 << 26, 4), "<f2", b""), 1 << 29)),
    "bits": (
        "x.npz",
        lambda: archive(iter([("X.npy", npy((9_000_000, 1))), ("n_bits.npy", npy((), "<i8", struct.pack("<q", 4)))])),
    ),
    "shape": ("x.npz", lambda: archive(iter([("X.npy", npy((1 << 40, 4), data=b"a"))]))),
    "broadcast": ("x.npz", lambda: archive(iter([("X.npy", npy((1 << 50, 0), data=b""))]))),
    "many": ("x.npz", lambda: archive(((f"a{i}.npy", b"") for i in range(80_000)), zipfile.ZIP_STORED)),
    "labels": ("x.npz", lambda: archive(iter([("X.npy", npy((2, 4))), ("y.npy", npy((1 << 29,), data=b""))]))),
    "y-zeros": ("x.npz", lambda: deflated_zeros(npy((1 << 27,), "<i8", b""), 1 << 30, "y.npy")),
    "header": (
        "x.npz",
        lambda: archive(iter([("X.npy", b"\x93NUMPY\x03\0" + struct.pack("<I", 9_000_000) + b"(" * 9_000_000)])),
    ),
    "lzma": ("x.npz", lambda: archive(iter([("X.npy", npy((1 << 26, 4)))]), zipfile.ZIP_LZMA)),
    "bzip2": ("x.npz", lambda: archive(iter([("X.npy", npy((1 << 26, 4)))]), zipfile.ZIP_BZIP2)),
}

IMAGES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "gz": ("x.gz", lambda: gz(b"\0\0\x08\x03" + struct.pack(">3I", 1 << 18, 64, 64), 1 << 30)),
    "gz-without-shape": ("x.gz", lambda: gz(b"", 1 << 30)),
    "xz": (
        "x.xz",
        lambda: lzma.compress(b"\0\0\x08\x03" + struct.pack(">3I", 1 << 18, 64, 64) + bytes(1 << 28), preset=0),
    ),
    "dimensions": ("x", lambda: b"\0\0\x08\xff" + b"\xff" * 1020),
}

SIDECARS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nested": ("x.json", lambda: b"[" * 9_000_000),
    "nested-objects": ("x.json", lambda: b'{"a":' * 1_800_000),
    "empty-lists": ("x.json", lambda: b"[" + b"[]," * 3_000_000 + b"0]"),
    "empty-objects": ("x.json", lambda: b"[" + b"{}," * 3_000_000 + b"0]"),
    "digits": ("x.json", lambda: b'{"a": ' + b"9" * 9_000_000 + b"}"),
    "strings-among-offsets": ("x.json", lambda: sidecar(offsets=["x" * 200_000] + ["y"] * 20_000)),
    "strings-among-biases": ("x.json", lambda: sidecar(bias=["x" * 200_000] + ["y"] * 20_000)),
    "offsets": ("x.json", lambda: sidecar(offsets=[0] * 3_000_000)),
    "classes": ("x.json", lambda: sidecar(classes=[[0]] * 1_500_000)),
    "thresholds": ("x.json", lambda: sidecar(thresholds=[[0.5]] * 1_100_000)),
    "ragged-thresholds": ("x.json", lambda: sidecar(thresholds=[[0.5]] * 900_000 + [[0, 1]])),
    "string-thresholds": ("x.json", lambda: sidecar(thresholds=["0" * 9_000_000])),
}

SETTINGS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "dotted-key": ("x.toml", lambda: b"a" + b".a" * 4_900_000 + b" = 1"),
    "dotted-table": ("x.toml", lambda: b"[a" + b".a" * 4_900_000 + b"]"),
    "dotted-keys": ("x.toml", lambda: b"".join(b"k%d" % i + b".a" * 90 + b"= 1\n" for i in range(45_000))),
    "nested": ("x.toml", lambda: b"a = " + b"[" * 9_000_000),
    "nested-tables": ("x.toml", lambda: b"a = " + b"{a=" * 3_000_000),
    "digits": ("x.toml", lambda: b"a = " + b"9" * 9_000_000),
    "hex-digits": ("x.toml", lambda: b"a = 0x" + b"f" * 9_000_000),
    "huge-integers": ("x.toml", lambda: b"a = [" + (b"9" * 4000 + b",") * 2400 + b"]"),
    "keys": ("x.toml", lambda: b"".join(b"k%d=1\n" % i for i in range(900_000))),
    "tables": ("x.toml", lambda: b"".join(b"[k%d]\n" % i for i in range(900_000))),
    "arrays-of-tables": ("x.toml", lambda: b"[[a]]\n" * 1_600_000),
    "tables-in-tables": ("x.toml", lambda: b"".join(b"[a.b%d]\n" % i for i in range(800_000))),
    "quotes": ("x.toml", lambda: b'a = """' + b'""\\' * 3_000_000),
    "comments": ("x.toml", lambda: b"#\n" * 4_900_000),
    "array": ("x.toml", lambda: b"a = [" + b"1," * 4_900_000 + b"]"),
}


def read_checkpoint(path: Path) -> None:
    """As `lgc compile` reads it, down to the digest."""
    from lgc.driver.read import load_source

    load_source(path).circuit.digest()


def read_checkpoint_with_facts(path: Path) -> None:
    from lgc.driver.read import import_options, load_source

    facts = {"classes": 2, "features": 4, "parametrization": "raw"}
    load_source(path, import_options(None, facts)).circuit.digest()


def read_bits(path: Path) -> None:
    """As `lgc eval --data` reads it for a small model."""
    from lgc.driver.data import load_bits
    from lgc.ir import Encoder

    load_bits(str(path), None, Encoder(4, np.tile([0.2, 0.4, 0.6], (4, 1))))


def read_dataset(path: Path) -> None:
    """As `lgc train` reads it."""
    from lgc.train.data import load_dataset

    load_dataset(str(path))


def read_vectors(path: Path) -> None:
    from lgc.verify.vectorfile import read_vectors

    read_vectors(path, 8)


def read_image(path: Path) -> None:
    from lgc.train.data import read_idx

    read_idx(path)


def read_sidecar(path: Path) -> None:
    from lgc.backend.sidecar import read_sidecar

    read_sidecar(path)


def read_manifest(path: Path) -> None:
    from lgc.backend.manifest import read_manifest

    read_manifest(path)


def read_facts(path: Path) -> None:
    from lgc.frontend.facts import ImportOptions

    ImportOptions.of(path)


def read_config(path: Path) -> None:
    from lgc.train.config import read_config

    read_config(path)


READERS = {
    "checkpoint": (read_checkpoint, CHECKPOINTS),
    "netlist": (read_checkpoint, NETLISTS),
    "verilog": (read_checkpoint, VERILOG),
    "data": (read_bits, DATA),
    "dataset": (read_dataset, DATA),
    "vectors": (read_vectors, {n: v for n, v in DATA.items()}),
    "image": (read_image, IMAGES),
    "sidecar": (read_sidecar, SIDECARS),
    "manifest": (read_manifest, SIDECARS),
    "facts": (read_facts, SIDECARS | SETTINGS),
    "config": (read_config, SETTINGS),
}


def peak() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024


def now() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20


def measure(reader: Callable[[Path], None], path: Path) -> tuple[float, int, str]:
    """Seconds of processor time, megabytes above before, and how it ended."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before, start = now(), time.process_time()
    try:
        reader(path)
        end = "read"
    except MemoryError:
        end = "MemoryError"
    except Exception as error:
        end = f"{type(error).__name__}: {str(error)[-90:]}"
    return time.process_time() - start, peak() - before, end


def main() -> None:
    from lgc.errors import LgcError  # noqa: F401

    wanted = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))

    def stop(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGPROF, stop)
    warm = Path(tempfile.mkdtemp()) / "warm"
    for kind, (reader, table) in READERS.items():
        warm.write_bytes(b"lgn")
        for path in (warm, warm.with_suffix(".npz")):
            path.write_bytes(b"lgn")
            try:
                reader(path)
            except Exception:  # noqa: S110
                pass
        for name, (file, make) in table.items():
            if wanted and not any(word in f"{kind}/{name}" for word in wanted):
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, file)
                data = make()
                path.write_bytes(data)
                size = len(data)
                del data
                signal.setitimer(signal.ITIMER_PROF, 5)
                seconds, megabytes, end = measure(reader, path)
                signal.setitimer(signal.ITIMER_PROF, 0)
            bad = (
                "  !!!"
                if seconds > SECONDS
                or megabytes > MEGABYTES
                or "InputError" not in end
                and "CheckpointError" not in end
                and "NetlistError" not in end
                and end != "read"
                else ""
            )
            print(
                f"{kind}/{name:26} {size / 1e6:5.1f} MB file {seconds:6.2f} s {megabytes:6d} MB  {end}{bad}", flush=True
            )


if __name__ == "__main__":
    main()
