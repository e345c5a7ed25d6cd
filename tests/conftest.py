"""What all tests share: golden files and the hypothesis profiles."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# Before anything imports Triton, as torch does at times: its interpreter runs the kernels for a GPU on the CPU.
os.environ.setdefault("TRITON_INTERPRET", "1")

# Progress on standard error depends on the time that a machine takes; what tests it sets its own.
os.environ.setdefault("LGC_PROGRESS", "0")

# With pyosys in a process, which some tests import, matplotlib cannot be loaded at times; the other way round it can.
with contextlib.suppress(ImportError):
    import matplotlib.figure  # noqa: F401

GOLDEN = Path(__file__).parent / "golden"

# No deadlines: the machines are shared. In CI the examples are the same every time; elsewhere they are new ones, and
# hypothesis prints and remembers the one that fails.
_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
_PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]  # explaining a failure can take minutes
settings.register_profile(
    "dev", deadline=None, max_examples=40, print_blob=True, phases=_PHASES, suppress_health_check=_CHECKS
)
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True)
settings.register_profile("thorough", settings.get_profile("dev"), max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_configure(config: pytest.Config) -> None:
    """Shells start programs in the background deaf to Ctrl-C, and `nohup` deaf to hanging up: tests send both."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)  # unlike SIG_IGN, this is not inherited


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes and long texts are numbered: a name of them may differ between the processes that share the tests."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > 60) else None


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden("errors/x.txt", text)``: the text equals the file under tests/golden, byte for byte."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        if not path.exists():
            pytest.fail(f"no golden file {path}; look at the output, then run pytest --update-golden", pytrace=False)
        assert text == path.read_bytes().decode(), f"differs from {path}; pytest --update-golden writes it anew"

    return compare
