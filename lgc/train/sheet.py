"""A picture of what augmentation makes of a few samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from lgc.errors import OptionError
from lgc.files import replacing
from lgc.tools.cache import lend_home
from lgc.tools.find import missing
from lgc.train.augment import Augment, augmented

_SAMPLES, _VERSIONS, _GAP, _ZOOM = 12, 15, 1, 2


def write_contact_sheet(
    path: Path, x: Tensor, shape: tuple[int, ...], white: int, augment: Augment, generator: Generator
) -> None:
    """A PNG with a row for each of the first samples: as it is, then augmented versions of it.

    Args:
        x: stored features (n, features) of the samples.
        shape: of a sample as an image, (H, W), (1, H, W) or (3, H, W).
        white: the stored value that is shown as white.

    Raises:
        OptionError: the images have neither one nor three channels.
        MissingToolError: matplotlib is not installed.
        OutputError: the file cannot be written.
    """
    lend_home()
    try:
        from matplotlib.image import imsave
    except ImportError:
        raise missing("matplotlib", "a contact sheet") from None
    *channels, height, width = shape
    if channels not in ([], [1], [3]):
        raise OptionError(f"features of shape {shape} are no picture", hint="Leave out --contact-sheet")
    first = x[:_SAMPLES]
    versions = augmented(first.repeat_interleave(_VERSIONS, 0), shape, augment, generator)
    both = torch.cat([first.unsqueeze(1), versions.view(len(first), _VERSIONS, -1)], dim=1)
    tiles = (both.float() / white).clamp(0, 1).cpu().numpy().reshape(*both.shape[:2], -1, height, width)
    padding = [(0, 0)] * 3 + [(0, _GAP)] * 2
    tiles = np.pad(tiles, padding, constant_values=0.5)
    sheet = tiles.transpose(0, 3, 1, 4, 2).reshape(len(first) * (height + _GAP), -1, tiles.shape[2])
    picture = np.broadcast_to(sheet, (*sheet.shape[:2], 3)).repeat(_ZOOM, 0).repeat(_ZOOM, 1)
    with replacing(path) as temporary:
        imsave(temporary, np.ascontiguousarray(picture), format="png")
