"""All that is known of one run: what its files, SageMaker and the flow tell of it."""

from itertools import islice

import msgspec
from msgspec.structs import replace

from tagline.aws.faults import Absent
from tagline.cli.errors import Refused
from tagline.cli.live import Live
from tagline.cli.outcome import RunOutcome, run_outcome
from tagline.cli.records import read_run, read_training
from tagline.cli.runs import now
from tagline.cli.target import Target
from tagline.cli.watching import describe
from tagline.formats.document import R, Record
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.models import (
    CardModel,
    ChampionMeans,
    Difference,
    LabelMetrics,
    Metrics,
    ModelCard,
    Unsure,
)
from tagline.formats.outcomes import Champion, Decision
from tagline.formats.packed import PackedDataset, pictures_said
from tagline.formats.pictures import BackgroundChoice, LostCounts, NearCopies, vanished_said
from tagline.formats.plan import Changes, CorrectionsIn, Plan
from tagline.formats.ratings import RatingsDataset
from tagline.formats.recommending import RatingsMetrics
from tagline.formats.rows import Reject
from tagline.formats.settings import ImageSpec
from tagline.formats.shadow import Shadow
from tagline.formats.steps import TrainPlan, TunePlan
from tagline.formats.suspects import Suspect
from tagline.formats.tasks import Task
from tagline.formats.trials import Trials
from tagline.listing.list_file import contradictions_said
from tagline.listing.trainable import few_said, split_said
from tagline.planning.by_hand import in_force, set_by_hand
from tagline.ratings.sides import BY_HASH
from tagline.serving.endpoints import Health, health

_FIRST = 20


class Counts(Record, kw_only=True):
    """The rows of a run's list; null what is not known yet."""

    rows: int
    accepted: int
    rejected: int
    reused: int = 0
    fetched: int | None = None
    train: int
    validation: int
    test: int = 0


class Pictures(Record, kw_only=True):
    """What dataset.json tells of the images' pictures."""

    lost: LostCounts
    near_copies: NearCopies
    image: ImageSpec
    background: BackgroundChoice | None


class RunReport(RunOutcome, kw_only=True):
    """All that is known of a run, with the keys that --json prints."""

    same_as: str | None
    """Of an unchanged one: the judged run that it equals, whose report is its own, too."""
    kind: Kind
    task: Task
    """As the plan found it; single: each image has exactly one label."""
    tried: tuple[str, ...]
    """Of a candidate: what it was tried with, such as `training.epochs=20`."""
    counts: Counts | None
    contradicting: int
    """Rows that say something else than the row that counts, and were left out."""
    warnings: list[str]
    pictures: Pictures | None
    changes: Changes | None
    corrections: CorrectionsIn | None
    """That were merged into the list."""
    rejects: list[Reject]
    """The first of them."""
    suspects: list[Suspect]
    """The most doubtful of the rows whose labels the model doubts."""
    labels: tuple[LabelMetrics, ...] | None
    """Of the run that serves, with the thresholds that are in force now."""
    macro_f1: float | None
    """Mean of the labels', on images that the thresholds were not chosen on."""
    micro_f1: float | None
    """Of all pairs of image and label together."""
    macro_recall: float | None
    """Of images that have exactly one label, like the next three: the mean of the labels'."""
    top1: float | None
    top5: float | None
    unsure: Unsure | None
    ranking: RatingsMetrics | None
    """metrics.json of ratings; null for images."""
    champion: ChampionMeans | None
    difference: Difference | None
    """From the champion, on images that neither was trained on."""
    decision: Decision | None
    shadow: Shadow | None
    """What it showed beside the champion before it served."""
    training: TrainPlan | TunePlan | None
    trials: Trials | None
    """What a search came to."""
    serving: bool
    health: Health | None
    """Of the endpoint, where the run serves."""
    artifact: str | None
    model: CardModel | None
    location: str


def read_report(target: Target, keys: RunKeys) -> RunReport:
    """Return what is known of a run; raises Refused where there is none of that name."""
    record = read_run(target, keys.run)
    execution = describe(target, keys.run)
    if record.status is None and execution is None:
        raise Refused(f"no run {keys.run}: `tagline runs` lists those there are")
    bucket = target.bucket
    metrics = record.metrics if isinstance(record.metrics, Metrics) else None
    ranking = record.metrics if isinstance(record.metrics, RatingsMetrics) else None
    plan = bucket.get(keys.plan, Plan)
    whole = bucket.either(keys.packed_dataset, PackedDataset, RatingsDataset)
    packed = whole if isinstance(whole, PackedDataset) else None
    counted = whole or plan
    champion = bucket.get(DatasetKeys(keys.dataset).champion, Champion)
    serving = champion is not None and champion.run == keys.run
    by_hand = set_by_hand(target.bucket, keys.dataset) if serving else None
    card = None if ranking else bucket.get(keys.model_card, ModelCard)
    outcome = now(Live(target), run_outcome(target, record, execution))
    same_as = plan.same_as if plan else None
    if same_as and outcome.report is None:
        outcome = replace(outcome, report=bucket.uri(RunKeys(same_as).report))
    return RunReport(
        **msgspec.structs.asdict(outcome),
        same_as=same_as,
        kind=Kind.RATINGS if ranking else plan.kind if plan else Kind.IMAGES,
        task=plan.task if plan else Task.MULTI,
        tried=plan.tried if plan else (),
        counts=msgspec.convert(counted, Counts, from_attributes=True) if counted else None,
        contradicting=plan.contradicting if plan else 0,
        warnings=[*_warnings(plan, whole), *_start_said(metrics)],
        pictures=_pictures(packed),
        changes=plan.changes if plan else None,
        corrections=plan.corrections if plan else None,
        rejects=_first(target, keys.rejects, Reject),
        suspects=_first(target, keys.suspects, Suspect),
        labels=in_force(metrics.labels, by_hand) if metrics else None,
        macro_f1=metrics.macro_f1 if metrics else None,
        micro_f1=metrics.micro_f1 if metrics else None,
        macro_recall=metrics.macro_recall if metrics else None,
        top1=metrics.top1 if metrics else None,
        top5=metrics.top5 if metrics else None,
        unsure=metrics.unsure if metrics else None,
        ranking=ranking,
        champion=metrics.champion if metrics else None,
        difference=metrics.difference if metrics else None,
        decision=bucket.get(keys.decision, Decision),
        shadow=bucket.get(keys.shadow, Shadow),
        training=read_training(target, keys.run),
        trials=bucket.get(keys.trials, Trials),
        serving=serving,
        health=health(target.sagemaker, champion) if champion and serving else None,
        artifact=champion.artifact if champion and serving else None,
        model=card.model if card else None,
        location=bucket.uri(keys.prefix),
    )


def _warnings(plan: Plan | None, whole: PackedDataset | RatingsDataset | None) -> list[str]:
    if isinstance(whole, RatingsDataset):
        return [] if whole.by_time else [f"the test was picked {BY_HASH}, not by time"]
    packed, said = whole, []
    if plan is not None and plan.kind is Kind.IMAGES:
        contradictions = contradictions_said(plan.contradicting, plan.settings.on_conflict)
        said += [contradictions] if contradictions else []
        counted = packed or plan
        small = split_said(counted.test, counted.validation, plan.settings.split.shares)
        older = packed is not None and not packed.sha256.test  # there was no test side yet
        said += [small] if small and not older else []
        few = few_said(plan.positives) if plan.task is Task.SINGLE else None
        said += [few] if few else []
    if packed is not None:
        said += pictures_said(packed)
    elif plan is not None and plan.seen is not None:
        told = vanished_said(
            plan.seen.lost, plan.seen.near_copies, plan.accepted, plan.settings.image, chosen=False
        )
        said += [f"as run {plan.seen.run} found: {sentence}" for sentence in told]
    return said


def _start_said(metrics: Metrics | None) -> list[str]:
    start = metrics.start if metrics else None
    return [f"training started from {start.said}"] if start and start.instead else []


def _pictures(packed: PackedDataset | None) -> Pictures | None:
    return msgspec.convert(packed, Pictures, from_attributes=True) if packed else None


def _first(target: Target, key: str, kind: type[R]) -> list[R]:
    try:
        return list(islice(target.bucket.lines(key, kind), _FIRST))
    except Absent:
        return []
