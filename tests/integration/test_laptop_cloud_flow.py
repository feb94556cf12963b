"""State machines on the laptop cloud: errors by name, the services they call, executions' rules."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import Stack, task
from tests.laptop import eventually

pytestmark = pytest.mark.cloud
MAP = {
    "Type": "Map",
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Double",
    },
    "MaxConcurrency": 40,
    "End": True,
}


def call(stack: Stack, function: str, payload: object, **more: object) -> dict[str, Any]:
    return task("lambda:invoke", {"FunctionName": stack[function], "Payload": payload}, **more)


def test_a_task_is_retried_by_the_name_of_its_error(stack: Stack) -> None:
    retry = [{"ErrorEquals": ["OutOfInk"], "IntervalSeconds": 0, "MaxAttempts": 3}]
    mood = {"mood": "once", "id": uuid.uuid4().hex, "failures": 2}
    result = stack.run({"Try": call(stack, "Moody", mood, Retry=retry)})
    assert json.loads(result["output"])["Payload"] == {"attempts": 3}


def test_a_task_is_caught_by_the_name_of_its_error(stack: Stack) -> None:
    catch = [
        {"ErrorEquals": ["OutOfPaper"], "Next": "Wrong"},
        {"ErrorEquals": ["OutOfInk"], "Next": "Right", "ResultPath": "$.error"},
    ]
    states = {
        "Try": call(stack, "Moody", {"mood": "angry"}, Catch=catch),
        "Wrong": {"Type": "Fail"},
        "Right": {"Type": "Succeed"},
    }
    result = stack.run(states, {"kept": 1})
    output = json.loads(result["output"])
    assert output["kept"] == 1
    assert json.loads(output["error"]["Cause"])["errorMessage"] == "the cartridge is empty"


def test_the_same_start_is_one_execution(stack: Stack) -> None:
    sfn = stack.client("stepfunctions")
    waiting = {"Wait": {"Type": "Wait", "Seconds": 2, "End": True}}
    started = stack.run(waiting, {"n": 1}, wait=False)
    again = {"stateMachineArn": started["stateMachineArn"], "name": started["name"]}
    same = sfn.start_execution(**again, input=started["input"])
    assert same["executionArn"] == started["executionArn"]
    with pytest.raises(ClientError) as other:
        sfn.start_execution(**again, input='{"n": 2}')
    assert other.value.response["Error"]["Code"] == "ExecutionAlreadyExists"
    stack.result(started["executionArn"])
    with pytest.raises(ClientError) as ended:
        sfn.start_execution(**again, input=started["input"])
    assert ended.value.response["Error"]["Code"] == "ExecutionAlreadyExists"


def test_a_result_over_256_kib_fails_the_execution(stack: Stack) -> None:
    result = stack.run({"Talk": call(stack, "Moody", {"mood": "talkative", "size": 300_000})})
    assert (result["status"], result["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_what_cannot_be_repaired_is_not_retried_by_states_all(stack: Stack) -> None:
    states = {
        "Ask": task(
            "batch:submitJob.sync", {}, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "End"}]
        ),
        "End": {"Type": "Succeed"},
    }
    assert stack.run(states)["error"] == "States.Runtime"


def test_a_distributed_map_writes_its_results(stack: Stack) -> None:
    items = [{"number": number} for number in range(5)]
    s3 = stack.client("s3")
    s3.put_object(Bucket=stack["Bucket"], Key="items.json", Body=json.dumps(items).encode())
    double = call(stack, "Moody", {"number.$": "$.number"}, OutputPath="$.Payload")
    state = {
        **MAP,
        "ItemProcessor": {**MAP["ItemProcessor"], "States": {"Double": double}},  # type: ignore[dict-item]
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": stack["Bucket"], "Key": "items.json"},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": stack["Bucket"], "Prefix.$": "$.prefix"},
        },
        "ResultPath": "$.written",
    }
    result = stack.run({"Shards": state}, {"prefix": "results/"})
    assert result["status"] == "SUCCEEDED", result
    written = json.loads(result["output"])["written"]["ResultWriterDetails"]

    def read(key: str) -> Any:
        return json.loads(s3.get_object(Bucket=stack["Bucket"], Key=key)["Body"].read())

    manifest = read(written["Key"])
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    outputs = [json.loads(row["Output"])["doubled"] for row in read(file["Key"])]
    assert sorted(outputs) == [0, 2, 4, 6, 8]
    assert manifest["ResultFiles"]["FAILED"] == []


@pytest.mark.parametrize("batcher", [{"MaxItemsPerBatch": 2}, {"MaxItemsPerBatchPath": "$.n"}])
def test_a_distributed_map_hands_out_batches(stack: Stack, batcher: dict[str, object]) -> None:
    echo = call(stack, "Echo", {"items.$": "$.Items"}, OutputPath="$.Payload.event")
    processor = {**MAP["ItemProcessor"], "States": {"Double": echo}}  # type: ignore[dict-item]
    state = {**MAP, "ItemProcessor": processor, "ItemBatcher": batcher, "ItemsPath": "$.items"}
    result = stack.run({"Shards": state}, {"items": [1, 2, 3], "n": 2})
    assert json.loads(result["output"]) == [{"items": [1, 2]}, {"items": [3]}]


def test_a_failed_child_fails_the_distributed_map(stack: Stack) -> None:
    angry = call(stack, "Moody", {"mood": "angry"})
    processor = {**MAP["ItemProcessor"], "States": {"Double": angry}}  # type: ignore[dict-item]
    state = {**MAP, "ItemProcessor": processor, "ItemsPath": "$.items"}
    result = stack.run({"Shards": state}, {"items": [1]})
    assert result["error"] == "States.ExceedToleratedFailureThreshold"


def test_sdk_tasks_reach_s3_cloudwatch_and_sns(stack: Stack) -> None:
    key = f"written/{uuid.uuid4().hex}"
    where = {"Bucket": stack["Bucket"], "Key": key}
    alarm = {
        "AlarmName": "too-many",
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocation5XXErrors",
        "Dimensions": [{"Name": "EndpointName", "Value": "e"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    states = {
        "Put": task("aws-sdk:s3:putObject", {**where, "Body": {"a": 1}}) | {"Next": "Get"},
        "Get": task("aws-sdk:s3:getObject", where) | {"Next": "Alarm", "ResultPath": "$.got"},
        "Alarm": task("aws-sdk:cloudwatch:putMetricAlarm", alarm)
        | {"Next": "Tell", "ResultPath": None},
        "Tell": task("sns:publish", {"TopicArn": stack["Topic"], "Message.$": "$.got.Body"})
        | {"ResultPath": None},
    }
    for name in ("Put", "Get", "Alarm"):
        del states[name]["End"]
    result = stack.run(states)
    assert json.loads(json.loads(result["output"])["got"]["Body"]) == {"a": 1}
    alarms = stack.client("cloudwatch").describe_alarms(AlarmNames=["too-many"])["MetricAlarms"]
    assert alarms[0]["Dimensions"] == [{"Name": "EndpointName", "Value": "e"}]
    sqs = stack.client("sqs")
    (message,) = eventually(
        lambda: sqs.receive_message(QueueUrl=stack["Queue"], WaitTimeSeconds=1).get("Messages")
    )
    assert json.loads(json.loads(message["Body"])["Message"]) == {"a": 1}


def test_a_missing_object_is_named_as_on_aws(stack: Stack) -> None:
    where = {"Bucket": stack["Bucket"], "Key": "absent"}
    result = stack.run({"Get": task("aws-sdk:s3:getObject", where)})
    assert result["error"] == "S3.NoSuchKeyException"


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        ("aws-sdk:sagemaker:describeEndpoint", "SageMaker.SageMakerException"),
        ("sagemaker:createTransformJob.sync", "States.Runtime"),
        ("batch:submitJob.sync", "States.Runtime"),
        ("aws-sdk:braket:createJob", "States.Runtime"),
    ],
)
def test_what_cannot_be_had_fails_by_name(stack: Stack, resource: str, error: str) -> None:
    result = stack.run({"Ask": task(resource, {"EndpointName": "absent"})})
    assert (result["status"], result["error"]) == ("FAILED", error)
    assert result["cause"]
