"""Edits of an emitted Verilog text, token by token: what a hand, a merge or a tool could do to it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|[0-9]+'[sS]?[bdhBDH][0-9a-fA-F_xXzZ?]+|`?[A-Za-z_]\w*|[0-9]+|\s+|<=|>=|==|&&|\|\||\+:|.", re.S
)
_LITERAL = re.compile(r"([0-9]+)'([bdh])([0-9a-f]+)")
# What might be put in: comments that tools obey, directives, races, signs, widths, and words that change a meaning.
_FOREIGN = (
    "// synthesis off\n", "// synopsys translate_off\n", "/* verilator lint_off WIDTH */", "// pragma protect\n",
    "//Cadence translate_off\n", "/* synthesis full_case */", "// lgc\n", "/**/", "(* full_case *)", "(* keep *)",
    "`ifdef VERILATOR\n", "`ifndef __ICARUS__\n", "`else\n", "`endif\n", "`define LGC_ZERO 1'b1\n", "`undef LGC_ONE\n",
    "`resetall\n", "`timescale 1ns/1ps\n", "`celldefine\n", "`default_nettype wire\n", "`include \"x.v\"\n",
    "signed", "unsigned", "$signed(", "$unsigned(", "initial", "wire", "reg", "always @*", "always @(negedge clk)",
    "<=", "=", "==", "===", "~", "!", "-", "+", "&", "|", "^", "1'bx", "1'bz", "2'sb11", "1'sb1", "'1", "8'h_f", "#1",
    "?", ":", "(", ")", "{", "}", "[", "]", ";", ",", "0", "1", "clk", "rst", "bits", "votes", "x", "\\x ", "\"s\"",
    "defparam", "localparam", "casez", "tri0", "wor", "supply1", "assign", "begin", "end", "endmodule", "\r", "\f",
    "\t",
)  # fmt: skip

Tokens = list[str]


def tokens(text: str) -> Tokens:
    """The text in pieces: blanks and comments are pieces too."""
    return TOKEN.findall(text)


def _place(
    rng: random.Random, found: Tokens, wanted: Callable[[str], object] = lambda token: not token.isspace()
) -> int:
    """The place of a token; -1 if none is as wanted."""
    places = [place for place, token in enumerate(found) if wanted(token)]
    return rng.choice(places) if places else -1


def insert(rng: random.Random, found: Tokens) -> None:
    found.insert(_place(rng, found), rng.choice((rng.choice(_FOREIGN), rng.choice(found))))


def delete(rng: random.Random, found: Tokens) -> None:
    del found[_place(rng, found)]


def replace(rng: random.Random, found: Tokens) -> None:
    found[_place(rng, found)] = rng.choice((rng.choice(_FOREIGN), found[_place(rng, found)]))


def duplicate(rng: random.Random, found: Tokens) -> None:
    place = _place(rng, found)
    length = rng.choice((1, 1, 2, 4, 8, 30))
    found[place:place] = found[place : place + length]


def swap(rng: random.Random, found: Tokens) -> None:
    one, two = _place(rng, found), _place(rng, found)
    found[one], found[two] = found[two], found[one]


def swap_alike(rng: random.Random, found: Tokens) -> None:
    """Two names, or two numbers, near each other."""
    one = _place(rng, found, lambda token: token[0].isalnum())
    near = [two for two in range(max(0, one - 40), min(len(found), one + 40))
            if found[two][0].isalnum() and found[two][0].isdigit() == found[one][0].isdigit()]  # fmt: skip
    two = rng.choice(near)
    found[one], found[two] = found[two], found[one]


def number(rng: random.Random, found: Tokens) -> None:
    place = _place(rng, found, str.isdigit)
    found[place] = str(max(0, int(found[place]) + rng.choice((-2, -1, 1, 2, 10))))


def literal(rng: random.Random, found: Tokens) -> None:
    """Another width, sign, base or value of a constant."""
    place = _place(rng, found, _LITERAL.fullmatch)
    match = _LITERAL.fullmatch(found[place])
    if place < 0 or match is None:
        return
    width, base, digits = match.groups()
    flipped = digits[:-1] + ("0" if digits[-1] != "0" else "1")
    found[place] = rng.choice((
        f"{int(width) // 2 or 1}'s{base}{digits}", f"{width}'s{base}{digits}", f"{int(width) + 1}'{base}{digits}",
        f"{int(width) - 1 or 1}'{base}{digits}", f"{width}'{base}{flipped}", f"{width}'{base}0{digits}",
        f"'{base}{digits}",
        f"{width}'{base}{digits[:-1]}x", f"{width} '{base} {digits}", f"{width}'{base.upper()}{digits.upper()}",
        f"{width}'{base}{digits[:1]}_{digits[1:]}", f"{width}'d{int(digits, {'b': 2, 'd': 10, 'h': 16}[base])}",
        f"{int(width) // 2 or 1}'{base}{digits[len(digits) // 2:]}",
    ))  # fmt: skip


def rename(rng: random.Random, found: Tokens) -> None:
    """One name for another of the text, in one place or in all."""
    place = _place(rng, found, lambda token: re.fullmatch(r"[a-z]\w*", token))
    old, new = found[place], found[_place(rng, found, lambda token: re.fullmatch(r"[a-z]\w*", token))]
    new = rng.choice((new, f"{old}_", old.upper(), f"\\{old} ", "table", "bit"))
    where = [place] if rng.random() < 0.6 else [one for one, token in enumerate(found) if token == old]
    for one in where:
        found[one] = new


def operator(rng: random.Random, found: Tokens) -> None:
    place = _place(rng, found, lambda token: token in ("&", "|", "^", "~", "+", ">", "==", "<=", "=", "&&", "||"))
    found[place] = rng.choice(("&", "|", "^", "~", "+", "-", ">", ">=", "==", "!=", "<=", "=", "&&", "||", "~^", ""))


def operands(rng: random.Random, found: Tokens) -> None:
    """The operands of a gate in another order, and its negations elsewhere."""
    place = _place(rng, found, lambda token: token == "`LGC_GATE")
    end = next((one for one in range(place, len(found)) if found[one] == ";"), place)
    text = "".join(found[place:end])
    left, _, right = text.partition(" = ")
    names = re.findall(r"\w+\[\d+\]", right)
    for old in names:
        right = right.replace(old, "@", 1)
    rng.shuffle(names)
    for name in names:
        right = right.replace("@", name, 1)
    found[place:end] = [f"{left} = {right}"]


def gate(rng: random.Random, found: Tokens) -> None:
    """A gate's expression in the place of another's, or of its own with a step."""
    place = _place(rng, found, lambda token: token == "`LGC_GATE")
    ends = [one for one, token in enumerate(found) if token == ";" and one > place >= 0]
    if not ends:
        return
    left, _, right = "".join(found[place : ends[0]]).partition(" = ")
    names = re.findall(r"\w+\[\d+\]", right) or ["`LGC_ZERO"]
    one, two = rng.choice(names), rng.choice(names)
    found[place : ends[0]] = [left, " = ", rng.choice((
        f"{one} & {two}", f"~({one} ^ {two})", f"{one} | ~{two}", "`LGC_ONE", one, f"~{one}", f"~(~({right}))",
        f"({right})",
        f"{right} ^ `LGC_ZERO", f"({right}) & ({right})", f"~({right})",
    ))]  # fmt: skip


def lines(rng: random.Random, found: Tokens) -> None:
    """Lines in another order, twice or not at all."""
    rows = "".join(found).split("\n")
    one, length = rng.randrange(len(rows)), rng.choice((1, 1, 1, 2, 5))
    near = rng.choice((one + length, one - length, rng.randrange(len(rows))))
    taken = rows[one : one + length]
    match rng.randrange(3):
        case 0:
            del rows[one : one + length]
        case 1:
            rows[near:near] = taken
        case _:
            del rows[one : one + length]
            rows[near:near] = taken
    found[:] = ["\n".join(rows)]


def space(rng: random.Random, found: Tokens) -> None:
    place = _place(rng, found, str.isspace)
    found[place] = rng.choice((" ", "", "\n", "\t", "\r\n", "  ", "/**/", "//\n", " \\\n"))


def comment(rng: random.Random, found: Tokens) -> None:
    place = _place(rng, found, lambda token: token.startswith("//"))
    found[place] = rng.choice((
        "", "// synthesis translate_off", "// layer1[3]", "//" + found[place][2:].upper(), found[place] + " \\",
        "/*" + found[place][2:] + "*/", found[place] + " `endif", "// Synopsys Translate_Off", found[place] + "\n",
    ))  # fmt: skip


EDITS = (insert, insert, delete, replace, duplicate, swap, swap_alike, number, number, literal, literal, rename,
         operator, operator, operands, operands, gate, gate, lines, lines, space, comment)  # fmt: skip
"""Some count twice: those that stay within the grammar, and are left to the proof."""


def edited(rng: random.Random, text: str) -> tuple[str, str]:
    """The text with one edit, seldom two or three, and which they were."""
    names, changed = [], text
    for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
        found, edit = tokens(changed), rng.choice(EDITS)
        edit(rng, found)
        names.append(edit.__name__)
        changed = "".join(found)
    return changed, "+".join(names)
