"""A shard as FetchShards left it: its rows, one verdict a row, and the images in a tar."""

import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from im2rec.errors import PackFailed
from im2rec.records import FetchedImage
from im2rec.run.task import Task
from tagline.formats.plan import Plan
from tagline.formats.rows import FetchVerdict, PlannedRow
from tagline.imaging import Limits

MAX_IMAGE_BYTES = Limits().max_bytes


@dataclass(frozen=True)
class Shard:
    """The rows of one shard in packing order, each with its verdict; their images in a tar."""

    name: str
    rows: list[tuple[PlannedRow, FetchVerdict]]
    images: Path

    def fetched(self) -> Iterator[tuple[PlannedRow, bytes]]:
        """Yield each row whose image was fetched, with its bytes.

        Raise PackFailed when the tar, in whatever order, does not hold exactly these images.
        """
        wanted = [row for row, verdict in self.rows if verdict.reason is None and row.reuse is None]
        try:
            with tarfile.open(self.images, "r:") as archive:
                members = self._members(archive, wanted)
                for row in wanted:
                    stream = archive.extractfile(members[str(row.line)])
                    assert stream is not None, "a regular member has a stream"  # noqa: S101
                    yield row, stream.read()
        except tarfile.TarError as exc:
            raise PackFailed(f"The images of shard {self.name} are no tar file: {exc}.") from exc

    def _members(
        self, archive: tarfile.TarFile, wanted: Sequence[PlannedRow]
    ) -> dict[str, tarfile.TarInfo]:
        """Return the members by name, which is their row's line; read one too many at most."""
        found = list(islice(archive, len(wanted) + 1))
        members = {member.name: member for member in found if member.isfile()}
        for row in wanted:
            member = members.get(str(row.line))
            if member is None:
                lines = {str(row.line) for row in wanted}
                strange = [m.name for m in found if m.name not in lines or not m.isfile()]
                what = f"member {strange[0]!r:.40}" if strange else "its end"
                raise PackFailed(
                    f"Shard {self.name}: expected line {row.line}'s image, found {what}."
                )
            if member.size > MAX_IMAGE_BYTES:
                raise PackFailed(f"Shard {self.name}: line {row.line} has {member.size} bytes.")
        if len(found) > len(wanted):
            raise PackFailed(f"Shard {self.name} has more images than rows: fetch again.")
        return members


def read_shards(task: Task, names: Sequence[str]) -> Iterator[Shard]:
    """Yield the shards in order; while one is packed the next is downloaded.

    At most two tars lie in the task's folder at a time; each is deleted once its shard is done.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="shards") as ahead:
        coming = [ahead.submit(_read, task, name) for name in names[:1]]
        for position in range(len(names)):
            shard = coming.pop().result()
            if position + 1 < len(names):
                coming.append(ahead.submit(_read, task, names[position + 1]))
            try:
                yield shard
            finally:
                shard.images.unlink()


def images_of(shard: Shard, plan: Plan) -> Iterator[FetchedImage]:
    """Yield what workers need of each fetched image; raise PackFailed as `fetched` does."""
    for row, data in shard.fetched():
        check_labels(row, plan)
        yield FetchedImage(row.id, row.labels, data)


def check_labels(row: PlannedRow, plan: Plan) -> None:
    """Raise PackFailed unless a row has as many labels as the plan."""
    if len(row.labels) != len(plan.labels):
        raise PackFailed(
            f"Line {row.line} has {len(row.labels)} labels, plan.json {len(plan.labels)}."
        )


def _read(task: Task, name: str) -> Shard:
    bucket, keys = task.bucket, task.keys
    rows = list(bucket.lines(keys.shard_rows(name), PlannedRow))
    verdicts = list(bucket.lines(keys.shard_verdicts(name), FetchVerdict))
    if [row.line for row in rows] != [verdict.line for verdict in verdicts]:
        raise PackFailed(f"Shard {name}: rows and verdicts do not match: fetch it again.")
    images = task.folder / f"{name}.tar"
    with images.open("wb") as file:
        bucket.download(keys.shard_images(name), file)
    return Shard(name, list(zip(rows, verdicts, strict=True)), images)
