"""Images of requests that are kept: which, how many a day, how long; no answer pays."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.tag import app as tag_app
from tagline.api import clients
from tagline.aws.s3 import Bucket
from tagline.feedback.images import Kept
from tagline.feedback.sampling import Answered, Sampler, is_picked, is_worth
from tagline.formats.document import decode
from tagline.formats.feedback import Sample
from tagline.formats.feedback_settings import Sampling
from tests.unit.api_world import BUCKET, DATASET, LABELS, RUN, World, api_world, event, tag
from tests.unit.cloudformation import TEMPLATES
from tests.unit.feedback_world import one_by_one

NOW = datetime(2026, 11, 26, 23, 59, tzinfo=UTC)
ALL = Sampling(percent=100, band=None, quota=3)
SCORES = [0.9, 0.4, 0.01, 0.02]


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        one_by_one(client)
        client.create_bucket(Bucket=BUCKET)
        yield Bucket(client, BUCKET)


def image(number: int) -> Answered:
    return Answered("demo", Kept(b"%d" % number, "image/png"), RUN, {"red": 0.5})


def kept(bucket: Bucket, ending: str = ".png") -> list[str]:
    return [key for key in bucket.keys("demo/feedback/sampled/") if key.endswith(ending)]


def test_the_band_tells_what_is_worth_it_and_percent_how_much_of_that() -> None:
    settings = Sampling(percent=25)
    assert is_worth(settings, {"red": 0.01, "round": 0.3})
    assert not is_worth(settings, {"red": 0.01, "round": 0.9})
    assert is_worth(Sampling(percent=1, band=None), {"red": 0.01})
    assert not is_worth(Sampling(), {"red": 0.5})
    digests = [sha256(b"%d" % n).hexdigest() for n in range(4000)]
    picked = [digest for digest in digests if is_picked(settings, digest)]
    assert 0.22 < len(picked) / 4000 < 0.28
    assert all(is_picked(Sampling(percent=26), digest) for digest in picked)


def test_an_image_lies_with_its_scores_and_expires(bucket: Bucket) -> None:
    assert Sampler(bucket).keep(image(1), ALL, NOW)
    (key,) = kept(bucket)
    digest = sha256(b"1").hexdigest()
    assert key == f"demo/feedback/sampled/2026-11-26/{digest}.png"
    sample = bucket.read(key.replace(".png", ".json"), Sample)
    assert (sample.key, sample.sha256, sample.run, sample.scores) == (
        key,
        digest,
        RUN,
        {"red": 0.5},
    )
    for each in bucket.keys("demo/"):
        tags = bucket.client.get_object_tagging(Bucket=BUCKET, Key=each)["TagSet"]
        assert tags == [{"Key": "tagline", "Value": "sampled-90"}]
    assert not Sampler(bucket).keep(image(1), ALL, NOW)  # it lies there


@pytest.mark.parametrize("quota", [3, 20])
def test_functions_at_once_keep_to_the_quota_together(bucket: Bucket, quota: int) -> None:
    settings = Sampling(percent=100, band=None, quota=quota)
    functions = [Sampler(bucket) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: functions[n % 4].keep(image(n), settings, NOW), range(40)))
    assert 1 <= len(kept(bucket)) <= quota
    for number in range(40, 90):
        functions[0].keep(image(number), settings, NOW)
    assert len(kept(bucket)) == quota
    assert functions[0].keep(image(99), settings, NOW.replace(day=27))


def test_each_time_that_may_be_kept_has_a_rule_of_the_bucket() -> None:
    bucket = TEMPLATES["template"]["Resources"]["DataBucket"]["Properties"]
    rules = {
        rule["TagFilters"][0]["Value"]: rule["ExpirationInDays"]
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if str(rule["Id"]).startswith("sampled-")
    }
    assert rules == {f"sampled-{days}": days for days in (1, 7, 30, 90, 365)}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        clients.hasty_s3.cache_clear()
        yield made


def sampled(world: World) -> list[str]:
    prefix = f"{DATASET}/feedback/"
    found = world.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return [item["Key"] for item in found]


def ask(world: World) -> None:
    world.expect(SCORES)
    assert tag(event("tag_png")).status == 200


def test_nothing_is_kept_unless_the_settings_say_so(world: World) -> None:
    ask(world)
    assert not sampled(world)
    world.put(f"{DATASET}/dataset.yaml", b"sampling: {percent: 100}\n")
    ask(world)  # within the minute
    assert not sampled(world)
    tag_app.samples.cache_clear()
    ask(world)
    (key,) = [key for key in sampled(world) if key.endswith(".json")]
    body = world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert decode(body, Sample, key).scores == dict(zip(LABELS, SCORES, strict=True))


@pytest.mark.parametrize("fault", ["no bucket", "bad settings"])
def test_a_failure_is_logged_and_counted_and_the_answer_goes_out(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    world.put(f"{DATASET}/dataset.yaml", b"sampling: {percent: 100, quotas: 1}\n")
    if fault == "no bucket":
        nowhere: Any = Bucket(clients.hasty_s3(), "nowhere")
        monkeypatch.setattr(tag_app.samples(), "_bucket", nowhere)
    ask(world)
    assert not sampled(world)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    counted = Counter(key for line in lines for key in json.loads(line) if "Sampl" in key)
    assert counted["SamplingFailures"] == 1


def test_a_slow_s3_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put(f"{DATASET}/dataset.yaml", b"sampling: {percent: 100}\n")
    ticks = itertools.count(100, 1.5)  # what a call takes at most
    monkeypatch.setattr(tag_app.samples(), "_clock", lambda: next(ticks))
    ask(world)
    assert not [key for key in sampled(world) if not key.partition("/slots/")[1]]


def test_a_request_that_has_little_time_left_is_not_sampled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(f"{DATASET}/dataset.yaml", b"sampling: {percent: 100}\n")
    monkeypatch.setattr("tagline.api.sampling.left", lambda: 4.9)
    ask(world)
    assert not sampled(world)
