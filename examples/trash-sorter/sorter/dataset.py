"""The training set: pictures of items, a folder for each class, and dataset.yaml beside them."""

from collections.abc import Sequence
from pathlib import Path

from sorter.frames import snapshot
from sorter.items import Item
from sorter.pictures import Artwork

VARIANTS = 20  # pictures of each item
GROUP = "sorters"  # of things that sort
SETTINGS = """task: single
image: {{size: 96, mode: crop}}
training: {{epochs: 20, weight_averaging: 0.995}}
reject_option: {{accuracy: 0.999}}
edge:
  targets: [{group}]
"""


def draw_dataset(
    folder: Path, artwork: Artwork, items: Sequence[Item], variants: int = VARIANTS
) -> int:
    """Write `<folder>/<class>/<code point>-<number>.jpg`; return how many."""
    for item in items:
        (folder / item.label).mkdir(parents=True, exist_ok=True)
        for number in range(variants):
            path = folder / item.label / f"{item.code}-{number:02d}.jpg"
            path.write_bytes(snapshot(artwork, item, number, varied=True))
    return len(items) * variants
