"""The pytest plugin: the fixture ``lgc_verify``, and ``--lgc-simulator``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lgc.verify.report import Report

_COMPILE = ("level", "top", "pipeline", "outputs")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--lgc-simulator``."""
    group = parser.getgroup("lgc", "logic-gate networks")
    group.addoption(
        "--lgc-simulator",
        default="verilator",
        choices=("verilator", "icarus", "cxxrtl"),
        help="what the lgc_verify fixture simulates Verilog with",
    )


@pytest.fixture
def lgc_verify(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Report]:
    """``lgc_verify(model, pipeline=4)`` compiles a model and asserts that the Verilog is the model.

    Keywords ``level``, ``top``, ``pipeline`` and ``outputs`` are those of :func:`lgc.testing.compile_verilog`, the rest
    those of :func:`lgc.testing.assert_equivalent`. With ``rtl=FILE`` that file is verified and nothing compiled. A
    simulator that is missing is an error of the test, never a pass.
    """

    def verify(model: Path | str, *, rtl: Path | str | None = None, **options: Any) -> Report:
        from lgc.testing import assert_equivalent, compile_verilog

        how = {name: options.pop(name) for name in _COMPILE if name in options}
        if rtl is None:
            rtl = compile_verilog(model, tmp_path / "net.v", **how)
        elif how:
            raise TypeError(f"{', '.join(how)} is for compiling, but rtl is given")
        return assert_equivalent(model, rtl, **{"simulator": request.config.getoption("--lgc-simulator")} | options)

    return verify
