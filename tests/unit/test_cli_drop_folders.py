"""`tagline drop DATASET --images FOLDER`: a folder per class makes the list."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tagline.cli.main import app
from tagline.cli.target import Target
from tests.unit.cli_stack import BUCKET, stack

__all__ = ["stack"]
runner = CliRunner()
PNG = b"\x89PNG\r\n\x1a\n"


def put(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(PNG + path.encode())
    return folder


def keys(target: Target) -> set[str]:
    return {item["Key"] for item in target.s3.list_objects_v2(Bucket=BUCKET)["Contents"]}


def test_folders_are_classes_and_their_images_lie_where_no_list_is_looked_for(
    stack: Target, tmp_path: Path
) -> None:
    photos = put(
        tmp_path / "my photos",
        *(
            "red fox/1.png",
            "red fox/2.png",
            "red fox/den/deep/3.jpg",
            "lists/a ü.png",
            "dög/x.webp",
            " dög/blank.png",
        ),
        *("red fox/.hidden.png", ".cache/y.png", "red fox/notes.txt", "top.png"),
    )
    (photos / "nobody").mkdir()
    result = runner.invoke(app, ["drop", "pets", "--images", str(photos), "--json"])
    assert result.exit_code == 0, result.output
    made = tmp_path / "my photos.list"
    assert (made / "labels.txt").read_text() == "dög\nlists\nred fox\n"
    rows = [line.split("\t") for line in (made / "pets.lst").read_text().splitlines()]
    assert {(tuple(labels), path) for _, *labels, path in rows} == {
        (("1", "0", "0"), "images/dög/x.webp"),
        (("1", "0", "0"), "images/ dög/blank.png"),
        (("0", "1", "0"), "images/lists/a ü.png"),
        (("0", "0", "1"), "images/red fox/1.png"),
        (("0", "0", "1"), "images/red fox/2.png"),
        (("0", "0", "1"), "images/red fox/den/deep/3.jpg"),
    }
    assert keys(stack) == {
        *("pets/labels.txt", "pets/lists/pets.lst"),
        *(f"pets/{path}" for *_, path in rows),
    }
    assert json.loads(result.stdout)["images"] == {"sent": 6, "present": 0}
    assert "no label of folders without images: nobody" in result.stderr
    assert str(made / "pets.lst") in result.stderr
    assert "it lies in no folder that is a class" in result.stderr
    put(photos, "dög/y.webp")  # once more, with more
    again = runner.invoke(app, ["drop", "pets", "--images", str(photos), "--json"])
    assert json.loads(again.stdout)["images"] == {"sent": 1, "present": 6}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ((), "there is nothing in it"),
        (("cat/1.png", "cat/2.png"), "all images are of one class, 'cat'"),
        (("cat/1.png", "d\tog/2.png"), "'d\\tog/2.png': "),
        (("1.png", "2.png"), "Without a LIST the folder of --images holds a folder of PNG"),
        (("cat/1.gif", "dog/2.gif"), "save it as PNG, JPEG or WebP"),
    ],
)
def test_folders_that_are_no_classes_are_refused(
    stack: Target, tmp_path: Path, files: tuple[str, ...], said: str
) -> None:
    photos = put(tmp_path / "photos", *files)
    photos.mkdir(exist_ok=True)
    result = runner.invoke(app, ["drop", "pets", "--images", str(photos)])
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Contents" not in stack.s3.list_objects_v2(Bucket=BUCKET)


def test_without_a_list_folders_are_wanted_and_name_the_labels(
    stack: Target, tmp_path: Path
) -> None:
    result = runner.invoke(app, ["drop", "pets"])
    assert "name a LIST, or a folder per class: --images FOLDER" in result.stderr
    (tmp_path / "labels.txt").write_text("a\nb\n")
    labels = ["--labels", str(tmp_path / "labels.txt")]
    result = runner.invoke(app, ["drop", "pets", "--images", str(tmp_path), *labels])
    assert "leave --labels" in result.stderr
