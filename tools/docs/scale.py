"""The tables of docs/scale.md: sizes from ten thousand to a hundred million images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tagline.cli.commands import ENDPOINT, TRAINING
from tagline.cli.estimating import EVALUATION, Estimate, estimated
from tagline.formats.settings import Settings, Split, Training
from tagline.pricing.table import PriceList, table
from tagline.scale import figures
from tagline.scale.checks import Check, amount
from tagline.scale.figures import IMAGE_BYTES, JPEG_BYTES, Figure
from tagline.scale.load import Parameters
from tagline.scale.machines import duration
from tools.docs.marked import with_made

PAGE = Path(__file__).parents[2] / "docs/scale.md"
_REGION = "us-east-1"
_LABELS = 334
_WHOLE = 100  # from which a number is told without decimals
_FEW_JUDGED = Split(validation=0.01, test=0.01)
_SIZES: tuple[tuple[int, Parameters, Settings], ...] = (
    (10_000, Parameters(), Settings()),
    (100_000, Parameters(), Settings()),
    (1_000_000, Parameters(fetch_concurrency=22, pack_concurrency=5), Settings()),
    (
        10_000_000,
        Parameters(fetch_concurrency=22, pack_concurrency=20),
        Settings(
            split=Split(validation=0.02, test=0.02),
            training=Training(instance_count=2, engine="torch"),
        ),
    ),
    (
        100_000_000,
        Parameters(fetch_concurrency=22, pack_concurrency=50, most_instances=8),
        Settings(split=_FEW_JUDGED, training=Training(instance_count=8, engine="torch")),
    ),
)
_MEASURED = (
    ("plan", "plan rows", 16.5),
    ("fetch, four calls at a time", "fetch images", 130.9),
    ("pack, by two cores", "pack packing", 37.4),
    ("join", "pack joining", 15.5),
)
"""docs/benchmarks.md, Many rows on the laptop cloud: what, part of a step's time, seconds."""
_MARKS = {"measured": "m", "computed": "c", "assumed": "a"}

_TEXT = """\
{labels} labels, images of {kb:.0f} kB that become 96 pixels and {record:,.0f} bytes of JPEG, all
under one prefix; {training} trains, {evaluation} judges; prices in {currency} of {region}, {day}.
After each figure how it is known: m measured on the laptop cloud for runs as large; c computed
from that, from the code or from limits that AWS tells; a assumed (of times: of the longest part).
The price is of machines; requests are those to S3 and the transitions of Step Functions.

| images | plan | fetch | pack | train | evaluate | deploy | together | price | requests |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{times}

| images | parameters and settings to use | plan by | train files | limits still hit, and the cure |
|---:|---|---|---:|---|
{limits}

The same sizes by the defaults alone, and what is then hit, with the cure:

{defaults}

What these figures tell of {measured_rows:,} rows of {labels} labels and images of 1 kB, without the
starts of tasks, beside what the laptop cloud measured on two cores:

| step | told | measured |
|---|---:|---:|
{beside}

| figure | value | known | from |
|---|---:|---|---|
{figures}
"""


def scale_page() -> str:
    """Return the page with its tables made again; the rest is as it stands."""
    told = [(stack, settings, _told(images, stack, settings)) for images, stack, settings in _SIZES]
    made = _TEXT.format(
        labels=_LABELS,
        kb=IMAGE_BYTES.value / 1000,
        record=JPEG_BYTES.value,
        training=TRAINING,
        evaluation=EVALUATION,
        region=_REGION,
        day=table().as_of,
        currency=PriceList(_REGION).currency,
        times="\n".join(_times(found) for _, _, found in told),
        limits="\n".join(_limits(*one) for one in told),
        defaults="\n".join(_by_default(images) for images, _, _ in _SIZES),
        measured_rows=figures.TIME_ROWS,
        beside="\n".join(_beside()),
        figures="\n".join(_figures()),
    )
    return with_made(PAGE, made)


def _told(images: int, stack: Parameters, settings: Settings, **given: Any) -> Estimate:
    return estimated(images, settings, PriceList(_REGION), TRAINING, ENDPOINT, labels=_LABELS,
                     stack=stack, **given)  # fmt: skip


def _times(found: Estimate) -> str:
    times = [f"{duration(step.seconds)} {_MARKS[step.mark]}" for step in found.steps]
    cells = (*times, f"{duration(found.seconds)} a", f"{found.run.price:,.2f} a",
             f"{found.requests:,.2f} a")  # fmt: skip
    return f"| {found.images:,} | {' | '.join(cells)} |"


def _limits(stack: Parameters, settings: Settings, found: Estimate) -> str:
    hit = _hits(found)
    plan, pack = found.steps[0], found.steps[2]
    files = pack.way.partition("; ")[2].partition(" ")[0] or "1"
    cells = (f"{found.images:,}", _asked(stack, settings), plan.way, files, hit)
    return f"| {' | '.join(cells)} |"


def _by_default(images: int) -> str:
    found = _told(images, Parameters(), Settings())
    return f"- {images:,} ({duration(found.seconds)}): {_hits(found)}"


def _hits(found: Estimate) -> str:
    hits = [f"{step.step}: {_hit(one)}: {one.cure}" for step in found.steps for one in step.hit]
    return "; ".join(hits) or "none"


def _hit(check: Check) -> str:
    bold = "**" * check.wall
    needed, limit = amount(check.needed, check.unit), amount(check.limit, check.unit)
    return f"{bold}{check.name}{bold} ({needed} of {limit}, {_MARKS[check.mark]})"


def _asked(stack: Parameters, settings: Settings) -> str:
    """Return the parameters and settings that are not the defaults."""
    said = []
    if stack != Parameters():
        said += [f"FetchConcurrency={stack.fetch_concurrency}",
                 f"PackConcurrency={stack.pack_concurrency}"]  # fmt: skip
    if stack.most_instances != Parameters().most_instances:
        said.append(f"MostInstances={stack.most_instances}")
    split, training = settings.split, settings.training
    if split != Split():
        said.append(f"split: {{validation: {split.validation:g}, test: {split.test:g}}}")
    if training != Training():
        said.append(
            f"training: {{engine: {training.engine}, instance_count: {training.instance_count}}}"
        )
    return ", ".join(f"`{one}`" for one in said) or "the defaults"


def _beside() -> Iterator[str]:
    found = _told(figures.TIME_ROWS, Parameters(fetch_concurrency=4), Settings(), image_bytes=1000)
    parts = {
        f"{step.step} {part.name}": part.seconds for step in found.steps for part in step.parts
    }
    for what, part, measured in _MEASURED:
        yield f"| {what} | {parts[part]:.0f} s | {measured:.0f} s |"


def _figures() -> Iterator[str]:
    for name, value in vars(figures).items():
        if isinstance(value, Figure):
            number = f"{value.value:,.0f}" if value.value >= _WHOLE else f"{value.value:g}"
            yield f"| `{name}` | {number} | {value.mark} | {value.source} |"
