"""Netlists of the EDA world as circuits: what BLIF, AIGER and Verilog readers share.

Such a file has no encoder and no head. Its inputs are features that are bits already. Unless the user groups the
outputs by --classes, every output is a class of its own, named as in the file, with a score of 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from lgc.bounds import INPUTS, NODES, check_bound
from lgc.errors import NetlistError
from lgc.frontend.assemble import make_head
from lgc.frontend.facts import ImportOptions
from lgc.ir import Builder, Circuit, Encoder, Head, verify_circuit
from lgc.ir.ports import named

MAX_SIGNALS = 1 << 24
K = TypeVar("K", str, int)


@dataclass(frozen=True)
class PortNames:
    """Names of a netlist's inputs and outputs, in order.

    Attributes:
        classes: what the outputs are called as classes; None is as outputs.
    """

    inputs: list[str]
    outputs: list[str]
    classes: list[str] | None = None


def to_circuit(builder: Builder, outputs: list[int], names: PortNames, name: str, facts: ImportOptions) -> Circuit:
    """The verified circuit around a netlist, which carries the names of its ports along.

    Raises:
        NetlistError: it has no inputs or no outputs.
        OptionError: the outputs do not divide into the classes.
    """
    check_bound(builder.num_inputs, INPUTS, "inputs", NetlistError)
    check_bound(len(outputs), NODES, "outputs", NetlistError)
    if not outputs or not builder.num_inputs:
        raise NetlistError(f"it has {builder.num_inputs} inputs and {len(outputs)} outputs; a circuit needs both")
    if facts.get("classes") is not None:
        head = make_head(facts, len(outputs))
    else:
        head = Head(
            np.arange(len(outputs) + 1), np.zeros(len(outputs), np.int64), tuple(names.classes or names.outputs)
        )
    circuit = Circuit(name, Encoder(builder.num_inputs), builder.build(outputs), head)
    circuit = replace(circuit, metadata=named(circuit, names.inputs, names.outputs))
    verify_circuit(circuit)
    return circuit


def in_order(roots: list[K], operands: Callable[[K], tuple[K, ...]], done: Callable[[K], bool]) -> list[K]:
    """Definitions that the roots need, operands before users, without recursion.

    Args:
        operands: the signals a definition reads.
        done: whether a signal needs no definition (any more).

    Raises:
        NetlistError: a combinational cycle.
    """
    order: list[K] = []
    finished: set[K] = set()
    path: list[K] = []  # each reads the next, and waits for it
    waiting: set[K] = set()
    stack = roots[::-1]
    while stack:
        signal = stack[-1]
        if path and path[-1] == signal:  # what it reads is there by now
            waiting.discard(path.pop())
        elif signal in finished or done(signal):
            stack.pop()
            continue
        else:
            missing = [source for source in operands(signal) if source not in finished and not done(source)]
            if signal in waiting or signal in missing:
                raise NetlistError(f"signal '{str(signal)[:60]}' depends on itself: a combinational cycle")
            if missing:
                path.append(signal)
                waiting.add(signal)
                stack += missing
                continue
        stack.pop()
        finished.add(signal)
        order.append(signal)
    return order
