"""Tables of OpenML, without a network: answers in the form that its server gives them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import urllib.error
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lgc.data import TableOptions, read_table
from lgc.errors import InputError

pytest.importorskip("sklearn")

ARFF = """@RELATION shapes
@ATTRIBUTE size REAL
@ATTRIBUTE colour {red,green}
@ATTRIBUTE edges INTEGER
@ATTRIBUTE kind {round,square}
@DATA
1.5,red,0,round
2.5,green,4,square
0.25,red,4,square
3.0,?,0,round
"""


def feature(index: int, name: str, kind: str, *, target: bool = False) -> dict[str, str]:
    flags = {"is_target": str(target).lower(), "is_ignore": "false", "is_row_identifier": "false"}
    return {"index": str(index), "name": name, "data_type": kind, "number_of_missing_values": "0", **flags}


def answers() -> dict[str, bytes]:
    """Address to answer."""
    description = {
        "id": "77", "name": "shapes", "version": "1", "format": "ARFF", "status": "active", "file_id": "9",
        "url": "https://www.openml.org/data/v1/download/9/shapes.arff", "default_target_attribute": "kind",
        "md5_checksum": hashlib.md5(ARFF.encode()).hexdigest(), "description": "Shapes.",
    }  # fmt: skip
    features = [
        feature(0, "size", "numeric"), feature(1, "colour", "nominal"), feature(2, "edges", "numeric"),
        feature(3, "kind", "nominal", target=True),
    ]  # fmt: skip
    listed = {"data": {"dataset": [{"did": 77, "name": "shapes", "version": 1, "status": "active"}]}}
    api = "https://www.openml.org/api/v1/json/data"
    return {
        f"{api}/list/data_name/shapes/limit/2/data_version/1": json.dumps(listed).encode(),
        f"{api}/77": json.dumps({"data_set_description": description}).encode(),
        f"{api}/features/77": json.dumps({"data_features": {"feature": features}}).encode(),
        f"{api}/qualities/77": json.dumps({"data_qualities": {"quality": []}}).encode(),
        "https://www.openml.org/data/v1/download/9/shapes.arff": ARFF.encode(),
    }


class Answer(io.BytesIO):
    """What urlopen returns."""

    def __init__(self, content: bytes) -> None:
        super().__init__(gzip.compress(content))

    def info(self) -> dict[str, str]:
        return {"Content-Encoding": "gzip"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The addresses that were asked for; others than the recorded ones are not found."""
    known, asked = answers(), []

    def urlopen(request: Any, *_: Any, **__: Any) -> Answer:
        address = request.full_url if hasattr(request, "full_url") else request
        asked.append(address)
        if address not in known:
            raise urllib.error.HTTPError(address, 412, "no such data set", {}, None)  # type: ignore[arg-type]
        return Answer(known[address])

    monkeypatch.setattr("sklearn.datasets._openml.urlopen", urlopen)
    monkeypatch.setenv("LGC_CACHE", str(tmp_path / "cache"))
    return asked


@pytest.mark.parametrize("source", ["openml:shapes", "openml:shapes@1", "openml:77"])
def test_a_table(source: str, server: list[str]) -> None:
    table = read_table(source)
    assert [(one.name, one.words) for one in table.columns] == [
        ("size", ()), ("colour", ("green", "red")), ("edges", ()),
    ]  # fmt: skip
    np.testing.assert_array_equal(table.rows[:3], [[1.5, 1, 0], [2.5, 0, 4], [0.25, 1, 4]])
    assert table.labels is not None and table.labels.tolist() == ["round", "square", "square", "round"]
    assert any("openml:77" in note for note in table.notes)


def test_what_was_fetched_is_kept(server: list[str]) -> None:
    read_table("openml:77")
    count = len(server)
    read_table("openml:77")
    assert len(server) == count


def test_another_label(server: list[str]) -> None:
    table = read_table("openml:77", TableOptions(label="colour", missing="drop"))
    assert [one.name for one in table.columns] == ["size", "edges", "kind"]
    assert table.labels is not None and table.labels.tolist() == ["red", "green", "red"]


@pytest.mark.parametrize("source", ["openml:nothing", "openml:78"])
def test_what_is_not_there(source: str, server: list[str]) -> None:
    with pytest.raises(InputError, match=source) as error:
        read_table(source)
    assert error.value.hint


def test_no_network(server: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("sklearn.datasets._openml.urlopen", refuse)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(InputError, match=r"cannot be fetched .*no route.*CSV"):
        read_table("openml:77")


@pytest.mark.parametrize("source", ["openml:", "openml:../x", "openml:a/b"])
def test_names_of_nothing(source: str) -> None:
    with pytest.raises(InputError, match="names no data set"):
        read_table(source)
