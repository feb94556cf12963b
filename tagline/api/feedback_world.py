"""What stands when feedback comes: the newest list, its labels, and who serves."""

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus

from tagline.api.bucket import DataBucket
from tagline.api.problem import Problem, not_found, unprocessable
from tagline.feedback.finding import NoList, newest_plan
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.outcomes import Champion
from tagline.formats.owners import owns_run
from tagline.formats.plan import Plan
from tagline.listing.sources import Source


@dataclass(frozen=True)
class Standing:
    """The newest list as it was planned, where its paths lead, and which run serves."""

    plan: Plan
    source: Source
    labels: tuple[str, ...]
    """Of the newest list, then those that the champion alone has."""
    champion: str | None


def standing(bucket: DataBucket, dataset: str, source_buckets: Collection[str]) -> Standing:
    """Return what stands; raises a 404 for a dataset nobody made, a 409 for one without a list."""
    champion = bucket.whole(DatasetKeys(dataset).champion, Champion)
    run = champion.run if champion and owns_run(dataset, champion.run) else None
    try:
        plan = newest_plan(bucket, dataset, run)
    except NoList as exc:
        if not bucket.holds(f"{dataset}/"):
            raise not_found("unknown_dataset", f"There is no dataset {dataset}.") from exc
        raise Problem(
            HTTPStatus.CONFLICT, "no_list", f"{exc} Drop one under {DatasetKeys(dataset).lists}."
        ) from exc
    served = plan
    if run and run != plan.run:
        served = bucket.whole(RunKeys(run).plan, Plan) or plan
    return Standing(
        plan=plan,
        source=Source.of_dataset(dataset, bucket.name, plan.settings.source, source_buckets),
        labels=tuple(dict.fromkeys([*plan.labels, *served.labels])),
        champion=run,
    )


def check_run(bucket: DataBucket, run: str | None, now: Standing) -> None:
    """Raise a 422 for a run that is none of the dataset's: its tags cannot have been looked at."""
    if run is None or run == now.champion:
        return
    dataset = now.plan.dataset
    if not (owns_run(dataset, run) and bucket.holds(RunKeys(run).prefix)):
        raise unprocessable("unknown_run", f"run: {run} is none of {dataset}'s.")
