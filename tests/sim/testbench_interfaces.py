"""cocotb tests of the wrappers; they run inside the simulator, started by test_interfaces.py.

The top has every wrapper under a prefix. ``LGC_BENCH`` names a JSON file: per prefix, images and replies in hex.
"""

from __future__ import annotations

import itertools
import json
import os
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource
from cocotbext.uart import UartSink, UartSource

PERIOD = 84_000  # ps, near 12 MHz
BAUD = 1_000_000
CASES = {
    name: [(bytes.fromhex(image), bytes.fromhex(reply)) for image, reply in pairs]
    for name, pairs in json.loads(Path(os.environ["LGC_BENCH"]).read_text()).items()
}


async def begin(dut):
    for name in ("uart_rx", "spi_cs_n"):
        getattr(dut, name).value = 1
    for name in ("spi_sck", "spi_mosi", "tt_ui_in", "tt_uio_in", "slowtile_ui_in", "slowtile_uio_in"):
        getattr(dut, name).value = 0
    cocotb.start_soon(Clock(dut.clk, PERIOD, "ps").start())
    dut.rst.value = 1
    await ClockCycles(dut.clk, 5)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 2)


def stream(dut, name):
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, f"{name}_s_axis"), dut.clk, dut.rst)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, f"{name}_m_axis"), dut.clk, dut.rst)
    return source, sink


def pauses(seed, share):
    rng = random.Random(seed)
    return (rng.random() < share for _ in itertools.count())


async def _axis_with_pauses(dut, name, seed, source_share, sink_share):
    source, sink = stream(dut, name)
    await begin(dut)
    source.set_pause_generator(pauses(seed, source_share))
    sink.set_pause_generator(pauses(seed + 1, sink_share))
    for image, _ in CASES[name]:
        await source.send(AxiStreamFrame(image))
    for index, (_, reply) in enumerate(CASES[name]):
        frame = await sink.recv()
        assert bytes(frame.tdata) == reply, f"image {index}: {bytes(frame.tdata).hex()}, not {reply.hex()}"
    await ClockCycles(dut.clk, 40)
    assert sink.empty(), "more replies than images"


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(name=["wide", "narrow", "slow"], shares=[(0, 0), (0.5, 0), (0, 0.7), (0.5, 0.5), (0.1, 0.95)])
async def axis_loses_nothing_under_back_pressure(dut, name, shares):
    await _axis_with_pauses(dut, name, 7, *shares)


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(name=["wide", "narrow", "slow"])
async def axis_lets_no_image_in_without_a_place_for_its_reply(dut, name):
    """Nobody reads for a long time: the input must stop, and everything let in must come out later."""
    source, sink = stream(dut, name)
    await begin(dut)
    sink.pause = True
    for image, _ in CASES[name]:
        await source.send(AxiStreamFrame(image))
    await ClockCycles(dut.clk, 300)
    assert not source.idle(), "the wrapper took more than it has room for"
    sink.pause = False
    for _, reply in CASES[name]:
        assert bytes((await sink.recv()).tdata) == reply


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def axis_takes_an_image_every_clock(dut):
    """With all features in one beat nothing ever waits."""
    source, sink = stream(dut, "wide")
    await begin(dut)
    for image, _ in CASES["wide"]:
        await source.send(AxiStreamFrame(image))
    await sink.wait()
    await RisingEdge(dut.clk)
    first = cocotb.utils.get_sim_time("ps")
    while sink.count() < len(CASES["wide"]):
        await RisingEdge(dut.clk)
    clocks = (cocotb.utils.get_sim_time("ps") - first) / PERIOD
    assert clocks <= len(CASES["wide"]) + 1, f"{clocks} clocks for {len(CASES['wide'])} images"


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(case=[("wide", 4), ("narrow", 0)])
async def axis_replies_after_its_latency(dut, case):
    """The edge that takes the last beat, the core's latency, and one into the queue."""
    name, latency = case
    source, _ = stream(dut, name)
    await begin(dut)
    await source.send(AxiStreamFrame(CASES[name][0][0]))
    last = [getattr(dut, f"{name}_s_axis_{signal}") for signal in ("tvalid", "tready", "tlast")]
    await FallingEdge(dut.clk)
    while not all(int(signal.value) for signal in last):
        await FallingEdge(dut.clk)
    edges = 0
    while not int(getattr(dut, f"{name}_m_axis_tvalid").value):
        await FallingEdge(dut.clk)
        edges += 1
    assert edges == latency + 2


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def axis_drops_packets_of_another_length(dut):
    source, sink = stream(dut, "narrow")
    await begin(dut)
    errors = 0

    async def count():
        nonlocal errors
        while True:
            await RisingEdge(dut.clk)
            errors += int(dut.narrow_frame_error.value)

    cocotb.start_soon(count())
    beat = len(dut.narrow_s_axis_tdata) // 8
    source.set_pause_generator(pauses(3, 0.3))
    sink.set_pause_generator(pauses(4, 0.3))
    bad = 0
    for index, (image, _) in enumerate(CASES["narrow"]):
        for shape in (image[:beat],) if index % 3 == 0 else (image + image[:beat], image * 3) if index % 3 == 1 else ():
            await source.send(AxiStreamFrame(shape))
            bad += 1
        await source.send(AxiStreamFrame(image))
    for _, reply in CASES["narrow"]:
        assert bytes((await sink.recv()).tdata) == reply
    await ClockCycles(dut.clk, 40)
    assert sink.empty() and errors == bad > 10


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def axis_reset_forgets_what_is_under_way(dut):
    source, sink = stream(dut, "narrow")
    await begin(dut)
    sink.pause = True
    for image, _ in CASES["narrow"]:
        await source.send(AxiStreamFrame(image))
    await ClockCycles(dut.clk, 13)
    source.clear()
    dut.rst.value = 1
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 5)
    sink.clear()
    sink.pause = False
    image, reply = CASES["narrow"][0]
    await source.send(AxiStreamFrame(image))
    assert bytes((await sink.recv()).tdata) == reply
    await ClockCycles(dut.clk, 40)
    assert sink.empty()


async def uart_answer(sink, reply):
    answer = b""
    while len(answer) < len(reply):
        answer += bytes(await sink.read())
    assert answer == reply, f"{answer.hex()}, not {reply.hex()}"


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(baud=[BAUD, BAUD * 0.98, BAUD * 1.02])
async def uart_answers(dut, baud):
    """Also two percent off."""
    source, sink = UartSource(dut.uart_rx, baud=baud), UartSink(dut.uart_tx, baud=BAUD)
    await begin(dut)
    for image, reply in CASES["uart"][:4]:
        await source.write(image)
        await uart_answer(sink, reply)


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def uart_forgets_half_an_image(dut):
    """After silence, after a framing error, and after noise shorter than half a bit."""
    source, sink = UartSource(dut.uart_rx, baud=BAUD), UartSink(dut.uart_tx, baud=BAUD)
    await begin(dut)
    (image, reply), (other, answer), *_ = CASES["uart"]
    await source.write(image[:3])
    await source.wait()
    await ClockCycles(dut.clk, 2500)  # TIMEOUT is 2,000
    await source.write(other)
    await uart_answer(sink, answer)
    await source.write(image[:-1])
    await source.wait()
    await Timer(3, "us")
    dut.uart_rx.value = 0  # a break: no stop bit
    await Timer(10, "us")
    dut.uart_rx.value = 1
    await Timer(30, "us")
    dut.uart_rx.value = 0
    await Timer(200, "ns")
    dut.uart_rx.value = 1
    await Timer(30, "us")
    await source.write(image)
    await uart_answer(sink, reply)
    await Timer(100, "us")
    assert sink.empty()


class Spi:
    """A mode 0 controller, written here: the published one does not import under cocotb 2."""

    def __init__(self, dut, half=4 * PERIOD):
        self.dut, self.half = dut, half

    async def transfer(self, data):
        dut, answer = self.dut, []
        dut.spi_cs_n.value = 0
        await Timer(4 * PERIOD, "ps")
        for byte in data:
            word = 0
            for place in range(7, -1, -1):
                dut.spi_mosi.value = byte >> place & 1
                await Timer(self.half, "ps")
                dut.spi_sck.value = 1
                word = word << 1 | int(dut.spi_miso.value)
                await Timer(self.half, "ps")
                dut.spi_sck.value = 0
            answer.append(word)
        await Timer(self.half, "ps")
        dut.spi_cs_n.value = 1
        await Timer(4 * PERIOD, "ps")
        return bytes(answer)


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(half=[4 * PERIOD, 4 * PERIOD + 13_337, 20 * PERIOD])
async def spi_answers(dut, half):
    await begin(dut)
    spi = Spi(dut, half)
    previous = None
    for image, reply in CASES["spi"][:6]:
        sent = await spi.transfer(b"\x01" + image)
        if previous is not None:  # the reply before comes with the next image
            assert sent[: 1 + len(previous)] == (b"\x01" + previous)[: len(sent)]
        await ClockCycles(dut.clk, 20)
        assert dut.spi_ready.value == 1
        for _ in range(2):  # as often as one likes
            assert await spi.transfer(bytes(1 + len(reply))) == b"\x01" + reply
        previous = reply


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def spi_ignores_what_is_no_image(dut):
    await begin(dut)
    spi = Spi(dut)
    (image, reply), (other, answer), *_ = CASES["spi"]
    assert (await spi.transfer(b"\x00"))[0] == 0  # no reply yet
    await spi.transfer(b"\x01" + image[:-1])  # too short
    assert (await spi.transfer(b"\x00"))[0] == 0
    await spi.transfer(b"\x02" + image)  # another command
    assert (await spi.transfer(b"\x00"))[0] == 0
    await spi.transfer(b"\x01" + other + image)  # too long: its beginning counts
    await ClockCycles(dut.clk, 20)
    assert await spi.transfer(bytes(1 + len(answer))) == b"\x01" + answer
    await spi.transfer(b"\x01" + image)
    await ClockCycles(dut.clk, 20)
    assert await spi.transfer(bytes(1 + len(reply))) == b"\x01" + reply


class Tile:
    """The pins of a Tiny Tapeout tile, by the names behind a prefix."""

    def __init__(self, dut, name):
        self.clk = dut.clk
        self.pins = {pin: getattr(dut, f"{name}_{pin}") for pin in ("ui_in", "uo_out", "uio_in", "uio_out", "uio_oe")}

    def value(self, pin):
        return int(self.pins[pin].value)

    async def strobe(self, place):
        self.pins["uio_in"].value = 1 << place
        await ClockCycles(self.clk, 4)
        self.pins["uio_in"].value = 0
        await ClockCycles(self.clk, 4)

    async def send(self, image):
        for byte in image:
            self.pins["ui_in"].value = byte
            await self.strobe(0)

    async def reply(self, size):
        answer = bytearray()
        for _ in range(size):
            answer.append(self.value("uo_out"))
            await self.strobe(2)
        return bytes(answer)


@cocotb.test(timeout_time=100, timeout_unit="ms")
@cocotb.parametrize(name=["tt", "slowtile"])
async def tiny_tapeout_answers(dut, name):
    tile = Tile(dut, name)
    await begin(dut)
    await FallingEdge(dut.clk)
    assert tile.value("uio_oe") == 0x80
    for index, (image, reply) in enumerate(CASES[name]):
        if index % 2:  # half an image, dropped
            await tile.send(b"\xa5")
            await tile.strobe(1)
        await tile.send(image)
        assert name == "tt" or not tile.value("uio_out")
        await ClockCycles(dut.clk, 60)
        assert tile.value("uio_out") == 0x80
        assert await tile.reply(len(reply)) == reply


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def a_busy_core_takes_no_image(dut):
    """With a serial head an image that follows at once is left out, and the reply is the first one's."""
    tile = Tile(dut, "slowtile")
    (image, reply), (other, _), *_ = CASES["slowtile"]
    await begin(dut)
    await tile.send(image)
    await tile.send(other)
    await ClockCycles(dut.clk, 100)
    assert tile.value("uio_out") == 0x80
    assert await tile.reply(len(reply)) == reply
