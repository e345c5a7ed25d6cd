"""The files of a Verilog source: the given one, those named beside it, and what they include."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lgc.errors import NetlistError
from lgc.frontend.facts import how_to_say
from lgc.frontend.importer import ImportJob
from lgc.frontend.verilog.preprocess import Place, Preprocessor

_MAX_BYTES = 64 << 20
_FILE_TASK = re.compile(r"\$(?:readmem[bh]|fopen|sreadmem[bh]|value\$plusargs|test\$plusargs)\b")
_STRETCH = 1 << 14
_WORD = re.compile(r"\w")
_CHECKED_CASE = re.compile(r"\b(?:unique0?|priority)(\s+(?:case[xz]?|if)\b)")


@dataclass(frozen=True)
class SourceText:
    """One file without its directives.

    Attributes:
        system: whether it is SystemVerilog by its name.
        lines: its text.
        places: of each line, the file and line that it is from.
    """

    path: str
    system: bool
    lines: list[str]
    places: list[Place]

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join([*self.lines, ""])

    def place(self, line: int) -> str:
        """Where a line, counted from 1, is from."""
        path, number = self.places[min(max(line, 1), len(self.places)) - 1]
        return f"{path}:{number}"


def gather(job: ImportJob) -> list[SourceText]:
    """The given file and those of ``--source-files``, in this order.

    Raises:
        NetlistError: a file cannot be read, or a directive not obeyed.
    """
    folders = [path.resolve() for path in _paths(job, "include")]
    known: dict[str, Path] = {}

    def opener(name: str, place: Place) -> tuple[str, str]:
        path = _included(name, place, known[place[0]].parent, folders)
        known[str(path)] = path
        return str(path), _read(path)

    preprocessor = Preprocessor(opener)
    sources = []
    for path in [job.content.path, *_paths(job, "files")]:
        known[str(path)] = path
        text = job.content.data if path is job.content.path else _bytes(path)
        preprocessor.lines, preprocessor.places = [], []
        preprocessor.add(_decoded(text, path), str(path))
        source = SourceText(str(path), path.suffix == ".sv", preprocessor.lines, preprocessor.places)
        _check_signs(source)
        sources.append(_checked(source))
    return sources


def _paths(job: ImportJob, fact: str) -> list[Path]:
    """Files or folders separated by commas, or a list in the sidecar."""
    value = job.facts.get(fact)
    if value is None:
        return []
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str | Path) and str(name) for name in names):
        raise NetlistError(f"'{fact}' is {str(value)[:60]}, which is no list of paths")
    folder = Path() if fact in job.facts.given else job.facts.folder
    return [folder / name for name in names]


def _included(name: str, place: Place, beside: Path, folders: list[Path]) -> Path:
    """The file that an include means: beside the file that includes it, or in a folder that the user names."""
    where = f"{place[0]}:{place[1]}"
    parts = Path(name).parts
    if Path(name).is_absolute() or ".." in parts or not parts:
        raise NetlistError(
            f"it includes '{name[:60]}', which leaves its folder",
            where=where,
            hint=f"Name the file by its name alone, and its folder by {how_to_say('include', 'DIR')}",
        )
    candidates = [beside.resolve()] if len(parts) == 1 else []
    for folder in [*candidates, *folders]:
        path = folder / name
        if path.is_file():
            real = path.resolve()
            if real != path and not real.is_relative_to(folder):
                raise NetlistError(f"it includes '{name[:60]}', a link that leaves its folder", where=where)
            return beside / name if folder in candidates else path
    raise NetlistError(
        f"it includes '{name[:60]}', which is not beside it",
        where=where,
        hint=f"Name the folder that holds it by {how_to_say('include', 'DIR')}",
    )


def _read(path: Path) -> str:
    return _decoded(_bytes(path), path)


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise NetlistError("there is no such file", where=str(path))
        if path.stat().st_size > _MAX_BYTES:
            raise NetlistError(f"it is larger than {_MAX_BYTES >> 20} MB", where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise NetlistError(f"cannot be read ({error.strerror or error})", where=str(path)) from None


def _decoded(data: bytes, path: Path) -> str:
    if b"\0" in data:
        raise NetlistError("it is no text", where=str(path))
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _check_signs(source: SourceText) -> None:
    """Refuse what nests too deeply for any tool: thousands of signs with no name or number between them."""
    text = source.text
    for start in range(0, len(text), _STRETCH):
        if _WORD.search(text, start, start + _STRETCH) is None:
            signs = sum(map(len, text[start : start + _STRETCH].split()))
            if signs > _STRETCH // 2:
                where = source.place(text.count("\n", 0, start) + 1)
                raise NetlistError(f"there are {signs} signs without a name or number between them", where=where)


def _checked(source: SourceText) -> SourceText:
    """Refuse what would open other files; take away words that promise what only simulators check."""
    for index, line in enumerate(source.lines):
        if "$" in line and (match := _FILE_TASK.search(line)):
            raise NetlistError(f"{match[0]} reads another file, which lgc never does", where=source.place(index + 1))
        if "case" in line or "if" in line:
            source.lines[index] = _CHECKED_CASE.sub(r"\1", line)
    return source
