"""What makes a packed dataset count: every row accounted for, and dataset.json last of all."""

import re
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import IO

from im2rec.run.accounting import Rejects, check_usable
from im2rec.run.channels import Files
from im2rec.run.dataset import Told, describe
from im2rec.run.ledger import Ledger
from im2rec.run.sides import Grouped, across
from im2rec.run.task import Task
from tagline.aws.partitions import write_records
from tagline.aws.s3 import FORMAT, JSON_LINES, Bucket
from tagline.formats.document import decode_lines, encode_record
from tagline.formats.keys import DatasetKeys
from tagline.formats.packed import CHANNELS, PackedDataset, PackedRuns, RecordFiles
from tagline.formats.pictures import BackgroundChoice, LostCounts, NearCopies
from tagline.formats.plan import Plan
from tagline.formats.rows import Lost, Reject, Side, Verdict

_REMEMBERED = 4  # packed sets besides the newest that the next plan may reuse
_RECORDS = re.compile(r"(?:train|val|test)(?:-\d{5,})?\.rec")


def account(task: Task, plan: Plan, ledger: Ledger, grouped: Grouped, files: RecordFiles) -> Told:
    """Write the verdict on every row of the list; raise PackFailed when the dataset is unusable.

    Return what the verdicts tell.
    """
    copies, moves = grouped
    with TemporaryFile(dir=task.folder) as spool:
        verdicts = _noting_rejects(ledger.by_line(copies, moves), spool)
        write_records(task.bucket, task.keys.verdicts, verdicts)
        spool.seek(0)
        rejects = Rejects.of(decode_lines(spool, Reject, task.keys.rejects))
        spool.seek(0)
        task.bucket.upload(spool, task.keys.rejects, JSON_LINES, metadata={FORMAT: "1"})
    check_usable(plan, rejects, files)
    return Told(
        lost=LostCounts(
            one_colour=ledger.lost[Lost.ONE_COLOUR], transparent=ledger.lost[Lost.TRANSPARENT]
        ),
        near_copies=NearCopies(
            images=len(copies),
            groups=len(set(copies.values())),
            across=across(ledger, copies, moves),
            moved=len(moves),
        ),
        reasons=rejects.reasons,
    )


def _noting_rejects(verdicts: Iterable[Verdict], file: IO[bytes]) -> Iterator[Verdict]:
    for verdict in verdicts:
        if reject := verdict.reject():
            file.write(encode_record(reject))
        yield verdict


def publish(
    task: Task,
    plan: Plan,
    files: Files,
    told: Told,
    choice: BackgroundChoice | None,
) -> None:
    """Make the run's record files, which are all there, the dataset: dataset.json, then copies.

    Last comes the pointer by which the next plan finds images that it need not fetch again. A
    candidate's set is its run's alone: tried with other pixels, it would drive out what the next
    list reuses.
    """
    bucket, keys, dataset = task.bucket, task.keys, DatasetKeys(task.keys.dataset)
    packed = describe(plan, files, told, choice)
    bucket.write(keys.packed_dataset, packed)
    if plan.candidate:
        return
    for side, channel in CHANNELS.items():
        _copy(bucket, packed, side, keys.packed_folder(channel), dataset.packed_folder(channel))
    before = tuple(run for run in plan.packed_before if run != plan.run)
    bucket.write(dataset.packed_run, PackedRuns(run=plan.run, before=before[:_REMEMBERED]))


def _copy(bucket: Bucket, packed: PackedDataset, side: Side, source: str, target: str) -> None:
    """Let the record files below `target` be those of a side, and none of an earlier set."""
    names = [file.name for file in packed.record_files(side)]
    for name in names:
        bucket.copy(f"{source}{name}", f"{target}{name}")
    for key in list(bucket.keys(target)):
        name = key.removeprefix(target)
        if _RECORDS.fullmatch(name) and name not in names:
            bucket.delete(key)
