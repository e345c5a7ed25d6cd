"""Pixels as they come: the encoder's bits of them, or codes of their channels that are compared with thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lgc.backend.verilog.stream.kernels import gates_module
from lgc.errors import OptionError
from lgc.frontend.conv import Geometry
from lgc.ir import FIRST_INPUT, Builder, Circuit, Encoder, FeatureCode, FeatureCodes, Head
from lgc.mapping.encoder import lower_encoder, port_levels
from lgc.passes import PassManager, pipeline_of

_PASSES = "levelize,const-fold,dead-gates,fanin-dedup,absorb-inverters,dead-gates,levelize"


@dataclass(frozen=True, eq=False)
class Pixel:
    """How a pixel lies in a beat, and what becomes of it.

    Attributes:
        image: what comes in.
        code: of a channel; None if beats hold the encoder's bits.
        circuit: from the codes of a pixel's channels to its bits; None without codes.
        rate: pixels of a beat, neighbours in a row, each in whole bytes.
    """

    image: Geometry
    code: FeatureCode | None = None
    circuit: Circuit | None = None
    rate: int = 1

    @property
    def bits(self) -> int:
        """The encoder's, of a pixel."""
        return self.image.channels * self.image.planes

    @property
    def item_bytes(self) -> int:
        """Bytes of a channel's code in a beat; 0 if a beat holds bits."""
        return 0 if self.code is None else -(-self.code.width // 8)

    @property
    def beat_bytes(self) -> int:
        """Bytes of a beat."""
        return self.rate * (-(-self.bits // 8) if self.code is None else self.image.channels * self.item_bytes)

    def modules(self, top: str) -> Iterator[str]:
        """The text of its modules."""
        if self.circuit is not None:
            yield from gates_module(f"{top}_pixel", self.circuit, (), "Codes of a pixel to its bits.", last=False)

    def instances(self, top: str) -> Iterator[str]:
        """Lines in the top module, from a beat to ``encoded``."""
        if self.rate > 1:
            yield from self._several(top)
            return
        if self.code is None:
            yield f"  assign encoded = beat[{self.bits - 1}:0];"
            return
        starts = range(0, self.image.channels * self.item_bytes * 8, self.item_bytes * 8)
        parts = [f"beat[{at + self.code.width - 1}:{at}]" for at in starts]
        yield f"  wire [{self.image.channels * self.code.width - 1}:0] codes = {{{', '.join(reversed(parts))}}};"
        yield f"  {top}_pixel encoder (.x(codes), .y(encoded));"

    def _several(self, top: str) -> Iterator[str]:
        """The same for the pixels of a beat: bit ``c*rate*planes + i*planes + t`` of ``encoded`` is of pixel i."""
        size, planes, channels = 8 * self.beat_bytes // self.rate, self.image.planes, self.image.channels
        width = 0 if self.code is None else self.code.width
        starts = [8 * self.item_bytes * c for c in reversed(range(channels))]
        yield "  genvar i, c;"
        yield "  generate"
        yield f"    for (i = 0; i < {self.rate}; i = i + 1) begin : pixels"
        yield f"      wire [{size - 1}:0] pixel_beat = beat[i*{size} +: {size}];"
        yield f"      wire [{self.bits - 1}:0] bits;"
        if self.code is None:
            yield f"      assign bits = pixel_beat[{self.bits - 1}:0];"
        else:
            parts = ", ".join(f"pixel_beat[{at + width - 1}:{at}]" for at in starts)
            yield f"      wire [{channels * width - 1}:0] codes = {{{parts}}};"
            yield f"      {top}_pixel encoder (.x(codes), .y(bits));"
        yield f"      for (c = 0; c < {channels}; c = c + 1) begin : channels"
        yield f"        assign encoded[(c*{self.rate} + i)*{planes} +: {planes}] = bits[c*{planes} +: {planes}];"
        yield from ["      end", "    end", "  endgenerate"]


def pixel_of(image: Geometry, encoder: Encoder, codes: FeatureCodes | None, rate: int = 1) -> Pixel:
    """How the pixels of an image come, so many in a beat.

    Raises:
        OptionError: the image is not the encoder's, or the same code gives other bits at another pixel.
    """
    if encoder.num_features != image.channels * image.height * image.width or encoder.num_thresholds != image.planes:
        raise OptionError(
            f"the first layer reads {image}, but the encoder has {encoder.num_features} features of "
            f"{encoder.num_thresholds} bits",
            hint="A stream takes one feature a channel of a pixel",
        )
    if codes is None:
        return Pixel(image, rate=rate)
    if codes.common is None:
        raise OptionError("the channels have codes of different kinds", hint="Stream the encoder's bits: --input bits")
    levels = port_levels(encoder, codes).reshape(image.channels, image.height * image.width, image.planes)
    uneven = np.argwhere(levels != levels[:, :1])
    if len(uneven):
        raise OptionError(
            f"the thresholds of pixel {uneven[0][1]} are not those of pixel 0, and a stream has one encoder",
            hint="Train with the same thresholds for all pixels, or stream the encoder's bits: --input bits",
        )
    circuit = PassManager().run(pixel_circuit(image, encoder, codes.common), pipeline_of(_PASSES))
    return Pixel(image, codes.common, circuit, rate)


def pixel_circuit(image: Geometry, encoder: Encoder, code: FeatureCode) -> Circuit:
    """The comparators of one pixel, unoptimised: those of all pixels, if their thresholds are the same."""
    firsts = np.arange(image.channels) * (image.height * image.width)
    one = Encoder(image.channels, None if encoder.thresholds is None else encoder.thresholds[firsts])
    builder = Builder(one.num_bits)
    outputs = np.arange(FIRST_INPUT, FIRST_INPUT + one.num_bits)
    plain = Circuit("pixel", one, builder.build(outputs), Head.equal_groups(one.num_bits, ("bits",)))
    return lower_encoder(plain, code)
