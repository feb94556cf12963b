"""What corrections say together: of each image and label the newest one counts. No S3 here."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tagline.feedback.reading import Entry
from tagline.formats.feedback import Correction
from tagline.formats.tasks import Task


@dataclass(frozen=True)
class Said:
    """Whether an image has a label, by the correction of this number."""

    has: bool
    by: int


@dataclass
class Truths:
    """Labels by the places of images, and what of the corrections did not come to count."""

    images: dict[str, dict[str, Said]] = field(default_factory=dict)
    """By s3:// URI."""
    conflicts: int = 0
    """Times that a correction says otherwise of a label than the one before it."""
    unknown: int = 0
    """Labels said that the list does not have."""


def fold(
    entries: Sequence[Entry],
    labels: Collection[str],
    same: Mapping[str, Sequence[str]],
    task: Task = Task.MULTI,
) -> Truths:
    """Return what corrections, in their order, say of images of a list that has these labels.

    `same` are the places of rows that show an image that lies elsewhere, by that place. Where an
    image has exactly one label, one that is said of it takes the one that was said before.
    """
    found = Truths()
    known = set(labels)
    for number, entry in enumerate(entries):
        if entry.correction is None:
            continue
        for place in places(entry.correction, same):
            said = found.images.setdefault(place, {})
            for label, has in statements(entry.correction):
                if label not in known:
                    continue
                if has and task is Task.SINGLE:
                    found.conflicts += _take_others(said, label, number)
                before = said.get(label)
                found.conflicts += before is not None and before.has != has
                said[label] = Said(has, number)
        found.unknown += sum(label not in known for label, _ in statements(entry.correction))
    return found


def _take_others(said: dict[str, Said], label: str, by: int) -> int:
    """Take what labels, other than this one, an image was said to have; return how many."""
    others = [other for other, truth in said.items() if truth.has and other != label]
    said.update(dict.fromkeys(others, Said(has=False, by=by)))
    return len(others)


def statements(correction: Correction) -> Iterator[tuple[str, bool]]:
    """Yield each label that is said of, and whether the image has it."""
    for label in (*correction.confirmed, *correction.added):
        yield label, True
    for label in correction.removed:
        yield label, False


def places(correction: Correction, same: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return where the image that is corrected lies in the list."""
    place = correction.image.s3_uri
    return same.get(place) or (place,)
