"""The reference interpreter: the living definition of what a circuit computes.

Nothing here is clever. A net is a row of uint64 words, one bit a sample; a node is the OR, over the
addresses at which its table is 1, of the AND of its operands, each plain or complemented. Every
backend, pass and simulator is compared with this file.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError
from lgc.ir.circuit import Circuit
from lgc.ir.netlist import FIRST_INPUT, Netlist

U64 = NDArray[np.uint64]
_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_BLOCK_BYTES = 64 << 20


def pack(bits: NDArray[np.bool_]) -> U64:
    """Samples-major bits (B, n) to net-major words (n, ceil(B/64)); sample s is bit s%64 of word s//64."""
    samples = bits.shape[0]
    words = -(-samples // 64)
    padded = np.zeros((bits.shape[1], words * 64), np.bool_)
    padded[:, :samples] = bits.T
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64, copy=False)


def unpack(words: U64, samples: int) -> NDArray[np.bool_]:
    """The inverse of :func:`pack`: words (n, W) to bits (samples, n)."""
    octets = np.ascontiguousarray(words).astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(octets, axis=1, count=samples, bitorder="little").T.astype(np.bool_)


def evaluate_nets(netlist: Netlist, inputs: U64) -> U64:
    """All nets for packed inputs.

    Args:
        inputs: uint64 (I, W).

    Returns:
        uint64 (num_nets, W), row n is net n.

    Raises:
        InputError: the words do not have I rows.
    """
    if inputs.ndim != 2 or len(inputs) != netlist.num_inputs:
        raise InputError(f"packed inputs have shape {inputs.shape}, but the netlist has {netlist.num_inputs} inputs")
    nets = np.zeros((netlist.num_nets, inputs.shape[1]), np.uint64)
    nets[1] = _ONES
    nets[FIRST_INPUT : netlist.first_node] = inputs
    first = netlist.first_node
    for lo, hi in netlist.runs():
        arity = int(netlist.arity[lo:hi].max())
        operands = [nets[netlist.fanin[lo:hi, j]] for j in range(arity)]
        for address in range(1 << arity):
            selected = (netlist.table[lo:hi] >> np.uint64(address)) & np.uint64(1)
            if not selected.any():
                continue
            term = np.where(selected[:, None] == 1, _ONES, np.uint64(0))
            for j, operand in enumerate(operands):
                term = term & (operand if (address >> j) & 1 else ~operand)
            nets[first + lo : first + hi] |= term
    return nets


def evaluate(netlist: Netlist, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Outputs (B, num_outputs) for input bits (B, I).

    Raises:
        InputError: the bits do not have I columns.
    """
    bits = np.asarray(bits, np.bool_)
    if bits.ndim != 2 or bits.shape[1] != netlist.num_inputs:
        raise InputError(f"input bits have shape {bits.shape}, but the netlist has {netlist.num_inputs} inputs")
    # Blocks of samples keep the memory of a million-gate netlist within reason.
    block = 64 * max(1, _BLOCK_BYTES // (8 * netlist.num_nets))
    result = np.zeros((len(bits), netlist.num_outputs), np.bool_)
    for start in range(0, len(bits), block):
        chunk = bits[start : start + block]
        result[start : start + block] = unpack(evaluate_nets(netlist, pack(chunk))[netlist.outputs], len(chunk))
    return result


def scores(circuit: Circuit, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Integer scores (B, C) for encoded input bits (B, I)."""
    outputs = evaluate(circuit.netlist, bits)
    offsets = circuit.head.offsets
    groups = [outputs[:, lo:hi].sum(axis=1, dtype=np.int64) for lo, hi in pairwise(offsets)]
    return np.stack(groups, axis=1) + circuit.head.bias


def classify(circuit: Circuit, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Class indices (B,) for encoded input bits (B, I)."""
    return circuit.head.classify(scores(circuit, bits))
