"""Public data sets, downloaded once into the user's cache and checked against known digests."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import tarfile
import urllib.error
import urllib.request
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from lgc.errors import CacheWarning, InputError, OutputError
from lgc.files import replacing
from lgc.tools.cache import cache_folder

_TIMEOUT = 30
_ROUNDS = 2  # over all mirrors
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Source:
    """Where a data set comes from.

    Attributes:
        mirrors: folders, to be tried in order.
        files: names and SHA-256 of what is kept.
        archive: the name of a tar file that holds them; None if they lie there themselves.
    """

    mirrors: tuple[str, ...]
    files: Mapping[str, str]
    archive: str | None = None


SOURCES = {
    "mnist": Source(
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
        {
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ),
    "fashion-mnist": Source(
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        {
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
    "cifar-10": Source(
        ("https://www.cs.toronto.edu/~kriz/",),
        {
            "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
            "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
            "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
            "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
            "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
            "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
        },
        archive="cifar-10-binary.tar.gz",
    ),
}


def fetched(name: str) -> Path:
    """A folder with the files of a data set, downloaded unless they are in the cache.

    Raises:
        InputError: no mirror has them, or what came has another digest.
        OutputError: they cannot be written.
    """
    source = SOURCES[name]
    folder = cache_folder() / "data" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wanted = {file: digest for file, digest in source.files.items() if not _is_sound(folder / file, digest)}
        if source.archive is not None and wanted:
            _fetch_archive(source, source.archive, folder)
            return folder
        for file, digest in wanted.items():
            part = _downloaded(source.mirrors, file, folder)
            _check_digest(part, digest)
            part.replace(folder / file)
    except OSError as error:
        raise OutputError(f"the data cannot be kept ({error.strerror or error})", where=str(folder)) from None
    return folder


def damaged_files(name: str, folder: Path) -> list[str]:
    """The files of a data set in a folder that are not as they were published; what is not there is not."""
    there = ((folder / file, digest) for file, digest in SOURCES[name].files.items() if (folder / file).is_file())
    return [path.name for path, digest in there if _digest(path) != digest]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_sound(path: Path, digest: str) -> bool:
    """Whether the cache has a file as it was published; one that is not so any more is removed, with a warning."""
    if not path.is_file():
        return False
    try:
        _check_digest(path, digest)
    except InputError:
        warnings.warn(f"a damaged file of the cache is downloaded again ({path})", CacheWarning, stacklevel=4)
        return False
    return True


def _fetch_archive(source: Source, archive: str, folder: Path) -> None:
    part = _downloaded(source.mirrors, archive, folder)
    try:
        with tarfile.open(part) as tar:
            members = {Path(member.name).name: member for member in tar if member.isfile()}
            for file, digest in source.files.items():
                stream = tar.extractfile(members[file]) if file in members else None
                if stream is None:
                    raise InputError(f"there is no {file} in it", where=archive)
                with replacing(folder / file) as temporary:
                    with temporary.open("wb") as out:
                        shutil.copyfileobj(stream, out, _BLOCK)
                    _check_digest(temporary, digest, name=file)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(f"this is no readable archive ({error})", where=archive, hint="Try again") from None
    finally:
        part.unlink(missing_ok=True)


def _check_digest(path: Path, digest: str, name: str | None = None) -> None:
    """Raise InputError, and remove the file, if it is not what was published."""
    found = _digest(path)
    if found != digest:
        path.unlink()
        raise InputError(
            f"the SHA-256 of the download is {found[:16]}..., not {digest[:16]}...",
            where=name or path.name.removesuffix(".part"),
            hint="The file on the server is damaged, or another one. Try again, or use --data-dir",
        )


def _downloaded(mirrors: tuple[str, ...], file: str, folder: Path) -> Path:
    """The file under a name with .part, all of it; a piece that was left by an earlier attempt is built on."""
    part = folder / f"{file}.part"
    failure: object = None
    for mirror in mirrors * _ROUNDS:
        try:
            _download(mirror + file, part)
            return part
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            failure = f"{urlsplit(mirror).hostname}: {error}"
    raise InputError(
        f"cannot download {file} ({failure})",
        hint="Try again, which goes on where this stopped, or put the files into a folder and give it with --data-dir",
    )


def _download(url: str, part: Path) -> None:
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            return  # nothing is missing; if there is too much, the digest tells
        raise
    with response:
        if response.status != http.client.PARTIAL_CONTENT:
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        with part.open("ab" if have else "wb") as out:
            _copy(response, out, url, have, total)
    if total is not None and part.stat().st_size < total:
        raise ConnectionError("the connection broke off")


def _copy(response: IO[bytes], out: IO[bytes], url: str, have: int, total: int | None) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(url.rsplit("/", 1)[1], total=total, completed=have)
        while block := response.read(_BLOCK):
            out.write(block)
            bar.advance(task, len(block))
