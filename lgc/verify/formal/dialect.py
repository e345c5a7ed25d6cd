"""Whether a text is read alike by all tools: what lgc writes is; of all else a proof is not to be had.

A proof is of what yosys reads. The text that `lgc compile` writes is the same to every tool, and is what
:mod:`lgc.verify.formal.grammar` accepts. A text that departs from it is not proved; it may still be refuted, which
takes no more than words that yosys can be given.
"""

from __future__ import annotations

import re

from lgc.backend.verilog.rtl import Rtl
from lgc.errors import NotCheckedError
from lgc.ir.naming import KEYWORDS
from lgc.verify.formal.grammar import accept, accept_netlist

CLAIM = "every line is one that lgc writes, so that every tool reads the text alike"
"""What is claimed of a text that :func:`check_dialect` takes."""

_WORDS = re.compile(
    "always|always_comb|assign|automatic|begin|case|default|else|end|endcase|endfunction|endgenerate|endmodule|for|"
    "function|generate|genvar|if|input|integer|logic|module|output|parameter|posedge|reg|signed|wire"
)
_DIRECTIVES = re.compile("default_nettype|define|undef|ifdef|ifndef|else|endif")
_CONDITIONS = re.compile(r"\s+(?:LGC_\w+|VERILATOR|__ICARUS__)\b")
_TOKEN = re.compile(
    r"""[ \n]+|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<literal>[0-9]+'[bdh][0-9a-f]+)|[0-9]+(?![\w'])|(?P<attribute>\(\*)
    |"NO"|"distributed"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|`(?P<directive>[A-Za-z_][A-Za-z0-9_]*)
    |[<>=!]=(?!=)|&&|\|\||>>|\+:|=(?!==)|\#(?=\()|[-+*/%~&|^<>!?:;,.@(){}\[\]]""",
    re.VERBOSE | re.DOTALL,
)
_TO_A_TOOL = re.compile(
    r"(?i)^(?:/[/*])\s*(?:verilator|synopsys|synthesis|pragma)\b|\b(?:translate|synthesis)_?o(?:n|ff)\b"
)
_OWN_COMMENT = re.compile(r"// verilator lint_off [A-Z]+|/\* verilator no_inline_task \*/")
_OWN_ATTRIBUTES = ("(* keep_hierarchy *)", '(* ram_style = "distributed" *)')


def check_dialect(rtl: Rtl) -> None:
    """Refuse a text that lgc does not write, or a netlist that yosys does not.

    Raises:
        NotCheckedError: with the line and what stands there.
    """
    if rtl.source is not None:
        accept_netlist(rtl)
        rtl = rtl.source
    accept(rtl.text, rtl.manifest)


def check_words(text: str) -> None:
    """Refuse what yosys is not given: tools disagree about it, or it reaches for files.

    Raises:
        NotCheckedError: with the line and the word.
    """
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or (wrong := _wrong(match, text)):
            what = f"'{text[at : at + 40].splitlines()[0]}'" if match is None else wrong
            line = text.count("\n", 0, at) + 1
            raise NotCheckedError(f"line {line} of the Verilog has {what}, which lgc does not write: not proved")
        at = match.end()


def _wrong(match: re.Match[str], text: str) -> str:
    """What is wrong with a token; empty if nothing is."""
    kind, token = match.lastgroup, match[0]
    if kind == "comment" and _TO_A_TOOL.search(token) and not _OWN_COMMENT.fullmatch(token):
        return f"a comment to a tool, '{token[:40]}'"
    if kind == "word" and token in KEYWORDS and not _WORDS.fullmatch(token):
        return f"the word '{token}'"
    if kind == "attribute" and not text.startswith((*_OWN_ATTRIBUTES, "(*)"), match.start()):
        return "an attribute"
    if kind == "directive" and not match[kind].startswith("LGC_"):
        if not _DIRECTIVES.fullmatch(match[kind]):
            return f"the directive '{token}'"
        if match[kind] in ("ifdef", "ifndef") and not _CONDITIONS.match(text, match.end()):
            return "a condition that depends on the tool"
    return ""
