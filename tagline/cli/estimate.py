"""`tagline estimate`: what a run is likely to take and cost, and which limits it meets."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from tagline.cli.errors import Refused
from tagline.cli.estimate_facts import show_facts
from tagline.cli.estimate_steps import show_steps
from tagline.cli.estimating import LABELS, Estimate, estimated
from tagline.cli.output import print_json, say
from tagline.cli.prices import show_cost
from tagline.cli.ratings import is_ratings
from tagline.formats.costs import Prices
from tagline.formats.document import decode
from tagline.formats.settings import Settings
from tagline.listing.checking import check_list
from tagline.listing.size import ListSize, look_at_size
from tagline.pricing.table import PriceList
from tagline.scale.load import Parameters
from tagline.settings import load_settings

PARAMETERS = {  # of the template, each with the field that it is here, its least and its most
    "FetchConcurrency": ("fetch_concurrency", 1, 10_000),
    "PackConcurrency": ("pack_concurrency", 1, 1000),
    "PackShardsPerTask": ("pack_shards_per_task", 1, 1000),
    "PlanInTaskAbove": ("plan_in_task_above", 0, 1_000_000),
    "MostInstances": ("most_instances", 1, 100),
}
_LONGEST = 9  # digits
_KB = 1000


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
            long_labels=size.long_labels,
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
        if first and first.planned_by == "task":
            found = first
        else:
            size, problems = _read(list_path, seen, config)
            found = replace(told(size), counted=True)
            found = replace(found, cannot=(*found.cannot, *problems))
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        show_cost(found.run, title="A run, estimated")
        show_facts(found, asked=list_path is None)
        show_steps(found.steps, found.run.currency)
        if whose := _not_ours(settings):
            say(
                f"Training is {whose}, whose time and memory nobody has measured: those of "
                "Tagline's own trainer are told. training.max_runtime bounds it"
            )
    if found.cannot:
        raise Refused(f"it cannot be planned: {'; '.join(found.cannot)}")


def _not_ours(settings: Settings) -> str | None:
    if settings.training.script:
        return "a script's own (training.script)"
    builtin = settings.training.algorithm == "builtin"
    return "by SageMaker's image-classification (algorithm: builtin)" if builtin else None


def _parameters(given: Sequence[str]) -> Parameters:
    """Return the stack's parameters; raise Refused for others than those that count here."""
    values: dict[str, int] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in PARAMETERS:
            raise Refused(
                f"--parameter {text}: give {', '.join(PARAMETERS)} a number, such as "
                "FetchConcurrency=22"
            )
        field, least, most = PARAMETERS[name]
        whole = value.isdecimal() and len(value) <= _LONGEST
        if not whole or not least <= int(value) <= most:
            raise Refused(f"--parameter {text}: {name} is a number from {least:,} to {most:,}")
        values[field] = int(value)
    return Parameters(**values)


def _of_images(list_path: Path) -> Path:
    if is_ratings(list_path):
        raise Refused(
            f"{list_path} is a file of ratings, and what a run of images costs is estimated; "
            "`tagline show RUN` tells what a run of ratings has cost"
        )
    return list_path


def _read(list_path: Path, seen: ListSize, config: Path | None) -> tuple[ListSize, Sequence[str]]:
    """Return what the rows of a list are, each of which is read, and why no run takes them."""
    report = check_list(list_path, settings_path=config, named=False)
    if report.accepted < 2 or report.labels is None:  # noqa: PLR2004 - to train with, to judge by
        why = next(iter(report.problems), "see `tagline check`")
        raise Refused(f"{list_path}: {report.accepted} rows to train with: {why}")
    rows, labels = report.accepted, report.labels.count
    return ListSize(seen.bytes, rows, labels, seen.classes, seen.long_labels), report.problems
