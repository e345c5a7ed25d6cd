"""The circuit: encoder, netlist and head, the whole meaning of a model (docs/ir.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError
from lgc.ir.features import FeatureCodes
from lgc.ir.inputs import Inputs, Label, inputs_of, labels_of
from lgc.ir.netlist import Netlist, exact, rebuild
from lgc.numbers import check_finite, check_scale, real_array

Tie = Literal["first", "last"]

THERMOMETER = "thermometer"


@dataclass(frozen=True, eq=False)
class Encoder:
    """Features to bits.

    Attributes:
        num_features: F.
        thresholds: float64 (F, T), each row ascending and finite; None when features are bits or codes.
        code: how features become the integers whose bits the netlist reads; None when it reads thresholds' bits.
    """

    num_features: int
    thresholds: NDArray[np.float64] | None = None
    code: FeatureCodes | None = None

    def __post_init__(self) -> None:
        if self.thresholds is not None:
            thresholds = np.array(self.thresholds, dtype=np.float64)
            thresholds.setflags(write=False)
            object.__setattr__(self, "thresholds", thresholds)

    __reduce__ = rebuild

    @property
    def num_thresholds(self) -> int:
        """T, the bits of a feature that thresholds make: 1 when features are bits already."""
        return 1 if self.thresholds is None else int(self.thresholds.shape[1])

    @property
    def num_bits(self) -> int:
        """The number of netlist inputs: F*T, or the bits of all codes."""
        return self.num_features * self.num_thresholds if self.code is None else self.code.num_bits

    @property
    def column_of_bits(self) -> NDArray[np.int64]:
        """int64 (bits,): the feature, or with codes the column, that each netlist input belongs to."""
        if self.code is not None:
            return self.code.column_of_bits
        return np.repeat(np.arange(self.num_features), self.num_thresholds)

    def encode(self, features: Any) -> NDArray[np.bool_]:
        """Features (B, F), any real dtype, to bits (B, F*T).

        Raises:
            InputError: wrong width, no real numbers, NaN or infinite ones, values other than 0 and 1 where features
                must be bits, values of no code where they are codes, or numbers that look unscaled.
        """
        return self.bits_of(self.checked(features))

    def bits_of(self, features: NDArray[Any]) -> NDArray[np.bool_]:
        """The same of features that are known to be what the model reads.

        Raises:
            InputError: values of no code where they are codes.
        """
        if self.code is not None:
            return self.code.bits(self.code.codes(features))
        if self.thresholds is not None:
            bits: NDArray[np.bool_] = np.greater(features[:, :, None], self.thresholds)
            return bits.reshape(len(features), self.num_bits)
        return np.asarray(features, dtype=np.bool_)

    def checked(self, features: Any) -> NDArray[Any]:
        """The features (B, F) that :meth:`encode` takes, as bool, uint8, float32 or float64; it raises the same."""
        features = real_array(features)
        if features.ndim != 2 or features.shape[1] != self.num_features:
            raise InputError(
                f"features have shape {features.shape}, but the model reads {self.num_features} a sample",
                hint="Give an array of shape (samples, features)",
            )
        if self.thresholds is not None and self.code is None:
            check_scale(self.thresholds, features)
            return features
        check_finite(features)
        if self.code is None and features.dtype != np.bool_ and not ((features == 0) | (features == 1)).all():
            raise InputError(
                "the model reads bits, but the features hold values other than 0 and 1",
                hint="Binarise them as in training",
            )
        return features

    def ordered(self, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Bits (B, F*T) with the ones of each feature moved to its lowest thresholds: bits that features can give.

        Encoded features, and features that are bits or integers, stay as they are.
        """
        if self.thresholds is None or self.code is not None:
            return bits
        by_feature = bits.reshape(len(bits), self.num_features, self.num_thresholds)
        return np.sort(by_feature, axis=2)[:, :, ::-1].reshape(bits.shape)


@dataclass(frozen=True, eq=False)
class Head:
    """Bits to integer scores to a class.

    Attributes:
        offsets: int64 (C+1,); group c is ``outputs[offsets[c]:offsets[c+1]]``.
        bias: int64 (C,).
        tau: the scale of training, metadata.
        tie: which of equal largest scores wins.
        classes: C names.
    """

    offsets: NDArray[np.int64]
    bias: NDArray[np.int64]
    classes: tuple[str, ...]
    tau: float = 1.0
    tie: Tie = "first"

    def __post_init__(self) -> None:
        for name in ("offsets", "bias"):
            object.__setattr__(self, name, exact(np.array(getattr(self, name)), np.int64, name))

    __reduce__ = rebuild

    @classmethod
    def equal_groups(
        cls,
        num_outputs: int,
        classes: tuple[str, ...],
        *,
        bias: NDArray[np.integer] | None = None,
        tau: float = 1.0,
        tie: Tie = "first",
    ) -> Head:
        """GroupSum: ``len(classes)`` contiguous groups of equal size.

        Raises:
            InputError: no classes, or the outputs do not divide into them.
        """
        count = len(classes)
        if count < 1:
            raise InputError("the model has no classes", hint="A head needs at least one group")
        if num_outputs % count:
            raise InputError(
                f"{num_outputs} outputs do not divide into {count} equal groups",
                hint="The last layer's width must be a multiple of the number of classes",
            )
        offsets = np.arange(count + 1, dtype=np.int64) * (num_outputs // count)
        bias = np.zeros(count, np.int64) if bias is None else bias
        return cls(offsets, exact(np.array(bias), np.int64, "bias"), classes, tau, tie)

    @property
    def num_classes(self) -> int:
        """C."""
        return len(self.bias)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """int64 (C,): outputs per class."""
        return np.diff(self.offsets)

    @property
    def is_interface(self) -> bool:
        """Whether each output is a class of its own and its score: the ports of a netlist, not votes that are counted.

        Passes keep the number and the order of such outputs.
        """
        return bool((self.sizes == 1).all() and not self.bias.any())

    @property
    def score_range(self) -> tuple[int, int]:
        """The smallest and the largest score that any class can have."""
        return int(self.bias.min()), int((self.bias + self.sizes).max())

    def classify(self, scores: NDArray[np.int64]) -> NDArray[np.int64]:
        """Scores (B, C) to class indices (B,)."""
        if self.tie == "first":
            return np.argmax(scores, axis=1)
        return np.asarray(self.num_classes - 1 - np.argmax(scores[:, ::-1], axis=1))


@dataclass(frozen=True, eq=False)
class Circuit:
    """Encoder, netlist and head.

    Attributes:
        name: a label; escape it before it reaches an emitted file.
        metadata: free text carried along (``model_digest`` among it; ``assumes``, see :attr:`assumes`).
    """

    name: str
    encoder: Encoder
    netlist: Netlist
    head: Head
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Circuit, (self.name, self.encoder, self.netlist, self.head, dict(self.metadata))

    @property
    def assumes(self) -> str:
        """``thermometer`` if the scores are only right for bits that the encoder gives; empty if for any bits."""
        return THERMOMETER if self.metadata.get("assumes") == THERMOMETER else ""

    @cached_property
    def inputs(self) -> Inputs | None:
        """What the columns of a sample are, from the metadata; None if nobody said.

        Raises:
            InputError: the metadata says it badly, or of another number of features.
        """
        found = inputs_of(self.metadata)
        if found is not None and found.num_features != self.encoder.num_features:
            raise InputError(
                f"the description of the input makes {found.num_features} features, but the circuit reads "
                f"{self.encoder.num_features}"
            )
        return found

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """The labels of the classes as the data had them, in score order; the numbers from 0 if nobody said.

        Raises:
            InputError: the metadata says them badly.
        """
        return labels_of(self.metadata, self.head.num_classes)

    def with_netlist(self, netlist: Netlist) -> Circuit:
        """The same circuit around another netlist."""
        return replace(self, netlist=netlist)

    def digest(self) -> str:
        """SHA-256 of everything that decides scores and class."""
        sha = hashlib.sha256(b"lgc-circuit-1")
        sha.update(self.netlist.digest().encode())
        head, encoder = self.head, self.encoder
        # Every length comes before its array, or one array could pass for the next. 0 says: no thresholds.
        width = 0 if encoder.thresholds is None else encoder.num_thresholds
        sha.update(np.array([encoder.num_features, width, head.num_classes], "<i8").tobytes())
        if encoder.thresholds is not None:
            sha.update(encoder.thresholds.astype("<f8").tobytes())
        if encoder.code is not None:
            sha.update(repr(encoder.code.common or encoder.code.columns).encode())
        sha.update(head.offsets.astype("<i8").tobytes())
        sha.update(head.bias.astype("<i8").tobytes())
        sha.update(head.tie.encode())
        return sha.hexdigest()
