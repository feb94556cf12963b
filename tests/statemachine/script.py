"""What each task answers: one sunny script, and the cases that differ from it.

Format: https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html
"""

from typing import Any

BUCKET, DATASET, RUN = "data", "demo", "demo-0123456789abcdef"
STATE = {"bucket": BUCKET, "dataset": DATASET, "run": RUN, "started": "2026-11-12T00:00:00Z"}
JOB = "tagline-0123456789abcdef"
ARN = "arn:aws:sagemaker:us-east-1:000000000000"
ARTIFACT = "s3://data/demo/output/job/output/model.tar.gz"
MODEL = {"ModelArtifacts": {"S3ModelArtifacts": ARTIFACT}}


def answers(**payload: Any) -> dict[str, Any]:
    """Return the script of a function that answers this."""
    return {"0-9": {"Return": {"Payload": payload, "StatusCode": 200}}}


def returns(value: dict[str, Any]) -> dict[str, Any]:
    """Return the script of a service call."""
    return {"0-9": {"Return": value}}


def throws(error: str, cause: str = "{}") -> dict[str, Any]:
    """Return the script of a task that fails whenever it is tried."""
    return {"0-9": {"Throw": {"Error": error, "Cause": cause}}}


def training(mode: str) -> dict[str, Any]:
    fields = (
        "AlgorithmSpecification HyperParameters InputDataConfig OutputDataConfig ResourceConfig "
        "StoppingCondition HyperParameterTuningJobConfig TrainingJobDefinition"
    )
    request: dict[str, dict[str, str]] = {key: {} for key in fields.split()}
    return answers(mode=mode, job_name=f"{JOB}-{mode}", timeout=90, request=request)


def deployment(action: str, canary: bool = False) -> dict[str, Any]:
    return answers(
        action=action,
        canary=canary,
        endpoint="tagline-demo",
        alarm="tagline-demo-5xx",
        model=f"{JOB}-model",
        endpoint_config=f"{JOB}-config",
        container={},
        fleet={"instance_type": "ml.c5.large", "instance_count": 1},
        deployment_config={},
    )


def roll_back(action: str) -> dict[str, Any]:
    config = None if action == "delete" else "old-config-0"
    return answers(
        action=action,
        endpoint="tagline-demo",
        endpoint_config=config,
        state="SmokeTest",
        reason="off",
    )


def endpoint(*states: tuple[str, str]) -> dict[str, Any]:
    """Return the script of an endpoint that is described in one state after another."""
    return {
        str(i): {"Return": {"EndpointStatus": status, "EndpointConfigName": config}}
        for i, (status, config) in enumerate(states)
    }


NEW, OLD = f"{JOB}-config-0", "old-config-0"
PLAN = {
    "unchanged": False,
    "reason": "new",
    "rows": 3,
    "accepted": 3,
    "rejected": 0,
    "reused": 0,
    "train": 2,
    "validation": 1,
    "shards": 1,
    "shards_key": "shards.json",
}
DECISION = {"reason": "r", "challenger_map": 0.6, "champion_map": None}
EVALUATION = (
    "AppSpecification Environment ProcessingInputs ProcessingOutputConfig ProcessingResources "
    "StoppingCondition"
)
SHARD = {"shard": "00000", "fetched": 3, "rejected": 0, "reused": 0, "left": 0, "bytes": 9}
SUNNY: dict[str, dict[str, Any]] = {
    "PlanDataset": answers(**PLAN),
    "FetchShard": answers(**SHARD),
    "PackDataset": returns({"TaskArn": "arn:task"}),
    "PackPart": returns({"TaskArn": "arn:task"}),
    "JoinParts": returns({"TaskArn": "arn:task"}),
    "PlanTraining": training("train"),
    "Train": returns({"TrainingJobName": f"{JOB}-train-0", **MODEL}),
    "Tune": returns(
        {
            "HyperParameterTuningJobName": f"{JOB}-tune-0",
            "BestTrainingJob": {"TrainingJobName": f"{JOB}-tune-0-002"},
        }
    ),
    "DescribeBestTrial": returns({"TrainingJobName": f"{JOB}-tune-0-002", **MODEL}),
    "PlanEvaluation": answers(
        job_name=f"{JOB}-eval",
        champion_run=None,
        champion_etag=None,
        artifact=ARTIFACT,
        request={key: {} for key in EVALUATION.split()},
    ),
    "Evaluate": returns({"ProcessingJobName": f"{JOB}-eval-0"}),
    "DecidePromotion": answers(promote=True, **DECISION),
    "PlanDeployment": deployment("create"),
    "CreateModel": returns({"ModelArn": f"{ARN}:model/{JOB}-model-0"}),
    "CreateEndpointConfig": returns({"EndpointConfigArn": f"{ARN}:endpoint-config/{NEW}"}),
    "CreateEndpoint": returns({"EndpointArn": "arn"}),
    "CreateRollBackAlarm": returns({}),
    "UpdateEndpoint": returns({"EndpointArn": "arn"}),
    "DescribeEndpoint": endpoint(("Creating", NEW), ("InService", NEW)),
    "SmokeTest": answers(checked=4),
    "RecordChampion": answers(run=RUN),
    "PlanRollBack": roll_back("delete"),
    "RestoreChampion": returns({"EndpointArn": "arn"}),
    "DeleteEndpoint": returns({}),
    "RecordOutcome": answers(outcome="Promoted", state="RecordChampion", reason="r"),
    "NotifyRollBack": returns({"MessageId": "1"}),
    "RecordFailure": answers(outcome="Failed", state="S", reason="why", error="SFailed"),
    "NotifyFailure": returns({"MessageId": "1"}),
}
LONG = answers(**(PLAN | {"shards": 5}))  # of more shards than one task packs
ROLLED_BACK = answers(outcome="RolledBack", state="SmokeTest", reason="off")
SMOKE = {"SmokeTest": throws("SmokeTestFailed"), "RecordOutcome": ROLLED_BACK}
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "first": {},
    "handed-on": {
        "FetchShard": {
            "0-1": {"Return": {"Payload": SHARD | {"left": 2}, "StatusCode": 200}},
            "2-99": {"Return": {"Payload": SHARD, "StatusCode": 200}},
        }
    },
    "unchanged": {"PlanDataset": answers(**(PLAN | {"unchanged": True}))},
    "as-long-as-one-task-packs": {"PlanDataset": answers(**(PLAN | {"shards": 2}))},
    "in-parts": {"PlanDataset": LONG},
    "tune": {"PlanTraining": training("tune")},
    "not-promoted": {"DecidePromotion": answers(promote=False, **DECISION)},
    "update": {
        "PlanDeployment": deployment("update"),
        "DescribeEndpoint": endpoint(("Updating", OLD), ("InService", NEW)),
    },
    "canary": {"PlanDeployment": deployment("update", canary=True)},
    "first-rolled-back": SMOKE,
    "rolled-back": SMOKE
    | {
        "PlanDeployment": deployment("update"),
        "PlanRollBack": roll_back("restore"),
        "DescribeEndpoint": endpoint(("InService", NEW), ("Updating", NEW), ("InService", OLD)),
    },
    "rolled-back-by-alarm": {
        "PlanDeployment": deployment("update", canary=True),
        "DescribeEndpoint": endpoint(("RollingBack", OLD), ("InService", OLD)),
        "PlanRollBack": roll_back("keep"),
        "RecordOutcome": ROLLED_BACK,
    },
    "champion-changed": {
        "PlanDeployment": deployment("update"),
        "RecordChampion": throws("ChampionChanged"),
        "PlanRollBack": roll_back("restore"),
        "DescribeEndpoint": endpoint(("InService", NEW), ("InService", OLD)),
        "RecordOutcome": ROLLED_BACK,
    },
    "roll-back-failed": SMOKE | {"PlanRollBack": throws("RollBackFailed")},
    "unrecorded": {
        "PlanDataset": throws("UnusableList", "the list is empty"),
        "RecordFailure": throws("AccessDenied"),
    },
    "unannounced": {
        "PlanDataset": throws("UnusableList"),
        "NotifyFailure": throws("States.Timeout"),
    },
    "roll-back-unannounced": SMOKE | {"NotifyRollBack": throws("States.Timeout")},
}
FAILING = [
    "PlanDataset",
    "FetchShard",
    "PackDataset",
    "PlanTraining",
    "Train",
    "PlanEvaluation",
    "Evaluate",
    "DecidePromotion",
    "PlanDeployment",
    "CreateModel",
    "CreateEndpointConfig",
    "CreateEndpoint",
    "RecordOutcome",
]
CASES |= {f"fails-in-{name}": {name: throws("States.TaskFailed")} for name in FAILING}
CASES |= {
    f"fails-in-{name}": {"PlanDataset": LONG, name: throws("States.TaskFailed")}
    for name in ("PackPart", "JoinParts")
}
CASES |= {
    f"fails-in-{name}": {"PlanTraining": training("tune"), name: throws("States.TaskFailed")}
    for name in ("Tune", "DescribeBestTrial")
}
CASES |= {
    f"fails-in-{name}": {
        "PlanDeployment": deployment("update", canary=True),
        name: throws("States.TaskFailed"),
    }
    for name in ("CreateRollBackAlarm", "UpdateEndpoint")
}


def mock_file(machine: str, cases: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return the cases in the form of Step Functions' mock configuration."""
    tests: dict[str, dict[str, str]] = {}
    responses: dict[str, Any] = {}
    for case, differences in cases.items():
        tests[case] = {}
        for state, script in (SUNNY | differences).items():
            name = f"{case}.{state}"
            tests[case][state] = name
            responses[name] = script
    return {
        "StateMachines": {machine: {"TestCases": tests}},
        "MockedResponses": responses,
    }
