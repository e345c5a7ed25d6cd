"""A network of gates as an estimator of scikit-learn: ``lgc.LogicGateClassifier().fit(X, y)``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lgc.api import compile as compile_
from lgc.data import Raw, Table, as_table
from lgc.data.frames import is_frame
from lgc.data.raw import Known, known
from lgc.errors import InputError, LgcWarning
from lgc.frontend import Model, lower, write_model
from lgc.ir import Circuit, Inputs
from lgc.numbers import real_array
from lgc.progress import Progress, ProgressLine
from lgc.runtime import Predictor
from lgc.tools.find import missing
from lgc.train.config import TrainConfig

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data
except ImportError:
    raise missing("scikit-learn", "LogicGateClassifier") from None

if TYPE_CHECKING:
    from lgc.driver.compile import Compiled
    from lgc.train.data import Dataset

__all__ = ["LogicGateClassifier", "UnusableError"]

Array = NDArray[Any]
OnEpoch = Callable[[Mapping[str, Any]], None]

_SETTINGS = (
    "for_part", "gates", "layers", "wiring", "thresholds", "feature_bits", "epochs", "batch", "lr", "tau", "device",
)  # fmt: skip
"""Parameters that are settings of :class:`lgc.train.config.TrainConfig` under the same name."""

_WORTH_BUILDING = 60_000
"""Samples from which machine code is built."""


class UnusableError(InputError, ValueError):
    """Data or a parameter that cannot be used: a ValueError, as scikit-learn's tools expect it."""


@contextmanager
def _value_errors() -> Iterator[None]:
    """For the block, mistakes in data and parameters are ValueErrors."""
    try:
        yield
    except InputError as error:
        raise UnusableError(error.message, where=error.where, hint=error.hint) from None


@dataclass(kw_only=True, eq=False, repr=False)
class LogicGateClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that is a circuit of logic gates, as scikit-learn has classifiers.

    What is trained is what hardware computes: :meth:`to_verilog` writes it, with the features as inputs and the class
    as output. Samples are arrays of numbers (n, F), lists of these, or frames of pandas or polars. Columns of words
    are categories; words that training has not seen count as none of them, with a warning. Numbers get codes of a few
    bits before anything is learned from them, so they need no scaling. Missing values are refused.

    Parameters that are None are chosen to suit the data, as `lgc train` chooses them.

    Args:
        for_part: an FPGA or another part to train for, as `lgc train --for`: what is learned are tables that fit it, at
            thresholds that cost it little, and ``history_`` has the price of each epoch.
        gates: in a layer, or tables; divided evenly among the classes.
        layers: how many.
        wiring: ``dense``, ``topk:K`` or ``fixed``, once a layer; the last one is for all further layers.
        thresholds: ``distributive:T``, ``mixed:T``, ``rounded:T``, ``rounded-mixed:T`` or ``uniform:T`` for T bits a
            feature, or the thresholds themselves.
        feature_bits: of every number's code; 0 for none, and then no hardware reads features.
        epochs: passes over the training samples.
        batch: samples a step.
        lr: learning rate of Adam.
        tau: divides the scores in the loss, and in :meth:`predict_proba`.
        validation_fraction: of the samples that choose the epoch and are not trained on; at least one sample.
        random_state: decides everything that is drawn. The same number gives the same model, bit for bit.
        device: ``cpu``, ``cuda``, or ``auto``.
        verbose: 1 shows one line that moves, in a terminal and in a notebook; 2 a line for each epoch.
        on_epoch: is called after every epoch with a mapping: ``epoch``, ``loss``, ``train_accuracy``,
            ``validation_accuracy``, ``seconds``; with ``for_part`` also ``luts``, ``bits`` and ``comparators``.

    Attributes:
        classes_: (C,), the labels, in ascending order.
        n_features_in_: F.
        feature_names_in_: (F,), of a frame whose columns have names.
        n_iter_: epochs that were trained.
        history_: what ``on_epoch`` is given, of all epochs.
        model_: the :class:`lgc.Model`, for all of lgc.

    """

    for_part: str | None = None
    gates: int | None = None
    layers: int | None = None
    wiring: str | tuple[str, ...] | None = None
    thresholds: str | tuple[float, ...] | None = None
    feature_bits: int | None = None
    epochs: int | None = None
    batch: int | None = None
    lr: float | None = None
    tau: float | str | None = None
    validation_fraction: float = 0.1
    random_state: Any = None
    device: str = "auto"
    verbose: int = 0
    on_epoch: OnEpoch | None = None

    classes_: Array = field(init=False)
    model_: Model = field(init=False)
    history_: list[dict[str, Any]] = field(init=False)
    n_iter_: int = field(init=False)

    def fit(self, X: Any, y: Any) -> LogicGateClassifier:
        """Train on samples X and their labels y (n,): words, whole numbers or truth values.

        Ctrl-C ends the training with a warning, and keeps the best epoch so far.

        Raises:
            ValueError: the data or a parameter is unusable.
            MissingToolError: torch is not installed.
        """
        table = self._checked(X, y)
        with _value_errors():
            config = self._config(len(table.samples))
            data = _dataset(table, config)
            self.history_ = []
            with _shown(self.verbose) as progress:
                self.model_ = _trainer().train(config, progress=progress, data=data, on_entry=self._heard)
        self.n_iter_ = len(self.history_)
        if self.model_.training.get("interrupted"):
            warnings.warn(f"stopped by hand after epoch {self.n_iter_}", LgcWarning, stacklevel=2)
        self._scorer = _Scorer(lower(self.model_))
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Scores (n, C): the votes of the gates for each class. Of two classes (n,), the second's less the first's.

        Raises:
            ValueError: the samples are unusable.
        """
        check_is_fitted(self)
        scores = self._scores(X).astype(np.float64)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, X: Any) -> Array:
        """Labels (n,), of those in ``classes_``: what the hardware gives. Of equal scores the first class wins.

        Raises:
            ValueError: the samples are unusable.
        """
        check_is_fitted(self)
        return self.classes_[self._scores(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities (n, C) as the loss in training sees them: the softmax of scores over tau.

        They are not calibrated; :class:`sklearn.calibration.CalibratedClassifierCV` makes them so.

        Raises:
            ValueError: the samples are unusable.
        """
        check_is_fitted(self)
        scores = self._scores(X)
        powers = np.exp((scores - scores.max(axis=1, keepdims=True)) / self.model_.head.tau)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def to_verilog(self, path: str | Path, **options: Any) -> Compiled:
        """Compile to hardware, as :func:`lgc.compile` does.

        Args:
            path: a ``.v`` file, or another that :func:`lgc.compile` writes.
            options: of :func:`lgc.compile`. By default the circuit reads features, and not encoded bits, if every
                column has a code.

        Raises:
            LgcError: see :func:`lgc.compile`.
        """
        check_is_fitted(self)
        inputs = self.model_.inputs
        reads_features = inputs is not None and inputs.codes() is not None
        return compile_(self.model_, path, **{"input": "features" if reads_features else "bits", **options})

    def to_circuit(self) -> Circuit:
        """The circuit, unoptimised: encoder, netlist and head."""
        check_is_fitted(self)
        return lower(self.model_)

    def save(self, path: str | Path) -> None:
        """Write a checkpoint, ``.pt`` or ``.safetensors``, which :func:`lgc.load` and every command read.

        Raises:
            OutputError: it cannot be written.
        """
        check_is_fitted(self)
        write_model(self.model_, Path(path))

    def _checked(self, X: Any, y: Any) -> Table:
        """Samples with their labels; what scikit-learn keeps of columns and classes is set."""
        if _has_words(X):
            X = _as_table(X)
            y = validate_data(self, X="no_validation", y=y)
            validate_data(self, X, skip_check_array=True)
            check_consistent_length(X, y)
            with _value_errors():
                table = as_table(X)
        else:
            X, y = validate_data(self, X, y)
            X = _numbers(X)
            names = getattr(self, "feature_names_in_", [f"feature {index}" for index in range(X.shape[1])])
            table = Table("X", X, columns=tuple(Raw(str(name)) for name in names))
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise UnusableError(f"y has one class only, {self.classes_[0]!r}: there is nothing to learn")
        return replace(table, labels=y.astype(str) if y.dtype.kind == "O" else y)

    def _config(self, samples: int) -> TrainConfig:
        """The settings of the training."""
        given = {name: value for name in _SETTINGS if (value := getattr(self, name)) is not None}
        for name, kind in (("wiring", str), ("thresholds", float)):
            value = given.get(name)
            if name == "wiring" and isinstance(value, str):
                given[name] = (value,)
            elif value is not None and not isinstance(value, str):
                given[name] = tuple(kind(one) for one in value)
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
        return TrainConfig(
            "data", name="classifier", seed=int(seed), validation=max(self.validation_fraction, 1 / samples),
            soft_samples=0, **given,
        )  # fmt: skip

    def _heard(self, entry: Mapping[str, Any]) -> None:
        """An entry of the trainer's history."""
        if entry["event"] != "epoch":
            return
        epoch = {name: value for name, value in entry.items() if name != "event"}
        self.history_.append(epoch)
        if self.on_epoch is not None:
            self.on_epoch(dict(epoch))

    def _scores(self, X: Any) -> NDArray[np.int64]:
        inputs = self.model_.inputs
        assert inputs is not None
        if _has_words(X):
            X = _as_table(X)
            validate_data(self, X, skip_check_array=True, reset=False)
        else:
            X = _numbers(validate_data(self, X, reset=False))
        with _value_errors():
            samples = known(X, inputs)
        strange = _strange_words(samples, inputs)
        if strange:
            what = "word was" if strange == 1 else "words were"
            warnings.warn(f"{strange:,} {what} not seen in training, and count as none", LgcWarning, stacklevel=3)
        return self._scorer(samples)


class _Scorer:
    """The scores of a circuit. Few samples are interpreted; for many, machine code is built once."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self._predictor = Predictor(circuit, engine="numpy")
        self._seen = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.circuit,)

    def __call__(self, samples: Known) -> NDArray[np.int64]:
        before, self._seen = self._seen, self._seen + len(samples)
        if before < _WORTH_BUILDING <= self._seen:
            self._predictor = Predictor(self.circuit)
        return self._predictor.scores(samples)


def _trainer() -> Any:
    try:
        import lgc.train.trainer as trainer
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise missing("torch", "training") from None
    return trainer


@contextmanager
def _shown(verbose: int) -> Iterator[Progress | None]:
    """Progress on standard output, if it is asked for."""
    if not verbose:
        yield None
        return
    line = ProgressLine(every_note=verbose > 1)
    try:
        yield line
    finally:
        line.close()


def _dataset(table: Table, config: TrainConfig) -> Dataset:
    """All samples for training: scikit-learn's tools hold out those to test on."""
    from lgc.train.data.tables import table_dataset

    return table_dataset("data", table, replace(config.loading, test_part=0.0))


def _numbers(samples: Array) -> Array:
    """Bits as they are, other numbers as floats: bytes need not be pixels."""
    with _value_errors():
        array = real_array(samples)
    return array.astype(np.float32) if array.dtype == np.uint8 else array


def _has_words(X: Any) -> bool:
    """Whether some cells are text."""
    if is_frame(X):
        return any(np.asarray(X[name][:1]).dtype.kind in "OUST" for name in X.columns)
    if isinstance(X, list | tuple):
        return any(isinstance(cell, str) for row in X[:1] if isinstance(row, list | tuple) for cell in row)
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    return kind in "US" if kind != "O" else any(isinstance(cell, str) for cell in np.asarray(X).flat)


def _as_table(X: Any) -> Any:
    """A frame as it is, else an array of objects."""
    return X if is_frame(X) else np.asarray(X, object)


def _strange_words(samples: Known, inputs: Inputs) -> int:
    """Cells of categories that hold none of the words."""
    firsts = [int(inputs.firsts[index]) for index, column in enumerate(inputs.columns) if column.words]
    sizes = [len(column.words) for column in inputs.columns if column.words]
    groups = (samples.values[:, first : first + size] for first, size in zip(firsts, sizes, strict=True))
    return sum(int((~group.any(axis=1)).sum()) for group in groups)
