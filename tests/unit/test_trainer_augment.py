import itertools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from trainer.augment import augment, warp

LEVELS = ("none", "crop", "crop_color", "crop_color_transform", "geometric")


def picture(side: int = 32, count: int = 8) -> np.ndarray:
    """White with a red square left of the middle."""
    images = np.full((count, side, side, 3), 255, np.uint8)
    images[:, 12:20, 6:14] = (200, 20, 30)
    return images


@pytest.mark.parametrize("kind", LEVELS)
def test_images_keep_their_shape_and_kind(kind: str) -> None:
    changed = augment(picture(), kind, np.random.default_rng(0))
    assert changed.shape == (8, 32, 32, 3)
    assert changed.dtype == np.uint8


@pytest.mark.parametrize("kind", LEVELS)
def test_the_same_seed_gives_the_same_images(kind: str) -> None:
    first = augment(picture(), kind, np.random.default_rng(5))
    again = augment(picture(), kind, np.random.default_rng(5))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("kind", LEVELS)
def test_the_originals_stay_as_they_are(kind: str) -> None:
    images = picture()
    augment(images, kind, np.random.default_rng(1))
    np.testing.assert_array_equal(images, picture())


@pytest.mark.parametrize("kind", LEVELS[1:])
def test_images_of_a_batch_change_differently(kind: str) -> None:
    changed = augment(picture(), kind, np.random.default_rng(2))
    assert len({image.tobytes() for image in changed}) > 4


def test_crop_shifts_by_a_sixteenth_at_most_and_brings_in_no_black() -> None:
    changed = augment(picture(count=64), "crop", np.random.default_rng(3))
    red = np.argwhere((changed == (200, 20, 30)).all(axis=3))
    assert red[:, 1].min() == 10
    assert red[:, 1].max() == 21
    assert len(red) == 64 * 64
    assert (changed.reshape(-1, 3).min(axis=0) == (200, 20, 30)).all()


@pytest.mark.parametrize("kind", ["crop", "crop_color"])
def test_crops_never_mirror(kind: str) -> None:
    changed = augment(picture(count=64), kind, np.random.default_rng(4)).astype(int)
    left, right = changed[:, :, :16, 1].mean(axis=(1, 2)), changed[:, :, 16:, 1].mean(axis=(1, 2))
    assert (left < right).all()


def test_the_transform_mirrors_about_half() -> None:
    changed = augment(picture(count=64), "crop_color_transform", np.random.default_rng(4))
    green = changed[..., 1].astype(int)
    mirrored = green[:, :, 16:].mean(axis=(1, 2)) < green[:, :, :16].mean(axis=(1, 2))
    assert 16 < mirrored.sum() < 48


def test_colours_stay_the_colours_they_were() -> None:
    changed = augment(picture(), "crop_color", np.random.default_rng(6))
    middle = changed[:, 16, 10].astype(int)
    assert (middle[:, 0] > 2 * middle[:, 1]).all()
    assert (middle[:, 0] > 2 * middle[:, 2]).all()


class Draws:
    """A generator that mirrors and shifts nothing; `uniform` is what it is made with."""

    def __init__(self, uniform: Callable[[float, float, Any], Any]) -> None:
        self.uniform = uniform

    def random(self, count: int) -> Any:
        return np.ones(count)

    def integers(self, low: int, high: int, size: Any) -> Any:
        return np.full(size, (low + high - 1) // 2)


def changed_by(uniform: Callable[[float, float, Any], Any], images: Any, kind: str) -> Any:
    return augment(images, kind, Draws(uniform)).astype(float)  # type: ignore[arg-type]


@pytest.mark.parametrize("side", [24, 25])
def test_images_are_turned_and_scaled_as_opencv_does_it(side: int) -> None:
    """About the middle, by up to 10 degrees and a tenth; beyond the edge its pixel repeats."""

    def spread(low: float, high: float, size: Any) -> Any:
        """Spread turns and scales over all that may be drawn, and leave the colours."""
        return np.linspace(low, high, size) if isinstance(size, int) else np.zeros(size)

    noise = np.random.default_rng(5).integers(0, 256, (7, 8, 8, 3), dtype=np.uint8)
    smooth = np.stack([cv2.resize(image, (side + 8, side + 8))[4:-4, 4:-4] for image in noise])
    middle = ((side - 1) / 2, (side - 1) / 2)
    angles, scales = np.linspace(10, -10, 7), np.linspace(0.9, 1.1, 7)
    turned = changed_by(spread, smooth, "crop_color_transform")
    for image, found, angle, scale in zip(smooth, turned, angles, scales, strict=True):
        turn = cv2.getRotationMatrix2D(middle, angle, scale)
        wanted = cv2.warpAffine(image, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
        assert np.abs(found - wanted).max() <= 2
        assert angle == 0 or np.abs(found - image).max() > 20


def test_an_image_that_is_neither_turned_nor_changed_stays_as_it_is() -> None:
    noise = np.random.default_rng(5).integers(0, 256, (3, 9, 9, 3), dtype=np.uint8)
    assert (augment(noise, "none", np.random.default_rng(1)) == noise).all()
    middle = changed_by(
        lambda low, high, size: np.full(size, (low + high) / 2), noise, "crop_color_transform"
    )
    assert (middle == noise).all()


@pytest.mark.parametrize(("side", "reach"), [(4, 1), (24, 2), (40, 2)])
def test_crop_shifts_each_way_by_a_sixteenth_and_a_pixel_at_least(side: int, reach: int) -> None:
    images = np.zeros((1500, side, side, 1), np.uint8)
    images[:, side // 2, side // 2] = 255
    changed = augment(images, "crop", np.random.default_rng(6))
    shifts = np.argwhere(changed[..., 0])[:, 1:] - side // 2
    each_way = range(-reach, reach + 1)
    assert set(map(tuple, shifts.tolist())) == set(itertools.product(each_way, each_way))


def test_brightness_contrast_and_saturation_use_their_bounds_and_keep_them() -> None:
    """Three colours tell them apart: two greys, and one whose luma is its mean."""
    images = np.empty((500, 30, 30, 3), np.uint8)
    images[:, :10], images[:, 10:20], images[:, 20:] = 60, 180, (151, 100, 92)
    changed = changed_by(np.random.default_rng(6).uniform, images, "crop_color")
    dark, light, colour = (changed[:, row, 0] for row in (0, 10, 20))
    brightness = changed.mean(axis=(1, 2, 3)) / images[0].mean()
    contrast = (light - dark)[:, 0] / (180 - 60) / brightness
    saturation = (colour[:, 0] - colour[:, 2]) / (151 - 92) / (brightness * contrast)
    for factor, most in ((brightness, 0.1), (contrast, 0.1), (saturation, 0.2)):
        assert 1 + most * 0.9 < factor.max() < 1 + most * 1.1
        assert 1 - most * 1.1 < factor.min() < 1 - most * 0.9
        assert abs(factor.mean() - 1) < most / 10
    assert np.abs(np.corrcoef([brightness, contrast, saturation]) - np.eye(3)).max() < 0.2


def test_contrast_is_about_an_images_own_mean() -> None:
    images = np.stack([np.full((8, 8, 3), grey, np.uint8) for grey in (60, 180)])
    changed = changed_by(lambda low, high, size: np.full(size, high), images, "crop_color")
    assert (changed[0] == 66).all()
    assert (changed[1] == 198).all()


def test_black_and_white_stay_what_they_are_at_their_brightest_and_darkest() -> None:
    images = np.zeros((1, 8, 8, 3), np.uint8)
    images[:, :4] = 255
    brightest = changed_by(lambda low, high, size: np.full(size, high), images, "crop_color")
    assert (brightest == images).all()
    darkest = changed_by(lambda low, high, size: np.full(size, low), images, "crop_color")
    # contrast about the mean, 127.5, then brightness, each a tenth less
    assert (darkest[0, 0] == round((127.5 + 127.5 * 0.9) * 0.9)).all()
    assert (darkest[0, 7] == round((127.5 - 127.5 * 0.9) * 0.9)).all()


def dot(side: int, x: float, y: float) -> np.ndarray:
    """A black blot on white, round about a point."""
    across, down = np.meshgrid(np.arange(side), np.arange(side))
    distance = np.hypot(across - x, down - y)
    return np.repeat((np.clip(distance - 2, 0, 1) * 255).astype(np.uint8)[..., None], 3, 2)


def where(image: np.ndarray) -> np.ndarray:
    """The middle (x, y) of what is dark."""
    dark = 255.0 - image[..., 0]
    y, x = np.indices(dark.shape)
    middle: np.ndarray = np.array([(x * dark).sum(), (y * dark).sum()]) / dark.sum()
    return middle


def test_geometric_uses_its_bounds_and_keeps_them() -> None:
    """Two blots beside and two above each other tell turn, stretching and shift apart."""
    side, away, count = 200, 45, 400
    middle = (side - 1) / 2
    moved = []
    for x, y in ((-away, 0), (away, 0), (0, -away), (0, away)):
        images = np.repeat(dot(side, middle + x, middle + y)[None], count, 0)
        changed = augment(images, "geometric", np.random.default_rng(7))
        moved.append(np.stack([where(image) for image in changed]) - middle)
    left, right, top, bottom = moved
    across, down = (right - left) / (2 * away), (bottom - top) / (2 * away)
    wide, high = np.hypot(*across.T), np.hypot(*down.T)
    found = {
        "turn": (np.rad2deg(np.arctan2(across[:, 1], across[:, 0])), 12 + 3),
        "scale": (np.log(wide * high) / 2, 0.2),
        "aspect": (np.log(wide / high), 0.1),
        "shift": ((left + right)[:, 0] / 2 / side, 0.1 * np.exp(0.25)),
    }
    for name, (values, most) in found.items():
        assert np.abs(values).max() < most * 1.15, name
        assert min(values.max(), -values.min()) > most * 0.6, name
        assert abs(values.mean()) < most / 8, name
    assert (wide > 0).all(), "it never mirrors"


def test_geometric_brings_in_no_black_and_leaves_the_colours() -> None:
    changed = augment(picture(count=64), "geometric", np.random.default_rng(3))
    assert (changed.reshape(-1, 3).min(axis=0) >= (199, 19, 29)).all()
    assert (changed[:, 0, 0] == 255).all()


def test_a_map_says_where_a_pixel_is_taken_from() -> None:
    noise = np.random.default_rng(5).integers(0, 256, (2, 9, 9, 3), dtype=np.uint8)
    maps = np.array([[[1, 0, 2], [0, 1, 0]], [[1, 0, 0], [0, 1, -1]]], float)
    warped = warp(noise, maps)
    assert (warped[0, :, :7] == noise[0, :, 2:]).all()
    assert (warped[0, :, 7:] == noise[0, :, 8:]).all()
    assert (warped[1, 1:] == noise[1, :-1]).all()
