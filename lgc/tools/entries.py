"""The entries of the cache: folders that appear whole, carry the digests of their files, and heal.

An entry is ``KIND/KEY``, its files, and ``entry.json`` with their SHA-256. The key is a digest of all that the content
depends on. An entry whose files are not what they were, or not the user's alone, is never used: it is removed, a
:class:`CacheWarning` says so, and it is built again.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lgc.errors import CacheWarning, OutputError, ToolError
from lgc.tools.cache import cache_folder
from lgc.tools.trust import UntrustedError, read_trusted, trusted_folder
from lgc.tools.watchdog import scratch

KINDS = {
    "runtime": "networks as machine code",
    "train": "the trainer's kernel",
    "head": "the search for a small head",
    "verilator": "Verilator's runtime",
    "synth": "what yosys and nextpnr measured",
    "data": "downloaded data sets",
}
"""What the cache holds, by the names of its folders."""

MANIFEST = "entry.json"
LIBRARY = "library.so"
PARTIAL = ".build-"
_VERSION = 1
_MAX_MANIFEST = 1 << 16

Build = Callable[[Path], None]


def cached(kind: str, key: str, build: Build) -> Path:
    """The folder of an entry, built where there is none that is sound.

    Args:
        build: writes the files into the folder that it is given.

    Raises:
        UntrustedError: the cache cannot be used.
        OutputError: it cannot be written.
    """
    return found(kind, key) or kept(kind, key, build, replace=False)


def found(kind: str, key: str) -> Path | None:
    """The folder of an entry that is there and sound; one that is not is removed, with a warning."""
    folder = cache_folder() / kind / key
    if not folder.is_dir():
        return None
    problem = problem_of(folder)
    if problem is None:
        with contextlib.suppress(OSError):
            os.utime(folder / MANIFEST)  # `lgc cache clear --older` asks when it was last used
        return folder
    remove(folder)
    warnings.warn(f"an entry of the cache is built again: {problem} ({folder})", CacheWarning, stacklevel=3)
    return None


def kept(kind: str, key: str, build: Build, *, replace: bool = True) -> Path:
    """Build an entry, in place of the one that is there; it appears whole or not at all.

    Args:
        replace: take the new one even where another process has just built a sound one.

    Raises:
        UntrustedError, OutputError: see :func:`cached`.
    """
    room = cache_folder() / kind
    try:
        with scratch(PARTIAL, _own(room)) as fresh:
            build(fresh)
            _seal(fresh, kind, key)
            return _placed(fresh, room / key, replace)
    except OSError as error:
        raise OutputError.of(error, "cannot build in the cache", where=str(room), hint="Set LGC_CACHE") from None


def _own(room: Path) -> Path:
    """The folder of a kind, made anew where others could write it: what is in it may be theirs."""
    room.mkdir(mode=0o700, exist_ok=True)
    try:
        return trusted_folder(room)
    except UntrustedError:
        remove(room)
        room.mkdir(mode=0o700)
        return trusted_folder(room)


def _seal(folder: Path, kind: str, key: str) -> None:
    files = {}
    for path in sorted(one for one in folder.iterdir() if one.is_file()):
        path.chmod(path.stat().st_mode & ~0o022)
        files[path.name] = _digest(path.read_bytes())
    text = json.dumps({"lgc-cache": _VERSION, "kind": kind, "key": key, "files": files}, indent=1)
    manifest = folder / MANIFEST
    manifest.write_text(text + "\n", encoding="utf-8")
    manifest.chmod(0o600)


def _placed(fresh: Path, folder: Path, replace: bool) -> Path:
    """Put a folder into its place, where another process may just have put the same."""
    former = fresh.with_name(fresh.name + "-former")
    for _ in range(3):
        try:
            fresh.rename(folder)
            return folder
        except OSError:
            if not os.path.lexists(folder):
                raise
            if not replace and problem_of(folder) is None:
                return folder
            folder.rename(former)
            remove(former)
    raise OutputError("another process writes the same entry of the cache again and again", where=str(folder))


def problem_of(folder: Path) -> str | None:
    """What is wrong with an entry; None where nothing is."""
    try:
        trusted_folder(folder)
        text = read_trusted(folder / MANIFEST)
        fields: Any = json.loads(text) if len(text) <= _MAX_MANIFEST else None
        if (fields["lgc-cache"], fields["kind"], fields["key"]) != (_VERSION, folder.parent.name, folder.name):
            return f"{MANIFEST} is another entry's"
        for name, digest in fields["files"].items():
            if Path(name).name != name or _digest(read_trusted(folder / name)) != digest:
                return f"{name} is damaged"
    except UntrustedError as error:
        return f"{error.where}: {error.message}"
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).name} is missing"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"{MANIFEST} is damaged"
    return None


def remove(path: Path) -> None:
    """An entry, or whatever else has its name: a link, and not what it points to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def load_library(kind: str, key: str, build: Build) -> ctypes.CDLL:
    """The shared library :data:`LIBRARY` of an entry, loaded; one that the system does not load is built again, once.

    It is loaded by its path, which is that of its content: the system takes libraries of one name for the same, and
    those of open descriptors have the same names. Nobody else can exchange the file after it was checked.

    Raises:
        ToolError: what was built cannot be loaded.
        UntrustedError, OutputError: see :func:`cached`.
    """
    path = cached(kind, key, build) / LIBRARY
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        warnings.warn(f"an entry of the cache is built again: {error}", CacheWarning, stacklevel=3)
    path = kept(kind, key, build) / LIBRARY
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        hint = "Set LGC_CACHE to a folder of a file system from which programs may be run"
        raise ToolError(f"what the C compiler built cannot be loaded ({error})", where=str(path), hint=hint) from None
