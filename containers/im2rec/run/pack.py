"""From a run's fetched shards to its packed channels, in six steps.

Read the plan, pack every shard, put near-copies on one side of the split, account for every row,
write the channels, and only then make the dataset visible (`im2rec.run.publishing`). One task does
all of it here; several tasks share the packing in `im2rec.run.parts` and `im2rec.run.join`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack

from im2rec.pool import PackingPool
from im2rec.records import Packed, Record, Unusable, labelled
from im2rec.run.accounting import check_every_row_once, mark_near_copies
from im2rec.run.background import background_choice, settled
from im2rec.run.channels import Channels
from im2rec.run.earlier import EarlierRecords, Look, earlier_records
from im2rec.run.progress import Progress
from im2rec.run.publishing import account, publish
from im2rec.run.shards import Shard, check_labels, images_of, read_shards
from im2rec.run.sides import Moves, move_records, moves_of, remember_moves
from im2rec.run.task import Task
from tagline.aws.faults import Absent
from tagline.formats.packed import CHANNELS
from tagline.formats.plan import Plan
from tagline.formats.rows import PlannedRow, Reject, Side, Verdict
from tagline.formats.settings import ImageSpec


def pack_run(task: Task) -> None:
    """Pack the task's run; raise PackFailed with the reason if not.

    The record files are the same bytes for any number of workers.
    """
    plan = task.plan()
    verdicts = plan_rejects(task, plan)
    shards = [shard.shard for shard in task.shards()]
    progress = Progress(plan.rows, task.log)
    progress.count(verdicts)
    choice = background_choice(task, plan)
    image = settled(plan, choice)
    with Channels(task.folder, len(plan.labels)) as channels:
        verdicts += pack_shards(task, plan, shards, channels, progress, image=image)
    check_every_row_once(plan, verdicts)
    mark_near_copies(verdicts)
    moves = moves_of(task, plan, verdicts)
    if moves:
        channels = _moved(task, plan, channels, verdicts, moves)
        remember_moves(task, plan, moves, verdicts)
    account(task, plan, verdicts, channels.files)
    for side, channel in CHANNELS.items():
        channels[side].upload(task.bucket, task.keys.packed(channel))
    publish(task, plan, channels.files, verdicts, choice, moved=len(moves))


def _moved(
    task: Task, plan: Plan, channels: Channels, verdicts: Sequence[Verdict], moves: Moves
) -> Channels:
    """Return channels with each record on its row's side; those of before are removed."""
    folder = task.folder / "moved"
    folder.mkdir()
    with ExitStack() as files:
        made = files.enter_context(Channels(folder, len(plan.labels)))
        old = {side: files.enter_context(channels[side].path.open("rb")) for side in Side}
        move_records(verdicts, moves, old, made)
    for side in Side:
        channels[side].path.unlink()
    return made


def plan_rejects(task: Task, plan: Plan) -> list[Verdict]:
    """Return the verdicts on the rows that the plan rejected."""
    try:
        rejects = list(task.bucket.lines(task.keys.plan_rejects, Reject))
    except Absent:
        if plan.rejected:
            raise
        return []
    return [Verdict.rejected(reject, reject.reason, reject.detail) for reject in rejects]


def pack_shards(
    task: Task,
    plan: Plan,
    shards: Sequence[str],
    channels: Channels,
    progress: Progress,
    *,
    image: ImageSpec,
) -> list[Verdict]:
    """Pack these shards in their order into `channels`; return the verdicts on their rows."""
    verdicts: list[Verdict] = []
    with (
        earlier_records(task, plan) as earlier,
        PackingPool(image, task.workers) as pool,
    ):
        for shard in read_shards(task, shards):
            records = _records(shard, pool, plan, earlier)
            verdicts.extend(_pack_shard(records, channels, progress))
    progress.finish()
    return verdicts


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
            look = earlier.looks.get(row.reuse, Look())
            record = Record(payload, look.lost, likeness=look.likeness)
            yield row, record._replace(sha256=look.sha256, kind=look.kind)
        else:
            yield row, next(packed)
