"""How a run ended, and the three small documents that say so.

`status.json` is written once per run; `champion.json` only over the version that the run was
judged against; `latest.json` by every run that was judged, for the next one to compare with. Of a
candidate, which was tried, only its own files tell.
"""

from datetime import UTC, datetime

from aws_lambda_powertools.metrics import MetricUnit
from msgspec import UNSET
from msgspec.structs import asdict, replace

from tagline.aws.faults import Conflict
from tagline.aws.observability import metrics
from tagline.aws.s3 import Bucket
from tagline.formats.costs import Cost
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.kinds import KIND_OF_METRIC
from tagline.formats.outcomes import Champion, EdgeEnding, Ending, Latest, Outcome, Status
from tagline.formats.plan import Plan
from tagline.formats.steps import ChampionAnswer, ChampionEvent, OutcomeEvent
from tagline.outcomes.edge import edge_ending, with_edge
from tagline.planning.by_hand import by_hand
from tagline.planning.standing import overtaken_by

_JUDGED = {Outcome.PROMOTED, Outcome.NOT_PROMOTED}


class ChampionChanged(RuntimeError):
    """Another run was promoted while this one was judged against its predecessor."""


class Overtaken(RuntimeError):
    """Another list of the dataset was dropped while this run's model was trained."""


class RunEnded(RuntimeError):
    """The run was stopped before it could become champion."""


class UnknownOutcome(ValueError):
    """What the execution holds tells of no ending."""


def ending_of(execution: OutcomeEvent) -> Ending:
    """Return how an execution that did not fail ended, from what its states left behind."""
    plan, decision, rollback = execution.plan, execution.decision, execution.rollback
    if plan and plan.superseded:
        return Ending(outcome=Outcome.SUPERSEDED, state="PlanDataset", reason=plan.reason)
    if plan and plan.unchanged:
        outcome, reason = Outcome.UNCHANGED, plan.reason
        if rollback and rollback.action != "keep":
            outcome, reason = Outcome.REDEPLOYED, f"{plan.reason}; {rollback.reason}"
        return Ending(outcome=outcome, state="PlanDataset", reason=reason)
    if decision and not decision.promote:
        outcome = Outcome.SUPERSEDED if decision.superseded_by else Outcome.NOT_PROMOTED
        reason = decision.reason
        if rollback and rollback.then == "end" and rollback.action != "keep":
            reason = f"{reason}; {rollback.reason}"
        return Ending(outcome=outcome, state="DecidePromotion", reason=reason)
    if rollback and rollback.then == "end":
        outcome = Outcome.SUPERSEDED if rollback.superseded else Outcome.ROLLED_BACK
        return Ending(outcome=outcome, state=rollback.state, reason=rollback.reason)
    if decision and execution.champion:
        return Ending(outcome=Outcome.PROMOTED, state="RecordChampion", reason=decision.reason)
    left = sorted(key for key, value in asdict(execution).items() if value is not None)
    raise UnknownOutcome(f"no ending can be told from the execution's {', '.join(left)}")


def record_outcome(execution: OutcomeEvent, bucket: Bucket, cost: Cost | None = None) -> Ending:
    """Write latest.json for a judged run, then status.json, which closes the run.

    A candidate leaves latest.json alone, unless it was promoted. A run that champion.json names was
    promoted, whatever its states could still say of it. An order that did not make its run the
    champion leaves the run's ending as it was.
    """
    ending = own_promotion(bucket, execution.run) or ending_of(execution)
    edge = edge_ending(execution)
    if edge:
        ending = with_edge(ending, edge)
    if execution.order and ending.outcome != Outcome.PROMOTED:
        return ending
    if ending.outcome in _JUDGED and not _was_tried(bucket, execution.run, ending):
        record_latest(bucket, execution.run, ending.outcome)
    recorded, written = record_ending(
        bucket, execution.run, execution.started, ending, cost, edge=edge
    )
    if edge and not written:
        _tell_of_edge(bucket, execution.run, ending, edge)
        return ending
    return recorded


def _tell_of_edge(bucket: Bucket, run: str, ending: Ending, edge: EdgeEnding) -> None:
    """Let the status that is there, of a run that an order made champion, say what went out."""
    key = RunKeys(run).status
    found = bucket.find(key, Status)
    if found:
        told = replace(found.content, reason=ending.reason, edge=edge)
        bucket.write_over(key, told, found.etag)


def _was_tried(bucket: Bucket, run: str, ending: Ending) -> bool:
    """Return whether a run is a candidate that nobody promoted: no list is compared with it."""
    if ending.outcome == Outcome.PROMOTED:
        return False
    return bucket.read(RunKeys(run).plan, Plan).candidate


def record_ending(
    bucket: Bucket,
    run: str,
    started: str,
    ending: Ending,
    cost: Cost | None = None,
    *,
    edge: EdgeEnding | None = None,
) -> tuple[Ending, bool]:
    """Write status.json, or return the ending that is recorded already; True when written."""
    keys = RunKeys(run)
    status = Status(
        run=run,
        dataset=keys.dataset,
        started=started,
        ended=_now(),
        cost=cost,
        edge=edge or UNSET,
        **asdict(ending),
    )
    try:
        bucket.write_over(keys.status, status, None)
    except Conflict:
        first = bucket.read(keys.status, Status)
        return Ending(outcome=first.outcome, state=first.state, reason=first.reason), False
    metrics.add_metric(f"Runs{ending.outcome}", MetricUnit.Count, 1)
    return ending, True


def own_promotion(bucket: Bucket, run: str) -> Ending | None:
    """Return how a run ended that champion.json names; None for any other."""
    champion = _champion_of(bucket, run)
    return _promotion(champion) if champion else None


def _champion_of(bucket: Bucket, run: str) -> Champion | None:
    """Return champion.json where it names this run."""
    champion = bucket.whole(DatasetKeys(RunKeys(run).dataset).champion, Champion)
    return champion if champion and champion.run == run else None


def _promotion(champion: Champion) -> Ending:
    return Ending(outcome=Outcome.PROMOTED, state="RecordChampion", reason=champion.reason)


def settle(bucket: Bucket, run: str) -> Ending | None:
    """Let latest.json, and status.json where it says otherwise, say what champion.json says.

    Whoever writes one of champion.json and status.json calls this afterwards, so that the two
    agree whichever came first. Returns None for a run that is not champion.
    """
    champion = _champion_of(bucket, run)
    if champion is None:
        return None
    promoted = _promotion(champion)
    record_latest(bucket, run, promoted.outcome)
    key = RunKeys(run).status
    found = bucket.find(key, Status)
    if found and (found.content.outcome, found.content.order) != (
        promoted.outcome,
        champion.order,
    ):
        told = replace(found.content, **asdict(promoted), order=champion.order)
        bucket.write_over(key, told, found.etag)
    return promoted


def record_latest(bucket: Bucket, run: str, outcome: Outcome) -> None:
    """Let the next run know what the newest judged one was made of."""
    keys = RunKeys(run)
    fingerprint = bucket.read(keys.plan, Plan).fingerprint
    latest = Latest(run=run, fingerprint=fingerprint, outcome=outcome)
    bucket.write(DatasetKeys(keys.dataset).latest, latest)


def record_champion(won: ChampionEvent, bucket: Bucket) -> ChampionAnswer:
    """Write champion.json over the version that the run was compared with.

    A repeat of a write that succeeded is no conflict. Raises ChampionChanged, Overtaken, or
    RunEnded where the run was recorded as failed meanwhile. A person may order whatever run ended
    how it did.
    """
    key, compared = DatasetKeys(RunKeys(won.run).dataset).champion, won.evaluation
    order = won.decision.order
    if not order and not own_promotion(bucket, won.run):  # else this is a repeat
        if bucket.head(RunKeys(won.run).status):
            raise RunEnded("the run was stopped before it became champion: upload the list again")
        if newer := overtaken_by(bucket, won.run):
            raise Overtaken(f"run {newer}, of a list that was dropped later, decides")
    now = _now()
    former = bucket.find(key, Champion) if compared.champion_etag else None
    champion = Champion(
        run=won.run,
        created=now,
        endpoint=won.deployment.endpoint,
        endpoint_config=won.endpoint_config,
        model=won.model,
        artifact=compared.artifact,
        mAP=won.decision.challenger_map,
        kind=KIND_OF_METRIC[won.decision.metric],
        metric=won.decision.metric,
        value=won.decision.challenger_value,
        reason=won.decision.reason,
        previous=compared.champion_run,
        order=order,
        before=former.content.followed_at(now) if former else (),
    )
    try:
        bucket.write_over(key, champion, compared.champion_etag)
    except Conflict as exc:
        current = bucket.find(key, Champion)
        winner = current.content.run if current else "nobody"
        if winner != won.run:
            raise ChampionChanged(
                f"{winner} became champion while this run was compared with "
                f"{compared.champion_run or 'no champion'}: upload the list again to be compared "
                "with it"
            ) from exc
    if bucket.head(RunKeys(won.run).status):
        settle(bucket, won.run)
    goes_out = bool(by_hand(bucket, RunKeys(won.run).dataset).edge.targets)
    return ChampionAnswer(run=won.run, edge=goes_out)


def _now() -> str:
    """Return the time, ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
