"""`tagline check --images`: what a run would make of the images, before any cloud sees them."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from tagline.cli.main import app

pytestmark = pytest.mark.slow
runner = CliRunner()


def drawing(colour: str, at: int) -> Image.Image:
    image = Image.new("RGBA", (90, 90), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((5 * at, 5, 40 + 5 * at, 60), fill=colour)
    draw.rectangle((10, 55, 80, 60 + 3 * at), fill=colour)
    return image


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A list of two white drawings, two coloured ones, a near-copy, and what is of no use."""
    folder = tmp_path / "images"
    folder.mkdir()
    for at, colour in enumerate(("white", "white", "red", "navy")):
        drawing(colour, at).save(folder / f"{at}.png")
    drawing("red", 2).save(folder / "4.webp", lossless=True)
    Image.new("RGBA", (40, 40), (9, 9, 9, 0)).save(folder / "5.png")
    stream = io.BytesIO()
    drawing("red", 3).save(stream, "PNG")
    (folder / "6.png").write_bytes(stream.getvalue()[:-40])
    names = [*(f"{n}.png" for n in range(4)), "4.webp", "5.png", "6.png", "gone.png"]
    path = tmp_path / "a.lst"
    path.write_text("".join(f"{n}\t{n % 2}\t1\timages/{name}\n" for n, name in enumerate(names)))
    return path


def check(listed: Path, config: str) -> tuple[int, dict[str, Any], str]:
    (listed.parent / "a.yaml").write_text(config)
    options = ["--config", str(listed.parent / "a.yaml"), "--images", str(listed.parent / "images")]
    done = runner.invoke(app, ["check", str(listed), *options, "--json"])
    return done.exit_code, json.loads(done.stdout)["pictures"], done.stderr


def test_what_is_of_no_use_and_what_vanishes_is_said(listed: Path) -> None:
    code, told, said = check(listed, "image: {size: 64}")
    assert code == 0, said
    assert (told["images"], told["missing"], told["rejected"]) == (7, 1, {"undecodable_image": 1})
    assert told["lost"] == {"one_colour": 2, "transparent": 1}
    assert told["near_copies"] == {"images": 2, "groups": 1, "across": 0, "moved": 0}
    assert told["background"] is None
    assert "2 of 6 images are one colour all over on the background #ffffff" in said
    assert "`image: {background: auto}`" in said
    assert "images/6.png: undecodable_image" in said
    assert "1 images have no file: images/gone.png" in said


def test_auto_says_what_it_would_choose(listed: Path) -> None:
    code, told, said = check(listed, "image: {size: 64, background: auto}")
    assert code == 0, said
    assert told["lost"] == {"one_colour": 0, "transparent": 1}
    assert isinstance(told["background"], dict)
    assert told["background"]["colour"] != "#ffffff"
    assert told["background"]["one_colour"]["#ffffff"] == 2


def test_too_many_unusable_images_are_a_problem_as_in_a_run(listed: Path) -> None:
    code, _, said = check(listed, "tolerance: {rejected: 0.2}")
    assert code == 1
    assert "2 of 8 rows are rejected, more than the tolerated share of 0.2" in said
