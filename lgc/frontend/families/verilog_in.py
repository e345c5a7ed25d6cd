"""Verilog in. Its reader is loaded when there is Verilog to read: most files are checkpoints."""

from __future__ import annotations

import re

from lgc.frontend.containers.content import Content
from lgc.frontend.importer import Importer, ImportJob
from lgc.ir import Circuit

_MODULE = re.compile(rb"^[ \t]*(?:\(\*.*?\*\)[ \t]*)?(?:macro)?module\s+[\w\\]", re.MULTILINE)

FACTS_OF_SOURCES = ("top", "files", "include", "tie", "undefined")
"""What a user can say about a Verilog file; about that of --check too."""


def _matches(content: Content) -> bool:
    return content.container == "text" and _MODULE.search(content.data[: 1 << 20]) is not None


def _read(job: ImportJob) -> Circuit:
    from lgc.frontend.families.verilog_read import read_source

    return read_source(job)


IMPORTER = Importer("verilog", "Verilog", _matches, _read, ("classes", *FACTS_OF_SOURCES))
