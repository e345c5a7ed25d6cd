"""The top module, as :mod:`lgc.backend.verilog.top`, :mod:`..mapped` and :mod:`..serial` write it."""

from __future__ import annotations

import re
from collections.abc import Callable

from lgc.backend.sections import INPUT, VOTES
from lgc.backend.verilog.top import CONTROL
from lgc.verify.formal.grammar.context import Context
from lgc.verify.formal.grammar.lines import NUMBER, Departure, take_loop
from lgc.verify.formal.grammar.registers import take_registers

_CLOCKS = (
    rf"(?:combinational|latency {NUMBER} clocks?, one result a clock|"
    rf"a result {NUMBER} clocks after its input\. What comes in meanwhile is not taken)"
)
_SUMMARY = re.compile(rf"// {NUMBER} bits to {NUMBER} classes, {NUMBER} gates, {_CLOCKS}\.")
_LITERAL = rf"~?(?:[01]|[a-zA-Z][a-zA-Z0-9_]*\[{NUMBER}\])?"  # a net inside a chain has no name
_INNER = re.compile(rf"  // score {NUMBER} inside, least bit first: {_LITERAL}(?: {_LITERAL})*")
_RESULTS = {"class_id": "result_class", "scores": "result_scores"}


def take_top(text: Context, head: Callable[[Context], None], *, streams: bool = True) -> None:
    """The module, its ports those of the manifest.

    Args:
        head: takes what counts the votes: :func:`take_tree`, :func:`take_tables` or :func:`take_counters`.
        streams: whether results come a clock after each other, with a bit a register stage that says which are valid.
    """
    lines = text.lines
    if not lines.match(_SUMMARY):
        raise lines.departure("the comment before the top module was expected")
    lines.take("module @Top@ (")
    _ports(text)
    if streams:
        _valid(text)
    _inputs(text)
    pins: list[tuple[str, str, Departure]] = []
    for name in text.reads:
        pins += _section(text, name)
    for vector, pin, departure in pins:
        if pin not in text.seen[vector]:
            raise departure
    head(text)
    for port in text.manifest.ports:
        if port.name in _RESULTS:
            body = f"assign {port.name}[i*`LGC_WIDTH +: `LGC_WIDTH] = {_RESULTS[port.name]}[i];"
            take_loop(lines, f"{port.name}_nets", body, lo=0, hi=port.width)
    text.end(text.top, blank=False)


def _ports(text: Context) -> None:
    ports = text.manifest.ports
    for index, port in enumerate(ports):
        width = "" if port.name in CONTROL else f"[{port.width}*`LGC_WIDTH-1:0] "
        comma = "," if index < len(ports) - 1 else ""
        text.lines.literal(f"  {port.direction:6} wire {width}{port.name}{comma}")
    text.lines.literal(");")


def _valid(text: Context) -> None:
    latency = text.manifest.latency
    if latency:
        following = f"{{valid[{latency - 2}:0], in_valid}}" if latency > 1 else "in_valid"
        text.lines.literal(
            f"  reg [{latency - 1}:0] valid;\n"
            f"  always @(posedge clk) valid <= rst ? {latency}'d0 : {following};\n"
            f"  assign out_valid = valid[{latency - 1}];"
        )


def _inputs(text: Context) -> None:
    lines, width = text.lines, text.widths[INPUT]
    lines.take("  wire `LGC_NETS(x, @inputs@);\n  genvar i;", inputs=width)
    body = f"assign x[i] = {text.manifest.input_port}[i*`LGC_WIDTH +: `LGC_WIDTH];"
    take_loop(lines, "inputs", body, lo=0, hi=width)
    text.seen = {INPUT: _later("x", take_registers(lines, "x", width))}


def _later(name: str, last: str) -> list[str]:
    """A vector's names, clock by clock."""
    clocks = 0 if last == name else int(last.removeprefix(f"{name}_q"))
    return [name, *(f"{name}_q{clock}" for clock in range(1, clocks + 1))]


def _section(text: Context, name: str) -> list[tuple[str, str, Departure]]:
    """A section's vector, its module, and its registers; what it reads, by which name, and what if that is wrong."""
    lines, width = text.lines, text.width(name)
    lines.take("  wire `LGC_NETS(@Name@, @size@);", Name=name, size=width)
    taken = "".join(f".{read}(@Pin{index}@), " for index, read in enumerate(text.reads[name]))
    found = lines.take(f"  @Top@_{name} u_{name} ({taken}.{name}({name}));")
    pins = [found[f"Pin{index}"] for index in range(len(text.reads[name]))]
    reads = [
        (read, pin, lines.departure(f"{pin} is no register of {read}", 1))
        for read, pin in zip(text.reads[name], pins, strict=True)
    ]
    text.seen[name] = _registered(text, name, width)
    return reads


def _registered(text: Context, name: str, width: int) -> list[str]:
    lines = text.lines
    copies = f"{text.top}_copies"
    if copies in text.defined and lines.maybe("  wire `LGC_NETS(@Later@, @size@);", Later=f"{name}_q1", size=width):
        lines.literal(f"  {copies} #(.SIZE({width})) r_{name} (.clk(clk), .d({name}), .q({name}_q1));")
        last = take_registers(lines, name, width, start=2)
    else:
        last = take_registers(lines, name, width)
    return _later(name, last)


def _votes(text: Context, found: dict[str, str]) -> None:
    if found["Votes"] not in text.seen[VOTES]:
        raise text.lines.departure(f"{found['Votes']} is no register of the votes", 1)


def take_tree(text: Context) -> None:
    """An instance of the head of adders, a tree for each class and one for the comparisons."""
    lines, shape = text.lines, text.shape
    lines.take("  wire `LGC_NETS(result_scores, @total@);", total=shape.num_classes * shape.score)
    port = lines.maybe("  wire `LGC_NETS(result_class, @index@);") is not None
    pins = ".votes(@Votes@), .scores(result_scores)" + (", .class_id(result_class)" if port else "")
    found = lines.maybe(f"  @Top@_head head (.clk(clk), {pins});")
    _votes(text, found or lines.take(f"  @Top@_head head ({pins});"))


def take_counters(text: Context) -> None:
    """An instance of the head that counts one vote of each class a clock."""
    total = text.shape.num_classes * text.shape.score
    text.lines.take(
        "  wire `LGC_NETS(result_scores, @total@);\n"
        "  wire `LGC_NETS(result_class, @index@);\n"
        "  @Top@_serial head (.clk(clk), .rst(rst), .in_valid(in_valid), .votes(votes),\n"
        "    .out_valid(out_valid), .scores(result_scores), .class_id(result_class));",
        total=total,
    )


def take_tables(text: Context) -> None:
    """Results are entries of the last vector; where the scores are no port, comments say where they are."""
    lines, shape = text.lines, text.shape
    while lines.match(_INNER):
        pass
    for name, width in (("result_scores", shape.num_classes * shape.score), ("result_class", shape.index)):
        if lines.maybe("  wire `LGC_NETS(@Name@, @width@);", Name=name, width=width):
            body = f"assign {name}[i] = @Votes@[@first@+i];"
            found = take_loop(lines, f"{name}_bits", body, lo=0, hi=width)
            _votes(text, found)
