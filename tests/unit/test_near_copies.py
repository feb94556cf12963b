"""Near-copies are found by their likenesses: one picture in other sizes and encodings."""

import io
import random
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from im2rec.records import FetchedImage, Record, pack_image
from im2rec.run.accounting import mark_near_copies
from tagline.formats.near_copies import HEX_DIGITS, are_near, near_copies
from tagline.formats.rows import Verdict
from tagline.formats.settings import ImageSpec
from tagline.imaging.likeness import likeness


def scene(number: int, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Return a picture of a few coloured shapes on white, other ones for each number."""
    rng = random.Random(number)
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = rng.randrange(0, 320), rng.randrange(0, 220)
        colour = tuple(rng.randrange(0, 230) for _ in range(3))
        draw.ellipse((x, y, x + rng.randrange(40, 160), y + rng.randrange(40, 160)), fill=colour)
    return image


def packed(image: Image.Image, kind: str = "PNG", **options: Any) -> Record:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    record = pack_image(FetchedImage(1, "1", stream.getvalue()), ImageSpec())
    assert isinstance(record, Record)
    return record


def of(image: Image.Image, kind: str = "PNG", **options: Any) -> str:
    found = packed(image, kind, **options).likeness
    assert found is not None
    return found


def apart(one: str, two: str) -> int:
    return (int(one, 16) ^ int(two, 16)).bit_count()


def test_sizes_and_encodings_are_near_and_other_pictures_far() -> None:
    found = {number: of(scene(number)) for number in range(40)}
    assert not near_copies(found)
    for number in range(40):
        image = scene(number)
        others = [of(image, "JPEG", quality=75), of(image, "WEBP", quality=75),
                  of(image.resize((200, 150), Image.Resampling.LANCZOS))]  # fmt: skip
        assert all(are_near(int(found[number], 16), int(other, 16)) for other in others), number


@pytest.mark.parametrize("share", [0.9, 0.95, 1.05, 1.1])
def test_another_shade_of_a_picture_is_near(share: float) -> None:
    """Darker by as much, or as much nearer to white."""

    def level(old: int) -> int:
        return round(old * share if share < 1 else 255 - (255 - old) * (2 - share))

    near = 0
    for number in range(40):
        image = scene(number)
        shaded = image.point([level(old) for old in range(256)] * 3)
        near += are_near(int(of(image), 16), int(of(shaded), 16))
    assert near >= 36


@pytest.mark.parametrize("colour", ["black", "red", "#30a050"])
def test_one_drawing_in_two_colours_is_no_copy(colour: str) -> None:
    def ring(fill: str) -> str:
        image = Image.new("RGB", (96, 96), "white")
        ImageDraw.Draw(image).ellipse((10, 10, 80, 80), outline=fill, width=20)
        return of(image)

    assert not near_copies({1: ring("#7038b0"), 2: ring(colour)})
    assert ring(colour) == ring(colour)


def test_a_likeness_is_a_pure_function_of_the_pixels() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    found = likeness(pixels)
    assert len(found) == HEX_DIGITS
    assert found == likeness(np.ascontiguousarray(pixels.copy()))
    fine = np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1)
    assert likeness(fine) == found
    for size in (16, 17, 1024):
        assert len(likeness(np.full((size, size, 3), 255, np.uint8))) == HEX_DIGITS


def test_pictures_that_say_nothing_have_no_likeness() -> None:
    assert packed(Image.new("RGB", (96, 96), "white")).likeness is None
    assert packed(Image.new("RGBA", (96, 96), (0, 0, 0, 0))).likeness is None


def test_all_pairs_are_found_that_comparing_all_finds() -> None:
    rng = random.Random(3)
    found: dict[int, str] = {}
    for number in range(400):
        bits = rng.getrandbits(HEX_DIGITS * 4)
        if number % 2 and number > 20:
            bits = int(found[rng.choice(sorted(found))], 16)
            for at in rng.sample(range(HEX_DIGITS * 4), rng.randrange(0, 13)):
                bits ^= 1 << at
        found[number] = f"{bits:0{HEX_DIGITS}x}"
    groups: dict[int, int] = {key: key for key in found}
    for one, two in combinations(found, 2):
        if are_near(int(found[one], 16), int(found[two], 16)):
            low, high = sorted((groups[one], groups[two]))
            groups = {key: low if top == high else top for key, top in groups.items()}
    several = {top for key, top in groups.items() if key != top}
    assert near_copies(found) == {key: top for key, top in groups.items() if top in several}
    backwards = dict(reversed(found.items()))
    assert near_copies(backwards) == near_copies(found)


def test_thousands_of_one_band_take_no_quadratic_time() -> None:
    found = {n: f"{n:0{HEX_DIGITS}x}" for n in range(1 << 13)}  # eleven bands in common
    assert len(near_copies(found)) == 1 << 13


def test_rows_say_of_which_row_they_are_copies() -> None:
    verdicts = [
        Verdict(line=line, id=line, path="a.png", verdict="accepted", likeness=found)
        for line, found in ((2, "0" * HEX_DIGITS), (5, None), (7, "0" * HEX_DIGITS),
                            (9, "f" * HEX_DIGITS), (11, "0" * (HEX_DIGITS - 1) + "1"))
    ]  # fmt: skip
    mark_near_copies(verdicts)
    assert [verdict.copy_of for verdict in verdicts] == [None, None, 2, None, 2]
