"""Samples for the verbs that count or compare: which of a file's rows they are, and whether they were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lgc.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lgc.data import Raw, Table, TableOptions
    from lgc.driver.read import Loaded
    from lgc.ir import Inputs, Label

Part = Literal["test", "validation", "train", "all"]
_BYTES = 255
PARTS: dict[str, str] = {"test": "the test", "validation": "validation", "train": "training"}


@dataclass(frozen=True)
class About:
    """What a network says of its data.

    Attributes:
        classes: names; None takes labels as they are.
        labels: of the classes, as the data had them; None if they were the numbers from 0.
        split: which samples training kept for what, see :attr:`lgc.frontend.Model.split`.
        settings: of training.
    """

    classes: tuple[str, ...] | None = None
    labels: tuple[Label, ...] | None = None
    inputs: Inputs | None = None
    split: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Loaded) -> About:
        """What a model says, or a circuit, which says less."""
        from lgc.ir.inputs import LABELS

        circuit, model = source.circuit, source.model
        labels = circuit.labels if LABELS in circuit.metadata else None
        if model is None:
            return cls(circuit.head.classes, labels, circuit.inputs)
        settings = model.training.get("hyperparameters")
        return cls(
            circuit.head.classes, labels, circuit.inputs, model.split, settings if isinstance(settings, dict) else {}
        )

    def indices(self, labels: NDArray[Any], where: str) -> NDArray[np.int64]:
        """Labels as indices of the classes.

        Raises:
            InputError: one that the network does not know.
        """
        from lgc.data import class_indices
        from lgc.data.labels import indices

        words = self.labels is not None and all(isinstance(one, str) for one in self.labels)
        if self.labels is not None and not (words and labels.dtype.kind in "iuf"):  # numbers may be those of classes
            return indices(labels, self.labels, where, self.classes or ())
        return labels if self.classes is None else class_indices(labels, self.classes, where)


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples that were asked for.

    Attributes:
        rows: (n, ...), as their file has them; bool (n, bits) if they are ``packed``.
        labels: int64 (n,), classes of the network, or as the data have them if it is not known; None if there are none.
        columns: what is known of the columns of the rows; empty if nothing is.
        are_features: whether the rows are the model's features, and not in the units of its columns.
        part: which of the data's samples they are.
        told: the same as a sentence for people, with what is known of their part in training.
        size: bytes of the file.
    """

    where: str
    rows: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    columns: tuple[Raw, ...] = ()
    packed: bool = False
    are_features: bool = False
    part: str = "all"
    told: str = ""
    size: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, count: int | None) -> Samples:
        """So many of them at most."""
        labels = None if self.labels is None else self.labels[:count]
        return replace(self, rows=self.rows[:count], labels=labels)


@dataclass(frozen=True, eq=False)
class _Data:
    """All samples of a source.

    Attributes:
        whole: all of them.
        parts: those of each part that is known.
        is_test: whether the whole is what training was tested on.
        are_known: whether these are the data of training.
    """

    whole: Samples
    parts: Mapping[str, Samples] = field(default_factory=dict)
    is_test: bool = False
    are_known: bool = False


def find_samples(
    data: str,
    data_dir: Path | None = None,
    *,
    about: About | None = None,
    reading: TableOptions | None = None,
    split: Part | None = None,
) -> Samples:
    """The samples that a verb takes.

    Args:
        data: a data set's name, or a file that :func:`lgc.data.read_table` reads.
        data_dir: where the files of a named set are.
        about: the network's data; None if nothing is known.
        reading: how to read a table; what it does not say is as it was for training.
        split: which samples. By default those of the test, where the data are those of training or set some apart, and
            else all.

    Raises:
        InputError: unreadable, labels that the network does not know, or samples of a part that nobody knows.
    """
    from lgc.data import TableOptions, is_data_file

    about = about or About()
    found = _of_table(data, about, reading or TableOptions()) if is_data_file(data) else _of_name(data, data_dir, about)
    return _chosen(found, split, about)


def _of_name(name: str, data_dir: Path | None, about: About) -> _Data:
    """A named set: its test samples are set apart, and of digits drawn as for training."""
    import numpy as np

    from lgc.data import Loading
    from lgc.train.data import load_dataset

    seed, part = about.split.get("seed"), about.split.get("part")
    loading = Loading(split_seed=seed) if isinstance(seed, int) else Loading()
    if isinstance(part, float) and "test_part" in vars(loading):
        loading = replace(loading, test_part=part)
    data = load_dataset(name, data_dir, loading=loading)
    raw = about.inputs is not None
    train, test = (data.train, data.test) if raw else (data.train_x, data.test_x)
    labels = None if data.labels is None else np.array(data.labels)

    def of(rows: NDArray[Any], y: NDArray[np.int64]) -> Samples:
        return Samples(name, rows, about.indices(y if labels is None else labels[y], name), are_features=not raw)

    known = about.split.get("test_digest") == data.split.get("test_digest", "")
    rest, tested = of(train, data.train_y), of(test, data.test_y)
    every = np.arange(len(rest))
    parts = _parts(rest, every, data.train_y, about, images=data.scale == _BYTES) if known else {}
    return _Data(_joined(rest, tested), {"test": tested, **parts}, are_known=known)


def _of_table(data: str, about: About, reading: TableOptions) -> _Data:
    """A file, whose samples are recognised by their digest."""
    import numpy as np

    table = _read(data, about, reading)
    whole = _samples(table, about)
    if table.test is not None:
        test, known = _samples(table.test, about), _is_part(table.test, about, "test")
        kept = _parts(whole, np.arange(len(whole)), _numbers(table), about) if known else {}
        return _Data(_joined(whole, test), {"test": test, **kept}, are_known=known)
    if _is_part(table, about, "test"):
        return _Data(whole, {"test": whole}, is_test=True)
    if _is_part(table, about, "train"):
        return _Data(whole, _parts(whole, np.arange(len(whole)), _numbers(table), about), are_known=True)
    held_out = _held_out(table, about)
    if held_out is None:
        return _Data(whole)
    rest, held = held_out
    parts = _parts(whole, rest, _numbers(table)[rest], about)
    return _Data(whole, {"test": _subset(whole, held), **parts}, are_known=True)


def _parts(
    whole: Samples, rest: NDArray[np.int64], labels: NDArray[np.int64], about: About, *, images: bool = False
) -> dict[str, Samples]:
    """The samples to train and to validate on, of those that were not held out, if they can be told."""
    halves = _validation(labels, about, images=images)
    return {part: _subset(whole, rest[rows]) for part, rows in halves.items()}


def _joined(first: Samples, second: Samples) -> Samples:
    import numpy as np

    labels = None
    if first.labels is not None and second.labels is not None:
        labels = np.concatenate([first.labels, second.labels])
    return replace(first, rows=np.concatenate([first.rows, second.rows]), labels=labels)


def _read(data: str, about: About, given: TableOptions) -> Table:
    """A table, read as for training but for what is said. A column that is named there may be missing here."""
    from lgc.data import read_table

    try:
        return read_table(data, given.after(about.split.get("reading"), about.inputs))
    except InputError:
        try:
            return read_table(data, replace(given, model=about.inputs))
        except InputError:
            pass
        raise


def _samples(table: Table, about: About) -> Samples:
    labels = None if table.labels is None else about.indices(table.labels, table.where)
    return Samples(
        table.where, table.rows, labels, table.columns, table.packed, are_features=about.inputs is None, size=table.size
    )


def _subset(whole: Samples, rows: NDArray[np.int64]) -> Samples:
    return replace(whole, rows=whole.rows[rows], labels=None if whole.labels is None else whole.labels[rows])


def _numbers(table: Table) -> NDArray[np.int64]:
    """Labels as the trainer numbers them."""
    from lgc.data.labels import numbered

    return numbered(table.need_labels("a split"), table.where)[0]


def _names(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels as the digest of a split has them."""
    import numpy as np

    from lgc.data.labels import class_names

    present, inverse = np.unique(labels, return_inverse=True)
    return np.array(class_names(present.tolist()))[inverse.reshape(-1)]


def _is_part(table: Table, about: About, part: str) -> bool:
    """Whether these are the samples that training kept for the test, or had for all else: their digest tells."""
    from lgc.data.known import known_columns
    from lgc.data.split import rows_digest

    digest = about.split.get(f"{part}_digest")
    if table.labels is None or digest is None:
        return False
    forms = [table.rows]
    if about.inputs is not None and not table.packed:
        try:
            forms.append(known_columns(table.rows, table.columns, about.inputs)[0])
        except InputError:
            return False
    return any(rows_digest(rows, _names(table.labels)) == digest for rows in forms)


def _held_out(table: Table, about: About) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """The rows to train on and to test on, if these are the data of training: their digest tells."""
    from lgc.data.split import split

    seed, part = about.split.get("seed"), about.split.get("part")
    if type(seed) is not int or not isinstance(part, float) or not 0 < part < 1:
        return None
    try:
        rest, held = split(_numbers(table), part, seed, table.groups)
    except InputError:
        return None
    assert table.labels is not None
    tested = replace(table, samples=table.samples[held], labels=table.labels[held])
    return (rest, held) if _is_part(tested, about, "test") else None


def _validation(labels: NDArray[np.int64], about: About, *, images: bool = False) -> dict[str, NDArray[np.int64]]:
    """Rows to train and to validate on, as the trainer draws them; none if they cannot be told."""
    import numpy as np

    from lgc.data.split import split

    part, seed = about.settings.get("validation"), about.settings.get("seed")
    if not isinstance(part, float) or type(seed) is not int or not 0 < round(part * len(labels)) < len(labels):
        return {}
    if images:
        order = np.random.default_rng(seed).permutation(len(labels))
        count = round(part * len(labels))
        train, held = order[count:], order[:count]
    else:
        train, held = split(labels, part, seed)
    if (len(train), len(held)) != (about.split.get("train"), about.split.get("validation")):
        return {}
    return {"train": train, "validation": held}


def _chosen(data: _Data, split: Part | None, about: About) -> Samples:
    """The samples of the part that is asked for, and what is to be said of them."""
    part = split or ("test" if "test" in data.parts else "all")
    if part == "all":
        return replace(data.whole, told=_told_of_all(data, about))
    if part not in data.parts:
        raise InputError(
            f"which samples are for {PARTS[part]} cannot be told: {_unknown(about)}",
            where=data.whole.where,
            hint="`--split all` takes all of them",
        )
    found = data.parts[part]
    return replace(found, part=part, told=_told(data, part, len(found), about))


def _unknown(about: About) -> str:
    if "test_digest" in about.split:
        return "they are not the data of its training, of which they may be a part"
    return "the network does not say which samples it was trained on"


def _told(data: _Data, part: str, count: int, about: About) -> str:
    if data.is_test:
        return f"all {count:,} samples, which are those that training was tested on"
    if part == "train":
        return f"the {count:,} samples that were trained on"
    if part == "validation":
        return f"the {count:,} samples that chose the epoch of training"
    if not data.are_known:
        return f"the {count:,} test samples that the data set apart; {_unknown(about)}"
    if "seed" in about.split:
        return f"the {count:,} test samples that training held out by seed {about.split['seed']}"
    return f"the {count:,} test samples that training was given"


def _told_of_all(data: _Data, about: About) -> str:
    count = len(data.whole)
    if not data.are_known:
        return f"all {count:,} samples; {_unknown(about)}"
    trained = sum(value for name in ("train", "validation") if isinstance(value := about.split.get(name), int))
    return f"all {count:,} samples; {trained:,} of {count:,} of these were trained on or chose the epoch"
