"""A layer that slides: counters, line buffers, the field, and what padding hides of it."""

from __future__ import annotations

from collections.abc import Iterator

from lgc.backend.verilog.stream.design import Slide

_SHIFTED = ((1 << 30, 160), (16, 512))
"""Up to such a width and so many bits, line buffers are shift registers: a memory would cost more than flip-flops.

Each flip-flop hangs on the step's enable, and two thousand of them are what it cannot reach in 10 ns (ecp5)."""


def window_module(top: str, slide: Slide) -> Iterator[str]:
    """The module ``TOP_NAME``: pixels in raster order to outputs in raster order."""
    g = slide.geometry
    yield f"// {g}: {slide.outputs} outputs at each of {g.out_height} x {g.out_width} positions."
    yield f"module {top}_{slide.name} ("
    for port in ("clk", "rst", "in_valid"):
        yield f"  input  wire {port},"
    yield f"  input  wire [{slide.pixel_bits - 1}:0] in_data,"
    yield "  output wire out_valid,"
    yield f"  output wire [{slide.outputs - 1}:0] out_data"
    yield ");"
    yield from _counters(slide)
    yield from _position(slide)
    yield from _lines(slide)
    yield from _hidden(slide) if slide.padded else _plain(slide)
    yield from _field(slide)
    yield f"  {top}_{slide.name}_kernels kernels (.clk(clk), .x(x), .y(out_data));"
    yield f"  reg [{len(slide.cuts)}:0] valid;"
    shifted = f"{{valid[{len(slide.cuts) - 1}:0], complete}}" if slide.cuts else "complete"
    yield f"  always @(posedge clk) valid <= rst ? {len(slide.cuts) + 1}'d0 : {shifted};"
    yield f"  assign out_valid = valid[{len(slide.cuts)}];"
    yield "endmodule\n"


def _number(value: int, below: int) -> str:
    """A constant of as many bits as numbers below a bound take."""
    return f"{bits(below)}'d{value}"


def bits(below: int) -> int:
    """Bits of numbers from 0 up to one below a bound, at least one."""
    return max(1, (below - 1).bit_length())


def _counters(slide: Slide) -> Iterator[str]:
    """Where the next pixel stands in its frame, and which clocks are steps."""
    g = slide.geometry
    yield f"  reg [{bits(g.width) - 1}:0] ix;  // of the pixel that comes next"
    yield f"  reg [{bits(g.height) - 1}:0] iy;"
    yield f"  wire row_ends = ix == {_number(g.width - 1, g.width)};"
    yield f"  wire frame_ends = row_ends && iy == {_number(g.height - 1, g.height)};"
    yield "  always @(posedge clk) begin"
    yield "    if (rst) begin"
    yield "      ix <= 0;"
    yield "      iy <= 0;"
    yield "    end else if (in_valid) begin"
    yield "      ix <= row_ends ? 0 : ix + 1'b1;"
    yield "      if (row_ends) iy <= frame_ends ? 0 : iy + 1'b1;"
    yield "    end"
    yield "  end"
    if slide.tail:
        yield "  wire idle = active && !in_valid && ix == 0 && iy == 0;  // a clock that stands in for a pixel"
        yield "  wire step = in_valid || idle;"
    else:
        yield "  wire step = in_valid;"


def _begins(slide: Slide, step: int) -> str:
    g = slide.geometry
    row, column = divmod(step, g.width)
    return f"in_valid && ix == {_number(column, g.width)} && iy == {_number(row, g.height)}"


def _walk(name: str, slide: Slide, last: tuple[int, int], flag: str) -> Iterator[str]:
    """Counters of rows and columns that walk over an image while a flag is set, up to a last place."""
    g = slide.geometry
    yield f"  reg [{bits(g.width) - 1}:0] {name}x;"
    yield f"  reg [{bits(g.height) - 1}:0] {name}y;"
    yield f"  reg {flag};"
    ends = f"{name}x == {_number(last[1], g.width)} && {name}y == {_number(last[0], g.height)}"
    yield f"  wire {name}_ends = {ends};"
    yield f"  wire {name}_wraps = {name}x == {_number(g.width - 1, g.width)} || {name}_ends;"
    yield "  always @(posedge clk) begin"
    yield "    if (rst) begin"
    yield f"      {flag} <= 1'b0;"
    yield f"      {name}x <= 0;"
    yield f"      {name}y <= 0;"
    yield f"    end else if (step && ({flag} || {name}_begins)) begin"
    yield f"      {flag} <= !{name}_ends;"
    yield f"      {name}x <= {name}_wraps ? 0 : {name}x + 1'b1;"
    yield f"      if ({name}_wraps) {name}y <= {name}_ends ? 0 : {name}y + 1'b1;"
    yield "    end"
    yield "  end"


def _position(slide: Slide) -> Iterator[str]:
    """The position that a step completes, in pixels, and whether the field stops there."""
    g = slide.geometry
    last = tuple((n - 1) * s for n, s in zip((g.out_height, g.out_width), g.stride, strict=True))
    yield f"  wire p_begins = {_begins(slide, slide.first_step)};"
    yield from _walk("p", slide, (last[0], last[1]), "active")
    stops = []
    for axis, stride, wraps in (("x", g.stride[1], "p_wraps"), ("y", g.stride[0], "p_ends")):
        if stride > 1 and (axis == "y" or last[1]):
            yield from _phase(axis, stride, wraps)
            stops.append(f"{axis}_phase == 0")
        elif stride > 1:
            stops.append("px == 0")
    if last[1] < g.width - 1 and last[1]:
        stops.append(f"px <= {_number(last[1], g.width)}")
    elif not last[1] and g.width > 1 and g.stride[1] == 1:
        stops.append("px == 0")
    yield f"  wire stops = {' && '.join(['step', '(active || p_begins)', *stops])};"


def _phase(axis: str, stride: int, restarts: str) -> Iterator[str]:
    """Counts steps, or rows, from one stop of the field to the next."""
    width = bits(stride)
    moves = "step && (active || p_begins)" + (" && p_wraps" if axis == "y" else "")
    yield f"  reg [{width - 1}:0] {axis}_phase;"
    yield "  always @(posedge clk) begin"
    yield f"    if (rst) {axis}_phase <= 0;"
    ends = f"{restarts} || {axis}_phase == {_number(stride - 1, stride)}"
    yield f"    else if ({moves}) {axis}_phase <= {ends} ? 0 : {axis}_phase + 1'b1;"
    yield "  end"


def _lines(slide: Slide) -> Iterator[str]:
    """The pixel of each row of the field that entered last, ``row0`` the uppermost."""
    g, size = slide.geometry, slide.pixel_bits
    rows = g.field[0]
    yield f"  reg [{size - 1}:0] newest;"
    yield "  always @(posedge clk) if (step) newest <= in_data;"
    yield f"  wire [{size - 1}:0] row{rows - 1} = newest;"
    if rows == 1:
        return
    if _in_registers(slide):
        length = (rows - 1) * g.width * size
        yield f"  reg [{length - 1}:0] lines;  // the rows above, as they came"
        kept = f"{{lines[{length - size - 1}:0], newest}}" if length > size else "newest"
        yield f"  always @(posedge clk) if (step) lines <= {kept};"
        for row in range(rows - 1):
            low = ((rows - 1 - row) * g.width - 1) * size
            yield f"  wire [{size - 1}:0] row{row} = lines[{low + size - 1}:{low}];"
        return
    yield from _memory(g.width, size, rows)
    for row in range(rows - 1):
        low = (rows - 2 - row) * size
        yield f"  wire [{size - 1}:0] row{row} = older[{low + size - 1}:{low}];"


def _in_registers(slide: Slide) -> bool:
    """Whether the line buffers are shift registers; a memory of one or two words would be read while it is written."""
    g = slide.geometry
    size = g.width * (g.field[0] - 1) * slide.pixel_bits
    return g.width < 3 or any(g.width <= width and size <= most for width, most in _SHIFTED)


def _memory(width: int, size: int, rows: int) -> Iterator[str]:
    """Line buffers as one memory of a word a column: the pixels above, read at a step and written back at the next."""
    older = (rows - 1) * size
    address = bits(width)
    yield f"  reg [{older - 1}:0] lines [0:{width - 1}];"
    yield f"  reg [{older - 1}:0] older;  // the pixels above the newest, the nearest lowest"
    yield f"  reg [{address - 1}:0] at, was;"
    kept = f"{{older[{older - size - 1}:0], newest}}" if rows > 2 else "newest"
    yield "  always @(posedge clk) begin"
    yield "    if (step) begin"
    yield "      older <= lines[at];"
    yield f"      lines[was] <= {kept};"
    yield "    end"
    yield "  end"
    yield "  always @(posedge clk) begin"
    yield "    if (rst) begin"
    yield "      at <= 0;"
    yield f"      was <= {_number(width - 1, width)};"
    yield "    end else if (step) begin"
    yield f"      at <= at == {_number(width - 1, width)} ? 0 : at + 1'b1;"
    yield "      was <= at;"
    yield "    end"
    yield "  end"


def _plain(slide: Slide) -> Iterator[str]:
    """The field without padding: each row shifts at every step."""
    size, (rows, columns) = slide.pixel_bits, slide.geometry.field
    yield "  reg complete;"
    yield "  always @(posedge clk) complete <= stops && !rst;"
    for row in range(rows):
        yield f"  wire [{size - 1}:0] tap{row}_{columns - 1} = row{row};"
        for column in range(columns - 2, -1, -1):
            yield f"  reg [{size - 1}:0] tap{row}_{column};"
            yield f"  always @(posedge clk) if (step) tap{row}_{column} <= tap{row}_{column + 1};"


def _hidden(slide: Slide) -> Iterator[str]:
    """The field with padding: a clock later, and zeros where a pixel is none of the image.

    A pixel that enters a row of the field is hidden where that row is padding at the positions to come. Columns of
    padding on the right read registers of their own, for the pixel is needed again; those on the left lose theirs.
    """
    g = slide.geometry
    (rows, columns), (ph, pw) = g.field, g.padding
    yield "  reg stepped, stopped, complete;"
    yield "  always @(posedge clk) begin"
    yield "    stepped <= step;"
    yield "    stopped <= stops && !rst;"
    yield "    complete <= stopped && !rst;"
    yield "  end"
    if ph:
        yield f"  wire e_begins = {_begins(slide, (rows - 1 - ph) * g.width)};"
        yield from _walk("e", slide, (g.height - 1, g.width - 1), "entering")
    hidden = {row: f"ey < {_number(ph - row, g.height + 1)}" for row in range(ph)}
    hidden |= {row: f"ey >= {_number(g.height + ph - row, g.height + 1)}" for row in range(rows - ph, rows)}
    for row, when in hidden.items():
        yield f"  reg hide_row{row};"
        yield f"  always @(posedge clk) if (step) hide_row{row} <= {when};"
    if pw:
        yield "  reg hide_left;"
        yield "  always @(posedge clk) if (step) hide_left <= px == 0;"
    for column in range(columns - pw, columns):
        yield f"  reg hide_column{column};"
        first = g.width + pw - column
        yield f"  always @(posedge clk) if (step) hide_column{column} <= px >= {_number(first, g.width + 1)};"
    for row in range(rows):
        yield from _hidden_row(slide, row, hidden=row in hidden)


def _hidden_row(slide: Slide, row: int, *, hidden: bool) -> Iterator[str]:
    size, columns, pw = slide.pixel_bits, slide.geometry.field[1], slide.geometry.padding[1]
    zero = f"{size}'d0"
    yield f"  wire [{size - 1}:0] next{row}_{columns - 1} = {f'hide_row{row} ? {zero} : ' if hidden else ''}row{row};"
    for column in range(columns - 1, -1, -1):
        here = f"{row}_{column}"
        if column < columns - 1:
            above = "tap" if column + 1 < columns - pw else "raw"
            yield f"  wire [{size - 1}:0] next{here} = {above}{row}_{column + 1};"
        hide = f"hide_column{column}" if column >= columns - pw else "hide_left" if column < pw else ""
        yield f"  reg [{size - 1}:0] tap{here};"
        yield f"  always @(posedge clk) if (stepped) tap{here} <= {f'{hide} ? {zero} : ' if hide else ''}next{here};"
        if column >= columns - pw:
            yield f"  reg [{size - 1}:0] raw{here};"
            yield f"  always @(posedge clk) if (stepped) raw{here} <= next{here};"


def _field(slide: Slide) -> Iterator[str]:
    """The field as a vector, in the order in which wires index it."""
    g = slide.geometry
    (rows, columns), planes = g.field, g.planes
    yield f"  wire [{g.field_bits - 1}:0] x;"
    yield "  genvar c;"
    yield "  generate"
    yield f"    for (c = 0; c < {g.channels}; c = c + 1) begin : channels"
    for row in range(rows):
        for column in range(columns):
            place = f"((c*{rows}+{row})*{columns}+{column})*{planes}"
            yield f"      assign x[{place} +: {planes}] = tap{row}_{column}[c*{planes} +: {planes}];"
    yield "    end"
    yield "  endgenerate"
