"""Training for a part: what it decides, what beats it, and what it costs there."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import lgc
from lgc.cli import cli
from lgc.driver.train import TrainRequest
from lgc.errors import OptionError
from lgc.ir import Column, Encoder, Inputs
from lgc.mapping.encoder import port_levels
from lgc.parts.part import find_part
from lgc.progress import Silence
from lgc.train import TrainConfig, load_dataset
from lgc.train.data import Dataset
from lgc.train.defaults import settled
from lgc.train.parallel import ProcessGroup
from lgc.train.price import need_logic, price_of
from lgc.train.thresholds import make_encoder
from lgc.train.trainer import Run, train
from lgc.train.wiring import TopK

SMALL = TrainConfig("digits", gates=60, epochs=3, batch=128, wiring=("topk:8",), redraw=2, for_part="xc7-a35t")


class Notes(Silence):
    """Keeps what is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def images() -> Dataset:
    pixels = np.zeros((20, 4), np.uint8)
    return Dataset("m", pixels, np.zeros(20, np.int64), pixels, np.zeros(20, np.int64), ("a", "b"), (2, 2), 255)


def choice(data: Dataset, **given: Any) -> TrainConfig:
    return settled(TrainConfig("x", **given), data, data.train_y, 500).config


@pytest.mark.parametrize(("part", "name", "arity"), [("a35t", "xc7-a35t", 6), ("ecp5-25k", "ecp5-25k", 4),
                                                     ("up5k", "ice40-up5k", 4), ("asic", "asic", 6)])  # fmt: skip
def test_a_part_decides_arity_and_thresholds(part: str, name: str, arity: int) -> None:
    found = choice(images(), for_part=part)
    assert (found.for_part, found.arity, found.parametrisation) == (name, arity, "tables")
    assert (found.thresholds, found.gates, found.wiring, found.redraw) == ("uniform:1", 2000, ("topk:32",), 24)


def test_what_is_given_beats_the_part() -> None:
    found = choice(images(), for_part="a35t", arity=4, thresholds=(0.25,), wiring=("dense",), gates=10)
    assert (found.arity, found.thresholds, found.wiring, found.gates) == (4, (0.25,), ("dense",), 10)
    found = choice(images(), for_part="a35t", parametrisation="gates")
    assert (found.arity, found.parametrisation, found.gates, found.redraw) == (2, "gates", 8000, 0)
    assert choice(images()).parametrisation == "gates" and choice(images()).arity == 2


def test_a_part_that_is_none_is_guessed_at() -> None:
    with pytest.raises(OptionError, match=r"there is no part 'xc7-a35'.*Did you mean xc7-a35t"):
        TrainConfig("digits", for_part="xc7-a35")
    with pytest.raises(OptionError, match=r"arity is 1.*2 to 6"):
        TrainConfig("digits", arity=1)


@pytest.mark.parametrize(("preset", "gates"), [("mnist-lut-1k", 1000), ("mnist-8k", 2000), ("cifar-64k", 16000)])
def test_a_preset_for_a_part(preset: str, gates: int) -> None:
    """Its own arity gives way, gates become a quarter as many tables, and the rest stays, as flags do."""
    plain = TrainRequest(preset=preset).train_config()
    asked = TrainRequest(preset=preset, settings={"for_part": "ecp5-85k", "lr": 0.01})
    found = asked.train_config()
    assert (found.arity, found.parametrisation, found.gates, found.lr) == (4, "tables", gates, 0.01)
    assert (found.epochs, found.augment, found.thresholds) == (plain.epochs, plain.augment, plain.thresholds)
    if plain.parametrisation == "tables":
        assert (found.wiring, found.tau) == (plain.wiring, plain.tau)
    given = {"for_part": "ecp5-85k", "arity": 3, "gates": 500}
    assert TrainRequest(preset=preset, settings=given).train_config().gates == 500
    assert TrainRequest(preset=preset, settings=given).train_config().arity == 3


def test_a_file_names_a_part(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("for-part = 'lut4'\n")
    assert TrainRequest(preset="mnist-fast", config=tmp_path / "run.toml").train_config().arity == 4


def test_the_price_is_that_of_the_estimate(tmp_path: Path) -> None:
    """In the progress, in the log, in the checkpoint; and the choice stands there, too."""
    notes = Notes()
    config = replace(SMALL, output=tmp_path / "m.pt", log=tmp_path / "m.jsonl")
    model = train(config, progress=notes)
    record = model.training
    assert record["hyperparameters"]["for_part"] == "xc7-a35t" and record["hyperparameters"]["arity"] == 6
    assert "--for xc7-a35t: --parametrisation tables --arity 6 --threshold rounded:4" in notes.lines
    estimated = lgc.estimate(tmp_path / "m.pt", part="xc7-a35t").rows[0]
    assert record["luts"] == estimated.sites
    epochs = list(csv.DictReader((tmp_path / "m.csv").read_text().splitlines()))
    best = epochs[record["best_epoch"] - 1]
    assert [int(best[name]) for name in ("luts", "bits", "comparators")] == [
        record[name] for name in ("luts", "bits", "comparators")
    ]
    assert f"  {record['luts']} LUT6  {record['comparators']} comparators" in "\n".join(notes.lines)
    assert json.loads((tmp_path / "m.jsonl").read_text().splitlines()[0])["for_part"] == "xc7-a35t"
    read = np.unique(model.layers[0].wires)
    assert record["comparators"] < record["bits"] <= len(read)


@pytest.mark.parametrize("part", ["gatemate-a1", "ecp5-25k", "lut4", "asic"])
def test_other_parts_have_their_price(part: str) -> None:
    model = train(replace(SMALL, epochs=1, redraw=0))
    found = price_of(model, find_part(part), need_logic(model.encoder, model.inputs))
    expected = set() if part == "asic" else {"luts"}
    assert set(found) == expected | {"bits", "comparators"}
    if expected:
        assert found["luts"] == min(one.sites for one in lgc.estimate(model, part=part).rows if one.head != "serial")


def test_the_highest_bit_of_a_code_is_a_wire() -> None:
    """And a word is none, though its code may have one bit; a bit without thresholds is."""
    columns = (Column("a", bits=3), Column("b", "category", words=("x",)), Column("c", "bit"))
    encoder = Encoder(3, np.array([[1.0, 3.0, 5.0], [0.5] * 3, [0.5] * 3]))
    expected = [True, False, True, True, True, True, False, False, False]
    assert need_logic(encoder, Inputs(columns)).tolist() == expected
    assert need_logic(encoder, None).all() and not need_logic(Encoder(3), None).any()


@given(st.integers(1, 9), st.lists(st.integers(0, 255), min_size=1, max_size=60), st.sampled_from([1, 255]))
def test_rounded_thresholds_stand_near_those_of_equal_parts(count: int, values: list[int], scale: int) -> None:
    x = np.array(values, np.uint8)[:, None]
    found = make_encoder(f"rounded:{count}", x, scale).thresholds[0] * scale
    plain = make_encoder(f"distributive:{count}", x, 1).thresholds[0]
    assert (np.diff(found) >= 0).all() and len(np.unique(found)) == len(np.unique(plain))
    part = len(values) / (count + 1)
    for one, other in zip(found, plain, strict=True):  # a quarter of a part, and samples that are equal to the ends
        between = x[(x > min(one, other)) & (x <= max(one, other))]
        equal = np.unique(x, return_counts=True)[1].max()
        assert len(between) <= part / 4 + 1 + equal


def test_rounded_thresholds_compare_fewer_bits() -> None:
    x = np.random.default_rng(0).normal(2000, 500, (3000, 4)).round().clip(0, 4095).astype(np.float32)
    inputs = Inputs(tuple(Column(str(index), bits=12) for index in range(4)))

    def compared(thresholds: str) -> float:
        levels = port_levels(make_encoder(thresholds, x, 1), inputs.codes()) + 1  # type: ignore[arg-type]
        return float(np.mean(12 - np.log2(levels & -levels)))

    assert compared("rounded:7") < 6 < 10 < compared("distributive:7")
    assert compared("rounded-mixed:7") < 6 < 9 < compared("mixed:7")
    for rounded, plain in (("rounded:3", "distributive:3"), ("rounded-mixed:3", "mixed:3")):
        real = [make_encoder(kind, x + 0.25, 1).thresholds for kind in (rounded, plain)]
        np.testing.assert_array_equal(*real)


@given(st.integers(1, 9), st.lists(st.integers(0, 255), min_size=1, max_size=60), st.sampled_from([1, 255]))
def test_rounded_mixed_thresholds_are_rounded_ones_and_some_near_even_steps(
    count: int, values: list[int], scale: int
) -> None:
    x, even = np.array(values, np.uint8)[:, None], count // 2
    found = make_encoder(f"rounded-mixed:{count}", x, scale).thresholds[0] * scale
    rest = list(found)
    for one in make_encoder(f"rounded:{count - even}", x, scale).thresholds[0] * scale:
        rest.remove(one)
    steps = x.min() + np.ptp(x) * np.arange(1, even + 1) / (even + 1)
    assert (np.diff(found) >= 0).all() and len(rest) == even
    assert (np.abs(np.array(rest) + 0.5 - steps) <= np.ptp(x) / (even + 1) / 4 + 1).all()


@given(st.integers(1, 6), st.integers(0, 20), st.integers(0, 99), st.data())
def test_narrowed_wires_choose_among_what_is_left(k: int, more: int, seed: int, data: st.DataObject) -> None:
    random = torch.Generator().manual_seed(seed)
    wiring = TopK(40, 3, k, generator=random)
    among = torch.tensor(sorted(data.draw(st.sets(st.integers(0, 39), min_size=k, max_size=min(40, k + more)))))
    before, logits = wiring.candidates.clone(), wiring.logits.detach().clone()
    new = wiring.narrow(among, random)
    assert torch.equal(new, ~torch.isin(before, among))
    assert torch.equal(wiring.candidates[~new], before[~new]) and torch.equal(wiring.logits[~new], logits[~new])
    for row, strange, values in zip(wiring.candidates.tolist(), new, wiring.logits, strict=True):
        assert len(set(row)) == k and set(row) <= set(among.tolist())
        if strange.any() and not strange.all():
            assert values[strange].max() < values[~strange].min()
    with pytest.raises(OptionError, match="too few"):
        wiring.narrow(among[: k - 1], random)


def test_a_budget_is_kept_and_goes_on_as_if_never_stopped(tmp_path: Path) -> None:
    """The best epoch is one that keeps it; the state of a run is narrower than a run begins."""
    config = replace(SMALL, comparators=30, epochs=4, gates=100)
    whole = train(config)
    assert whole.training["comparators"] <= 30 and whole.training["best_epoch"] > max(config.redraws) - 1
    data = load_dataset("digits")
    run = Run(config, data, torch.device("cpu"), ProcessGroup(), Silence())
    assert run.budget is not None and run.budget.start > 100
    state = tmp_path / "m.pt"
    stopping = replace(config, output=state)
    calls = iter(range(1000))
    plain = Run._step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "_step", lambda self, x, y: _stopped(plain, self, x, y, next(calls)))
        assert train(stopping).training["interrupted"]
    assert train(stopping, go_on=True).digest() == whole.digest()


def _stopped(plain: Any, run: Run, x: Any, y: Any, call: int) -> Any:
    if call == 40:
        import signal

        signal.raise_signal(signal.SIGINT)
    return plain(run, x, y)


@pytest.mark.parametrize(("wiring", "redraw", "most", "match"), [
    ("dense", 0, 30, "no wires of the first layer give way.*topk:32 --redraw 24"),
    ("topk:8", 0, 30, "no wires of the first layer give way"),
    ("topk:64", 2, 10, r"so \d+ inputs are left, but each wire chooses among 64"),
])  # fmt: skip
def test_a_budget_that_cannot_be_kept(wiring: str, redraw: int, most: int, match: str) -> None:
    with pytest.raises(OptionError, match=match):
        train(
            TrainConfig("digits", gates=50, wiring=(wiring,), redraw=redraw, comparators=most, thresholds="uniform:3")
        )


def test_on_the_command_line(tmp_path: Path) -> None:
    flags = ["--gates", "50", "--epochs", "2", "--batch", "256", "--comparators", "20", "--redraw", "1"]
    done = CliRunner().invoke(cli, ["train", "digits", "--for", "a35t", "-o", str(tmp_path / "m.pt"), *flags])
    assert done.exit_code == 0, done.output
    assert "50 tables" in done.output and "lookup tables by estimate" in done.output
    model = lgc.train("digits", for_part="a35t", gates=50, epochs=2, batch=256, comparators=20, redraw=1).model
    assert model.digest() == lower_digest(tmp_path / "m.pt")


def lower_digest(path: Path) -> str:
    return str(lgc.read(path).model.digest())
