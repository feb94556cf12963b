"""A folder with a whole dataset: list, labels.txt, dataset.yaml, images, held-out images."""

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tagline.designs.drawing import encode
from tagline.designs.recipe import make_recipe
from tagline.designs.vocabulary import LABELS

_CHUNK = 50  # designs per task of a worker process
_SETTINGS = """\
# The designs are simple: 64 pixels show every label, and a dozen epochs are enough.
image:
  size: 64
training:
  epochs: 12
"""


@dataclass(frozen=True)
class HeldOut:
    """An image that is in no list, and the labels that are true of it."""

    path: Path
    labels: tuple[str, ...]


@dataclass(frozen=True)
class DesignSet:
    """Where a drawn dataset lies; the list's paths are relative to `folder`."""

    folder: Path
    list_path: Path
    labels_path: Path
    settings_path: Path
    held_out: tuple[HeldOut, ...]


def draw_designs(
    folder: Path, *, count: int, seed: int, held_out: int = 12, workers: int | None = None
) -> DesignSet:
    """Draw `count` listed and `held_out` unlisted designs into an empty or missing folder.

    The bytes depend on the seed and Pillow's version alone, never on the number of workers.
    Raises FileExistsError when the folder already holds something.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: the designs go into a folder of their own")
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "held-out").mkdir()
    total = count + held_out
    tasks = [
        (str(folder), seed, range(start, min(start + _CHUNK, total)), count)
        for start in range(0, total, _CHUNK)
    ]
    workers = workers or min(len(tasks), os.cpu_count() or 1)
    if workers == 1:
        drawn = [row for task in tasks for row in _draw_some(*task)]
    else:
        spawn = multiprocessing.get_context("spawn")  # the caller may run threads
        with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
            drawn = [
                row for rows in pool.map(_draw_some, *zip(*tasks, strict=True)) for row in rows
            ]
    return _write_tables(folder, drawn[:count], drawn[count:])


def _draw_some(folder: str, seed: int, indexes: range, count: int) -> list[tuple[str, str]]:
    """Draw a chunk and return each design's flags and its path relative to the folder."""
    rows = []
    for index in indexes:
        recipe = make_recipe(seed, index)
        place = "images" if index < count else "held-out"
        path = f"{place}/design-{index:05d}{recipe.suffix}"
        Path(folder, path).write_bytes(encode(recipe))
        rows.append((recipe.flags(), path))
    return rows


def _write_tables(
    folder: Path, listed: list[tuple[str, str]], held_out: list[tuple[str, str]]
) -> DesignSet:
    designs = DesignSet(
        folder=folder,
        list_path=folder / "designs.lst",
        labels_path=folder / "labels.txt",
        settings_path=folder / "dataset.yaml",
        held_out=tuple(
            HeldOut(
                folder / path,
                tuple(name for name, flag in zip(LABELS, flags, strict=True) if flag == "1"),
            )
            for flags, path in held_out
        ),
    )
    rows = ("\t".join((str(row), *flags, path)) for row, (flags, path) in enumerate(listed))
    designs.list_path.write_text("".join(f"{row}\n" for row in rows))
    designs.labels_path.write_text("".join(f"{label}\n" for label in LABELS))
    designs.settings_path.write_text(_SETTINGS)
    truths = (
        json.dumps({"path": f"held-out/{item.path.name}", "labels": list(item.labels)})
        for item in designs.held_out
    )
    (folder / "held-out" / "truths.jsonl").write_text("".join(f"{truth}\n" for truth in truths))
    return designs
