"""The pickle machine against pickle itself, on plain values of every protocol that it reads."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgc.frontend.containers.unpickle import load_pickle

keys = st.one_of(st.text(max_size=5), st.integers(-5, 5))
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=300)
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4), st.tuples(inner), st.tuples(inner, inner)
    ),
    max_leaves=12,
)


def load(data: bytes) -> Any:
    return load_pickle(io.BytesIO(data), lambda _: None, lambda *_: None)


def plain(value: Any) -> Any:
    """As pickle gives it, tuples as lists: the machine makes no difference that an importer sees."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return {key: plain(one) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@given(value=values, twice=st.booleans())
def test_plain_values_are_what_pickle_makes_of_them(protocol: int, value: Any, twice: bool) -> None:
    """A value that stands in two places is written once, and read back by its number."""
    data = pickle.dumps([value, "name", {"name": value}] if twice else value, protocol=protocol)
    assert plain(load(data)) == plain(pickle.loads(data))
