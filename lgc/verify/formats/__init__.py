"""Every format that `lgc compile` writes, under test: the suffix says which.

To add one: subclass :class:`lgc.verify.subject.DeviceUnderTest` and add a row to :data:`DEVICES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import cast

from lgc.errors import InputError
from lgc.verify.subject import DeviceUnderTest, VerifyOptions

Opener = Callable[[Path, Path | None, VerifyOptions], DeviceUnderTest]

DEVICES: dict[str, str] = {
    ".v": "lgc.verify.formats.verilog:open_verilog",
    ".py": "lgc.verify.formats.amaranth:open_amaranth",
    ".c": "lgc.verify.formats.c:open_c",
    ".onnx": "lgc.verify.formats.onnx:open_onnx",
    ".lgn": "lgc.verify.formats.lgn:open_lgn",
    ".blif": "lgc.verify.formats.netlists:open_blif",
    ".aag": "lgc.verify.formats.netlists:open_aiger_ascii",
    ".aig": "lgc.verify.formats.netlists:open_aiger_binary",
    ".yosys.json": "lgc.verify.formats.netlists:open_yosys_json",
}
"""Suffix to ``module:function``: names, so that one format needs the packages of no other."""

_PICTURES = (".dot", ".svg")


def open_device(path: Path, manifest: Path | None = None, options: VerifyOptions | None = None) -> DeviceUnderTest:
    """A file that lgc wrote, read as far as it takes to know whose it is. A C or Python file is not run yet.

    Args:
        manifest: its manifest or sidecar, if that is not beside it under the usual name.

    Raises:
        InputError: unreadable, not lgc's, or a format without scores.
    """
    name = path.name.lower()
    for suffix in sorted(DEVICES, key=len, reverse=True):
        if name.endswith(suffix):
            module, _, function = DEVICES[suffix].partition(":")
            opener = cast(Opener, getattr(importlib.import_module(module), function))
            return opener(path, manifest, options or VerifyOptions())
    known = ", ".join(sorted(DEVICES))
    if name.endswith(_PICTURES):
        raise InputError(
            "a drawing gives no scores, so there is nothing to verify", where=str(path), hint=f"Verify one of: {known}"
        )
    raise InputError(
        f"'{path.suffix or path.name}' is no suffix of a file that can be verified",
        where=str(path),
        hint=f"It is {known}",
    )
