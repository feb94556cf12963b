"""Which images each step learns from: the batches of an epoch, of one process of a team.

All processes make the same number of steps an epoch: as many whole batches as there are images, of
all machines together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.augment import augment
from trainer.data import RecordSet
from trainer.engine import Learner
from trainer.feed import Feed
from trainer.hyperparameters import Hyperparameters
from trainer.labels import LabelCounts
from trainer.streaming import Row, StreamedSet
from trainer.team import Team, dealt, share

LEAST_IMAGES = 2  # of a process's batch, for a batch normalisation to have something to tell apart


@dataclass(frozen=True)
class TrainingSet:
    """What this process trains on, and what all machines together do.

    `counts` and `digest` are of all. `machines` are the images of each machine, in their order,
    where each has files of its own; empty where all have the same ones.
    """

    records: RecordSet | StreamedSet
    counts: LabelCounts
    digest: str
    machines: tuple[int, ...] = ()


class Course(Protocol):
    """The batches of a training."""

    steps: int
    """Of an epoch."""

    def epoch(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Any, Any]]:
        """Yield the images and labels of each step of an epoch, the first of which is 1."""


def course_of(learner: Learner, train: TrainingSet, asked: Hyperparameters) -> Course:
    """Return the batches that suit a training set."""
    records = train.records
    if isinstance(records, StreamedSet):
        return Streamed(records, train, asked, learner.team)
    feed = learner.feed(records, asked.augmentation_type)
    if train.machines:
        return OwnFiles(feed, train, asked, learner.team)
    return Shuffled(feed, len(records), asked, learner.team)


class Shuffled:
    """A new order of all images in each epoch, its batches shared among the processes."""

    def __init__(self, feed: Feed, images: int, asked: Hyperparameters, team: Team) -> None:
        self.feed, self._images, self._asked, self._team = feed, images, asked, team
        self.steps = images // asked.mini_batch_size

    def epoch(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Any, Any]]:
        """Yield the batches of one shuffle; what fills no batch waits for another one."""
        team, changes = self._team, rng
        if team.size > 1:  # one order for all, and changes of its own for each
            seed = [self._asked.seed, epoch]
            rng, changes = np.random.default_rng(seed), np.random.default_rng([*seed, team.rank])
        order = rng.permutation(self._images)
        parts = share(order, self._asked.mini_batch_size, team.rank, team.size)
        for chosen in parts[: self.steps]:
            yield self.feed.batch(chosen, changes)


class OwnFiles:
    """Each machine trains on the images of its own files, in one shuffle of them after the other.

    Its part of a batch is its part of all images (`team.dealt`), shared among its processes. A
    shuffle goes on where the last epoch left it: each image of a machine is seen once before any of
    them is seen again, whether or not its images fill the epoch's steps.
    """

    def __init__(self, feed: Feed, train: TrainingSet, asked: Hyperparameters, team: Team) -> None:
        self.feed, self._asked, self._team = feed, asked, team
        self._machine = team.rank // team.here
        self._images = train.machines[self._machine]
        self._batch = machines_part(train, asked, team)
        self.steps = train.counts.images // asked.mini_batch_size
        self._last: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    def epoch(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Any, Any]]:  # noqa: ARG002
        """Yield the batches; the order is of the machine, the changes are the process's own."""
        changes = _changes(self._asked, epoch, self._team)
        at = (epoch - 1) * self.steps * self._batch
        for begin in range(at, at + self.steps * self._batch, self._batch):
            mine = np.array_split(self._taken(begin), self._team.here)[self._team.local]
            yield self.feed.batch(mine, changes)

    def _taken(self, begin: int) -> NDArray[np.int64]:
        """Return the images at the places of a batch in the endless row of shuffles."""
        places = np.arange(begin, begin + self._batch)
        shuffles, within = np.divmod(places, self._images)
        found = [self._shuffle(int(s))[within[shuffles == s]] for s in np.unique(shuffles)]
        return np.concatenate(found)

    def _shuffle(self, number: int) -> NDArray[np.int64]:
        if self._last[0] != number:
            rng = np.random.default_rng([self._asked.seed, self._machine, number])
            self._last = number, rng.permutation(self._images)
        return self._last[1]


class Streamed:
    """Batches of a set that is streamed: of all its records, or of the machine's own files.

    A process takes its part of each batch from its part of the passes, which go on from epoch to
    epoch: each image is seen once before any is seen again.
    """

    def __init__(
        self, records: StreamedSet, train: TrainingSet, asked: Hyperparameters, team: Team
    ) -> None:
        self._records, self._asked, self._team = records, asked, team
        self.steps = train.counts.images // asked.mini_batch_size
        if train.machines:  # its own files, of which each of its processes has a part
            self._part, self._parts = team.local, team.here
            batch = machines_part(train, asked, team)
        else:
            self._part, self._parts = team.rank, team.size
            batch = asked.mini_batch_size
        self._batch = len(np.array_split(np.arange(batch), self._parts)[self._part])
        self._at, self._rows = -1, iter(list[Row]())

    def epoch(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Any, Any]]:  # noqa: ARG002
        """Yield the batches, augmented by the CPU."""
        begin = (epoch - 1) * self.steps * self._batch
        if self._at != begin:
            self._rows = self._records.rows(self._part, self._parts, self._asked.seed, begin)
            self._at = begin
        changes = _changes(self._asked, epoch, self._team)
        for _ in range(self.steps):
            images, labels = self._records.images(list(islice(self._rows, self._batch)))
            self._at += self._batch
            yield augment(images, self._asked.augmentation_type, changes), labels


def machines_part(train: TrainingSet, asked: Hyperparameters, team: Team) -> int:
    """Return how many images of each batch this machine gives, of files of its own."""
    least = LEAST_IMAGES * team.here
    return dealt(train.machines, asked.mini_batch_size, least)[team.rank // team.here]


def _changes(asked: Hyperparameters, epoch: int, team: Team) -> np.random.Generator:
    return np.random.default_rng([asked.seed, epoch, team.rank])
