"""Directives of Verilog, resolved by lgc itself: no other program opens a file that a source names.

What comes out has no comment, no attribute and no directive but `` `default_nettype``. Tools obey some comments and
attributes (``full_case``) and simulators do not; without them there is one meaning. Each line knows where it is from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lgc.bounds import VARIABLE, scaled
from lgc.errors import NetlistError

_MAX_CHARACTERS = 16 << 20
_MAX_PIECES = 1_000_000
_MAX_DEPTH = 64
_PIECE = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\\[^\s]+|`[A-Za-z_][\w$]*|\(\*(?!\s*\)).*?\*\)|\n|[^/"\\`(\n]+|.', re.S
)
_HIDING = re.compile(r"/[/*]\s*(?:\w+\s+translate_off|(?:synthesis|synopsys|pragma)\s+off)\b", re.I)
_MARKS = ("`", '"', "\\", "/*", "(*")
_NAME = re.compile(r"[ \t]*([A-Za-z_][\w$]*)")
_REST = re.compile(r"(?:\\\r?\n|[^\n])*")
_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/', re.S)
_QUOTED = re.compile(r'\s*(?:"([^"\n]*)"|<([^>\n]*)>)')
_STAR = re.compile(r"\(\*\s*\)")
_RAISE = f"If the file is to be trusted, set {VARIABLE}=4"
_CONDITIONS = {"ifdef", "ifndef", "elsif", "else", "endif"}
_SKIPPED = {"timescale", "line", "pragma", "begin_keywords"}
_NOTHING = {"celldefine", "endcelldefine", "resetall", "end_keywords"}

Place = tuple[str, int]
"""A file and a line in it."""
Opener = Callable[[str, Place], tuple[str, str]]
"""Finds what an include names: the path to show, and the text."""


@dataclass(frozen=True)
class _Macro:
    parameters: tuple[str, ...] | None
    body: str


@dataclass
class _Branch:
    """A conditional: whether its text counts now, whether a branch was taken, whether it counts at all."""

    active: bool
    taken: bool
    outer: bool


@dataclass
class Preprocessor:
    """Macros live on from one file to the next, as in one compilation unit.

    Attributes:
        lines: the text that came out.
        places: of each line, where it is from.
    """

    opener: Opener
    macros: dict[str, _Macro] = field(
        default_factory=lambda: {name: _Macro(None, "1") for name in ("SYNTHESIS", "YOSYS")}
    )
    lines: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    _pending: list[str] = field(default_factory=list)
    _branches: list[_Branch] = field(default_factory=list)
    _size: int = 0
    _pieces: int = 0

    def add(self, text: str, path: str) -> None:
        """One more file.

        Raises:
            NetlistError: a directive that cannot be obeyed, with its line.
        """
        self._file(text, path, 0)

    def _file(self, text: str, path: str, depth: int) -> None:
        if not self._branches and not self._pending and not any(mark in text for mark in _MARKS):
            self._plain_lines(text, path)
            return
        before = len(self._branches)
        place = self._run(text, (path, 1), depth, in_file=True)
        self._newline(place)
        if len(self._branches) != before:
            raise _error("an `ifdef without its `endif", place)

    def _plain_lines(self, text: str, path: str) -> None:
        """A text of whose kinds of comments there is one, that to the end of the line; most of what is large is so."""
        if found := _HIDING.search(text):
            self._plain(found[0], (path, text.count("\n", 0, found.start()) + 1))
        self._count(text.count("\n"), (path, 1))
        lines = [line.split("//", 1)[0] for line in text.split("\n")]
        self.lines += lines
        self.places += [(path, number) for number in range(1, len(lines) + 1)]

    def _newline(self, place: Place) -> None:
        self.lines.append("".join(self._pending))
        self.places.append(place)
        self._pending.clear()

    def _emit(self, text: str, place: Place) -> None:
        self._size += len(text)
        if self._size > _MAX_CHARACTERS and self._size > scaled(_MAX_CHARACTERS):
            raise _error(f"its macros make more than {scaled(_MAX_CHARACTERS) >> 20} MB of text", place, _RAISE)
        self._pending.append(text)

    def _run(self, text: str, place: Place, depth: int, *, in_file: bool) -> Place:
        """All of a text: of a file, line by line, or of a macro, whose text stays on the line of its use."""
        if depth > _MAX_DEPTH:
            raise _error(f"macros or includes within each other, more than {_MAX_DEPTH} deep", place)
        position = 0
        while position < len(text):
            match = _PIECE.match(text, position)
            assert match is not None
            piece, end = match[0], match.end()
            self._check_piece(text, position, piece, place)
            if piece == "\n":
                if in_file:
                    self._newline(place)
                else:
                    self._emit(" ", place)
            elif piece[0] == "`":
                end = self._directive(text, piece, end, place, depth)
            elif self._active():
                self._plain(piece, place)
            if in_file:
                passed = text.count("\n", position, end)
                place = (place[0], place[1] + passed)
            position = end
        return place

    def _check_piece(self, text: str, position: int, piece: str, place: Place) -> None:
        """Refuse what would be looked at again and again: openings without an end, macros that grow to nothing."""
        self._count(1, place)
        if piece == "/" and text.startswith("/*", position):
            raise _error("a comment without its end", place)
        if piece == "(" and text.startswith("(*", position) and not _STAR.match(text, position):
            raise _error("an attribute without its end", place)

    def _count(self, more: int, place: Place) -> None:
        """Lines and other pieces."""
        self._pieces += more
        if self._pieces > _MAX_PIECES and self._pieces > scaled(_MAX_PIECES):
            raise _error(f"it has more than {scaled(_MAX_PIECES)} lines and pieces of text", place, _RAISE)

    def _active(self) -> bool:
        return not self._branches or self._branches[-1].active

    def _plain(self, piece: str, place: Place) -> None:
        if piece.startswith(("//", "/*", "(*")):
            if _HIDING.match(piece):
                raise _error(
                    f"the comment '{piece[:40].strip()}' hides text from some tools and not from others",
                    place,
                    "Take the hidden text out, or put it under `ifndef SYNTHESIS",
                )
            piece = " "
        self._emit(piece, place)

    def _directive(self, text: str, piece: str, end: int, place: Place, depth: int) -> int:
        """What begins with a backtick; returns where it ends."""
        name = piece[1:]
        if name in _CONDITIONS:
            return self._condition(text, name, end, place)
        if not self._active():
            return end
        if name == "define":
            return self._define(text, end, place)
        if name == "include":
            return self._include(text, end, place, depth)
        if name == "undef":
            found = _NAME.match(text, end)
            self.macros.pop(found[1] if found else "", None)
            return found.end() if found else end
        if name in _NOTHING:
            return end
        if name in _SKIPPED or name == "default_nettype":
            rest = _REST.match(text, end)
            assert rest is not None
            if name == "default_nettype":
                self._emit(piece + _COMMENT.sub("", rest[0]), place)
            return rest.end()
        return self._use(text, name, end, place, depth)

    def _condition(self, text: str, name: str, end: int, place: Place) -> int:
        if name in ("ifdef", "ifndef"):
            found = _NAME.match(text, end)
            if not found:
                raise _error(f"`{name} without a name", place)
            outer = self._active()
            hit = outer and (found[1] in self.macros) == (name == "ifdef")
            self._branches.append(_Branch(hit, hit, outer))
            return found.end()
        if not self._branches:
            raise _error(f"`{name} without `ifdef", place)
        branch = self._branches[-1]
        if name == "endif":
            self._branches.pop()
            return end
        hit = branch.outer and not branch.taken
        if name == "elsif":
            found = _NAME.match(text, end)
            if not found:
                raise _error("`elsif without a name", place)
            hit, end = hit and found[1] in self.macros, found.end()
        branch.active, branch.taken = hit, branch.taken or hit
        return end

    def _define(self, text: str, end: int, place: Place) -> int:
        found = _NAME.match(text, end)
        if not found:
            raise _error("`define without a name", place)
        end, parameters = found.end(), None
        if text[end : end + 1] == "(":
            close = text.find(")", end)
            parameters = tuple(name.strip() for name in text[end + 1 : close].split(","))
            if close < 0 or not all(re.fullmatch(r"[A-Za-z_][\w$]*", name) for name in parameters):
                raise _error(f"the parameters of macro {found[1][:40]} are no plain names", place)
            end = close + 1
        rest = _REST.match(text, end)
        assert rest is not None
        body = _COMMENT.sub(lambda match: match[1] or " ", re.sub(r"\\\r?\n", "\n", rest[0])).strip()
        self.macros[found[1]] = _Macro(parameters, body)
        return rest.end()

    def _include(self, text: str, end: int, place: Place, depth: int) -> int:
        found = _QUOTED.match(text, end)
        if not found:
            raise _error("`include without a file's name in quotes", place)
        path, included = self.opener(found[1] if found[1] is not None else found[2], place)
        self._newline(place)
        self._file(included, path, depth + 1)
        return found.end()

    def _use(self, text: str, name: str, end: int, place: Place, depth: int) -> int:
        macro = self.macros.get(name)
        if macro is None:
            raise _error(f"the macro or directive `{name[:40]} is unknown", place)
        body = macro.body
        if "``" in body or '`"' in body:
            raise _error(f"the macro {name[:40]} pastes text together, which lgc does not read", place)
        if macro.parameters is not None:
            arguments, end = _arguments(text, end, place)
            if len(arguments) != len(macro.parameters):
                raise _error(f"the macro {name[:40]} takes {len(macro.parameters)} arguments", place)
            values = dict(zip(macro.parameters, arguments, strict=True))
            body = re.sub(r"[A-Za-z_][\w$]*", lambda match: values.get(match[0], match[0]), body)
        self._run(body, place, depth + 1, in_file=False)
        return end


def _arguments(text: str, start: int, place: Place) -> tuple[list[str], int]:
    """The arguments of a macro, separated by commas outside of brackets, and where they end."""
    match = re.compile(r"\s*\(").match(text, start)
    if not match:
        raise _error("a macro with parameters is used without arguments", place)
    depth, begin, found = 0, match.end(), []
    for position, character in _characters(text, begin):
        if character in "([{":
            depth += 1
        elif depth and character in ")]}":
            depth -= 1
        elif not depth and character in ",)":
            found.append(text[begin:position].strip())
            begin = position + 1
            if character == ")":
                return found, begin
    raise _error("the arguments of a macro do not end", place)


def _characters(text: str, start: int) -> Iterator[tuple[int, str]]:
    return ((match.start(), match[0]) for match in re.compile(r'"[^"\n]*"|[(){}\[\],]').finditer(text, start))


def _error(message: str, place: Place, hint: str | None = None) -> NetlistError:
    return NetlistError(message, where=f"{place[0]}:{place[1]}", hint=hint)
