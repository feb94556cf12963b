"""From a run's fetched shards to its packed channels, in six steps.

Read the plan, pack every shard, put near-copies on one side of the split, account for every row,
write the channels, and only then make the dataset visible (`im2rec.run.publishing`). One task does
all of it here; several tasks share the packing in `im2rec.run.parts` and `im2rec.run.join`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from im2rec.pool import PackingPool
from im2rec.records import Packed, Record, Unusable, labelled
from im2rec.run.accounting import check_every_row_once
from im2rec.run.background import background_choice, settled
from im2rec.run.channels import Channels, longest_file
from im2rec.run.earlier import EarlierRecords, earlier_records
from im2rec.run.ledger import Ledger
from im2rec.run.progress import Progress
from im2rec.run.publishing import account, publish
from im2rec.run.shards import Shard, check_labels, images_of, read_shards
from im2rec.run.sides import grouped, moved, remember_moves
from im2rec.run.task import Task
from tagline.aws.faults import Absent
from tagline.formats.plan import Plan
from tagline.formats.rows import PlannedRow, Reject, Side, Verdict
from tagline.formats.settings import ImageSpec


def pack_run(task: Task) -> None:
    """Pack the task's run; raise PackFailed with the reason if not.

    The record files are the same bytes for any number of workers.
    """
    plan = task.plan()
    shards = [shard.shard for shard in task.shards()]
    progress = Progress(plan.rows, task.log)
    choice = background_choice(task, plan)
    image = settled(plan, choice)
    with closing(Ledger(task.folder, plan.rows)) as ledger:
        for verdict in plan_rejects(task, plan):
            ledger.add(progress.counted(verdict))
        with Channels(task.folder, len(plan.labels), longest_file(plan)) as channels:
            for verdict in pack_shards(task, plan, shards, channels, progress, image=image):
                ledger.add(verdict)
        check_every_row_once(plan, ledger.lines)
        found = grouped(task, plan, ledger)
        if found.moves:
            records = {side: channels[side].records() for side in Side}
            channels = moved(task, plan, ledger, found.moves, records)
            remember_moves(task, plan, found.moves)
        told = account(task, plan, ledger, found, channels.files.together)
    channels.upload(task.bucket, task.keys)
    publish(task, plan, channels.files, told, choice)


def plan_rejects(task: Task, plan: Plan) -> Iterator[Verdict]:
    """Yield the verdicts on the rows that the plan rejected."""
    try:
        for reject in task.bucket.lines(task.keys.plan_rejects, Reject):
            yield Verdict.rejected(reject, reject.reason, reject.detail)
    except Absent:
        if plan.rejected:
            raise


def pack_shards(
    task: Task,
    plan: Plan,
    shards: Sequence[str],
    channels: Channels,
    progress: Progress,
    *,
    image: ImageSpec,
) -> Iterator[Verdict]:
    """Pack these shards in their order into `channels`; yield the verdicts on their rows."""
    with (
        earlier_records(task, plan, shards) as earlier,
        PackingPool(image, task.workers) as pool,
    ):
        for shard in read_shards(task, shards):
            records = _records(shard, pool, plan, earlier)
            yield from _pack_shard(records, channels, progress)
    progress.finish()


def _pack_shard(
    records: Iterable[tuple[PlannedRow, Packed]], channels: Channels, progress: Progress
) -> Iterator[Verdict]:
    for row, packed in records:
        if isinstance(packed, Unusable):
            yield progress.counted(Verdict.rejected(row, packed.reason, packed.detail))
        else:
            channels[row.split].add(packed.payload, row.labels)
            verdict = Verdict.accepted(
                row, packed.lost, packed.likeness, sha256=packed.sha256, kind=packed.kind
            )
            yield progress.counted(verdict)


def _records(
    shard: Shard, pool: PackingPool, plan: Plan, earlier: EarlierRecords
) -> Iterator[tuple[PlannedRow, Packed]]:
    """Yield each row with its record, made of the fetched image or of the earlier run's."""
    packed = pool.pack(images_of(shard, plan))
    for row, verdict in shard.rows:
        if verdict.reason is not None:
            yield row, Unusable(verdict.reason, verdict.detail)
        elif row.reuse is not None:
            check_labels(row, plan)
            payload = labelled(row.id, row.labels, earlier.image(row.reuse))
            look = earlier.look(row.reuse)
            record = Record(payload, look.lost, likeness=look.likeness)
            yield row, record._replace(sha256=look.sha256, kind=look.kind)
        else:
            yield row, next(packed)
