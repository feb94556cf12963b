"""status.json once, champion.json over the version compared with, latest.json for the next run."""

from collections.abc import Iterator
from typing import Any

import pytest

from tagline.outcomes import (
    ChampionChanged,
    Ending,
    Outcome,
    UnknownOutcome,
    ending_of,
    record_champion,
    record_ending,
    record_latest,
)
from tagline.s3json import MissingDocument, UnreadableDocument, find_json, read_json
from tests.unit.flow_world import BUCKET, PREFIX, RUN, Account, account

ENDING = Ending(Outcome.PROMOTED, "RecordChampion", "mAP 0.5 and no champion")
CHAMPION = {"run": RUN, "dataset": "demo", "mAP": 0.5, "previous": None}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


def test_a_status_is_written_once(world: Account) -> None:
    first = record_ending(world.s3, BUCKET, RUN, "2026-11-12T00:00:00Z", ENDING)
    late = Ending(Outcome.FAILED, "RecordOutcome", "too late")
    second = record_ending(world.s3, BUCKET, RUN, "2026-11-12T00:00:00Z", late)
    assert first == (ENDING, True)
    assert second == (ENDING, False)
    status = world.get(f"{PREFIX}status.json")
    assert {key: status[key] for key in ("run", "dataset", "outcome", "state", "started")} == {
        "run": RUN,
        "dataset": "demo",
        "outcome": "Promoted",
        "state": "RecordChampion",
        "started": "2026-11-12T00:00:00Z",
    }
    assert status["ended"].endswith("Z")


def test_the_first_champion_needs_an_empty_place(world: Account) -> None:
    record_champion(world.s3, BUCKET, CHAMPION, None)
    written = world.get("demo/champion.json")
    assert written["run"] == RUN
    assert "dataset" not in written


@pytest.mark.parametrize("before", [None, "demo-00000000000000aa"])
def test_a_repeated_write_is_no_conflict_and_writes_nothing(
    world: Account, before: str | None
) -> None:
    etag = world.put("demo/champion.json", {"run": before}) if before else None
    champion = CHAMPION | {"previous": before}
    record_champion(world.s3, BUCKET, champion, etag)
    record_champion(world.s3, BUCKET, champion | {"mAP": 0.9}, etag)
    assert world.get("demo/champion.json") == {"run": RUN, "mAP": 0.5, "previous": before}


def test_a_champion_that_appeared_meanwhile_stays(world: Account) -> None:
    world.put("demo/champion.json", {"run": "demo-00000000000000ff"})
    with pytest.raises(ChampionChanged, match="demo-00000000000000ff became champion"):
        record_champion(world.s3, BUCKET, CHAMPION, None)
    assert world.get("demo/champion.json")["run"] == "demo-00000000000000ff"


def test_a_champion_that_changed_meanwhile_stays(world: Account) -> None:
    etag = world.put("demo/champion.json", {"run": "demo-00000000000000aa"})
    world.put("demo/champion.json", {"run": "demo-00000000000000bb"})
    challenger = CHAMPION | {"previous": "demo-00000000000000aa"}
    with pytest.raises(ChampionChanged, match=r"compared with demo-00000000000000aa"):
        record_champion(world.s3, BUCKET, challenger, etag)


def test_a_champion_that_was_removed_meanwhile_is_not_replaced(world: Account) -> None:
    etag = world.put("demo/champion.json", {"run": "demo-00000000000000aa"})
    world.s3.delete_object(Bucket=BUCKET, Key="demo/champion.json")
    with pytest.raises(ChampionChanged, match="nobody became champion"):
        record_champion(world.s3, BUCKET, CHAMPION, etag)


def test_the_compared_champion_is_replaced(world: Account) -> None:
    etag = world.put("demo/champion.json", {"run": "demo-00000000000000aa"})
    record_champion(world.s3, BUCKET, CHAMPION, etag)
    assert world.get("demo/champion.json")["run"] == RUN


def test_the_next_run_learns_the_fingerprint(world: Account) -> None:
    world.put(f"{PREFIX}plan.json", {"fingerprint": "abc"})
    record_latest(world.s3, BUCKET, RUN, Outcome.NOT_PROMOTED)
    assert world.get("demo/latest.json") == {
        "run": RUN,
        "fingerprint": "abc",
        "outcome": "NotPromoted",
    }


@pytest.mark.parametrize(
    ("state", "outcome", "where"),
    [
        ({"plan": {"unchanged": True, "reason": "r"}}, "Unchanged", "PlanDataset"),
        ({"decision": {"promote": False, "reason": "r"}}, "NotPromoted", "DecidePromotion"),
        (
            {"decision": {"promote": True, "reason": "r"}, "champion": {"run": RUN}},
            "Promoted",
            "RecordChampion",
        ),
        (
            {
                "decision": {"promote": True, "reason": "won"},
                "rollback": {"state": "SmokeTest", "reason": "r"},
            },
            "RolledBack",
            "SmokeTest",
        ),
    ],
)
def test_how_an_execution_ended(state: dict[str, Any], outcome: str, where: str) -> None:
    assert ending_of({"plan": {"unchanged": False}} | state) == (outcome, where, "r")


def test_a_promotion_that_was_not_recorded_is_none() -> None:
    with pytest.raises(UnknownOutcome):
        ending_of({"plan": {"unchanged": False}, "decision": {"promote": True, "reason": "r"}})


def test_documents_that_are_missing_or_none(world: Account) -> None:
    assert find_json(world.s3, BUCKET, "nothing.json") is None
    with pytest.raises(MissingDocument, match=r"s3://data/nothing\.json"):
        read_json(world.s3, BUCKET, "nothing.json")
    world.s3.put_object(Bucket=BUCKET, Key="a.json", Body=b"{")
    with pytest.raises(UnreadableDocument, match="not JSON"):
        read_json(world.s3, BUCKET, "a.json")
    world.put("b.json", [1])
    with pytest.raises(UnreadableDocument, match="list, not an object"):
        read_json(world.s3, BUCKET, "b.json")
