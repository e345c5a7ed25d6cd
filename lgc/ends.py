"""How a command ends that did not end well: what is said, and the exit code. It imports the standard library alone.

Exit code 1 says that two things were compared and differ. Nothing else may end with it, least of all what Python gives
to a traceback: what nobody expected is 70, and what the machine lacks is 3.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from lgc.errors import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_MISMATCH, EXIT_OK, EXIT_TOOL, EXIT_USER, LgcError

EXIT_CODES = {
    EXIT_OK: "all is well, and what was to be checked is equal",
    EXIT_MISMATCH: "two things were compared, and differ; nothing else ends so",
    EXIT_USER: "the command, or what it was given, is unusable",
    EXIT_TOOL: "not done or not checked: a program or package is missing or fails, a time limit, a full disk or "
    "output, no memory",
    EXIT_FAULT: "a fault of lgc itself: please report it",
    EXIT_INTERRUPTED: "interrupted: Ctrl-C, SIGTERM, a closed terminal (SIGHUP), or nobody reads what it prints",
}
"""What each exit code means."""

ISSUES = "https://github.com/lgc-project/lgc/issues"
TRACEBACK = "LGC_TRACEBACK"
"""The environment variable that shows where an unexpected error came from."""

_ROOT = str(Path(__file__).parent)
_LONGEST_HINT = 160
_NO_MEMORY = ("can't allocate memory", "out of memory", "bad_alloc", "can't start new thread", "cannot allocate memory")
_WRITES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_HINTS = {
    errno.ENOSPC: "Make room on the disk, or name another folder in TMPDIR or LGC_CACHE",
    errno.EDQUOT: "Make room within your quota, or name another folder in TMPDIR or LGC_CACHE",
    errno.EFBIG: "Allow larger files: `ulimit -f` shows the limit",
    errno.EROFS: "Name a folder that can be written in TMPDIR or LGC_CACHE",
    errno.EMFILE: "Allow more open files: `ulimit -n` shows the limit",
    errno.ENOMEM: "Close other programs, or allow more memory: `ulimit -v` shows the limit",
}


def ending(error: BaseException) -> tuple[int, str]:
    """The exit code of an error, and one paragraph for people; empty where nothing is to be said."""
    if isinstance(error, LgcError):
        return error.exit_code, _in_lines(error) if error.lines else paragraph(str(error))
    if isinstance(error, KeyboardInterrupt):
        return EXIT_INTERRUPTED, "interrupted"
    if isinstance(error, BrokenPipeError):
        return EXIT_INTERRUPTED, ""
    return _unexpected(error)


def _in_lines(error: LgcError) -> str:
    place = f"{error.where}: " if error.where else ""
    first, *rest = map(paragraph, error.lines)
    return "\n".join([f"{paragraph(place)}{first}", *(f"  {line}" for line in rest)])


def _unexpected(error: BaseException) -> tuple[int, str]:
    if isinstance(error, MemoryError) or any(text in str(error).lower() for text in _NO_MEMORY):
        hint = "The network is too large for this machine, or `ulimit -v` bounds the memory"
        return EXIT_TOOL, f"out of memory. {hint}."
    if package := _package_that_fails(error):
        hint = (
            f"Install it again: `python -m pip install --force-reinstall {package}`; `lgc doctor` shows what is found"
        )
        if package in sys.stdlib_module_names:
            hint = "A file of that name may hide Python's own: `python -P -m lgc` does not look beside you"
        return EXIT_TOOL, paragraph(f"the package '{package}' cannot be loaded: {_said(error)}. {hint}.")
    if isinstance(error, OSError):
        return EXIT_TOOL, paragraph(_refused(error))
    hint = f"{TRACEBACK}=1 {_command()}"
    return EXIT_FAULT, paragraph(
        f"a fault of lgc, not of what it was given: {_said(error)} ({_place(error)}). Nothing was found out. "
        f"`{hint}` shows where it comes from: please report it with that at {ISSUES}."
    )


def paragraph(text: str) -> str:
    """One line without control characters, whatever names and file contents the message quotes."""
    return "".join(char if char.isprintable() else " " if char in "\n\t" else "?" for char in text)


def show_traceback(error: BaseException) -> None:
    """Print where an error comes from, where that was asked for."""
    if os.environ.get(TRACEBACK) and sys.stderr is not None:
        import traceback  # what every start would pay for

        traceback.print_exception(error, file=sys.stderr)


def _refused(error: OSError) -> str:
    """What the system refused, on which file, and what helps."""
    reason = error.strerror or _said(error)
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    hint = _HINTS.get(error.errno or 0, "Check the file, its folder, their permissions and the disk")
    nameless = "a temporary file, or standard output" if error.errno in _WRITES else "the system"
    return f"{' and '.join(names) or nameless}: {reason}. {hint}."


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """Frames and lines, from where it was raised outwards."""
    found, step = [], error.__traceback__
    while step is not None:
        found.append((step.tb_frame, step.tb_lineno))
        step = step.tb_next
    return reversed(found)


def _place(error: BaseException) -> str:
    """The line of lgc that it comes from."""
    for frame, line in _frames(error):
        file = frame.f_code.co_filename
        if file.startswith(_ROOT):
            return f"lgc{file.removeprefix(_ROOT)}, line {line}"
    return "outside of lgc"


def _package_that_fails(error: BaseException) -> str:
    """The package that was being imported; empty if none was, or it is lgc's own module."""
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith(_ROOT):
        return _package_of(error.filename)
    for frame, _ in _frames(error):
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if frame.f_code.co_name == "<module>" and package not in ("", "lgc", "__main__"):
            return package
    name = str(getattr(error, "name", None) or "").partition(".")[0] if isinstance(error, ImportError) else ""
    return "" if name == "lgc" else name


def _package_of(file: str) -> str:
    """The package that a file belongs to: the outermost folder that is one."""
    path = Path(file)
    while (path.parent / "__init__.py").exists():
        path = path.parent
    return path.stem


def _command() -> str:
    """This command, to be copied."""
    import shlex

    words = shlex.join(sys.argv[1:])
    return f"lgc {words}" if len(words) <= _LONGEST_HINT else "lgc ..."
