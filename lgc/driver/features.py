"""Which integers stand for the columns of a sample in hardware, and what that changes."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lgc.driver.request import flags
from lgc.errors import InputError, OptionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lgc.driver.compile_request import CompileRequest
    from lgc.driver.samples import Chosen
    from lgc.ir import Circuit, Encoder, FeatureCode, FeatureCodes, Inputs
    from lgc.ir.features import ColumnCode

UNSHOWN = "that raw samples become these codes, by the manifest's formulas; --data FILE with raw samples shows it"
_SHOWN = 3
_REMEDY = (
    "--data FILE with labelled samples: what rounding changes is measured there; or train with --feature-bits W, "
    "which makes the codes first, so that nothing is lost"
)


@dataclass(frozen=True)
class Loss:
    """What codes change, measured on data.

    Attributes:
        samples: those of the data.
        differ: of how many the class is another.
        before, after: the accuracy without and with codes, 0 to 1; None if the data have no labels.
        told: which samples these are, for people.
    """

    samples: int
    differ: int
    before: float | None = None
    after: float | None = None
    told: str = ""

    def __str__(self) -> str:
        text = f"classes that differ: {self.differ:,} of {self.samples:,}"
        if self.before is not None and self.after is not None:
            text = f"accuracy before {100 * self.before:.2f} %, after {100 * self.after:.2f} %, {text}"
        return f"features as codes: {text}" + (f" ({self.told})" if self.told else "")


def choose_codes(circuit: Circuit, asked: CompileRequest, samples: Chosen | None) -> FeatureCodes:
    """The codes of all columns.

    A model that knows its input knows them. Columns of real numbers without one, and the features of a model that
    knows nothing, get codes of the width that is asked for.

    Args:
        samples: those on which the codes will be measured; None if they will not be.

    Raises:
        OptionError: there are none, an option is of no use, or they may lose something and there are no data.
    """
    from lgc.ir import FeatureCodes
    from lgc.mapping.encoder import infer_code

    scaled = (asked.feature_scale, asked.feature_offset)
    widths = Widths.of(asked.feature_bits)
    if circuit.inputs is not None:
        if any(value is not None for value in scaled):
            raise OptionError(
                "the model says what its columns are: --feature-scale and --feature-offset are for models that do not",
                hint="Leave them out",
            )
        return _known(circuit, circuit.inputs, widths, measured=samples is not None)
    if circuit.encoder.thresholds is None:
        infer_code(circuit.encoder)  # says why there is none
    features = circuit.encoder.num_features
    if not widths.own:
        try:
            code = infer_code(circuit.encoder, widths.default, *scaled)
            if samples is None or _told(asked) or _fits(circuit.encoder, code, samples):
                return FeatureCodes.uniform(code, features)
        except OptionError:
            if widths.default is None or any(value is not None for value in scaled) or samples is None:
                raise
    elif any(value is not None for value in scaled):
        raise OptionError("--feature-scale and --feature-offset are of all features, and --feature-bits names some")
    names = tuple(map(str, range(features)))
    return _rounded(circuit, widths, names, {}, measured=samples is not None)


def refuse_no_codes(asked: CompileRequest, *, coded: bool) -> None:
    """Refuse options about codes of features where nobody chooses any."""
    from lgc.driver.compile_request import CompileRequest

    about = ("feature_bits", "feature_scale", "feature_offset", "data", "data_dir")
    given = [name for name in about if getattr(asked, name) is not None]
    if given:
        why = "this netlist has its codes already" if coded else "the input is bits"
        raise OptionError(
            f"{flags(CompileRequest, *given)} is of choosing codes of features, but {why}",
            hint="Leave it out" if coded else "Add --input features",
        )


def _told(asked: CompileRequest) -> bool:
    """Whether a reading of thresholds is to be had, or an error: a width alone may stand for rounding too."""
    return asked.feature_bits is None or asked.feature_scale is not None or asked.feature_offset is not None


def _fits(encoder: Encoder, code: FeatureCode, samples: Chosen) -> bool:
    """Whether samples are values of a code that was read from thresholds.

    Raises:
        InputError: they are unusable, whatever their codes are.
    """
    from lgc.driver.data import load_bits
    from lgc.ir import Encoder, FeatureCodes

    load_bits(samples, encoder)
    codes = FeatureCodes.uniform(code, encoder.num_features)
    try:
        load_bits(samples, Encoder(encoder.num_features, code=codes), encoder)
    except InputError:
        return False
    return True


@dataclass(frozen=True)
class Widths:
    """Bits of codes, as ``--feature-bits`` says them.

    Attributes:
        default: of all columns but those that are named; None if it is not said.
        own: by name, or by number where columns have no names.
    """

    default: int | None
    own: dict[str, int]

    @classmethod
    def of(cls, text: int | str | None) -> Widths:
        """From ``8``, ``NAME=10,OTHER=8`` or ``8,NAME=10``.

        Raises:
            OptionError: it is nothing of these.
        """
        default: int | None = None
        own: dict[str, int] = {}
        for part in str(text).split(",") if text is not None else ():
            name, _, number = part.rpartition("=")
            if not number.strip().isdecimal() or (not name and default is not None) or len(number) > 9:
                raise OptionError(
                    f"--feature-bits {text} is no width", hint="Give a number of bits, or NAME=BITS,NAME=BITS"
                )
            if name:
                own[name.strip()] = int(number)
            else:
                default = int(number)
        return cls(default, own)

    def check(self, names: tuple[str, ...]) -> None:
        """Refuse widths of columns that there are not.

        Raises:
            OptionError: naming the first.
        """
        strange = next((name for name in self.own if name not in names), None)
        if strange is not None:
            close = difflib.get_close_matches(strange, names, n=1) or list(names[:_SHOWN])
            raise OptionError(
                f"--feature-bits names the column '{strange[:60]}', and there is none without a code",
                hint=f"Such columns are {', '.join(close)}" if names else "Leave it out: every column has its code",
            )

    def width(self, name: str) -> int | None:
        """Of one column; None if it is not said."""
        return self.own.get(name, self.default)


def _known(circuit: Circuit, inputs: Inputs, widths: Widths, *, measured: bool) -> FeatureCodes:
    """The codes of a model that knows its input: its own, and others for columns that have none."""
    from lgc.mapping.encoder import check_codes

    codes = {index: code for index, column in enumerate(inputs.columns) if (code := column.code()) is not None}
    if len(codes) < len(inputs.columns):
        return check_codes(circuit.encoder, _rounded(circuit, widths, inputs.names, codes, measured=measured))
    if widths.default is not None or widths.own:
        raise OptionError(
            "every column of this model has its code already: --feature-bits is for real numbers without one",
            hint="Leave it out, or train with another --feature-bits",
        )
    found = inputs.codes()
    assert found is not None
    return check_codes(circuit.encoder, found)


def _rounded(
    circuit: Circuit, widths: Widths, names: tuple[str, ...], known: dict[int, ColumnCode], *, measured: bool
) -> FeatureCodes:
    """The known codes, and for all other columns those of the widths.

    Raises:
        OptionError: a width is impossible or not said, or a code may lose something and nothing is measured.
    """
    from lgc.ir import FeatureCodes
    from lgc.ir.features import MAX_WIDTH
    from lgc.mapping.encoder import MOST_BITS, fixed_point
    from lgc.mapping.quantise import is_lossless, live_thresholds, quantised

    widths.check(tuple(name for index, name in enumerate(names) if index not in known))
    read, inputs, codes = live_thresholds(circuit), circuit.inputs, dict(known)
    firsts = inputs.firsts if inputs is not None else range(len(names))
    lossy, unsaid = [], []
    for index in (one for one in range(len(names)) if one not in known):
        thresholds, width = read[int(firsts[index])], widths.width(names[index])
        if width is None:
            exact = fixed_point(thresholds, MOST_BITS)
            width = exact.width if exact is not None else 1 if not thresholds.size else None
        if width is None:
            unsaid.append(names[index])
            continue
        if not 1 <= width <= MAX_WIDTH:
            raise OptionError(f"--feature-bits of column {names[index]} is {width}", hint=f"Give 1 to {MAX_WIDTH}")
        codes[index] = code = quantised(thresholds, width, inputs.columns[index] if inputs is not None else None)
        lossy += [] if is_lossless(code, thresholds) else [names[index]]
    for bad, why, remedy in (
        (unsaid, "read as real numbers, and nobody said which integers stand for them",
         f"Add --feature-bits W and {_REMEDY}"),
        ([] if measured else lossy, "rounded to codes, which may change classes", f"Add {_REMEDY}"),
    ):  # fmt: skip
        if bad:
            shown = ", ".join(name[:60] for name in bad[:_SHOWN]) + (", ..." if len(bad) > _SHOWN else "")
            raise OptionError(f"{len(bad)} of {len(names)} columns are {why}: {shown}", hint=remedy)
    return FeatureCodes(tuple(codes[index] for index in range(len(names))))


def measure(circuit: Circuit, codes: FeatureCodes, samples: Chosen) -> Loss:
    """The classes of samples, as the model decides and as it does of codes.

    Args:
        circuit: the model's own, before codes.

    Raises:
        InputError: the samples do not fit, or there are none.
    """
    from lgc.driver.data import load_bits
    from lgc.ir import Encoder, interp

    if not len(samples):
        raise InputError("the data has no samples", where=samples.where)
    inner = circuit.encoder
    bits, labels = load_bits(samples, inner, None, circuit.inputs), samples.labels
    port = load_bits(samples, Encoder(inner.num_features, code=codes), inner, circuit.inputs)
    coded = inner.encode(codes.values(codes.codes_of_bits(port)))
    before, after = interp.classify(circuit, bits), interp.classify(circuit, coded)
    differ = int((before != after).sum())
    if labels is None:
        return Loss(len(bits), differ, told=samples.told)
    return Loss(len(bits), differ, _share(before, labels), _share(after, labels), samples.told)


def _share(predicted: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    return float((predicted == labels).mean())
