"""How a run ended, and the three small documents that say so.

`status.json` is written once per run; `champion.json` only over the version that the run was
judged against; `latest.json` by every run that was judged, for the next one to compare with.
"""

from datetime import UTC, datetime

from aws_lambda_powertools.metrics import MetricUnit
from msgspec.structs import asdict

from tagline.aws.faults import Conflict
from tagline.aws.observability import metrics
from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.outcomes import Champion, Ending, Latest, Outcome, Status
from tagline.formats.plan import Plan
from tagline.formats.steps import ChampionAnswer, ChampionEvent, OutcomeEvent

_JUDGED = {Outcome.PROMOTED, Outcome.NOT_PROMOTED}


class ChampionChanged(RuntimeError):
    """Another run was promoted while this one was judged against its predecessor."""


class UnknownOutcome(ValueError):
    """What the execution holds tells of no ending."""


def ending_of(execution: OutcomeEvent) -> Ending:
    """Return how an execution that did not fail ended, from what its states left behind."""
    plan, decision, rollback = execution.plan, execution.decision, execution.rollback
    if plan.unchanged:
        return Ending(outcome=Outcome.UNCHANGED, state="PlanDataset", reason=plan.reason)
    if rollback:
        return Ending(outcome=Outcome.ROLLED_BACK, state=rollback.state, reason=rollback.reason)
    if decision and not decision.promote:
        return Ending(outcome=Outcome.NOT_PROMOTED, state="DecidePromotion", reason=decision.reason)
    if decision and execution.champion:
        return Ending(outcome=Outcome.PROMOTED, state="RecordChampion", reason=decision.reason)
    left = sorted(key for key, value in asdict(execution).items() if value is not None)
    raise UnknownOutcome(f"no ending can be told from the execution's {', '.join(left)}")


def record_outcome(execution: OutcomeEvent, bucket: Bucket) -> Ending:
    """Write latest.json for a judged run, then status.json, which closes the run."""
    ending = ending_of(execution)
    if ending.outcome in _JUDGED:
        record_latest(bucket, execution.run, ending.outcome)
    return record_ending(bucket, execution.run, execution.started, ending)[0]


def record_ending(bucket: Bucket, run: str, started: str, ending: Ending) -> tuple[Ending, bool]:
    """Write status.json, or return the ending that is recorded already; True when written."""
    keys = RunKeys(run)
    status = Status(run=run, dataset=keys.dataset, started=started, ended=_now(), **asdict(ending))
    try:
        bucket.write_over(keys.status, status, None)
    except Conflict:
        first = bucket.read(keys.status, Status)
        return Ending(outcome=first.outcome, state=first.state, reason=first.reason), False
    metrics.add_metric(f"Runs{ending.outcome}", MetricUnit.Count, 1)
    return ending, True


def record_latest(bucket: Bucket, run: str, outcome: Outcome) -> None:
    """Let the next run know what the newest judged one was made of."""
    keys = RunKeys(run)
    fingerprint = bucket.read(keys.plan, Plan).fingerprint
    latest = Latest(run=run, fingerprint=fingerprint, outcome=outcome)
    bucket.write(DatasetKeys(keys.dataset).latest, latest)


def record_champion(won: ChampionEvent, bucket: Bucket) -> ChampionAnswer:
    """Write champion.json over the version that the run was compared with.

    A repeat of a write that succeeded is no conflict. Raises ChampionChanged.
    """
    key, compared = DatasetKeys(RunKeys(won.run).dataset).champion, won.evaluation
    champion = Champion(
        run=won.run,
        created=_now(),
        endpoint=won.deployment.endpoint,
        endpoint_config=won.endpoint_config,
        model=won.model,
        artifact=compared.artifact,
        mAP=won.decision.challenger_map,
        reason=won.decision.reason,
        previous=compared.champion_run,
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
    return ChampionAnswer(run=won.run)


def _now() -> str:
    """Return the time, ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
