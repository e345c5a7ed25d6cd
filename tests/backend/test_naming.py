"""Names: nothing that a model calls itself can break, or hide in, an emitted file."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgc.ir.naming import comment, identifier, labels, unique

HOSTILE = [
    "",
    " ",
    "a\nb",
    "`define x",
    "*/ endmodule",
    'say "hi"',
    "back\\slash",
    "é\u2028😀",
    "\x00",
    "\r",
    "${HOME}",
]


@given(st.text())
def test_identifier_is_always_a_plain_word(text: str) -> None:
    name = identifier(text)
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)
    assert len(name) <= 70


@pytest.mark.parametrize(
    "word", ["module", "Module", "endmodule", "always_comb", "bit", "a", "x", "clk", "votes", "lut3", "count0", "head"]
)
def test_identifier_avoids_keywords_and_what_lgc_emits_itself(word: str) -> None:
    assert identifier(word) == f"{word}_"


def test_identifier_cannot_be_an_instance_name() -> None:
    assert identifier("u_layer1") == "net_u_layer1"


@pytest.mark.parametrize("word", ["layer1", "conv_2", "mnist8k", "Residual"])
def test_identifier_keeps_a_good_name(word: str) -> None:
    assert identifier(word) == word


@given(st.text())
def test_comment_stays_on_its_line_and_holds_no_directive(text: str) -> None:
    safe = comment(text)
    assert safe.isascii() and (not safe or safe.isprintable())
    assert not set(safe) & set("`\\\n\r")
    assert len(safe) <= 200


@given(st.lists(st.one_of(st.text(max_size=5), st.sampled_from([*HOSTILE, "layer1", "a"]))))
def test_labels_are_different_safe_and_never_begin_with_a_tools_word(names: list[str]) -> None:
    made = labels(names)
    assert len(set(made)) == len(names)
    for name, label in zip(names, made, strict=True):
        assert label and label.isascii() and label.isprintable() and not set(label) & set("`\\")
        # A tool's directive is its name, a blank and a command: a name with a blank is quoted.
        assert " " not in label or label.startswith('"')
        assert label == name or label.startswith(('"', f"{name}_"))


def test_labels_keep_plain_names() -> None:
    assert labels(["layer1", "block/conv.2"]) == ["layer1", "block/conv.2"]


def test_unique_numbers_repeated_and_taken_names() -> None:
    assert unique(["a", "b", "a", "a_2", "a"]) == ["a", "b", "a_2", "a_2_2", "a_3"]
    assert unique(["top", "x"], taken=["top"]) == ["top_2", "x"]


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "b"])))
def test_unique_names_are_unique_and_extend_the_given_one(names: list[str]) -> None:
    made = unique(names)
    assert len(set(made)) == len(made)
    assert all(new.startswith(old) for new, old in zip(made, names, strict=True))


def test_unique_is_linear() -> None:
    # A deep netlist without origins has a stage a level, all of one name; a search from 2 each time would take minutes.
    start = time.process_time()
    assert unique(["logic"] * 100_000)[-1] == "logic_100000"
    assert time.process_time() - start < 5
