"""A circuit as one flat Verilog module for standard cells: votes counted by chains of full adders.

A tree of adders is shallow, but standard cells pay for area. A chain takes one full adder for two votes of the same
weight. It is also deep: that is meant to leave time to almost every vote, which ABC, mapping for speed first, can then
make small. Register stages and other heads: `lgc compile`.
"""

import re
from itertools import pairwise


def verilog(circuit, top, port="features"):
    """The text of a module with an input ``port``, all bits of the circuit's input, and an output ``class_id``.

    Args:
        circuit: without bias, the first maximum wins.
    """
    netlist, head = circuit.netlist, circuit.head
    if head.bias.any() or head.tie != "first":
        raise SystemExit("chains: only heads without bias, where the first maximum wins")
    chains = _Chains()
    names = ["1'b0", "1'b1", *(f"{port}[{bit}]" for bit in range(netlist.num_inputs))]
    rows = zip(netlist.fanin.tolist(), netlist.arity.tolist(), netlist.table.tolist(), strict=True)
    for fanin, arity, table in rows:
        names.append(chains.wire(_table(table, [names[net] for net in fanin[:arity]])))
    votes = [names[net] for net in netlist.outputs.tolist()]
    counts = [chains.count(votes[start:stop]) for start, stop in pairwise(head.offsets.tolist())]
    winner = chains.largest(counts)
    body = "\n".join(chains.lines)
    ports = f"input [{netlist.num_inputs - 1}:0] {port}, output [{len(winner) - 1}:0] class_id"
    return f"module {top} ({ports});\n{body}\n  assign class_id = {_word(winner)};\nendmodule\n"


def _word(bits):
    return f"{{{', '.join(reversed(bits))}}}"


def _table(table, names):
    """An expression: the last operand decides between two smaller tables."""
    size = 1 << len(names)
    if table in (0, (1 << size) - 1):
        return "1'b1" if table else "1'b0"
    half = size // 2
    low, high = table & ((1 << half) - 1), table >> half
    if low == high:
        return _table(low, names[:-1])
    if low == high ^ ((1 << half) - 1):
        return f"({names[-1]} ^ {_table(low, names[:-1])})"
    return f"({names[-1]} ? {_table(high, names[:-1])} : {_table(low, names[:-1])})"


class _Chains:
    """Lines of a module, each a wire of its own."""

    def __init__(self):
        self.lines = []

    def wire(self, text, width=1):
        if re.fullmatch(r"1'b[01]|\w+\[\d+\]", text):
            return text
        name = f"n{len(self.lines)}"
        self.lines.append(f"  wire {f'[{width - 1}:0] ' if width > 1 else ''}{name} = {text};")
        return name

    def count(self, votes):
        """The bits of the sum of votes, the lowest first: in each column one chain, its carries are the next column."""
        bits, column = [], votes
        while column:
            total, *rest = column
            column = []
            for first, second in zip(rest[::2], rest[1::2], strict=False):
                either = self.wire(f"{first} ^ {second}")
                column.append(self.wire(f"{either} ? {total} : {first}"))
                total = self.wire(f"{either} ^ {total}")
            if len(rest) % 2:
                column.append(self.wire(f"{total} & {rest[-1]}"))
                total = self.wire(f"{total} ^ {rest[-1]}")
            bits.append(total)
        return bits

    def largest(self, counts):
        """The bits of the class with the largest count, by a tournament."""
        width = max(1, *map(len, counts))
        index = max(1, (len(counts) - 1).bit_length())
        entries = [
            (self.wire(_word(count + ["1'b0"] * (width - len(count))), width), f"{index}'d{number}")
            for number, count in enumerate(counts)
        ]
        while len(entries) > 1:
            entries = [self._match(*pair, width, index) for pair in _pairs(entries)]
        winner = self.wire(f"{index}'d0 | {entries[0][1]}", index)
        return [f"{winner}[{bit}]" for bit in range(index)] if index > 1 else [winner]

    def _match(self, first, second, width, index):
        if second is None:
            return first
        won = self.wire(f"{second[0]} > {first[0]}")
        best = self.wire(f"{won} ? {second[0]} : {first[0]}", width)
        return best, self.wire(f"{won} ? {second[1]} : {first[1]}", index)


def _pairs(entries):
    return [(entries[i], entries[i + 1] if i + 1 < len(entries) else None) for i in range(0, len(entries), 2)]
