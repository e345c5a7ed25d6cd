"""The modules of a head in arithmetic, as :mod:`lgc.backend.verilog.head` writes them."""

from __future__ import annotations

from lgc.backend.verilog.grammar import loop_parts
from lgc.backend.verilog.leaves import leaf_text
from lgc.mapping.arithmetic import tree_depth
from lgc.verify.formal.grammar.context import Context
from lgc.verify.formal.grammar.lines import take_loop
from lgc.verify.formal.grammar.registers import take_registers

_ENTRIES = (
    "  input  wire `LGC_NETS(scores, @total@),\n"
    "  `LGC_OUT `LGC_NETS(class_id, @index@)\n"
    ");\n"
    "  wire `LGC_NETS(entries, @entries@);\n"
    "  genvar c, i;"
)
_PLAYERS = (
    "  generate\n"
    "    for (c = @lo@; c < @hi@; c = c + 1) begin : @Part@\n"
    "      for (i = 0; i < @score@; i = i + 1) begin : score\n"
    "        assign entries[c*@entry@+i] = scores[c*@score@+i];\n"
    "      end\n"
    "      for (i = 0; i < @index@; i = i + 1) begin : class_id\n"
    "        assign entries[c*@entry@+@score@+i] = (c >> i) % 2 == 1 ? `LGC_ONE : `LGC_ZERO;\n"
    "      end\n"
    "    end\n"
    "  endgenerate"
)


def take_leaves(text: Context) -> None:
    """The leaves: only those that are there can be missing, so a look at their names tells which."""
    names = ("slice", "add", "bias", "round")
    needed = tuple(f"module {text.top}_{name} #(" in text.middle for name in names)
    shape = text.shape
    largest = max(text.manifest.group_sizes, default=0)
    text.lines.literal(leaf_text(text.top, shape, text.manifest.tie, needed, largest))
    text.defined += [f"{text.top}_{name}" for name, need in zip(names, needed, strict=True) if need]


def take_popcounts(text: Context) -> None:
    """The counters, one for each size of a group."""
    lines = text.lines
    while found := lines.maybe("// Number of ones among @size@ votes: a tree of adders."):
        size = int(found["size"])
        width = tree_depth(size) + 1
        lines.take("module @Top@_popcount@size@ (", size=size)
        lines.maybe("  input  wire clk,")
        lines.take("  input  wire `LGC_NETS(votes, @size@),\n  `LGC_OUT `LGC_NETS(count, @width@)\n);",
                   size=size, width=width)  # fmt: skip
        values, count, level = "votes", size, 0
        while not lines.maybe("  assign count = @Values@;", Values=values):
            level, before = level + 1, values
            if count > 1:
                half = (count + 1) // 2
                lines.take(
                    "  wire `LGC_NETS(@Sums@, @nets@);\n"
                    "  @Top@_add #(.COUNT(@count@), .WIDTH(@level@)) add@level@ (.values(@Values@), .sums(@Sums@));",
                    Sums=f"sums{level}", nets=half * (level + 1), count=count, level=level, Values=values,
                )  # fmt: skip
                values, count = f"sums{level}", half
            values = take_registers(lines, values, count * min(level + 1, width))
            if values == before:  # neither an addition nor a register
                lines.take("  assign count = @Values@;", Values=values)
        text.end(f"{text.top}_popcount{size}")


def take_argmax(text: Context) -> None:
    """The tournament."""
    lines, shape = text.lines, text.shape
    if not lines.maybe("// The class with the largest score, by a tournament."):
        return
    entry = shape.score + shape.index
    lines.take("module @Top@_argmax (")
    lines.maybe("  input  wire clk,")
    given = {"total": shape.num_classes * shape.score, "entry": entry, "entries": shape.num_classes * entry}
    lines.take(_ENTRIES, **given)
    for part, lo, hi in loop_parts("players", 0, shape.num_classes):
        lines.take(_PLAYERS, Part=part, lo=lo, hi=hi, entry=entry)
    values, count = "entries", shape.num_classes
    for level in range(1, tree_depth(shape.num_classes) + 1):
        half, winners = (count + 1) // 2, f"winners{level}"
        lines.take(
            "  wire `LGC_NETS(@Winners@, @nets@);\n"
            "  @Top@_round #(.COUNT(@count@)) round@level@ (.entries(@Values@), .winners(@Winners@));",
            Winners=winners, nets=half * entry, count=count, level=level, Values=values,
        )  # fmt: skip
        values, count = take_registers(lines, winners, half * entry), half
    lines.take(
        "  @Top@_slice #(.TOTAL(@entry@), .OFFSET(@score@), .SIZE(@index@)) winner (.nets(@Values@), .part(class_id));",
        entry=entry, Values=values,
    )  # fmt: skip
    text.end(f"{text.top}_argmax")


def take_head(text: Context) -> None:
    """All scores, and the class."""
    lines, shape = text.lines, text.shape
    total = shape.num_classes * shape.score
    lines.take(
        "// score[c] = bias[c] + number of ones in group c, at scores[c*@score@ +: @score@].\nmodule @Top@_head ("
    )
    lines.maybe("  input  wire clk,")
    lines.take("  input  wire `LGC_NETS(votes, @votes@),", votes=text.width("votes"))
    if lines.maybe("  `LGC_OUT `LGC_NETS(scores, @total@),", total=total):
        lines.take("  `LGC_OUT `LGC_NETS(class_id, @index@)")
    else:
        lines.take("  `LGC_OUT `LGC_NETS(scores, @total@)", total=total)
    lines.take(");\n  wire `LGC_NETS(sums, @total@);\n  genvar i;", total=total)
    offset = 0
    for index in range(shape.num_classes):
        offset += _score(text, index, offset)
    sums = ["sums", *_registered_sums(text, total)]
    if lines.line.startswith(f"  {text.top}_argmax"):
        clock = "  @Top@_argmax argmax (.clk(clk), .scores(@Sums@), .class_id(class_id));"
        found = lines.maybe(clock) or lines.take(clock.replace(".clk(clk), ", ""))
        if found["Sums"] not in sums:
            raise lines.departure("the argmax reads no sums", 1)
    lines.take("  assign scores = @Sums@;", Sums=sums[-1])
    text.end(f"{text.top}_head")


def _registered_sums(text: Context, total: int) -> list[str]:
    """The names of the sums in later clocks."""
    last = take_registers(text.lines, "sums", total)
    return [f"sums_q{clock}" for clock in range(1, int(last.partition("_q")[2] or 0) + 1)]


def _score(text: Context, index: int, offset: int) -> int:
    """The score of one class at its place in the sums; how many votes are counted."""
    lines, score = text.lines, text.shape.score
    size = width = 0
    source = f"count{index}"
    if found := lines.maybe("  wire `LGC_NETS(group@class@, @size@);", **{"class": index}):
        size = int(found["size"])
        width = min(tree_depth(size) + 1, score)
        lines.take(
            "  @Top@_slice #(.TOTAL(@total@), .OFFSET(@offset@), .SIZE(@size@)) slice@class@ "
            "(.nets(votes), .part(group@class@));\n"
            "  wire `LGC_NETS(count@class@, @counted@);",
            **{"class": index}, total=text.width("votes"), offset=offset, size=size, counted=tree_depth(size) + 1,
        )  # fmt: skip
        counter = "  @Top@_popcount@size@ popcount@class@ (.clk(clk), .votes(group@class@), .count(count@class@));"
        given = {"class": index, "size": size}
        lines.maybe(counter, **given) or lines.take(counter.replace(".clk(clk), ", ""), **given)
    if lines.maybe("  wire `LGC_NETS(plain@class@, @score@);", **{"class": index}):
        _extend(text, f"plain{index}", 0, source, width)
        found = lines.take(
            "  wire `LGC_NETS(biased@class@, @score@);\n"
            "  @Top@_bias #(.BIAS(@score@'d@bias@)) bias@class@ (.count(plain@class@), .score(biased@class@));",
            **{"class": index},
        )
        if int(found["bias"]) >> score:
            raise lines.departure(f"the bias is wider than {score} bits", 1)
        source, width = f"biased{index}", score
    _extend(text, "sums", index * score, source, width)
    return size


def _extend(text: Context, target: str, offset: int, source: str, width: int) -> None:
    """Nets of a vector, then zeros, at the places of another."""
    for lo, hi, value in ((0, width, f"{source}[i]"), (width, text.shape.score, "`LGC_ZERO")):
        if lo < hi:
            body = f"assign {target}[{offset}+i] = {value};"
            take_loop(text.lines, f"{target}{offset}_{lo}", body, lo=lo, hi=hi)
