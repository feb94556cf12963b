"""The flow's handlers, called as Lambda calls them, against a mocked account."""

import base64
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from tagline.aws import clients
from tagline.aws.environment import WrongEnvironment
from tagline.aws.s3 import Bucket
from tagline.formats.document import Document, UnreadableDocument
from tagline.formats.outcomes import Outcome
from tagline.formats.plan import CorrectionsIn
from tagline.outcomes.endings import Overtaken, RunEnded
from tagline.serving.smoke_failed import SmokeTestFailed
from tests.unit.documents import (
    OTHER,
    RANGES,
    RUN,
    TRAINING,
    TUNING,
    champion,
    golden,
    metrics,
    packed_dataset,
    plan,
    settings,
    status,
)
from tests.unit.flow_world import (
    BUCKET,
    PREFIX,
    STATE,
    TRIAL,
    Account,
    account,
    call,
    describe,
)

ARTIFACT = "s3://data/demo/output/job/output/model.tar.gz"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        made.put(f"{PREFIX}dataset.json", packed_dataset())
        made.put(f"{PREFIX}plan.json", plan())
        yield made


def test_plan_training_keeps_what_it_answers(world: Account) -> None:
    planned = call("plan_training", STATE)
    assert planned == {"format": 1} | golden("train_plan_defaults")
    assert world.get(f"{PREFIX}training.json") == planned


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        ("train_plan", {"training": TRAINING}),
        (
            "tune_plan",
            {
                "training": TRAINING | {"instance_type": "ml.m5.12xlarge"},
                "tuning": TUNING | {"ranges": RANGES},
            },
        ),
        ("tune_plan_some", {"training": TRAINING, "tuning": TUNING | {"strategy": "Random"}}),
    ],
)
def test_every_setting_and_variable_arrives_in_the_training(
    world: Account, name: str, sections: dict[str, Any]
) -> None:
    world.put(f"{PREFIX}plan.json", plan(settings=settings(**sections)))
    assert call("plan_training", STATE) == {"format": 1} | golden(name)


def test_pytorchs_image_and_the_machines_arrive_in_the_training(
    world: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_TRAINER_IMAGE", "registry/torch:7")
    wanted = settings(training={"engine": "torch", "instance_count": 2})
    world.put(f"{PREFIX}plan.json", plan(settings=wanted))
    request = call("plan_training", STATE)["request"]
    assert request["AlgorithmSpecification"]["TrainingImage"] == "registry/torch:7"
    assert request["ResourceConfig"]["InstanceCount"] == 2


def test_plan_evaluation_reads_the_champion_afresh(world: Account) -> None:
    state = STATE | {"trained": {"artifact": ARTIFACT, "job_name": "j"}}
    world.put(f"{PREFIX}plan.json", plan(settings=settings(promotion={"confidence": 0.85})))
    assert call("plan_evaluation", state) == golden("evaluation")
    etag = world.put("demo/champion.json", champion())
    for name in ("images.jsonl", "verdicts.jsonl"):
        unknown = call("plan_evaluation", state)["request"]["Environment"]["TAGLINE_NOT_COMPARED"]
        assert unknown.startswith(f"s3://data/demo/runs/{OTHER}/{name} is gone")
        world.put(f"demo/runs/{OTHER}/{name}", "")
    expected = golden("evaluation_of_two") | {"champion_etag": etag}
    assert call("plan_evaluation", state) == expected


def test_plan_evaluation_names_all_partitions_of_a_long_list(world: Account) -> None:
    state = STATE | {"trained": {"artifact": ARTIFACT, "job_name": "j"}}
    world.put(f"{PREFIX}plan.json", plan())
    world.put("demo/champion.json", champion())
    for key in (f"{PREFIX}verdicts", f"demo/runs/{OTHER}/images", f"demo/runs/{OTHER}/verdicts"):
        world.put(f"{key}-00000.jsonl", "")
        world.put(f"{key}-00001.jsonl", "")
    request = call("plan_evaluation", state)["request"]
    assert "TAGLINE_NOT_COMPARED" not in request["Environment"]
    found = {it["InputName"]: it["S3Input"]["S3Uri"] for it in request["ProcessingInputs"]}
    assert found["verdicts"] == f"s3://data/{PREFIX}verdicts-"
    assert found["images"] == f"s3://data/{PREFIX}images.jsonl"
    assert found["champion-images"] == f"s3://data/demo/runs/{OTHER}/images-"
    assert found["champion-verdicts"] == f"s3://data/demo/runs/{OTHER}/verdicts-"


def test_plan_evaluation_hands_on_what_corrections_changed(world: Account) -> None:
    state = STATE | {"trained": {"artifact": ARTIFACT, "job_name": "j"}}
    key = "demo/feedback/merged/0.json"
    merged = CorrectionsIn(key=key, corrections=50, rows=42, by="person")
    world.put(f"{PREFIX}plan.json", plan(corrections=merged))
    inputs = call("plan_evaluation", state)["request"]["ProcessingInputs"]
    found = {each["InputName"]: each["S3Input"]["S3Uri"] for each in inputs}
    assert found["corrections"] == f"s3://data/{key}"


def test_plan_evaluation_writes_down_what_the_trials_of_a_search_came_to(world: Account) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/t-000"
    trained = {"artifact": ARTIFACT, "job_name": "t-000-1", "tuning_job": arn}
    summary = {
        "TrainingJobArn": arn,
        "CreationTime": 0,
        "TunedHyperParameters": {"x": "0.5", "image_shape": "3,64,64"},
    }
    begun = datetime(2026, 11, 12, tzinfo=UTC)
    ended = {"TrainingStartTime": begun, "TrainingEndTime": begun + timedelta(seconds=60)}
    metric = {"Type": "Maximize", "MetricName": "validation:mAP", "Value": 0.5}
    trials = [
        summary | ended | {"TrainingJobName": "t-000-1", "TrainingJobStatus": "Completed",
                           "FinalHyperParameterTuningJobObjectiveMetric": metric},
        summary | {"TrainingJobName": "t-000-2", "TrainingJobStatus": "Failed",
                   "FailureReason": "AlgorithmError: lr"},
    ]  # fmt: skip
    asked = {
        "HyperParameterTuningJobName": "t-000",
        "SortBy": "CreationTime",
        "SortOrder": "Ascending",
    }
    with Stubber(clients.sagemaker()) as stubber:
        stubber.add_response(
            "list_training_jobs_for_hyper_parameter_tuning_job",
            {"TrainingJobSummaries": trials},
            asked,
        )
        planned = call("plan_evaluation", STATE | {"trained": trained})
    inputs = {i["InputName"]: i["S3Input"] for i in planned["request"]["ProcessingInputs"]}
    assert inputs["trials"]["S3Uri"] == f"s3://{BUCKET}/{PREFIX}trials.json"
    told = world.get(f"{PREFIX}trials.json")
    assert (told["tuning_job"], told["best"]) == ("t-000", "t-000-1")
    first, second = told["trials"]
    assert (first["objective"], first["seconds"], first["hyperparameters"]) == (
        0.5,
        60,
        {"x": "0.5", "image_size": "64"},
    )
    assert (second["objective"], second["seconds"]) == (None, None)
    assert second["failure"] == "AlgorithmError: lr"


def decide(world: Account, against: str | None, **rule: float) -> dict[str, Any]:
    """Call DecidePromotion and return what it answers and keeps."""
    world.put(f"{PREFIX}plan.json", plan(settings=settings(promotion=rule)))
    decision = call("decide_promotion", STATE | {"evaluation": {"champion_run": against}})
    assert (decision.pop("redeploy"), decision.pop("order")) == (False, None)
    assert world.get(f"{PREFIX}decision.json") == {"format": 1} | decision
    return decision


def test_decide_promotion_hands_on_the_numbers_and_the_champion(world: Account) -> None:
    world.put(f"{PREFIX}metrics.json", metrics(0.6, 0.5))
    assert decide(world, OTHER) == {
        "promote": True,
        "reason": (
            f"Better: mAP 0.6000 against the champion's 0.5000 ({OTHER}), +0.1000 on 200 test "
            "images, with a probability of 98.0% (95% interval +0.0500 to +0.1500)"
        ),
        "challenger_map": 0.6,
        "champion_map": 0.5,
        "superseded_by": None,
        "metric": "mAP",
        "challenger_value": 0.6,
        "champion_value": 0.5,
    }
    world.put(f"{PREFIX}metrics.json", metrics(0.4))
    assert decide(world, None)["reason"].endswith(", and there is no champion to beat")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"margin": 0.2}, "^Not better by more than promotion.margin, 0.2000: "),
        ({"confidence": 0.99}, "^Not proven better: .* promotion.confidence asks for 99.0%"),
        ({"minimum_map": 0.7}, "is below promotion.minimum_map, 0.7000"),
    ],
)
def test_decide_promotion_hands_on_the_rule(
    world: Account, rule: dict[str, float], said: str
) -> None:
    world.put(f"{PREFIX}metrics.json", metrics(0.6, 0.5))
    decision = decide(world, OTHER, **rule)
    assert decision["promote"] is False
    assert re.search(said, decision["reason"])


def test_decide_promotion_promotes_over_no_champion_that_was_not_measured(world: Account) -> None:
    world.put(f"{PREFIX}metrics.json", metrics(0.6))
    with pytest.raises(ValueError, match=f"champion {OTHER} has no mAP"):
        decide(world, OTHER)


@pytest.mark.parametrize(
    ("status", "config", "redeploy"),
    [
        ("InService", champion().endpoint_config, False),
        ("Updating", champion().endpoint_config, False),
        ("InService", "another-0", True),
        ("Failed", champion().endpoint_config, True),
        (None, "", True),
    ],
)
def test_decide_promotion_leaves_no_ill_champion(
    world: Account, status: str | None, config: str, redeploy: bool
) -> None:
    world.put("demo/champion.json", champion())
    world.put(f"{PREFIX}metrics.json", metrics(0.4, 0.5))
    with Stubber(clients.sagemaker()) as stubber:
        describe(stubber, status, config)
        decision = call("decide_promotion", STATE | {"evaluation": {"champion_run": OTHER}})
    assert (decision["promote"], decision["redeploy"]) == (False, redeploy)


NEWER = {"run": OTHER, "started": "2026-11-13T00:00:00Z"}


@pytest.mark.parametrize(
    ("outcome", "promote"),
    [(None, False), ("Unchanged", False), ("Promoted", False), ("Failed", True)],
)
def test_a_list_that_was_dropped_later_decides_unless_it_failed(
    world: Account, outcome: str | None, promote: bool
) -> None:
    world.put("demo/newest.json", NEWER)
    if outcome:
        world.put(f"demo/runs/{OTHER}/status.json", status(run=OTHER, outcome=Outcome(outcome)))
    world.put(f"{PREFIX}metrics.json", metrics(0.6))
    decision = decide(world, None)
    assert decision["promote"] is promote
    assert decision["superseded_by"] == (None if promote else OTHER)
    if not promote:
        assert decision["reason"].startswith(f"run {OTHER}, of a list that was dropped later")


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b"{}", b'{"run": "x", "started": ""}'])
def test_a_damaged_pointer_to_the_newest_run_stops_nobody(world: Account, damaged: bytes) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="demo/newest.json", Body=damaged)
    world.put(f"{PREFIX}metrics.json", metrics(0.6))
    assert decide(world, None)["promote"] is True


def deploy(status: str | None, trial: str | None = None) -> dict[str, Any]:
    with Stubber(clients.sagemaker()) as stubber:
        describe(stubber, status)
        describe(stubber, trial, name=TRIAL)
        return call("plan_deployment", STATE | {"evaluation": {"artifact": ARTIFACT}})


@pytest.mark.parametrize(
    ("status", "action"), [(None, "create"), ("InService", "update"), ("Failed", "replace")]
)
def test_plan_deployment_looks_at_the_endpoint(
    world: Account, status: str | None, action: str
) -> None:
    like = golden("deployment_update" if action == "update" else "deployment_create")
    assert deploy(status) == like | {"action": action}


@pytest.mark.parametrize("config", [champion().endpoint_config, "left-behind-0"])
def test_plan_deployment_notices_what_a_run_left_behind(
    world: Account, caplog: pytest.LogCaptureFixture, config: str
) -> None:
    world.put("demo/champion.json", champion())
    with Stubber(clients.sagemaker()) as stubber:
        describe(stubber, "InService", config)
        describe(stubber, None, name=TRIAL)
        call("plan_deployment", STATE | {"evaluation": {"artifact": ARTIFACT}})
    assert ("does not serve the champion" in caplog.text) is (config == "left-behind-0")


@pytest.mark.parametrize(
    ("trial", "left_over"),
    [(None, False), ("Deleting", False), ("InService", True), ("Failed", True), ("Creating", True)],
)
def test_a_trial_that_was_left_over_is_deleted_first(
    world: Account, trial: str | None, left_over: bool
) -> None:
    assert deploy("InService", trial)["trial"] == {
        "endpoint": TRIAL,
        "endpoint_config": "tagline--0123456789abcdef-trial",
        "left_over": left_over,
        "variant": golden("deployment_update")["trial"]["variant"],
    }


def test_plan_deployment_takes_the_stacks_fleet(
    world: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENDPOINT_INSTANCE_COUNT", "2")
    assert deploy("InService") == golden("deployment_canary")


@pytest.mark.parametrize(
    ("endpoint", "fleet"),
    [
        ({"instance_type": "ml.m5.12xlarge"}, ("ml.m5.12xlarge", 1)),
        ({"instance_count": 3}, ("ml.c5.large", 3)),
    ],
)
def test_the_settings_fleet_wins(
    world: Account, endpoint: dict[str, Any], fleet: tuple[str, int]
) -> None:
    world.put(f"{PREFIX}plan.json", plan(settings=settings(endpoint=endpoint)))
    planned = deploy("InService")
    variant = planned["variant"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == fleet
    assert planned["canary"] is (fleet[1] > 1)


def test_an_endpoint_that_may_not_be_seen_is_no_missing_one(world: Account) -> None:
    with Stubber(clients.sagemaker()) as stubber:
        stubber.add_client_error("describe_endpoint", "AccessDeniedException", "no")
        with pytest.raises(ClientError):
            call("plan_deployment", STATE | {"evaluation": {"artifact": ARTIFACT}})


def smoke(world: Account, answer: object, run: str = RUN) -> dict[str, Any]:
    image = {
        "content_type": "image/jpeg",
        "body": base64.b64encode(b"jpeg").decode(),
        "scores": [0.9, 0.1],
    }
    expected = {"run": run, "labels": ["red", "round"], "images": [image]}
    world.put(f"demo/runs/{run}/smoke.json", expected)
    body = json.dumps(answer).encode()
    with Stubber(clients.sagemaker_runtime()) as stubber:
        stubber.add_response(
            "invoke_endpoint",
            {"Body": StreamingBody(io.BytesIO(body), len(body))},
            {
                "EndpointName": "tagline--demo-50876c98a6b2",
                "ContentType": "image/jpeg",
                "Accept": "application/json",
                "Body": b"jpeg",
            },
        )
        awaited = {"endpoint": "tagline--demo-50876c98a6b2", "endpoint_config": "c", "run": run}
        return call("smoke_test", STATE | {"awaited": awaited})


SCORES = {"run": RUN, "created": "2026-11-12T00:30:00Z", "labels": ["red", "round"]}


def test_an_endpoint_that_agrees_passes(world: Account) -> None:
    assert smoke(world, SCORES | {"scores": [0.915, 0.085]}) == {"checked": 1}


def test_a_champion_that_came_back_is_tested_by_its_own_runs_images(world: Account) -> None:
    assert smoke(world, SCORES | {"run": OTHER, "scores": [0.9, 0.1]}, OTHER) == {"checked": 1}


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"run": OTHER}, f"image 1 of 1: run {OTHER} answered instead of {RUN}"),
        ({"labels": ["round", "red"]}, "labels are not those"),
        ({"scores": [0.9]}, "expected 2 scores"),
        ({"scores": [0.9, 0.13]}, "round scores 0.1300, the evaluation saw 0.1000"),
        ({"scores": [0.9, 0.07]}, "round scores 0.0700, the evaluation saw 0.1000"),
        ({"scores": [float("nan"), 0.1]}, "the answer is not JSON"),
        ({"scores": [None, 0.1]}, r"the answer: scores\[0\]: Expected `float`"),
    ],
)
def test_an_endpoint_that_differs_fails(
    world: Account, wrong: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(
        SmokeTestFailed, match=rf"^Endpoint tagline--demo-50876c98a6b2, .*{complaint}"
    ):
        smoke(world, SCORES | {"scores": [0.9, 0.1]} | wrong)


@pytest.mark.parametrize(("against", "stored"), [(None, False), (OTHER, True)])
def test_record_champion_tells_where_it_serves(
    world: Account, against: str | None, stored: bool
) -> None:
    etag = world.put("demo/champion.json", champion()) if stored else None
    state = STATE | {
        "evaluation": {"artifact": ARTIFACT, "champion_run": against, "champion_etag": etag},
        "decision": {"challenger_map": 0.6, "reason": "first"},
        "deployment": {"endpoint": "tagline--demo-50876c98a6b2"},
        "model": "m-0",
        "endpoint_config": "c-0",
    }
    assert call("record_champion", state) == {"run": RUN, "edge": False}
    written = world.get("demo/champion.json")
    assert written.pop("created").endswith("Z")
    assert [reign["run"] for reign in written.pop("before")] == ([OTHER] if stored else [])
    assert written == {
        "format": 1,
        "run": RUN,
        "endpoint": "tagline--demo-50876c98a6b2",
        "endpoint_config": "c-0",
        "model": "m-0",
        "artifact": ARTIFACT,
        "mAP": 0.6,
        "reason": "first",
        "previous": against,
        "order": None,
        "kind": "images",
        "metric": "mAP",
        "value": None,
    }


def won(etag: str | None) -> dict[str, Any]:
    return STATE | {
        "evaluation": {"artifact": ARTIFACT, "champion_run": None, "champion_etag": etag},
        "decision": {"challenger_map": 0.6, "reason": "first"},
        "deployment": {"endpoint": "tagline--demo-50876c98a6b2"},
        "model": "m-0",
        "endpoint_config": "c-0",
    }


def test_record_champion_gives_way_to_a_newer_list(world: Account) -> None:
    world.put("demo/newest.json", NEWER)
    with pytest.raises(Overtaken, match=f"run {OTHER}, of a list that was dropped later"):
        call("record_champion", won(None))
    assert world.s3.list_objects_v2(Bucket=BUCKET, Prefix="demo/champion.json")["KeyCount"] == 0


def test_a_run_that_was_stopped_does_not_become_champion_afterwards(world: Account) -> None:
    """Its function may go on when the execution is stopped: then the champion is back already."""
    world.put(f"{PREFIX}status.json", status(outcome=Outcome.FAILED))
    with pytest.raises(RunEnded, match="was stopped before it became champion"):
        call("record_champion", won(None))


def test_a_champion_whose_failure_was_recorded_meanwhile_is_promoted_after_all(
    world: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RecordFailure looks at champion.json, then RecordChampion writes it, then the other wrote."""
    write = Bucket.write_over

    def failing_first(bucket: Bucket, key: str, document: Document, etag: str | None) -> None:
        if key == "demo/champion.json":
            world.put(f"{PREFIX}status.json", status(outcome=Outcome.FAILED, state="SmokeTest"))
        write(bucket, key, document, etag)

    monkeypatch.setattr(Bucket, "write_over", failing_first)
    assert call("record_champion", won(None)) == {"run": RUN, "edge": False}
    written = world.get(f"{PREFIX}status.json")
    assert (written["outcome"], written["state"]) == ("Promoted", "RecordChampion")
    assert written["reason"] == "first"
    assert world.get("demo/latest.json")["run"] == RUN


DECISION = {"reason": "judged", "challenger_map": 0.6, "champion_map": None}
ROLL_BACK = {"action": "keep", "endpoint": "tagline--demo-50876c98a6b2", "endpoint_config": None}


@pytest.mark.parametrize(
    ("held", "answer", "judged"),
    [
        (
            {"plan": {"unchanged": True, "reason": "same"}},
            {"outcome": "Unchanged", "state": "PlanDataset", "reason": "same"},
            False,
        ),
        (
            {"decision": DECISION | {"promote": False}},
            {"outcome": "NotPromoted", "state": "DecidePromotion", "reason": "judged"},
            True,
        ),
        (
            {
                "plan": {"unchanged": True, "reason": "same"},
                "rollback": ROLL_BACK
                | {"action": "create", "state": "PlanDataset", "reason": "it was missing"},
            },
            {
                "outcome": "Redeployed",
                "state": "PlanDataset",
                "reason": "same; it was missing",
            },
            False,
        ),
        (
            {
                "decision": DECISION | {"promote": False},
                "rollback": ROLL_BACK
                | {"action": "create", "state": "DecidePromotion", "reason": "it was missing"},
            },
            {
                "outcome": "NotPromoted",
                "state": "DecidePromotion",
                "reason": "judged; it was missing",
            },
            True,
        ),
        (
            {
                "decision": DECISION | {"promote": True},
                "champion": {"run": RUN},
                "rollback": ROLL_BACK
                | {"action": "create", "state": "PlanDataset", "reason": "ill", "then": "train"},
            },
            {"outcome": "Promoted", "state": "RecordChampion", "reason": "judged"},
            True,
        ),
        (
            {"plan": {"unchanged": False, "superseded": True, "reason": "newer"}},
            {"outcome": "Superseded", "state": "PlanDataset", "reason": "newer"},
            False,
        ),
        (
            {"decision": DECISION | {"promote": False, "superseded_by": OTHER}},
            {"outcome": "Superseded", "state": "DecidePromotion", "reason": "judged"},
            False,
        ),
        (
            {
                "decision": DECISION | {"promote": True},
                "rollback": ROLL_BACK
                | {"state": "RecordChampion", "reason": "newer", "superseded": True},
            },
            {"outcome": "Superseded", "state": "RecordChampion", "reason": "newer"},
            False,
        ),
        (
            {"decision": DECISION | {"promote": True}, "champion": {"run": RUN}},
            {"outcome": "Promoted", "state": "RecordChampion", "reason": "judged"},
            True,
        ),
        (
            {
                "decision": DECISION | {"promote": True},
                "rollback": ROLL_BACK | {"state": "SmokeTest", "reason": "off"},
            },
            {"outcome": "RolledBack", "state": "SmokeTest", "reason": "off"},
            False,
        ),
    ],
)
def test_record_outcome_leaves_the_fingerprint_only_for_judged_runs(
    world: Account,
    capsys: pytest.CaptureFixture[str],
    held: dict[str, Any],
    answer: dict[str, Any],
    judged: bool,
) -> None:
    state = STATE | {"plan": {"unchanged": False, "reason": "new"}} | held
    assert call("record_outcome", state) == answer
    assert f'"Runs{answer["outcome"]}":[1.0]' in capsys.readouterr().out  # the metric
    status = world.get(f"{PREFIX}status.json")
    assert status.pop("ended").endswith("Z")
    assert status.pop("cost")["unknown"]  # there is no such execution
    assert status.pop("order") is None
    about = {"format": 1, "run": RUN, "dataset": "demo", "started": STATE["started"]}
    assert status == about | answer
    left = world.s3.list_objects_v2(Bucket=BUCKET, Prefix="demo/latest.json")
    assert left["KeyCount"] == judged
    if judged:
        about = {"format": 1, "run": RUN, "fingerprint": "abc"}
        assert world.get("demo/latest.json") == about | {"outcome": answer["outcome"]}


@pytest.mark.parametrize(
    ("function", "variable"),
    [
        ("plan_training", "TRAINER_IMAGE"),
        ("plan_training", "TRAINING_INSTANCE_TYPE"),
        ("plan_training", "SAGEMAKER_ROLE_ARN"),
        ("plan_training", "STACK_NAME"),
        ("plan_evaluation", "TRAINER_IMAGE"),
        ("plan_evaluation", "EVALUATION_INSTANCE_TYPE"),
        ("plan_deployment", "SERVER_IMAGE"),
        ("plan_deployment", "ENDPOINT_INSTANCE_TYPE"),
        ("plan_deployment", "ENDPOINT_INSTANCE_COUNT"),
    ],
)
def test_a_variable_that_is_missing_is_named(
    world: Account, monkeypatch: pytest.MonkeyPatch, function: str, variable: str
) -> None:
    monkeypatch.delenv(variable)
    state = STATE | {"trained": {"artifact": ARTIFACT}, "evaluation": {"artifact": ARTIFACT}}
    with Stubber(clients.sagemaker()) as stubber:
        describe(stubber, None)
        describe(stubber, None, name=TRIAL)
        with pytest.raises(WrongEnvironment, match=variable):
            call(function, state)


@pytest.mark.parametrize("function", ["decide_promotion", "record_champion", "plan_roll_back"])
def test_an_event_that_lacks_a_key_names_it(world: Account, function: str) -> None:
    with pytest.raises(UnreadableDocument, match=r"the event of \w+: .* `run`"):
        call(function, {"bucket": BUCKET})


def test_decide_promotion_holds_a_candidate_back_whatever_was_dropped_later(world: Account) -> None:
    world.put("demo/newest.json", NEWER)
    world.put(f"{PREFIX}metrics.json", metrics(0.6, 0.5))
    world.put(f"{PREFIX}plan.json", plan(candidate=True, tried=("training.epochs=20",)))
    decision = call("decide_promotion", STATE | {"evaluation": {"champion_run": OTHER}})
    assert (decision["promote"], decision["superseded_by"]) == (False, None)
    assert decision["reason"].startswith("a candidate that was tried (training.epochs=20)")
    assert "the gate would promote it: Better: mAP 0.6000" in decision["reason"]
