"""The flow's handlers, called as Lambda calls them, against a mocked account."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from tagline.settings.schema import Settings

from tagline.aws import clients
from tagline.serving.smoke import SmokeTestFailed
from tests.unit.flow_world import (
    BUCKET,
    PREFIX,
    RUN,
    STATE,
    Account,
    account,
    call,
    describe,
)

DATASET_JSON = {
    "train": 80,
    "validation": 20,
    "labels": ["red", "round"],
    "image": {"size": 96, "mode": "letterbox", "background": "#ffffff"},
    "bytes": {"train": 1000, "validation": 200},
}
ARTIFACT = "s3://data/demo/output/job/output/model.tar.gz"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        made.put(f"{PREFIX}dataset.json", DATASET_JSON)
        made.put(f"{PREFIX}plan.json", {"settings": Settings().to_dict(), "fingerprint": "abc"})
        yield made


def test_plan_training_keeps_what_it_answers(world: Account) -> None:
    planned = call("plan_training", STATE)
    assert planned["mode"] == "train"
    assert world.get(f"{PREFIX}training.json") == planned


def test_plan_evaluation_reads_the_champion_afresh(world: Account) -> None:
    state = STATE | {"trained": {"artifact": ARTIFACT}}
    assert call("plan_evaluation", state)["champion_run"] is None
    etag = world.put("demo/champion.json", {"run": "demo-00000000000000ff", "artifact": "s3://o"})
    planned = call("plan_evaluation", state)
    assert (planned["champion_run"], planned["champion_etag"]) == ("demo-00000000000000ff", etag)


def test_decide_promotion_keeps_its_decision(world: Account) -> None:
    world.put(f"{PREFIX}metrics.json", {"mAP": 0.6, "champion": {"mAP": 0.5}})
    state = STATE | {"evaluation": {"champion_run": "demo-00000000000000ff"}}
    decision = call("decide_promotion", state)
    assert decision["promote"] is True
    assert (decision["challenger_map"], decision["champion_map"]) == (0.6, 0.5)
    assert world.get(f"{PREFIX}decision.json") == decision


@pytest.mark.parametrize(("status", "action"), [(None, "create"), ("InService", "update")])
def test_plan_deployment_looks_at_the_endpoint(
    world: Account, status: str | None, action: str
) -> None:
    with Stubber(clients.sagemaker()) as stubber:
        describe(stubber, status)
        planned = call("plan_deployment", STATE | {"evaluation": {"artifact": ARTIFACT}})
    assert planned["action"] == action
    assert planned["container"]["ModelDataUrl"] == ARTIFACT
    assert planned["fleet"] == {"instance_type": "ml.c5.large", "instance_count": 1}


def test_an_endpoint_that_may_not_be_seen_is_no_missing_one(world: Account) -> None:
    with Stubber(clients.sagemaker()) as stubber:
        stubber.add_client_error("describe_endpoint", "AccessDeniedException", "no")
        with pytest.raises(ClientError):
            call("plan_deployment", STATE | {"evaluation": {"artifact": ARTIFACT}})


def smoke(world: Account, answer: object) -> dict[str, Any]:
    image = {
        "content_type": "image/jpeg",
        "body": base64.b64encode(b"jpeg").decode(),
        "scores": [0.9, 0.1],
    }
    expected = {"run": RUN, "labels": ["red", "round"], "images": [image]}
    world.put(f"{PREFIX}smoke.json", expected)
    body = json.dumps(answer).encode()
    with Stubber(clients.sagemaker_runtime()) as stubber:
        stubber.add_response(
            "invoke_endpoint",
            {"Body": StreamingBody(io.BytesIO(body), len(body))},
            {
                "EndpointName": "tagline-demo",
                "ContentType": "image/jpeg",
                "Accept": "application/json",
                "Body": b"jpeg",
            },
        )
        return call("smoke_test", STATE | {"deployment": {"endpoint": "tagline-demo"}})


def test_an_endpoint_that_agrees_passes(world: Account) -> None:
    said = {"run": RUN, "labels": ["red", "round"], "scores": [0.915, 0.085]}
    assert smoke(world, said) == {"checked": 1}


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"run": "demo-00000000000000ff"}, "answered instead of"),
        ({"labels": ["round", "red"]}, "labels are not those"),
        ({"scores": [0.9]}, "expected 2 scores"),
        ({"scores": [0.9, 0.13]}, "round scores 0.1300, the evaluation saw 0.1000"),
        ({"scores": [float("nan"), 0.1]}, "red scores nan"),
    ],
)
def test_an_endpoint_that_differs_fails(
    world: Account, wrong: dict[str, Any], complaint: str
) -> None:
    said = {"run": RUN, "labels": ["red", "round"], "scores": [0.9, 0.1]} | wrong
    with pytest.raises(SmokeTestFailed, match=complaint):
        smoke(world, said)


def test_record_champion_tells_where_it_serves(world: Account) -> None:
    state = STATE | {
        "evaluation": {"artifact": ARTIFACT, "champion_run": None, "champion_etag": None},
        "decision": {"challenger_map": 0.6, "reason": "first"},
        "deployment": {"endpoint": "tagline-demo"},
        "model": "m-0",
        "endpoint_config": "c-0",
    }
    assert call("record_champion", state) == {"run": RUN}
    champion = world.get("demo/champion.json")
    assert champion.pop("created").endswith("Z")
    assert champion == {
        "run": RUN,
        "endpoint": "tagline-demo",
        "endpoint_config": "c-0",
        "model": "m-0",
        "artifact": ARTIFACT,
        "mAP": 0.6,
        "reason": "first",
        "previous": None,
    }


def test_record_outcome_leaves_the_fingerprint_only_for_judged_runs(world: Account) -> None:
    judged = {"plan": {"unchanged": False}, "decision": {"promote": False, "reason": "worse"}}
    answer = call("record_outcome", STATE | judged)
    assert answer == {"outcome": "NotPromoted", "state": "DecidePromotion", "reason": "worse"}
    assert world.get("demo/latest.json")["fingerprint"] == "abc"
    world.s3.delete_object(Bucket=BUCKET, Key="demo/latest.json")
    world.s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}status.json")
    call("record_outcome", STATE | {"plan": {"unchanged": True, "reason": "same"}})
    left = world.s3.list_objects_v2(Bucket=BUCKET, Prefix="demo/latest.json")
    assert left["KeyCount"] == 0
