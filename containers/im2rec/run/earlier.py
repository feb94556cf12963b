"""The records of an earlier run, for the images that this run need not fetch and decode again."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from im2rec.errors import PackFailed
from im2rec.run.plan import Plan
from im2rec.run.store import RunStore
from tagline.formats.image_index import PACKING
from tagline.formats.keys import RunKeys
from tagline.formats.names import InvalidName
from tagline.formats.recordio import RecordError, read_records, unpack_record

_ADVICE = "remove the dataset's packed.json, so that all is fetched, and upload the list again."


class EarlierRecords:
    """Finds the encoded images of an earlier run by their records' ids."""

    def __init__(self) -> None:
        self._run = ""
        self._files: list[BinaryIO] = []
        self._places: dict[int, int] = {}  # offset in the file, times 2, plus the file's number

    def image(self, identifier: int) -> bytes:
        """Return the encoded image of a record; raise PackFailed when there is no such record."""
        place = self._places.get(identifier)
        if place is None:
            raise PackFailed(
                f"Run {self._run} has no record {identifier}, which the plan reuses: {_ADVICE}"
            )
        file = self._files[place & 1]
        file.seek(place >> 1)
        return unpack_record(next(read_records(file))).image

    def add(self, run: str, file: BinaryIO) -> None:
        """Take in a record file, which stays open as long as images are asked for."""
        number = len(self._files)
        self._files.append(file)
        self._run = run
        offset = 0
        for payload in read_records(file):
            self._places[unpack_record(payload).identifier] = offset << 1 | number
            offset = file.tell()


@contextmanager
def earlier_records(store: RunStore, plan: Plan, folder: Path) -> Iterator[EarlierRecords]:
    """Open the records that `plan` reuses, downloaded to `folder`; none where it reuses none.

    Raise PackFailed when they are not those that were planned with.
    """
    found = EarlierRecords()
    with ExitStack() as files:
        if plan.reuse is not None:
            run, packing = plan.reuse["run"], plan.reuse["packing"]
            if packing != PACKING:
                raise PackFailed(
                    f"The plan reuses images that were packed by {packing!r}; this task packs by "
                    f"{PACKING!r}. The stack was updated during the run: upload the list again."
                )
            for channel, sha256 in plan.reuse["sha256"].items():
                path = folder / f"earlier-{channel}.rec"
                files.callback(path.unlink, missing_ok=True)
                file = files.enter_context(_download(store, run, channel, path).open("rb"))
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise PackFailed(
                        f"The {channel} records of run {run} are not those that its dataset.json "
                        f"tells of: {_ADVICE}"
                    )
                file.seek(0)
                try:
                    found.add(run, file)
                except RecordError as exc:
                    raise PackFailed(
                        f"The {channel} records of run {run}: {exc}: {_ADVICE}"
                    ) from exc
        yield found


def _download(store: RunStore, run: str, channel: str, path: Path) -> Path:
    try:
        key = RunKeys(run).packed(channel)
    except (InvalidName, KeyError) as exc:
        raise PackFailed(f"plan.json reuses no run's channel: {run!r}, {channel!r}.") from exc
    store.download(key, path)
    return path
