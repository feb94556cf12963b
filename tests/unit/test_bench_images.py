"""The benchmark's images: the same for everybody, of the kind that the table says."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagline.formats.settings import ImageSpec
from tagline.imaging import preprocess
from tagline.imaging.headers.detect import read_header

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(BENCH))
    import images as module

    yield module
    sys.modules.pop("images")


def test_an_image_depends_on_its_number_alone(images: Any) -> None:
    for draw in (images.draw_jpeg, images.draw_png):
        first = draw(5)
        draw(6)
        assert draw(5) == first
        assert draw(6) != first


def test_the_jpegs_are_of_the_size_that_the_table_says(images: Any) -> None:
    drawn = [images.draw_jpeg(number) for number in range(40)]
    headers = [read_header(data) for data in drawn]
    assert 0.6e6 < np.mean([header.width * header.height for header in headers]) < 1.0e6
    assert 60_000 < np.mean([len(data) for data in drawn]) < 110_000


def test_the_fine_jpegs_are_the_same_pictures_in_more_bytes(images: Any) -> None:
    drawn = [images.draw_fine_jpeg(number) for number in range(40)]
    assert 130_000 < np.mean([len(data) for data in drawn]) < 170_000
    assert read_header(drawn[0]).width == read_header(images.draw_jpeg(0)).width


def test_the_pngs_have_a_transparent_ground(images: Any) -> None:
    pixels = preprocess(images.draw_png(1), ImageSpec(size=32, background="#00ff00"))
    assert tuple(pixels[0, 0]) == (0, 255, 0)
