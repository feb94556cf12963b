"""What makes a packed dataset count: every row accounted for, and dataset.json last of all."""

from collections.abc import Sequence

from im2rec.run.accounting import check_usable
from im2rec.run.dataset import describe
from im2rec.run.task import Task
from tagline.formats.keys import DatasetKeys
from tagline.formats.packed import CHANNELS, PackedRuns, RecordFiles
from tagline.formats.pictures import BackgroundChoice
from tagline.formats.plan import Plan
from tagline.formats.rows import Verdict

_REMEMBERED = 4  # packed sets besides the newest that the next plan may reuse


def account(task: Task, plan: Plan, verdicts: list[Verdict], files: RecordFiles) -> None:
    """Write the verdict on every row of the list; raise PackFailed when the dataset is unusable.

    `verdicts` are sorted by line in place.
    """
    verdicts.sort(key=lambda verdict: verdict.line)
    rejects = [reject for verdict in verdicts if (reject := verdict.reject())]
    task.bucket.write_lines(task.keys.verdicts, verdicts)
    task.bucket.write_lines(task.keys.rejects, rejects)
    check_usable(plan, rejects, files)


def publish(
    task: Task,
    plan: Plan,
    files: RecordFiles,
    verdicts: Sequence[Verdict],
    choice: BackgroundChoice | None,
    *,
    moved: int,
) -> None:
    """Make the run's record files, which are all there, the dataset: dataset.json, then copies.

    `moved` images changed sides so that near-copies are on one. Last comes the pointer by which the
    next plan finds images that it need not fetch again. A candidate's set is its run's alone: tried
    with other pixels, it would drive out what the next list reuses.
    """
    bucket, keys, dataset = task.bucket, task.keys, DatasetKeys(task.keys.dataset)
    bucket.write(keys.packed_dataset, describe(plan, files, verdicts, choice, moved))
    if plan.candidate:
        return
    for channel in CHANNELS.values():
        bucket.copy(keys.packed(channel), dataset.packed(channel))
    before = tuple(run for run in plan.packed_before if run != plan.run)
    bucket.write(dataset.packed_run, PackedRuns(run=plan.run, before=before[:_REMEMBERED]))
