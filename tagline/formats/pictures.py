"""What a dataset's pictures do not tell any more as they are packed, counted and in words."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from tagline.formats.document import Record
from tagline.formats.settings import AUTO, Colour, ImageSettings

Count = Annotated[int, Meta(ge=0)]


class LostCounts(Record):
    """Accepted images that say little as they are packed; each is counted once."""

    one_colour: Count = 0
    """One colour all over on the dataset's background."""
    transparent: Count = 0
    """Transparent all over."""


class NearCopies(Record):
    """Accepted images that are one picture in several sizes or encodings, by their likenesses."""

    images: Count = 0
    """All that have a near-copy."""
    groups: Count = 0
    across: Count = 0
    """Groups with images on several sides of the split: none but in older sets."""
    moved: Count = 0
    """Images that changed sides so that no group has images on several."""


class BackgroundChoice(Record, kw_only=True):
    """The colour that `background: auto` stands for, and what it was chosen by."""

    colour: Colour
    run: str
    """The run that looked; later ones that reuse its records keep the colour."""
    images: Count
    """Images with transparency that were looked at."""
    one_colour: Mapping[str, Count]
    """By colour, how many of these would be one colour all over on it."""


class Seen(Record):
    """What an earlier run told of its pictures."""

    run: str
    lost: LostCounts
    near_copies: NearCopies


def vanished_said(
    lost: LostCounts,
    near: NearCopies,
    accepted: int,
    image: ImageSettings,
    *,
    chosen: bool,
) -> list[str]:
    """Return sentences about what `accepted` images do not tell any more; none if all is well.

    `chosen`: the background was chosen by `auto`.
    """
    said = []
    if lost.one_colour:
        auto = chosen or image.background == AUTO
        cure = "" if auto else "; `image: {background: auto}` in dataset.yaml chooses a better one"
        said.append(
            f"{lost.one_colour:,} of {accepted:,} images are one colour all over on the background "
            f"{image.background}: what their labels speak of is gone{cure}"
        )
    if lost.transparent:
        said.append(f"{lost.transparent:,} of {accepted:,} images are transparent all over")
    if near.images:
        across = ""
        if near.across:
            across = (
                f"; {near.across:,} groups have images on several sides of the split, which makes "
                "the model look better than it is"
            )
        elif near.moved:
            across = (
                f"; {near.moved:,} images changed sides of the split so that each group is on one"
            )
        said.append(
            f"{near.images:,} of {accepted:,} images are near-copies of each other, in "
            f"{near.groups:,} groups{across}"
        )
    return said
