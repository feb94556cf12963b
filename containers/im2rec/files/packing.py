"""Packing: every list of the prefix becomes a record file, an index, and the rows left out."""

import errno
import os
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from im2rec.errors import PackFailed
from im2rec.files.images import pack_file
from im2rec.files.options import Options
from im2rec.files.rows import ImageFile, RowReader
from im2rec.pool import PackingPool
from im2rec.records import Record, Unusable
from im2rec.stopping import stops_held
from tagline.formats.document import encode_record
from tagline.formats.printable import printable
from tagline.formats.reasons import UnusableList
from tagline.formats.recordio import RecordWriter
from tagline.formats.rows import LOST_MEANING, Reject

_BATCH = 32  # files a task: small enough to share the end of a list evenly
_SHOWN = 20  # rejected rows on stderr; the file has them all
_EVERY = 10_000


def pack_lists(options: Options) -> int:
    """Pack each list whose path begins with the prefix; return the exit code.

    A list that cannot be packed is said and costs no other list. Raise PackFailed when there is
    none.
    """
    lists = _lists(options.prefix)
    with PackingPool(options, options.num_thread, pack_file, batch=_BATCH, start="fork") as pool:
        return max([_pack_or_say(path, pool, options) for path in lists])


def _lists(prefix: Path) -> list[Path]:
    inside = prefix.is_dir()
    lists = [
        path
        for path in (prefix if inside else prefix.parent).glob("*.lst")
        if str(path).startswith(str(prefix)) and path.is_file()
    ]
    if inside and not lists:
        raise PackFailed(f"there is no list in the folder {prefix}; --list {prefix}/NAME makes one")
    if not lists:
        raise PackFailed(f"there is no {prefix}*.lst; --list makes one")
    return sorted(lists)


def _pack_or_say(path: Path, pool: PackingPool, options: Options) -> int:
    try:
        return _pack_list(path, pool, options)
    except (OSError, PackFailed, UnusableList) as exc:
        print(printable(f"im2rec: {path}: {exc}"), file=sys.stderr)
        return 1


def _pack_list(path: Path, pool: PackingPool, options: Options) -> int:
    reader = RowReader(options.root, pack_label=options.pack_label)
    rejects = Rejects(path)
    remarks: Counter[str] = Counter()
    with RecordFiles(path) as files:
        sent: deque[ImageFile] = deque()
        answers = pool.pack(_accepted(reader.read(path), sent, rejects))
        for count, answer in enumerate(answers, 1):
            file = sent.popleft()
            if isinstance(answer, Unusable):
                name = file.path.removeprefix(str(options.root)).lstrip("/")
                rejects.add(
                    Reject(
                        line=file.line,
                        id=file.identifier,
                        path=name,
                        reason=answer.reason,
                        detail=answer.detail,
                    )
                )
            else:
                files.add(file.identifier, answer.payload)
                remarks.update(_remarks(answer, options))
            if count % _EVERY == 0:
                print(printable(f"{path}: {count} rows"), file=sys.stderr)
        with stops_held():  # rejects, records and index change together
            rejects.write()
            if not files.records:
                raise PackFailed(f"none of {len(rejects.rows)} rows can be packed")
            files.keep()
    rows = files.records + len(rejects.rows)
    _say(path, rows, rejects, reader, options)
    for remark, times in sorted(remarks.items()):
        print(printable(f"{path.with_suffix('.rec')}: {times} x {remark}"))
    return 1 if len(rejects.rows) / rows > options.tolerance else 0


def _remarks(record: Record, options: Options) -> Iterator[str]:
    if record.lost:
        yield LOST_MEANING[record.lost]
    if record.encoded:
        yield f"MXNet's reader would not have the file's colours: encoded as {options.encoding}"


def _accepted(
    rows: Iterable[ImageFile | Reject], sent: deque[ImageFile], rejects: "Rejects"
) -> Iterator[ImageFile]:
    for row in rows:
        if isinstance(row, Reject):
            rejects.add(row)
        else:
            sent.append(row)
            yield row


def _say(path: Path, rows: int, rejects: "Rejects", reader: RowReader, options: Options) -> None:
    hidden = len(rejects.rows) - _SHOWN
    if hidden > 0:
        more = f"{path}: {hidden} more rejected rows in {rejects.path}"
        print(printable(more), file=sys.stderr)
    if reader.labels > 1 and not options.pack_label:
        print(
            f"{printable(path)}: rows have {reader.labels} labels and only the first is packed: "
            "--pack-label packs all",
            file=sys.stderr,
        )
    packed = rows - len(rejects.rows)
    done = f"{path.with_suffix('.rec')}: {packed} of {rows} rows, {len(rejects.rows)} rejected"
    print(printable(done))


class Rejects:
    """The rows that stay out: the first are said at once, all are written when it is over."""

    def __init__(self, path: Path) -> None:
        self.rows: list[Reject] = []
        self.path = path.with_suffix(".rejects.jsonl")
        self._list = path

    def add(self, row: Reject) -> None:
        """Take a row in; say so while there are few."""
        self.rows.append(row)
        if len(self.rows) <= _SHOWN:
            where = f"{self._list}, line {row.line}"
            said = f"{where}: {row.reason}: {row.path}: {row.detail}"
            print(printable(said), file=sys.stderr)

    def write(self) -> None:
        """Write `<list>.rejects.jsonl`, by line; remove an older one when nothing is rejected."""
        if not self.rows:
            self.path.unlink(missing_ok=True)
            return
        with self.path.open("wb") as stream:
            stream.writelines(map(encode_record, sorted(self.rows, key=lambda row: row.line)))


class RecordFiles:
    """A .rec and its .idx under way; they get their names when they are complete.

    Raise OSError where they cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.records = 0
        self._names = [path.with_suffix(ending) for ending in (".rec", ".idx")]
        self._drafts = [name.with_suffix(name.suffix + ".part") for name in self._names]
        for name in self._names:
            if name.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(name))
        with ExitStack() as stack:
            for draft in self._drafts:
                stack.callback(draft.unlink, missing_ok=True)
            self._rec = stack.enter_context(self._drafts[0].open("wb", buffering=1 << 20))
            self._idx = stack.enter_context(self._drafts[1].open("w", encoding="ascii"))
            self._clearing = stack.pop_all()
        self._writer = RecordWriter(self._rec)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clearing.close()  # all of it, also where closing fails on a full disk

    def add(self, identifier: int, payload: bytes) -> None:
        """Append a record and its line of the index."""
        self._idx.write(f"{identifier}\t{self._writer.write(payload)}\n")
        self.records += 1

    def keep(self) -> None:
        """Let the files stand under their names."""
        self._rec.close()
        self._idx.close()
        self._names[1].unlink(missing_ok=True)  # no index rather than one of other records
        for draft, name in zip(self._drafts, self._names, strict=True):
            draft.replace(name)
