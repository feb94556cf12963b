"""How often a model names the class of what a film shows, by frames and by items."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from sorter.truth import FilmTruth, Shown

Frame = NDArray[np.uint8]  # (H, W, 3) BGR
Said = tuple[str, bool]  # the best label, and whether the model is unsure of it


class ItemScore(msgspec.Struct, frozen=True):
    """What was said of an item while it was in the middle."""

    label: str
    code: str
    frames: int
    right: int
    unsure: int
    said: str
    """The label that most frames got."""


class FilmScore(msgspec.Struct, frozen=True):
    """What was said of a film's items."""

    items: tuple[ItemScore, ...]

    @property
    def top1(self) -> float:
        """Share of the frames whose best label is right; not a number where there are none."""
        frames = sum(item.frames for item in self.items)
        return sum(item.right for item in self.items) / frames if frames else math.nan

    @property
    def of_items(self) -> float:
        """Share of the items that most of their frames are right about, in the same way."""
        right = sum(item.said == item.label for item in self.items)
        return right / len(self.items) if self.items else math.nan

    def only(self, codes: Iterable[str]) -> "FilmScore":
        """Return the score of these items alone."""
        wanted = set(codes)
        return FilmScore(tuple(item for item in self.items if item.code in wanted))

    def of_class(self, label: str) -> "FilmScore":
        """Return the score of a class's items alone."""
        return FilmScore(tuple(item for item in self.items if item.label == label))


def judge(see: Callable[[Frame], Said], frames: Iterable[Frame], truth: FilmTruth) -> FilmScore:
    """Return what `see` says of the frames that show an item in the middle."""
    shown: dict[int, Shown] = {
        number: each for each in truth.shown for number in range(each.first, each.after)
    }
    said: dict[Shown, list[Said]] = {each: [] for each in truth.shown}
    for number, frame in enumerate(frames):
        if number in shown:
            said[shown[number]].append(see(frame))
    return FilmScore(tuple(_scored(each, answers) for each, answers in said.items()))


def film(path: Path) -> Iterator[Frame]:
    """Yield a film's frames; raises OSError where it cannot be read."""
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise OSError(f"{path}: no film that OpenCV can read")
    try:
        while True:
            there, frame = capture.read()
            if not there:
                return
            yield np.asarray(frame, np.uint8)
    finally:
        capture.release()


def _scored(shown: Shown, answers: Sequence[Said]) -> ItemScore:
    labels = Counter(label for label, _ in answers)
    return ItemScore(
        shown.label,
        shown.code,
        len(answers),
        labels[shown.label],
        sum(unsure for _, unsure in answers),
        labels.most_common(1)[0][0] if labels else "",
    )
