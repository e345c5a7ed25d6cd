"""The module of a serial head, as :mod:`lgc.backend.verilog.serial` writes it."""

from __future__ import annotations

from lgc.backend.verilog.serial import module_text
from lgc.mapping.shape import bits_for
from lgc.verify.formal.grammar.context import Context
from lgc.verify.formal.grammar.lines import take_loop


def take_serial(text: Context) -> None:
    """The counter, what is loaded into it, and its results."""
    lines, sizes = text.lines, list(text.manifest.group_sizes)
    size = max(sizes, default=0)
    lines.literal(module_text(text.top, text.shape, text.manifest.tie, text.width("votes"), size))
    _loaded(text, sizes, size)
    _start(text)
    _results(text)
    text.end(f"{text.top}_serial")


def _loaded(text: Context, sizes: list[int], size: int) -> None:
    lines, offset = text.lines, 0
    if not size:
        lines.literal("  assign loaded = 0;")
        return
    for group, count in enumerate(sizes):
        for lo, hi, value in ((0, count, f"votes[{offset}+i]"), (count, size, "`LGC_ZERO")):
            if lo < hi:
                body = f"assign loaded[({group * size}+i)*`LGC_WIDTH +: `LGC_WIDTH] = {value};"
                take_loop(lines, f"group{group}_{lo}", body, lo=lo, hi=hi)
        offset += count


def _start(text: Context) -> None:
    """What a group's count starts at: one word for all, or a table."""
    lines, score, classes = text.lines, text.shape.score, text.shape.num_classes
    if not lines.maybe("  reg [@sign@:0] word;", sign=score - 1):
        for place in range(score):
            bits = "  assign start[@place@*`LGC_WIDTH +: `LGC_WIDTH] = {`LGC_WIDTH{1'b@bit@}};"
            if int(lines.take(bits, place=place)["bit"]) > 1:
                raise lines.departure("a bit is 0 or 1", 1)
        return
    width = bits_for(classes)
    lines.literal(f"  always @*\n    case (take ? {width}'d0 : group + 1'b1)")
    for group in range(classes):
        found = lines.take("      @width@'d@group@: word = @score@'d@word@;", width=width, group=group)
        if int(found["word"]) >> score:
            raise lines.departure(f"the word is wider than {score} bits", 1)
    lines.literal(f"      default: word = {score}'d0;\n    endcase")
    body = "assign start[i*`LGC_WIDTH +: `LGC_WIDTH] = {`LGC_WIDTH{word[i]}};"
    take_loop(lines, "bit_of_start", body, lo=0, hi=score)


def _results(text: Context) -> None:
    lines, shape = text.lines, text.shape
    score, total = shape.score, shape.num_classes * shape.score
    if text.manifest.port("scores") is None:
        take_loop(lines, "no_scores", "assign scores[i] = `LGC_ZERO;", lo=0, hi=total)
        return
    above = f"all[{total}*`LGC_WIDTH-1:{score}*`LGC_WIDTH]"
    shifted = f"{{score, {above}}}" if shape.num_classes > 1 else "score"
    lines.literal(f"  reg [{total}*`LGC_WIDTH-1:0] all;\n  always @(posedge clk) if (counted) all <= {shifted};")
    flip = f"{{`LGC_WIDTH{{i % {score} == {score - 1}}}}} ^ " if shape.signed else ""
    body = f"assign scores[i] = {flip}all[i*`LGC_WIDTH +: `LGC_WIDTH];"
    take_loop(lines, "bit_of_scores", body, lo=0, hi=total)
