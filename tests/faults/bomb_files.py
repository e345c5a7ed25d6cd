"""Files that are made to take memory or time, of at most 10 MB: how each is made, by the kind of its reader."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import struct
import zipfile
from collections.abc import Callable, Iterator

import numpy as np

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


def sidecar(**fields: object) -> bytes:
    base = {"format": "lgc-sidecar", "version": 1, "name": "x", "circuit_digest": "0", "metadata": {}, "inputs": 2}
    base |= {"outputs": 1, "features": 2, "thresholds": None, "classes": ["a"], "offsets": [0, 1], "bias": [0]}
    return json.dumps(base | {"tau": 1.0, "tie": "first"} | fields).encode()


CHECKPOINTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "features-and-sources": ("x.safetensors", lambda: native(features=1 << 26, layers=layer(sources=[0] * 20))),
    "features": ("x.safetensors", lambda: native(features=1 << 26)),
    "sources": ("x.safetensors", lambda: native(layers=layer(sources=[0] * 3_000_000))),
    "feature-shape": ("x.safetensors", lambda: native(feature_shape=[1 << 25] * 990_000)),
    "classes": ("x.safetensors", lambda: native(classes=["a"] * 1_200_000)),
    "many-layers": ("x.safetensors", lambda: native(40_000)),
    "sources-of-many-layers": (
        "x.safetensors",
        lambda: native(1500, layers=[{"arity": 2, "width": 1, "sources": list(range(-1, i + 1))} for i in range(1500)]),
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
    "many-records": ("x.pt", lambda: archive(((f"a/data/{i}", b"") for i in range(90_000)), zipfile.ZIP_STORED)),
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
