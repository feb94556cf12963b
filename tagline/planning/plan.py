"""PlanDataset: a dropped list → every row accounted for, a split, shards, and a fingerprint."""

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from tagline.aws.partitions import write_records
from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.owners import check_kind_of
from tagline.formats.plan import Plan
from tagline.formats.reasons import UnusableList
from tagline.formats.rows import PlannedRow, Side, count_rejects
from tagline.formats.steps import PlanAnswer, RunInput
from tagline.listing.label_counts import LabelCounter
from tagline.listing.sources import Source
from tagline.listing.survey import Survey
from tagline.listing.tasks import task_of
from tagline.listing.trainable import Images, check_one_label, check_trainable
from tagline.planning import standing
from tagline.planning.changes import find_changes, index_rows
from tagline.planning.corrections import corrections_in, corrections_said
from tagline.planning.fingerprint import fingerprint
from tagline.planning.held import Held
from tagline.planning.inputs import read_companions, read_list, tried_with
from tagline.planning.locating import JudgedRows, locate, parse
from tagline.planning.reuse import Reused, mark_reusable, packed_runs
from tagline.planning.script import take_script
from tagline.planning.starting import check_start
from tagline.planning.store import Store
from tagline.planning.taking import take
from tagline.planning.writing import write_shards
from tagline.settings import InvalidSettings, check_thresholds
from tagline.settings.kinds import check_kind
from tagline.settings.tasks import check_task

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def plan_dataset(
    event: RunInput,
    client: "S3Client",
    source_buckets: Collection[str],
    store: Store | None = None,
    check: Callable[[Survey], None] = lambda _: None,
) -> PlanAnswer:
    """Plan a run and leave its files; the plan itself is written last.

    The rows are kept in `store`, a new one, or in memory; `check` is asked when their number is
    known, before any is judged.

    Raises UnusableList, InvalidSettings or DamagedChampion with a sentence for the list's owner;
    rows rejected until then are left in the run's rejects.
    """
    store = Held() if store is None else store
    bucket = Bucket(client, event.bucket)
    dataset, run = DatasetKeys(event.dataset), RunKeys(event.run)
    served = standing.find_champion(bucket, event.dataset)  # a damaged one is told first of all
    check_kind_of(served, Kind.IMAGES)
    tried = tried_with(event.list, bucket)
    settings, names = read_companions(bucket, dataset, tried)
    check_kind(settings, Kind.IMAGES)
    source = Source.of_dataset(event.dataset, event.bucket, settings.source, source_buckets)
    check_start(settings, client, source, event.dataset, event.bucket)
    script = take_script(settings, client, source, run, event.bucket)
    judged = JudgedRows(settings.tolerance, store.rejects)
    try:
        with tempfile.TemporaryFile() as spool:
            version = read_list(event.list, bucket, spool)
            parse(judged, store, spool, source, names, settings, check)
        locate(judged, store, client, source)
        before = packed_runs(bucket, dataset)
        task = task_of(settings.task, store.labels())
        check_task(settings, task)
        packed = bool(before) or served is not None
        store.divide(bucket, dataset, settings, task, packed=packed)
        images, positives = _counted(store.planned(), judged.names)
        check_trainable(images, settings)
        check_one_label(task, positives)
        check_thresholds(settings, judged.names)
    except (UnusableList, InvalidSettings):
        if judged.rejects:
            bucket.write_lines(run.rejects, judged.rejects)
        raise
    corrections = corrections_in(bucket, event.dataset, version)
    bucket.write_lines(run.plan_rejects, judged.rejects)
    mark = fingerprint(judged.names, settings, store.planned(), script)
    taken = take(
        bucket,
        event,
        version,
        mark,
        tried=tried,
        what="list, labels, settings and images",
        settings=settings,
    )
    changes = None
    if not taken.trains:
        bucket.write_lines(run.rejects, judged.rejects)
        marked = Reused()
    else:
        marked = mark_reusable(bucket, before, settings.image, store)
        write_records(bucket, run.images, index_rows(store.planned(), judged.names))
        if before:
            changes = find_changes(bucket, before[0], store, judged.names)
    shards = write_shards(bucket, run, store if taken.trains else Held())
    plan = Plan(
        run=event.run,
        dataset=event.dataset,
        bucket=event.bucket,
        list=version,
        fingerprint=mark,
        rows=judged.rows,
        accepted=judged.accepted,
        rejected=len(judged.rejects),
        train=images.train,
        validation=images.validation,
        test=images.test,
        labels=judged.names,
        task=task,
        positives=positives,
        reused=marked.images,
        reuse=marked.reuse,
        packed_before=marked.packed_before,
        settings=settings,
        shards=shards,
        contradicting=judged.contradicting,
        copies=store.copies(),
        seen=marked.seen,
        reasons=count_rejects(judged.rejects),
        changes=changes,
        corrections=corrections,
        candidate=bool(tried),
        tried=tried,
        script=script,
        same_as=taken.same_as,
    )
    bucket.write(run.plan, plan)
    return PlanAnswer(
        unchanged=taken.unchanged,
        reason=f"{corrections_said(corrections)}; {taken.reason}" if corrections else taken.reason,
        superseded=taken.overtaken is not None,
        rows=plan.rows,
        accepted=plan.accepted,
        rejected=plan.rejected,
        reused=plan.reused,
        train=plan.train,
        validation=plan.validation,
        test=plan.test,
        shards=plan.shards,
        shards_key=run.shards,
    )


def _counted(rows: Iterable[PlannedRow], names: Sequence[str]) -> tuple[Images, dict[str, int]]:
    """Return the images of each side, and those that have each label."""
    counts: Counter[tuple[Side, bool]] = Counter()
    labels = LabelCounter(len(names))
    for row in rows:
        counts[row.split, "1" in row.labels] += 1
        labels.add(row.labels.encode())
    train, validation, test = (counts[side, True] + counts[side, False] for side in Side)
    images = Images(
        train=train,
        validation=validation,
        test=test,
        labelled_train=counts[Side.TRAIN, True],
        labelled_validation=counts[Side.VALIDATION, True],
    )
    return images, dict(zip(names, labels.positives(), strict=True))
