"""Augmentation of images: moved, bent or flipped anew in every epoch, before the thresholds make bits of them.

Everything is drawn on the device that holds the images, and decided by the generator alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample

from lgc.errors import OptionError
from lgc.train.config import TrainConfig

Augment = Callable[[Tensor, Generator], Tensor]
"""Images (n, C, H, W), of floats or bytes, to as many of the same shape and type."""

_CHUNK = {"cpu": 256}  # images at a time: what they take stays in the cache
_CHUNK_ELSEWHERE = 16384
_KEPT_VARIANCE = 0.999


def make_augment(config: TrainConfig, shape: tuple[int, ...]) -> Augment | None:
    """What ``config.augment`` names, for samples of that feature shape; None for none.

    Raises:
        OptionError: the features are no images, or they are too small.
    """
    if config.augment == "none":
        return None
    if len(shape) < 2 or min(shape[-2:]) < 2:
        raise OptionError(f"features of shape {shape} are no images", hint="Use --augment none")
    moved = _make_move(config, *shape[-2:])
    return Brightness(moved, config.brightness) if config.brightness else moved


def _make_move(config: TrainConfig, height: int, width: int) -> Augment:
    if config.augment == "affine-elastic":
        distortion = Distortion(
            rotate=config.rotate, shear=config.shear, scale=config.scale, shift=config.shift,
            alpha=config.elastic_alpha, sigma=config.elastic_sigma,
        )  # fmt: skip
        return AffineElastic(height, width, distortion, config.interpolation)
    reach = config.pad if config.augment == "crop-flip" else round(config.shift)
    if reach >= min(height, width):
        raise OptionError(f"images of {height} by {width} pixels cannot be moved by {reach}", hint="Move them less")
    return Crop(height, width, reach, flip=config.augment == "crop-flip")


def augmented(x: Tensor, shape: tuple[int, ...], augment: Augment, generator: Generator) -> Tensor:
    """Samples (n, features) augmented as images of ``shape``, in the same type."""
    *channels, height, width = shape
    out = torch.empty_like(x)
    chunk = _CHUNK.get(x.device.type, _CHUNK_ELSEWHERE)
    for start in range(0, len(x), chunk):
        images = x[start : start + chunk].view(-1, math.prod(channels), height, width)
        out[start : start + chunk] = augment(images, generator).flatten(1)
    return out


@dataclass(frozen=True, kw_only=True)
class Distortion:
    """How far images are distorted at most; nothing by default.

    Attributes:
        rotate, shear: angles, in degrees.
        scale: relative change of size.
        shift: move, in pixels.
        alpha, sigma: strength of the displacement, and its smoothness in pixels; alpha 0 is none.
    """

    rotate: float = 0.0
    shear: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    alpha: float = 0.0
    sigma: float = 6.0


class AffineElastic:
    """A random affine map and a random smooth displacement in one resampling; outside is 0.

    The displacement is torchvision's ``ElasticTransform``: uniform noise in -1..1, smoothed by a Gaussian of ``sigma``
    pixels, times ``alpha / size``, in coordinates where the image spans -1..1. Smoothing is linear, and a wide Gaussian
    leaves few degrees of freedom: the field is drawn as a combination of its largest principal components (99.9 % of
    the variance). That replaces drawing and filtering two numbers a pixel, and makes the coordinates of a chunk of
    images, affine part and all, one matrix product.

    Args:
        height, width: of the images.
        distortion: how far.
        interpolation: ``bilinear``, or ``bicubic``, which costs more and leaves images as sharp as they are, where they
            are textures more than strokes.
    """

    def __init__(self, height: int, width: int, distortion: Distortion, interpolation: str = "bilinear") -> None:
        self.height, self.width, self.interpolation = height, width, interpolation
        self.rotate, self.shear = math.radians(distortion.rotate), math.radians(distortion.shear)
        self.scale, self.shift = distortion.scale, distortion.shift
        self.basis = self._basis(distortion.alpha, distortion.sigma)

    def _basis(self, alpha: float, sigma: float) -> Tensor:
        """Float (3 + components, H * W): the x, y and 1 at the pixels, then the components of a displacement in pixels.

        An image of any size spans 2, so alpha / size is alpha / 2 pixels; noise in -1..1 has the variance 1/3.
        """
        strength = alpha / 2 / math.sqrt(3)
        y, x = torch.meshgrid(_centres(self.height), _centres(self.width), indexing="ij")
        rows = [x.flatten(), y.flatten(), torch.ones(x.numel())]
        if alpha:
            down, across = _components(self.height, sigma), _components(self.width, sigma)
            rows += (strength * torch.einsum("ay,bx->abyx", down, across)).flatten(0, 1).flatten(1).unbind()
        return torch.stack(rows)

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """See :data:`Augment`."""
        self.basis = self.basis.to(images.device)
        count = len(images)
        mixture = torch.empty(count, 2, len(self.basis), device=images.device)
        mixture[:, :, :2] = self._linear(count, generator, images.device)
        mixture[:, :, 2].uniform_(-self.shift, self.shift, generator=generator)
        mixture[:, :, 3:].normal_(generator=generator)
        mixture *= torch.tensor([2 / self.width, 2 / self.height], device=images.device).view(1, 2, 1)
        grid = (mixture.flatten(0, 1) @ self.basis).view(count, 2, self.height, self.width)
        grid = grid.permute(0, 2, 3, 1)
        return _as(images, grid_sample(images.float(), grid, mode=self.interpolation, align_corners=False))

    def _linear(self, count: int, generator: Generator, device: torch.device) -> Tensor:
        """Float (count, 2, 2): rotation times shear over scale, as they act on (x, y)."""
        u = torch.empty(3, count, device=device).uniform_(-1, 1, generator=generator)
        angle, slope, size = u[0] * self.rotate, torch.tan(u[1] * self.shear), 1 + u[2] * self.scale
        cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
        return torch.stack([cos, slope * cos - sin, sin, slope * sin + cos], dim=1).view(count, 2, 2)


class Brightness:
    """Each image of another augmentation times a random factor, at most ``strength`` from 1; bytes stay bytes."""

    def __init__(self, augment: Augment, strength: float) -> None:
        self.augment, self.strength = augment, strength

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """See :data:`Augment`."""
        change = torch.empty(len(images), 1, 1, 1, device=images.device).uniform_(-1, 1, generator=generator)
        return _as(images, self.augment(images, generator) * (1 + self.strength * change))


class Crop:
    """A move by up to ``reach`` whole pixels each way; with ``flip``, mirrored left to right half of the time.

    What moves in is the image reflected at its edge if ``flip``, as usual for photographs, and 0 otherwise.
    """

    def __init__(self, height: int, width: int, reach: int, *, flip: bool) -> None:
        self.reach, self.flip, self.size = reach, flip, (height, width)

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        """See :data:`Augment`."""
        count, channels = images.shape[:2]
        rows, columns = (self._index(size, count, generator, images.device) for size in self.size)
        if self.flip:
            mirrored = torch.rand(count, 1, generator=generator, device=images.device) < 0.5
            columns = torch.where(mirrored, columns.flip(1), columns)
        inside = self._inside(rows, 0).unsqueeze(2) & self._inside(columns, 1).unsqueeze(1)
        pixel = self._folded(rows, 0).unsqueeze(2) * self.size[1] + self._folded(columns, 1).unsqueeze(1)
        index = pixel.view(count, 1, -1).expand(-1, channels, -1)
        moved = images.flatten(2).gather(2, index).view_as(images)
        return moved if self.flip else moved * inside.unsqueeze(1)

    def _index(self, size: int, count: int, generator: Generator, device: torch.device) -> Tensor:
        """int64 (count, size): where each row (or column) is taken from, perhaps outside."""
        move = torch.randint(-self.reach, self.reach + 1, (count, 1), generator=generator, device=device)
        return torch.arange(size, device=device) + move

    def _inside(self, index: Tensor, axis: int) -> Tensor:
        return (index >= 0) & (index < self.size[axis])

    def _folded(self, index: Tensor, axis: int) -> Tensor:
        """Reflected at the first and at the last pixel."""
        last = self.size[axis] - 1
        return last - (last - index.abs()).abs()


def _as(images: Tensor, changed: Tensor) -> Tensor:
    """In the type of the images: whole numbers are rounded, and of bytes is cut what overshoots."""
    if images.is_floating_point():
        return changed
    changed = changed.round_()
    return (changed.clamp_(0, 255) if images.dtype == torch.uint8 else changed).to(images.dtype)


def _centres(size: int) -> Tensor:
    return torch.arange(size) - (size - 1) / 2


def _components(size: int, sigma: float) -> Tensor:
    """Float (r, size): principal components, scaled, of white noise smoothed along one axis.

    The Gaussian is cut at four sigma and the noise reflected at the edges.
    """
    radius = int(4 * sigma)
    offsets = torch.arange(-radius, radius + 1)
    weights = torch.exp(-0.5 * (offsets.double() / max(sigma, 1e-9)) ** 2)
    weights /= weights.sum()
    period = max(1, 2 * (size - 1))
    source = (torch.arange(size).unsqueeze(1) + offsets).remainder(period)
    source = torch.minimum(source, period - source)
    blur = torch.zeros(size, size, dtype=torch.float64)
    blur.scatter_add_(1, source, weights.expand(size, -1))
    variance, vectors = torch.linalg.eigh(blur @ blur.t())
    order = variance.argsort(descending=True)
    kept = int((variance[order].cumsum(0) < _KEPT_VARIANCE * variance.sum()).sum()) + 1
    chosen = order[:kept]
    return (vectors[:, chosen] * variance[chosen].sqrt()).t().float()
