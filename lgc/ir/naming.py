"""Names that are safe in emitted files, whatever the model calls itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

_KEYWORDS = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind bins
binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config const
constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist do edge
else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface endmodule
endpackage endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event eventually expect
export extends extern final first_match for force foreach forever fork forkjoin function generate genvar global highz0
highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input inside
instance int integer interconnect interface intersect join join_any join_none large let liblist library local
localparam logic longint macromodule mailbox matches medium modport module nand negedge nettype new nexttime nmos nor
noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive priority process
program property protected pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase
randomize randsequence rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0
rtranif1 s_always s_eventually s_nexttime s_until s_until_with scalared semaphore sequence shortint shortreal
showcancelled signed small soft solve specify specparam static std string strong strong0 strong1 struct super supply0
supply1 sync_accept_on sync_reject_on table tagged task this throughout time timeprecision timeunit tran tranif0
tranif1 tri tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned until until_with untyped use uwire
var vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
"""  # of Verilog-2005 and of SystemVerilog, which many tools read a .v file as
_OWN = """
a b c d e f add argmax bias bits class_id class_id_nets clk count features head i in_valid inputs lane out_valid
axis engine hx8k icebreaker loader queue spi spi_target tangnano9k uart uart_rx uart_tx ulx3s
result_class result_scores round rst score scores scores_nets slice table_bits valid votes width x
"""  # the names that the emitted modules use themselves
KEYWORDS = frozenset(_KEYWORDS.split())
"""The keywords of Verilog-2005 and of SystemVerilog."""
_RESERVED = KEYWORDS | frozenset(_OWN.split())
_OWN_PATTERN = re.compile(r"(count|lut|popcount)\d+|\w+_q\d+|(inputs|players|class_id_nets|scores_nets)_\d{5,}")
_MAX_LENGTH = 60
PLAIN_LABEL = r"(?!(?i:verilator|synopsys|synthesis|pragma))[A-Za-z0-9_.:/-]+"
"""A regular expression: what may stand first in a comment, for no tool takes it for its own."""
_PLAIN = re.compile(PLAIN_LABEL)


def identifier(text: str, fallback: str = "net") -> str:
    """Letters, digits and underscores that start with a letter, are no keyword and nothing that lgc itself emits."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")[:_MAX_LENGTH].rstrip("_")
    if not name or not name[0].isalpha() or name.lower().startswith("u_"):  # u_NAME is an instance
        name = f"{fallback}_{name}".rstrip("_")
    return f"{name}_" if name.lower() in _RESERVED or _OWN_PATTERN.fullmatch(name.lower()) else name


def comment(text: str) -> str:
    """Text that cannot end a one-line comment or start a directive: printable ASCII on one line.

    Some tools obey comments whose first word is theirs (``// verilator lint_off``): begin the comment with another.
    """
    return "".join(c if c.isascii() and c.isprintable() and c not in "`\\" else "?" for c in text)[:200]


def labels(names: Iterable[str]) -> list[str]:
    """Different, non-empty names for comments, as near to the given ones as is safe; plain ones stay as they are."""
    quoted = (name if _PLAIN.fullmatch(name) and len(name) < 200 else f'"{comment(name)}"' for name in names)
    return unique(quoted)


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The names in order, those repeated or taken with a number appended."""
    seen = set(taken)
    numbers: dict[str, int] = {}  # the next number to try: a deep netlist has thousands of stages of one name
    result: list[str] = []
    for name in names:
        candidate = name
        while candidate in seen:
            numbers[name] = numbers.get(name, 1) + 1
            candidate = f"{name}_{numbers[name]}"
        seen.add(candidate)
        result.append(candidate)
    return result
