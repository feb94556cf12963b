"""`tagline check --images`: what a run would make of the images, before any cloud sees them."""

import base64
import io
import json
import re
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


def test_rows_without_a_picture_are_counted_as_what_they_become(listed: Path) -> None:
    config = listed.parent / "a.yaml"
    config.write_text("image: {size: 64}")
    options = ["--config", str(config), "--images", str(listed.parent / "images")]
    told = json.loads(runner.invoke(app, ["check", str(listed), *options, "--json"]).stdout)
    assert (told["accepted"], told["rejected"]) == (6, 2)
    assert told["reasons"] == {"undecodable_image": 1, "missing_object": 1}
    assert told["labels"]["positives"]["label_002"] == 6
    done = runner.invoke(app, ["check", str(listed), *options])
    assert done.exit_code == 0
    assert "missing_object" in done.stdout
    assert "A run can use 6 of 8 rows" in done.stderr
    assert f"next: tagline drop a {listed} --config {config} --images " in done.stderr


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
    assert "2 of 8 rows are rejected, above the tolerated share of 0.2" in said


def test_a_contact_sheet_has_every_problem_and_label(listed: Path) -> None:
    folder, sheet = listed.parent / "images", listed.parent / "sheet.html"
    written = listed.parent / "names.txt"
    written.write_text("odd <b>\nall\n")
    options = ["--images", str(folder), "--labels", str(written), "--sheet", str(sheet)]
    done = runner.invoke(app, ["check", str(listed), *options])
    assert done.exit_code == 0, done.stderr
    text = sheet.read_text(encoding="utf-8")
    titles = re.findall("<h2 [^>]*>(.*?)</h2>", text)
    assert titles == [
        "Without a file",
        "Vanishes: one_colour",
        "Vanishes: transparent",
        "Rejected: undecodable_image",
        "Near-copies of images/2.png",
        "Label: all",
        "Label: odd &lt;b&gt;",
    ]
    pictures = re.findall('<img src="data:image/jpeg;base64,([^"]+)" alt="([^"]+)"', text)
    assert ("images/1.png: odd &lt;b&gt;, all") in {alt for _, alt in pictures}
    shown = Image.open(io.BytesIO(base64.b64decode(pictures[0][0])))
    assert (shown.format, shown.size) == ("JPEG", (72, 72))
    assert "images/6.png" in text
    assert "images/gone.png" in text
    assert "<script" not in text
    assert "sheet.html: 6 pictures in 7 groups" in done.stderr
    assert len(text) < 100_000


def test_a_sheet_without_pictures_is_refused(listed: Path) -> None:
    done = runner.invoke(app, ["check", str(listed), "--sheet", str(listed.parent / "s.html")])
    assert done.exit_code == 1
    assert "--images says where they are" in done.stderr
