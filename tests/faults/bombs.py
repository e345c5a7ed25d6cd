"""Measures what readers take of files that are made to take memory or time.

`python tests/faults/bombs.py [NAME...]` reads them in this process and prints what each took. The peak of memory is
above what the imports took; the time is the processor's, for machines are shared.
"""

from __future__ import annotations

import contextlib
import gc
import json
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from bomb_files import CHECKPOINTS, DATA, IMAGES, SETTINGS, SIDECARS
from bomb_netlists import NETLISTS, VERILOG

SECONDS, MEGABYTES, LARGEST = 2.0, 500, 10_000_000
VALID_BYTES_A_SECOND = 1_500_000


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
    from lgc.driver.samples import find_samples
    from lgc.ir import Encoder

    load_bits(find_samples(str(path)), Encoder(4, np.tile([0.2, 0.4, 0.6], (4, 1))))


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
    "vectors": (read_vectors, DATA),
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


def measure(reader: Callable[[Path], None], path: Path) -> dict[str, object]:
    """What reading a file takes: seconds of the processor, megabytes above before; and how it ends."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, start = now(), time.process_time()
    try:
        reader(path)
        end = "read"
    except MemoryError:
        end = "MemoryError"
    except Exception as error:
        end = f"{error_kind(error)}: {str(error)[-90:]}"
    return {"seconds": round(time.process_time() - start, 2), "megabytes": peak() - before, "end": end}


def error_kind(error: Exception) -> str:
    from lgc.errors import LgcError

    return "refused" if isinstance(error, LgcError) else type(error).__name__


def warm(reader: Callable[[Path], None]) -> None:
    """Import what a reader needs."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("x.npz", "x"):
            path = Path(folder, name)
            path.write_bytes(b"lgn")
            with contextlib.suppress(Exception):
                reader(path)


def stop(*_: object) -> None:
    raise TimeoutError


def rows(wanted: list[str]) -> Iterator[dict[str, object]]:
    """One after the other; a name, or a part of one, chooses."""
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    signal.signal(signal.SIGPROF, stop)
    for kind, (reader, table) in READERS.items():
        warm(reader)
        for name, (file, make) in table.items():
            if wanted and not any(word in f"{kind}/{name}" for word in wanted):
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, file)
                path.write_bytes(make())
                size = path.stat().st_size
                signal.setitimer(signal.ITIMER_PROF, 3 * SECONDS)
                found = measure(reader, path)
                signal.setitimer(signal.ITIMER_PROF, 0)
            yield {"name": f"{kind}/{name}", "size": size} | found


def is_bad(row: dict[str, object]) -> bool:
    """Whether a reader took more than it may, or ended otherwise than by reading or refusing the file.

    What is valid, and is read, may take time in proportion to its size: SECURITY.md says so of text netlists.
    """
    valid = int(str(row["size"])) / VALID_BYTES_A_SECOND if row["end"] == "read" else 0.0
    over = float(str(row["seconds"])) > max(SECONDS, valid) or int(str(row["megabytes"])) > MEGABYTES
    return over or not str(row["end"]).startswith(("read", "refused"))


def main() -> int:
    wanted, bad = [word for word in sys.argv[1:] if word != "--json"], 0
    for row in rows(wanted):
        bad += is_bad(row)
        if "--json" in sys.argv:
            print(json.dumps(row), flush=True)
        else:
            text = "{name:34} {size:9,} bytes {seconds:6.2f} s {megabytes:5} MB  {end}".format(**row)
            print(text + ("  !!!" if is_bad(row) else ""), flush=True)
    return 1 if bad and "--json" not in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
