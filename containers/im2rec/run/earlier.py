"""The records of an earlier run, for the images that this run need not fetch and decode again.

Of a whole set, which may be far larger than what one task packs, no more is kept than the task's
rows reuse: their encoded images in a file, and what the earlier run told of them.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from im2rec.errors import PackFailed
from im2rec.run.task import Task
from tagline.aws.faults import Absent
from tagline.aws.partitions import read_records as read_lines
from tagline.formats.document import UnreadableDocument
from tagline.formats.image_index import PACKING
from tagline.formats.keys import RunKeys
from tagline.formats.owners import owns_run
from tagline.formats.packed import CHANNELS, PackedDataset, PackedFile
from tagline.formats.plan import Plan, Reuse
from tagline.formats.recordio import RecordError, identifier_of, read_records, unpack_record
from tagline.formats.rows import Lost, PlannedRow, Side, Verdict

_ADVICE = "remove the dataset's packed.json, so that all is fetched, and upload the list again."


class Look(NamedTuple):
    """What an image does not tell any more, or else its likeness; its file's hash and kind."""

    lost: Lost | None = None
    likeness: str | None = None
    sha256: str | None = None
    kind: str | None = None


class EarlierRecords:
    """The encoded images of an earlier run's records, by id, that somebody will ask for."""

    def __init__(self, run: str, wanted: set[int], file: BinaryIO) -> None:
        """Hold those in `wanted` in an empty `file`."""
        self._run = run
        self._wanted = wanted
        self._file = file
        self._places: dict[int, tuple[int, int]] = {}  # offset in the file and bytes
        self._looks: dict[int, Look] = {}

    def image(self, identifier: int) -> bytes:
        """Return the encoded image of a record; raise PackFailed when there is no such record."""
        place = self._places.get(identifier)
        if place is None:
            raise PackFailed(
                f"Run {self._run} has no record {identifier}, which the plan reuses: {_ADVICE}"
            )
        self._file.seek(place[0])
        return self._file.read(place[1])

    def look(self, identifier: int) -> Look:
        """Return what the earlier run told of an image; nothing where its verdicts are gone."""
        return self._looks.get(identifier, Look())

    def take(self, records: BinaryIO) -> None:
        """Take over from a record file what is wanted."""
        for payload in read_records(records):
            identifier = identifier_of(payload)
            if identifier in self._wanted:
                image = unpack_record(payload).image
                self._places[identifier] = self._file.tell(), len(image)
                self._file.write(image)

    def look_up(self, verdicts: Iterator[Verdict]) -> None:
        """Take over from an earlier run's verdicts what they tell of the images."""
        for it in verdicts:
            if it.verdict == "accepted" and it.id in self._wanted:
                self._looks[int(it.id)] = Look(it.lost, it.likeness, it.sha256, it.kind)


@contextmanager
def earlier_records(task: Task, plan: Plan, shards: Sequence[str]) -> Iterator[EarlierRecords]:
    """Open the records that the rows of these shards reuse; none where the plan reuses none.

    Raise PackFailed when the earlier run's are not those that were planned with.
    """
    with tempfile.TemporaryFile(dir=task.folder) as file:
        if plan.reuse is None:
            yield EarlierRecords("", set(), file)
            return
        sides = _checked(task, plan.reuse)
        rows = (
            row
            for shard in shards
            for row in task.bucket.lines(task.keys.shard_rows(shard), PlannedRow)
        )
        wanted = {row.reuse for row in rows if row.reuse is not None}
        found = EarlierRecords(plan.reuse.run, wanted, file)
        if wanted:
            for side, files in sides.items():
                _take(task, plan.reuse.run, side, files, found)
            _look_up(task, plan.reuse.run, found)
        yield found


def _checked(task: Task, reuse: Reuse) -> dict[Side, tuple[PackedFile, ...]]:
    """Return the record files of what is reused, by side; raise PackFailed if they are others."""
    if reuse.packing != PACKING:
        raise PackFailed(
            f"The plan reuses images that were packed by {reuse.packing!r}; this task packs by "
            f"{PACKING!r}. The stack was updated during the run: upload the list again."
        )
    if not owns_run(task.keys.dataset, reuse.run):
        raise PackFailed(f"plan.json reuses {reuse.run!r:.80}, no run of the dataset.")
    if strange := reuse.sha256.keys() - CHANNELS.values():
        raise PackFailed(f"plan.json reuses no run's channel: {min(strange)!r:.80}.")
    packed = task.bucket.get(RunKeys(reuse.run).packed_dataset, PackedDataset)
    if packed is None:
        raise PackFailed(f"Run {reuse.run}, which the plan reuses, has no dataset.json: {_ADVICE}")
    sides = {side: channel for side, channel in CHANNELS.items() if channel in reuse.sha256}
    for side, channel in sides.items():
        if getattr(packed.sha256, side) != reuse.sha256[channel]:
            raise _others(channel, reuse.run)
    return {side: packed.record_files(side) for side in sides}


def _take(
    task: Task, run: str, side: Side, files: Sequence[PackedFile], found: EarlierRecords
) -> None:
    """Let `found` take over what it wants of a side, a file at a time downloaded."""
    channel = CHANNELS[side]
    for told in files:
        with tempfile.TemporaryFile(dir=task.folder) as file:
            task.bucket.download(f"{RunKeys(run).packed_folder(channel)}{told.name}", file)
            file.seek(0)
            if hashlib.file_digest(file, "sha256").hexdigest() != told.sha256:
                raise _others(channel, run)
            file.seek(0)
            try:
                found.take(file)
            except RecordError as exc:
                raise PackFailed(f"The {channel} records of run {run}: {exc}: {_ADVICE}") from exc


def _others(channel: str, run: str) -> PackFailed:
    return PackFailed(
        f"The {channel} records of run {run} are not those that its dataset.json tells "
        f"of: {_ADVICE}"
    )


def _look_up(task: Task, run: str, found: EarlierRecords) -> None:
    try:
        found.look_up(read_lines(task.bucket, RunKeys(run).verdicts, Verdict))
    except (Absent, UnreadableDocument) as exc:
        print(f"looks={run} unknown: {exc}", file=task.log, flush=True)
