"""The manifest's formulas held against what the model reads of the same samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lgc.errors import MismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lgc.driver.samples import Chosen
    from lgc.ir import Circuit


def check_formulas(lowered: Circuit, samples: Chosen, bits: NDArray[np.bool_]) -> None:
    """Hold the codes that a model makes of raw samples against what the manifest's formulas make of them.

    Args:
        lowered: the model's circuit behind its codes.
        bits: (n, bits) of its port, as the model encodes the samples.

    Raises:
        MismatchError: a code is another; says of which sample and column.
    """
    import numpy as np

    from lgc.backend.columns import codes_by_rows, column_rows
    from lgc.data.known import known_columns

    inputs, codes = lowered.inputs, lowered.encoder.code
    if inputs is None or codes is None or samples.packed or samples.are_features or samples.rows.dtype.kind == "b":
        return
    raw = samples.rows.reshape(len(samples), -1)
    if inputs.pixels is None:
        raw = known_columns(raw, samples.columns, inputs)[0]
    elif raw.dtype.kind == "f" and float(raw.max(initial=0)) <= 1:
        return  # features already
    given, seen = codes_by_rows(column_rows(lowered), raw), codes.codes_of_bits(bits)
    if len(wrong := np.argwhere(given != seen)):
        sample, column = (int(index) for index in wrong[0])
        raise MismatchError(
            f"the formula of column '{inputs.columns[column].name[:60]}' makes {given[sample, column]} of sample "
            f"{sample}, {raw[sample, column]:g}, but the model reads {seen[sample, column]}",
            where=samples.where,
        )
