"""Where C can be wrong: changes of its operators, numbers and statements, as text between comments and directives."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mutants.sites import Mutant, numbered

_TOKENS = (
    ("compare", r" <= ", " < "),
    ("compare", r" < ", " <= "),
    ("compare", r" >= ", " > "),
    ("compare", r" > ", " >= "),
    ("compare", r" == ", " != "),
    ("compare", r" != ", " == "),
    ("and-or", r" && ", " || "),
    ("and-or", r" \|\| ", " && "),
    ("arithmetic", r" \+ ", " - "),
    ("arithmetic", r" - ", " + "),
    ("arithmetic", r" \* ", " + "),
    ("arithmetic", r" / ", " * "),
    ("arithmetic", r" % ", " / "),
    ("arithmetic", r" << ", " >> "),
    ("arithmetic", r" >> ", " << "),
    ("arithmetic", r" & ", " | "),
    ("arithmetic", r" \| ", " & "),
    ("arithmetic", r" \^ ", " & "),
    ("arithmetic", r" \+= ", " -= "),
    ("arithmetic", r" \|= ", " &= "),
    ("arithmetic", r" \^= ", " |= "),
    ("sign", r"(?<=[ (])~", ""),
    ("sign", r"(?<=[ (])!(?!=)", ""),
)
_NUMBER = re.compile(r"(?<![\w.'])(0x[0-9a-fA-F]+|\d+)(?=[uU]?[lL]*[^\w.'])")
_STATEMENT = re.compile(r"^[ \t]+([\w.>\[\]* -]+(?:\(.*\)| [-+|^&]?= .*));[ \t]*\\?$", re.MULTILINE)
_DECLARES = re.compile(r"^(?:static |const |unsigned |size_t|long|int|float|uint|lane |word |return\b|if |for |while )")


def c_mutants(path: str, source: str) -> list[Mutant]:
    """Every mutant of a C file, in order."""
    return numbered(_found(path, source, _code(source)))


def _code(source: str) -> str:
    """The source with blanks for comments, strings and directives but the bodies of macros."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|^[ \t]*#(?!define)[^\n]*|^[ \t]*#define \w+'
    return re.sub(pattern, lambda found: re.sub(r"[^\n]", " ", found[0]), source, flags=re.DOTALL | re.MULTILINE)


def _found(path: str, source: str, code: str) -> Iterator[Mutant]:
    lines = source.splitlines()

    def mutant(operator: str, start: int, end: int, new: str) -> Mutant:
        line = source.count("\n", 0, start) + 1
        return Mutant(path, line, operator, "", start, end, source[start:end], new, lines[line - 1])

    for operator, pattern, new in _TOKENS:
        for found in re.finditer(pattern, code):
            yield mutant(operator, found.start(), found.end(), new)
    for found in _NUMBER.finditer(code):
        yield mutant("constant", found.start(1), found.end(1), str(int(found[1], 0) + 1))
    for found in _STATEMENT.finditer(code):
        if not _DECLARES.match(found[1]):
            yield mutant("statement", found.start(1), found.end(1), "")
