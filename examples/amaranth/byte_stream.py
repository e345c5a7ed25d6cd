"""A network behind a byte stream, as a UART would carry it: packed bits in, one class a sample out.

    python examples/amaranth/byte_stream.py MODEL [-o byte_stream.il]

`ByteClassifier` collects ceil(bits/8) bytes, the first byte's lowest bit first, hands them to the network as one
word, and sends the class as one byte. Both sides wait for each other; nothing is lost.
"""

import argparse
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from lgc.backend.amaranth import LogicNet
from lgc.frontend import load_circuit
from lgc.ir import Circuit
from lgc.passes import optimize


class ByteClassifier(wiring.Component):
    """Bytes of packed bits on ``i``, class indices on ``o``."""

    i: In(stream.Signature(8))
    o: Out(stream.Signature(8))

    def __init__(self, circuit: Circuit, *, pipeline: int = 2) -> None:
        super().__init__()
        self.num_bits = circuit.encoder.num_bits
        self.net = LogicNet(circuit, pipeline=pipeline, stream=True)

    def elaborate(self, platform: object) -> Module:
        del platform
        m = Module()
        m.submodules.net = net = self.net
        count = -(-self.num_bits // 8)
        row = Signal(8 * count)
        received = Signal(range(count + 1))
        full = Signal()
        m.d.comb += [
            full.eq(received == count),
            net.i.payload.eq(row[: self.num_bits]),
            net.i.valid.eq(full),
            self.i.ready.eq(~full),
            self.o.payload.eq(net.o.payload.class_id),
            self.o.valid.eq(net.o.valid),
            net.o.ready.eq(self.o.ready),
        ]
        with m.If(full & net.i.ready):
            m.d.sync += received.eq(0)
        with m.If(self.i.valid & self.i.ready):
            # The first byte moves down to the lowest place as the others push it.
            m.d.sync += [row.eq((row >> 8) | (self.i.payload << 8 * (count - 1))), received.eq(received + 1)]
        return m


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="A network behind a byte stream.")
    parser.add_argument("model")
    parser.add_argument("-o", "--output", default="byte_stream.il")
    arguments = parser.parse_args()
    design = ByteClassifier(optimize(load_circuit(arguments.model)))
    Path(arguments.output).write_text(rtlil.convert(design, name="byte_classifier"))
    print(f"wrote {arguments.output}: read it with `yosys -p 'read_rtlil {arguments.output}'`")


if __name__ == "__main__":
    main()
