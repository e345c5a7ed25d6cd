"""Feeds texts of repeated fragments to all that reads by patterns, and prints what takes long.

`python tests/faults/soup.py [NAME...]` prints the processor's time of each reader for each fragment, where it is more
than a quarter of the bound, or ends in an error that is not lgc's.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NoReturn

from lgc.errors import LgcError, ToolError
from lgc.frontend.verilog import elaborate

SIZE, SECONDS = 2_000_000, 2.0
FRAGMENTS = (
    "(* *)", "(*", "*)", "(**)", "(* *)\n", "/* */", "/*", "*/", "//", "//\n", "`ifdef", "`ifdef X\n", "`endif\n",
    "`define a\n", "`a", "`LGC_GATE a[0] = ", "`LGC_NETS(", "1'b0,", "1'b0", "((((", "))))", "()", "[[[[", "x[", "x[0]",
    '"\\\\', '"', "\\", "\\a ", " ", "\t", "\n", " \n", "\r\n", "0", "0_", "a", "a ", "a.", "a(", "a (", "#(", ".a(",
    ";", ";\n", "module ", "module m(", "module m;\n", "module LUT1(", "(* *)module LUT1 ", "endmodule\n", "assign ",
    "always @*\n", "~", "{", "{1{", "?:", "a?", ",", "'", "@", "$", "// verilator ", "  // score 0 inside, least bit "
    "first: ", "0 ", "~a[0] ", "[0]", "n0 ", '"a" ', "cell(", "^", "`", "``", "a``", "\\\n", "`include \"a\"\n", "1.",
    "library ( ", "area : ", "include", "synthesis ", "@(posedge ", "begin ", "for (i = 0; i < 0; ", "= ", "é", "\x00",
)  # fmt: skip


def through_a_file(name: str, read: Callable[[Path], object]) -> Callable[[str], None]:
    """A reader of files as one of texts."""

    def reader(text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            path.write_text(text, encoding="utf-8", newline="")
            read(path)

    return reader


def read_verilog(text: str) -> None:
    """As `lgc compile` does, but yosys, whose time is not ours."""
    from lgc.driver.read import load_source

    through_a_file("x.v", load_source)(f"module m(input a, output o);\n{text}")


def read_verilog_in_an_expression(text: str) -> None:
    read_verilog(f"assign o = {text}a;\nendmodule\n")


MODEL = ".model m\n.inputs a b c\n.outputs o p\n.names a b c o\n111 1\n000 1\n.names a b p\n11 1\n.end\n"


@cache
def emitted(name: str) -> Path:
    """A file that `lgc compile` writes, in a folder of its own."""
    import lgc

    folder = Path(tempfile.mkdtemp(prefix="lgc-soup-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "m.blif").write_text(MODEL)
    lgc.compile(str(folder / "m.blif"), str(folder / name))
    return folder / name


def read_emitted(name: str, after: str, text: str) -> Path:
    """The same file with a text after a piece of it, whose first place is taken."""
    path = emitted(name)
    whole = path.read_text(encoding="utf-8")
    with_text = path.with_name(f"soup-{name}")
    before, piece, behind = whole.partition(after)
    with_text.write_text(before + piece + text + behind, encoding="utf-8", newline="")
    return with_text


def open_rtl(text: str, after: str) -> None:
    """All that looks at Verilog of ours, short of yosys and simulators."""
    from lgc.backend.verilog.rtl import read_rtl
    from lgc.verify.formal.dialect import check_dialect, check_words
    from lgc.verify.formal.rtl import without_models
    from lgc.verify.mutate.sites import head_faults
    from lgc.verify.mutate.text import hardware_text

    rtl = read_rtl(read_emitted("m.v", after, text), emitted("m.v").with_suffix(".json"))
    for look in (
        lambda: (rtl.is_untouched, rtl.version, rtl.gates(), rtl.vectors()),
        lambda: check_dialect(rtl),
        lambda: check_words(rtl.text),
        lambda: without_models(rtl.text),
        lambda: list(head_faults(hardware_text(rtl.text))),
    ):
        with contextlib.suppress(LgcError):
            look()


def in_a_line(text: str) -> None:
    open_rtl(text, "`LGC_GATE ")


def in_a_comment(text: str) -> None:
    open_rtl(text, "// ")


def behind_a_module(text: str) -> None:
    open_rtl(text, "endmodule\n")


def read_mapped(text: str) -> None:
    from lgc.mapping.mapped_parse import parse
    from lgc.mapping.mapped_text import HEADER

    for before in ("", 'head "', "layers ", "n0 = gates lut 0x8 ", "sums "):
        with contextlib.suppress(LgcError):
            parse(f"{HEADER}\n{before}{text}\nend\n")


def read_lgn(text: str) -> None:
    from lgc.ir.parse import parse_text

    for before in ("circuit ", 'circuit "a"\nfeatures 3 binary\ninputs 3\nlayers '):
        with contextlib.suppress(LgcError):
            parse_text(f"lgn 1\n{before}{text}\n")


def read_subject(name: str) -> Callable[[str], None]:
    """As `lgc verify` opens a file that is not Verilog, up to the program that runs it."""

    def reader(text: str) -> None:
        from lgc.verify.formats import open_device

        path = emitted(name)
        data = path.read_bytes()
        soup = path.with_name(f"soup-{name}")
        for before, behind in ((data, b""), (b"", data)):
            soup.write_bytes(before + text.encode() + behind)
            for beside in path.parent.iterdir():
                if beside.name.startswith("m.") and "json" in beside.name and beside != path:
                    shutil.copyfile(beside, soup.with_name(f"soup-{beside.name}"))
            with contextlib.suppress(LgcError):
                open_device(soup)

    return reader


READERS: dict[str, Callable[[str], None]] = {
    "verilog": read_verilog,
    "verilog expression": read_verilog_in_an_expression,
    "emitted line": in_a_line,
    "emitted comment": in_a_comment,
    "emitted module": behind_a_module,
    "lgm": read_mapped,
    "lgn": read_lgn,
    "yosys json": read_subject("m.yosys.json"),
    "blif": read_subject("m.blif"),
    "aiger": read_subject("m.aag"),
    "c": read_subject("m.c"),
    "python": read_subject("m.py"),
    "onnx": read_subject("m.onnx"),
}


def no_yosys(*_: object, **__: object) -> NoReturn:
    raise ToolError("yosys is not asked")


def stop(*_: object) -> None:
    raise TimeoutError


def rows(wanted: list[str], size: int = SIZE, every: int = 1) -> Iterator[dict[str, object]]:
    """The time that each reader takes for each fragment."""
    elaborate._run = no_yosys  # its time is not ours
    signal.signal(signal.SIGPROF, stop)
    for name, reader in READERS.items():
        if wanted and not any(word in name for word in wanted):
            continue
        with contextlib.suppress(LgcError):
            reader("")  # what is imported is not measured
        for fragment in FRAGMENTS[::every]:
            text = fragment * (size // len(fragment))
            signal.setitimer(signal.ITIMER_PROF, 3 * SECONDS)
            start, end = time.process_time(), "read"
            try:
                reader(text)
            except LgcError as error:
                end = f"refused: {str(error)[-80:]}"
            except Exception as error:
                end = f"{type(error).__name__}: {str(error)[:80]}"
            signal.setitimer(signal.ITIMER_PROF, 0)
            yield {"reader": name, "of": fragment, "seconds": round(time.process_time() - start, 2), "end": end}


def is_bad(row: dict[str, object]) -> bool:
    """Whether it took too long, or ended otherwise than by reading or refusing."""
    return float(str(row["seconds"])) > SECONDS or not str(row["end"]).startswith(("read", "refused"))


def main() -> None:
    if "--json" in sys.argv:  # size, and how many fragments there are to one that is taken
        for row in rows([], *map(int, sys.argv[2:])):
            print(json.dumps(row), flush=True)
        return
    for row in rows(sys.argv[1:]):
        if is_bad(row) or float(str(row["seconds"])) > SECONDS / 4:
            print("{reader:20} {of!r:24} {seconds:6.2f} s  {end}".format(**row), "!!!" * is_bad(row), flush=True)


if __name__ == "__main__":
    main()
