"""How a run ended, and the three small documents that say so.

`status.json` is written once per run; `champion.json` only over the version that the run was
judged against; `latest.json` by every run that was judged, for the next one to compare with.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from tagline.aws.s3json import WriteConflict, find_json, read_json, write_json, write_json_over
from tagline.formats.keys import DatasetKeys, RunKeys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Outcome(StrEnum):
    """The ways a run can end."""

    PROMOTED = "Promoted"
    NOT_PROMOTED = "NotPromoted"
    UNCHANGED = "Unchanged"
    FAILED = "Failed"
    ROLLED_BACK = "RolledBack"


JUDGED = {Outcome.PROMOTED, Outcome.NOT_PROMOTED}


class Ending(NamedTuple):
    """An outcome, the state that decided it, and why, in a sentence for people."""

    outcome: Outcome
    state: str
    reason: str


class ChampionChanged(RuntimeError):
    """Another run was promoted while this one was judged against its predecessor."""


class UnknownOutcome(ValueError):
    """The execution's state tells of no ending."""


def now() -> str:
    """Return the time, ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def ending_of(state: Mapping[str, Any]) -> Ending:
    """Return how an execution that did not fail ended, from what its states left behind."""
    if state.get("plan", {}).get("unchanged"):
        return Ending(Outcome.UNCHANGED, "PlanDataset", state["plan"]["reason"])
    rollback = state.get("rollback")
    if rollback:
        return Ending(Outcome.ROLLED_BACK, rollback["state"], rollback["reason"])
    decision = state.get("decision")
    if decision and not decision["promote"]:
        return Ending(Outcome.NOT_PROMOTED, "DecidePromotion", decision["reason"])
    if decision and state.get("champion"):
        return Ending(Outcome.PROMOTED, "RecordChampion", decision["reason"])
    raise UnknownOutcome(f"no ending can be told from the state's keys {sorted(state)}")


def record_ending(
    s3: "S3Client", bucket: str, run: str, started: str, ending: Ending
) -> tuple[Ending, bool]:
    """Write status.json, or return the ending that is recorded already; True when written."""
    keys = RunKeys(run)
    status = {
        "run": run,
        "dataset": keys.dataset,
        "outcome": str(ending.outcome),
        "state": ending.state,
        "reason": ending.reason,
        "started": started,
        "ended": now(),
    }
    try:
        write_json_over(s3, bucket, keys.of("status.json"), status, None)
    except WriteConflict:
        first = read_json(s3, bucket, keys.of("status.json"))
        return Ending(Outcome(first["outcome"]), first["state"], first["reason"]), False
    return ending, True


def record_latest(s3: "S3Client", bucket: str, run: str, outcome: Outcome) -> None:
    """Let the next run know what the newest judged one was made of."""
    keys = RunKeys(run)
    fingerprint = read_json(s3, bucket, keys.of("plan.json"))["fingerprint"]
    latest = {"run": run, "fingerprint": fingerprint, "outcome": str(outcome)}
    write_json(s3, bucket, DatasetKeys(keys.dataset).latest, latest)


def record_champion(
    s3: "S3Client", bucket: str, champion: Mapping[str, Any], etag: str | None
) -> None:
    """Write champion.json over the version `etag` (None: there was no champion).

    A repeat of a write that succeeded is no conflict. Raises ChampionChanged.
    """
    key = DatasetKeys(champion["dataset"]).champion
    document = {k: v for k, v in champion.items() if k != "dataset"}
    try:
        write_json_over(s3, bucket, key, document, etag)
    except WriteConflict as exc:
        current = find_json(s3, bucket, key)
        if current is not None and current.content.get("run") == champion["run"]:
            return
        winner = current.content.get("run") if current else "nobody"
        raise ChampionChanged(
            f"{winner} became champion while this run was compared with "
            f"{champion['previous'] or 'no champion'}: upload the list again to be compared with it"
        ) from exc
