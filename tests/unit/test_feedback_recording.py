"""A correction is kept once and for ever, whoever sends it again, at once or broken off."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tagline.aws.s3 import Bucket
from tagline.feedback.labels import SaidTwice, UnknownLabel, check_labels
from tagline.feedback.recording import record
from tagline.formats.document import encode
from tagline.formats.feedback import CorrectedImage, Correction, LastCorrection
from tagline.formats.feedback_keys import FeedbackKeys
from tests.unit.feedback_world import one_by_one

KEYS = FeedbackKeys("demo")
START = datetime(2026, 11, 26, 21, 0, tzinfo=UTC)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        one_by_one(client)
        client.create_bucket(Bucket="data")
        yield Bucket(client, "data")


def correction(place: str = "a.png", **changes: Any) -> Correction:
    image = CorrectedImage(s3_uri=f"s3://data/demo/{place}")
    said = {"added": ("red",), "who": "ann", "run": None, "at": ""} | changes
    return Correction(dataset="demo", image=image, **said)


def kept(bucket: Bucket) -> list[Correction]:
    return [bucket.read(key, Correction) for key in bucket.keys(KEYS.corrections)]


def test_a_retry_is_the_same_correction_and_what_differs_is_another(bucket: Bucket) -> None:
    first = record(bucket, correction(added=("red", "round")))
    again = record(bucket, correction(added=("round", "red")))
    assert (again.key, again.repeated, first.repeated) == (first.key, True, False)
    others = [
        correction(added=("red",)),
        correction(added=("round", "red"), who="bob"),
        correction("b.png", added=("red", "round")),
    ]
    assert not any(record(bucket, other).repeated for other in others)
    assert len(kept(bucket)) == 4


def test_to_and_fro_is_three_corrections_in_their_order(bucket: Bucket) -> None:
    to, fro = correction(added=("red",)), correction(added=(), removed=("red",))
    keys = [record(bucket, each, lambda: START).key for each in (to, fro, to)]
    assert keys == sorted(set(keys)) == list(bucket.keys(KEYS.corrections))
    assert [each.added for each in kept(bucket)] == [("red",), (), ("red",)]


def test_keys_sort_by_time(bucket: Bucket) -> None:
    for minute in (0, 9, 10, 100):
        at = START + timedelta(minutes=minute)
        record(bucket, correction(f"{minute}.png"), lambda at=at: at)  # type: ignore[misc]
    times = [each.at for each in kept(bucket)]
    assert times == sorted(times)


def test_of_eight_at_once_that_say_the_same_one_is_kept(bucket: Bucket) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: record(bucket, correction()), range(8)))
    assert len({each.key for each in found}) == 1 == len(kept(bucket))
    assert sum(not each.repeated for each in found) == 1


@pytest.mark.parametrize("after", ["the same", "another"])
def test_what_broke_off_between_its_two_files_is_made_good(bucket: Bucket, after: str) -> None:
    lost = record(bucket, correction())
    bucket.client.delete_object(Bucket="data", Key=lost.key)
    record(bucket, correction() if after == "the same" else correction(who="bob"))
    assert encode(kept(bucket)[0]) == encode(lost.correction)
    last = bucket.read(KEYS.last("s3://data/demo/a.png"), LastCorrection)
    assert last.correction.who == ("ann" if after == "the same" else "bob")


def test_a_clock_that_goes_back_does_not_turn_the_order(bucket: Bucket) -> None:
    clock = count(0, -60)
    for who in "abc":
        record(bucket, correction(who=who), lambda: START + timedelta(seconds=next(clock)))
    assert [each.who for each in kept(bucket)] == ["a", "b", "c"]


def test_labels_are_known_and_said_once() -> None:
    known = ["red", "Round", "großer Ball"]
    check_labels({"confirmed": ["red"], "removed": ["Round"]}, known)
    with pytest.raises(UnknownLabel, match="'round'; near it: Round"):
        check_labels({"added": ["round"]}, known)
    with pytest.raises(UnknownLabel, match=r"has no label 'xyz'\.$"):
        check_labels({"added": ["xyz"]}, known)
    with pytest.raises(SaidTwice, match="'red' is in both added and removed"):
        check_labels({"confirmed": [], "added": ["red"], "removed": ["red"]}, known)
    with pytest.raises(SaidTwice, match="Nothing is said"):
        check_labels({"confirmed": [], "added": []}, known)
