"""What a format is, and which one writes which suffix.

A format is a frozen dataclass whose fields are its options. ``validate`` refuses, before the first byte,
what the format cannot express; ``emit`` then writes, and gives the same bytes for the same circuit and
options every time. To add a format: subclass :class:`Format` in a file of its own, and add a row to
:data:`FORMATS`, or an entry point to a distribution of yours (docs/extending.md).
"""

from __future__ import annotations

import importlib
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, TextIO, cast

from lgc.backend.ours import beside
from lgc.errors import InputError, OptionError
from lgc.files import replacing
from lgc.ir import Circuit
from lgc.plugins import broken, load_class, plugins

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

FORMATS: dict[str, str] = {
    ".v": "lgc.backend.verilog:Verilog",
    ".c": "lgc.backend.c:C99",
    ".py": "lgc.backend.amaranth:Amaranth",
    ".lgn": "lgc.backend.lgn:Lgn",
    ".blif": "lgc.backend.blif:Blif",
    ".aag": "lgc.backend.aiger:AigerAscii",
    ".aig": "lgc.backend.aiger:AigerBinary",
    ".dot": "lgc.backend.dot:Dot",
    ".svg": "lgc.backend.svg:Svg",
    ".onnx": "lgc.backend.onnx:Onnx",
    ".yosys.json": "lgc.backend.json:YosysJson",
}
"""Suffix to ``module:Class``: names, so that asking what there is imports nothing heavy."""

GROUP = "lgc.formats"
"""The entry points by which installed distributions add formats, named by their suffix."""


@dataclass(frozen=True)
class Format(ABC):
    """One output format. Fields of the subclass are its options.

    Attributes:
        name: what people call the format.
        binary: whether ``emit`` writes bytes.
    """

    name: ClassVar[str]
    binary: ClassVar[bool] = False

    def validate(self, circuit: Circuit) -> None:  # noqa: B027 - most formats express every circuit
        """Refuse what this format cannot express, before anything is written.

        Raises:
            LgcError: a subclass of it, with the reason and what to do instead.
        """

    @abstractmethod
    def emit(self, circuit: Circuit, stream: Any) -> None:
        """Write the circuit to a ``TextIO``, or to a ``BinaryIO`` where ``binary`` is set."""

    def companions(self, circuit: Circuit) -> Mapping[str, str]:
        """Text files that belong beside the output: suffix (``".h"``) to content. Usually none."""
        del circuit
        return {}

    @classmethod
    def from_options(cls, options: Mapping[str, str]) -> Format:
        """The format with options given as text, ``{"width": "256"}``.

        Raises:
            OptionError: no such option, or no such value.
        """
        known = {field.name: field.type for field in fields(cls)}
        values: dict[str, Any] = {}
        for key, text in options.items():
            name = key.replace("-", "_")
            if name not in known:
                raise OptionError(
                    f"the {cls.name} format has no option '{key}'",
                    hint=f"It has: {', '.join(sorted(known)) or 'none'}",
                )
            values[name] = _convert(key, str(known[name]), text)
        return cls(**values)


_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _convert(key: str, kind: str, text: str) -> object:
    """Option text as the field's type, which is one of bool, int and str, perhaps optional."""
    if kind.startswith("bool"):
        if text.lower() not in _TRUTH:
            raise OptionError(f"option '{key}' is on or off, not '{text}'")
        return _TRUTH[text.lower()]
    if kind.startswith("int"):
        try:
            return int(text)
        except ValueError:
            raise OptionError(f"option '{key}' is a whole number, not '{text}'") from None
    return text


def format_class(path: Path | str) -> type[Format]:
    """The format that writes files of this name, by the longest suffix that fits.

    Raises:
        InputError: no format has this suffix.
    """
    name = Path(path).name.lower()
    if suffix := _suffix(name, FORMATS):
        module, _, attribute = FORMATS[suffix].partition(":")
        return cast("type[Format]", getattr(importlib.import_module(module), attribute))
    added = _added()
    if suffix := _suffix(name, added):
        return cast("type[Format]", load_class(added[suffix], Format))
    raise InputError(
        f"no format writes '{Path(path).suffix or name}' files",
        where=str(path),
        hint=f"The suffix chooses the format: {', '.join(sorted([*FORMATS, *added]))}",
    )


def _added() -> dict[str, EntryPoint]:
    """The formats of installed distributions, by suffix.

    Raises:
        ToolError: a suffix is none, or lgc writes such files itself.
    """
    found = plugins(GROUP, FORMATS)
    for suffix, point in found.items():
        if not suffix.startswith("."):
            raise broken(point, "its name is no suffix: it starts with a dot")
        if own := _suffix(suffix, FORMATS):
            raise broken(point, f"files whose names end in '{own}' are written by lgc itself")
    return found


def _suffix(name: str, known: Iterable[str]) -> str:
    """The longest of the suffixes that fit; empty for none."""
    return max((suffix for suffix in known if name.endswith(suffix)), key=len, default="")


def _stem(path: Path) -> str:
    """The file's name without the suffix that chose the format."""
    name = path.name.lower()
    suffix = _suffix(name, FORMATS) or _suffix(name, _added()) or path.suffix
    return path.name.removesuffix(path.name[len(name) - len(suffix) :])


def to_bytes(format_: Format, circuit: Circuit) -> bytes:
    """Validate, then the whole output in memory."""
    format_.validate(circuit)
    if format_.binary:
        raw = io.BytesIO()
        format_.emit(circuit, raw)
        return raw.getvalue()
    text = io.StringIO()
    format_.emit(circuit, text)
    return text.getvalue().encode()


def write(format_: Format, circuit: Circuit, path: Path | str) -> list[Path]:
    """Validate, then write ``path`` and its companions: all of them complete, or none replaced.

    Returns:
        The files written, the main one first.

    Raises:
        LgcError: whatever ``validate`` refuses.
        OutputError: a file cannot be written, or one beside it is somebody else's.
    """
    path = Path(path)
    format_.validate(circuit)
    written = [path]
    texts = format_.companions(circuit)
    written += [beside(path, _stem(path), suffix, text) for suffix, text in texts.items()]
    with ExitStack() as stack:
        for place, text in zip(written[1:], texts.values(), strict=True):
            stack.enter_context(replacing(place)).write_text(text, encoding="utf-8", newline="\n")
        temporary = stack.enter_context(replacing(path))
        with _open(temporary, format_.binary) as stream:
            format_.emit(circuit, stream)
    return written


def _open(path: Path, binary: bool) -> TextIO | BinaryIO:
    if binary:
        return cast(BinaryIO, path.open("wb"))
    return cast(TextIO, path.open("w", encoding="utf-8", newline="\n"))
