"""status.json once, champion.json over the version compared with, latest.json for the next run."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from tagline.aws.faults import Absent
from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument, convert
from tagline.formats.outcomes import Champion, Ending, Latest, Outcome
from tagline.formats.steps import ChampionEvent, Comparison, OutcomeEvent, Served, Won
from tagline.outcomes.endings import (
    ChampionChanged,
    UnknownOutcome,
    ending_of,
    record_champion,
    record_ending,
    record_latest,
    record_outcome,
)
from tests.unit.documents import OTHER, RUN, champion, plain, plan
from tests.unit.flow_world import BUCKET, PREFIX, STATE, Account, account

STARTED, KEY = "2026-11-12T00:00:00Z", "demo/champion.json"
ENDING = Ending(outcome=Outcome.PROMOTED, state="RecordChampion", reason="mAP 0.5 and no champion")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


@pytest.fixture
def bucket(world: Account) -> Bucket:
    return Bucket(world.s3, BUCKET)


def won(etag: str | None, against: str | None = None) -> ChampionEvent:
    return ChampionEvent(
        bucket=BUCKET,
        run=RUN,
        evaluation=Comparison(artifact="s3://a/b", champion_run=against, champion_etag=etag),
        decision=Won(challenger_map=0.5, reason="first"),
        deployment=Served(endpoint="tagline--demo-50876c98a6b2"),
        model="m-0",
        endpoint_config="c-0",
    )


def test_a_status_is_written_once(world: Account, bucket: Bucket) -> None:
    first = record_ending(bucket, RUN, STARTED, ENDING)
    late = Ending(outcome=Outcome.FAILED, state="RecordOutcome", reason="too late")
    second = record_ending(bucket, RUN, "2026-11-13T00:00:00Z", late)
    assert first == (ENDING, True)
    assert second == (ENDING, False)
    status = world.get(f"{PREFIX}status.json")
    assert status.pop("ended").endswith("Z")
    assert status == {
        "format": 1,
        "run": RUN,
        "dataset": "demo",
        "outcome": "Promoted",
        "state": "RecordChampion",
        "reason": "mAP 0.5 and no champion",
        "started": STARTED,
        "cost": None,
        "order": None,
    }


def test_a_repeated_write_is_no_conflict(world: Account, bucket: Bucket) -> None:
    record_champion(won(None), bucket)
    written = world.get(KEY)
    record_champion(won(None), bucket)
    assert world.get(KEY) == written


def test_a_champion_that_appeared_meanwhile_stays(world: Account, bucket: Bucket) -> None:
    world.put(KEY, champion())
    with pytest.raises(ChampionChanged, match=f"{OTHER} became champion .* no champion: upload"):
        record_champion(won(None), bucket)
    assert world.get(KEY)["run"] == OTHER


def test_a_champion_that_changed_meanwhile_stays(world: Account, bucket: Bucket) -> None:
    etag = world.put(KEY, champion())
    world.put(KEY, champion(run="demo-00000000000000bb"))
    with pytest.raises(ChampionChanged, match=f"00bb became champion .* compared with {OTHER}: "):
        record_champion(won(etag, OTHER), bucket)
    assert world.get(KEY)["run"] == "demo-00000000000000bb"


def test_a_champion_that_was_removed_meanwhile_is_not_replaced(
    world: Account, bucket: Bucket
) -> None:
    etag = world.put(KEY, champion())
    world.s3.delete_object(Bucket=BUCKET, Key=KEY)
    with pytest.raises(ChampionChanged, match="nobody became champion"):
        record_champion(won(etag, OTHER), bucket)


def test_the_compared_champion_is_replaced(world: Account, bucket: Bucket) -> None:
    etag = world.put(KEY, champion())
    record_champion(won(etag, OTHER), bucket)
    assert world.get(KEY)["run"] == RUN


def test_the_next_run_learns_the_fingerprint(world: Account, bucket: Bucket) -> None:
    world.put(f"{PREFIX}plan.json", plan())
    record_latest(bucket, RUN, Outcome.NOT_PROMOTED)
    assert world.get("demo/latest.json") == {
        "format": 1,
        "run": RUN,
        "fingerprint": "abc",
        "outcome": "NotPromoted",
    }


def decided(promote: bool) -> dict[str, Any]:
    return {"promote": promote, "reason": "judged", "challenger_map": 0.5, "champion_map": None}


ROLLED_BACK = {
    "action": "keep",
    "endpoint": "tagline--demo-50876c98a6b2",
    "endpoint_config": None,
    "state": "SmokeTest",
    "reason": "off",
}


def execution(**held: Any) -> OutcomeEvent:
    """Return what an execution holds at its end."""
    facts = {"unchanged": False, "reason": "new"}
    return convert(STATE | {"plan": facts} | held, OutcomeEvent, "the event")


@pytest.mark.parametrize(
    ("held", "ending"),
    [
        (
            {"plan": {"unchanged": True, "reason": "same"}},
            (Outcome.UNCHANGED, "PlanDataset", "same"),
        ),
        ({"decision": decided(False)}, (Outcome.NOT_PROMOTED, "DecidePromotion", "judged")),
        (
            {"decision": decided(True), "champion": {"run": RUN}},
            (Outcome.PROMOTED, "RecordChampion", "judged"),
        ),
        (
            {"decision": decided(True), "rollback": ROLLED_BACK},
            (Outcome.ROLLED_BACK, "SmokeTest", "off"),
        ),
    ],
)
def test_how_an_execution_ended(held: dict[str, Any], ending: tuple[Outcome, str, str]) -> None:
    outcome, state, reason = ending
    expected = Ending(outcome=outcome, state=state, reason=reason)
    assert ending_of(execution(**held)) == expected


@pytest.mark.parametrize("of", [RUN, OTHER])
def test_a_run_that_champion_json_names_ended_promoted_whatever_came_after(
    world: Account, bucket: Bucket, of: str
) -> None:
    """RecordChampion wrote it and died each time before it could say so."""
    world.put(KEY, champion(run=of))
    world.put(f"{PREFIX}plan.json", plan())
    held = execution(decision=decided(True), rollback=ROLLED_BACK | {"state": "RecordChampion"})
    outcome = Outcome.PROMOTED if of == RUN else Outcome.ROLLED_BACK
    assert record_outcome(held, bucket).outcome == outcome
    assert world.get(f"{PREFIX}status.json")["outcome"] == outcome
    latest = bucket.find("demo/latest.json", Latest)
    assert (latest.content.outcome if latest else None) == (outcome if of == RUN else None)


@pytest.mark.parametrize(
    "held", [{"decision": decided(True)}, {"champion": {"run": RUN}}, {}], ids=str
)
def test_a_promotion_that_was_not_recorded_is_none(held: dict[str, Any]) -> None:
    with pytest.raises(UnknownOutcome, match="told from the execution's bucket, "):
        ending_of(execution(**held))


def test_documents_that_are_missing_or_none(world: Account, bucket: Bucket) -> None:
    assert bucket.find("nothing.json", Latest) is None
    with pytest.raises(Absent, match=r"s3://data/nothing\.json"):
        bucket.read("nothing.json", Latest)
    world.s3.put_object(Bucket=BUCKET, Key="a.json", Body=b"{")
    with pytest.raises(UnreadableDocument, match=r"s3://data/a\.json is not JSON"):
        bucket.read("a.json", Latest)
    world.put("b.json", [1])
    with pytest.raises(UnreadableDocument, match=r"b\.json: .*object.*array"):
        bucket.read("b.json", Latest)


def test_what_was_written_before_formats_were_numbered_is_read(
    world: Account, bucket: Bucket
) -> None:
    world.put(KEY, {k: v for k, v in plain(champion()).items() if k != "format"})
    assert bucket.read(KEY, Champion) == champion()


@pytest.mark.parametrize("key", ["run", "artifact", "endpoint_config", "previous"])
def test_what_lacks_a_key_is_refused_with_its_address(
    world: Account, bucket: Bucket, key: str
) -> None:
    world.put(KEY, {k: v for k, v in plain(champion()).items() if k != key})
    with pytest.raises(UnreadableDocument, match=rf"s3://data/demo/champion\.json: .*`{key}`"):
        bucket.read(KEY, Champion)
    world.put(KEY, plain(champion()) | {key: 7})
    with pytest.raises(UnreadableDocument, match=rf"s3://data/demo/champion\.json: {key}: "):
        bucket.read(KEY, Champion)


def test_what_a_newer_version_wrote_is_refused_by_its_number(
    world: Account, bucket: Bucket
) -> None:
    world.put(KEY, replace(champion(), format=2))
    with pytest.raises(UnreadableDocument, match=r"of format 2, .* update Tagline"):
        bucket.read(KEY, Champion)
