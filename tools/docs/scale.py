"""The tables of docs/scale.md: sizes from ten thousand to a hundred million images."""

from collections.abc import Iterator
from pathlib import Path

from tagline.cli.commands import ENDPOINT, TRAINING
from tagline.cli.estimate import EVALUATION, Estimate, estimated
from tagline.formats.settings import Settings, Training
from tagline.pricing.forecast import Rates
from tagline.pricing.table import PriceList, table
from tagline.scale import figures
from tagline.scale.figures import IMAGE_BYTES, JPEG_BYTES, Figure, duration
from tagline.scale.load import Parameters
from tools.docs.marked import with_made

PAGE = Path(__file__).parents[2] / "docs/scale.md"
_REGION = "us-east-1"
_LABELS = 334
_WHOLE = 100  # from which a number is told without decimals
_SETTINGS = Settings(training=Training(max_runtime=5 * 86400))
_SIZES = (
    (10_000, Parameters()),
    (100_000, Parameters()),
    (1_000_000, Parameters(fetch_concurrency=55, pack_concurrency=5)),
    (10_000_000, Parameters(fetch_concurrency=55, pack_concurrency=20)),
    (100_000_000, Parameters(fetch_concurrency=55, pack_concurrency=50)),
)
_MEASURED = (
    ("plan", "planned", 1, 38.4),
    ("fetch, four calls at a time on two cores", "fetched", 4, 349.2),
    ("pack, one task of 4 vCPUs; measured: four tasks on two cores", "packed", 1, 52.4),
    ("join", "joined", 1, 17.0),
)
"""docs/benchmarks.md, of 2026-11-20: step, rate, at a time, seconds."""
_MARKS = {"measured": "m", "computed": "c", "assumed": "a"}

_TEXT = """\
{labels} labels, images of {kb:.0f} kB that become 96 pixels and {record:,.0f} bytes of JPEG, all
under one prefix; {training} trains, {evaluation} judges; prices in {currency} of {region}, {day}.
After each figure how it is known: m measured on the laptop cloud for runs as large; c computed
from that, from the code or from limits that AWS tells; a assumed.

| images | plan | fetch | pack | train | evaluate | deploy | together | price | S3 requests |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{times}

| images | stack's parameters | limits that are hit, needed of allowed |
|---:|---|---|
{limits}

What these figures tell of {measured_rows:,} rows of {labels} labels and images of 1 kB, without the
starts of tasks, beside what the laptop cloud measured:

| step | told | measured |
|---|---:|---:|
{beside}

| figure | value | known | from |
|---|---:|---|---|
{figures}
"""


def scale_page() -> str:
    """Return the page with its tables made again; the rest is as it stands."""
    prices = PriceList(_REGION)
    told = [
        (
            stack,
            estimated(images, _SETTINGS, prices, TRAINING, ENDPOINT, labels=_LABELS, stack=stack),
        )
        for images, stack in _SIZES
    ]
    made = _TEXT.format(
        labels=_LABELS,
        kb=IMAGE_BYTES.value / 1000,
        record=JPEG_BYTES.value,
        training=TRAINING,
        evaluation=EVALUATION,
        region=_REGION,
        day=table().as_of,
        currency=prices.currency,
        times="\n".join(_times(found) for _, found in told),
        limits="\n".join(_limits(stack, found) for stack, found in told),
        measured_rows=figures.TIME_ROWS,
        beside="\n".join(_beside()),
        figures="\n".join(_figures()),
    )
    return with_made(PAGE, made)


def _times(found: Estimate) -> str:
    times = [f"{duration(step.seconds)} {_MARKS[step.mark]}" for step in found.steps]
    requests = sum(step.requests for step in found.steps)
    cells = (*times, f"{duration(found.seconds)} a", f"{found.run.price:,.2f} a",
             f"{requests:,.2f} a")  # fmt: skip
    return f"| {found.images:,} | {' | '.join(cells)} |"


def _limits(stack: Parameters, found: Estimate) -> str:
    hit = [
        f"{'**' * check.wall}{check.name}{'**' * check.wall} "
        f"({check.needed:,.0f} of {check.limit:,.0f} {check.unit}, {_MARKS[check.mark]})"
        for step in found.steps
        for check in step.limits
        if check.hit
    ]
    said = (
        f"`FetchConcurrency={stack.fetch_concurrency}`, `PackConcurrency={stack.pack_concurrency}`"
        if stack != Parameters()
        else "the defaults"
    )
    return f"| {found.images:,} | {said} | {'; '.join(hit) or 'none'} |"


def _beside() -> Iterator[str]:
    for step, rate, together, measured in _MEASURED:
        told = figures.TIME_ROWS / (together * getattr(Rates(), rate))
        yield f"| {step} | {told:.0f} s | {measured:.0f} s |"


def _figures() -> Iterator[str]:
    for name, value in vars(figures).items():
        if isinstance(value, Figure):
            number = f"{value.value:,.0f}" if value.value >= _WHOLE else f"{value.value:g}"
            yield f"| `{name}` | {number} | {value.mark} | {value.source} |"
