"""Lists and corrections for the tests of merging them."""

import io
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from tagline.feedback.merging import Merger, Outcome
from tagline.feedback.reading import Entry
from tagline.feedback.truths import Truths, fold
from tagline.formats.feedback import CorrectedImage, Correction
from tagline.formats.locations import Location
from tagline.formats.tasks import Task
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list

LABELS = ("red", "round", "big")
SOURCE = Source.of_dataset("demo", "data", None, ["art"])


def one_by_one(client: Any) -> None:
    """Have a mocked client write as S3 does: a condition holds until the write is done."""
    lock, put = Lock(), client.put_object

    def put_object(**request: Any) -> Any:
        with lock:
            return put(**request)

    client.put_object = put_object


def entry(path: str, number: int = 0, **said: Any) -> Entry:
    """A correction of an image below the dataset, or of an s3:// URI."""
    place = path if "://" in path else f"s3://data/demo/{path}"
    image = said.pop("image", CorrectedImage(s3_uri=place))
    at = f"2026-11-26T00:{number // 60:02d}:{number % 60:02d}.000000Z"
    known = {"run": None, "who": "ann", "at": at} | said
    made = Correction(dataset="demo", image=image, **known)
    return Entry(f"demo/feedback/corrections/{number:06d}.json", made)


def merged(
    data: bytes,
    entries: Sequence[Entry],
    *,
    source: Source = SOURCE,
    labels: Sequence[str] = LABELS,
    is_there: Callable[[Location], bool] = lambda _: True,
    task: Task = Task.MULTI,
) -> tuple[bytes, Outcome, Truths]:
    """Merge corrections into a list's bytes."""
    out = io.BytesIO()
    stream = io.BytesIO(data)
    truths = fold(entries, labels, {}, task)
    survey = survey_list(stream, labels, task.value)
    outcome = Merger(survey, source, labels, truths).merge(stream, out, is_there)
    return out.getvalue(), outcome, truths
