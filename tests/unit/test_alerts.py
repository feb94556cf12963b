"""Failures are told at once, or together: none is lost, and a storm of them is few messages."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tagline.aws import clients
from tagline.aws.s3 import Bucket
from tagline.formats.outcomes import ALERTS_KEY, Alert, Alerts, Outcome
from tagline.outcomes import alerts as module
from tagline.outcomes.alerts import MOST_AT_ONCE, PERIOD, Topic, digest_of, with_failure, without
from tests.unit.flow_world import BUCKET, VARIABLES, Account, account, call

NOW = datetime(2026, 11, 12, tzinfo=UTC)
SCHEDULED = {"time": "2026-11-12T01:00:00Z", "detail-type": "Scheduled Event"}


def failed(number: int, dataset: str = "demo") -> Alert:
    run = f"{dataset}-{number:016x}"
    return Alert(
        run=run,
        dataset=dataset,
        outcome=Outcome.FAILED,
        state="Train",
        reason="Train: odd. " * 100,
        status=f"s3://data/{dataset}/runs/{run}/status.json",
        execution="arn",
    )


def was_told(alerts: Alerts, alert: Alert) -> bool:
    told = alerts.told.get(alert.dataset)
    return told is not None and told.run == alert.run


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


def test_the_first_of_a_dataset_is_told_and_the_rest_of_the_hour_waits() -> None:
    first, second = failed(1), failed(2)
    alerts = with_failure(Alerts(), first, NOW)
    assert was_told(alerts, first)
    alerts = with_failure(alerts, second, NOW + PERIOD - timedelta(seconds=1))
    assert was_told(alerts, first)
    assert [waiting.run for waiting in alerts.waiting] == [second.run]
    later = failed(3)
    assert was_told(with_failure(alerts, later, NOW + PERIOD), later)


def test_a_dataset_does_not_hide_another() -> None:
    alerts = with_failure(Alerts(), failed(1), NOW)
    other = failed(2, "other")
    assert was_told(with_failure(alerts, other, NOW), other)


def test_new_names_do_not_get_around_it() -> None:
    alerts = Alerts()
    for number in range(MOST_AT_ONCE + 5):
        alerts = with_failure(alerts, failed(number, f"d{number}"), NOW)
    assert len(alerts.told) == MOST_AT_ONCE
    assert sum(alerts.counts.values()) == 5


@given(st.lists(st.tuples(st.integers(0, 80), st.sampled_from(["a", "b", "c"]))))
def test_each_failure_is_told_once_however_often_it_is_heard_of(
    heard: list[tuple[int, str]],
) -> None:
    alerts, told = Alerts(), set()
    for number, dataset in heard:
        alerts = with_failure(alerts, failed(number, dataset), NOW)
        if was_told(alerts, failed(number, dataset)):
            told.add((number, dataset))
    digest = digest_of(alerts)
    waiting = digest.failed if digest else 0
    if len(set(heard)) <= 50:  # a longer digest forgets the oldest names, and so their repeats
        assert len(told) + waiting == len(set(heard))
    if digest:
        assert digest.runs == alerts.waiting
        assert digest.failed == sum(digest.datasets.values())
        assert without(alerts, digest, {each.run for each in digest.runs}).counts == {}


def test_what_came_while_the_digest_was_told_waits_for_the_next() -> None:
    alerts = Alerts()
    for number in range(3):
        alerts = with_failure(alerts, failed(number), NOW)
    digest = digest_of(alerts)
    assert digest is not None
    meanwhile = with_failure(alerts, failed(9), NOW)
    left = without(meanwhile, digest, {waiting.run for waiting in digest.runs})
    assert left.counts == {"demo": 1}
    assert [waiting.run for waiting in left.waiting] == [failed(9).run]
    assert left.since is not None


def test_a_long_digest_counts_all_and_names_the_newest() -> None:
    alerts = Alerts()
    for number in range(2001):
        alerts = with_failure(alerts, failed(number, f"d{number % 150}"), NOW)
    digest = digest_of(alerts)
    assert digest is not None
    assert digest.failed == 2001 - MOST_AT_ONCE
    assert len(digest.datasets) == 100
    assert len(digest.runs) == 50
    assert digest.runs[-1].run == failed(2000, "d50").run
    assert len(str(digest)) < 100_000  # SNS takes 256 KiB


def published(topic: Any) -> list[dict[str, Any]]:
    """Return a list that gets what the topic is told from now on."""
    heard: list[dict[str, Any]] = []
    topic.meta.events.register(
        "provide-client-params.sns.Publish", lambda params, **_: heard.append(dict(params))
    )
    return heard


def test_the_digest_is_told_and_forgotten(world: Account) -> None:
    alerts = Alerts()
    for number in range(4):
        alerts = with_failure(alerts, failed(number), datetime.now(UTC))
    world.put(ALERTS_KEY, alerts)
    topic = clients.sns()
    heard = published(topic)
    with Stubber(topic) as stubber:
        stubber.add_response("publish", {"MessageId": "1"})
        assert call("tell_failures", SCHEDULED) == {"told": 3}
        assert call("tell_failures", SCHEDULED) == {"told": 0}
    assert heard[0]["Subject"] == "Tagline: 3 more runs failed"
    said = json.loads(heard[0]["Message"])
    assert (said["failed"], said["datasets"]) == (3, {"demo": 3})
    assert heard[0]["MessageAttributes"] == {
        "dataset": {"DataType": "String.Array", "StringValue": '["demo"]'}
    }
    left = world.get(ALERTS_KEY)
    assert (left["counts"], left["waiting"], list(left["told"])) == ({}, [], ["demo"])


def test_a_digest_that_could_not_be_told_waits_on(world: Account) -> None:
    alerts = with_failure(with_failure(Alerts(), failed(1), NOW), failed(2), NOW)
    world.put(ALERTS_KEY, alerts)
    with Stubber(clients.sns()) as stubber:
        stubber.add_client_error("publish", "InternalError")
        with pytest.raises(ClientError):
            call("tell_failures", SCHEDULED)
    assert world.get(ALERTS_KEY)["counts"] == {"demo": 1}


def test_nothing_waits_and_nothing_is_written(world: Account) -> None:
    with Stubber(clients.sns()):  # any call would be an error
        assert call("tell_failures", SCHEDULED) == {"told": 0}
    assert "Contents" not in world.s3.list_objects_v2(Bucket=BUCKET)


def test_two_that_come_at_once_are_both_kept(
    world: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one writes between this one's look and its write."""
    look, others = module._find, iter([failed(1)])

    def find(bucket: Bucket) -> tuple[Alerts, str | None]:
        found = look(bucket)
        for other in others:
            world.put(ALERTS_KEY, with_failure(found[0], other, datetime.now(UTC)))
        return found

    monkeypatch.setattr(module, "_find", find)
    topic = Topic(clients.sns(), VARIABLES["ALERTS_TOPIC_ARN"])
    with Stubber(clients.sns()):
        assert not module.announce(failed(2), Bucket(clients.s3(), BUCKET), topic)
    kept = world.get(ALERTS_KEY)
    assert kept["told"]["demo"]["run"] == failed(1).run
    assert [waiting["run"] for waiting in kept["waiting"]] == [failed(2).run]


def test_a_damaged_document_holds_up_nobody(world: Account) -> None:
    world.s3.put_object(Bucket=BUCKET, Key=ALERTS_KEY, Body=b'{"told": [')
    topic = Topic(clients.sns(), VARIABLES["ALERTS_TOPIC_ARN"])
    with Stubber(clients.sns()) as stubber:
        stubber.add_response("publish", {"MessageId": "1"})
        assert module.announce(failed(1), Bucket(clients.s3(), BUCKET), topic)
    assert world.get(ALERTS_KEY)["told"]["demo"]["run"] == failed(1).run


def test_a_run_whose_telling_broke_off_is_told_again() -> None:
    alerts = with_failure(Alerts(), failed(1), NOW)
    assert was_told(with_failure(alerts, replace(failed(1), reason="again"), NOW), failed(1))
