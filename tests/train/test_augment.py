"""Augmentation: what it promises of single images, and torchvision's elastic field in distribution."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor

from lgc.cli import cli
from lgc.errors import OptionError
from lgc.ir import Encoder
from lgc.train import TrainConfig
from lgc.train.augment import AffineElastic, Brightness, Crop, Distortion, augmented, make_augment
from lgc.train.samples import BitEncoder, Epochs, epoch_generator

NOTHING = Distortion()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int, *shape: int) -> Tensor:
    return torch.randint(1, 256, (count, *shape), dtype=torch.uint8, generator=generator(1))


def test_no_strength_changes_nothing() -> None:
    x = images(5, 2, 9, 12)
    assert torch.equal(AffineElastic(9, 12, NOTHING)(x, generator()), x)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_bicubic_keeps_what_bilinear_blurs(interpolation: str) -> None:
    """Stripes of one pixel, moved by parts of a pixel."""
    stripes = torch.tensor([0, 255], dtype=torch.uint8).repeat(2000, 1, 28, 14)
    augment = AffineElastic(28, 28, Distortion(shift=1.0), interpolation=interpolation)
    moved = augment(stripes, generator())[:, :, 3:-3, 3:-3].float()
    assert moved.min() == 0
    assert moved.max() == 255  # what overshoots is cut, and does not start again at 0
    kept = float(moved.std(dim=(2, 3)).mean() / 127.5)
    assert kept == pytest.approx({"bilinear": 0.5, "bicubic": 0.65}[interpolation], abs=0.03)


def test_brightness_is_one_factor_an_image() -> None:
    x = torch.arange(1, 101, dtype=torch.float32).view(10, 10).repeat(3000, 1, 1, 1)
    augment = Brightness(lambda image, _: image, 0.3)
    factor = augment(x, generator()) / x
    torch.testing.assert_close(factor, factor[:, :, :1, :1].expand_as(factor))
    factor = factor[:, 0, 0, 0]
    assert factor.min() == pytest.approx(0.7, abs=0.01)
    assert factor.max() == pytest.approx(1.3, abs=0.01)
    assert factor.mean() == pytest.approx(1, abs=0.01)


def test_bright_bytes_stay_white() -> None:
    x = torch.full((500, 1, 2, 2), 250, dtype=torch.uint8)
    brighter = Brightness(lambda image, _: image, 0.5)(x, generator())
    assert brighter.dtype == torch.uint8
    assert (brighter >= 124).all()
    assert (brighter == 255).float().mean() > 0.4


def test_wider_numbers_are_not_cut_as_bytes() -> None:
    """As of 16-bit pixels."""
    x = torch.full((50, 1, 6, 6), 40_000)
    moved = AffineElastic(6, 6, NOTHING, interpolation="bicubic")(x, generator())
    assert torch.equal(moved, x)
    assert Brightness(lambda image, _: image, 0.5)(x, generator()).max() > 50_000


def test_brightness_goes_with_every_augmentation() -> None:
    x = images(64, 1, 8, 8)
    for augment in ("shift", "affine-elastic", "crop-flip"):
        config = TrainConfig("digits", augment=augment)
        made = make_augment(replace(config, brightness=0.5), (1, 8, 8))
        plain = make_augment(config, (1, 8, 8))
        assert made is not None
        assert plain is not None
        assert not torch.equal(made(x, generator()), plain(x, generator()))


def test_last_epochs_are_not_augmented() -> None:
    x = images(300, 64)
    augment = make_augment(TrainConfig("digits", augment="affine-elastic"), (8, 8))
    epochs = Epochs(x, (8, 8), augment, seed=3, until=2)
    assert not torch.equal(epochs.features(2), x)
    assert epochs.ahead == {}
    assert epochs.features(3) is x
    epochs.close()


@pytest.mark.parametrize(("strength", "matrix"), [("rotate", [[0, -1], [1, 0]]), ("scale", None), ("shear", None)])
def test_affine_part(strength: str, matrix: object) -> None:
    """The drawn coordinates are rotation, shear and scale about the centre, in pixels whatever the aspect."""
    largest = {"rotate": 90.0, "scale": 0.5, "shear": 45.0}[strength]
    augment = AffineElastic(6, 10, Distortion(**{strength: largest}))
    linear = augment._linear(4000, generator(), torch.device("cpu"))
    determinant = torch.linalg.det(linear)
    if strength == "rotate":
        torch.testing.assert_close(determinant, torch.ones(4000))
        torch.testing.assert_close(linear @ linear.mT, torch.eye(2).expand(4000, 2, 2))
        angle = torch.atan2(linear[:, 1, 0], linear[:, 0, 0])
        assert angle.abs().max() == pytest.approx(math.pi / 2, abs=0.01)
    elif strength == "shear":
        torch.testing.assert_close(determinant, torch.ones(4000))
        assert (linear[:, 1] == torch.tensor([0.0, 1.0])).all()
        assert linear[:, 0, 1].abs().max() == pytest.approx(1.0, abs=0.01)
    else:
        assert (1 / linear[:, 0, 0]).min() == pytest.approx(0.5, abs=0.01)
        assert (1 / linear[:, 0, 0]).max() == pytest.approx(1.5, abs=0.01)


def test_shift_is_in_pixels_on_both_axes() -> None:
    """A move by exactly one pixel: an image whose value is its x or y coordinate changes by 1."""
    y, x = torch.meshgrid(torch.arange(8.0), torch.arange(16.0), indexing="ij")
    augment = AffineElastic(8, 16, Distortion(shift=1.0))
    moved = augment(torch.stack([x, y]).expand(500, 2, 8, 16), generator())
    change = (moved - torch.stack([x, y]))[:, :, 2:-2, 2:-2]
    assert change.std(dim=(2, 3)).max() < 1e-4
    for axis in (0, 1):
        by = change[:, axis].mean(dim=(1, 2))
        assert by.abs().max() == pytest.approx(1.0, abs=0.02)
        assert by.std() == pytest.approx(1 / math.sqrt(3), rel=0.1)


def torchvision_displacement(count: int, size: int, alpha: float, sigma: float) -> np.ndarray:
    """ElasticTransform's x displacement in pixels, written out: noise, reflected, blurred, scaled."""
    radius = int(8 * sigma + 1) // 2
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    noise = np.random.default_rng(0).uniform(-1, 1, (count, size, size))
    padded = np.pad(noise, [(0, 0), (radius, radius), (radius, radius)], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=1) @ weights
    windows = np.lib.stride_tricks.sliding_window_view(windows, 2 * radius + 1, axis=2) @ weights
    return windows * alpha / size * (size / 2)


def test_elastic_field_is_torchvisions() -> None:
    size, count = 28, 2500
    expected = torchvision_displacement(count, size, 64, 6).reshape(count, -1)
    components = AffineElastic(size, size, Distortion(alpha=64.0)).basis[3:].double().numpy()
    covariance = components.T @ components
    sample = expected.T @ expected / count
    assert np.abs(covariance - sample).max() < 0.15 * sample.max()
    assert np.sqrt(np.diag(covariance)).mean() == pytest.approx(expected.std(0).mean(), rel=0.03)
    assert 1.1 < expected.std() < 1.3  # pixels: what docs/training.md says of alpha 64


def test_elastic_moves_pixels_by_that_much() -> None:
    """In the middle of the image, whose value is its x coordinate."""
    x = torch.arange(28.0).expand(3000, 1, 28, 28)
    moved = AffineElastic(28, 28, Distortion(alpha=64.0))(x, generator())
    expected = torchvision_displacement(1000, 28, 64, 6)[:, 14, 14].std()
    assert (moved - x)[:, 0, 14, 14].std() == pytest.approx(expected, rel=0.1)


def test_crop_moves_by_whole_pixels() -> None:
    x = images(1, 1, 3, 4)
    moved = Crop(3, 4, 1, flip=False)(x.expand(400, 1, 3, 4), generator())
    padded = torch.nn.functional.pad(x[0, 0], (1, 1, 1, 1))
    expected = {tuple(padded[i : i + 3, j : j + 4].flatten().tolist()) for i in range(3) for j in range(3)}
    assert {tuple(image.flatten().tolist()) for image in moved} == expected


def test_crop_flip_reflects_and_mirrors() -> None:
    x = images(1, 3, 5, 6)
    moved = Crop(5, 6, 2, flip=True)(x.expand(2000, 3, 5, 6), generator())
    padded = torch.nn.functional.pad(x.float(), (2, 2, 2, 2), mode="reflect")[0].to(torch.uint8)
    crops = [padded[:, i : i + 5, j : j + 6] for i in range(5) for j in range(5)]
    expected = {tuple(c.flatten().tolist()) for crop in crops for c in (crop, crop.flip(2))}
    assert {tuple(image.flatten().tolist()) for image in moved} == expected


def test_epochs_repeat_and_differ() -> None:
    x = images(700, 64)
    augment = make_augment(TrainConfig("digits", augment="affine-elastic"), (8, 8))
    epochs = Epochs(x, (8, 8), augment, seed=3)
    first, second = epochs.features(1), epochs.features(2)
    assert not torch.equal(first, second)
    assert not torch.equal(first, x)
    other = Epochs(x, (8, 8), augment, seed=3)
    assert torch.equal(other.features(2), second)  # as after --resume: without the first
    assert torch.equal(other.features(1), first)
    assert not torch.equal(Epochs(x, (8, 8), augment, seed=4).features(1), first)
    assert Epochs(x, (8, 8), None, seed=3).features(5) is x
    for open_ones in (epochs, other):
        open_ones.close()


def test_chunks_leave_nothing_out() -> None:
    x = images(1100, 16)
    assert torch.equal(augmented(x, (4, 4), lambda image, _: 255 - image, generator()), 255 - x)


@pytest.mark.parametrize("scale", [1, 16, 255])
def test_bytes_become_the_bits_of_the_encoder(scale: int) -> None:
    stored = np.arange(256, dtype=np.uint8).reshape(256, 1).repeat(2, axis=1)
    features = stored if scale == 1 else stored.astype(np.float32) / np.float32(scale)
    on_the_grid = np.array([0.0, 51 / 255, float(np.float32(51) / np.float32(255)), 1.0])
    thresholds = np.stack([np.sort(on_the_grid), [-0.5, 0.25, 0.75, 300.0]])
    encoder = Encoder(2, thresholds)
    bits = BitEncoder(encoder, scale, torch.device("cpu"))(torch.from_numpy(stored))
    np.testing.assert_array_equal(bits.numpy().astype(bool), encoder.encode(features))


def test_generators_differ_by_purpose() -> None:
    draws = {torch.rand(1, generator=epoch_generator(*of)).item() for of in [(0, 1, "a"), (0, 1, "b"), (1, 0, "a")]}
    assert len(draws) == 3


def test_refuses_what_is_no_image() -> None:
    config = TrainConfig("digits", augment="affine-elastic")
    with pytest.raises(OptionError, match=r"shape \(30,\) are no images"):
        make_augment(config, (30,))
    with pytest.raises(OptionError, match="cannot be moved by 4"):
        make_augment(replace(config, augment="crop-flip"), (3, 4, 4))


def test_contact_sheet(tmp_path: Path) -> None:
    from matplotlib.image import imread

    path = tmp_path / "sheet.png"
    arguments = ["digits", "--augment", "affine-elastic", "--contact-sheet", str(path)]
    result = CliRunner().invoke(cli, ["train", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    assert imread(path).shape == (12 * 9 * 2, 16 * 9 * 2, 4)
    with pytest.raises(OptionError, match="no augmentation"):
        CliRunner().invoke(cli, ["train", "digits", "--contact-sheet", str(path)], catch_exceptions=False)
    with pytest.raises(OptionError, match="-o"):
        CliRunner().invoke(cli, ["train", "digits"], catch_exceptions=False)
