"""Whose images each step learns from, where machines have files of their own."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.record_files import LABELS, SIDE, files
from trainer.course import OwnFiles, Streamed, TrainingSet
from trainer.labels import LabelCounts
from trainer.records import Reading
from trainer.streaming import StreamedSet
from trainer.team import dealt

LEAST = 2


@given(st.data(), st.lists(st.integers(1, 5000), min_size=1, max_size=6))
def test_a_batch_is_dealt_by_the_images_of_each(data: st.DataObject, images: list[int]) -> None:
    batch = data.draw(st.integers(LEAST * len(images), 512))
    parts = dealt(images, batch, LEAST)
    assert sum(parts) == batch
    assert min(parts) >= LEAST
    exact = [batch * count / sum(images) for count in images]
    if min(exact) >= LEAST:
        assert all(abs(part - wanted) < 1 for part, wanted in zip(parts, exact, strict=True))


class Chosen:
    """A feed that tells which images it was asked for."""

    def batch(
        self, chosen: NDArray[np.int64], _rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], None]:
        return chosen, None


def team(rank: int, machines: int, here: int = 1) -> Any:
    return SimpleNamespace(rank=rank, size=machines * here, local=rank % here, here=here)


def asked(batch: int) -> Any:
    return SimpleNamespace(mini_batch_size=batch, seed=3, augmentation_type="none")


def shared(*machines: int) -> TrainingSet:
    nothing: Any = None
    counts = LabelCounts(sum(machines), np.ones(LABELS, np.int64))
    return TrainingSet(nothing, counts, "", machines)


@pytest.mark.parametrize("machines", [(30, 30), (40, 20), (57, 3), (10, 11, 39)])
@pytest.mark.parametrize("here", [1, 2])
def test_own_files_in_as_many_steps_everywhere_and_each_image_before_any_again(
    machines: tuple[int, ...], here: int
) -> None:
    rng, batch = np.random.default_rng(0), 16
    sizes = []
    for machine, images in enumerate(machines):
        processes = [
            OwnFiles(Chosen(), shared(*machines), asked(batch), team(rank, len(machines), here))
            for rank in range(machine * here, machine * here + here)
        ]
        assert {course.steps for course in processes} == {60 // batch}
        steps = [
            np.concatenate(parts).tolist()
            for epoch in range(1, 7)
            for parts in zip(
                *([found for found, _ in course.epoch(epoch, rng)] for course in processes),
                strict=True,
            )
        ]
        sizes.append([len(step) for step in steps])
        every = [image for step in steps for image in step]
        for begin in range(0, len(every) - images + 1, images):
            assert sorted(every[begin : begin + images]) == list(range(images))
    assert all(sum(step) == batch for step in zip(*sizes, strict=True))


def test_a_training_goes_on_with_the_epoch_it_is_asked_for() -> None:
    whole = OwnFiles(Chosen(), shared(23, 41), asked(16), team(1, 2))
    rng = np.random.default_rng(0)
    epochs = [[found.tolist() for found, _ in whole.epoch(n, rng)] for n in range(1, 5)]
    again = OwnFiles(Chosen(), shared(23, 41), asked(16), team(1, 2))
    assert [found.tolist() for found, _ in again.epoch(3, rng)] == epochs[2]


def test_a_stream_goes_on_from_epoch_to_epoch_and_after_a_break(tmp_path: Path) -> None:
    records = StreamedSet(files(tmp_path, 9, 13), Reading(LABELS, SIDE, SIDE), buffer=5)
    assert records.counts
    train = TrainingSet(records, records.counts, records.digest)
    rng = np.random.default_rng(0)

    def numbers(course: Streamed, *epochs: int) -> list[int]:
        return [
            int(image[0, 0, 0])
            for epoch in epochs
            for images, labels in course.epoch(epoch, rng)
            for image in images
            if len(labels) == 8
        ]

    course = Streamed(records, train, asked(8), team(0, 1))
    assert course.steps == 2
    seen = numbers(course, 1, 2, 3)
    assert len(seen) == 48
    assert sorted(seen[:22]) == sorted(seen[22:44]) == list(range(22))
    assert numbers(Streamed(records, train, asked(8), team(0, 1)), 2) == seen[16:32]


def test_a_streamed_batch_is_shared_and_so_are_the_records(tmp_path: Path) -> None:
    records = StreamedSet(files(tmp_path, 12, 12), Reading(LABELS, SIDE, SIDE), buffer=5)
    assert records.counts
    train = TrainingSet(records, records.counts, records.digest)
    rng = np.random.default_rng(0)
    parts = []
    for rank in range(3):
        course = Streamed(records, train, asked(8), team(rank, 3))
        steps = list(course.epoch(1, rng))
        parts.append([len(images) for images, _ in steps])
    assert [sum(step) for step in zip(*parts, strict=True)] == [8, 8, 8]
