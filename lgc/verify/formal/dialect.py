"""What the Verilog must not contain, or simulators and synthesis would not agree on what it says.

A proof is of what yosys reads. The text that `lgc compile` writes is the same to every tool; a text that was changed
need not be, so that what tools read differently is not proved at all.
"""

from __future__ import annotations

import re

from lgc.errors import NotCheckedError

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_PRAGMA = re.compile(r"translate_o(?:n|ff)|(?:full|parallel)_case|\bprotect\b")
_WORDS = (
    "initial final casex casez force release deassign defparam specify primitive task "
    "wand wor triand trior tri tri0 tri1 trireg supply0 supply1 real realtime time event wait fork assert assume cover "
    "restrict always_latch bind nmos pmos cmos rnmos rpmos rcmos tran rtran tranif0 tranif1 rtranif0 rtranif1 pullup "
    "pulldown bufif0 bufif1 notif0 notif1 lgc_add lgc_index"
)
_REFUSED = (
    (rf"\b(?:{'|'.join(_WORDS.split())})\b", "a word that tools read differently, or not at all"),
    (r"\$\w+", "a system task"),
    (r"'\s*[sS]?\s*[bodhBODH]\s*[0-9a-fA-F_]*[xXzZ?][0-9a-fA-F_xXzZ?]*", "an undefined constant"),
    (r"[!=]==", "a comparison with undefined values"),
    (r"#\s*[\d.]+", "a delay"),
    (r"\\\S+", "an escaped name"),
    (r'"', "a string"),
    (r"``", "names that macros paste"),
    (r"\(\*(?!\s*(?:keep_hierarchy\s*\*\)|\)))[^)]*\*\)", "an attribute"),
    (r"\balways\b(?!\s*@\s*(?:\*|\(\s*\*\s*\)|\(\s*posedge\s+clk\s*\)))", "a block with a sensitivity list of its own"),
    (r"`ifn?def\s+(?!(?:LGC_\w+|VERILATOR|__ICARUS__)\b)\w+", "a condition that depends on the tool"),
    (r"`(?!define|undef|ifn?def|else|endif|default_nettype|LGC_)\w+", "a directive"),
)
_PATTERNS = tuple((re.compile(pattern), what) for pattern, what in _REFUSED)


def check_dialect(text: str) -> None:
    """Refuse a text that tools may read differently.

    Raises:
        NotCheckedError: with what was found.
    """
    for comment in _COMMENT.finditer(text):
        if found := _PRAGMA.search(comment[0]):
            raise NotCheckedError(f"a comment of the Verilog speaks to a tool ({found[0]}): not proved")
    code = _COMMENT.sub(" ", text)
    for pattern, what in _PATTERNS:
        if found := pattern.search(code):
            raise NotCheckedError(f"the Verilog has {what} ({found[0][:40]}): not proved")
