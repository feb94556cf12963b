"""`tagline estimate`: what a run is likely to cost, and the most that its training may."""

from pathlib import Path

import msgspec

from tagline.cli.errors import Refused
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
from tagline.serving.machines import MEMORY
from tagline.settings import load_settings

EVALUATION = "ml.m5.xlarge"


class Estimate(Record, kw_only=True):
    """What `--json` prints."""

    images: int
    epochs: int
    run: Cost
    most_for_training: float | None
    """Where every job takes training.max_runtime, which budget.per_run is held against."""
    budget: float | None
    endpoint_a_month: float | None
    """Of one that is always there; null for a serverless one."""
    serverless_answers: float | None
    """What 100,000 answers of a serverless one cost, 0.2 s each; null for one of instances."""


def estimate(
    list_path: Path | None,
    *,
    images: int | None,
    config: Path | None,
    region: str,
    prices: Path | None,
    training: str,
    endpoint: str,
    as_json: bool,
) -> None:
    """Tell what a run of a list would cost, without a cloud."""
    settings = load_settings(config.read_bytes(), str(config)) if config else Settings()
    own = decode(prices.read_bytes(), Prices, str(prices)) if prices else None
    found = estimated(_images(list_path, images), settings, PriceList(region, own),
                      training, endpoint)  # fmt: skip
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        _show(found)
        if settings.training.script:
            say(
                "Training is a script's own (training.script), whose time nobody knows: Tagline's "
                "trainer's is told. training.max_runtime bounds it"
            )


def _images(list_path: Path | None, images: int | None) -> int:
    if (list_path is None) == (images is None):
        raise Refused("name a LIST or a number of --images, one of the two")
    if list_path is None:
        return images or 0
    if is_ratings(list_path):
        raise Refused(
            f"{list_path} is a file of ratings, and what a run of images costs is estimated; "
            "`tagline show RUN` tells what a run of ratings has cost"
        )
    report = check_list(list_path)
    if report.accepted < 2:  # noqa: PLR2004 - one to train with, one to judge by
        raise Refused(f"{list_path}: {report.accepted} rows to train with: see `tagline check`")
    return report.accepted


def estimated(
    images: int, settings: Settings, prices: PriceList, training: str, endpoint: str
) -> Estimate:
    """Return the estimate for so many images; `training` and `endpoint` are the stack's types."""
    kept = max(1, round(images * (1 - settings.split.shares.held)))
    chosen = defaults(kept, 1, settings.image.size, settings.quality)
    epochs = settings.training.epochs or int(chosen["epochs"])
    builtin = settings.training.algorithm == "builtin"
    kind = settings.training.instance_type or (USUAL if builtin else training)
    work = Work(
        images=images,
        validation=settings.split.shares.held,
        size=settings.image.size,
        epochs=epochs,
        training_type=kind,
        evaluation_type=EVALUATION,
        trials=trials_of(settings),
        views=settings.training.views or int(chosen["views"]),
        machines=settings.training.instance_count,
    )
    wanted = settings.endpoint
    count = wanted.instance_count or wanted.min_instances or 1
    serving = monthly(wanted.instance_type or endpoint, count, prices)
    memory = wanted.memory or MEMORY
    answers = serverless(ANSWERS, ANSWER_SECONDS, memory, prices)
    return Estimate(
        images=images,
        epochs=epochs,
        run=forecast(work, prices),
        most_for_training=most_expensive(settings, kind, prices),
        budget=settings.budget.per_run,
        endpoint_a_month=serving if wanted.mode == "instances" else None,
        serverless_answers=answers if wanted.mode == "serverless" else None,
    )


def _show(found: Estimate) -> None:
    unit = found.run.currency
    show_cost(found.run, title="A run, estimated")
    over = found.budget is not None and (found.most_for_training or 0.0) > found.budget
    emit(
        facts_table(
            {
                "Images": f"{found.images:,}",
                "Epochs": found.epochs,
                "Together": _together(found.run),
                "Training, at most": money(found.most_for_training, unit) or "no price is known",
                "Budget": found.budget and f"{money(found.budget, unit)}{': too low' * over}",
                f"Endpoint, {HOURS_OF_A_MONTH} h": _endpoint(found),
                f"{ANSWERS:,} answers of {ANSWER_SECONDS} s": money(found.serverless_answers, unit),
                "Prices": f"{found.run.region}, {found.run.prices}",
            }
        )
    )


def _together(run: Cost) -> str:
    """Return what a run costs, and which of its states are not in that."""
    price = f"{money(run.price, run.currency)}"
    missing = dict.fromkeys(state.state for state in run.states if state.price is None)
    if not missing:
        return price
    return f"at least {price}: {', '.join(missing)} not in it, for want of a price"


def _endpoint(found: Estimate) -> str | None:
    priced = money(found.endpoint_a_month, found.run.currency)
    return priced or ("no price is known" if found.serverless_answers is None else None)
