"""The cost table of docs/costs.md: the reference datasets by `tagline estimate`'s own rules."""

from collections.abc import Collection, Iterable
from dataclasses import fields
from pathlib import Path

from tagline.cli.commands import ENDPOINT, TRAINING
from tagline.cli.estimating import EVALUATION, estimated
from tagline.formats.costs import StateCost
from tagline.formats.settings import Settings, Training, Tuning
from tagline.pricing.forecast import (
    ANSWER_SECONDS,
    ANSWERS,
    HOURS_OF_A_MONTH,
    Rates,
    serverless,
)
from tagline.pricing.table import PriceList, table
from tagline.serving.machines import MEMORY
from tools.docs.marked import with_made

PAGE = Path(__file__).parents[2] / "docs/costs.md"
_REGION = "us-east-1"
_DATASETS = ((50, 98_378), (334, 116_945))
_WAYS = (
    ("one training job", Settings()),
    ("search of 10 trials", Settings(tuning=Tuning(max_jobs=10, max_parallel_jobs=2))),
)
_TASKS = {"PackDataset", "PackParts", "JoinParts"}
_JOBS = ("Train", "Tune"), ("Evaluate",)


_TEXT = """\
Prices of {region}, {day}, in {currency}; images of 96 pixels; training on {training}, evaluation on
{evaluation}, an endpoint on {server}.

| labels | images | training | functions | packing | training jobs | evaluation | a run | at most |
|---:|---:|---|---:|---:|---:|---:|---:|---:|
{rows}

"At most" is what training jobs of {hours} hours, the default of `training.max_runtime`, would cost:
what a budget is held against.

An endpoint that is always there: {endpoint:,.2f} a month ({month} hours). A serverless one of
{memory} MB that answers {asked:,} images in {seconds:g} s each: {answers:,.2f}.

Assumed (`tagline/pricing/forecast.py`; images or rows a second, then seconds): {rates}.
The number of labels does not count: reading a list of 334 takes seconds.
"""


def costs_page() -> str:
    """Return the page with its table made again; the rest is as it stands."""
    return with_made(PAGE, _made())


def _made() -> str:
    prices = PriceList(_REGION)
    rows = (
        _row(labels, images, way, settings, prices)
        for labels, images in _DATASETS
        for way, settings in _WAYS
    )
    rates = Rates()
    named = (f"{f.name.replace('_', ' ')} {getattr(rates, f.name):g}" for f in fields(rates))
    answers = serverless(ANSWERS, ANSWER_SECONDS, MEMORY, prices)
    endpoint = estimated(2, Settings(), prices, TRAINING, ENDPOINT).endpoint_a_month
    hours = Training().max_runtime // 3600
    return _TEXT.format(
        region=_REGION,
        day=table().as_of,
        currency=prices.currency,
        training=TRAINING,
        evaluation=EVALUATION,
        server=ENDPOINT,
        hours=hours,
        rows="\n".join(rows),
        month=HOURS_OF_A_MONTH,
        endpoint=endpoint,
        memory=MEMORY,
        asked=ANSWERS,
        seconds=ANSWER_SECONDS,
        answers=answers,
        rates=", ".join(named),
    )


def _row(labels: int, images: int, way: str, settings: Settings, prices: PriceList) -> str:
    found = estimated(images, settings, prices, TRAINING, ENDPOINT)
    training, evaluation = (_of(found.run.states, names) for names in _JOBS)
    packing = _of(found.run.states, _TASKS)
    rest = found.run.price - training - evaluation - packing
    cells = (rest, packing, training, evaluation, found.run.price, found.most_for_training or 0.0)
    return f"| {labels} | {images:,} | {way} | {' | '.join(f'{cell:,.2f}' for cell in cells)} |"


def _of(states: Iterable[StateCost], names: Collection[str]) -> float:
    return sum(state.price or 0.0 for state in states if state.state in names)
