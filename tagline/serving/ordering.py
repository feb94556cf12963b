"""A person makes a run the champion: over the gate, or back to a former champion.

The run's model is deployed as a challenger's is, tried and tested. The gate alone is overruled.
"""

from typing import Literal

from tagline.aws.s3 import Bucket
from tagline.formats.keys import SERVED, TRAINED, DatasetKeys, RunKeys
from tagline.formats.models import Metrics
from tagline.formats.names import job_name
from tagline.formats.outcomes import Champion, Decision, Order, Outcome, Status
from tagline.formats.owners import check_run
from tagline.formats.recommending import RatingsMetrics
from tagline.formats.steps import Comparison, DecisionAnswer, OrderAnswer
from tagline.formats.trials import Trials
from tagline.serving.figures import figures


class OrderRefused(ValueError):
    """A run cannot be made champion; the message says why, and what to do."""


def take_order(bucket: Bucket, run: str, order: Order, stack: str) -> OrderAnswer:
    """Return what the deploying states go by; raises OrderRefused.

    The champion is the one of this moment: whoever is promoted meanwhile wins, and the order ends
    rolled back.
    """
    keys = RunKeys(run)
    found = bucket.find(DatasetKeys(keys.dataset).champion, Champion)
    champion = found.content if found else None
    if champion:
        check_run(keys.dataset, champion.run, bucket.uri(DatasetKeys(keys.dataset).champion))
    artifact = check_order(bucket, run, order.kind, champion, stack)
    metrics = bucket.either(keys.metrics, Metrics, RatingsMetrics)
    if metrics is None:  # check_order has seen it
        raise OrderRefused(f"the metrics of run {run} were deleted just now")
    told = figures(metrics)
    images = isinstance(metrics, Metrics)
    return OrderAnswer(
        evaluation=Comparison(
            artifact=artifact,
            champion_run=champion.run if champion else None,
            champion_etag=found.etag if found else None,
        ),
        decision=DecisionAnswer(
            promote=True,
            reason=_why(order, bucket.get(keys.decision, Decision), champion),
            challenger_map=told.value if images else None,
            champion_map=told.champion if images else None,
            metric=told.metric,
            challenger_value=told.value,
            champion_value=told.champion,
            superseded_by=None,
            redeploy=False,
            order=order,
        ),
    )


def check_order(
    bucket: Bucket,
    run: str,
    kind: Literal["promote", "rollback"],
    champion: Champion | None,
    stack: str,
) -> str:
    """Return the S3 URI of the model that an order would deploy; raises OrderRefused.

    `champion` is the dataset's.
    """
    keys = RunKeys(run)
    if bucket.head(keys.metrics) is None or bucket.head(keys.smoke) is None:
        raise OrderRefused(
            f"run {run} has no evaluated model: `tagline runs {keys.dataset}` lists the runs, "
            "those with an mAP or NDCG@10 have one"
        )
    if champion and champion.run == run:
        raise OrderRefused(
            f"run {run} is the champion already: `tagline redeploy {keys.dataset}` brings it back "
            "where it does not serve"
        )
    if kind == "rollback":
        _check_former(bucket, run)
    artifact = find_artifact(bucket, run, stack)
    if artifact is None:
        raise OrderRefused(
            f"the model of run {run} is gone: it expired or was deleted; drop its list again"
        )
    return artifact


def find_artifact(bucket: Bucket, run: str, stack: str) -> str | None:
    """Return the S3 URI of the model that a run trained, None where it is gone.

    Of a search it is the best trial's; of a job that was tried again, the last attempt's. Where
    evaluation made what serves of it, that is it.
    """
    keys = RunKeys(run)
    searched = bucket.get(keys.trials, Trials)
    job = f"{searched.best}/" if searched else job_name(stack, run, "train")
    made = list(bucket.objects(f"{DatasetKeys(keys.dataset).output}{job}"))
    for ending in (SERVED, TRAINED):
        # by time: a name runs three counts together, so 0100, waited ten times, may be before 100
        found = [(it["LastModified"], it["Key"]) for it in made if it["Key"].endswith(ending)]
        if found:
            return bucket.uri(max(found)[1])
    return None


def _check_former(bucket: Bucket, run: str) -> None:
    status = bucket.get(RunKeys(run).status, Status)
    if status is None or status.outcome != Outcome.PROMOTED:
        raise OrderRefused(
            f"run {run} never was champion: `tagline promote {run}` makes it one over the gate"
        )


def _why(order: Order, decision: Decision | None, champion: Champion | None) -> str:
    if order.kind == "rollback":
        off = f" from {champion.run}" if champion else ""
        return f"{order.by} rolled back to it{off}: {order.why}"
    gate = f" (the gate had said: {decision.reason})" if decision else ""
    return f"{order.by} promoted it over the gate: {order.why}{gate}"
