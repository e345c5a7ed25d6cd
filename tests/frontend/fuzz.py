"""Fuzzes the readers: `python tests/frontend/fuzz.py [--seconds N]`, coverage-guided where atheris is installed.

An input's first byte says how the rest becomes a file. Reading it may raise LgcError; anything else, 2 seconds or
500 MB are a finding. Interesting inputs are kept in tests/frontend/corpus, which the tests replay.
"""

from __future__ import annotations

import io
import random
import resource
import struct
import sys
import tempfile
import time
import zipfile
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
FACTS = {
    "classes": 2, "features": 4, "input_shape": [2, 2, 2], "parametrization": "warp", "torchlogix_version": "0.2.2",
    "temperature_softplus": 0.1, "feature_dim": 1, "top": "m",
}  # fmt: skip
FLAT_FACTS = {"classes": 2}
SECONDS = 2.0
BYTES = 500 << 20
BASE = 500 << 20  # what the imports take, with instrumented code and the corpus


def to_file(data: bytes) -> bytes:
    """The file that an input stands for: raw, or a pickle or array inside of a well-formed container."""
    kind, body = data[:1], data[1:]
    if kind not in (b"p", b"s", b"n"):
        return body
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        if kind == b"p":
            archive.writestr("a/data.pkl", body)
            for index in range(4):
                archive.writestr(f"a/data/{index}", bytes(range(256)))
        elif kind == b"n":
            for name in ("gate_types", "connections.A", "connections.B"):
                archive.writestr(f"{name}.npy", body)
    if kind == b"s":
        return struct.pack("<Q", len(body)) + body + bytes(64)
    return buffer.getvalue()


def run_one(data: bytes) -> None:
    """Read one input; raises whatever is no LgcError."""
    from lgc.errors import LgcError
    from lgc.frontend import ImportOptions, Model, lower
    from lgc.frontend.registry import read_file

    content = to_file(data)
    if b"module" in content[:4096]:
        return  # Verilog starts yosys, which is not the subject
    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        file.write(content)
        file.flush()
        for facts in (FLAT_FACTS, FACTS):
            start = time.process_time()
            try:
                result = read_file(file.name, ImportOptions(facts)).result
                if isinstance(result, Model):
                    lower(result)
            except LgcError as error:
                assert len(str(error)) < 2000, "an error is one paragraph"
            assert time.process_time() - start < SECONDS, "too slow"
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10 < BASE + BYTES, "too much memory"


def mutate(data: bytes, source: random.Random, others: list[bytes]) -> bytes:
    """A neighbour of an input: flipped, cut, repeated, spliced or with a telling number."""
    body = bytearray(data)
    for _ in range(source.randint(1, 4)):
        place = source.randrange(len(body) + 1)
        match source.randrange(6):
            case 0 if place < len(body):
                body[place] ^= 1 << source.randrange(8)
            case 1 if place < len(body):
                body[place] = source.randrange(256)
            case 2:
                del body[place : place + source.randint(1, 8)]
            case 3:
                body[place:place] = source.choice(
                    [b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xff" * 8, b"(", b"R", b"b", b"."]
                )
            case 4:
                other = source.choice(others)
                start = source.randrange(len(other) + 1)
                body[place:place] = other[start : start + source.randint(1, 40)]
            case _:
                body[place:place] = body[place : place + source.randint(1, 30)]
    return bytes(body[: 1 << 16])


def blind(seconds: float, corpus: list[bytes]) -> None:
    """Mutation without coverage, for machines without atheris."""
    seed = random.SystemRandom().randrange(1 << 32)
    source = random.Random(seed)
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = mutate(source.choice(corpus), source, corpus)
        try:
            run_one(data)
        except BaseException:
            (CORPUS / f"crash-{seed}-{count}.bin").write_bytes(data)
            raise
        count += 1
    print(f"{count} inputs, seed {seed}, no finding")


def main() -> None:
    seconds = float(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else 60.0
    corpus = [path.read_bytes() for path in sorted(CORPUS.glob("*.bin"))]
    try:
        import atheris
    except ImportError:
        blind(seconds, corpus)
        return
    with atheris.instrument_imports(include=["lgc.frontend"]):
        import lgc.frontend.registry  # noqa: F401
    working = tempfile.mkdtemp(prefix="lgc-fuzz-")
    arguments = [sys.argv[0], f"-max_total_time={int(seconds)}", "-rss_limit_mb=1024", "-timeout=4", "-max_len=4096"]
    atheris.Setup([*arguments, working, str(CORPUS)], run_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
