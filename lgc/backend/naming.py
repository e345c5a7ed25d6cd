"""Names that are safe in emitted files, whatever the model calls itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Keywords of Verilog-2005 and the SystemVerilog ones that a network might be called.
_RESERVED = frozenset(
    """always and assign automatic begin buf bufif0 bufif1 byte case casex casez cell class clk cmos config const deassign
    default defparam design disable edge else end endcase endconfig endfunction endgenerate endmodule endprimitive
    endspecify endtable endtask enum event final for force forever fork function generate genvar highz0 highz1 if iff
    ifnone import incdir include initial inout input inside instance int integer interface join large liblist library
    local localparam logic longint macromodule medium modport module nand negedge new nmos nor noshowcancelled not
    notif0 notif1 or output package parameter pmos posedge primitive priority program property protected pull0 pull1
    pulldown pullup pulsestyle_ondetect pulsestyle_onevent rand rcmos real realtime reg ref release repeat return
    rnmos rpmos rtran rtranif0 rtranif1 scalared sequence shortint shortreal showcancelled signed small specify
    specparam static string strong0 strong1 struct super supply0 supply1 table task this time tran tranif0 tranif1
    tri tri0 tri1 triand trior trireg type typedef union unique unsigned use uwire var vectored virtual void wait
    wand weak0 weak1 while wire with wor xnor xor bits votes scores class_id head popcount argmax""".split()
)
_MAX_LENGTH = 60


def identifier(text: str, fallback: str = "net") -> str:
    """Letters, digits and underscores that start with a letter and are no keyword."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")[:_MAX_LENGTH]
    if not name or not name[0].isalpha():
        name = f"{fallback}_{name}".rstrip("_")
    return f"{name}_" if name.lower() in _RESERVED else name


def comment(text: str) -> str:
    """Text that cannot end a one-line comment or start a directive: printable ASCII on one line."""
    return "".join(c if c.isascii() and c.isprintable() and c not in "`\\" else "?" for c in text)[:200]


def unique(names: Iterable[str]) -> list[str]:
    """The names in order, repeated ones with a number appended."""
    seen: set[str] = set()
    result: list[str] = []
    for name in names:
        candidate, number = name, 2
        while candidate in seen:
            candidate, number = f"{name}_{number}", number + 1
        seen.add(candidate)
        result.append(candidate)
    return result
