"""A streaming circuit under test: whole frames with gaps, back-pressure, resets and none of them, then damaged ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.backend.manifest import Manifest
from lgc.backend.verilog.rtl import Rtl
from lgc.backend.verilog.stream.uart import PixelWrapper
from lgc.errors import InputError
from lgc.ir import Circuit
from lgc.mapping.shape import HeadShape
from lgc.sim.simulate import Observed
from lgc.sim.stream import Frame, Streaming, StreamSimulator
from lgc.verify.stated import Stated
from lgc.verify.subject import Bits, DeviceUnderTest, VerifyOptions, View
from lgc.verify.vectors import VectorSet

_APART = 24
"""Frames with gaps and back-pressure, before those that follow each other."""
_DAMAGED = 24
_FILLING = 2
"""Frames after which the stream is as it stays."""
_KEYS = (
    "channels", "height", "width", "planes", "item_bytes", "beat_bytes", "class_bytes", "score_bytes", "reply_bytes",
    "latency_following", "frames",
)  # fmt: skip
_RATE = "pixels_per_clock"


class StreamText(DeviceUnderTest):
    """Emitted Verilog that takes an image pixel by pixel, and its manifest."""

    kind = "streaming Verilog"
    by = "verilator"
    unoptimised = True
    simulator: StreamSimulator

    def __init__(self, rtl: Rtl, options: VerifyOptions) -> None:
        self.rtl, self.options, self.path = rtl, options, rtl.path
        self.model_digest, self.circuit_digest = rtl.model_digest, rtl.manifest.circuit_digest
        self.features, self.latency = rtl.manifest.features, rtl.manifest.latency
        self.stream = StreamEntry.of(rtl)
        self.checked = self.stream.checked

    @property
    def is_untouched(self) -> bool:  # type: ignore[override]
        """Whether the text is what lgc wrote, byte for byte."""
        return self.rtl.is_untouched

    def check_fits(self, circuit: Circuit) -> None:
        """See :class:`DeviceUnderTest`."""
        manifest, entry = self.rtl.manifest, self.stream
        fits = (
            entry.pixels * entry.bits == circuit.netlist.num_inputs,
            len(manifest.classes) == circuit.head.num_classes,
            manifest.score_width == HeadShape.of(circuit).score,
            manifest.tie == circuit.head.tie,
        )
        if not all(fits):
            raise InputError(
                "the stream's image and result are not those of this model", where=str(self.path),
                hint="Compile this checkpoint again",
            )  # fmt: skip

    def stated(self, circuit: Circuit) -> Stated:
        """See :class:`DeviceUnderTest`. What is said of the stream is what the simulation goes by and measures."""
        manifest, shape = self.rtl.manifest, HeadShape.of(circuit)
        expected = Manifest.of(
            circuit, top=manifest.top, ports=list(manifest.ports), latency=manifest.latency, score_width=shape.score,
            score_signed=shape.signed, interval=manifest.interval,
        )  # fmt: skip
        expected = replace(expected, lgc=self.rtl.version, stream=manifest.stream)
        expected = replace(expected, interface=PixelWrapper.stated(manifest, expected))
        given, wanted = (json.loads(one.to_json()) for one in (manifest, expected))
        return Stated("the manifest", str(self.path), given, wanted)

    def claimed_head(self) -> tuple[Sequence[int], Sequence[int]]:
        """See :class:`DeviceUnderTest`."""
        return self.rtl.manifest.group_sizes, self.rtl.manifest.bias

    def build(self, folder: Path) -> WholeFrames:
        """See :class:`DeviceUnderTest`."""
        folder.mkdir(parents=True, exist_ok=True)
        simulator = StreamSimulator(self.rtl.manifest, folder, self.options.timeout)
        simulator.build(self.rtl.path.resolve())
        self.simulator = simulator
        return WholeFrames(simulator, self.stream)

    def views(self) -> tuple[View, ...]:
        """Frames that are cut short or too long, sent to the same program once it is built."""
        return (View("damaged frames", lambda _: DamagedFrames(self), self.stream.damaged),)


@dataclass(frozen=True)
class StreamEntry:
    """What a manifest says of the stream, checked.

    Attributes:
        channels, height, width: of the image.
        bits: of a pixel of the circuit's input: the encoder's, or those of its codes.
        rate: pixels of a beat.
        class_bytes, score_bytes: in a reply; 0 if it has none.
    """

    manifest: Manifest
    channels: int
    height: int
    width: int
    bits: int
    item_bytes: int
    beat_bytes: int
    class_bytes: int
    score_bytes: int
    reply_bytes: int
    following: int
    frames: int
    rate: int = 1

    @classmethod
    def of(cls, rtl: Rtl) -> StreamEntry:
        """The entry of a file's manifest.

        Raises:
            InputError: it is damaged.
        """
        said: dict[str, Any] = rtl.manifest.stream or {}
        numbers = {name: said.get(name) for name in _KEYS} | {_RATE: said.get(_RATE, 1)}
        code = rtl.manifest.features.common if rtl.manifest.features is not None else None
        if not all(type(value) is int and 0 <= value < 1 << 24 for value in numbers.values()):
            raise InputError("the manifest is damaged (stream)", where=str(rtl.path), hint="Compile again")
        found = {name: int(value or 0) for name, value in numbers.items()}
        bits = found["channels"] * (found["planes"] if code is None else code.width)
        entry = cls(
            rtl.manifest, found["channels"], found["height"], found["width"], bits, found["item_bytes"],
            found["beat_bytes"], found["class_bytes"], found["score_bytes"], found["reply_bytes"],
            found["latency_following"], found["frames"], found[_RATE],
        )  # fmt: skip
        widths = {port.name: port.width for port in rtl.manifest.ports}
        replies = entry.class_bytes + len(rtl.manifest.classes) * entry.score_bytes
        items = -(-bits // 8) if code is None else entry.channels * -(-code.width // 8)
        sound = (
            min(entry.channels, entry.height, entry.width, bits, entry.rate) > 0,
            entry.rate > 0 and entry.width % entry.rate == 0,
            widths.get("s_axis_tdata") == 8 * entry.beat_bytes == 8 * items * entry.rate,
            widths.get("m_axis_tdata") == 8 * entry.reply_bytes == 8 * replies,
            rtl.manifest.interval == entry.length,
            0 < entry.frames <= 1 << 12,
        )
        if not all(sound):
            raise InputError("the manifest is damaged (stream)", where=str(rtl.path), hint="Compile again")
        return entry

    @property
    def pixels(self) -> int:
        """Of a frame."""
        return self.height * self.width

    @property
    def length(self) -> int:
        """Beats of a frame; the rate is 1 or more."""
        return self.pixels // max(1, self.rate)

    @property
    def checked(self) -> tuple[str, ...]:
        """The results that a reply holds."""
        return tuple(
            name for name, size in (("scores", self.score_bytes), ("class_id", self.class_bytes)) if size
        )  # fmt: skip

    def beats(self, bits: Bits) -> NDArray[np.uint8]:
        """Vectors (B, I) as frames, uint8 (B, beats, bytes)."""
        planes = self.bits // self.channels
        pixels = bits.reshape(len(bits), self.channels, self.pixels, planes).transpose(0, 2, 1, 3)
        if self.item_bytes:  # each channel in whole bytes
            pixels = np.pad(pixels, ((0, 0), (0, 0), (0, 0), (0, 8 * self.item_bytes - planes)))
        flat = pixels.reshape(len(bits), self.pixels, -1)
        return np.packbits(flat, axis=2, bitorder="little").reshape(len(bits), self.length, -1)

    def scores(self, reply: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Scores (R, C) of replies."""
        size, classes = self.score_bytes, len(self.manifest.classes)
        raw = reply[:, self.class_bytes :].reshape(len(reply), classes, size).astype(np.int64)
        values = raw @ (np.int64(1) << 8 * np.arange(size))
        sign = np.int64(1) << (8 * size - 1)
        return np.asarray(np.where(values & sign, values - 2 * sign, values) if self.manifest.score_signed else values)

    def classes(self, reply: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Class indices (R,) of replies."""
        return np.asarray(reply[:, : self.class_bytes].astype(np.int64) @ (1 << 8 * np.arange(self.class_bytes)))

    def lengths(self, count: int) -> list[int]:
        """How many beats damaged frames have: one, one too few, one too many, and others."""
        rng = random.Random(0)
        whole = self.length
        fixed = [1, whole - 1, whole + 1, 2 * whole]
        found = [fixed[i] if i < 4 else rng.randrange(1, 2 * whole) for i in range(count)]
        return [length if length > 0 and length != whole else whole + 1 for length in found]

    def damaged(self, bits: Bits) -> VectorSet:
        """What the circuit must answer for damaged frames of such vectors: those of what it took, the rest 0."""
        chosen = bits[np.linspace(0, len(bits) - 1, _DAMAGED).astype(int)]
        lengths = self.lengths(len(chosen))
        pixels = chosen.reshape(len(chosen), self.channels, self.pixels, -1).copy()
        for image, length in zip(pixels, lengths, strict=True):
            image[:, length * self.rate :] = False
        labels = tuple(f"a frame of {length} beats" for length in lengths)
        return VectorSet("damaged frames", pixels.reshape(len(chosen), -1), labels)

    def observed(self, seen: Streaming, frames: Sequence[Frame], rows: int, *, bad: bool) -> Observed:
        """The last result of each row, and what was not as it must be."""
        fault = _fault(seen, frames, bad=bad)
        reply = np.zeros((rows, self.reply_bytes), np.uint8)
        ordered = [number for number in seen.frame.tolist() if number >= 0]
        for index, number in enumerate(ordered):
            reply[frames[number].row] = seen.reply[index]
        if fault is None:
            fault = _unlike(seen, frames)
        return Observed(
            self.scores(reply) if self.score_bytes else None, self.classes(reply) if self.class_bytes else None, {},
            fault,
        )  # fmt: skip


@dataclass(frozen=True)
class WholeFrames:
    """Frames as they should be."""

    simulator: StreamSimulator
    entry: StreamEntry

    def run(self, bits: Bits, *, progress: Callable[[int], None] | None = None) -> Observed:
        """See :class:`lgc.verify.subject.Runner`."""
        frames = whole_frames(len(bits), self.entry.length, self.entry.frames)
        seen = self.simulator.send(self.entry.beats(bits), frames, progress)
        observed = self.entry.observed(seen, frames, len(bits), bad=False)
        return replace(observed, timing=observed.timing or self._timing(seen, frames))

    def _timing(self, seen: Streaming, frames: Sequence[Frame]) -> str | None:
        """Whether latency and interval are the manifest's: of frames alone, and of those that follow each other."""
        manifest = self.simulator.manifest
        latency = dict(zip(seen.frame.tolist(), (seen.came - seen.last[seen.frame]).tolist(), strict=True))
        for number, one in enumerate(frames):
            plain = not (one.gaps or one.waits or one.reset or one.optional)
            if plain and one.settle < 0 and latency[number] != manifest.latency:
                return f"a result came {latency[number]} clocks after its last pixel, not {manifest.latency}"
        begin = 1 + max(number for number, one in enumerate(frames) if one.reset)
        for number in range(begin + _FILLING, len(frames) - 1):
            if latency[number] != self.entry.following:
                return f"a result came {latency[number]} clocks after its last pixel, not {self.entry.following}"
            if seen.first[number + 1] - seen.first[number] != manifest.interval:
                return f"a frame was taken {seen.first[number + 1] - seen.first[number]} clocks after another"
        return None


@dataclass(frozen=True)
class DamagedFrames:
    """Frames that are cut short or too long, whole ones between them."""

    device: StreamText

    def run(self, bits: Bits, *, progress: Callable[[int], None] | None = None) -> Observed:
        """See :class:`lgc.verify.subject.Runner`; row i is sent with as many beats as its label says."""
        del progress
        entry, rng, frames = self.device.stream, random.Random(1), []
        for row, length in enumerate(entry.lengths(len(bits))):
            gaps, waits = rng.choice([(0, 0), (80, 0), (0, 160), (40, 40)])
            frames.append(Frame(row, length, gaps, waits))
        seen = self.device.simulator.send(entry.beats(bits), frames)
        return entry.observed(seen, frames, len(bits), bad=True)


def whole_frames(count: int, length: int, most: int) -> list[Frame]:
    """Every one of ``count`` rows: some alone, some with gaps and back-pressure, then resets, then all at once.

    Args:
        length: beats of a frame.
        most: frames that can be under way: so many results wait at once, and some more frames for a credit.
    """
    rng = random.Random(0)
    apart = min(count // 2, _APART)
    frames = [Frame(row, length, settle=-1) for row in range(min(2, count))]
    for row in range(apart):
        gaps, waits = rng.choice([(0, 0), (100, 0), (0, 200), (60, 60), (230, 0)])
        frames.append(Frame(row, length, gaps, waits, settle=rng.choice([0, 0, 1, 3])))
    blocked = [256 + (most + 3) * length, *[0] * (most + 3)]
    frames += [Frame(number % count, length, waits=waits) for number, waits in enumerate(blocked)]
    frames.append(Frame(0, length, settle=-1, waits=200))
    for cut in {1, max(1, length // 2), length}:
        frames += [Frame(0, length, optional=True), Frame(0, cut, reset=True)]
    return frames + [Frame(row, length) for row in range(count)]


def _fault(seen: Streaming, frames: Sequence[Frame], *, bad: bool) -> str | None:
    """What happened that must not, as a sentence."""
    if seen.faults:
        return f"the stream breaks AXI4-Stream: {seen.faults[0]}"
    if (seen.frame < 0).any():
        return "a result came for which no frame was sent"
    given = set(seen.frame.tolist())
    missing = [i for i, one in enumerate(frames) if i not in given and not (one.optional or one.reset)]
    if missing:
        return f"frame {missing[0]} of {len(frames)} has no result, and {len(missing) - 1} others"
    if bool(seen.flag.all()) != bad or bool(seen.flag.any()) != bad:
        return f"tuser is not {int(bad)} for a frame of {'another' if bad else 'the right'} length"
    wanted = len(frames) if bad else 0
    if seen.errors != wanted:
        return f"frame_error came {seen.errors} times for {wanted} damaged frames"
    return None


def _unlike(seen: Streaming, frames: Sequence[Frame]) -> str | None:
    """Whether two results of one row differ: then what comes before or after a frame matters."""
    first: dict[int, bytes] = {}
    for number, reply in zip(seen.frame.tolist(), seen.reply, strict=True):
        row = frames[number].row
        if first.setdefault(row, reply.tobytes()) != reply.tobytes():
            return f"image {row} has one result with gaps or back-pressure, and another without"
    return None
