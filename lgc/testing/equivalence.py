"""`lgc compile` and `lgc verify` as functions for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lgc.driver.request import Request, request
from lgc.errors import MismatchError

if TYPE_CHECKING:
    from lgc.driver.request import Source
    from lgc.driver.verify import Verdict
    from lgc.driver.verify_request import Device

R = TypeVar("R", bound=Request)


class NotEquivalentError(MismatchError, AssertionError):
    """The file is not the model: a failed assertion, with the first vector, layer and gate that differ."""


def compile_verilog(model: Source, file: Path | str, **options: Any) -> Path:
    """Write the Verilog of a model, and its manifest beside it; the path that was written.

    Args:
        model: a checkpoint or netlist of any family that lgc reads, or the object.
        options: of :class:`lgc.driver.compile_request.CompileRequest`: ``pipeline=4``, ``level="O1"``.

    Raises:
        LgcError: the model cannot be read, an option is impossible, or the file cannot be written.
    """
    from lgc.driver.compile import compile as compile_
    from lgc.driver.compile_request import CompileRequest

    return compile_(_request(CompileRequest, options | {"model": model, "output": Path(file)})).path


def assert_equivalent(model: Source, file: Device, **options: Any) -> Verdict:
    """Compare every score and class of a file that lgc wrote with the model's own.

    Args:
        model: a checkpoint or netlist of any family that lgc reads, or the object.
        file: the device under test, with its manifest or sidecar beside it: ``.v``, or any other that ``lgc verify``
            takes. A ``.c`` or ``.py`` file is executed.
        options: of :class:`lgc.driver.verify_request.VerifyRequest`: ``random=100``, ``simulator="icarus"``,
            ``bits=`` for vectors of your own, bool (B, I), I the width of the input port.

    Raises:
        NotEquivalentError: they differ; its ``result`` is the :class:`lgc.driver.verify.Verdict`.
        NotCheckedError: it could not be checked, which is never a pass.
        InputError: a file is unusable, or is another model's, or an option is impossible.
    """
    from lgc.driver.verify import verify
    from lgc.driver.verify_request import VerifyRequest

    try:
        return verify(_request(VerifyRequest, options | {"model": model, "file": file}))
    except MismatchError as error:
        differs = NotEquivalentError(error.message, where=error.where, hint=error.hint)
        differs.result = error.result
        raise differs from None


def _request(kind: type[R], options: Mapping[str, Any]) -> R:
    return request(kind, options, [one.name for one in fields(kind)])
