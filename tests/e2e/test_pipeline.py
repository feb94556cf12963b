"""From a dropped list to tags: every way a run can end, on the laptop cloud, for real."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tagline.designs import DesignSet
from tagline.drift.hours import collected, hours_before
from tagline.formats.batch_keys import batches_of
from tagline.formats.document import encode
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import job_name, run_name
from tagline.formats.outcomes import ALERTS_KEY, Alerts, Kept, Leaving, Newest, Waiting
from tests.browser import browsing
from tests.e2e.conftest import ELSEWHERE
from tests.e2e.pipeline import QUICK, Pipeline, list_rows, soon, unique
from tests.laptop import REPOSITORY
from tests.unit import run_documents

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
SERVED, BRUISED, BORROWED = unique("served"), unique("bruised"), unique("borrowed")
TUNED, FAILING = unique("tuned"), unique("failing")
PHOTOGRAPHS = 25
CORRECTED = unique("corrected")


@pytest.fixture(scope="module")
def champion(pipeline: Pipeline, designs: DesignSet) -> str:
    """A dataset `served` with a champion that hardly learned anything; return its run."""
    pipeline.put_images(SERVED, designs)
    pipeline.settings(
        SERVED,
        training={**QUICK, "learning_rate": 1e-6, "epochs": 1},
        sampling={"percent": 100, "band": None, "quota": 2},
    )
    run = pipeline.run(SERVED, list_rows(designs))
    assert run.status["outcome"] == "Promoted", run.status
    return run.name


def _answers(pipeline: Pipeline, designs: DesignSet) -> list[object]:
    """Return what the API says of each held-out design."""
    answers = [pipeline.tags(SERVED, held.path, "?threshold=0") for held in designs.held_out]
    assert [status for status, _ in answers] == [200] * len(answers), answers
    return [answer for _, answer in answers]


def long_gone(pipeline: Pipeline, dataset: str) -> list[str]:
    """Write the large files of a run that is kept no longer; return their keys."""
    run = RunKeys(f"{dataset}-{0:016x}")
    job = job_name(pipeline.target.stack, run.run, "train")
    names = ("training", "validation", "test")
    found = [run.packed(name) for name in names]
    found += [f"{run.checkpoints}epoch-1", f"{dataset}/output/{job}-000/output/model.tar.gz"]
    for key in found:
        pipeline.put(key, b"x")
    gone = Leaving(run=run.run, since="2020-01-01T00:00:00Z")
    pipeline.put(DatasetKeys(dataset).kept, encode(Kept(leaving=(gone,))))
    return found


def check_superseded(pipeline: Pipeline, keys: list[str]) -> None:
    """The bucket's rule is told that these may expire."""
    for key in keys:
        found = pipeline.client("s3").get_object_tagging(Bucket=pipeline.bucket, Key=key)
        assert found["TagSet"] == [{"Key": "tagline", "Value": "superseded"}], key


def test_a_dropped_list_ends_as_tags(pipeline: Pipeline, designs: DesignSet, champion: str) -> None:
    keys = RunKeys(champion)
    dataset = pipeline.json(keys.of("dataset.json"))
    assert dataset["rows"] == dataset["accepted"] + dataset["rejected"] == 90
    assert dataset["train"] + dataset["validation"] + dataset["test"] == dataset["accepted"]
    metrics = pipeline.json(keys.of("metrics.json"))
    assert metrics["champion"] is None
    assert b"<html" in pipeline.read(keys.of("report.html"))
    assert pipeline.json(DatasetKeys(SERVED).champion)["run"] == champion
    assert pipeline.read(DatasetKeys(SERVED).packed("training")) == pipeline.read(
        keys.packed("training")
    )
    labels = designs.labels_path.read_text().splitlines()
    for answer in _answers(pipeline, designs):
        assert answer["model"]["run"] == champion  # type: ignore[index]
        scores = [tag["score"] for tag in answer["tags"]]  # type: ignore[index]
        assert scores == sorted(scores, reverse=True)
        assert {tag["label"] for tag in answer["tags"]} == set(labels)  # type: ignore[index]


def test_an_image_in_the_bucket_has_the_tags_of_its_bytes(
    pipeline: Pipeline, designs: DesignSet, champion: str
) -> None:
    path = list_rows(designs)[0].split("\t")[-1]
    asked = pipeline.tags_of(SERVED, f"s3://{pipeline.bucket}/{SERVED}/{path}")
    assert asked == pipeline.tags(SERVED, designs.folder / path)
    assert asked[0] == 200, asked


@pytest.mark.browser
def test_the_page_shows_an_images_tags_and_takes_a_correction(
    pipeline: Pipeline, designs: DesignSet, champion: str
) -> None:
    held = designs.held_out[0].path
    first = pipeline.tags(SERVED, held, "?threshold=0")[1]["tags"][0]["label"]
    with browsing() as browser:
        page = browser.new_page()
        page.goto(f"{pipeline.target.outputs.api_url}#{SERVED}/try")
        page.set_input_files("input[type=file]", held)
        page.get_by_role("checkbox", name="All ").check()
        labels = designs.labels_path.read_text().splitlines()
        expect(page.locator(".tags li")).to_have_count(len(labels))
        page.get_by_role("button", name=first, exact=True).click()
        expect(page.locator("img.heat")).to_be_visible(timeout=20_000)
        page.get_by_label(f"Confirm {first}").or_(page.get_by_label(f"Add {first}")).click()
        page.get_by_role("button", name="Save 1 correction").click()
        expect(page.get_by_text("Saved: 1 correction")).to_be_visible(timeout=20_000)


def test_a_dropped_batch_has_the_tags_of_the_api(
    pipeline: Pipeline, designs: DesignSet, champion: str
) -> None:
    path = list_rows(designs)[0].split("\t")[-1]
    status = pipeline.tag_batch(SERVED, ["images/", path, "gone.png", "s3://not-ours/x.png"])
    assert status["outcome"] == "Tagged", status
    assert (status["tagged"], status["rejected"]) == (91, 2)
    made = f"{batches_of(SERVED)}new.tags"
    found = [json.loads(line) for line in pipeline.read(f"{made}.jsonl").splitlines()]
    assert [row["line"] for row in found] == [*[1] * 90, 2, 3, 4]
    assert [row["reason"] for row in found[91:]] == ["missing_object", "not_allowed_bucket"]
    asked = pipeline.tags(SERVED, designs.folder / path)[1]
    assert found[90]["tags"] == asked["tags"]
    assert found[90]["run"] == champion
    rows = [row.split("\t") for row in pipeline.read(f"{made}.lst").decode().splitlines()]
    names = designs.labels_path.read_text().splitlines()
    assert len(rows) == 91
    assert rows[90][-1] == path
    tagged = {name for name, bit in zip(names, rows[90][1:-1], strict=True) if bit == "1"}
    assert tagged == {tag["label"] for tag in asked["tags"]}


def test_feedback_is_kept_once_however_its_image_is_named(
    pipeline: Pipeline, designs: DesignSet, champion: str
) -> None:
    ident, *_, path = list_rows(designs)[0].split("\t")
    data = (designs.folder / path).read_bytes()
    held = designs.held_out[0].path.read_bytes()
    label = designs.labels_path.read_text().splitlines()[0]
    row = f"s3://{pipeline.bucket}/{SERVED}/{path}"
    named: list[tuple[dict[str, object], str]] = [
        ({"id": int(ident)}, row),
        ({"hash": hashlib.sha256(data).hexdigest()}, row),
        ({"s3_uri": row}, row),
        (
            {"image": base64.b64encode(held).decode()},
            f"s3://{pipeline.bucket}/{SERVED}/feedback/images/",
        ),
    ]
    prefix = f"{SERVED}/feedback/corrections/"
    before = set(pipeline.target.bucket.keys(prefix))  # what other tests corrected
    for image, place in named:
        status, kept = pipeline.correct(SERVED, **image, added=[label])
        assert (status, kept["run"]) == (201, champion), kept
        assert kept["image"]["s3_uri"].startswith(place)
    assert kept["repeated"] is False
    # the first three said the same of one image
    assert len(set(pipeline.target.bucket.keys(prefix)) - before) == 2


def test_enough_corrections_retrain_by_themselves(pipeline: Pipeline, designs: DesignSet) -> None:
    pipeline.put_images(CORRECTED, designs)
    pipeline.settings(CORRECTED, training={**QUICK, "epochs": 1}, retrain={"after_corrections": 2})
    names = tuple(designs.labels_path.read_text().splitlines())
    rows = list_rows(designs)
    # a list that a run has planned, as PlanDataset leaves it; named so that it starts none
    key = f"{DatasetKeys(CORRECTED).lists}planned.txt"
    version = pipeline.put(key, "\n".join(rows).encode())["VersionId"]
    run = f"{CORRECTED}-{0:016x}"
    made = {"key": key, "version_id": version, "etag": "e", "sha256": "s"}
    planned = run_documents.plan(
        run=run, dataset=CORRECTED, bucket=pipeline.bucket, labels=names, list=made
    )
    pipeline.put(RunKeys(run).plan, encode(planned))
    newest = Newest(run=run, started="2020-01-01T00:00:00Z")
    pipeline.put(DatasetKeys(CORRECTED).newest, encode(newest))
    for row in rows[:2]:
        ident, *labels, _ = row.split("\t")
        said = "removed" if labels[0] == "1" else "added"
        status, kept = pipeline.correct(CORRECTED, id=int(ident), **{said: [names[0]]})
        assert (status, kept["run"]) == (201, None), kept

    def begun() -> Any:
        """Return the version of the list that the corrections dropped."""
        prefix = f"{DatasetKeys(CORRECTED).lists}corrected-"
        found = pipeline.s3.list_object_versions(Bucket=pipeline.bucket, Prefix=prefix)
        versions = found.get("Versions", [])
        assert len(versions) <= 1
        return versions[0] if versions else None

    listed = soon(begun)
    started = run_name(pipeline.bucket, listed["Key"], listed["VersionId"], listed["ETag"])
    ended = pipeline.wait(started)
    assert ended.status["outcome"] == "Promoted", ended.status
    corrections = pipeline.json(RunKeys(started).plan)["corrections"]
    del corrections["key"]
    assert corrections == {"corrections": 2, "rows": 2, "by": "corrections", "new": 2}
    assert b"What corrections changed" in pipeline.read(RunKeys(started).report)
    pipeline.correct(CORRECTED, id=int(rows[2].split("\t")[0]), confirmed=[names[1]])
    assert begun() == listed  # one is not enough


def test_of_the_images_that_were_asked_for_as_many_are_kept_as_the_settings_say(
    pipeline: Pipeline, designs: DesignSet, champion: str
) -> None:
    for held in designs.held_out[:4]:
        assert pipeline.tags(SERVED, held.path)[0] == 200
    prefix = f"{SERVED}/feedback/sampled/"
    listing = pipeline.s3.list_objects_v2(Bucket=pipeline.bucket, Prefix=prefix)
    scores = [item["Key"] for item in listing["Contents"] if item["Key"].endswith(".json")]
    assert len(scores) == 2
    assert pipeline.json(scores[0])["run"] == champion


def test_a_batch_without_a_champion_says_so(pipeline: Pipeline) -> None:
    status = pipeline.tag_batch(unique("nobody"), ["a.png"])
    assert status["outcome"] == "Failed"
    assert status["state"] == "PlanBatch"
    assert "has no champion to tag by" in status["reason"]


def test_the_same_event_twice_is_one_run(pipeline: Pipeline, champion: str) -> None:
    before = pipeline.executions()
    sent = pipeline.states.describe_execution(executionArn=pipeline.execution(champion))
    given = json.loads(sent["input"])
    event = {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": given["started"],
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{given['bucket']}"],
        "detail": {
            "version": "0",
            "bucket": {"name": given["bucket"]},
            "object": {
                "key": given["list"]["key"],
                "size": 1,
                "etag": given["list"]["etag"],
                "version-id": given["list"]["version_id"],
                "sequencer": "00617F08299329D189",
            },
            "reason": "PutObject",
        },
    }
    function = pipeline.stack_resources["StartRun"]
    answer = pipeline.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(event).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    assert pipeline.executions() == before


def test_an_unchanged_list_is_not_trained_again(
    pipeline: Pipeline, designs: DesignSet, champion: str
) -> None:
    jobs = pipeline.training_jobs()
    for kind, key in (("labels", "labels"), ("settings", "settings")):
        pipeline.send(SERVED, pipeline.read(getattr(DatasetKeys(SERVED), key)), kind=kind)
    rows = "".join(f"{row}\n" for row in list_rows(designs)).encode()
    started = pipeline.send(SERVED, rows, name="sent by a page")
    assert started is not None
    run = pipeline.wait(started)
    assert run.name != champion
    assert run.execution["status"] == "SUCCEEDED"
    assert run.status["outcome"] == "Unchanged"
    assert champion in run.status["reason"]
    assert pipeline.training_jobs() == jobs
    assert "FetchShards" not in pipeline.entered(run.name)


def test_a_model_that_is_not_better_does_not_go_live(
    pipeline: Pipeline, designs: DesignSet, champion: str
) -> None:
    before = _answers(pipeline, designs)
    pipeline.settings(SERVED, promotion={"margin": 1.0})
    run = pipeline.run(SERVED, list_rows(designs)[:-1])
    assert run.execution["status"] == "SUCCEEDED"
    assert run.status["outcome"] == "NotPromoted", run.status
    dataset = pipeline.json(RunKeys(run.name).of("dataset.json"))
    assert (dataset["reused"], dataset["fetched"]) == (dataset["accepted"], 0)
    metrics = pipeline.json(RunKeys(run.name).of("metrics.json"))
    assert metrics["champion"]["run"] == champion
    assert _answers(pipeline, designs) == before


def test_one_bad_row_each_is_named_and_the_run_goes_on(
    pipeline: Pipeline, designs: DesignSet
) -> None:
    pipeline.put_images(BRUISED, designs)
    uri = f"s3://{pipeline.bucket}/{pipeline.put_weights(BRUISED)}"
    pipeline.settings(BRUISED, training={**QUICK, "start_from": uri})
    rows = list_rows(designs)[:60]
    flags = "\t".join(rows[0].split("\t")[1:-1])
    pipeline.put(f"{BRUISED}/images/broken.png", b"\x89PNG\r\n\x1a\n but no picture")
    rows.insert(10, f"9001\t{flags}\timages/broken.png")
    rows.insert(20, f"9002\t{flags}\timages/nowhere.png")
    rows.insert(30, f"9003\t{flags}\t1\timages/broken.png")
    for number, row in enumerate(rows[:8]):  # copies of what lies on any side
        _, *labels, path = row.split("\t")
        pipeline.put(f"{BRUISED}/images/copy-{number}", (designs.folder / path).read_bytes() + b" ")
        rows.append("\t".join((f"{9100 + number}", *labels, f"images/copy-{number}")))
    run = pipeline.run(BRUISED, rows)
    assert run.status["outcome"] == "Promoted", run.status
    rejects = pipeline.rejects(run)
    assert [(row["line"], row["reason"]) for row in rejects] == [
        (11, "undecodable_image"),
        (21, "missing_object"),
        (31, "wrong_label_count"),
    ]
    assert all(row["detail"] for row in rejects)
    dataset = pipeline.json(RunKeys(run.name).of("dataset.json"))
    assert (dataset["rows"], dataset["accepted"], dataset["rejected"]) == (71, 68, 3)
    near = dataset["near_copies"]
    assert near["images"] >= 16
    assert near["across"] == 0 < near["moved"]


@pytest.mark.laptop
def test_images_may_lie_in_an_allowed_bucket(pipeline: Pipeline, designs: DesignSet) -> None:
    rows = list_rows(designs)[:40]
    pipeline.s3.create_bucket(Bucket=ELSEWHERE)
    for row in rows:
        path = row.split("\t")[-1]
        pipeline.s3.upload_file(str(designs.folder / path), ELSEWHERE, f"art/{path}")
    weights = f"s3://{ELSEWHERE}/{pipeline.put_weights(BORROWED, ELSEWHERE)}"
    engine = "torch" if (REPOSITORY / ".venvs" / "trainer_torch").is_dir() else "mxnet"
    training = {**QUICK, "start_from": weights, "engine": engine}
    pipeline.settings(BORROWED, source=f"s3://{ELSEWHERE}/art/", training=training)
    run = pipeline.run(BORROWED, rows)
    assert run.status["outcome"] == "Promoted", run.status
    assert pipeline.json(RunKeys(run.name).of("dataset.json"))["accepted"] == 40
    assert engine in pipeline.json(RunKeys(run.name).of("model_card.json"))["model"]["versions"]
    asked, answer = pipeline.tags_of(BORROWED, f"s3://{ELSEWHERE}/art/{path}")
    assert asked == 200, answer


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("empty", b"", "empty"),
        ("prose", b"this is no list\n" * 50, "list"),
        ("two-counts", b"1\t0\t1\ta.png\n2\t0\t1\t1\tb.png\n" * 40, "label"),
        ("nothing-there", b"1\t0\t1\tgone.png\n2\t1\t1\tgone2.png\n", "missing_object"),
    ],
)
def test_a_list_of_no_use_fails_in_the_plan(
    pipeline: Pipeline, designs: DesignSet, champion: str, name: str, body: bytes, told: str
) -> None:
    dataset = unique(f"useless-{name}") if name in {"two-counts", "nothing-there"} else SERVED
    run = pipeline.run(dataset, body, name)
    assert run.execution["status"] == "FAILED"
    assert (run.status["outcome"], run.status["state"]) == ("Failed", "PlanDataset")
    assert told in run.status["reason"].lower(), run.status
    assert pipeline.json(DatasetKeys(SERVED).champion)["run"] == champion
    assert len(_answers(pipeline, designs)) == len(designs.held_out)
    if dataset != SERVED:
        asked, answer = pipeline.tags(dataset, designs.held_out[0].path)
        assert (asked, answer.get("code")) == (409, "no_champion"), answer
        assert f"{dataset}/lists/" in answer["detail"]


def test_tuning_makes_real_trials_and_goes_on_with_the_best(
    pipeline: Pipeline, designs: DesignSet
) -> None:
    pipeline.put_images(TUNED, designs)
    pipeline.settings(
        TUNED,
        training={**QUICK, "epochs": 1},
        tuning={
            "max_jobs": 2,
            "ranges": {"learning_rate": [0.0001, 0.01], "image_size": [24, 32]},
        },
    )
    gone = long_gone(pipeline, TUNED)
    run = pipeline.run(TUNED, list_rows(designs))
    assert run.status["outcome"] == "Promoted", run.status
    check_superseded(pipeline, gone)
    sagemaker = pipeline.client("sagemaker")
    name = pipeline.json(RunKeys(run.name).of("training.json"))["job_name"]
    summaries = sagemaker.list_hyper_parameter_tuning_jobs(NameContains=name)
    (tuning,) = summaries["HyperParameterTuningJobSummaries"]
    trials = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=tuning["HyperParameterTuningJobName"]
    )["TrainingJobSummaries"]
    assert len(trials) == 2
    rates = [float(trial["TunedHyperParameters"]["learning_rate"]) for trial in trials]
    assert all(0.0001 <= rate <= 0.01 for rate in rates)
    scores = {
        trial["TrainingJobName"]: trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        for trial in trials
    }
    best = max(scores, key=lambda trial: scores[trial])
    assert best in pipeline.json(DatasetKeys(TUNED).champion)["artifact"]
    told = pipeline.json(RunKeys(run.name).trials)
    assert told["best"] == best
    assert {trial["job"]: trial["objective"] for trial in told["trials"]} == scores
    report = pipeline.read(RunKeys(run.name).report).decode()
    assert report.count("<polyline class") >= len(trials)
    assert all(name.rpartition("-")[2] in report for name in scores)


def test_a_better_model_replaces_the_champion(
    pipeline: Pipeline, designs: DesignSet, champion: str, tmp_path: Path
) -> None:
    training = {**QUICK, "epochs": 8, "start_from": "champion"}
    pipeline.settings(SERVED, training=training)
    run = pipeline.run(SERVED, list_rows(designs))
    assert run.status["outcome"] == "Promoted", run.status
    card = pipeline.json(RunKeys(run.name).of("model_card.json"))
    assert (card["model"]["start"]["kind"], card["model"]["start"]["run"]) == ("champion", champion)
    metrics = pipeline.json(RunKeys(run.name).of("metrics.json"))
    assert metrics["champion"]["run"] == champion
    assert metrics["mAP"] > metrics["champion"]["mAP"]
    for answer in _answers(pipeline, designs):
        assert answer["model"]["run"] == run.name  # type: ignore[index]
    _send_photographs(pipeline, tmp_path / "photograph.webp")


def _send_photographs(pipeline: Pipeline, path: Path) -> None:
    """Tag images of another kind than the designs; test_images_of_another_kind… looks for them.

    What was counted is written some seconds later, while other tests go on.
    """
    Image.effect_noise((700, 500), 90).convert("RGB").save(path)
    for _ in range(PHOTOGRAPHS):
        assert pipeline.tags(SERVED, path)[0] == 200


@pytest.fixture
def alerts(pipeline: Pipeline) -> Iterator[str]:
    """Return the URL of a queue that gets what the alerts topic is told."""
    sqs, topic = pipeline.client("sqs"), pipeline.target.stack_outputs()["AlertsTopicArn"]
    url = sqs.create_queue(QueueName=unique("tagline-alerts"))["QueueUrl"]
    wanted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = wanted["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns = pipeline.client("sns")
    subscribed = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
    )
    yield url
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


def test_a_trainer_that_fails_says_why_everywhere(
    pipeline: Pipeline, designs: DesignSet, alerts: str
) -> None:
    pipeline.put_images(FAILING, designs)
    pipeline.settings(FAILING, training={**QUICK, "learning_rate": 1.0})
    gone = long_gone(pipeline, FAILING)
    # so many datasets of others may have failed within the hour that no more are told at once
    pipeline.client("s3").delete_object(Bucket=pipeline.bucket, Key=ALERTS_KEY)
    run = pipeline.run(FAILING, list_rows(designs))
    assert run.execution["status"] == "FAILED"
    assert (run.status["outcome"], run.status["state"]) == ("Failed", "Train")
    assert "training diverged in epoch 2: the model is " in run.status["reason"]
    check_superseded(pipeline, gone)
    messages = pipeline.client("sqs").receive_message(QueueUrl=alerts, WaitTimeSeconds=10)
    assert "training diverged" in json.dumps(messages["Messages"])


def test_failures_that_waited_are_told_as_one_message(pipeline: Pipeline, alerts: str) -> None:
    """The schedule calls the function once an hour; here it is called by hand."""
    waiting = Waiting(run=f"{FAILING}-{0:016x}", dataset=FAILING, state="Train", reason="odd")
    kept = Alerts(waiting=[waiting], counts={FAILING: 7}, since="2026-11-12T00:00:00Z")
    s3 = pipeline.client("s3")
    s3.put_object(Bucket=pipeline.bucket, Key=ALERTS_KEY, Body=encode(kept))
    function = f"{pipeline.target.stack}-tell-failures"
    event = {"time": "2026-11-12T01:00:00Z"}
    answer = pipeline.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    assert json.loads(answer["Payload"].read()) == {"told": 7}
    message = pipeline.client("sqs").receive_message(QueueUrl=alerts, WaitTimeSeconds=10)
    told = json.loads(json.loads(message["Messages"][0]["Body"])["Message"])
    assert (told["failed"], told["datasets"]) == (7, {FAILING: 7})
    assert pipeline.json(ALERTS_KEY)["counts"] == {}


def test_images_of_another_kind_are_told_once(pipeline: Pipeline, alerts: str) -> None:
    """The schedule calls the function once an hour; here it is called by hand."""
    keys = DatasetKeys(SERVED)
    settings = pipeline.json(keys.settings)
    pipeline.settings(SERVED, training=settings["training"], drift={"min_images": 20})
    run = pipeline.json(keys.champion)["run"]
    reference = pipeline.json(RunKeys(run).reference)
    assert sum(reference["inputs"]["format"].values()) == reference["images"]
    pipeline.until(
        lambda: _counted(pipeline, run) >= PHOTOGRAPHS, f"{PHOTOGRAPHS} images are counted"
    )
    event = {"time": "2026-11-12T01:00:00Z"}
    for _ in range(2):
        answer = pipeline.client("lambda").invoke(
            FunctionName=f"{pipeline.target.stack}-watch-drift", Payload=json.dumps(event)
        )
        assert json.loads(answer["Payload"].read())["drifted"] == 1
    sqs = pipeline.client("sqs")
    messages = [
        json.loads(json.loads(message["Body"])["Message"])
        for _ in range(2)
        for message in sqs.receive_message(
            QueueUrl=alerts, MaxNumberOfMessages=10, WaitTimeSeconds=1
        ).get("Messages", [])
    ]
    (told,) = [message for message in messages if message["dataset"] == SERVED]
    assert {"format", "size"} <= set(told["inputs"])
    assert "WEBP files were 0 % in validation and are " in told["said"]
    shown = pipeline.answer(f"datasets/{SERVED}/drift")
    assert (shown["verdict"], shown["run"]) == ("drifted", run)
    assert shown["images"] == _counted(pipeline, run)


def _counted(pipeline: Pipeline, run: str) -> int:
    first, last = hours_before(datetime.now(UTC), 24)
    return collected(pipeline.target.bucket, SERVED, run, first, last)[0].images
