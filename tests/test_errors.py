"""One tree of errors: what they print, and which exit code they mean."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from lgc import errors
from lgc.errors import (
    EXIT_MISMATCH,
    EXIT_TOOL,
    EXIT_USER,
    CheckpointError,
    DiskError,
    InputError,
    LgcError,
    MismatchError,
    MissingToolError,
    NetlistError,
    NotCheckedError,
    OptionError,
    OutputError,
    TimeLimitError,
    ToolError,
)

ALL = [value for value in vars(errors).values() if inspect.isclass(value) and value.__module__ == "lgc.errors"]
ALL = [value for value in ALL if not issubclass(value, Warning)]


@pytest.mark.parametrize(
    ("where", "hint", "text"),
    [
        (None, None, "It broke."),
        ("a.pt", None, "a.pt: It broke."),
        (None, "Mend it", "It broke. Mend it."),
        ("a.pt", "Mend it", "a.pt: It broke. Mend it."),
    ],
)
def test_text_is_place_message_and_hint(where: str | None, hint: str | None, text: str) -> None:
    assert str(LgcError("It broke", where=where, hint=hint)) == text


@pytest.mark.parametrize("end", [".", "!", "?"])
def test_no_second_full_stop(end: str) -> None:
    assert str(LgcError(f"Why{end}", hint=f"Because{end}")) == f"Why{end} Because{end}"


def test_at_sets_the_place_only_if_it_is_not_known() -> None:
    error = LgcError("It broke")
    assert error.at("a.pt") is error
    assert error.where == "a.pt"
    assert error.at("b.pt").where == "a.pt"


def test_at_keeps_the_class() -> None:
    assert type(NetlistError("x").at("y")) is NetlistError


def test_every_error_of_the_module_is_in_the_one_tree() -> None:
    assert all(issubclass(error, LgcError) for error in ALL)
    assert all(error.__doc__ for error in ALL)
    assert {CheckpointError, NetlistError, OptionError} <= set(InputError.__subclasses__())


def test_exit_codes() -> None:
    """1 mismatch, 2 the user's mistake, 3 a tool or a check that did not run: a script can tell them apart."""
    assert (EXIT_MISMATCH, EXIT_USER, EXIT_TOOL) == (1, 2, 3)
    codes = {error: error.exit_code for error in ALL}
    assert codes.pop(MismatchError) == 1
    assert [codes.pop(error) for error in (NotCheckedError, MissingToolError, ToolError, TimeLimitError)] == [3] * 4
    assert codes.pop(DiskError) == 3
    assert set(codes.values()) == {2}
    assert {OutputError, OptionError, InputError, LgcError} <= set(codes)
    assert 0 not in codes.values()


def test_the_errors_import_nothing_but_the_standard_library() -> None:
    code = "import sys, lgc.errors; print([m for m in sys.modules if m.split('.')[0] in ('numpy', 'click', 'torch')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
