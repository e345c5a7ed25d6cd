"""`.lgn`: printed, parsed and printed again it is the same, byte for byte; hostile text is an error."""

from __future__ import annotations

import io
import math
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import circuits, names, random_circuit

from lgc.errors import NetlistError
from lgc.ir import GATES, Builder, Circuit, Encoder, Head, parse_text, to_text, write_lgn
from lgc.ir.text import number, quote

SMALL = """\
lgn 1
circuit "small"
features 2 thresholds 1
threshold 0 0.25
threshold 1 -1
inputs 2
layers "layer1"
n4 = xor n2 n3 @0:0
n5 = lut3 0x96 n2 n3 n4 @0:1
n6 = const1
n7 = not n5
outputs 4
out n4 n7 n6 n4
head tau 12 tie first
class "zero" 2 bias 0
class "one" 2 bias -3
meta "model_digest" "abc"
end
"""


def parsed_equals(one: Circuit, other: Circuit) -> None:
    """All fields, not only those in the digest."""
    assert one.digest() == other.digest()
    assert (one.name, dict(one.metadata)) == (other.name, dict(other.metadata))
    assert (one.head.tau, one.head.tie, one.head.classes) == (other.head.tau, other.head.tie, other.head.classes)
    assert one.netlist.origins.names == other.netlist.origins.names
    for net in range(one.netlist.num_nets):
        assert one.netlist.label(net) == other.netlist.label(net)


@given(circuits())
def test_round_trip_keeps_every_byte_and_every_field(circuit: Circuit) -> None:
    text = to_text(circuit)
    again = parse_text(text)
    assert to_text(again) == text
    parsed_equals(again, circuit)


def test_the_small_example_is_canonical() -> None:
    assert to_text(parse_text(SMALL)) == SMALL


def test_golden_text(golden) -> None:
    """The format is a promise to files on other people's disks: a change must be seen, and bump the version."""
    builder = Builder(4)
    handles = builder.layer("layer1", 16)
    nets = [builder.gate(gate.name, 2 + gate.id % 4, 2 + gate.id // 4, handles[gate.id]) for gate in GATES]
    tables = [(0, ()), (1, ()), (0, (2,)), (1, (2,)), (2, (2,)), (3, (2,)), (0x96, (2, 3, 4)), (0x1234, (2, 3, 4, 5))]
    nets += [builder.add(table, operands) for table, operands in tables]
    nets += [builder.add(0x8000_0001, (2, 3, 4, 5, 6)), builder.add(1 << 63, (2, 3, 4, 5, 6, 7))]
    encoder = Encoder(2, np.array([[-0.0, 0.1], [-1.5e-7, 3e20]]))
    head = Head([0, 3, 3, 26], [0, -1, 7], ("zero", 'tab\t "quoted" \\ é', ""), 0.1, "last")
    circuit = Circuit("golden 😀", encoder, builder.build(nets), head, {"b": "2", "a": "one\nline"})
    golden("ir/all.lgn", to_text(circuit))
    parsed_equals(parse_text(to_text(circuit)), circuit)


def test_text_is_ascii_of_one_line_a_statement() -> None:
    circuit = replace(parse_text(SMALL), name="é\n\u2028\r\x00\ud800", metadata={"\n": "\x85"})
    text = to_text(circuit)
    assert text.isascii()
    assert len(text.split("\n")) == len(text.splitlines()) + 1 == len(SMALL.splitlines()) + 1
    parsed_equals(parse_text(text), circuit)


def test_write_text_writes_to_text() -> None:
    stream = io.StringIO()
    write_lgn(parse_text(SMALL), stream)
    assert stream.getvalue() == SMALL


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(-0.0)
@example(1e15)
@example(999999999999999.0)
@example(5e-324)
def test_number_reads_back_to_the_same_float(value: float) -> None:
    text = number(value)
    assert float(text) == value
    assert math.copysign(1, float(text)) == math.copysign(1, value)
    assert len(text) <= len(repr(value))


@given(names)
def test_quoted_names_are_one_ascii_token(name: str) -> None:
    assert quote(name).isascii()
    assert "\n" not in quote(name)


def test_comments_blanks_and_line_ends_are_free() -> None:
    loose = SMALL.replace("\n", "   # a comment with \"quotes\" and 'more'\r\n\n").replace(
        "n4 = xor n2 n3", "n4 = xor\tn2  n3"
    )
    loose = "# before\n" + loose.replace("@0:1 ", "@0:1#") + "# after"
    assert to_text(parse_text(loose)) == SMALL


def test_a_comment_may_touch_the_last_token() -> None:
    """Also on lines with quoted strings."""
    assert to_text(parse_text(SMALL.replace("bias 0", "bias 0#x").replace('"layer1"', '"layer1"#x'))) == SMALL


def test_a_number_sign_in_a_string_is_no_comment() -> None:
    text = SMALL.replace('"zero"', '"#0"')
    assert parse_text(text).head.classes == ("#0", "one")


def test_luts_that_are_gates_print_as_gates() -> None:
    assert to_text(parse_text(SMALL.replace("xor", "lut2 0x6").replace("const1", "lut0 0x1"))) == SMALL


def test_truncation_at_every_line_and_every_byte_is_noticed() -> None:
    lines = SMALL.splitlines(keepends=True)
    for count in range(len(lines)):
        with pytest.raises(NetlistError):
            parse_text("".join(lines[:count]))
    for count in range(len(SMALL) - 1):
        with pytest.raises(NetlistError):
            parse_text(SMALL[:count])


def test_a_missing_line_is_noticed() -> None:
    """Every statement is needed, except the metadata."""
    lines = SMALL.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if not line.startswith("meta"):
            with pytest.raises(NetlistError):
                parse_text("".join(lines[:index] + lines[index + 1 :]))


# What to replace in SMALL, by what, the line of the error, and a part of its message.
ERRORS = {
    "format": ("lgn 1", "lgn 2", 1, "first line is not 'lgn 1'"),
    "no format": ("lgn 1\n", "", 1, "first line is not 'lgn 1'"),
    "name": ('circuit "small"', "circuit small", 2, "quoted string"),
    "name is a number": ('circuit "small"', "circuit 12", 2, "quoted string"),
    "name is open": ('circuit "small"', 'circuit "small', 2, "quote"),
    "two names": ('circuit "small"', 'circuit "a" "b"', 2, "takes 1 operands, found 2"),
    "names without a blank": ('circuit "small"', 'circuit "a""b"', 2, "quote"),
    "stray quote": ("xor n2 n3", 'xor n2 "n3', 8, "quote"),
    "quote in a token": ("xor n2 n3", 'xor n2" n3', 8, "quote"),
    "features": ("features 2 thresholds 1", "features 2", 3, "expected 'features F binary'"),
    "features not a number": ("features 2 ", "features two ", 3, "features is 'two'"),
    "negative features": ("features 2 ", "features -2 ", 3, "features is '-2'"),
    "threshold order": ("threshold 0 ", "threshold 1 ", 4, "expected the thresholds of feature 0"),
    "threshold count": ("threshold 0 0.25", "threshold 0 0.25 1", 4, "takes 2 operands"),
    "threshold text": ("0.25", "quarter", 4, "'quarter' is no number"),
    "threshold with underscore": ("0.25", "1_0", 4, "'1_0' is no number"),
    "threshold in other digits": ("0.25", "\u0661", 4, "is no number"),
    "threshold NaN": ("0.25", "nan", 4, "'nan' is no number"),
    "threshold infinite": ("0.25", "1e999", None, "NaN or infinite"),
    "inputs": ("inputs 2", "inputs 3", 8, "expected the definition of n5"),
    "inputs in other digits": ("inputs 2", "inputs \u0662", 6, "is no whole number"),
    "layers": ('layers "layer1"', "layers layer1", 7, "quoted string"),
    "node order": ("n4 =", "n5 =", 8, "expected the definition of n4"),
    "unknown gate": ("xor", "xxor", 8, "unknown operation 'xxor'"),
    "gate operands": ("xor n2 n3", "xor n2", 8, "'xor' takes 2 operands, found 1"),
    "forward operand": ("xor n2 n3", "xor n2 n4", 8, "net n4 is not defined"),
    "operand is no net": ("xor n2 n3", "xor n2 3", 8, "expected a net"),
    "operand in other digits": ("xor n2 n3", "xor n2 n\u0663", 8, "expected a net"),
    "LUT arity": ("lut3 0x96 n2 n3 n4", "lut7 0x96 n2 n3 n4", 9, "arity 7"),
    "LUT arity in other digits": ("lut3", "lut\u00b3", 9, "unknown operation"),
    "LUT without table": ("lut3 0x96 n2 n3 n4", "lut3", 9, "unknown operation"),
    "LUT table too wide": ("0x96", "0x100", 9, "truth table of 8 bits"),
    "LUT table without 0x": ("0x96", "96", 9, "truth table of 8 bits"),
    "LUT operands": ("0x96 n2 n3 n4", "0x96 n2 n3", 9, "takes 3 operands, found 2"),
    "place": ("@0:1", "@01", 9, "no place"),
    "place layer": ("@0:1", "@x:1", 9, "the layer is 'x'"),
    "unknown layer": ("@0:1", "@1:1", None, "layer that does not exist"),
    "outputs announced": ("outputs 4", "outputs 3", 14, "3 outputs are announced, 4 are listed"),
    "output is no net": ("out n4", "out n8", 13, "net n8 is not defined"),
    "tau text": ("tau 12", "tau big", 14, "'big' is no number"),
    "tau zero": ("tau 12", "tau 0", None, "tau is 0"),
    "tie": ("tie first", "tie any", 14, "unknown tie rule 'any'"),
    "head": ("head tau 12", "head 12 tau", 14, "expected 'head tau T tie RULE'"),
    "class": ('"zero" 2 bias 0', '"zero" 2 0 bias', 15, "expected 'class NAME SIZE bias B'"),
    "class size": ('"zero" 2', '"zero" 1', 17, "groups hold 3 outputs, but there are 4"),
    "bias": ("bias -3", "bias --3", 16, "the bias is"),
    "meta": ('meta "model_digest" "abc"', 'meta "model_digest"', 17, "takes 2 operands"),
    "repeated meta": ('meta "model_digest" "abc"', 'meta "a" "b"\nmeta "a" "c"', 18, "repeated"),
    "end": ("end\n", "end 1\n", 18, "takes 0 operands"),
    "after end": ("end\n", "end\nend\n", 19, "text after 'end'"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_name_the_source_the_line_and_the_reason(case: str) -> None:
    old, new, line, message = ERRORS[case]
    assert SMALL.count(old) >= 1
    with pytest.raises(NetlistError) as caught:
        parse_text(SMALL.replace(old, new, 1), "some/file.lgn")
    assert caught.value.where == (f"some/file.lgn:{line}" if line else "some/file.lgn")
    assert message in caught.value.message


def test_long_tokens_are_shortened_in_messages() -> None:
    with pytest.raises(NetlistError) as caught:
        parse_text(SMALL.replace("xor", "x" * 10_000))
    assert len(str(caught.value)) < 300


# fmt: off
TOKENS = [
    "n0", "n4", "n99", "n-1", "=", "lut", "lut6", "lut\u00b2", "0x", "0xffff", "@", "@0:", "@9:9", '"', '"a"', '\\"',
    "#", "end", "out", "class", "meta", "bias", "-1", "9" * 30, "1e309", "nan", "\u0661", "\ud800", "\x00", "\x0c", "{",
    "[" * 2000, "\n", " ", "\t", "\r", "\u2028", "const0", "not", "first",
]
# fmt: on


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    """A valid text with pieces cut out, doubled, swapped or replaced."""
    pieces = draw(st.sampled_from([SMALL, to_text(random_circuit(3, [3, 4], 2))])).replace("\n", " \n ").split(" ")
    for _ in range(draw(st.integers(1, 4))):
        at, other = (draw(st.integers(0, len(pieces) - 1)) for _ in range(2))
        match draw(st.integers(0, 4)):
            case 0:
                pieces[at] = draw(st.one_of(st.sampled_from(TOKENS), st.text(max_size=5)))
            case 1:
                pieces.insert(at, draw(st.sampled_from(TOKENS)))
            case 2 if len(pieces) > 1:
                del pieces[at]
            case 3:
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case _:
                pieces[at] += pieces[other]
    return " ".join(pieces)


@given(_mutated())
@settings(max_examples=400)
def test_mutated_text_is_a_circuit_or_a_netlist_error(text: str) -> None:
    """Never another exception; and what parses survives a round trip."""
    try:
        circuit = parse_text(text)
    except NetlistError as error:
        assert error.where
        return
    assert to_text(parse_text(to_text(circuit))) == to_text(circuit)


@given(st.one_of(st.text(), st.binary().map(lambda data: data.decode("latin-1"))))
def test_any_text_is_a_netlist_error(text: str) -> None:
    with pytest.raises(NetlistError):
        parse_text(text)


@pytest.mark.parametrize("token", ["[" * 200_000, "{" * 200_000, "9" * 200_000, "-" * 200_000], ids=lambda t: t[0])
def test_deep_or_long_json_is_a_netlist_error(token: str) -> None:
    """json.loads recurses over brackets."""
    with pytest.raises(NetlistError, match="quoted string"):
        parse_text(SMALL.replace('"small"', token))


HUGE = {
    "inputs": ("inputs 2", "inputs 67108864"),
    "more inputs than allowed": ("inputs 2", "inputs 2147483647"),
    "features": ("features 2 thresholds 1", "features 67108864 thresholds 1"),
    "binary features": ("features 2 thresholds 1\nthreshold 0 0.25\nthreshold 1 -1", "features 67108864 binary"),
    "thresholds": ("thresholds 1", "thresholds 67108864"),
    "no features of many thresholds": ("features 2 thresholds 1\nthreshold 0 0.25\nthreshold 1 -1",
                                       "features 0 thresholds 67108864"),
    "outputs": ("outputs 4", "outputs 2147483647"),
    "class size": ('"zero" 2', '"zero" 2147483647'),
    "neuron": ("@0:1", "@2147483648:1"),
    "layer": ("@0:1", "@2147483647:1"),
    "threshold": ("0.25", "1" + "0" * 5000),
}  # fmt: skip


@pytest.mark.parametrize("case", HUGE)
def test_huge_numbers_allocate_nothing(case: str) -> None:
    text = SMALL.replace(*HUGE[case])
    tracemalloc.start()
    with pytest.raises(NetlistError):
        parse_text(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_a_wide_valid_header_allocates_nothing() -> None:
    """Even where the numbers agree with each other."""
    text = 'lgn 1\ncircuit ""\nfeatures 4194304 binary\ninputs 4194304\nlayers\noutputs 0\n' \
           'head tau 1 tie first\nclass "" 0 bias 0\nend\n'  # fmt: skip
    tracemalloc.start()
    parse_text(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("piece", ['\\"', '"', '" ', 'a"', '"\\', "\\", " ", "#", '"a" '])
def test_a_hostile_line_takes_linear_time(piece: str) -> None:
    """A megabyte of quotes: a backtracking tokeniser would take hours."""
    start = time.process_time()
    with pytest.raises(NetlistError):
        parse_text(SMALL.replace('"small"', '"' + piece * (1_000_000 // len(piece))))
    assert time.process_time() - start < 5


def test_a_long_file_parses_in_linear_time() -> None:
    text = to_text(random_circuit(100, [20_000] * 2, 2))
    start = time.process_time()
    assert parse_text(text).netlist.num_nodes == 40_000
    assert time.process_time() - start < 5
