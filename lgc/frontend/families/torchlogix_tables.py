"""torchlogix's tables, wires and thresholds, tensor by tensor. Table index j: input 0 is the most significant bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.errors import CheckpointError, OptionError
from lgc.frontend.assemble import Tables, bit_tables, gate_tables, hard_argmax, log2_size, refuse_nan
from lgc.frontend.facts import MissingFactError
from lgc.frontend.importer import ImportJob
from lgc.tools.find import missing

Array = NDArray[Any]

PARAMETRIZATIONS = ("raw", "warp", "light")
_TIE = 1e-5


def read_tables(job: ImportJob, name: str, weights: Array, rank: int, prefix: str) -> Tables:
    """Tables, uint64 (N,), of weights (N, 16) or (N, 2^r); ``rank`` comes from the wiring, not from the shape.

    Raises:
        MissingFactError: warp and light look alike, and nobody says which it is.
        CheckpointError: the shape fits no parametrisation, or a weight is NaN.
    """
    kind = _parametrization(job, prefix)
    columns = weights.shape[1]
    raw_possible = rank == 2 and columns == 16
    other_possible = columns == 1 << rank
    if not raw_possible and not other_possible:
        raise CheckpointError(f"{name} has {columns} columns, which no parametrisation has at rank {rank}")
    if kind is None and not raw_possible:
        raise MissingFactError("parametrization", f"{name} may be warp or light, which look alike")
    if kind is None:
        kind = "raw"
    if (kind == "raw") != raw_possible:
        raise OptionError(f"{name} of shape {weights.shape} and rank {rank} cannot be '{kind}'")
    if kind == "raw":
        return gate_tables(hard_argmax(weights, 1, name), name)
    log2_size(columns, name)
    refuse_nan(weights, name)
    if kind == "light":
        return bit_tables(weights > 0, msb_first=True)
    sums = weights.astype(np.float64) @ _hadamard(columns)
    close = int((np.abs(sums) < _TIE).sum())
    if close:
        job.doubtful.append(
            f"{name}: {close} table entries are decided by a sum below {_TIE}, where float32 may differ"
        )
    return bit_tables(sums < 0, msb_first=True)


def _parametrization(job: ImportJob, prefix: str) -> str | None:
    """Of the pickled module, else what the user says."""
    module = job.content.modules.get(f"{prefix}parametrization")
    if module is not None:
        for kind in PARAMETRIZATIONS:
            if module.kind.lower().startswith(kind):
                return kind
    return job.facts.choice("parametrization", PARAMETRIZATIONS)


def _hadamard(size: int) -> NDArray[np.float64]:
    """H[i, j] = (-1)^popcount(i & j)."""
    index = np.arange(size)
    return np.where(np.bitwise_count(index[:, None] & index) & 1, -1.0, 1.0)


def read_wires(job: ImportJob, prefix: str) -> Array:
    """Wires (N, r) of a dense layer, fixed or learned.

    Raises:
        CheckpointError: the file has none, or of the wrong shape.
    """
    name = f"{prefix}connections.indices"
    indices = job.maybe(name)
    if indices is None:
        raise CheckpointError(
            f"{name} is missing: torchlogix up to 0.1.1 does not save the wiring",
            hint="Load the model there and save it with 0.2.1 or later, or with torch.save(model)",
        )
    weights = job.maybe(f"{prefix}connections.weights")
    if weights is None:
        if indices.ndim != 2:
            raise CheckpointError(f"{name} has shape {indices.shape}, expected (r, N)")
        return np.ascontiguousarray(indices.T)
    if indices.ndim != 3 or weights.shape != indices.shape:
        raise CheckpointError(f"{name} has shape {indices.shape} and its weights {weights.shape}, expected (C, r, N)")
    if job.facts.get("gumbel") and str(job.facts.get("torchlogix_version")) == "0.2.1":
        raise CheckpointError("torchlogix 0.2.1 draws gumbel wiring anew at every evaluation: there is no one network")
    chosen = hard_argmax(weights, 0, f"{prefix}connections.weights")
    wires = np.take_along_axis(indices, chosen[None], axis=0)[0].T
    cached = job.maybe(f"{prefix}connections._export_indices")
    if cached is not None and not np.array_equal(cached, wires.T):
        raise CheckpointError(f"{prefix}connections: the wiring cached for export is not the learned one")
    return np.ascontiguousarray(wires)


def read_thresholds(job: ImportJob, prefix: str) -> Array | None:
    """Thresholds (T), (F, T) or (C, T) in float32; None for a binarisation that does nothing.

    Raises:
        MissingFactError: learned ones mean something else in 0.2.1 and in 0.2.2.
    """
    raw = job.maybe(f"{prefix}raw_diffs")
    if raw is None:
        return job.maybe(f"{prefix}thresholds")
    refuse_nan(raw, f"{prefix}raw_diffs")
    job.maybe(f"{prefix}thresholds")  # beside learned differences, this buffer holds only the initial values
    module = job.content.modules.get(prefix.removesuffix("."))
    version = job.facts.get("torchlogix_version")
    if raw.shape[-1] == 1:
        return raw
    if version is None:
        raise MissingFactError("torchlogix_version", "learned thresholds mean something else in each version")
    if str(version) == "0.2.1":
        return _torch_sum(raw, None)
    if str(version) != "0.2.2":
        raise OptionError(f"--torchlogix-version is {str(version)[:20]}", hint="0.2.1 and 0.2.2 are known")
    temperature = module.attributes.get("temperature_softplus") if module else None
    temperature = temperature if isinstance(temperature, float) else job.facts.number("temperature_softplus")
    if temperature is None:
        raise MissingFactError("temperature_softplus", "the file does not hold it (the library's default is 0.1)")
    return _torch_sum(raw, temperature)


def _torch_sum(raw: Array, temperature: float | None) -> Array:
    """The running sum in float32 as torch rounds it: a threshold must not be one ulp off."""
    try:
        import torch
    except ImportError:
        raise missing("torch", "adding up learned thresholds, which torch must round,") from None
    values = torch.from_numpy(np.array(raw))
    if temperature is not None:
        scale = temperature + 1e-6
        rest = scale * torch.nn.functional.softplus(values[..., 1:] / scale)
        values = torch.cat([values[..., :1], rest], dim=-1)
    summed: Array = torch.cumsum(values, dim=-1).numpy()
    return summed
