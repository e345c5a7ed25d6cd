"""Yosys elaborates and flattens a source; the choice of its top module, and what yosys refuses, in the user's terms."""

from __future__ import annotations

import json
import re
from typing import Any

from lgc.bounds import VARIABLE, check_bound, read_within, scaled
from lgc.errors import NetlistError, ToolError
from lgc.frontend.facts import how_to_say
from lgc.frontend.verilog.sources import SourceText
from lgc.tools.find import has_package
from lgc.tools.run import FailedError, reading
from lgc.tools.watchdog import scratch
from lgc.tools.yosys import SINGLE, run_yosys

_TIMEOUT_S = 300
_MODULES = 1 << 14
_MEMORY, _RESULT = 4 << 30, 256 << 20  # bytes that yosys, and what it makes of a source, may take
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_MODULE = re.compile(
    r"module(?:(?<!\wmodule)|(?<=\bmacromodule))\s++(?:automatic\s++|static\s++)?(\\\S++|[A-Za-z_][\w$]*+)"
)
_INSTANCE = re.compile(
    r"(?<![\w$.\\])([A-Za-z_][\w$]*+|\\\S++)"
    r"(?:\s*+#\s*+[(\d]|\s++(?:\\\S++|[A-Za-z_][\w$]*+)\s*+(?:\[[^][]*+\]\s*+)*+\()|\\\S++"
)
_PLACE = re.compile(r"source(\d+)\.s?v:(\d+)")
_TWICE = re.compile(r"ERROR: \\?(\S+?)(?:\[[\d:]+\])? is assigned twice")
_QUOTED = re.compile(r"`\\?([^'\s]+)'")


def top_module(sources: list[SourceText], asked: str | None) -> str:
    """The top: the asked one, else the only module that no other instantiates.

    Raises:
        NetlistError: there is none, or more than one.
    """
    if asked is not None and not _PLAIN.fullmatch(asked):
        raise NetlistError(f"--source-top is '{asked[:40]}', which is no plain Verilog name")
    declared: dict[str, str] = {}
    for source in sources:
        text, line, end = source.text, 1, 0
        for match in _MODULE.finditer(text):
            line, end = line + text.count("\n", end, match.start()), match.start()
            declared.setdefault(match[1], source.place(line))
            check_bound(len(declared), _MODULES, "modules", NetlistError)
    if asked is not None:
        if asked not in declared:
            raise NetlistError(f"it has no module '{asked[:40]}'", hint=f"Its modules are: {_some(declared)}")
        return asked
    used = {match[1] for source in sources for match in _INSTANCE.finditer(source.text)} if len(declared) > 1 else set()
    tops = [name for name in declared if name not in used]
    if len(tops) > 1:
        places = "; ".join(f"{name[:60]} ({declared[name]})" for name in tops[:6])
        raise NetlistError(
            f"it has {len(tops)} modules that no other instantiates: {places}{'; ...' if len(tops) > 6 else ''}. "
            "Which one is the circuit?",
            hint=f"Name it: {how_to_say('top', tops[-1])}",
        )
    if not tops or not _PLAIN.fullmatch(tops[0]):
        raise NetlistError(
            "no module of it is the top: each is instantiated by another, or has no plain name",
            hint=f"Name it: {how_to_say('top', 'NAME')}. Its modules are: {_some(declared)}",
        )
    return tops[0]


def _some(names: dict[str, str]) -> str:
    shown = [name[:60] for name in list(names)[:8]]
    return ", ".join(shown) + (", ..." if len(names) > 8 else "")


def elaborated(sources: list[SourceText], top: str) -> dict[str, Any]:
    """The top module as yosys's JSON has it, flat.

    Raises:
        NetlistError: yosys refuses the source; with its file and line.
        ToolError: yosys failed.
    """
    try:
        return _run(sources, top, system=False)
    except FailedError as first:
        if first.crashed or "ERROR" not in first.reason:  # that says nothing about the source
            failed = _too_large(first) if first.crashed else first
            raise failed.at(sources[0].path) from None
        if all(source.system for source in sources):
            raise _refusal(sources, first) from None
        try:
            return _run(sources, top, system=True)  # words of SystemVerilog in a file that is not named so
        except FailedError as second:
            raise _refusal(sources, first if "syntax error" not in second.reason else second) from None


def _run(sources: list[SourceText], top: str, *, system: bool) -> dict[str, Any]:
    with scratch("lgc-verilog-") as folder:
        # Fixed names in a folder of our own: no name from outside reaches yosys' command line.
        passes = []
        for index, source in enumerate(sources):
            file = f"source{index}.{'sv' if source.system or system else 'v'}"
            (folder / file).write_text(source.text, encoding="utf-8", errors="surrogateescape")
            passes.append(f"read_verilog {'-sv ' if file.endswith('.sv') else ''}{file}")
        # `proc -norom` keeps `case` tables as comparisons; no pass that uses undefined values may run.
        passes += [f"hierarchy -check -top {top}", "proc -norom", "flatten", "memory_collect", "memory_map -rom-only"]
        passes += ["write_json output.json", *([SINGLE] if has_package("pyosys") else [])]
        twice = None
        try:
            run_yosys(passes, folder / "yosys.log", _TIMEOUT_S, memory=scaled(_MEMORY))
        except FailedError as error:
            twice = _TWICE.search(error.reason)
            if twice is None:
                raise
        except ToolError as error:
            raise error.at(sources[0].path) from None
        with reading("yosys", folder):
            module: dict[str, Any] = json.loads(read_within(folder / "output.json", _RESULT))["modules"][top]
        return module | ({"twice": twice[1]} if twice else {})


def _too_large(error: FailedError) -> ToolError:
    """A crash of yosys, most often at the bound of its memory."""
    return ToolError(
        f"{error.message}; it may take {scaled(_MEMORY) >> 30} GB of memory",
        hint=f"If the source is to be trusted, and needs more, set {VARIABLE}=4",
    )


def _refusal(sources: list[SourceText], error: FailedError) -> NetlistError:
    """What yosys says, at the line of the user's file."""
    reason = re.sub(r"\s*\(exit code \d+\)$", "", error.reason)
    found = _PLACE.search(reason)
    text = re.sub(r"^.*?ERROR:\s*", "", reason)
    where = place_in(sources, int(found[1]), int(found[2])) if found else _mentioned(sources, text)
    text = _PLACE.sub(lambda match: place_in(sources, int(match[1]), int(match[2])), text)
    return NetlistError(
        f"yosys refuses it: {text.rstrip('.!')}", where=where, hint="lgc reads Verilog that yosys can synthesise"
    )


def place_in(sources: list[SourceText], number: int, line: int) -> str:
    """The user's file and line; the first file where yosys tells no line."""
    return sources[number].place(line) if line and number < len(sources) else sources[0].path


def _mentioned(sources: list[SourceText], reason: str) -> str:
    """The first line that has a name which yosys quotes, else the first file."""
    for name in _QUOTED.findall(reason):
        word = re.compile(rf"(?<![\w$]){re.escape(name.split('.')[-1])}(?![\w$])")
        for source in sources:
            match = word.search(source.text)
            if match:
                return source.place(source.text.count("\n", 0, match.start()) + 1)
    return sources[0].path
