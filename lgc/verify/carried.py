"""A device that travels with a task to whoever works on it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lgc.backend.verilog.rtl import Rtl
from lgc.tools.watchdog import scratch


@contextmanager
def room(folder: str, name: str) -> Iterator[Path]:
    """A new folder to work in: in the one of whoever asked, where that is to be seen here, else a temporary one."""
    if not Path(folder).is_dir():
        with scratch("lgc-task-") as own:
            yield own
        return
    found, tries = Path(folder) / name, 1
    while found.exists():  # of a worker that was lost
        tries += 1
        found = Path(folder) / f"{name}.{tries}"
    found.mkdir()
    yield found


def unpacked(rtl: Rtl, folder: Path) -> Rtl:
    """The text, and the one that it was made of, as files of a folder."""
    path = folder / rtl.path.name
    path.write_bytes(rtl.text.encode())
    source = rtl.source
    if source is not None:
        (folder / "source").mkdir()
        source = unpacked(source, folder / "source")
    return replace(rtl, path=path, source=source)


def digests(rtl: Rtl) -> dict[str, str]:
    """What decides what is found out about a device: its text, the one that it was made of, and its manifest."""
    texts = {"rtl": rtl.text, "source": rtl.source.text if rtl.source else "", "manifest": rtl.manifest.to_json()}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def digest_of_arrays(*arrays: NDArray[Any]) -> str:
    """Of types, shapes and values."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype} {array.shape} ".encode() + array.tobytes())
    return found.hexdigest()
