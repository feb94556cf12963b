"""Which image a correction is of: a row of the newest list, by its id or by its file's hash.

A list is read as it arrives, a line at a time; so are the verdicts of the run that packed it, which
know the hash of each row's file.
"""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

from tagline.aws.faults import Absent
from tagline.aws.partitions import read_raw
from tagline.aws.s3 import Bucket
from tagline.formats.document import decode_record
from tagline.formats.feedback import CorrectedImage
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.list_lines import read_lines
from tagline.formats.outcomes import Newest
from tagline.formats.owners import owns_run
from tagline.formats.packed import PackedRuns
from tagline.formats.plan import Plan
from tagline.formats.rows import Verdict
from tagline.listing.rows import MAX_ID
from tagline.listing.sources import BadLocation, Source

if TYPE_CHECKING:
    from botocore.response import StreamingBody

_log = logging.getLogger(__name__)


class NoList(LookupError):
    """No run of the dataset has planned a list yet."""


def newest_plan(bucket: Bucket, dataset: str, champion: str | None) -> Plan:
    """Return the plan of the list that was dropped last, or of the champion's; raises NoList.

    What is damaged counts as absent, with a warning.
    """
    newest = bucket.whole(DatasetKeys(dataset).newest, Newest)
    for run in (newest and newest.run, champion):
        if run and owns_run(dataset, run) and (plan := bucket.whole(RunKeys(run).plan, Plan)):
            return plan
    raise NoList(f"Dataset {dataset} has no list yet that a run has planned.")


def row_of_id(bucket: Bucket, plan: Plan, source: Source, number: int) -> CorrectedImage | None:
    """Return the image of the first row that has an id and a path that leads somewhere."""
    if number > MAX_ID:
        return None
    wanted = b"%d" % number
    try:
        with bucket.stream(plan.list.key, version_id=plan.list.version_id) as answer:
            for line in read_lines(cast("BinaryIO", _Arriving(answer.content))):
                ident, _, rest = line.text.partition(b"\t")
                if ident.strip(b" ").lstrip(b"0") == wanted.lstrip(b"0") and ident.strip(b" "):
                    path = rest.rpartition(b"\t")[2].strip(b" ")
                    if found := _image(path.decode("utf-8", "replace"), source, number):
                        return found
    except Absent:
        return None
    return None


def row_of_hash(bucket: Bucket, plan: Plan, source: Source, sha256: str) -> CorrectedImage | None:
    """Return the image of a row whose file has this SHA-256, by the newest verdicts there are."""
    wanted = f'"{sha256}"'.encode()
    for run in packed_runs(bucket, plan):
        try:
            for line in read_raw(bucket, RunKeys(run).verdicts):
                if wanted in line:
                    verdict = decode_record(line, Verdict, RunKeys(run).verdicts)
                    if isinstance(verdict.id, int) and verdict.sha256 == sha256:
                        return _image(verdict.path or "", source, verdict.id, sha256)
        except Absent:
            continue
        return None
    return None


def packed_runs(bucket: Bucket, plan: Plan) -> Iterator[str]:
    """Yield the run of the plan, then the one that packed the dataset last."""
    yield plan.run
    packed = bucket.whole(DatasetKeys(plan.dataset).packed_run, PackedRuns)
    if packed and packed.run != plan.run and owns_run(plan.dataset, packed.run):
        yield packed.run


def _image(
    path: str, source: Source, number: int, sha256: str | None = None
) -> CorrectedImage | None:
    try:
        place = source.resolve(path)
    except BadLocation:
        return None
    return CorrectedImage(s3_uri=place.uri, sha256=sha256, id=number, path=path)


class _Arriving:
    """A body that can be read but once, as `read_lines` wants it: begun anew after two bytes."""

    def __init__(self, body: "StreamingBody") -> None:
        self._body = body
        self._start: bytes = body.read(2)
        self._begun = False

    def seek(self, _at: int) -> None:
        """Begin anew."""
        self._begun = False

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        if not self._begun:
            self._begun = True
            return self._start
        data: bytes = self._body.read(size)
        return data
