"""What people should know of a conversion that went well."""

from collections.abc import Sequence

from tagline.converting.store import Collision
from tagline.converting.vocabulary import Vocabulary, alike

_SHOWN = 3
_CAPTIONS = 0.5  # tags to images: as many different ones are no vocabulary
_FEW = 20  # images, of which nothing is concluded


def remarks(
    merged: int, collisions: Sequence[Collision], vocabulary: Vocabulary, to: str, images: int
) -> list[str]:
    """Return sentences about joined entries, ids, and tags that look wrong."""
    said = []
    if merged:
        entries = "1 entry names" if merged == 1 else f"{merged:,} entries name"
        said.append(f"{entries} an image again: the tags were joined to those of its first")
    said += [
        f"{kept!r} and {moved!r} have the same id by their paths: {moved!r} got another one"
        for kept, moved in collisions
    ]
    for first, other in alike(vocabulary.names)[:_SHOWN]:
        said.append(f"are {first!r} and {other!r} one tag? --merge '{first},{other}={first}'")
    said += _counted(vocabulary, to, images)
    return said


def _counted(vocabulary: Vocabulary, to: str, images: int) -> list[str]:
    said = []
    once = sum(count == 1 for count in vocabulary.counts)
    if images > _FEW and len(vocabulary.names) > _CAPTIONS * images:
        said.append(
            f"{len(vocabulary.names):,} tags for {images:,} images: are they captions? "
            "--tags-column names another column, --tags-sep says what separates tags"
        )
    elif once:
        said.append(f"{once:,} tags are on one image, of which nothing is learned: --min-count 2")
    if vocabulary.rare:
        said.append(
            f"{len(vocabulary.rare):,} tags were left out, on fewer images than --min-count"
        )
    unused = [n for n, c in zip(vocabulary.names, vocabulary.counts, strict=True) if not c]
    if unused and to in {"csv", "manifest"}:
        said.append(f"{len(unused):,} labels are on no image, so they are not in it: {unused[0]} …")
    return said
