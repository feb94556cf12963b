"""Clicks on what was recommended: each kept in a file of its own, and merged into ratings."""

import csv
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import IO, BinaryIO, NamedTuple

from tagline.aws.faults import Conflict
from tagline.aws.s3 import JSON, Bucket
from tagline.formats.document import UnreadableDocument, encode
from tagline.formats.feedback import Click
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.ratings import COLUMNS
from tagline.ratings.table import Table

_PARALLEL = 16
_BLOCK = 4096  # rows


class Kept(NamedTuple):
    """A click's key, and whether it was kept before: the request was sent again."""

    key: str
    repeated: bool


def record_click(bucket: Bucket, click: Click) -> Kept:
    """Keep a click; the same one within a second is no other."""
    key = FeedbackKeys(click.dataset).click(click.at, click.user, click.item)
    try:
        bucket.put_over(key, encode(click), JSON, None)
    except Conflict:
        return Kept(key, repeated=True)
    return Kept(key, repeated=False)


def read_clicks(bucket: Bucket, dataset: str) -> tuple[list[Click], list[str]]:
    """Return the clicks of a dataset, the oldest first, and what is wrong with the others."""
    keys = list(bucket.keys(FeedbackKeys(dataset).clicks))

    def read(key: str) -> Click | str:
        try:
            found = bucket.get(key, Click)
        except UnreadableDocument as exc:
            return str(exc)
        if found is None or found.dataset != dataset:
            return f"{bucket.uri(key)} is none of dataset {dataset}'s"
        return found

    with ThreadPoolExecutor(_PARALLEL) as pool:
        found = list(pool.map(read, keys))
    whole = [each for each in found if isinstance(each, Click)]
    return whole, [each for each in found if isinstance(each, str)]


class MergedRatings(NamedTuple):
    """What merging came to."""

    rows: int
    """Of the file before that are ratings."""
    left_out: int
    """Of the file before that are none."""
    clicks: int


def merge_clicks(
    stream: BinaryIO, out: IO[bytes], clicks: Sequence[Click], least: float | None
) -> MergedRatings:
    """Write ratings with clicks behind them; raises UnusableList for a file that is none.

    A click without a rating is worth 1, or `least`, below which a run leaves ratings out.
    """
    table = Table(stream)
    users, items = list(table.users), list(table.items)
    _write(out, [COLUMNS])
    rows: list[tuple[object, ...]] = []
    for row, time in enumerate(table.time):
        ids = users[table.user[row]], items[table.item[row]]
        rows.append((*ids, f"{table.rating[row]!r}", "" if time < 0 else time))
        if len(rows) == _BLOCK:
            _write(out, rows)
            rows = []
    worth = max(1.0, least or 1.0)
    for click in clicks:
        at = int(datetime.fromisoformat(click.at).timestamp())
        rating = worth if click.rating is None else click.rating
        rows.append((click.user, click.item, f"{rating!r}", at))
    _write(out, rows)
    return MergedRatings(len(table.line), table.faults, len(clicks))


def _write(out: IO[bytes], rows: Sequence[Sequence[object]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    out.write(text.getvalue().encode())
