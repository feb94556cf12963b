import numpy as np
import pytest

from trainer.augment import augment

LEVELS = ("none", "crop", "crop_color", "crop_color_transform")


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
def test_only_the_last_level_mirrors(kind: str) -> None:
    changed = augment(picture(count=64), kind, np.random.default_rng(4)).astype(int)
    left, right = changed[:, :, :16, 1].mean(axis=(1, 2)), changed[:, :, 16:, 1].mean(axis=(1, 2))
    assert (left < right).all()


def test_the_last_level_mirrors_about_half() -> None:
    changed = augment(picture(count=64), "crop_color_transform", np.random.default_rng(4))
    green = changed[..., 1].astype(int)
    mirrored = green[:, :, 16:].mean(axis=(1, 2)) < green[:, :, :16].mean(axis=(1, 2))
    assert 16 < mirrored.sum() < 48


def test_colours_stay_the_colours_they_were() -> None:
    changed = augment(picture(), "crop_color", np.random.default_rng(6))
    middle = changed[:, 16, 10].astype(int)
    assert (middle[:, 0] > 2 * middle[:, 1]).all()
    assert (middle[:, 0] > 2 * middle[:, 2]).all()
