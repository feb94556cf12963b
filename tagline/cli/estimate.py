"""`tagline estimate`: what a run is likely to take and cost, and which limits it meets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from tagline.cli.errors import Refused
from tagline.cli.estimate_steps import show_steps
from tagline.cli.output import emit, facts_table, money, print_json, say
from tagline.cli.prices import show_cost
from tagline.cli.ratings import is_ratings
from tagline.formats.costs import Cost, Prices
from tagline.formats.document import Record, decode
from tagline.formats.image_classification import USUAL
from tagline.formats.settings import Settings
from tagline.jobs.defaults import defaults
from tagline.jobs.limits import most_expensive, trials_of
from tagline.listing.checking import check_list
from tagline.listing.size import ListSize, look_at_size
from tagline.pricing.forecast import (
    ANSWER_SECONDS,
    ANSWERS,
    HOURS_OF_A_MONTH,
    Work,
    forecast,
    monthly,
    serverless,
)
from tagline.pricing.table import PriceList
from tagline.scale.checks import amount
from tagline.scale.figures import IMAGE_BYTES, SHARD_DAYS
from tagline.scale.load import Load, Parameters
from tagline.scale.machines import duration
from tagline.scale.steps import Step, steps, walls
from tagline.serving.machines import MEMORY
from tagline.settings import load_settings

EVALUATION = "ml.m5.xlarge"
LABELS = 50  # of a number of --images
_PARAMETERS = {
    "FetchConcurrency": "fetch_concurrency",
    "PackConcurrency": "pack_concurrency",
    "PackShardsPerTask": "pack_shards_per_task",
    "PlanInTaskAbove": "plan_in_task_above",
}
_KB = 1000


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


def estimate(
    list_path: Path | None,
    *,
    images: int | None,
    labels: int | None,
    image_kb: float,
    config: Path | None,
    parameter: Sequence[str] | None,
    region: str,
    prices: Path | None,
    training: str,
    endpoint: str,
    as_json: bool,
) -> None:
    """Tell what a run of a list would take and cost, without a cloud; exit 1 if none can be.

    A list that is more than one Lambda plans is told by its first lines: the rest is not read.
    """
    settings = load_settings(config.read_bytes(), str(config)) if config else Settings()
    own = decode(prices.read_bytes(), Prices, str(prices)) if prices else None
    by, stack = PriceList(region, own), _parameters(parameter or ())

    def told(size: ListSize) -> Estimate:
        return estimated(
            size.rows,
            settings,
            by,
            training,
            endpoint,
            labels=size.labels,
            classes=size.classes,
            list_bytes=size.bytes or None,
            image_bytes=image_kb * _KB,
            stack=stack,
        )

    if (list_path is None) == (images is None):
        raise Refused("name a LIST or a number of --images, one of the two")
    if list_path is None:
        found = told(ListSize(0, images or 0, labels or LABELS))
    elif labels is not None:
        raise Refused("--labels goes with --images: those of a LIST are counted")
    else:
        seen = look_at_size(_of_images(list_path))
        # what no Lambda plans is told as the flow tells it, by size and first lines
        first = told(seen) if seen.rows > 1 else None
        found = (
            first
            if first and first.planned_by == "task"
            else replace(told(_read(list_path, seen, config)), counted=True)
        )
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        _show(found, asked=list_path is None)
        show_steps(found.steps, found.run.currency)
        if settings.training.script:
            say(
                "Training is a script's own (training.script), whose time nobody knows: Tagline's "
                "trainer's is told. training.max_runtime bounds it"
            )
    if found.cannot:
        raise Refused(f"it cannot be planned: {'; '.join(found.cannot)}")


def _parameters(given: Sequence[str]) -> Parameters:
    """Return the stack's parameters; raise Refused for others than those that count here."""
    values: dict[str, int] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in _PARAMETERS or not value.isdecimal() or int(value) < 1:
            raise Refused(
                f"--parameter {text}: give {', '.join(_PARAMETERS)} a number from 1, such as "
                "FetchConcurrency=22"
            )
        values[_PARAMETERS[name]] = int(value)
    return Parameters(**values)


def _of_images(list_path: Path) -> Path:
    if is_ratings(list_path):
        raise Refused(
            f"{list_path} is a file of ratings, and what a run of images costs is estimated; "
            "`tagline show RUN` tells what a run of ratings has cost"
        )
    return list_path


def _read(list_path: Path, seen: ListSize, config: Path | None) -> ListSize:
    """Return what the rows of a list are, each of which is read."""
    report = check_list(list_path, settings_path=config)
    if report.accepted < 2 or report.labels is None:  # noqa: PLR2004 - to train with, to judge by
        why = next(iter(report.problems), "see `tagline check`")
        raise Refused(f"{list_path}: {report.accepted} rows to train with: {why}")
    return ListSize(seen.bytes, report.accepted, report.labels.count, seen.classes)


def estimated(
    images: int,
    settings: Settings,
    prices: PriceList,
    training: str,
    endpoint: str,
    *,
    labels: int = LABELS,
    classes: bool = False,
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
        loading=load.loading,
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


def _show(found: Estimate, *, asked: bool) -> None:
    unit = found.run.currency
    show_cost(found.run, title="A run, estimated")
    over = found.budget is not None and (found.most_for_training or 0.0) > found.budget
    emit(
        facts_table(
            {
                "Images": f"{found.images:,}" if found.counted or asked else _about(found.images),
                "Labels": f"{found.labels:,}",
                "Epochs": found.epochs,
                "Time": f"{duration(found.seconds)}, where nothing is waited for",
                "Together": _together(found.run),
                "Requests, besides": f"{money(found.requests)} for S3 and Step Functions",
                "Storage, a month": f"{money(found.storage)} for {_stored(found)}",
                "Training, at most": money(found.most_for_training, unit) or "no price is known",
                "Budget": found.budget and f"{money(found.budget, unit)}{': too low' * over}",
                f"Endpoint, {HOURS_OF_A_MONTH} h": _endpoint(found),
                f"{ANSWERS:,} answers of {ANSWER_SECONDS} s": money(found.serverless_answers, unit),
                "Prices": f"{found.run.region}, {found.run.prices}",
            }
        )
    )


def _stored(found: Estimate) -> str:
    fetched, packed = (amount(b, "bytes") for b in (found.fetched_bytes, found.packed_bytes))
    return f"{fetched} fetched ({SHARD_DAYS.value:.0f} days), {packed} packed"


def _about(number: int) -> str:
    return f"about {int(float(f'{number:.3g}')):,}, by the file's size and first lines"


def _together(run: Cost) -> str:
    """Return what a run costs, and which of its states are not in that."""
    price = f"{money(run.price, run.currency)}"
    missing = dict.fromkeys(state.state for state in run.states if state.price is None)
    if not missing:
        return price
    if len(missing) == len(run.states):
        return f"no price is known in {run.region}: give your own by --prices"
    return f"at least {price}: {', '.join(missing)} not in it, for want of a price"


def _endpoint(found: Estimate) -> str | None:
    priced = money(found.endpoint_a_month, found.run.currency)
    return priced or ("no price is known" if found.serverless_answers is None else None)
