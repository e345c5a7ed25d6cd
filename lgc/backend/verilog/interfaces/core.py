"""What a wrapper must know of the circuit that it wraps: widths, latency, and how its ports lie in bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lgc.backend.manifest import Manifest
from lgc.backend.verilog.grammar import generate_loop

CLASS_PORT, SCORES_PORT = "class_id", "scores"


@dataclass(frozen=True)
class Core:
    """A compiled circuit as wrappers see it.

    An image is a sequence of items, each of whole bytes, the first at the low end: a feature's code, or eight bits.
    A reply is the class, then the scores of all classes in order, each in whole bytes, low byte first, scores
    sign-extended where they can be negative.

    Attributes:
        top: the core's module.
        latency: clocks; 0 is combinational, and then there is no ``clk``.
        interval: clocks from an image that is taken to the next that can be.
        port: ``bits`` or ``features``.
        items: of an image.
        item_width: bits of an item that the core reads, 8 of bits; the most of any.
        item_widths: of each item, where they differ; else empty.
        port_width: bits of the port.
        class_width: bits of ``class_id``; 0 if it is no port.
        num_scores: 0 if they are no port.
    """

    top: str
    latency: int
    interval: int
    port: str
    items: int
    item_width: int
    item_widths: tuple[int, ...]
    port_width: int
    class_width: int
    num_scores: int
    score_width: int
    score_signed: bool

    @classmethod
    def of(cls, manifest: Manifest) -> Core:
        """The core that a manifest describes."""
        widths = {port.name: port.width for port in manifest.ports}
        port, codes = manifest.input_port, manifest.features
        return cls(
            top=manifest.top,
            latency=manifest.latency,
            interval=manifest.interval,
            port=port,
            items=-(-widths[port] // 8) if codes is None else len(codes.columns),
            item_width=8 if codes is None else int(codes.widths.max()),
            item_widths=() if codes is None or codes.common else tuple(codes.widths.tolist()),
            port_width=widths[port],
            class_width=widths.get(CLASS_PORT, 0),
            num_scores=len(manifest.classes) if SCORES_PORT in widths else 0,
            score_width=manifest.score_width,
            score_signed=manifest.score_signed,
        )

    @property
    def item_bytes(self) -> int:
        """Bytes of an item."""
        return _bytes(self.item_width)

    @property
    def image_bytes(self) -> int:
        """Bytes of an image."""
        return self.items * self.item_bytes

    @property
    def class_bytes(self) -> int:
        """Bytes of the class in a reply."""
        return _bytes(self.class_width)

    @property
    def score_bytes(self) -> int:
        """Bytes of a score in a reply."""
        return _bytes(self.score_width) if self.num_scores else 0

    @property
    def reply_bytes(self) -> int:
        """Bytes of a reply."""
        return self.class_bytes + self.num_scores * self.score_bytes

    def instance(self, start: str = "", done: str = "") -> Iterator[str]:
        """Lines that instantiate the core between the vectors ``image`` and ``answer`` (the reply).

        Args:
            start, done: nets for ``in_valid`` and ``out_valid`` of a clocked core.
        """
        yield f"  wire [{self.port_width - 1}:0] port_{self.port};"
        yield from self._unpack()
        pins = [f".{self.port}(port_{self.port})"]
        if self.latency:
            pins = [".clk(clk)", ".rst(rst)", f".in_valid({start})", *pins, f".out_valid({done})"]
        if self.class_width:
            yield f"  wire [{self.class_width - 1}:0] class_id;"
            pins.append(".class_id(class_id)")
        if self.num_scores:
            yield f"  wire [{self.num_scores * self.score_width - 1}:0] scores;"
            pins.append(".scores(scores)")
        yield f"  {self.top} core ({', '.join(pins)});"
        yield f"  wire [{8 * self.reply_bytes - 1}:0] answer = {self.answer()};"

    def answer(self) -> str:
        """The reply as an expression of the nets ``class_id`` and ``scores``."""
        width = self.score_width
        parts = [_extended("class_id", self.class_width, self.class_bytes, signed=False)] if self.class_width else []
        for index in range(self.num_scores):
            field = f"scores[{index * width + width - 1}:{index * width}]"
            parts.append(_extended(field, width, self.score_bytes, signed=self.score_signed))
        return f"{{{', '.join(reversed(parts))}}}"

    def _unpack(self) -> Iterator[str]:
        stride = 8 * self.item_bytes
        if self.item_widths:
            yield from self._unpack_each(stride)
            return
        if self.item_width == stride:
            yield f"  assign port_{self.port} = image[{self.port_width - 1}:0];"
            return
        yield "  genvar item;"
        slices = f"port_{self.port}[item*{self.item_width} +: {self.item_width}]"
        body = f"assign {slices} = image[item*{stride} +: {self.item_width}];"
        yield from generate_loop("items", 0, self.items, [body], "item")

    def _unpack_each(self, stride: int) -> Iterator[str]:
        start = 0
        for item, width in enumerate(self.item_widths):
            low = item * stride
            yield f"  assign port_{self.port}[{start + width - 1}:{start}] = image[{low + width - 1}:{low}];"
            start += width


def _bytes(width: int) -> int:
    return -(-width // 8)


def _extended(name: str, width: int, num_bytes: int, *, signed: bool) -> str:
    """An expression of whole bytes."""
    rest = 8 * num_bytes - width
    if not rest:
        return name
    if not signed:
        return f"{rest}'d0, {name}"
    sign = name.split(":")[0] + "]" if ":" in name else f"{name}[{width - 1}]"
    return f"{{{rest}{{{sign}}}}}, {name}"
