"""Functions of three words: every table, every size of counter, and the compiled kernel against the interpreter."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cbuild import Loaded
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import random_circuit, random_inputs

from lgc.backend.base import to_bytes
from lgc.backend.c import C99, kernel_counts
from lgc.backend.c.halves import decompositions_of
from lgc.backend.c.kernel import REACH
from lgc.backend.c.literal import AND, ANDNOT, FALSE, OR, STORE, TRUE, XOR
from lgc.backend.c.near import near_order, takes_long
from lgc.backend.c.plan import make_planner, make_program
from lgc.backend.c.split import splits_of
from lgc.backend.c.ternary import TERNARY, TernaryCounter, TernaryProgram, reordered
from lgc.backend.c.trails import Vote
from lgc.ir import Circuit, Head, interp


def values_of(program: TernaryProgram, inputs: list[int], full: int) -> list[int]:
    """All values of a program without stores; an integer has a bit for each sample."""
    values = list(inputs)
    for index, opcode in enumerate(program.opcode):
        a, b, *more = (values[operand] for operand in program.operands(index))
        if opcode >= TERNARY:
            c = more[0]
            bits = range(full.bit_length())
            value = sum(
                ((opcode - TERNARY) >> ((a >> s & 1) + 2 * (b >> s & 1) + 4 * (c >> s & 1)) & 1) << s for s in bits
            )
        else:
            value = {AND: a & b, ANDNOT: a & ~b, OR: a | b, XOR: a ^ b}[opcode]
        values.append(value & full)
    return values


def read(literal: int, values: list[int], full: int) -> int:
    if literal < 0:
        return full if literal == TRUE else 0
    return values[literal >> 1] ^ (full if literal & 1 else 0)


def check_table(table: int, arity: int, operands: list[int], splits: dict, most: int) -> None:  # type: ignore[type-arg]
    full = (1 << (1 << arity)) - 1
    inputs = [sum((address >> k & 1) << address for address in range(1 << arity)) for k in range(arity)]
    program = TernaryProgram(arity)
    literal = program.lut(table, operands, splits)
    got = read(literal, values_of(program, inputs, full), full)
    words = [read(operand, inputs, full) for operand in operands]
    addresses = (sum((word >> s & 1) << k for k, word in enumerate(words)) for s in range(1 << arity))
    assert got == sum((table >> address & 1) << s for s, address in enumerate(addresses))
    assert len(program) <= most


@pytest.mark.parametrize(
    "operands", [(0, 2, 4), (1, 2, 5), (4, 1, 2), (0, 0, 3), (2, 3, 2), (FALSE, 2, 4), (1, TRUE, 1)]
)
def test_every_function_of_three_is_one_instruction(operands: tuple[int, ...]) -> None:
    for table in range(256):
        check_table(table, 3, list(operands), {}, 1)


@pytest.mark.parametrize(("arity", "most"), [(4, 3), (5, 7), (6, 15)])
def test_tables_of_four_to_six(arity: int, most: int) -> None:
    rng = random.Random(arity)
    tables = [rng.getrandbits(1 << arity) for _ in range(120)]
    tables += [1, 0, (1 << (1 << arity)) - 1, 0x6996966996696996 & (1 << (1 << arity)) - 1]
    splits = splits_of((table, arity) for table in tables)
    for table in tables:
        check_table(table, arity, [2 * k + rng.getrandbits(1) for k in range(arity)], splits, most)


def test_parity_of_six_is_two_and_a_half_full_sums() -> None:
    table = sum((address.bit_count() & 1) << address for address in range(64))
    check_table(table, 6, list(range(0, 12, 2)), splits_of([(table, 6)]), 3)


def at_least(count: int, flips: int, arity: int) -> int:
    """The table that says whether so many operands are as they must be."""
    return sum(((address ^ flips).bit_count() >= count) << address for address in range(1 << arity))


def of_halves(rng: random.Random, arity: int, bits: int) -> int:
    """A table that needs so many functions of three of its operands, and of the others."""
    order = rng.sample(range(arity), arity)
    low, high = ([rng.randrange(1 << bits) for _ in range(8)] for _ in range(2))
    join = [rng.getrandbits(1) for _ in range(1 << (2 * bits))]
    table = 0
    for address in range(1 << arity):
        a, b = (sum((address >> place & 1) << k for k, place in enumerate(part)) for part in (order[:3], order[3:]))
        table |= join[low[a] + (high[b] << bits)] << address
    return table


@pytest.mark.parametrize("arity", [5, 6])
@pytest.mark.parametrize("joined", [False, True])
def test_halves_make_the_table(arity: int, joined: bool) -> None:
    """For every address, and with either word; it takes no more instructions than it says."""
    rng = random.Random(arity)
    tables = [of_halves(rng, arity, bits) for bits in (1, 2) for _ in range(60)]
    tables += [at_least(count, rng.getrandbits(arity), arity) for count in range(arity + 2)]
    tables += [rng.getrandbits(1 << arity) for _ in range(20)]
    found = decompositions_of([(table, arity) for table in tables], joined=joined)
    assert len(found) > 80
    full = (1 << (2 << arity)) - 1
    inputs = [sum((address >> k & 1) << address for address in range(2 << arity)) for k in range(arity + 1)]
    for (table, _), one in found.items():
        program = TernaryProgram(arity + 1)
        literal = program.decomposed(one, [2 * k for k in range(arity)], 2 * arity if joined else FALSE)
        got = read(literal, values_of(program, inputs, full), full)
        assert got == table | (((1 << (1 << arity)) - 1 if joined else table) << (1 << arity))
        assert len(program) <= one.cost


def test_a_kernel_that_is_ored_is_six_instructions() -> None:
    """Whether five of six operands are as they must be: four functions of three, and the OR costs nothing."""
    for flips in range(64):
        table = at_least(5, flips, 6)
        assert (
            decompositions_of([(table, 6)])[table, 6].cost
            == decompositions_of([(table, 6)], joined=True)[table, 6].cost
            == 6
        )


def test_tables_without_narrow_halves_have_none() -> None:
    rng = random.Random(0)
    tables = [(rng.getrandbits(1 << arity), arity) for arity in (2, 3, 4, 6, 6, 6)]
    assert not decompositions_of(tables)


def test_what_was_computed_is_not_computed_again() -> None:
    program = TernaryProgram(3)
    program.table(0x96, (0, 2, 4))
    program.table(0x69, (4, 0, 2))
    assert len(program) == 1


@pytest.mark.parametrize("count", range(1, 40))
def test_counters_of_every_size(count: int) -> None:
    rng = random.Random(count)
    full = (1 << 64) - 1
    inputs = [rng.getrandbits(64) for _ in range(count)]
    times = [rng.choice([1, 1, 1, 2, 3]) for _ in inputs]
    program = TernaryProgram(count)
    counter = TernaryCounter(program)
    counter.constant = count % 5
    for net, number in enumerate(times):
        counter.add(2 * net, number)
    planes = (sum(times) + 4).bit_length()
    result = counter.finish(planes)
    values = values_of(program, inputs, full)
    for sample in range(64):
        want = count % 5 + sum(number * (word >> sample & 1) for number, word in zip(times, inputs, strict=True))
        assert sum((read(bit, values, full) >> sample & 1) << w for w, bit in enumerate(result)) == want
    if max(times) == 1:
        assert len(program) <= 2 * count + planes


@pytest.mark.parametrize("width", [64, 512, *(pytest.param(width, marks=pytest.mark.slow) for width in (32, 128, 256))])
def test_both_kernels_are_the_interpreter(tmp_path: Path, width: int) -> None:
    circuit = random_circuit(40, [24, 15], 3, arity=6, seed=width)
    bits = random_inputs(40, 700, width)
    scores = interp.scores(circuit, bits)
    builds: dict[str, tuple[str, ...]] = {"one": (), "other": ("-DLGC_OTHER_KERNEL",), "native": ("-march=native",)}
    for name, flags in builds.items():
        (tmp_path / name).mkdir()
        library = Loaded(
            circuit, tmp_path / name, f"-DLGC_WORD_BITS={width}", "-O1", *flags, target=C99(prefix="t", part_size=20)
        )
        got, classes = library("bits", np.packbits(bits, axis=1, bitorder="little"))
        np.testing.assert_array_equal(got, scores)
        np.testing.assert_array_equal(classes, circuit.head.classify(scores))


def test_ternary_counts_are_the_emitted_ones_and_fewer() -> None:
    circuit = random_circuit(40, [200], 2, seed=4)
    two, three = (kernel_counts(circuit, ternary=ternary).operations for ternary in (False, True))
    program = make_program(circuit, ternary=True)
    assert three == sum(opcode not in (4,) for opcode in program.opcode)
    assert three < 0.75 * two


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_function_of_three_in_another_order(order: tuple[int, ...]) -> None:
    """All tables: the operand that was number order[k] comes as number k."""
    for table in range(256):
        other = reordered(table, order)
        for old in itertools.product((0, 1), repeat=3):
            new = [old[number] for number in order]
            assert (table >> (old[0] + 2 * old[1] + 4 * old[2]) & 1) == (
                other >> (new[0] + 2 * new[1] + 4 * new[2]) & 1
            )


@pytest.mark.parametrize(
    "operands", [(0, 2, 4), (1, 2, 5), (0, 0, 3), (2, 3, 4), (FALSE, 2, 4), (1, TRUE, 5), (0, 2, 2)]
)
def test_a_full_adder_adds(operands: tuple[int, int, int]) -> None:
    """Sum and carry of three literals, in two instructions at most.

    Of three values the carry reads the sum and the last two, so that the sum can be written over the first.
    """
    full, inputs = 0xFF, [0xAA, 0xCC, 0xF0]
    program = TernaryProgram(3)
    total, carry = program.full_adder(*operands)
    values = values_of(program, inputs, full)
    for sample in range(8):
        ones = sum(read(one, inputs, full) >> sample & 1 for one in operands)
        assert ones == (read(total, values, full) >> sample & 1) + 2 * (read(carry, values, full) >> sample & 1)
    assert len(program) <= 2
    if min(operands) >= 0 and len({one >> 1 for one in operands}) == 3:
        assert {*program.operands(carry // 2 - 3)} == {total >> 1, operands[1] >> 1, operands[2] >> 1}


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(2, 30), unique=True, max_size=6).map(tuple), max_size=60))
def test_the_order_of_a_class_has_every_output_once(reads: list[tuple[int, ...]]) -> None:
    order = near_order(dict(enumerate(reads)))
    assert sorted(order) == list(range(len(reads))) and order == near_order(dict(enumerate(reads)))


def test_the_order_of_a_class_keeps_operands_near() -> None:
    """1,000 gates over 200 words: as they come, hardly an operand is among the last ten; in this order half are."""
    rng = random.Random(4)
    reads = {output: tuple(rng.sample(range(200), 2)) for output in range(1000)}

    def known(order: list[int]) -> int:
        words = [word for output in order for word in reads[output]]
        return sum(word in words[max(0, index - 10) : index] for index, word in enumerate(words))

    assert known(list(reads)) < 200 and known(near_order(reads)) > 900


def test_many_readers_of_few_words_are_not_walked() -> None:
    """20,000 votes of a class over 20 words: each step of the walk would go through thousands of them."""
    few = {output: (output % 20, 20 + output % 7) for output in range(20_000)}
    assert takes_long(few) and not takes_long({output: few[output] for output in range(200)})


@pytest.mark.parametrize("ternary", [False, True])
@pytest.mark.parametrize("gates", [200, 30_000])
def test_votes_in_order_are_the_votes(ternary: bool, gates: int) -> None:
    """Each vote once: walked, or sorted where the walk would take long."""
    circuit = random_circuit(24, [gates], 1, seed=gates)
    planner = make_planner(circuit.netlist, ternary=ternary)
    votes = [Vote((net,)) for net in range(circuit.netlist.first_node, circuit.netlist.num_nets)]
    order = planner.order(votes)
    assert order != votes and sorted(order, key=lambda vote: vote.operands) == votes


@pytest.mark.parametrize("arity", [4, 5, 6])
def test_an_operand_that_is_done_is_written_over(arity: int) -> None:
    """The last operand of a function is overwritten: it is needed later only if the two others are, too."""
    text = to_bytes(C99(), random_circuit(40, [200], 4, arity=arity, seed=arity)).decode()
    kernel = text[text.index("#if LGC_TERNARY\n") : text.index("#else\n", text.index("#if LGC_TERNARY\n"))]
    seen = 0
    for function in kernel.split("static void ")[1:]:
        lines = function.splitlines()
        for number, line in enumerate(lines):
            found = re.search(r"TERNARY\(([^,]*), ([^,]*), ([^,]*), 0x", line)
            rest = set(re.findall(r"\b[iv]\d+(?:_\d+)?\b", "\n".join(lines[number + 1 :])))
            if found and found[3] in rest:
                assert found[1] in rest and found[2] in rest
                seen += 1
    assert seen > 20


def test_what_is_read_again_soon_is_loaded_once() -> None:
    """No input is read from memory twice within the reach."""
    circuit = random_circuit(40, [300], 3, arity=5, seed=9)
    text = to_bytes(C99(), circuit).decode()
    kernel = text[text.index("#if LGC_TERNARY\n") : text.index("#else\n", text.index("#if LGC_TERNARY\n"))]
    for function in kernel.split("static void ")[1:]:
        last: dict[str, int] = {}
        count = 0
        for line in function.splitlines():
            for word in set(re.findall(r"x\[(\d+)\*V\]", line)):
                assert count - last.get(word, -1000) > REACH
                last[word] = count
            count += "const word v" in line or "p[" in line
    assert kernel.count("HOLD(") > 50


def test_a_gate_of_two_classes_is_computed_twice(tmp_path: Path) -> None:
    """To store a word costs more. Both classes count the same gates, so that their scores are equal."""
    one = random_circuit(6, [9], 1, seed=3)
    netlist = replace(one.netlist, outputs=np.tile(one.netlist.outputs, 2))
    circuit = Circuit("shared", one.encoder, netlist, Head.equal_groups(18, ("a", "b"), tau=1.0))
    program = make_program(circuit, ternary=True)
    keys = list(zip(program.opcode, program.left, program.right, program.third, strict=True))
    assert len(keys) > len(set(keys))
    bits = np.array(list(itertools.product((0, 1), repeat=6)), np.uint8)
    scores, _ = Loaded(circuit, tmp_path, "-O1", "-march=native")("bools", bits)
    np.testing.assert_array_equal(scores, interp.scores(circuit, bits.astype(np.bool_)))


def test_an_instruction_that_stands_twice_is_kept_twice() -> None:
    """Taking out what nobody needs moves the others, and does not make one of two that are equal on purpose."""
    program = TernaryProgram(3)
    first = program.append(OR, 0, 1)
    program.append(AND, 0, 2)  # not needed
    program.forget_inputs()
    again = program.append(OR, 0, 1)
    last = program.append(XOR, again, 2)
    assert again != first
    program.store(2 * first, 0)
    program.store(2 * last, 1)
    kept = program.pruned()
    assert kept.opcode == [OR, OR, XOR, STORE, STORE] and kept.left[3:] == [2 * 3, 2 * 5]
    assert (kept.left[2], kept.right[2]) == (4, 2)
