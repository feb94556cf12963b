"""RecordFailure: of executions that failed, were stopped, or ran out of time."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tagline.aws import clients
from tagline.aws.environment import WrongEnvironment
from tagline.formats.document import UnreadableDocument
from tagline.formats.outcomes import Outcome
from tests.unit.cloudformation import ROOT
from tests.unit.documents import RUN, champion, plain, plan, status
from tests.unit.flow_world import (
    BUCKET,
    PREFIX,
    STATE,
    TRIAL,
    VARIABLES,
    Account,
    account,
    call,
    event,
)

ARN = f"arn:aws:states:us-east-1:123456789012:execution:tagline-retrain:{RUN}"
TOPIC = VARIABLES["ALERTS_TOPIC_ARN"]
OURS = {
    "format": 1,
    "order": None,
    "run": RUN,
    "dataset": "demo",
    "started": "2026-11-12T00:00:00Z",
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


@pytest.fixture
def executions(world: Account) -> Iterator[Stubber]:
    with Stubber(clients.stepfunctions()) as stubber:
        yield stubber


def heard(published: dict[str, Any]) -> Callable[..., None]:
    """Return a listener that keeps what is sent."""

    def keep(params: dict[str, Any], **_: Any) -> None:
        published.update(params)

    return keep


def history(stubber: Stubber, *events: dict[str, Any]) -> None:
    numbered = [{"id": 99 - i, "timestamp": 0} | e for i, e in enumerate(events)]
    asked = {
        "executionArn": ARN,
        "reverseOrder": True,
        "includeExecutionData": False,
        "maxResults": 1000,
    }
    stubber.add_response("get_execution_history", {"events": numbered}, asked)


def entered(name: str, kind: str = "Task") -> dict[str, Any]:
    return {"type": f"{kind}StateEntered", "stateEnteredEventDetails": {"name": name}}


def failed(error: str, cause: str) -> dict[str, Any]:
    """EventBridge's notice of an execution that failed of a state's error."""
    notice = event("execution_aborted")
    notice["detail"] |= {"status": "FAILED", "error": error, "cause": cause}
    return notice


def record(notice: dict[str, Any]) -> dict[str, Any]:
    """Return the status.json that a notice leads to, and let one message be sent."""
    with Stubber(clients.sns()) as stubber:
        tell(stubber)
        call("record_failure", notice)
        stubber.assert_no_pending_responses()
    written: dict[str, Any] = json.loads(
        boto3.client("s3").get_object(Bucket=BUCKET, Key=f"{PREFIX}status.json")["Body"].read()
    )
    return written


def test_a_failure_is_told_with_its_state(
    world: Account, executions: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    history(executions, entered("Train"))
    cause = '{"FailureReason": "AlgorithmError: lr"}'
    written = record(failed("States.TaskFailed", cause))
    said = {
        "outcome": "Failed",
        "state": "Train",
        "reason": "Train: AlgorithmError: lr. See the training job's log, correct dataset.yaml, "
        "then upload the list again.",
    }
    assert '"RunsFailed":[1.0]' in capsys.readouterr().out  # the metric
    assert written.pop("ended").endswith("Z")
    assert written.pop("cost")["unknown"]  # nothing more is told of the execution
    assert written == OURS | said


def test_a_job_that_was_judged_is_told_as_the_state_that_ran_it(
    world: Account, executions: Stubber
) -> None:
    history(executions, entered("JudgeFailure"), entered("Train"))
    told = json.dumps({"Error": "States.TaskFailed", "Cause": "AlgorithmError: lr"})
    written = record(
        failed("JobFailed", json.dumps({"errorMessage": told, "errorType": "JobFailed"}))
    )
    assert written["state"] == "Train"
    assert written["reason"].startswith("Train: AlgorithmError: lr. See the training job's log")


def test_a_judge_that_breaks_off_is_told_itself(world: Account, executions: Stubber) -> None:
    history(executions, entered("JudgeFailure"), entered("Train"))
    assert record(failed("Lambda.Unknown", "exit"))["state"] == "JudgeFailure"


def test_what_the_packing_container_left_is_the_reason(world: Account, executions: Stubber) -> None:
    note = b"All 12 rows were rejected: see rejects.jsonl\n"
    world.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}failures/PackDataset.txt", Body=note)
    history(executions, entered("PackDataset"))
    cause = '{"Containers": [{"Name": "im2rec", "ExitCode": 1}]}'
    answer = record(failed("States.TaskFailed", cause))
    assert answer["reason"] == "PackDataset: All 12 rows were rejected: see rejects.jsonl."


def test_a_long_note_is_read_only_as_far_as_a_reason_reaches(
    world: Account, executions: Stubber
) -> None:
    note = "\N{SNOWMAN}".encode() * 1500  # 4,500 bytes
    world.s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}failures/PackDataset.txt", Body=note)
    history(executions, entered("PackDataset"))
    reason = record(failed("States.TaskFailed", "{}"))["reason"]
    assert reason.count("\N{SNOWMAN}") == 1365  # in 4,096 bytes


@pytest.mark.parametrize(
    ("state", "given", "named"),
    [
        ("FetchShards", {"shard": "00007"}, "shard 00007"),
        (
            "PackParts",
            {"BatchInput": {}, "Items": [{"shard": "00100"}, {"shard": "00101"}]},
            "shards 00100 to 00101",
        ),
    ],
)
def test_a_map_tells_of_its_failed_child(
    world: Account, executions: Stubber, state: str, given: dict[str, object], named: str
) -> None:
    history(executions, entered(state, "Map"))
    run = {"executionArn": ARN, "mapRunArn": "arn:run", "stateMachineArn": "arn:m", "startDate": 9}
    before = run | {"mapRunArn": "arn:before", "startDate": 0}
    executions.add_response("list_map_runs", {"mapRuns": [before, run]}, {"executionArn": ARN})
    child = {"name": "c", "status": "FAILED", "startDate": 0} | {
        "executionArn": "arn:child",
        "stateMachineArn": "arn:m",
    }
    executions.add_response(
        "list_executions",
        {"executions": [child]},
        {"mapRunArn": "arn:run", "statusFilter": "FAILED", "maxResults": 1},
    )
    told = {
        **child,
        "input": json.dumps(given),
        "error": "ShardOutOfTime",
        "cause": json.dumps({"errorMessage": "600 of 900 s", "errorType": "ShardOutOfTime"}),
    }
    executions.add_response("describe_execution", told, {"executionArn": "arn:child"})
    answer = record(failed("States.ExceedToleratedFailureThreshold", "exceeded"))
    assert f"{named}: ShardOutOfTime: 600 of 900 s" in answer["reason"]
    assert answer["state"] == state


def test_a_status_that_is_there_is_not_overwritten(
    world: Account, executions: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    world.put(f"{PREFIX}status.json", status())
    history(executions, entered("RecordOutcome"))
    with Stubber(clients.sns()):  # any call would be an error
        answer = call("record_failure", failed("X", "y"))
    assert answer == {"recorded": False, "outcome": "Promoted"}
    assert "RunsPromoted" not in capsys.readouterr().out  # counted once already
    assert world.get(f"{PREFIX}status.json") == plain(status())


def test_a_history_without_a_state_is_said_so(world: Account, executions: Stubber) -> None:
    history(executions)
    answer = record(failed("X", "odd"))
    assert answer["reason"].startswith("odd (the execution's history names no task")
    assert (answer["outcome"], answer["state"]) == ("Failed", "Unknown")


def test_a_notice_that_comes_after_the_execution_was_redriven_is_out_of_date(
    world: Account, executions: Stubber
) -> None:
    """EventBridge delivers for hours, and a dead-letter queue's messages are sent again."""
    history(executions, entered("Train"), {"type": "ExecutionRedriven"},
            {"type": "ExecutionFailed"}, entered("Train"))  # fmt: skip
    with Stubber(clients.sns()):  # any call would be an error
        assert call("record_failure", failed("X", "y")) == {"recorded": False}


def test_an_execution_of_an_earlier_flow_is_told_by_the_state_that_failed(
    world: Account, executions: Stubber
) -> None:
    """It goes on under its own definition while the stack is upgraded."""
    history(executions, entered("NotifyFailure"), entered("RecordFailure"), entered("Train"))
    assert record(failed("States.TaskFailed", "odd"))["state"] == "Train"


def test_a_redriven_execution_that_fails_again_is_recorded(
    world: Account, executions: Stubber
) -> None:
    before = ({"type": "ExecutionFailed"}, entered("Train"))
    again = ({"type": "ExecutionFailed"}, entered("Evaluate"), {"type": "ExecutionRedriven"})
    history(executions, *again, *before)
    assert record(failed("X", "y"))["state"] == "Evaluate"


def test_a_failure_that_could_not_be_announced_is_not_told_yet(
    world: Account, executions: Stubber
) -> None:
    """Lambda and EventBridge try again: nobody may miss it because status.json is there."""
    history(executions, entered("Train"))
    with Stubber(clients.sns()) as stubber:
        stubber.add_client_error("publish", "InternalError")
        with pytest.raises(ClientError):
            call("record_failure", failed("X", "y"))
    assert "Contents" not in world.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{PREFIX}status")


def told_by(state: str) -> dict[str, Any]:
    """Return the message attributes that a state of the flow sends of dataset demo."""
    flow = json.loads((ROOT / "statemachine/retrain.asl.json").read_text(encoding="utf-8"))
    text = json.dumps(flow["States"][state]["Parameters"]["MessageAttributes"])
    told: dict[str, Any] = json.loads(
        text.replace('"StringValue.$": "$.dataset"', '"StringValue": "demo"')
    )
    return told


def test_an_aborted_execution_is_recorded_and_announced(
    world: Account, executions: Stubber
) -> None:
    history(executions, {"type": "ExecutionAborted"}, entered("Train"))
    said = {
        "outcome": "Failed",
        "state": "Train",
        "reason": "Train: stopped by hand: upload the list again to start over.",
    }
    published: dict[str, Any] = {}
    topic = clients.sns()
    topic.meta.events.register("provide-client-params.sns.Publish", heard(published))
    with Stubber(topic) as stubber:
        stubber.add_response("publish", {"MessageId": "1"})
        answer = call("record_failure", event("execution_aborted"))
        stubber.assert_no_pending_responses()
    assert answer == {"recorded": True, "outcome": "Failed"}
    written = world.get(f"{PREFIX}status.json")
    assert written.pop("ended").endswith("Z")
    assert written.pop("cost")["unknown"]  # nothing more is told of the execution
    assert written == OURS | said
    assert json.loads(published.pop("Message")) == said | {
        "run": RUN,
        "dataset": "demo",
        "status": f"s3://{BUCKET}/{PREFIX}status.json",
        "execution": ARN,
    }
    assert published == {
        "TopicArn": TOPIC,
        "Subject": "Tagline: a run of demo failed",
        "MessageAttributes": told_by("NotifyRollBack"),
    }


def test_the_event_after_a_recorded_failure_says_nothing_more(
    world: Account, executions: Stubber
) -> None:
    world.put(f"{PREFIX}status.json", status())
    history(executions, {"type": "ExecutionAborted"}, entered("Train"))
    with Stubber(clients.sns()):  # any call would be an error
        answer = call("record_failure", event("execution_aborted"))
    assert answer == {"recorded": False, "outcome": "Promoted"}


@pytest.mark.parametrize("detail", [{"input": None}, {"input": "{}"}, {"input": '{"run": "x"}'}])
def test_an_execution_without_its_input_is_recorded_all_the_same(
    world: Account, executions: Stubber, detail: dict[str, Any]
) -> None:
    history(executions, {"type": "ExecutionTimedOut"}, entered("Tune"))
    ended = event("execution_aborted")
    ended["detail"] |= detail | {"error": "States.Timeout", "cause": "too long"}
    with Stubber(clients.sns()) as stubber:
        stubber.add_response("publish", {"MessageId": "1"})
        assert call("record_failure", ended)["recorded"] is True
    written = world.get(f"{PREFIX}status.json")
    assert written["started"] == ""
    assert written["reason"].startswith("Tune: too long. See the trials' logs")


def test_an_input_that_is_none_is_refused_with_its_execution(world: Account) -> None:
    ended = event("execution_aborted")
    ended["detail"]["input"] = '{"started": 7}'
    with pytest.raises(UnreadableDocument, match=rf"^the input of {ARN}: started: Expected `str`"):
        call("record_failure", ended)


@pytest.mark.parametrize("variable", ["ALERTS_TOPIC_ARN", "DATA_BUCKET"])
def test_a_variable_that_is_missing_is_named(
    world: Account, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(WrongEnvironment, match=variable):
        call("record_failure", event("execution_aborted"))


def test_an_execution_started_by_hand_is_no_run(world: Account, executions: Stubber) -> None:
    by_hand = event("execution_aborted")
    by_hand["detail"]["name"] = "trial"
    assert call("record_failure", by_hand) == {"recorded": False}


MACHINE = VARIABLES["STATE_MACHINE_ARN"]


def restoring(attempt: int, endpoint: str = "tagline--demo-50876c98a6b2") -> dict[str, Any]:
    """Return the request that brings the champion back after the run broke off."""
    given = STATE | {"restore": {"endpoint": endpoint}}
    order = ("bucket", "run", "dataset", "started", "restore")
    text = json.dumps({key: given[key] for key in order}, separators=(",", ":"))
    return {"stateMachineArn": MACHINE, "name": f"{RUN}-restore-{attempt}", "input": text}


AT_THE_ENDPOINT = [
    *("CreateEndpoint", "UpdateEndpoint", "ReplaceEndpoint"),
    *("UpdateServerlessEndpoint", "StopScaling"),
    *("RecordChampion", "PlanRollBack"),
]


def tell(stubber: Stubber) -> None:
    stubber.add_response("publish", {"MessageId": "1"})


@pytest.mark.parametrize("state", AT_THE_ENDPOINT)
@pytest.mark.parametrize("repeated", [False, True])
def test_a_run_that_broke_off_at_the_endpoint_is_followed_by_a_roll_back(
    world: Account, executions: Stubber, state: str, repeated: bool
) -> None:
    """Repeated: Lambda tries again after it died between the two."""
    history(executions, {"type": "ExecutionAborted"}, entered(state), entered("CreateModel"))
    if repeated:
        world.put(f"{PREFIX}status.json", status(outcome=Outcome.FAILED))
        executions.add_client_error("start_execution", "ExecutionAlreadyExists")
    else:
        executions.add_response(
            "start_execution", {"executionArn": "arn:r", "startDate": 0}, restoring(1)
        )
    with Stubber(clients.sns()) as stubber:
        if not repeated:
            tell(stubber)
        answer = call("record_failure", event("execution_aborted"))
    assert answer == {"recorded": not repeated, "outcome": "Failed"}
    executions.assert_no_pending_responses()


def test_a_redriven_run_that_fails_at_the_endpoint_again_has_a_roll_back_of_its_own(
    world: Account, executions: Stubber
) -> None:
    """A name is never used twice: the roll-back after the first failure has ended."""
    again = ({"type": "ExecutionFailed"}, entered("CreateEndpoint"), {"type": "ExecutionRedriven"})
    history(executions, *again, {"type": "ExecutionFailed"}, entered("CreateEndpoint"))
    executions.add_response(
        "start_execution", {"executionArn": "arn:r", "startDate": 0}, restoring(11)
    )
    record(failed("X", "y"))


@pytest.mark.parametrize("state", ["CreateTrial", "DescribeEndpoint", "SmokeTest", "EndTrial"])
def test_after_a_run_that_broke_off_in_its_trial_that_settles_first(
    world: Account, executions: Stubber, state: str
) -> None:
    history(executions, {"type": "ExecutionAborted"}, entered(state), entered("CreateTrial"))
    executions.add_response(
        "start_execution", {"executionArn": "arn:r", "startDate": 0}, restoring(1, TRIAL)
    )
    with Stubber(clients.sns()) as stubber:
        tell(stubber)
        call("record_failure", event("execution_aborted"))
    executions.assert_no_pending_responses()


@pytest.mark.parametrize("state", ["TakeOrder", "UpdateEndpoint"])
def test_an_order_that_failed_is_told_and_leaves_its_runs_ending(
    world: Account, executions: Stubber, state: str
) -> None:
    """What it changed is brought back under a name that no break-off of the run has."""
    before = world.put(f"{PREFIX}status.json", status(outcome=Outcome.NOT_PROMOTED))
    notice = event("execution_aborted")
    notice["detail"] |= {"name": f"{RUN}-order-1795718384"}
    history(executions, {"type": "ExecutionAborted"}, entered(state))
    if state == "UpdateEndpoint":
        executions.add_response(
            "start_execution", {"executionArn": "arn:r", "startDate": 0}, restoring(17957183841)
        )
    published: dict[str, Any] = {}
    with Stubber(clients.sns()) as stubber:
        stubber.add_response("publish", {"MessageId": "1"})
        clients.sns().meta.events.register("provide-client-params.sns.Publish", heard(published))
        assert call("record_failure", notice) == {"recorded": False}
    executions.assert_no_pending_responses()
    assert json.loads(published["Message"])["state"] == state
    assert world.s3.head_object(Bucket=BUCKET, Key=f"{PREFIX}status.json")["ETag"] == before


def test_what_settles_first_stays_the_same_in_each_attempt(
    world: Account, executions: Stubber
) -> None:
    ended = event("execution_aborted")
    ended["detail"] |= {"name": f"{RUN}-restore-1", "input": restoring(1, TRIAL)["input"]}
    executions.add_response(
        "start_execution", {"executionArn": "arn:r", "startDate": 0}, restoring(2, TRIAL)
    )
    assert call("record_failure", ended) == {"recorded": False}
    executions.assert_no_pending_responses()


@pytest.mark.parametrize("state", ["PlanDataset", "Train", "Evaluate", "CreateEndpointConfig"])
def test_a_run_that_did_not_come_to_the_endpoint_leaves_it(
    world: Account, executions: Stubber, state: str
) -> None:
    history(executions, {"type": "ExecutionAborted"}, entered(state))
    with Stubber(clients.sns()) as stubber:
        tell(stubber)
        call("record_failure", event("execution_aborted"))  # any other call would be an error
    executions.assert_no_pending_responses()


@pytest.mark.parametrize("broken", ["ABORTED", "TIMED_OUT"])
def test_a_roll_back_that_broke_off_is_begun_again(
    world: Account, executions: Stubber, broken: str
) -> None:
    ended = event("execution_aborted")
    ended["detail"] |= {"name": f"{RUN}-restore-1", "status": broken}
    executions.add_response(
        "start_execution", {"executionArn": "arn:r", "startDate": 0}, restoring(2)
    )
    assert call("record_failure", ended) == {"recorded": False}
    executions.assert_no_pending_responses()


def test_a_roll_back_that_fails_says_so_and_leaves_the_runs_status(
    world: Account, executions: Stubber
) -> None:
    world.put(f"{PREFIX}status.json", status(outcome=Outcome.FAILED))
    events = [entered("PlanRollBack"), entered("RestoreChampion")]
    numbered = [{"id": 99 - i, "timestamp": 0} | e for i, e in enumerate(events)]
    executions.add_response("get_execution_history", {"events": numbered})
    notice = failed("X", "gone")
    notice["detail"] |= {"name": f"{RUN}-restore-1", "executionArn": f"{ARN}-restore-1"}
    published: dict[str, Any] = {}
    topic = clients.sns()
    topic.meta.events.register("provide-client-params.sns.Publish", heard(published))
    with Stubber(topic) as stubber:
        tell(stubber)
        assert call("record_failure", notice) == {"recorded": False}
    told = json.loads(published["Message"])
    assert (told["outcome"], told["state"]) == ("Failed", "PlanRollBack")
    assert world.get(f"{PREFIX}status.json") == plain(status(outcome=Outcome.FAILED))


@pytest.mark.parametrize("state", ["RecordChampion", "RecordOutcome"])
def test_a_run_that_champion_json_names_did_not_fail(
    world: Account, executions: Stubber, state: str
) -> None:
    world.put("demo/champion.json", champion(run=RUN, reason="mAP 0.6"))
    world.put(f"{PREFIX}plan.json", plan())
    history(executions, entered(state))
    with Stubber(clients.sns()):  # any call would be an error
        answer = call("record_failure", failed("Runtime.ExitError", "killed"))
        assert answer == {"recorded": True, "outcome": "Promoted"}
    written = world.get(f"{PREFIX}status.json")
    assert (written["outcome"], written["state"]) == ("Promoted", "RecordChampion")
    assert written["reason"] == "mAP 0.6"
    assert world.get("demo/latest.json")["run"] == RUN
    assert world.get("demo/latest.json")["outcome"] == "Promoted"
    executions.assert_no_pending_responses()


@pytest.mark.parametrize("damaged", [b"", b"[]", b"{}"])
def test_a_damaged_champion_keeps_no_failure_from_being_recorded(
    world: Account, executions: Stubber, damaged: bytes
) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="demo/champion.json", Body=damaged)
    history(executions, entered("PlanDataset"))
    assert record(failed("X", "y"))["outcome"] == "Failed"


def test_who_cancelled_a_run_is_quoted(world: Account, executions: Stubber) -> None:
    history(executions, {"type": "ExecutionAborted"}, entered("Train"))
    ended = event("execution_aborted")
    ended["detail"] |= {"error": "Cancelled", "cause": "the wrong list"}
    with Stubber(clients.sns()) as stubber:
        tell(stubber)
        call("record_failure", ended)
    assert world.get(f"{PREFIX}status.json")["reason"] == "Train: cancelled: the wrong list."


def test_a_laptop_that_was_stopped_is_told_so(world: Account, executions: Stubber) -> None:
    history(executions, {"type": "ExecutionAborted"}, entered("Train"))
    ended = event("execution_aborted")
    ended["detail"] |= {"error": "Laptop.Stopped", "cause": "The laptop cloud stopped while"}
    with Stubber(clients.sns()) as stubber:
        tell(stubber)
        call("record_failure", ended)
    reason = world.get(f"{PREFIX}status.json")["reason"]
    assert reason.startswith("Train: the laptop cloud was stopped while the run went on: upload")
