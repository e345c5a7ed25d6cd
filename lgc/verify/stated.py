"""What a file says of itself, held against what lgc writes of the model: every field, whoever reads it.

Some fields are of the optimised circuit (its size, its groups, its biases). The level that a file was compiled at is
found by the digest of its circuit: the level that gives that digest gives those fields too. Of a circuit that no level
makes (``lgc compile -p``) they are not known, which is told, and all others are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lgc.errors import InputError, LgcError, MismatchError
from lgc.ir import THERMOMETER, Circuit
from lgc.mapping.encoder import lower_encoder
from lgc.passes import optimize
from lgc.verify.subject import DeviceUnderTest

_LEVELS = ("O2", "O0", "O1")
_COMPILED = ("nodes", "depth", "circuit_digest", "group_sizes", "bias", "offsets", "outputs")
_MISSING = "nothing"
_SHOWN = 60


@dataclass(frozen=True)
class Stated:
    """What a file says, and what it must say: values by name, in order.

    Attributes:
        what: the file, as messages call it: ``the manifest``.
        where: its path.
    """

    what: str
    where: str
    given: Mapping[str, Any]
    expected: Mapping[str, Any]


def check_stated(device: DeviceUnderTest, circuit: Circuit) -> tuple[str, ...]:
    """Compare all that a device says of itself with what lgc writes of the model.

    Args:
        circuit: the model's, unoptimised.

    Returns:
        The fields that could not be compared, for no level makes the circuit that the file says it is.

    Raises:
        InputError: a field is another than the model's; the first is named with both values.
        MismatchError: it is the thresholds: whoever encodes features as the file says gets other bits.
    """
    made = _made(device, circuit)
    stated = device.stated(made or _stand_in(device, circuit))
    if stated is None:
        return ()
    unknown = () if made else tuple(name for name in _COMPILED if name in stated.given)
    for name in dict.fromkeys([*stated.expected, *stated.given]):
        given, expected = (values.get(name, _MISSING) for values in (stated.given, stated.expected))
        if name in unknown or _same(given, expected):
            continue
        if name == "thresholds":
            differ = _first(given, expected)
            raise MismatchError(
                f"{stated.what} states thresholds that are not the model's: {differ}", where=stated.where
            )
        raise InputError(
            f"{stated.what} says that {name} is {_short(given)}, but lgc writes {_short(expected)} of this model",
            where=stated.where,
            hint="Compile this checkpoint again, or give --force to compare all the same",
        )
    return unknown


def _same(given: object, expected: object) -> bool:
    """Equal, and of one type: 1 is not True."""
    return type(given) is type(expected) and given == expected


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _first(given: object, expected: object) -> str:
    """Where two lists of rows first differ."""
    if isinstance(given, list) and isinstance(expected, list) and len(given) == len(expected):
        place = next(index for index, pair in enumerate(zip(given, expected, strict=True)) if pair[0] != pair[1])
        return f"of feature {place} {_short(given[place])}, not {_short(expected[place])}"
    return f"{_short(given)}, not {_short(expected)}"


def _made(device: DeviceUnderTest, circuit: Circuit) -> Circuit | None:
    """What a level of optimisation makes of the model, if that is the circuit that the device says it is."""
    code = device.features
    likely = ("O3", *_LEVELS) if device.ordered or code is not None else (*_LEVELS, "O3")
    for level in ("O0",) if device.unoptimised else likely:
        start = circuit
        if code is not None and circuit.encoder.code is None:
            start = lower_encoder(optimize(circuit, "O3") if level == "O3" else circuit, code)
        if (made := optimize(start, level)).digest() == device.circuit_digest:
            return made
    return None


def _stand_in(device: DeviceUnderTest, circuit: Circuit) -> Circuit:
    """The model's circuit with the groups and biases that the device says it has.

    Raises:
        InputError: these are none.
    """
    code = device.features
    if code is not None and circuit.encoder.code is None:
        circuit = lower_encoder(circuit, code)
    if device.ordered:
        circuit = replace(circuit, metadata={**circuit.metadata, "assumes": THERMOMETER})
    if (claimed := device.claimed_head()) is None:
        return circuit
    sizes, bias = claimed
    try:
        offsets = np.concatenate([[0], np.cumsum(np.array(sizes, np.int64))])
        if len(sizes) != len(bias) or len(bias) != circuit.head.num_classes or (np.diff(offsets) < 0).any():
            raise ValueError("another number of classes")
        return replace(circuit, head=replace(circuit.head, offsets=offsets, bias=np.array(bias)))
    except (ValueError, TypeError, OverflowError, LgcError):
        raise InputError(
            f"its groups {_short(list(sizes))} and biases {_short(list(bias))} are not of a head of "
            f"{circuit.head.num_classes} classes",
            where=str(device.path),
            hint="Compile this checkpoint again",
        ) from None
