"""The encoder in hardware: comparisons of integer features with the model's thresholds, as gates of the netlist.

Thresholds compare strictly with features; hardware reads integers. :func:`infer_code` finds integers that lose
nothing or refuses, and :func:`lower_encoder` puts the comparators in front of the netlist, where passes, pipelining
and mapping treat them like any other gates.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lgc.errors import InputError, OptionError
from lgc.ir import CONST0, CONST1, FIRST_INPUT, Circuit, Encoder, FeatureCode, FeatureCodes, Netlist, Origins
from lgc.ir.naming import unique
from lgc.ir.ports import INPUT_NAMES
from lgc.mapping.comparators import Comparators, Levels, comparators

LAYER = "encoder"
_PIXEL_BITS = 8
_MOST_BITS = 24  # float32 holds every whole number of so many bits
_FRACTION_BITS = 16


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
    thresholds = _thresholds(encoder)
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
    """The code with the type of feature for which it loses nothing.

    Where x is between two thresholds' nearest codes any rounding of x gives the same bit. A threshold that is itself
    a code's value, rounded, decides otherwise in float32 than in float64; it then comes from data of its own type.

    Raises:
        OptionError: no such code exists; says which threshold is at fault.
    """
    thresholds = _thresholds(encoder)
    if problem := code.problem():
        raise OptionError(problem)
    if code.rounding == "up":
        _check_grid(thresholds, code)
        return code
    if code.rounding == "nearest":
        return code
    low, high = levels(thresholds - code.slack, code, "float64"), levels(thresholds + code.slack, code, "float64")
    if code.slack:
        _refuse(thresholds, low != high, code, "is too near to a code's value: rounding decides on which side it is")
        return code
    single, double = levels(thresholds, code, "float32"), low
    differ = single != double
    if not differ.any():
        return code
    for dtype in ("float32", "float64"):
        at = code.values(np.maximum(single, double), dtype)
        if (at == thresholds)[differ].all():
            return replace(code, dtype=dtype)
    _refuse(thresholds, differ, code, "lies between a code's value in float32 and in float64")
    raise AssertionError


def check_codes(encoder: Encoder, codes: FeatureCodes) -> FeatureCodes:
    """The codes, each with the type of feature for which it loses nothing; see :func:`check_code`."""
    thresholds = _thresholds(encoder)
    columns = list(codes.columns)
    for column, indices in codes.groups.items():
        if isinstance(column, FeatureCode):
            for index in indices.tolist():
                row = int(codes.firsts[index])
                columns[index] = check_code(Encoder(1, thresholds[row : row + 1]), column)
    return FeatureCodes(tuple(columns))


def infer_code(
    encoder: Encoder, width: int | None = None, scale: float | None = None, offset: float | None = None
) -> FeatureCode:
    """The code that features of this encoder have, of what is not given the likeliest.

    Thresholds from 0 to 1 mean images over their largest byte: scale 2^W - 1, 8 bits. Larger ones mean whole numbers,
    of 8 bits or as many as it takes. Others, if they are multiples of a power of two, mean fixed point, rounded up:
    that is right for any real feature.

    Raises:
        OptionError: nothing fits, or what is given loses something.
    """
    thresholds = _thresholds(encoder)
    low, high = float(thresholds.min()), float(thresholds.max())
    if scale is not None or offset is not None:
        code = FeatureCode(_PIXEL_BITS if width is None else width, 1.0 if scale is None else scale, offset or 0.0)
    elif low >= 0 and high < 1:
        bits = _PIXEL_BITS if width is None else width
        code = FeatureCode(bits, float((1 << max(1, bits)) - 1))
    elif low >= 0 and high < (1 << (_MOST_BITS if width is None else width)) - 1:
        code = FeatureCode(max(_PIXEL_BITS, (int(high) + 1).bit_length()) if width is None else width)
    else:
        code = _fixed_point(thresholds, width)
    return check_code(encoder, code)


def _thresholds(encoder: Encoder) -> NDArray[np.float64]:
    if encoder.thresholds is None:
        raise OptionError(
            "the model reads bits: it has no thresholds to compare features with",
            hint="Compile with --input bits, or train with thresholds",
        )
    return encoder.thresholds


def _fixed_point(thresholds: NDArray[np.float64], width: int | None) -> FeatureCode:
    """The shortest fixed point that has all thresholds among its values, none of them the largest."""
    most = _MOST_BITS if width is None else width
    largest = float(np.abs(thresholds).max())
    for shift in range(_FRACTION_BITS + 1 if largest < 2.0**_MOST_BITS else 0):
        scaled = thresholds * 2.0**shift
        if (scaled == np.floor(scaled)).all():
            offset = max(0.0, -float(scaled.min()))
            bits = int(offset + float(scaled.max()) + 1).bit_length()
            if bits <= most:
                return FeatureCode(width or max(_PIXEL_BITS, bits), 2.0**shift, offset, "up")
    low, high = float(thresholds.min()), float(thresholds.max())
    raise OptionError(
        f"what integers stand for the features cannot be told from thresholds between {low:g} and {high:g}",
        hint="Say so: x is (k - offset) / scale, with --feature-scale, --feature-offset and --feature-bits",
    )


def _check_grid(thresholds: NDArray[np.float64], code: FeatureCode) -> None:
    """Rounding up is right for a threshold that is a code's value, and the largest code is above all of them."""
    with np.errstate(over="ignore"):
        scaled = thresholds * code.scale
    _refuse(thresholds, scaled != np.floor(scaled), code, "is not the value of a code, so features cannot be rounded")
    outside = (scaled + code.offset < 0) | (scaled + code.offset >= code.top)
    _refuse(thresholds, outside, code, "is outside of the codes")


def _refuse(thresholds: NDArray[np.float64], bad: NDArray[np.bool_], code: FeatureCode, why: str) -> None:
    if bad.any():
        feature, index = (int(axis[0]) for axis in np.nonzero(bad))
        raise OptionError(
            f"the threshold {float(thresholds[feature, index])!r} of feature {feature} {why} ({code.rule()})",
            hint="Give the --feature-scale, --feature-offset and --feature-bits of the training data, or --input bits",
        )


def lower_encoder(circuit: Circuit, codes: FeatureCodes | FeatureCode) -> Circuit:
    """The circuit with the codes' bits as inputs, and comparators in front of its netlist.

    Comparators are built for bits that the netlist reads, and share what they have in common. They give what features
    give, so the result assumes nothing of its inputs, even if the circuit does.

    Args:
        codes: of each column, or the one that every feature has.
    """
    netlist, encoder = circuit.netlist, circuit.encoder
    if isinstance(codes, FeatureCode):
        codes = FeatureCodes.uniform(codes, encoder.num_features)
    read = np.flatnonzero(netlist.fanout()[FIRST_INPUT : netlist.first_node])
    nodes = comparators(port_levels(encoder, codes).reshape(-1), read, encoder.num_thresholds, codes)
    joined = _in_front(netlist, nodes, codes.num_bits)
    metadata = {key: text for key, text in circuit.metadata.items() if key not in ("assumes", INPUT_NAMES)}
    return replace(circuit, netlist=joined, encoder=Encoder(encoder.num_features, code=codes), metadata=metadata)


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
