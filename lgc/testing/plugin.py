"""The pytest plugin: the fixture ``lgc_verify``, and ``--lgc-simulator``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lgc.driver.request import Source
    from lgc.driver.verify import Verdict
    from lgc.driver.verify_request import Device

_SIMULATED = (".v", ".py")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--lgc-simulator``."""
    from typing import get_args

    from lgc.sim import SimulatorName

    group = parser.getgroup("lgc", "logic-gate networks")
    group.addoption(
        "--lgc-simulator",
        default="verilator",
        choices=get_args(SimulatorName),
        help="what the lgc_verify fixture simulates Verilog with",
    )


@pytest.fixture
def lgc_verify(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Verdict]:
    """``lgc_verify(model, pipeline=4)`` compiles a model and asserts that the Verilog is the model.

    Keywords are those of :func:`lgc.testing.compile_verilog` and of :func:`lgc.testing.assert_equivalent`; those that
    both have, such as ``config``, are for both. With ``file=FILE`` that file is verified and nothing compiled. A
    simulator that is missing is an error of the test, never a pass.
    """

    def verify(model: Source, *, file: Device | None = None, **options: Any) -> Verdict:
        from lgc.driver.comparing import device_path
        from lgc.driver.compile_request import CompileRequest
        from lgc.driver.verify_request import VerifyRequest
        from lgc.testing import assert_equivalent, compile_verilog

        compiles, verifies = (
            {one.name for one in dataclasses.fields(kind)} for kind in (CompileRequest, VerifyRequest)
        )
        how = {name: value for name, value in options.items() if name in compiles}
        rest = {name: value for name, value in options.items() if name in verifies or name not in compiles}
        if file is None:
            file = compile_verilog(model, tmp_path / "net.v", **how)
        elif only := how.keys() - verifies:
            raise TypeError(f"{', '.join(sorted(only))} is for compiling, but file is given")
        if device_path(file).suffix in _SIMULATED:
            rest = {"simulator": request.config.getoption("--lgc-simulator")} | rest
        return assert_equivalent(model, file, **rest)

    return verify
