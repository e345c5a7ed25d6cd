"""The cache's folder: where it is, that it is the user's alone, and what takes its place where there is none."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import RLock

from platformdirs import user_cache_path

from lgc.errors import CacheWarning
from lgc.tools.trust import UntrustedError, trusted_folder

VARIABLE = "LGC_CACHE"
HINT = f"Set {VARIABLE} to a folder that belongs to you and that nobody else can write"


def cache_folder() -> Path:
    """``$LGC_CACHE``, or ``lgc`` in the user's cache folder; made if missing, and only the user's.

    Where that cannot be made, or somebody else could put code there that would be run, it is a temporary folder of this
    process, and a :class:`CacheWarning` says so, once.
    """
    try:
        return _made(wanted_folder())
    except UntrustedError as error:
        return _temporary(f"{error.where}: {error.message}")


def wanted_folder() -> Path:
    """Where the cache should be; it need not exist.

    Raises:
        UntrustedError: the user has no home, and ``$LGC_CACHE`` is not set.
    """
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given)
    try:
        folder = user_cache_path("lgc", appauthor=False)
    except RuntimeError:  # so platformdirs says that there is no home; older versions return "~/.cache"
        folder = Path("~")
    if not folder.is_absolute():
        raise UntrustedError("there is no home folder", where="$HOME", hint=HINT)
    return folder


def _made(folder: Path) -> Path:
    try:
        # The folders on the way too: where umask lets others write, they would not be the user's alone.
        for one in reversed([folder, *folder.parents]):
            if not one.is_dir():
                one.mkdir(mode=0o700, exist_ok=True)
        found = trusted_folder(folder)
    except OSError as error:
        raise UntrustedError(f"cannot be made ({error.strerror})", where=str(folder)) from None
    if not os.access(found, os.W_OK | os.X_OK):
        raise UntrustedError("cannot be written", where=str(found))
    return found


_lock = RLock()


def _temporary(why: str) -> Path:
    with _lock:  # threads that ask at once get the same folder, and one says so
        return _told(why)


@cache
def _told(why: str) -> Path:
    warnings.warn(
        f"the cache is not used, and what is built is kept for this run only ({why}). {HINT}",
        CacheWarning,
        stacklevel=4,
    )
    return _private() / "cache"


@cache
def _private() -> Path:
    """A folder that goes with this process; its forked children share it."""
    folder = Path(tempfile.mkdtemp(prefix="lgc-"))
    for name in ("cache", "home"):
        (folder / name).mkdir(mode=0o700)
    atexit.register(_remove, folder, os.getpid())
    return folder.resolve()


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def home_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What other programs and packages need where the user has no home, or one that cannot be written; else nothing.

    Each keeps a cache of its own in the home folder, and some fail, or write to the current folder, without one.
    """
    home = _home(environment)
    if home is not None and os.access(home, os.W_OK | os.X_OK):
        return {}
    with _lock:
        private = _private() / "home"
    wanted = {name: str(private / name.lower()) for name in _CACHES if not environment.get(name)}
    return wanted if home is not None else wanted | {"HOME": str(private)}


def _home(environment: Mapping[str, str]) -> Path | None:
    """The home folder, if there is one."""
    try:
        home = Path(environment.get("HOME") or Path.home())
    except RuntimeError:  # so Path.home says that there is none
        return None
    return home if home.is_absolute() and os.access(home, os.F_OK) else None


_CACHES = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")


def lend_home() -> None:
    """The same for packages that are imported next, in this process."""
    os.environ.update(home_variables(os.environ))
