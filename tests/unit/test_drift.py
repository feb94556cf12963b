"""Drift: what is counted, what is found in it, and who is told of it how often."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from tagline.aws import clients
from tagline.aws.s3 import Bucket
from tagline.drift.counting import Counting
from tagline.drift.looking import report_on
from tagline.drift.retraining import NothingToTrain, run_again
from tagline.drift.sums import summed
from tagline.drift.telling import drifting, news
from tagline.drift.watching import NotAllWatched, watch_all
from tagline.formats.drift import (
    BINS,
    Counts,
    DriftReport,
    DriftState,
    HourCounts,
    HourImages,
    InputCounts,
    LabelCounts,
    Reference,
    bin_of,
)
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.models import ImageScores
from tagline.formats.plan import TRAIN_ANYWAY
from tagline.formats.settings import DriftSettings
from tagline.formats.tasks import Task
from tagline.outcomes.alerts import Topic
from tests.unit import run_documents
from tests.unit.flow_world import BUCKET, VARIABLES, Account, account, call
from tests.unit.report_world import evaluation, rows_of
from trainer.reference import reference_document

RUN = run_documents.RUN
LABELS = ("circle", "red")
LIMITS = {"circle": 0.5, "red": 0.25}
NOW = datetime(2026, 11, 26, 21, 7, tzinfo=UTC)
SCHEDULED = {"time": "2026-11-26T21:07:00Z", "detail-type": "Scheduled Event"}
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x40\0\0\0\x40\x08"
OPAQUE, ALPHA = (
    PNG + colour + b"\0\0\0\0\0\0\0" + b"\0\0\0\0IDAT" for colour in (b"\x02", b"\x06")
)


def answer(scores: Any, run: str = RUN) -> ImageScores:
    return ImageScores(run=run, created="", labels=LABELS, scores=tuple(map(float, scores)))


def counts_of(scores: np.ndarray, alpha: int = 0) -> dict[str, Any]:
    """Return the keys of Counts for scores (n, 2)."""
    labels = tuple(
        LabelCounts(
            label=label,
            bins=tuple(np.bincount([bin_of(s) for s in column], minlength=BINS).tolist()),
            tagged=int((column >= LIMITS[label]).sum()),
        )
        for label, column in zip(LABELS, scores.T, strict=True)
    )
    inputs = InputCounts()
    inputs.add("png 64 alpha", alpha)
    inputs.add("png 64 opaque", len(scores) - alpha)
    return {"run": RUN, "images": len(scores), "labels": labels, "inputs": inputs}


def drawn(seed: int, images: int, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    logits = rng.normal((-3, -1), 1.5, (images, 2)) + np.array([0, shift])
    scores: np.ndarray = 1 / (1 + np.exp(-logits))
    return scores


REFERENCE = Reference(created="2026-11-20T00:00:00Z", **counts_of(drawn(1, 400)))
SETTINGS = DriftSettings()


def report(
    counts: dict[str, Any],
    settings: DriftSettings = SETTINGS,
    reference: Reference | None = REFERENCE,
) -> DriftReport:
    now = Counts(**counts)
    return report_on(
        "demo",
        now,
        reference,
        hours=(HourImages(hour="2026-11-26T20", images=now.images),),
        settings=settings,
        at=NOW,
    )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


@pytest.fixture
def bucket(world: Account) -> Bucket:
    return Bucket(clients.s3(), BUCKET)


# the verdict


def test_the_same_images_again_are_steady() -> None:
    found = report(counts_of(drawn(2, 1000)))
    assert found.verdict == "steady"
    assert "Nothing drifted: the 1,000 images" in found.said
    assert not drifting(found)


def test_a_label_whose_scores_moved_drifts_and_the_words_say_from_what_to_what() -> None:
    found = report(counts_of(drawn(2, 1000, shift=2)))
    assert found.verdict == "drifted"
    assert drifting(found) == {"label red"}
    red, circle = found.labels
    assert (red.label, red.scores.drifted, red.rate.drifted) == ("red", True, True)
    assert not circle.scores.drifted
    assert not circle.rate.drifted
    assert "1 label drifted: red (scores' PSI" in found.said
    assert "Look at what is sent now" in found.said


def test_too_few_images_tell_nothing_however_odd_they_are() -> None:
    found = report(counts_of(np.full((199, 2), 0.99)))
    assert found.verdict == "too_few"
    assert found.said == "199 images were tagged in the window; from 200 on drift can be told."
    assert not drifting(found)


def test_no_images_and_no_reference_are_said() -> None:
    assert report(counts_of(np.zeros((0, 2)))).verdict == "too_few"
    nothing = report(counts_of(drawn(2, 1000)), reference=None)
    assert nothing.verdict == "no_reference"
    assert nothing.labels == ()


def test_a_small_reference_makes_no_alarms_of_chance() -> None:
    small = Reference(created="", **counts_of(drawn(3, 25)))
    found = [report(counts_of(drawn(seed, 200)), reference=small) for seed in range(40)]
    assert {each.verdict for each in found} == {"steady"}


def test_images_with_alpha_are_told_as_such() -> None:
    found = report(counts_of(drawn(2, 500), alpha=500))
    assert drifting(found) == {"files alpha"}
    assert found.said.startswith("Images with alpha were 0 % in validation and are 100 % now (PSI")


def test_a_label_that_the_answers_lack_counts_as_unseen() -> None:
    counts = counts_of(drawn(2, 500))
    found = report(counts | {"labels": counts["labels"][:1]})
    missing = next(each for each in found.labels if each.label == "red")
    assert missing.scores.psi is None
    assert not missing.scores.drifted


def test_the_limit_is_the_settings() -> None:
    moved = counts_of(drawn(2, 5000, shift=1.2))
    assert report(moved, DriftSettings(psi=0.2)).labels[0].scores.drifted
    assert not report(moved, DriftSettings(psi=5.0)).labels[0].scores.drifted


# the reference


def test_the_evaluation_counts_the_validation_images() -> None:
    judged = evaluation()
    assert judged.validation is not None
    rows = {n: replace(row, kind="png 64 alpha") for n, row in rows_of(judged).items()}
    found = reference_document(judged, rows)
    assert found.images == len(judged.validation.scores)
    assert [label.label for label in found.labels] == list(judged.labels)
    for column, label in enumerate(found.labels):
        scores = judged.validation.scores[:, column]
        assert sum(label.bins) == found.images
        # as the function `tag` counts them, of floats, by the thresholds of metrics.json
        assert label.bins[bin_of(float(scores[0]))] > 0
        threshold = round(float(judged.thresholds.values[column]), 6)
        assert label.tagged == sum(float(score) >= threshold for score in scores)
    assert found.inputs.alpha == {"alpha": found.images}


def test_without_a_test_side_the_judging_images_are_those_of_validation() -> None:
    judged = evaluation(test=False)
    assert reference_document(judged, rows_of(judged)).images == len(judged.ids)


# counting


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def written(bucket: Bucket) -> list[HourCounts]:
    return [bucket.read(key, HourCounts) for key in bucket.keys("demo/drift/hours/")]


def test_answers_are_counted_by_hour_and_run_and_written_over_the_containers_own(
    bucket: Bucket,
) -> None:
    clock = Clock()
    counting = Counting(bucket, clock, seconds=3600)
    counting.count("demo", answer([0.9, 0.1]), LIMITS, ALPHA)
    assert counting.write() == 1
    counting.count("demo", answer([0.4, 0.25]), LIMITS, OPAQUE)
    counting.count("demo", answer([0.4, 0.3], "demo-ffffffffffffffff"), LIMITS, b"?")
    assert counting.write() == 2
    clock.now += timedelta(hours=1)
    counting.count("demo", answer([0.4, 0.25]), LIMITS, OPAQUE)
    assert counting.write() == 1
    assert counting.write() == 0
    first, other, later = sorted(written(bucket), key=lambda it: (it.hour, it.run))
    assert (first.hour, first.images, later.hour) == ("2026-11-26T21", 2, "2026-11-26T22")
    assert first.labels[0].bins[bin_of(0.9)] == 1
    assert [label.tagged for label in first.labels] == [1, 1]
    assert first.inputs == InputCounts(
        format={"png": 2}, size={"64": 2}, alpha={"alpha": 1, "opaque": 1}
    )
    assert (other.images, other.inputs) == (1, InputCounts())
    tags = clients.s3().get_object_tagging(
        Bucket=BUCKET, Key=next(bucket.keys("demo/drift/hours/"))
    )
    assert tags["TagSet"] == [{"Key": "tagline", "Value": "drift"}]


def test_of_single_labels_the_best_alone_is_counted_as_the_evaluation_does(bucket: Bucket) -> None:
    counting, everything = Counting(bucket, lambda: NOW), {"circle": 0.0, "red": 0.3}
    for scores in ((0.6, 0.4), (0.5, 0.5), (0.2, 0.8), (0.75, 0.25)):
        counting.count("demo", answer(scores), everything, OPAQUE, Task.SINGLE)
    counting.count("demo", answer((0.1, 0.2)), everything, OPAQUE, Task.SINGLE)  # unsure
    counting.write()
    (counts,) = written(bucket)
    assert [label.tagged for label in counts.labels] == [3, 1]


def test_what_could_not_be_written_is_tried_again(bucket: Bucket) -> None:
    counting = Counting(replace_client(bucket, fails := Failing(clients.s3())), seconds=3600)
    counting.count("demo", answer([0.9, 0.1]), LIMITS, PNG)
    with pytest.raises(ClientError):
        counting.write()
    fails.calls = 0
    assert counting.write() == 1
    assert written(bucket)[0].images == 1


def test_a_thread_writes_by_itself_and_threads_lose_no_count(bucket: Bucket) -> None:
    counting = Counting(bucket, seconds=0.01)

    def ask() -> None:
        for _ in range(50):
            counting.count("demo", answer([0.9, 0.1]), LIMITS, OPAQUE)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timer = counting._timer
    if timer is not None:
        timer.join()
    counting.write()
    assert summed(RUN, written(bucket)).images == 200


def test_334_labels_of_an_hour_are_small(bucket: Bucket) -> None:
    labels = tuple(f"label number {n}" for n in range(334))
    model = ImageScores(run=RUN, created="", labels=labels, scores=(0.01,) * 334)
    rng = np.random.default_rng(1)
    counting = Counting(bucket, seconds=3600)
    for scores in (1 / (1 + np.exp(-rng.normal(-4, 3, (200, 334))))).tolist():
        counting.count(
            "demo", replace(model, scores=tuple(scores)), dict.fromkeys(labels, 0.5), OPAQUE
        )
    counting.write()
    assert len(bucket.find_bytes(next(bucket.keys("demo/drift/")), 1 << 20).content) < 40_000  # type: ignore[union-attr]


class Failing:
    """A client whose first PutObject is refused."""

    def __init__(self, client: Any) -> None:
        self.client, self.calls = client, 1

    def __getattr__(self, name: str) -> Any:
        if name == "put_object" and self.calls:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")
        return getattr(self.client, name)


def replace_client(bucket: Bucket, client: Any) -> Bucket:
    return Bucket(client, bucket.name)


# who is told


def state_after(reports: list[tuple[DriftReport, datetime]]) -> list[set[str]]:
    state, told = DriftState(hour="", run=RUN), []
    for found, moment in reports:
        state, due = news(state, found, moment)
        told.append(due)
    return told


def test_an_onset_is_told_once_and_again_only_after_a_window_without() -> None:
    bad, good = report(counts_of(drawn(2, 1000, shift=2))), report(counts_of(drawn(2, 1000)))
    hours = [NOW + timedelta(hours=n) for n in range(100)]
    told = state_after([(bad, hours[n]) for n in range(30)])
    assert told == [{"label red"}] + [set()] * 29
    flapping = [(good if n % 5 else bad, hours[n]) for n in range(48)]
    assert sum(map(bool, state_after(flapping))) == 1
    back = [(bad, hours[0]), *((good, hours[n]) for n in range(1, 30)), (bad, hours[30])]
    assert state_after(back)[-1] == {"label red"}


def test_what_follows_an_onset_is_told_together_a_day_later() -> None:
    red = report(counts_of(drawn(2, 1000, shift=2)))
    both = report(counts_of(drawn(2, 1000, shift=2), alpha=1000))
    hours = [NOW + timedelta(hours=n) for n in range(30)]
    told = state_after([(red, hours[0]), *((both, hour) for hour in hours[1:])])
    assert told == [{"label red"}] + [set()] * 23 + [{"files alpha"}] + [set()] * 5


def test_another_champion_begins_anew() -> None:
    bad = report(counts_of(drawn(2, 1000, shift=2)))
    other = replace(bad, run="demo-ffffffffffffffff")
    assert state_after([(bad, NOW), (other, NOW + timedelta(hours=1))])[1] == {"label red"}


# the scheduled function


def crown(world: Account, counts: dict[str, Any], settings: str = "") -> None:
    """A champion with its reference, and an hour of counts that is going on."""
    world.put(DatasetKeys("demo").champion, run_documents.champion())
    world.put(RunKeys(RUN).reference, REFERENCE)
    if settings:
        world.s3.put_object(Bucket=BUCKET, Key="demo/dataset.yaml", Body=settings.encode())
    hour = datetime.now(UTC).strftime("%Y-%m-%dT%H")
    world.put(DatasetKeys("demo").drift_hour(hour, f"{RUN}-a"), HourCounts(hour=hour, **counts))


@pytest.fixture
def heard(world: Account) -> list[dict[str, Any]]:
    """What the alerts topic is told from now on."""
    topic = clients.sns()
    topic.create_topic(Name=VARIABLES["ALERTS_TOPIC_ARN"].rsplit(":", 1)[1])
    told: list[dict[str, Any]] = []
    topic.meta.events.register(
        "provide-client-params.sns.Publish", lambda params, **_: told.append(dict(params))
    )
    return told


def test_drift_is_told_once_with_words_and_numbers(
    world: Account, heard: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    crown(world, counts_of(drawn(2, 1000, shift=2), alpha=1000))
    assert call("watch_drift", SCHEDULED) == {"looked": 1, "drifted": 1}
    assert call("watch_drift", SCHEDULED) == {"looked": 1, "drifted": 1}
    (told,) = heard
    assert told["Subject"] == "Tagline: demo drifts"
    said = json.loads(told["Message"])
    assert (said["labels"], said["inputs"]) == (["red"], ["alpha"])
    assert "1 label drifted: red" in said["said"]
    found = Bucket(world.s3, BUCKET).read(said["report"].split("/", 3)[3], DriftReport)
    assert (found.verdict, found.images, len(found.hours)) == ("drifted", 1000, 1)
    points = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert points[0]["dataset"] == "demo"
    assert (points[0]["DriftedLabels"], points[0]["DriftImages"]) == ([1.0], [1000.0])
    assert points[0]["MaxPsi"][0] == pytest.approx(found.labels[0].scores.psi)


def test_counts_of_other_runs_and_hours_long_gone_do_not_count(world: Account) -> None:
    crown(world, counts_of(drawn(2, 300)))
    keys, old = DatasetKeys("demo"), "2020-01-01T00"
    odd = counts_of(drawn(2, 300, shift=3))
    world.put(keys.drift_hour(old, f"{RUN}-a"), HourCounts(hour=old, **odd))
    hour = datetime.now(UTC).strftime("%Y-%m-%dT%H")
    other = "demo-ffffffffffffffff"
    world.put(keys.drift_hour(hour, f"{other}-a"), HourCounts(hour=hour, **(odd | {"run": other})))
    world.put(keys.drift_hour(hour, f"{RUN}-b"), {"format": 1, "nonsense": 2})
    call("watch_drift", SCHEDULED)
    found = world.get(keys.drift_report(world.get(keys.drift_state)["hour"]))
    assert (found["images"], found["verdict"]) == (300, "steady")


def test_one_dataset_that_cannot_be_looked_at_keeps_no_other_from_it(
    world: Account, bucket: Bucket, heard: list[dict[str, Any]]
) -> None:
    crown(world, counts_of(drawn(2, 1000, shift=2)))
    world.put("bad/drift/hours/2026-11-26T21/x.json", {})
    world.s3.put_object(Bucket=BUCKET, Key="bad/champion.json", Body=b"{")
    topic = Topic(clients.sns(), VARIABLES["ALERTS_TOPIC_ARN"])
    with pytest.raises(NotAllWatched, match="bad first"):
        watch_all(bucket, topic, datetime.now(UTC), lambda _: None)
    assert len(heard) == 1


def test_nothing_counted_and_no_champion_are_passed_over(world: Account) -> None:
    world.put("quiet/champion.json", {})
    world.put("young/drift/hours/2026-11-26T21/x.json", {})
    assert call("watch_drift", SCHEDULED) == {"looked": 0, "drifted": 0}


@pytest.mark.parametrize("asked", [True, False])
def test_where_it_is_asked_drift_starts_one_run_of_the_newest_list(
    world: Account, heard: list[dict[str, Any]], *, asked: bool
) -> None:
    crown(
        world,
        counts_of(drawn(2, 1000, shift=2)),
        f"drift: {{retrain: {str(asked).lower()}, min_images: 100}}",
    )
    world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    world.s3.put_object(Bucket=BUCKET, Key="demo/lists/a.lst", Body=b"1\t1\ta.png\n")
    world.put("demo/newest.json", {"run": RUN, "started": "2026-01-01T00:00:00Z"})
    world.put(RunKeys(RUN).plan, run_documents.plan())
    for _ in range(3):
        call("watch_drift", SCHEDULED)
    versions = world.s3.list_object_versions(Bucket=BUCKET, Prefix="demo/lists/")["Versions"]
    assert len(versions) == 1 + asked
    newest = world.s3.get_object(Bucket=BUCKET, Key="demo/lists/a.lst")
    assert newest["Body"].read() == b"1\t1\ta.png\n"
    assert (newest["Metadata"].get(TRAIN_ANYWAY) is not None) == asked


def test_a_dataset_without_a_list_has_nothing_to_train(bucket: Bucket) -> None:
    with pytest.raises(NothingToTrain, match="dataset demo"):
        run_again(bucket, "demo", "why")
