"""A shard as FetchShards left it: its rows, one verdict a row, and the images in a tar."""

import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from im2rec.errors import PackFailed
from im2rec.run.rows import Row
from im2rec.run.store import RunStore
from tagline.imaging import Limits

MAX_IMAGE_BYTES = Limits().max_bytes


@dataclass(frozen=True)
class Shard:
    """The rows of one shard in packing order, each with the reject of its fetch or None."""

    name: str
    rows: list[tuple[Row, tuple[str, str] | None]]
    images: Path

    def fetched(self) -> Iterator[tuple[Row, bytes]]:
        """Yield each row whose image was fetched, with its bytes.

        Raise PackFailed when the tar does not hold these images in this order.
        """
        wanted = [row for row, reject in self.rows if reject is None and row.reuse is None]
        try:
            with tarfile.open(self.images, "r:") as archive:
                for row in wanted:
                    yield row, self._image(archive, row)
                if archive.next() is not None:
                    raise PackFailed(f"Shard {self.name} has more images than rows: fetch again.")
        except tarfile.TarError as exc:
            raise PackFailed(f"The images of shard {self.name} are no tar file: {exc}.") from exc

    def _image(self, archive: tarfile.TarFile, row: Row) -> bytes:
        member = archive.next()
        if member is None or member.name != str(row.line) or not member.isfile():
            found = "its end" if member is None else f"member {member.name!r:.40}"
            raise PackFailed(f"Shard {self.name}: expected line {row.line}'s image, found {found}.")
        if member.size > MAX_IMAGE_BYTES:
            raise PackFailed(f"Shard {self.name}: line {row.line} has {member.size} bytes.")
        stream = archive.extractfile(member)
        assert stream is not None, "a regular member has a stream"  # noqa: S101
        return stream.read()


def read_shards(store: RunStore, names: list[str], folder: Path) -> Iterator[Shard]:
    """Yield the shards in order; while one is packed the next is downloaded.

    At most two tars lie in `folder` at a time; each is deleted once its shard is done.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="shards") as ahead:
        coming = [ahead.submit(_read, store, name, folder) for name in names[:1]]
        for position in range(len(names)):
            shard = coming.pop().result()
            if position + 1 < len(names):
                coming.append(ahead.submit(_read, store, names[position + 1], folder))
            try:
                yield shard
            finally:
                shard.images.unlink()


def _read(store: RunStore, name: str, folder: Path) -> Shard:
    rows = store.read_lines(store.keys.shard_rows(name))
    verdicts = store.read_lines(store.keys.shard_verdicts(name))
    try:
        joined = [_join(name, *pair) for pair in zip(rows, verdicts, strict=True)]
    except (KeyError, TypeError, ValueError) as exc:
        raise PackFailed(f"Shard {name}: rows and verdicts do not match: {exc!s}.") from exc
    images = folder / f"{name}.tar"
    store.download(store.keys.shard_images(name), images)
    return Shard(name, joined, images)


def _join(
    shard: str, row: dict[str, Any], verdict: dict[str, Any]
) -> tuple[Row, tuple[str, str] | None]:
    if row["line"] != verdict["line"]:
        raise PackFailed(
            f"Shard {shard}: line {row['line']} has the verdict of line {verdict['line']}: "
            "fetch it again."
        )
    reject = None if verdict["reason"] is None else (verdict["reason"], verdict["detail"])
    return Row.from_dict(row), reject
