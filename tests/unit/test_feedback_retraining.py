"""Corrections that retrain by themselves: enough of them, not too often, and once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tagline.aws.s3 import Bucket
from tagline.feedback.finding import NoList
from tagline.feedback.recording import record
from tagline.feedback.retraining import Corrections
from tagline.formats.document import decode
from tagline.formats.feedback import CorrectedImage, Correction
from tagline.formats.merged import Merged
from tagline.formats.outcomes import Newest
from tagline.formats.plan import CorrectionsIn
from tagline.formats.retraining import Retraining
from tagline.settings import InvalidSettings
from tests.unit import run_documents
from tests.unit.feedback_world import one_by_one
from tests.unit.flow_world import account, call

RUN = "demo-0123456789abcdef"
NOW = datetime(2026, 11, 26, 22, 0, tzinfo=UTC)
LIST = b"".join(b"%d\t1\t0\timages/%d.png\n" % (n, n) for n in range(9))


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        one_by_one(client)
        client.create_bucket(Bucket="data")
        enabled: Any = {"Status": "Enabled"}
        client.put_bucket_versioning(Bucket="data", VersioningConfiguration=enabled)
        found = Bucket(client, "data")
        plan(found)
        wants(found, "{after_corrections: 3, at_most: daily}")
        yield found


def plan(bucket: Bucket, merged: CorrectionsIn | None = None) -> None:
    """The newest list is planned."""
    version = bucket.client.put_object(Bucket="data", Key="demo/lists/a.lst", Body=LIST)
    made = {"key": "demo/lists/a.lst", "version_id": version["VersionId"], "etag": "e"}
    planned = run_documents.plan(run=RUN, labels=("red", "round"), list=made, corrections=merged)
    bucket.write(f"demo/runs/{RUN}/plan.json", planned)
    bucket.write("demo/newest.json", Newest(run=RUN, started="2026-11-26T00:00:00Z"))


def wants(bucket: Bucket, retrain: str) -> None:
    bucket.put("demo/dataset.yaml", f"retrain: {retrain}\n".encode(), "text/plain")


def correct(bucket: Bucket, *numbers: int, **said: Any) -> None:
    for number in numbers:
        image = CorrectedImage(s3_uri=f"s3://data/demo/images/{number}.png")
        known = {"run": None, "who": "ann", "at": "", "added": ("round",)} | said
        record(bucket, Correction(dataset="demo", image=image, **known))


def retrain(bucket: Bucket, now: datetime = NOW) -> str:
    return Corrections(bucket, "demo", []).retrain(now)


def dropped(bucket: Bucket) -> list[str]:
    return [key for key in bucket.keys("demo/lists/") if "corrected-" in key]


def test_enough_corrections_drop_a_merged_list(bucket: Bucket) -> None:
    correct(bucket, 0, 1)
    assert retrain(bucket) == "2 of 3 corrections are there"
    correct(bucket, 2)
    (key,) = (retrain(bucket).partition("3 corrections: dropped ")[2],)
    assert dropped(bucket) == [key]
    found = bucket.find_bytes(key, 1000)
    assert found
    assert found.content.count(b"\t1\t1\t") == 3
    merged = bucket.read(f"demo/feedback/merged/{sha256(found.content).hexdigest()}.json", Merged)
    assert (merged.by, merged.new, merged.corrections) == ("corrections", 3, 3)
    assert retrain(bucket) == "0 of 3 corrections are there"


def test_not_more_often_than_wanted(bucket: Bucket) -> None:
    correct(bucket, 0, 1, 2)
    retrain(bucket)
    correct(bucket, 3, 4, 5)
    assert retrain(bucket, NOW + timedelta(hours=23)) == "3 corrections wait: daily at most"
    wants(bucket, "{after_corrections: 3, at_most: hourly}")
    assert "dropped" in retrain(bucket, NOW + timedelta(hours=23))
    assert len(dropped(bucket)) == 2


def test_it_is_off_unless_the_settings_say_so(bucket: Bucket) -> None:
    correct(bucket, *range(9))
    wants(bucket, "{at_most: hourly}")
    assert "do not retrain" in retrain(bucket)
    bucket.client.delete_object(Bucket="data", Key="demo/dataset.yaml")
    assert "do not retrain" in retrain(bucket)
    wants(bucket, "{after: 1}")
    with pytest.raises(InvalidSettings):
        retrain(bucket)


def test_events_at_once_drop_one_list(bucket: Bucket) -> None:
    correct(bucket, *range(5))
    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(lambda _: retrain(bucket), range(6)))
    assert len(dropped(bucket)) == 1
    versions = bucket.client.list_object_versions(Bucket="data", Prefix=dropped(bucket)[0])
    assert len(versions["Versions"]) == 1
    assert sum("dropped demo/" in each for each in said) == 1


def test_what_died_in_between_is_finished_by_the_next_event(bucket: Bucket) -> None:
    correct(bucket, 0, 1, 2)
    retrain(bucket)
    (key,) = dropped(bucket)
    before = bucket.find_bytes(key, 1000)
    bucket.client.delete_object(Bucket="data", Key=key)
    correct(bucket, 3)
    assert f"dropped {key}" in retrain(bucket, NOW + timedelta(minutes=1))
    after = bucket.find_bytes(key, 1000)
    assert before
    assert after
    assert after.content == before.content  # without the one that came later


def test_corrections_that_a_person_merged_are_not_new(bucket: Bucket) -> None:
    correct(bucket, 0, 1, 2)
    last = list(bucket.keys("demo/feedback/corrections/"))[-1]
    key = "demo/feedback/merged/0.json"
    known = {"dataset": "demo", "list": {"key": "k", "etag": "e"}, "sha256": "0", "by": "person"}
    counts = dict.fromkeys(("corrections", "conflicts", "rows_changed", "rows_added"), 0)
    rest = {"at": "a", "through": last, "verdicts": {}, "labels": [], "rows": []}
    bucket.write(key, decode(json.dumps(known | counts | rest).encode(), Merged, key))
    plan(bucket, CorrectionsIn(key=key, corrections=3, rows=3, by="person"))
    assert retrain(bucket) == "0 of 3 corrections are there"


def test_corrections_that_change_nothing_drop_nothing(bucket: Bucket) -> None:
    correct(bucket, 0, 1, 2, added=("red",))
    assert retrain(bucket) == "3 corrections change nothing in the newest list"
    assert not dropped(bucket)
    assert bucket.read("demo/feedback/retrain.json", Retraining).list is None
    assert retrain(bucket) == "0 of 3 corrections are there"


def test_without_a_list_there_is_nothing_to_merge_into(bucket: Bucket) -> None:
    correct(bucket, 0, 1, 2)
    bucket.client.delete_object(Bucket="data", Key="demo/newest.json")
    with pytest.raises(NoList):
        retrain(bucket)


def test_the_function_answers_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def created(key: str) -> dict[str, Any]:
        made = {"key": key, "etag": "e"}
        return {"time": "t", "detail": {"bucket": {"name": "data"}, "object": made}}

    with account(monkeypatch) as world:
        correction = created("demo/feedback/corrections/1-2.json")
        assert "do not retrain" in call("merge_corrections", correction)["done"]
        world.s3.put_object(Bucket="data", Key="demo/dataset.yaml", Body=b"retrain: {x: 1}")
        assert "no such setting" in call("merge_corrections", correction)["done"]
