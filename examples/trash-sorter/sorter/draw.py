"""`python -m sorter.draw FOLDER --cache CACHE`: a training set and films, with fetched artwork.

Below FOLDER: images/<class>/*.jpg, dataset.yaml, and for each set of emoji film-<set>.avi with what
it shows beside it. The films show what no picture of images/ does, and the first one also items
that some do.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from sorter.artwork import Emoji
from sorter.dataset import GROUP, SETTINGS, VARIANTS, draw_dataset
from sorter.fetching import NoArtwork, fetch
from sorter.film import write_film
from sorter.items import FOLDS, Item, held_out, read_items

SET, OTHER = "noto", "twemoji"  # whose emoji are trained on, and who draws the same things anew
_SEEN = 14  # items of the first film that are trained on


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw; 1 where there is no artwork."""
    parser = argparse.ArgumentParser(prog="sorter.draw", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="where artwork is kept")
    parser.add_argument("--fold", type=int, default=0, choices=range(FOLDS))
    parser.add_argument("--families", action="store_true", help="hold out with all look-alikes")
    parser.add_argument("--variants", type=int, default=VARIANTS, help="pictures of an item")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args(arguments)
    try:
        for name in (SET, OTHER):  # here, not in two processes at once
            fetch(name, asked.cache)
    except NoArtwork as exc:
        print(f"sorter.draw: {exc}", file=sys.stderr)
        return 1
    items = read_items()
    unseen = held_out(items, asked.fold, families=asked.families)
    trained = [item for item in items if item not in unseen]
    shuffled = np.random.default_rng(asked.fold)
    mixed = unseen + [trained[n] for n in shuffled.permutation(len(trained))[:_SEEN]]
    mixed = [mixed[n] for n in shuffled.permutation(len(mixed))]
    asked.folder.mkdir(parents=True, exist_ok=True)
    (asked.folder / "dataset.yaml").write_text(SETTINGS.format(group=GROUP))
    with ProcessPoolExecutor(asked.processes, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        work = [
            pool.submit(_film, asked.folder, asked.cache, SET, mixed, asked.fold),
            *(
                pool.submit(_pictures, asked.folder, asked.cache, item, asked.variants)
                for item in trained
            ),
            pool.submit(_film, asked.folder, asked.cache, OTHER, unseen, asked.fold),
        ]
        for each in work:
            each.result()
    return 0


def _pictures(folder: Path, cache: Path, item: Item, variants: int) -> None:
    draw_dataset(folder / "images", Emoji(SET, cache), [item], variants)


def _film(folder: Path, cache: Path, name: str, items: list[Item], seed: int) -> None:
    write_film(folder / f"film-{name}.avi", Emoji(name, cache), items, seed)


if __name__ == "__main__":
    sys.exit(main())
