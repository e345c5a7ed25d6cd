"""The encoder in hardware: comparisons of integer features with the model's thresholds, as gates of the netlist.

Thresholds compare strictly with features; hardware reads integers. :func:`infer_code` finds integers that lose
nothing or refuses, and :func:`lower_encoder` puts the comparators in front of the netlist, where passes, pipelining
and mapping treat them like any other gates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError, OptionError
from lgc.ir import (
    CONST0,
    CONST1,
    FIRST_INPUT,
    CategoryCode,
    Circuit,
    Encoder,
    FeatureCode,
    FeatureCodes,
    Netlist,
    Origins,
)
from lgc.ir.features import ColumnCode
from lgc.ir.naming import unique
from lgc.ir.ports import INPUT_NAMES
from lgc.mapping.comparators import Comparators, Levels, comparators

LAYER = "encoder"
_PIXEL_BITS = 8
MOST_BITS = 24  # float32 holds every whole number of so many bits
_FRACTION_BITS = 16
ANY = "any"


def levels(thresholds: NDArray[np.float64], code: FeatureCode, dtype: str | None = None) -> Levels:
    """Thresholds as integers, int64 of the same shape: ``x > t`` is ``k > level``, for the value x of every code k.

    A level is the number of codes whose value, rounded to ``dtype``, is at most t, minus one: -1 if every feature is
    above, 2^W - 1 if none is. Values ascend with codes, so it suffices to look at the codes next to the quotient.
    """
    with np.errstate(over="ignore"):  # infinity is as far out as the number would be
        scaled = thresholds * code.scale
    if code.rounding == "up":
        return np.asarray(np.clip(np.floor(scaled) + code.offset, -1, code.top), np.int64)
    near = np.floor(np.clip(scaled + code.offset, -2.0, code.top + 2.0)).astype(np.int64)
    count = sum(code.values(near + step, dtype) <= thresholds for step in (-1, 0, 1, 2))
    return np.asarray(np.clip(near - 2 + count, -1, code.top), np.int64)


def port_levels(encoder: Encoder, codes: FeatureCodes) -> Levels:
    """Of each bit that thresholds make, int64 (F, T), the level that its column's code must be above.

    The bits of a category compare with 0 and 1 only: level 0 is "this word", -1 always, 1 never.
    """
    thresholds = thresholds_of(encoder)
    result = np.empty(thresholds.shape, np.int64)
    for column, indices in codes.groups.items():
        rows = codes.firsts[indices]
        if isinstance(column, FeatureCode):
            result[rows] = levels(thresholds[rows], column)
            continue
        for first in rows.tolist():
            words = slice(first, first + column.count)
            result[words] = np.where(thresholds[words] < 0, -1, np.where(thresholds[words] < 1, 0, 1))
    return result


def codes_for_bits(encoder: Encoder, codes: FeatureCodes, bits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Codes (B, C) that the encoder turns into the given bits (B, F*T).

    Raises:
        InputError: no features have these bits.
    """
    above = port_levels(encoder, codes) + 1
    least = np.where(bits.reshape(len(bits), *above.shape), above, 0).max(axis=2)  # of each feature
    found = np.empty((len(bits), len(codes.columns)), np.int64)
    for column, indices in codes.groups.items():
        if isinstance(column, FeatureCode):
            found[:, indices] = least[:, codes.firsts[indices]]
            continue
        for index in indices.tolist():
            words = least[:, codes.firsts[index] :][:, : column.count] > 0
            found[:, index] = np.where(words.any(axis=1), words.argmax(axis=1), column.count)
    if (found > codes.tops).any() or (encoder.encode(codes.values(found)) != bits).any():
        raise InputError("the samples hold bits that no features have: a higher threshold passed, a lower one not")
    return found


def check_code(encoder: Encoder, code: FeatureCode) -> FeatureCode:
    """The code with the type of feature for which it loses nothing, where every feature has it.

    Where x is between two thresholds' nearest codes any rounding of x gives the same bit. A threshold that is itself
    a code's value, rounded, decides otherwise in float32 than in float64; it then comes from data of its own type.
    A code that names a type is of features that are its values in that type.

    Raises:
        OptionError: no such code exists; says which threshold is at fault.
    """
    thresholds = _thresholds(encoder)
    return _checked(thresholds, code, np.arange(len(thresholds)))


def check_codes(encoder: Encoder, codes: FeatureCodes) -> FeatureCodes:
    """The codes, each with the type of feature for which it loses nothing; see :func:`check_code`."""
    thresholds = thresholds_of(encoder)
    found: dict[int, ColumnCode] = {}
    for column, indices in codes.groups.items():
        if isinstance(column, FeatureCode):
            rows = codes.firsts[indices]
            found |= dict.fromkeys(indices.tolist(), _checked(thresholds[rows], column, rows))
    return codes.with_columns(found)


def _checked(thresholds: NDArray[np.float64], code: FeatureCode, features: NDArray[np.int64]) -> FeatureCode:
    """See :func:`check_code`.

    Args:
        thresholds: (n, T) of those features that have the code.
        features: (n,), their numbers, for messages.
    """
    if problem := code.problem():
        raise OptionError(problem)
    refuse = partial(_refuse, thresholds, features, code)
    if code.rounding == "up":
        _check_grid(thresholds, code, refuse)
        return code
    if code.rounding == "nearest":
        return code
    single, double = levels(thresholds, code, "float32"), levels(thresholds, code, "float64")
    if code.dtype != ANY:
        return code if code.slack or (single != double).any() else replace(code, dtype=ANY)
    if code.slack:
        low, high = (levels(thresholds + by, code, "float64") for by in (-code.slack, code.slack))
        refuse(low != high, "is too near to a code's value: rounding decides on which side it is")
        return code
    differ = single != double
    if not differ.any():
        return code
    for dtype in ("float32", "float64"):
        at = code.values(np.maximum(single, double), dtype)
        if (at == thresholds)[differ].all():
            return replace(code, dtype=dtype)
    refuse(differ, "lies between a code's value in float32 and in float64")
    raise AssertionError


def codes_of(circuit: Circuit) -> FeatureCodes:
    """The codes that lose nothing: those that the model knows of its columns, else the likeliest of all features.

    Raises:
        OptionError: there are none; see :func:`infer_code`.
    """
    known = circuit.inputs.codes() if circuit.inputs is not None else None
    if known is not None:
        return check_codes(circuit.encoder, known)
    return FeatureCodes.uniform(infer_code(circuit.encoder), circuit.encoder.num_features)


def infer_code(
    encoder: Encoder, width: int | None = None, scale: float | None = None, offset: float | None = None
) -> FeatureCode:
    """The code that features of this encoder have, of what is not given the likeliest.

    Thresholds from 0 to 1 mean images over their largest byte: scale 2^W - 1, 8 bits. Larger ones that are whole or
    halves mean whole numbers, of 8 bits or as many as it takes. Others, if they are multiples of a power of two, mean
    fixed point, rounded up: that is right for any real feature.

    Raises:
        OptionError: nothing fits, or what is given loses something.
    """
    thresholds = _thresholds(encoder)
    low, high = float(thresholds.min()), float(thresholds.max())
    halves = bool((thresholds % 0.5 == 0).all())
    if scale is not None or offset is not None:
        code = FeatureCode(_PIXEL_BITS if width is None else width, 1.0 if scale is None else scale, offset or 0.0)
    elif low >= 0 and high < 1:
        bits = _PIXEL_BITS if width is None else width
        code = FeatureCode(bits, float((1 << max(1, bits)) - 1))
    elif low >= 0 and halves and high < (1 << (MOST_BITS if width is None else width)) - 1:
        code = FeatureCode(max(_PIXEL_BITS, (int(high) + 1).bit_length()) if width is None else width)
    else:
        code = _fixed_point(thresholds, width)
    return check_code(encoder, code)


def thresholds_of(encoder: Encoder) -> NDArray[np.float64]:
    """Thresholds (F, T); of features that are bits one half."""
    return np.full((encoder.num_features, 1), 0.5) if encoder.thresholds is None else encoder.thresholds


def _thresholds(encoder: Encoder) -> NDArray[np.float64]:
    if encoder.thresholds is None:
        raise OptionError(
            "the model reads bits: it has no thresholds to compare features with",
            hint="Compile with --input bits, or train with thresholds",
        )
    return encoder.thresholds


def fixed_point(thresholds: NDArray[np.float64], width: int, *, anywhere: bool = False) -> FeatureCode | None:
    """The shortest fixed point that has all thresholds among its values, none of them the largest, or None.

    Such a code is rounded up, and loses nothing of any real number.

    Args:
        anywhere: whether the lowest code may stand for the lowest threshold, if codes from 0 or below are too wide.
    """
    if not thresholds.size or float(np.abs(thresholds).max()) >= 2.0**MOST_BITS:
        return None
    for shift in range(_FRACTION_BITS + 1):
        scaled = thresholds * 2.0**shift
        if (scaled == np.floor(scaled)).all():
            low, high = float(scaled.min()), float(scaled.max())
            for offset in (max(0.0, -low), -low) if anywhere else (max(0.0, -low),):
                if (bits := int(offset + high + 1).bit_length()) <= width:
                    return FeatureCode(bits, 2.0**shift, offset, "up")
            return None
    return None


def _fixed_point(thresholds: NDArray[np.float64], width: int | None) -> FeatureCode:
    found = fixed_point(thresholds, MOST_BITS if width is None else width)
    if found is not None:
        return replace(found, width=width or max(_PIXEL_BITS, found.width))
    low, high = float(thresholds.min()), float(thresholds.max())
    odd = thresholds[thresholds % 0.5 != 0]
    shown = f", {float(odd.flat[0])!r} among them" if odd.size else ""
    raise OptionError(
        f"what integers stand for the features cannot be told from thresholds between {low:g} and {high:g}{shown}",
        hint="Train with --feature-bits W, so that the model knows; or add --feature-bits W --data FILE, to measure "
        "what rounding to W bits changes; or say what the data are, k = x * scale + offset, with --feature-scale",
    )


def _check_grid(thresholds: NDArray[np.float64], code: FeatureCode, refuse: Callable[..., None]) -> None:
    """Rounding up is right for a threshold that is a code's value, and the largest code is above all of them."""
    with np.errstate(over="ignore"):
        scaled = thresholds * code.scale
    refuse(scaled != np.floor(scaled), "is not the value of a code, so features cannot be rounded")
    refuse((scaled + code.offset < 0) | (scaled + code.offset >= code.top), "is outside of the codes")


def _refuse(
    thresholds: NDArray[np.float64], features: NDArray[np.int64], code: FeatureCode, bad: NDArray[np.bool_], why: str
) -> None:
    if bad.any():
        row, index = (int(axis[0]) for axis in np.nonzero(bad))
        raise OptionError(
            f"the threshold {float(thresholds[row, index])!r} of feature {features[row]} {why} ({code.rule()})",
            hint="Give the --feature-scale, --feature-offset and --feature-bits of the training data, or --input bits",
        )


def lower_encoder(circuit: Circuit, codes: FeatureCodes | FeatureCode) -> Circuit:
    """The circuit with the codes' bits as inputs, and comparators in front of its netlist.

    Comparators are built for bits that the netlist reads, and share what they have in common. They give what features
    give, so the result assumes nothing of its inputs, even if the circuit does.

    Args:
        codes: of each column, or the one that every feature has.

    Raises:
        InputError: they are not codes of what the model reads, or of what it says that its columns are.
    """
    netlist, encoder = circuit.netlist, circuit.encoder
    if isinstance(codes, FeatureCode):
        codes = FeatureCodes.uniform(codes, encoder.num_features)
    _check_meaning(circuit, codes)
    read = np.flatnonzero(netlist.fanout()[FIRST_INPUT : netlist.first_node])
    nodes = comparators(port_levels(encoder, codes).reshape(-1), read, encoder.num_thresholds, codes)
    joined = _in_front(netlist, nodes, codes.num_bits)
    metadata = {key: text for key, text in circuit.metadata.items() if key not in ("assumes", INPUT_NAMES)}
    return replace(circuit, netlist=joined, encoder=Encoder(encoder.num_features, code=codes), metadata=metadata)


def _check_meaning(circuit: Circuit, codes: FeatureCodes) -> None:
    """Refuse codes that stand for something else than what the model knows of its columns."""
    encoder, inputs = circuit.encoder, circuit.inputs
    if codes.num_features != encoder.num_features or (inputs and len(inputs.columns) != len(codes.columns)):
        raise InputError(
            f"the codes are of {len(codes.columns)} columns and {codes.num_features} features, but the model reads "
            f"{encoder.num_features}"
        )
    bit = FeatureCode(1)
    for index, code in enumerate(codes.columns):
        own = inputs.columns[index].code() if inputs is not None else None
        own = bit if own is None and encoder.thresholds is None and not isinstance(code, CategoryCode) else own
        if own is not None and _untyped(own) != _untyped(code):
            name = f"column '{inputs.columns[index].name[:60]}'" if inputs is not None else f"feature {index}"
            raise InputError(f"the code of {name} is {code.rule()}, but the model says {own.rule()}")


def _untyped(code: ColumnCode) -> ColumnCode:
    return replace(code, dtype=ANY) if isinstance(code, FeatureCode) else code


def _in_front(netlist: Netlist, nodes: Comparators, num_inputs: int) -> Netlist:
    """The netlist behind the comparators: its input nets become theirs."""
    count = len(nodes.bit)
    first = FIRST_INPUT + num_inputs + count
    moved = np.concatenate([[CONST0, CONST1], nodes.nets, first + np.arange(netlist.num_nodes)]).astype(np.int32)
    width = max(2 if count else 0, netlist.width)
    origins = netlist.origins
    layer = unique([LAYER], taken=origins.names)
    return Netlist(
        num_inputs=num_inputs,
        fanin=np.concatenate([_padded(nodes.fanin, width), _padded(moved[netlist.fanin], width)]),
        arity=np.concatenate([np.full(count, 2, np.uint8), netlist.arity]),
        table=np.concatenate([nodes.table, netlist.table]),
        outputs=moved[netlist.outputs],
        origin=np.concatenate([len(origins) + np.arange(count, dtype=np.int32), netlist.origin]),
        origins=Origins(
            (*origins.names, *layer),
            np.concatenate([origins.layer, np.full(count, len(origins.names), np.int32)]).astype(np.int32),
            np.concatenate([origins.neuron, nodes.bit]).astype(np.int32),
        ),
    )


def _padded(fanin: NDArray[np.int32], width: int) -> NDArray[np.int32]:
    if not fanin.size:
        return np.zeros((len(fanin), width), np.int32)
    return np.pad(fanin, ((0, 0), (0, width - fanin.shape[1])))
