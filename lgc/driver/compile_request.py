"""What `lgc compile` and `lgc.compile` are asked for: every option, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from lgc.driver.read import CONFIG_HELP, TIMEOUT
from lgc.driver.request import Request, Source
from lgc.errors import OptionError
from lgc.mapping.names import ArgmaxName, HeadName, Results
from lgc.parts.names import FabricName, InterfaceName
from lgc.settings import Setting, described, flag_of

Level = Literal["0", "1", "2", "3"]
# Fields that are options of a format under the same name, where they are given.
_FORMAT_FIELDS = (
    "top", "pipeline", "outputs", "head", "argmax", "fabric", "effort", "copies", "interface", "board", "beat", "baud",
    "unroll",
)  # fmt: skip
_OPTIMISER, _VERILOG = "Optimisation", "Verilog"
_HEAD, _INPUT, _AROUND, _CLOCK = "Verilog: the head", "Input", "Verilog: bus or board", "Verilog: a clock on a part"
_C = "C"


@dataclass(frozen=True)
class CompileRequest(Request):
    """What to compile, into what, and how.

    Attributes:
        facts: what the file does not say, by name; see :class:`lgc.driver.read.ReadRequest`.
    """

    model: Annotated[Source, Setting("A checkpoint or a netlist.", flags=("MODEL",))]
    output: Annotated[
        Path, Setting("File to write; its suffix picks the format.", flags=("-o", "--output"), writes=True)
    ]

    level: Annotated[Level, Setting("Optimisation level.", flags=("-O",), group=_OPTIMISER)] = "2"
    passes: Annotated[
        str,
        Setting("Run these passes, in order, in place of a level's.", flags=("-p", "--passes"),
                metavar="PASS,...", group=_OPTIMISER),
    ] = ""  # fmt: skip
    check: Annotated[bool, Setting("Verify every invariant between passes.", group=_OPTIMISER)] = False
    dump_ir: Annotated[
        Path | None, Setting("Write the circuit after each pass to this folder.", group=_OPTIMISER)
    ] = None  # fmt: skip
    stop_after: Annotated[
        str, Setting("Stop after the (N-th) run of this pass.", metavar="PASS[:N]", group=_OPTIMISER)
    ] = ""  # fmt: skip
    bisect: Annotated[
        bool, Setting("Compare all scores after each pass and name the first pass that changes one.", group=_OPTIMISER)
    ] = False

    settings: Annotated[
        tuple[str, ...],
        Setting("An option of the format, for example main=yes.", flags=("--set",), metavar="NAME=VALUE"),
    ] = ()
    config: Annotated[Path | None, Setting(CONFIG_HELP)] = None
    timeout: Annotated[float | None, TIMEOUT] = None

    input: Annotated[
        Literal["bits", "features"],
        Setting("What the input port carries: encoded bits, or features as integers, with the encoder as gates.",
                group=_INPUT),
    ] = "bits"  # fmt: skip
    feature_bits: Annotated[
        int | str | None,
        Setting("Bits of a feature that has no code of its own; of single columns: NAME=W,...", metavar="W",
                group=_INPUT),
    ] = None  # fmt: skip
    feature_scale: Annotated[
        float | None,
        Setting("Codes per unit: feature x is the integer x * S + offset.", metavar="S", group=_INPUT),
    ] = None
    feature_offset: Annotated[
        float | None, Setting("The integer that stands for 0.", metavar="K", group=_INPUT)
    ] = None  # fmt: skip
    data: Annotated[
        str | None,
        Setting("Data on which to measure what codes of features change: a file, or a data set's name.", group=_INPUT),
    ] = None
    data_dir: Annotated[Path | None, Setting("Folder with the data set's files.", group=_INPUT)] = None

    pipeline: Annotated[
        int | None,
        Setting("Register stages in all, which is the latency; 0 is combinational.", low=0, metavar="N",
                group=_VERILOG),
    ] = None  # fmt: skip
    outputs: Annotated[Results | None, Setting("Which results are ports.", group=_VERILOG)] = None
    stream: Annotated[
        bool,
        Setting("Take an image pixel by pixel, each kernel of a convolution once; see docs/streaming.md.",
                group=_VERILOG),
    ] = False  # fmt: skip
    pixels_per_clock: Annotated[
        int | None,
        Setting("With --stream: so many neighbouring pixels of a row in a beat; by default 1.", low=1, metavar="N",
                group=_VERILOG),
    ] = None  # fmt: skip
    tables_per_clock: Annotated[
        int | None,
        Setting("With --stream: so many dense tables a clock, from memories; by default all of them, side by side.",
                low=1, metavar="N", group=_VERILOG),
    ] = None  # fmt: skip
    top: Annotated[
        str | None, Setting("Name of the top module; by default the output file's name.", group=_VERILOG)
    ] = None  # fmt: skip

    head: Annotated[HeadName | None, Setting("How votes are counted; see docs/head.md.", group=_HEAD)] = None
    argmax: Annotated[
        ArgmaxName | None, Setting("How a mapped head finds the largest score.", group=_HEAD)
    ] = None  # fmt: skip
    fabric: Annotated[
        FabricName | None, Setting("Whose cells a mapped head is written in.", group=_HEAD)
    ] = None  # fmt: skip
    effort: Annotated[
        int | None,
        Setting("How long to search for a smaller mapped head; by default 30, 0 for not at all, 300 for the last few "
                "per cent.", low=0, metavar="N", group=_HEAD),
    ] = None  # fmt: skip
    copies: Annotated[
        bool | None,
        Setting("A register stage of copies of the inputs, one for each part of a mapped circuit; by default with a "
                "fabric, from 8 stages on.", group=_HEAD),
    ] = None  # fmt: skip

    interface: Annotated[
        InterfaceName | None,
        Setting("Write a wrapper too: AXI4-Stream, UART, SPI, or a Tiny Tapeout tile.", group=_AROUND),
    ] = None
    board: Annotated[
        str | None, Setting("Write the top and the pins of this board; see docs/interfaces.md.", group=_AROUND)
    ] = None  # fmt: skip
    beat: Annotated[
        int | None, Setting("AXI4-Stream: features a beat (of bits: bytes a beat).", metavar="N", group=_AROUND)
    ] = None  # fmt: skip
    baud: Annotated[int | None, Setting("UART: bits a second.", group=_AROUND)] = None

    part: Annotated[
        str | None,
        Setting("The part for the clock, whose cells the head is made of; `lgc synth --list` shows all.",
                former=("--target",), metavar="PART", group=_CLOCK),
    ] = None  # fmt: skip
    clock: Annotated[
        str | None,
        Setting("As few register stages as reach this clock on the part, measured by yosys and nextpnr.",
                metavar="FREQUENCY", group=_CLOCK),
    ] = None  # fmt: skip
    seeds: Annotated[int, Setting("The median of so many seeds counts.", low=1, group=_CLOCK)] = 1

    unroll: Annotated[
        bool | None,
        Setting("Write each kernel of a convolution at every position, and not once.", group=_C),
    ] = None  # fmt: skip

    facts: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", str(self.level).removeprefix("O"))
        if isinstance(self.settings, Mapping):
            object.__setattr__(self, "settings", tuple(f"{name}={value}" for name, value in self.settings.items()))
        super().__post_init__()

    def format_options(self) -> dict[str, str]:
        """What is asked of the format, by name.

        Raises:
            OptionError: something is asked for twice, with ``settings`` and by its own name.
        """
        found = dict(_setting(text) for text in self.settings)
        known = described(type(self))
        for name in _FORMAT_FIELDS:
            value = getattr(self, name)
            if value is None:
                continue
            if name in found:
                raise OptionError(
                    f"--set {name}={found[name]} and {flag_of(known[name])} {value} say the same thing twice",
                    hint="Give one of the two",
                )
            found[name] = str(value)
        return found


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"--set {text} has no '='", hint="Write --set NAME=VALUE")
    return name.replace("-", "_"), value
