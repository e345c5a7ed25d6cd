"""Downloads from a server of our own: complete, resumed, broken off, and not what was promised."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from lgc.errors import InputError, OutputError
from lgc.train.data import fetch, load_dataset
from lgc.train.data.fetch import Source, fetched

NAME = "mnist"
CONTENT = np.random.default_rng(0).bytes(300_000)


class Server(ThreadingHTTPServer):
    """Serves ``files``; ``breaks`` are the numbers of requests that end after half of the bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.breaks: set[int] = set()
        self.requests: list[tuple[str, str | None]] = []

    def url(self, folder: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{folder}/"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:  # the name that http.server calls
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        content = self.server.files.get(self.path)
        if content is None:
            return self.send_error(404)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.ranges else 0
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        broken = len(self.server.requests) in self.server.breaks
        self.wfile.write(content[start : (start + len(content)) // 2 if broken else None])
        return None

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def offer(server: Server, monkeypatch: pytest.MonkeyPatch, content: bytes = CONTENT, *, folders: int = 1) -> Path:
    """One file on several mirrors, of which the last one has it; gives the place it comes to."""
    mirrors = tuple(server.url(f"m{number}") for number in range(folders))
    server.files = {f"/m{folders - 1}/file": content}
    source = Source(mirrors, {"file": hashlib.sha256(CONTENT).hexdigest()})
    monkeypatch.setitem(fetch.SOURCES, NAME, source)
    return Path(server_cache()) / "file"


def server_cache() -> Path:
    return fetch.cache_folder() / "data" / NAME


def test_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    path = offer(server, monkeypatch)
    assert fetched(NAME) == path.parent
    assert path.read_bytes() == CONTENT
    assert fetched(NAME) == path.parent
    assert server.requests == [("/m0/file", None)]
    assert [file.name for file in path.parent.iterdir()] == ["file"]


def test_goes_on_where_it_was(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    path = offer(server, monkeypatch)
    path.parent.mkdir(parents=True)
    path.with_name("file.part").write_bytes(CONTENT[:1000])
    fetched(NAME)
    assert server.requests == [("/m0/file", "bytes=1000-")]
    assert path.read_bytes() == CONTENT


def test_connection_breaks_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    path = offer(server, monkeypatch)
    server.breaks = {1}
    fetched(NAME)
    assert server.requests == [("/m0/file", None), ("/m0/file", "bytes=150000-")]
    assert path.read_bytes() == CONTENT


def test_a_piece_survives_a_failure(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    path = offer(server, monkeypatch)
    server.breaks = {1, 2}
    with pytest.raises(InputError, match=r"cannot download file \(127.0.0.1: the connection broke off\).*--data-dir"):
        fetched(NAME)
    fetched(NAME)
    assert server.requests[2] == ("/m0/file", "bytes=225000-")
    assert path.read_bytes() == CONTENT


def test_server_without_ranges(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    path = offer(server, monkeypatch)
    server.ranges = False
    server.breaks = {1}
    fetched(NAME)
    assert path.read_bytes() == CONTENT


def test_piece_is_whole(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    path = offer(server, monkeypatch)
    path.parent.mkdir(parents=True)
    path.with_name("file.part").write_bytes(CONTENT)
    fetched(NAME)
    assert path.read_bytes() == CONTENT


def test_second_mirror(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    path = offer(server, monkeypatch, folders=2)
    fetched(NAME)
    assert [request for request, _ in server.requests] == ["/m0/file", "/m1/file"]
    assert path.read_bytes() == CONTENT


def test_wrong_digest(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    path = offer(server, monkeypatch, b"another file")
    with pytest.raises(InputError, match="file: the SHA-256 of the download is"):
        fetched(NAME)
    assert list(path.parent.iterdir()) == []


def test_nobody_has_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(server, monkeypatch)
    server.files = {}
    with pytest.raises(InputError, match=r"cannot download file \(127.0.0.1: HTTP Error 404"):
        fetched(NAME)
    monkeypatch.setitem(fetch.SOURCES, NAME, Source(("http://127.0.0.1:9/",), {"file": ""}))
    with pytest.raises(InputError, match=r"cannot download.*refused"):
        fetched(NAME)


def test_cache_that_cannot_be_written(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(server, monkeypatch)
    server_cache().parent.mkdir(parents=True)
    server_cache().write_text("a file, not a folder")
    with pytest.raises(OutputError, match="data cannot be kept"):
        fetched(NAME)


@pytest.mark.skipif("LGC_DATA" not in os.environ, reason="LGC_DATA names no folder with the full data sets")
@pytest.mark.parametrize("name", list(fetch.SOURCES))
def test_digests_are_those_of_the_full_sets(name: str) -> None:
    folder = Path(os.environ["LGC_DATA"]) / name
    for file, digest in fetch.SOURCES[name].files.items():
        packed = folder / f"{file}.xz"
        content = lzma.decompress(packed.read_bytes()) if packed.exists() else (folder / file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest


def archive(server: Server, monkeypatch: pytest.MonkeyPatch, batches: dict[str, bytes]) -> None:
    """CIFAR-10's archive with these batches; the digests are those of batches of zeros."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, data in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    server.files = {"/m/a.tar.gz": stream.getvalue()}
    digest = hashlib.sha256(bytes(3073)).hexdigest()
    names = list(fetch.SOURCES["cifar-10"].files)
    monkeypatch.setitem(fetch.SOURCES, "cifar-10", Source((server.url("m"),), dict.fromkeys(names, digest), "a.tar.gz"))


def test_archive(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    names = list(fetch.SOURCES["cifar-10"].files)
    archive(server, monkeypatch, dict.fromkeys([*names, "readme.html"], bytes(3073)))
    for _ in range(2):
        data = load_dataset("cifar-10")
        assert data.train.shape == (5, 3072)
    assert len(server.requests) == 1
    assert sorted(file.name for file in fetched("cifar-10").iterdir()) == sorted(names)


@pytest.mark.parametrize("fault", ["changed", "missing", "no archive", "cut"])
def test_bad_archive(server: Server, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    names = list(fetch.SOURCES["cifar-10"].files)
    batches = dict.fromkeys(names, bytes(3073))
    if fault == "changed":
        batches[names[1]] = bytes(3072) + b"x"
    elif fault == "missing":
        del batches[names[1]]
    archive(server, monkeypatch, batches)
    if fault == "no archive":
        server.files["/m/a.tar.gz"] = gzip.compress(b"text")
    elif fault == "cut":
        server.files["/m/a.tar.gz"] = server.files["/m/a.tar.gz"][:-30]
    expected = {"changed": "data_batch_2.bin: the SHA-256", "missing": "no data_batch_2.bin"}.get(fault, "no readable")
    with pytest.raises(InputError, match=expected):
        load_dataset("cifar-10")
    left = {file.name for file in (fetch.cache_folder() / "data" / "cifar-10").iterdir()}
    assert left <= {"data_batch_1.bin", *names[2:]}
