"""Augmentation on encoded bits: moving an image by whole pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from lgc.errors import OptionError


def shift_table(shape: tuple[int, ...], thresholds: int, reach: int) -> Tensor:
    """int64 ((2*reach+1)^2, bits): for each move and bit, the bit that moves there; ``bits`` itself stands for 0.

    Raises:
        OptionError: the features are no image of at least (height, width).
    """
    if len(shape) < 2 or min(shape[-2:]) <= reach:
        raise OptionError(f"features of shape {shape} cannot be shifted by {reach} pixels", hint="Use --shift 0")
    *leading, height, width = shape
    bits = torch.Size(shape).numel() * thresholds
    index = torch.arange(bits).reshape(*leading, height, width, thresholds)
    padded = torch.full((*leading, height + 2 * reach, width + 2 * reach, thresholds), bits)
    padded[..., reach : reach + height, reach : reach + width, :] = index
    moves = range(2 * reach + 1)
    return torch.stack([padded[..., dy : dy + height, dx : dx + width, :].flatten() for dy in moves for dx in moves])


def shifted(bits: Tensor, table: Tensor, generator: torch.Generator) -> Tensor:
    """Each sample of (samples, bits) moved by a row of the table, drawn at random."""
    drawn = torch.randint(len(table), (len(bits),), generator=generator)
    padded = torch.nn.functional.pad(bits, (0, 1))
    return padded.gather(1, table[drawn])
