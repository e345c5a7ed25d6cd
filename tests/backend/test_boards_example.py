"""The host's side of the UART protocol, against a board that is a few lines of Python."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from lgc.backend.base import write
from lgc.backend.manifest import read_manifest
from lgc.backend.verilog import Verilog
from lgc.errors import InputError, NotCheckedError
from lgc.ir import Builder, Circuit, Column, Encoder, Head, Inputs, interp
from lgc.ir.inputs import LABELS, METADATA
from lgc.mapping.encoder import codes_of, infer_code, lower_encoder

SCRIPT = Path(__file__).parents[2] / "examples" / "boards" / "classify.py"


@pytest.fixture(scope="module")
def classify() -> ModuleType:
    spec = importlib.util.spec_from_file_location("classify_example", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def circuit(width: int) -> Circuit:
    encoder = Encoder(6, np.full((6, 2), [[3.5, 40.5]]) if width else None)
    builder = Builder(encoder.num_bits)
    nets = [builder.add(6 + k, (2 + k % encoder.num_bits, 2 + (k + 1) % encoder.num_bits)) for k in range(8)]
    head = Head.equal_groups(8, ("a", "b", "c", "d"), bias=np.array([-3, 0, 1, -1]))
    one = Circuit("net", encoder, builder.build(nets), head)
    return lower_encoder(one, infer_code(encoder, width, 1.0)) if width else one


class Board:
    """Answers by docs/interfaces.md; ``lose`` answers are lost on the line."""

    def __init__(self, one: Circuit, width: int, outputs: str, lose: int = 0) -> None:
        self.circuit, self.width, self.outputs, self.lose, self.waiting = one, width, outputs, lose, b""

    def write(self, data: bytes) -> None:
        if self.width:
            items = np.frombuffer(data, "<u2" if self.width > 8 else "u1").astype(np.int64)
            bits = ((items[:, None] >> np.arange(self.width)) & 1).reshape(1, -1).astype(np.bool_)
        else:
            bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:6].astype(np.bool_)[None]
        scores = interp.scores(self.circuit, bits)
        reply = bytes(self.circuit.head.classify(scores).tolist()) if self.outputs != "scores" else b""
        reply += scores.astype("i1").tobytes() if self.outputs != "class" else b""
        self.waiting = reply[: 0 if self.lose > 0 else None]
        self.lose -= 1

    def read(self, size: int) -> bytes:
        found, self.waiting = self.waiting[:size], self.waiting[size:]
        return found

    def reset_input_buffer(self) -> None:
        self.waiting = b""


@pytest.mark.parametrize("width", [0, 8, 12])
@pytest.mark.parametrize("outputs", ["class", "scores", "both"])
def test_the_host_and_a_board(classify: ModuleType, tmp_path: Path, width: int, outputs: str) -> None:
    one = circuit(width)
    write(Verilog(top="net", interface="uart", outputs=outputs), one, tmp_path / "net.v")
    manifest = read_manifest(tmp_path / "net.json")
    rng = np.random.default_rng(0)
    samples = rng.integers(0, (1 << width) if width else 2, (20, 6))
    scores = interp.scores(one, one.encoder.encode(samples))
    labels = one.head.classify(scores)
    images = classify.payloads(manifest, samples)
    assert classify.run(classify.BoardClient(Board(one, width, outputs), manifest), images, labels) == (20, 20)
    answer = classify.BoardClient(Board(one, width, outputs), manifest).classify(images[0])
    assert answer.scores == (() if outputs == "class" else tuple(scores[0].tolist()))


def test_lost_answers(classify: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = circuit(0)
    write(Verilog(top="net", interface="uart"), one, tmp_path / "net.v")
    manifest = read_manifest(tmp_path / "net.json")
    monkeypatch.setattr(classify, "SILENCE", 0.0)
    assert classify.BoardClient(Board(one, 0, "both", lose=2), manifest).classify(b"\x15").class_id is not None
    with pytest.raises(NotCheckedError, match="3 times"):
        classify.BoardClient(Board(one, 0, "both", lose=3), manifest).classify(b"\x15")
    with pytest.raises(InputError, match="2 bytes, not 1"):
        classify.BoardClient(Board(one, 0, "both"), manifest).classify(b"\x15\x00")


def test_what_cannot_be_sent_is_refused(
    classify: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(Verilog(top="net", interface="uart"), circuit(8), tmp_path / "net.v")
    manifest = read_manifest(tmp_path / "net.json")
    with pytest.raises(InputError, match="packed bits"):
        classify.payloads(manifest, np.zeros((1, 1), np.uint8), 6)
    with pytest.raises(InputError, match="not the value of a code"):
        classify.payloads(manifest, np.full((1, 6), 0.5))
    np.savez(tmp_path / "data.npz", X=np.full((1, 6), 300.0))
    arguments = [str(tmp_path / "net.json"), "--port", "none", "--data", str(tmp_path / "data.npz")]
    assert classify.main(arguments) == 2 and "not the value of a code" in capsys.readouterr().err
    text = json.loads((tmp_path / "net.json").read_text())
    del text["interface"]
    (tmp_path / "net.json").write_text(json.dumps(text))
    assert classify.main(arguments) == 2 and "no UART" in capsys.readouterr().err


def test_rows_of_a_table_go_to_the_board_as_the_manifest_says(classify: ModuleType, tmp_path: Path) -> None:
    """Raw numbers, words and bits of a CSV file, whose columns stand in another order."""
    inputs = Inputs(
        (
            Column("size", "number", 0.0, 100.0, 10.0, 3.0, 10),
            Column("colour", "category", words=("red", "blue")),
            Column("on", "bit"),
        )
    )
    builder = Builder(8)
    nets = [builder.add(6 + k % 3, (2 + k % 8, 2 + (k + 3) % 8)) for k in range(8)]
    head = Head.equal_groups(8, ("no", "yes"))
    metadata = {METADATA: inputs.to_text(), LABELS: json.dumps(["no", "yes"])}
    one = Circuit("t", Encoder(4, np.array([[3.5, 400.0]] + [[0.5, 0.5]] * 3)), builder.build(nets), head, metadata)
    lowered = lower_encoder(one, codes_of(one))
    write(Verilog(interface="uart"), lowered, tmp_path / "t.v")
    manifest = read_manifest(tmp_path / "t.json")
    rows = [("red", 5.04, 1, "yes"), ("green", 99.96, 0, "no"), ("blue", 0.0, 1, "yes")]
    lines = ["colour,size,on,class", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    np.savez(tmp_path / "t.npz", X=np.array([[5.04, 0, 1], [99.96, 2, 0], [0.0, 1, 1]]), y=["yes", "no", "yes"])
    for name, label in (("t.npz", None), ("t.csv", "class")):
        samples, labels, num_bits = classify._data(str(tmp_path / name), manifest, label)
        codes = [np.frombuffer(one, "<u2").tolist() for one in classify.payloads(manifest, samples, num_bits)]
        assert codes == [[53, 0, 1], [1003, 2, 0], [3, 1, 1]] and labels.tolist() == [1, 0, 1]
    features = inputs.features(np.array([[5.04, 0, 1], [99.96, 2, 0], [0.0, 1, 1]]))
    port = codes_of(one).bits(np.array(codes))
    np.testing.assert_array_equal(interp.scores(lowered, port), interp.scores(one, one.encoder.encode(features)))
