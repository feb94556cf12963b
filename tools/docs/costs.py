"""The cost table of docs/costs.md: the reference datasets by `tagline estimate`'s own rules."""

from collections.abc import Collection, Iterable
from dataclasses import fields
from pathlib import Path

from tagline.cli.estimate import ENDPOINT, TRAINING, estimated
from tagline.formats.costs import StateCost
from tagline.formats.settings import Settings, Training, Tuning
from tagline.pricing.forecast import HOURS_OF_A_MONTH, Rates, serverless
from tagline.pricing.table import PriceList, table

PAGE = Path(__file__).parents[2] / "docs/costs.md"
_BEGIN, _END = "<!-- made by `make docs`: begin -->\n", "<!-- end -->\n"
_REGION = "us-east-1"
_DATASETS = ((50, 98_378), (334, 116_945))
_WAYS = (
    ("one training job", Settings()),
    ("search of 10 trials", Settings(tuning=Tuning(max_jobs=10, max_parallel_jobs=2))),
)
_ASKED, _ANSWER_SECONDS, _MEMORY = 100_000, 0.2, 2048
_TASKS = {"PackDataset", "PackParts", "JoinParts"}
_JOBS = ("Train", "Tune"), ("Evaluate",)


def costs_page() -> str:
    """Return the page with its table made again; the rest is as it stands."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{_made()}{_END}{after}"


def _made() -> str:
    prices = PriceList(_REGION)
    rows = [_row(labels, images, way, settings, prices)
            for labels, images in _DATASETS for way, settings in _WAYS]  # fmt: skip
    rates = Rates()
    assumed = ", ".join(
        f"{f.name.replace('_', ' ')} {getattr(rates, f.name):g}" for f in fields(rates)
    )
    answers = serverless(_ASKED, _ANSWER_SECONDS, _MEMORY, prices)
    endpoint = estimated(2, Settings(), prices, TRAINING, ENDPOINT).endpoint_a_month
    hours = Training().max_runtime // 3600
    return "\n".join([
        f"Prices of {_REGION}, {table().as_of}, in {prices.currency}; images of 96 pixels; training on {TRAINING},",
        "evaluation on ml.m5.xlarge, an endpoint on ml.c5.large.",
        "",
        "| labels | images | training | functions | packing | training jobs | evaluation | a run |"
        f" training, at most ({hours} h a job) |",
        "|---:|---:|---|---:|---:|---:|---:|---:|---:|",
        *rows,
        "",
        f"An endpoint that is always there: {endpoint:,.2f} a month ({HOURS_OF_A_MONTH} h). A serverless one of"
        f" {_MEMORY} MB that answers",
        f"{_ASKED:,} images in {_ANSWER_SECONDS:g} s each: {answers:,.2f}.",
        "",
        f"Assumed (`tagline/pricing/forecast.py`: images or rows a second, then seconds): {assumed}.",
        "The number of labels does not count: reading a list of 334 takes seconds.",
        "",
    ])  # fmt: skip


def _row(labels: int, images: int, way: str, settings: Settings, prices: PriceList) -> str:
    found = estimated(images, settings, prices, TRAINING, ENDPOINT)
    training, evaluation = (_of(found.run.states, names) for names in _JOBS)
    packing = _of(found.run.states, _TASKS)
    rest = found.run.price - training - evaluation - packing
    cells = (rest, packing, training, evaluation, found.run.price, found.most_for_training or 0.0)
    return f"| {labels} | {images:,} | {way} | {' | '.join(f'{cell:,.2f}' for cell in cells)} |"


def _of(states: Iterable[StateCost], names: Collection[str]) -> float:
    return sum(state.price or 0.0 for state in states if state.state in names)
