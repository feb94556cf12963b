"""The records of an earlier run, for the images that this run need not fetch and decode again."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedRandom
from typing import BinaryIO, NamedTuple

from im2rec.errors import PackFailed
from im2rec.run.task import Task
from tagline.aws.faults import Absent
from tagline.formats.document import UnreadableDocument
from tagline.formats.image_index import PACKING
from tagline.formats.keys import RunKeys
from tagline.formats.names import InvalidName
from tagline.formats.owners import owns_run
from tagline.formats.plan import Plan, Reuse
from tagline.formats.recordio import RecordError, read_records, unpack_record
from tagline.formats.rows import Lost, Verdict

_ADVICE = "remove the dataset's packed.json, so that all is fetched, and upload the list again."


class Look(NamedTuple):
    """What an image does not tell any more, or else its likeness; its file's hash and kind."""

    lost: Lost | None = None
    likeness: str | None = None
    sha256: str | None = None
    kind: str | None = None


class EarlierRecords:
    """Finds the encoded images of an earlier run by their records' ids."""

    def __init__(self) -> None:
        self._run = ""
        self._files: list[BinaryIO] = []
        self.looks: dict[int, Look] = {}  # by record
        self._offsets: dict[int, int] = {}  # in the file, times 4, plus the file's number

    def image(self, identifier: int) -> bytes:
        """Return the encoded image of a record; raise PackFailed when there is no such record."""
        offset = self._offsets.get(identifier)
        if offset is None:
            raise PackFailed(
                f"Run {self._run} has no record {identifier}, which the plan reuses: {_ADVICE}"
            )
        file = self._files[offset & 3]
        file.seek(offset >> 2)
        return unpack_record(next(read_records(file))).image

    def add(self, run: str, file: BinaryIO) -> None:
        """Take in a record file, which stays open as long as images are asked for."""
        number = len(self._files)
        self._files.append(file)
        self._run = run
        offset = 0
        for payload in read_records(file):
            self._offsets[unpack_record(payload).identifier] = offset << 2 | number
            offset = file.tell()


@contextmanager
def earlier_records(task: Task, plan: Plan) -> Iterator[EarlierRecords]:
    """Open the records that `plan` reuses, downloaded to the task's folder; none where it has none.

    Raise PackFailed when they are not those that were planned with.
    """
    found = EarlierRecords()
    with ExitStack() as files:
        if plan.reuse is not None:
            if plan.reuse.packing != PACKING:
                raise PackFailed(
                    f"The plan reuses images that were packed by {plan.reuse.packing!r}; this task "
                    f"packs by {PACKING!r}. The stack was updated during the run: upload the list "
                    "again."
                )
            if not owns_run(task.keys.dataset, plan.reuse.run):
                raise PackFailed(f"plan.json reuses {plan.reuse.run!r:.80}, no run of the dataset.")
            for channel in plan.reuse.sha256:
                path = task.folder / f"earlier-{channel}.rec"
                files.callback(path.unlink, missing_ok=True)
                file = files.enter_context(path.open("w+b"))
                _download(task, plan.reuse, channel, file)
                try:
                    found.add(plan.reuse.run, file)
                except RecordError as exc:
                    raise PackFailed(
                        f"The {channel} records of run {plan.reuse.run}: {exc}: {_ADVICE}"
                    ) from exc
            found.looks = _looks(task, plan.reuse.run)
        yield found


def _looks(task: Task, run: str) -> dict[int, Look]:
    """Return what the run told of its images; nothing where its verdicts are gone."""
    try:
        verdicts = task.bucket.lines(RunKeys(run).verdicts, Verdict)
        return {
            v.id: Look(v.lost, v.likeness, v.sha256, v.kind)
            for v in verdicts
            if v.verdict == "accepted" and isinstance(v.id, int)
        }
    except (Absent, UnreadableDocument) as exc:
        print(f"looks={run} unknown: {exc}", file=task.log, flush=True)
        return {}


def _download(task: Task, reuse: Reuse, channel: str, file: BufferedRandom) -> None:
    try:
        key = RunKeys(reuse.run).packed(channel)
    except (InvalidName, KeyError) as exc:
        raise PackFailed(f"plan.json reuses no run's channel: {reuse.run!r}, {channel!r}.") from exc
    task.bucket.download(key, file)
    file.seek(0)
    if hashlib.file_digest(file, "sha256").hexdigest() != reuse.sha256[channel]:
        raise PackFailed(
            f"The {channel} records of run {reuse.run} are not those that its dataset.json tells "
            f"of: {_ADVICE}"
        )
    file.seek(0)
