"""What a run will cost, from the number of its images: rates that were measured, rounded down.

docs/benchmarks.md has the measurements of packing and reading; the trainer's `small` network learns
450 images of 96 pixels a second on two CPU cores (jobs/defaults.py), and eight cores are taken to
learn four times as many. Starting a job or a task is paid as well.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tagline.formats.costs import Cost
from tagline.pricing.bill import Use, bill
from tagline.pricing.learning import images_of_96_pixels
from tagline.pricing.machines import PACKING, PLANNING, Instance, function_of
from tagline.pricing.table import PriceList

HOURS_OF_A_MONTH = 730
_SMALL, _LARGE = 1000, 100_000  # bytes of the images that were packed
PLAN_TASK = "PlanInTask"
_STEPS = (
    *("PlanTraining", "PlanEvaluation", "DecidePromotion", "PlanDeployment", "SmokeTest"),
    *("RecordChampion", "RecordOutcome"),
)


@dataclass(frozen=True)
class Rates:
    """Images a second, and seconds that are paid beside them."""

    planned: float = 9000
    """Rows of a list that PlanDataset reads."""
    task_planned: float = 8000
    """Rows that the planning task reads."""
    listed: float = 40_000
    """That the plan finds in S3's listing."""
    fetched: float = 250
    """By one call of FetchShard."""
    packed: float = 1000
    """By one task, images of 100 kB."""
    packed_small: float = 4000
    """By one task, images of 1 kB."""
    joined: float = 9000
    """Images of parts that S3 joins."""
    learned: float = 1800
    """Of 96 pixels, by an instance of eight cores."""
    judged: float = 500
    """By a model, on four virtual CPUs."""
    task_start: float = 90
    job_start: float = 120
    step: float = 2
    """A function that only plans or records."""

    def packing(self, image_bytes: float) -> float:
        """Return how many images of so many bytes a task packs a second."""
        small, large = 1 / self.packed_small, 1 / self.packed
        return 1 / (small + (large - small) * max(0.0, image_bytes - _SMALL) / (_LARGE - _SMALL))


@dataclass(frozen=True)
class Work:
    """What a run is to do."""

    images: int
    validation: float
    """Share of the images that the model is not trained on."""
    size: int
    """Pixels, the side of an image."""
    epochs: int
    training_type: str
    evaluation_type: str
    trials: int = 1
    views: int = 1
    """Of an image, which a model averages over."""
    machines: int = 1
    """That share each training job; all of them are paid for while it starts."""
    shard_images: int = 500
    shards_per_task: int = 100
    """The stack's PackShardsPerTask."""
    image_bytes: float = _LARGE
    by_task: bool = False
    """Whether a container task plans, for want of a Lambda that could."""
    loading: float = 0.0
    """Seconds in which a training machine has its images brought."""


def forecast(work: Work, prices: PriceList, rates: Rates | None = None) -> Cost:
    """Return what a run is likely to cost, by state; its endpoint is not in it."""
    return bill(_uses(work, rates or Rates()), prices)


def _uses(work: Work, rates: Rates) -> Iterator[Use]:
    shards = math.ceil(work.images / work.shard_images)
    parts = math.ceil(shards / work.shards_per_task)
    packing = "PackDataset" if parts == 1 else "PackParts"
    training = work.images * (1 - work.validation)
    learning = work.epochs * training * images_of_96_pixels(work.size) / rates.learned
    listing = work.images / rates.listed
    plan = function_of("PlanDataset")
    if work.by_task:
        yield Use("PlanDataset", plan, rates.step)
        reading = work.images / rates.task_planned
        yield Use(PLAN_TASK, PLANNING, rates.task_start + reading + listing)
    else:
        yield Use("PlanDataset", plan, rates.step + work.images / rates.planned + listing)
    yield Use("FetchShards", function_of("FetchShard"), work.images / rates.fetched, shards)
    yield Use(
        packing, PACKING, work.images / rates.packing(work.image_bytes) + parts * rates.task_start
    )
    if parts > 1:
        yield Use("JoinParts", PACKING, rates.task_start + work.images / rates.joined)
    trained = work.trials * (work.machines * (rates.job_start + work.loading) + learning)
    yield Use("Train" if work.trials == 1 else "Tune", Instance(work.training_type), trained)
    judging = 2 * work.views * work.images * work.validation / rates.judged  # the champion, too
    yield Use("Evaluate", Instance(work.evaluation_type), rates.job_start + judging)
    for state in _STEPS:
        yield Use(state, function_of(state), rates.step)


ANSWERS, ANSWER_SECONDS = 100_000, 0.2  # of a serverless endpoint, for an idea of its price


def monthly(instance_type: str, count: int, prices: PriceList) -> float | None:
    """Return what an endpoint's instances cost in a month; None where no price is known."""
    hourly = prices.hourly(Instance(instance_type))
    return None if hourly is None else count * hourly * HOURS_OF_A_MONTH


def serverless(images: int, seconds: float, memory: int, prices: PriceList) -> float | None:
    """Return what a serverless endpoint of so many MB costs for answering images."""
    second = prices.prices.serverless_gb_second
    return None if second is None else images * seconds * memory / 1024 * second
