"""Faults outside the gates: popcount, bias, argmax, tie rule, class order, registers. Each row is a slip of a hand.

The patterns are those of the emitted text (lgc/backend/verilog); a test holds that every kind is found in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lgc.verify.mutate.text import Edit

_FLAGS = re.M


@dataclass(frozen=True)
class Site:
    """Group 1 of ``pattern`` becomes each of ``new``, templates of :meth:`re.Match.expand`."""

    kind: str
    pattern: str
    new: tuple[str, ...]


_SITES = (
    Site("tie rule", r"if \((second > first)\)", (r"second >= first",)),
    Site("tie rule", r"if \((second >= first)\)", (r"second > first",)),
    Site("argmax", r"if \((second >=? first)\)", (r"second < first", r"$unsigned(second) > $unsigned(first) + 1")),
    Site("class order", r"= (\(c >> i\) % 2 == 1) \?", (r"((c ^ 1) >> i) % 2 == 1", r"((c + 1) >> i) % 2 == 1")),
    Site("dropped bias", r"= (biased(\d+)\[i\]);", (r"plain\g<2>[i]",)),
    Site("bias off by one", r"\.count\((plain\d+)\)", (r"\g<1> + 1'b1", r"\g<1> - 1'b1")),
    Site("popcount off by one", r"assign count = (\w+);", (r"\g<1> + 1'b1", r"\g<1> - 1'b1")),
    Site("popcount group", r"\(\.nets\((votes)\), \.part\(group\d+\)\)", (r"\g<1> >> 1", r"\g<1> << 1")),
    Site("dropped vote", r"\.votes\((group\d+)\)", (r"\g<1> & ~'d1", r"\g<1> | 'd1")),
    Site(
        "adder",
        r"= (\{1'b0, (values\[i\*WIDTH \+: WIDTH\])\} \+ \{1'b0, values\[\(i\+1\)\*WIDTH \+: WIDTH\]\});",
        (r"{1'b0, \g<2>}", r"{1'b0, \g<2>} + {1'b0, \g<2>}"),
    ),
    Site("adder", r" add\d+ \(\.values\((sums\d+)\)", (r"\g<1> & ~'d1", r"\g<1> >> 1")),
    Site("reset", r"valid <= (rst) \?", ("1'b0",)),
    Site("out_valid", r"valid <= rst \? \d+'d0 : \{valid\[\d+:0\], (in_valid)\}", ("1'b1",)),
    Site("out_valid", r"assign out_valid = (valid\[\d+\]);", ("in_valid",)),
)
_WORD = r"\+: `LGC_WIDTH\]"
_SERIAL_SITES = (
    Site(
        "popcount off by one",
        r"wire counted = (place == (\d+'d\d+));",
        (r"place == \g<2> - 1'b1", r"place == \g<2> + 1'b1"),
    ),
    Site(
        "popcount group",
        r"wire finished = counted && (group == (\d+'d\d+) - 1'b1);",
        (r"group == \g<2>", r"group == \g<2> - 2'd2"),
    ),
    Site("dropped vote", rf"carry\[0 {_WORD} = (chain\[0 {_WORD});", ("`LGC_ZERO", r"~\g<1>")),
    Site("dropped bias", r"score <= (take \|\| counted) \?", ("take", "counted")),
    Site("bias off by one", r"'d\d+: word = (\d+'d\d+);", (r"\g<1> + 1'b1", r"\g<1> - 1'b1")),
    Site("adder", rf"assign sum\[i\*`LGC_WIDTH {_WORD} = (mine \^ carry.*);", ("mine",)),
    Site("adder", rf"assign carry\[\(i\+1\)\*`LGC_WIDTH {_WORD} = (mine & (carry.*));", (r"mine | \g<2>", r"\g<2>")),
    Site("tie rule", rf"above\[0 {_WORD} = (`LGC_ZERO);", ("`LGC_ONE",)),
    Site("tie rule", rf"above\[0 {_WORD} = (`LGC_ONE);", ("`LGC_ZERO",)),
    Site("argmax", r"= (\(mine & ~other\)) \| \(~\(mine", ("(~mine & other)", "`LGC_ZERO")),
    Site("argmax", r"wire \[`LGC_WIDTH-1:0\] wins = (above.*\]) \|", ("`LGC_ZERO",)),
    Site("class order", r"`LGC_WIDTH\{(group_index\[i\])\}", ("(group_index[i] ^ (i == 0))",)),
    Site("reset", r"busy <= (!rst) &&", ("1'b1",)),
    Site("reset", r"out_valid <= (!rst) &&", ("1'b1",)),
    Site("out_valid", r"out_valid <= !rst && (busy && finished);", ("busy && counted", "finished")),
)
"""Of the head that takes a vote a clock."""
_REGISTER = re.compile(r"^  reg (`LGC_NETS\((\w+), (\d+)\));\n(  always @\(posedge clk\) \2 <= (\w+);)$", _FLAGS)
_SUMS = re.compile(r"^    for \((i = \d+; i < \d+); .*\n      assign sums\[\d+\+i\] = (\w+\[i\]);$", _FLAGS)


def head_faults(text: str) -> Iterator[tuple[str, str, tuple[Edit, ...]]]:
    """All of them, as (kind, description, edits)."""
    yield from site_faults(text, (*_SITES, *_SERIAL_SITES))
    for match in _REGISTER.finditer(text):
        yield "register removed", f"line {_line(text, match.start(4))}: {match[2]} is {match[5]}", (_removed(match),)
    for first, second in pairwise(_SUMS.finditer(text)):
        if first[1] == second[1]:
            edits = (Edit(first.start(2), first.end(2), second[2]), Edit(second.start(2), second.end(2), first[2]))
            yield "class order", f"line {_line(text, first.start(2))}: {first[2]} and {second[2]} swapped", edits


def site_faults(text: str, sites: Sequence[Site]) -> Iterator[tuple[str, str, tuple[Edit, ...]]]:
    """Those that some sites describe."""
    for site in sites:
        for match in re.finditer(site.pattern, text, _FLAGS):
            for new in site.new:
                edit = Edit(match.start(1), match.end(1), match.expand(new))
                yield site.kind, f"line {_line(text, match.start(1))}: {match[1]} becomes {edit.new}", (edit,)


def _removed(match: re.Match[str]) -> Edit:
    """A register stage becomes a wire."""
    name, size, source = match[2], match[3], match[5]
    kept = f"{name}_kept"
    choice = f"  reg `LGC_NETS({kept}, {size});\n  always @(posedge clk) {kept} <= {source};\n"
    choice += f"  always @* {name} = $CHOSEN$ ? {source} : {kept};"
    return Edit(match.start(4), match.end(4), f"  always @* {name} = {source};", choice)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
