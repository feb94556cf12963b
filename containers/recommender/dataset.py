"""All that a training learns from: histories, what validation asks for, and the items' names."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.data import Histories, Names, Ratings, read_ratings, read_titles
from tagline.ranking.popularity import popularity


@dataclass(frozen=True)
class Dataset:
    """Ratings of the channels `train` and `validation`.

    `items` are the model's columns, the most rated first, so that equal scores are in favour of
    what most know; `titles` are theirs, "" without one. `train` and `everything` are histories of
    the same users; `relevant` are the validation's ratings of them that are not in `train`.
    `rated` (n,) and `trained` are the items of all ratings, and of the training's, newest last.
    """

    items: tuple[str, ...]
    titles: tuple[str, ...]
    train: Histories
    relevant: Histories
    everything: Histories
    trained: NDArray[np.int64]
    rated: NDArray[np.int64]


def read(channels: Path) -> Dataset:
    """Return the dataset of a training job's channels; raises JobRefused."""
    names = Names()
    train = read_ratings(channels / "train", "channel 'train'", names)
    validation = read_ratings(channels / "validation", "channel 'validation'", names)
    folder = channels / "items"
    titles = read_titles(folder, "channel 'items'") if folder.is_dir() else {}
    both = np.concatenate([train.items, validation.items])
    place = np.argsort(-popularity(both, len(names.items)), kind="stable")
    column = np.empty(len(place), np.int64)
    column[place] = np.arange(len(place))
    told = list(names.items)
    items = tuple(told[number] for number in place.tolist())
    count = len(names.users)
    trained = Ratings(train.users, column[train.items])
    later = Ratings(validation.users, column[validation.items])
    everyone = np.concatenate([trained.users, later.users])
    history = Histories.of(trained.users, trained.items, count)
    return Dataset(
        items=items,
        titles=tuple(titles.get(item, "") for item in items),
        train=history,
        relevant=_new(history, Histories.of(later.users, later.items, count), len(items)),
        everything=Histories.of(everyone, column[both], count),
        trained=trained.items,
        rated=column[both],
    )


def _new(history: Histories, later: Histories, items: int) -> Histories:
    """Return what of later ratings is not in the histories."""

    def pairs(some: Histories) -> NDArray[np.int64]:
        users = np.repeat(np.arange(len(some)), some.lengths)
        return users * items + some.items

    told = pairs(later)
    told = told[~np.isin(told, pairs(history))]
    return Histories.of(told // items, told % items, len(later))
