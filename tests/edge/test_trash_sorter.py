"""The trash sorter's table, its pictures, its film and its judge, with stand-ins for emoji."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from sorter.dataset import draw_dataset
from sorter.film import FPS, film_frames, truth, write_film
from sorter.frames import SHOWN, snapshot
from sorter.items import FOLDS, Item, held_out, read_items
from sorter.judging import Frame, Said, film, judge
from sorter.pictures import Picture
from sorter.scene import HEIGHT, WIDTH
from sorter.truth import read_truth

CLASSES = ["compost", "landfill", "recycling"]


class StandIn:
    """Discs: green compost, blue recycling, red landfill."""

    def __init__(self, items: list[Item]) -> None:
        self._channel = {
            item.code: ("recycling", "compost", "landfill").index(item.label) for item in items
        }

    def picture(self, code: str) -> Picture:
        disc = np.zeros((64, 64, 4), np.float32)
        colour = [0.1, 0.1, 0.1, 1.0]
        colour[self._channel[code]] = 0.9
        cv2.circle(disc, (32, 32), 31, colour, -1)
        return disc


def brightest(frame: Frame) -> Said:
    """A model for stand-ins: the colour that stands out in the middle."""
    middle = frame[HEIGHT // 2 - 60 : HEIGHT // 2 + 60].astype(np.float32)
    spread = (middle - middle.mean(axis=2, keepdims=True)).max(axis=(0, 1))
    return ("recycling", "compost", "landfill")[int(spread.argmax())], False


def decoded(data: bytes) -> Frame:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return read_items()


@pytest.fixture(scope="module")
def artwork(items: list[Item]) -> StandIn:
    return StandIn(items)


def test_each_class_has_its_emoji_and_none_is_of_two(items: list[Item]) -> None:
    assert sorted({item.label for item in items}) == CLASSES
    for label in CLASSES:
        assert sum(item.label == label for item in items) >= 24
    assert len({item.code for item in items}) == len(items)
    assert all(chr(int(item.code, 16)).isprintable() for item in items)


@pytest.mark.parametrize("families", [False, True])
def test_each_item_is_held_out_once_and_classes_evenly(items: list[Item], families: bool) -> None:
    folds = [held_out(items, fold, families=families) for fold in range(FOLDS)]
    assert sorted(map(str, items)) == sorted(str(item) for fold in folds for item in fold)
    for fold in folds:
        for label in CLASSES:
            some, of_class = (sum(i.label == label for i in each) for each in (fold, items))
            assert abs(some - of_class / FOLDS) < 2, (label, some)


def test_families_are_held_out_whole(items: list[Item]) -> None:
    folds = [held_out(items, fold, families=True) for fold in range(FOLDS)]
    families = [{(item.label, item.family) for item in fold} for fold in folds]
    assert sum(map(len, families)) == len(set().union(*families))


def test_a_picture_is_the_same_each_time_and_shows_its_item(
    items: list[Item], artwork: StandIn
) -> None:
    data = snapshot(artwork, items[0], 3)
    assert data == snapshot(artwork, items[0], 3)
    assert data != snapshot(artwork, items[0], 4)
    seen = decoded(data)
    assert seen.shape == (SHOWN[1], SHOWN[0], 3)
    assert brightest(cv2.resize(seen, (WIDTH, HEIGHT)))[0] == items[0].label


def test_training_shows_items_in_other_colours_too(items: list[Item], artwork: StandIn) -> None:
    def seen_as(*, varied: bool) -> set[str]:
        pictures = [snapshot(artwork, items[0], seed, varied=varied) for seed in range(8)]
        return {brightest(cv2.resize(decoded(each), (WIDTH, HEIGHT)))[0] for each in pictures}

    assert seen_as(varied=False) == {items[0].label}
    assert len(seen_as(varied=True)) > 1


def test_the_training_set_is_a_folder_a_class(
    tmp_path: Path, items: list[Item], artwork: StandIn
) -> None:
    some = [next(item for item in items if item.label == label) for label in CLASSES]
    assert draw_dataset(tmp_path, artwork, some, variants=2) == 6
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jpg")) == [
        f"{item.label}/{item.code}-{number:02d}.jpg" for item in some for number in range(2)
    ]


def test_a_film_shows_what_its_truth_says(
    tmp_path: Path, items: list[Item], artwork: StandIn
) -> None:
    some = [next(item for item in items if item.label == label) for label in CLASSES]
    told = write_film(tmp_path / "film.avi", artwork, some, seed=1)
    assert told == read_truth(tmp_path / "film.avi")
    assert [(each.label, each.code) for each in told.shown] == [(i.label, i.code) for i in some]
    assert told.fps == FPS
    frames = list(film(tmp_path / "film.avi"))
    assert len(frames) == told.frames
    assert {frame.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}
    score = judge(brightest, frames, told)
    assert score.top1 == score.of_items == 1
    assert all(item.frames > 5 for item in score.items)


def test_items_move_and_the_film_goes_on_to_another_belt(
    items: list[Item], artwork: StandIn
) -> None:
    many = items[:13]
    told = truth(many)
    assert len(told.shown) == 13
    assert all(a.after <= b.first for a, b in zip(told.shown, told.shown[1:], strict=False))
    first, second = (
        frame for frame, _ in zip(film_frames(artwork, many, 1), range(2), strict=False)
    )
    assert (first != second).mean() > 0.5


def test_the_judge_counts_frames_and_items_apart(items: list[Item]) -> None:
    told = truth(items[:2])
    right = iter([True, *[False] * 100])
    score = judge(
        lambda _: (items[0].label if next(right) else "landfill", True),
        (np.zeros((1, 1, 3), np.uint8) for _ in range(told.frames)),
        told,
    )
    assert score.top1 == 1 / sum(item.frames for item in score.items)
    assert score.of_items == 0
    assert score.only([items[1].code]).items == score.items[1:]
    assert all(item.unsure == item.frames for item in score.items)


def test_no_film_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no film that OpenCV can read"):
        list(film(tmp_path / "nothing.avi"))
