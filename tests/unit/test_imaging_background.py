"""`background: auto` is the candidate on which least of the pictures vanishes."""

import io

import pytest
from PIL import Image, ImageDraw

from tagline.formats.settings import AUTO, ImageSettings
from tagline.imaging.background import CANDIDATES, Sight, choose, look
from tagline.imaging.errors import ImageError

RUN = "designs-0123456789abcdef"
SETTINGS = ImageSettings(size=48, background=AUTO)


def drawing(*colours: str) -> bytes:
    image = Image.new("RGBA", (100, 80), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for at, colour in enumerate(colours):
        draw.rectangle((10 + 20 * at, 10, 24 + 20 * at, 60), fill=colour)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def chosen(*images: bytes) -> str:
    sights = [sight for data in images if (sight := look(data, SETTINGS)) is not None]
    found = choose(sights, RUN)
    assert found.images == len(sights)
    return found.colour


@pytest.mark.parametrize(
    ("images", "colour"),
    [
        ([], "#ffffff"),
        ([drawing("red"), drawing("blue", "green")], "#ffffff"),
        ([drawing("white")] * 3, "#000000"),
        ([drawing("black")] * 3, "#ffffff"),
        ([drawing("white"), drawing("black")], "#808080"),
        ([drawing("white"), drawing("black"), drawing("#808080")], "#c0c0c0"),
        ([drawing("white"), drawing("black"), drawing("#808080"), drawing("#c0c0c0")], "#404040"),
        ([drawing(*["white", "red"])] * 2, "#000000"),  # half of each would vanish
        ([drawing("white"), *[drawing("black", "red")] * 50], "#808080"),
    ],
)
def test_the_colour_that_costs_least(images: list[bytes], colour: str) -> None:
    assert chosen(*images) == colour
    assert chosen(*reversed(images)) == colour


def test_what_nothing_shows_through_does_not_count() -> None:
    for mode, fill in (("RGB", "white"), ("RGBA", (255, 255, 255, 255)), ("RGBA", (9, 9, 9, 0))):
        stream = io.BytesIO()
        Image.new(mode, (50, 50), fill).save(stream, "PNG")
        assert look(stream.getvalue(), SETTINGS) is None
    with pytest.raises(ImageError):
        look(drawing("red")[:-20], SETTINGS)


def test_counts_are_those_of_pictures_that_packing_would_lose() -> None:
    sights = [look(drawing(colour), SETTINGS) for colour in ("white", "#fefefe", "black")]
    found = choose([sight for sight in sights if isinstance(sight, Sight)], RUN)
    assert found.one_colour == dict(zip(CANDIDATES, (2, 1, 0, 0, 0), strict=True))
