"""A run told beforehand, by all that is known of its size, its settings and the stack."""

from typing import Literal

from tagline.formats.costs import Cost
from tagline.formats.document import Record
from tagline.formats.image_classification import USUAL
from tagline.formats.settings import Settings
from tagline.jobs.defaults import defaults
from tagline.jobs.limits import most_expensive, trials_of
from tagline.pricing.forecast import (
    ANSWER_SECONDS,
    ANSWERS,
    Work,
    forecast,
    monthly,
    serverless,
)
from tagline.pricing.table import PriceList
from tagline.scale.figures import IMAGE_BYTES
from tagline.scale.load import Load, Parameters
from tagline.scale.steps import Step, steps, walls
from tagline.scale.training import TrainingLoad
from tagline.serving.machines import MEMORY

EVALUATION = "ml.m5.xlarge"
LABELS = 50  # of a number of --images


class Estimate(Record, kw_only=True):
    """What `--json` prints."""

    images: int
    counted: bool = False
    """Whether each row was read; a number of images, and a list that one Lambda does not plan, are
    told by its size and first lines."""
    labels: int
    planned_by: Literal["lambda", "task"]
    """Whether one Lambda plans, or a container task what is more than one holds."""
    epochs: int
    run: Cost
    most_for_training: float | None
    """Where every job takes training.max_runtime, which budget.per_run is held against."""
    budget: float | None
    endpoint_a_month: float | None
    """Of one that is always there; null for a serverless one."""
    serverless_answers: float | None
    """What 100,000 answers of a serverless one cost, 0.2 s each; null for one of instances."""
    seconds: float
    """From the drop to the end of the run, nothing waited for."""
    requests: float
    """What S3's requests and Step Functions' transitions cost, in USD; not in `run`."""
    fetched_bytes: float
    packed_bytes: float
    storage: float
    """What a month of both in S3 costs, in USD; not in `run`."""
    steps: tuple[Step, ...]
    cannot: tuple[str, ...]
    """Why the list cannot be planned; empty where it can."""


def estimated(
    images: int,
    settings: Settings,
    prices: PriceList,
    training: str,
    endpoint: str,
    *,
    labels: int = LABELS,
    classes: bool = False,
    long_labels: bool = False,
    list_bytes: int | None = None,
    image_bytes: float = IMAGE_BYTES.value,
    stack: Parameters | None = None,
) -> Estimate:
    """Return the estimate for so many images; `training` and `endpoint` are the stack's types."""
    kept = max(1, round(images * (1 - settings.split.shares.held)))
    chosen = defaults(kept, 1, settings.image.size, settings.quality)
    epochs = settings.training.epochs or int(chosen["epochs"])
    builtin = settings.training.algorithm == "builtin"
    kind = settings.training.instance_type or (USUAL if builtin else training)
    load = Load(
        images=images,
        labels=labels,
        settings=settings,
        epochs=epochs,
        training_type=kind,
        evaluation_type=EVALUATION,
        endpoint_type=endpoint,
        views=settings.training.views or int(chosen["views"]),
        image_bytes=image_bytes,
        list_bytes=list_bytes,
        classes=classes,
        long_labels=long_labels,
        stack=stack or Parameters(),
    )
    work = Work(
        images=images,
        validation=settings.split.shares.held,
        size=settings.image.size,
        epochs=epochs,
        training_type=kind,
        evaluation_type=EVALUATION,
        trials=trials_of(settings),
        views=load.views,
        machines=settings.training.instance_count,
        shard_images=load.shard_images,
        shards_per_task=load.stack.pack_shards_per_task,
        image_bytes=image_bytes,
        by_task=load.planned_by_task,
        loading=TrainingLoad(load).loading,
    )
    run = forecast(work, prices)
    told = steps(load, run)
    wanted = settings.endpoint
    count = wanted.instance_count or wanted.min_instances or 1
    serving = monthly(wanted.instance_type or endpoint, count, prices)
    memory = wanted.memory or MEMORY
    answers = serverless(ANSWERS, ANSWER_SECONDS, memory, prices)
    return Estimate(
        images=images,
        labels=labels,
        planned_by="task" if load.planned_by_task else "lambda",
        epochs=epochs,
        run=run,
        most_for_training=most_expensive(settings, kind, prices),
        budget=settings.budget.per_run,
        endpoint_a_month=serving if wanted.mode == "instances" else None,
        serverless_answers=answers if wanted.mode == "serverless" else None,
        seconds=sum(step.seconds for step in told),
        requests=sum(step.requests for step in told),
        fetched_bytes=load.fetched_bytes,
        packed_bytes=load.packed_bytes,
        storage=load.storage,
        steps=told,
        cannot=tuple(check.said for check in walls(told)),
    )
