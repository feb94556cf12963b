"""The demo's designs: truthful labels, the same bytes every time, a list that reads as one."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagline.designs import KINDS, LABELS, draw_designs
from tagline.designs.drawing import draw
from tagline.designs.recipe import Recipe, make_recipe
from tagline.designs.vocabulary import INKS

SEED = 7


def flattened(recipe: Recipe) -> np.ndarray:
    image = draw(recipe)
    page = Image.new("RGB", image.size, (255, 255, 255))
    page.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return np.asarray(page, dtype=np.int16)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_there_are_labels_of_five_kinds() -> None:
    assert set(KINDS) == {"shape", "colour", "pattern", "text", "layout"}
    assert len(LABELS) == len(set(LABELS)) >= 16


def test_every_label_is_neither_rare_nor_common() -> None:
    counts = Counter(label for index in range(1500) for label in make_recipe(SEED, index).labels)
    for label in LABELS:
        assert 0.08 <= counts[label] / 1500 <= 0.30, label
    assert 3 <= sum(counts.values()) / 1500 <= 6


@pytest.mark.parametrize("index", range(40))
def test_a_colour_is_labelled_exactly_when_it_is_visible(index: int) -> None:
    recipe = make_recipe(SEED, index)
    pixels = flattened(recipe)
    for ink, base in INKS.items():
        shown = np.clip(np.array(base) + recipe.shade, 0, 255)
        share = (np.abs(pixels - shown).max(axis=2) <= 6).mean()
        assert (share > 0.002) == (ink in recipe.labels), (ink, share)


def test_drawings_with_no_frame_keep_off_the_border() -> None:
    for index in range(60):
        recipe = make_recipe(SEED, index)
        pixels = flattened(recipe)
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        inked = (border.min(axis=1) < 200).mean()
        assert inked > 0.9 if recipe.frame else inked == 0, index


def test_the_same_seed_gives_the_same_bytes_whatever_the_workers(tmp_path: Path) -> None:
    draw_designs(tmp_path / "one", count=60, seed=3, held_out=4, workers=1)
    draw_designs(tmp_path / "two", count=60, seed=3, held_out=4, workers=2)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_gives_other_designs(tmp_path: Path) -> None:
    first = draw_designs(tmp_path / "a", count=5, seed=1, held_out=1, workers=1)
    second = draw_designs(tmp_path / "b", count=5, seed=2, held_out=1, workers=1)
    assert first.list_path.read_text() != second.list_path.read_text()


def test_the_folder_holds_a_whole_dataset(tmp_path: Path) -> None:
    designs = draw_designs(tmp_path / "set", count=30, seed=SEED, held_out=3, workers=1)
    assert designs.labels_path.read_text().split() == list(LABELS)
    rows = [line.split("\t") for line in designs.list_path.read_text().splitlines()]
    assert [row[0] for row in rows] == [str(number) for number in range(30)]
    for index, row in enumerate(rows):
        assert "".join(row[1:-1]) == make_recipe(SEED, index).flags()
        with Image.open(designs.folder / row[-1]) as image:
            assert 96 <= min(image.size) <= max(image.size) <= 512
            assert image.mode == ("RGBA" if row[-1].endswith(".png") else "RGB")
    assert {row[-1][-4:] for row in rows} == {".png", ".jpg"}
    listed = {row[-1] for row in rows}
    for item in designs.held_out:
        assert item.path.is_file()
        assert str(item.path.relative_to(designs.folder)) not in listed
        assert item.labels


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.png").touch()
    with pytest.raises(FileExistsError, match="not empty"):
        draw_designs(tmp_path, count=1, seed=1)
