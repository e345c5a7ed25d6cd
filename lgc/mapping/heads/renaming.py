"""What a plan says, in other numbers of nets."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lgc.mapping.heads.plan import Bit, Chain, Compressor, Piece


@dataclass(frozen=True)
class Renaming:
    """Parts of a plan whose nets get other numbers.

    Attributes:
        number: the new number of every old net.
    """

    number: list[int]

    def bits(self, bits: tuple[Bit, ...]) -> tuple[Bit, ...]:
        """Literals keep their polarity."""
        return tuple((2 * self.number[literal >> 1] + (literal & 1), exponent) for literal, exponent in bits)

    def piece(self, piece: Piece) -> Piece:
        """A piece's nets and bits."""
        nets = tuple(self.number[net] for net in piece.nets)
        return replace(piece, nets=nets, bits=self.bits(piece.bits))

    def compressor(self, one: Compressor) -> Compressor:
        """A compressor, with what it swallows."""
        swallowed = tuple(self.piece(piece) for piece in one.swallowed)
        return replace(one, inputs=self.bits(one.inputs), outputs=self.bits(one.outputs), swallowed=swallowed)

    def chain(self, chain: Chain) -> Chain:
        """A carry chain."""

        def of(nets: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(self.number[net] for net in nets)

        carry_in = self.number[chain.carry_in]
        return Chain(of(chain.select), of(chain.data), carry_in, of(chain.sums), of(chain.carries), of(chain.tables))
