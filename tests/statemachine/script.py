"""What each task answers: one sunny script, and the cases that differ from it.

Format: https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html
"""

from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from tagline.formats.kinds import Kind
from tagline.formats.outcomes import Ending, Order, Outcome
from tagline.formats.sagemaker import Container, ProcessingRequest, Variant, VariantOfModel
from tagline.formats.steps import (
    ChampionAnswer,
    Comparison,
    DecisionAnswer,
    FetchAnswer,
    ModelOfVariant,
    OrderAnswer,
    PackageAnswer,
    PlanAnswer,
    Rebuild,
    ReleaseAnswer,
    RollBackAnswer,
    Scaling,
    ShadowAnswer,
    SmokeAnswer,
    Wait,
    WayBack,
)
from tagline.serving.shadow_plan import shadowing
from tests.unit.documents import OTHER, RUN, golden

BUCKET, DATASET = "data", "demo"
STATE = {"bucket": BUCKET, "dataset": DATASET, "run": RUN, "started": "2026-11-12T00:00:00Z"}
JOB = "tagline--0123456789abcdef"
ARN = "arn:aws:sagemaker:us-east-1:000000000000"
ARTIFACT = "s3://data/demo/output/job/output/model.tar.gz"
MODEL = {"ModelArtifacts": {"S3ModelArtifacts": ARTIFACT}}


def answers(answer: msgspec.Struct | dict[str, Any]) -> dict[str, Any]:
    """Return the script of a function that answers this."""
    return {"0-9": {"Return": {"Payload": msgspec.to_builtins(answer), "StatusCode": 200}}}


def returns(value: dict[str, Any]) -> dict[str, Any]:
    """Return the script of a service call."""
    return {"0-9": {"Return": value}}


def throws(error: str, cause: str = "{}") -> dict[str, Any]:
    """Return the script of a task that fails whenever it is tried."""
    return {"0-9": {"Throw": {"Error": error, "Cause": cause}}}


REBUILD = Rebuild(
    model="old-model-0",
    container=Container(image="server", model_data_url="s3://data/demo/output/old/model.tar.gz"),
    network_isolation=True,
    variant=Variant(instance_type="ml.c5.large", initial_instance_count=2),
    of_variant=ModelOfVariant(model_name="old-model-0"),
)


def roll_back(
    action: WayBack, then: Literal["end", "train"] = "end", **more: Any
) -> dict[str, Any]:
    champion = action != "delete" and "nobody" not in more
    more.pop("nobody", None)
    return answers(
        RollBackAnswer(
            action=action,
            endpoint="tagline--demo-50876c98a6b2",
            endpoint_config="old-config-0" if champion else None,
            run=OTHER if champion else None,
            state="SmokeTest",
            reason="off",
            then=then,
            **more,
        )
    )


def decision(promote: bool, redeploy: bool = False) -> dict[str, Any]:
    return answers(
        DecisionAnswer(
            promote=promote,
            reason="r",
            challenger_map=0.6,
            champion_map=None,
            superseded_by=None,
            redeploy=redeploy,
        )
    )


def wait(*times: int) -> dict[str, Any]:
    """Return the script of a judge that has capacity waited for, again and again."""
    return {str(i): answers(Wait(times=each, seconds=300))["0-9"] for i, each in enumerate(times)}


def endpoint(*states: tuple[str, str]) -> dict[str, Any]:
    """Return the script of an endpoint that is described in one state after another."""
    return {
        str(i): {"Return": {"EndpointStatus": status, "EndpointConfigName": config}}
        for i, (status, config) in enumerate(states)
    }


NEW, OLD, ALONE = f"{JOB}-config-0", "old-config-0", f"{JOB}-trial-0"
TRIAL = "tagline--demo-50876c98a6b2-trial"
TRIED = ("InService", ALONE)  # the trial, the first time it is looked at
PLAN = PlanAnswer(
    unchanged=False,
    reason="new",
    rows=3,
    accepted=3,
    rejected=0,
    reused=0,
    train=2,
    validation=1,
    shards=1,
    shards_key="shards.json",
)
PACKAGE = PackageAnswer(
    version="1.261127.42210",
    job_name=f"{JOB}-edge-1-261127-42210",
    request=msgspec.convert(golden("evaluation")["request"], ProcessingRequest),
)
SHARD = FetchAnswer(shard="00000", fetched=3, rejected=0, reused=0, left=0, bytes=9)
TUNING = answers(golden("tune_plan"))
LEFT_OVER = answers(
    golden("deployment_create")
    | {"trial": golden("deployment_create")["trial"] | {"left_over": True}}
)
REPLACE = answers(golden("deployment_create") | {"action": "replace"})
UPDATE, CANARY = answers(golden("deployment_update")), answers(golden("deployment_canary"))
SERVERLESS = golden("deployment_update") | {"network_isolation": False, "serverless": True}
SCALING = Scaling(
    resource="endpoint/tagline-demo/variant/AllTraffic",
    min_instances=1,
    max_instances=3,
    invocations_per_instance=600,
)
SCALED = golden("deployment_update") | {"scaling": msgspec.to_builtins(SCALING)}
SHADOWED = f"{JOB}-shadow-0"
UNSEEN = answers(
    golden("deployment_update")
    | {
        "shadow": msgspec.to_builtins(
            shadowing(
                stack="tagline",
                run=RUN,
                champion=OTHER,
                serving=VariantOfModel(
                    model_name="old-model-0", instance_type="ml.c5.large", initial_instance_count=2
                ),
                instances=2,
                variant=Variant(instance_type="ml.c5.large", initial_instance_count=2),
                share=0.1,
                destination="s3://data/demo/runs/x/shadow/",
            )
        )
    }
)


def look(done: bool) -> dict[str, Any]:
    """Return what a look at a shadow answers."""
    since = "2026-11-12T00:00:00.000Z"
    answer = ShadowAnswer(since=since, done=done, reason="r; alike", seconds=18)
    found: dict[str, Any] = answers(answer)["0-9"]
    return found


SEARCHED = returns(
    {
        "HyperParameterTuningJobName": f"{JOB}-tune-000",
        "BestTrainingJob": {"TrainingJobName": f"{JOB}-tune-000-002"},
    }
)
ORDER = {"kind": "promote", "by": "me", "why": "so", "at": "2026-11-12T00:00:00Z"}
SUNNY: dict[str, dict[str, Any]] = {
    "PlanDataset": answers(PLAN),
    "FetchShard": answers(SHARD),
    "PlanInTask": returns({"TaskArn": "arn:task"}),
    "PackDataset": returns({"TaskArn": "arn:task"}),
    "PackPart": returns({"TaskArn": "arn:task"}),
    "JoinParts": returns({"TaskArn": "arn:task"}),
    "PlanTraining": answers(golden("train_plan")),
    "Train": returns({"TrainingJobName": f"{JOB}-train-000", **MODEL}),
    "Tune": SEARCHED,
    "JudgeFailure": throws("JobFailed"),
    "DescribeBestTrial": returns(
        {
            "TrainingJobName": f"{JOB}-tune-000-002",
            "TuningJobArn": f"{ARN}:hyper-parameter-tuning-job/{JOB}-tune-000",
            **MODEL,
        }
    ),
    "PlanEvaluation": answers(golden("evaluation")),
    "Evaluate": returns({"ProcessingJobName": f"{JOB}-eval-000"}),
    "DecidePromotion": decision(promote=True),
    "TakeOrder": answers(
        OrderAnswer(
            evaluation=Comparison(artifact=ARTIFACT, champion_run=OTHER, champion_etag="e"),
            decision=DecisionAnswer(
                promote=True,
                reason="me: so",
                challenger_map=0.4,
                champion_map=0.5,
                superseded_by=None,
                redeploy=False,
                order=msgspec.convert(ORDER, Order),
            ),
        )
    ),
    "PlanDeployment": answers(golden("deployment_create")),
    "CreateModel": returns({"ModelArn": f"{ARN}:model/{JOB}-model-0"}),
    "CreateEndpointConfig": returns({"EndpointConfigArn": f"{ARN}:endpoint-config/{NEW}"}),
    "StopScaling": throws("ApplicationAutoScaling.ObjectNotFoundException"),
    "StopScalingBack": throws("ApplicationAutoScaling.ObjectNotFoundException"),
    "StartScaling": returns({}),
    "KeepToTarget": returns({"PolicyARN": "arn"}),
    "CreateTrialConfig": returns({"EndpointConfigArn": f"{ARN}:endpoint-config/{ALONE}"}),
    "CreateTrial": returns({"EndpointArn": "arn"}),
    "ClearTrial": returns({}),
    "EndTrial": returns({}),
    "DeleteTrial": returns({}),
    "RebuildModel": returns({"ModelArn": "arn"}),
    "RebuildConfig": returns({"EndpointConfigArn": "arn"}),
    "CreateEndpoint": returns({"EndpointArn": "arn"}),
    "UpdateServerlessEndpoint": returns({"EndpointArn": "arn"}),
    "CreateAlarm": returns({}),
    "GuardErrors": returns({}),
    "GuardLatency": returns({}),
    "UpdateEndpoint": returns({"EndpointArn": "arn"}),
    "DescribeEndpoint": endpoint(TRIED, ("Creating", NEW), ("InService", NEW)),
    "CreateShadowConfig": returns({"EndpointConfigArn": f"{ARN}:endpoint-config/{SHADOWED}"}),
    "StartShadow": returns({"EndpointArn": "arn"}),
    "WatchShadow": {"0": look(done=False), "1-9": look(done=True)},
    "SmokeTest": answers(SmokeAnswer(checked=4)),
    "RecordChampion": answers(ChampionAnswer(run=RUN)),
    "PlanRollBack": roll_back("delete"),
    "RestoreChampion": returns({"EndpointArn": "arn"}),
    "DeleteEndpoint": returns({}),
    "ReplaceEndpoint": returns({}),
    "ClearEndpoint": returns({}),
    "DeployChampion": returns({"EndpointArn": "arn"}),
    "RecordOutcome": answers(Ending(outcome=Outcome.PROMOTED, state="RecordChampion", reason="r")),
    "PlanPackage": answers(PACKAGE),
    "PackageEdge": returns({"ProcessingJobName": f"{JOB}-edge-1-261127-42210-00"}),
    "ReleaseEdge": answers(
        ReleaseAnswer(version=PACKAGE.version, targets=("sorters",), reason="went to sorters")
    ),
    "NotifyEdge": returns({"MessageId": "1"}),
    "NotifyRollBack": returns({"MessageId": "1"}),
}
SHORT = throws("States.TaskFailed", '{"FailureReason":"CapacityError: Unable to provision"}')["0-9"]
LONG = answers(replace(PLAN, shards=5))  # of more shards than one task packs
ROLLED_BACK = answers(Ending(outcome=Outcome.ROLLED_BACK, state="SmokeTest", reason="off"))
SMOKE = {
    "SmokeTest": {
        "0": answers(SmokeAnswer(checked=4))["0-9"],  # the trial's
        "1": throws("SmokeTestFailed")["0-9"],
        "2-9": answers(SmokeAnswer(checked=4))["0-9"],  # the champion's, after it came back
    },
    "RecordOutcome": ROLLED_BACK,
}
TO_DEVICES = {"RecordChampion": answers(ChampionAnswer(run=RUN, edge=True))}
IN_TASK = {
    "0": answers(replace(PLAN, in_task=True))["0-9"],
    "1-9": answers(replace(PLAN, unchanged=True))["0-9"],
}
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "first": {},
    "to-devices": TO_DEVICES,
    "unknown-target": {**TO_DEVICES, "ReleaseEdge": throws("NotReleased")},
    "not-packaged": {**TO_DEVICES, "PackageEdge": throws("States.TaskFailed")},
    "package-not-planned": {**TO_DEVICES, "PlanPackage": throws("NotReleased")},
    "awaited": {"PlanDataset": answers(replace(PLAN, unchanged=True, edge=True))},
    "planned-in-task": {"PlanDataset": IN_TASK},
    "handed-on": {
        "FetchShard": {
            "0-1": answers(replace(SHARD, left=2))["0-9"],
            "2-99": answers(SHARD)["0-9"],
        }
    },
    "unchanged": {"PlanDataset": answers(replace(PLAN, unchanged=True))},
    "superseded": {"PlanDataset": answers(replace(PLAN, superseded=True))},
    "redeployed": {
        "PlanDataset": answers(replace(PLAN, unchanged=True, redeploy=True)),
        "PlanRollBack": roll_back("create"),
        "DescribeEndpoint": endpoint(("Creating", OLD), ("InService", OLD)),
    },
    "redeployed-from-failed": {
        "PlanDataset": answers(replace(PLAN, unchanged=True, redeploy=True)),
        "PlanRollBack": roll_back("replace"),
        "DescribeEndpoint": endpoint(("InService", OLD)),
    },
    "redeployed-before-training": {
        "PlanDataset": answers(replace(PLAN, redeploy=True)),
        "PlanRollBack": roll_back("create", then="train"),
        "DescribeEndpoint": endpoint(("InService", OLD), TRIED, ("InService", NEW)),
        "PlanDeployment": UPDATE,
    },
    "trained-all-the-same": {
        "PlanDataset": answers(replace(PLAN, redeploy=True)),
        "PlanRollBack": {
            "0": roll_back("create", then="train")["0-9"],
            "1-9": roll_back("keep", then="train")["0-9"],
        },
        "DeployChampion": throws("States.TaskFailed"),
        "DecidePromotion": decision(promote=False),
    },
    "not-promoted-redeployed": {
        "DecidePromotion": decision(promote=False, redeploy=True),
        "PlanRollBack": roll_back("restore"),
        "DescribeEndpoint": endpoint(("InService", OLD)),
    },
    "replaced": {
        "PlanDeployment": REPLACE,
        "DescribeEndpoint": endpoint(TRIED, ("InService", NEW)),
    },
    "as-long-as-one-task-packs": {"PlanDataset": answers(replace(PLAN, shards=2))},
    "in-parts": {"PlanDataset": LONG},
    "ratings": {"PlanDataset": answers(replace(PLAN, kind=Kind.RATINGS, shards=0))},
    "tune": {"PlanTraining": TUNING},
    "not-promoted": {"DecidePromotion": decision(promote=False)},
    "update": {
        "PlanDeployment": UPDATE,
        "DescribeEndpoint": endpoint(TRIED, ("Updating", OLD), ("InService", NEW)),
    },
    "update-shows-late": {
        "PlanDeployment": UPDATE,
        "DescribeEndpoint": endpoint(TRIED, ("InService", OLD), ("InService", NEW)),
    },
    "canary": {"PlanDeployment": CANARY},
    "shadow": {
        "PlanDeployment": UNSEEN,
        "DescribeEndpoint": endpoint(
            TRIED, ("Updating", OLD), ("InService", SHADOWED), ("InService", NEW)
        ),
    },
    "shadow-rejected": {
        "PlanDeployment": UNSEEN,
        "WatchShadow": throws("ShadowRejected"),
        "PlanRollBack": roll_back("restore"),
        "DescribeEndpoint": endpoint(TRIED, ("InService", SHADOWED), ("InService", OLD)),
        "RecordOutcome": ROLLED_BACK,
    },
    "shadow-does-not-come-up": {
        "PlanDeployment": UNSEEN,
        "PlanRollBack": roll_back("keep"),
        "DescribeEndpoint": endpoint(TRIED, ("Updating", OLD), ("InService", OLD)),
        "RecordOutcome": ROLLED_BACK,
    },
    "shadow-cannot-be-made": {
        "PlanDeployment": UNSEEN,
        "CreateShadowConfig": throws("States.TaskFailed"),
        "PlanRollBack": roll_back("keep"),
        "RecordOutcome": ROLLED_BACK,
    },
    "serverless": {"PlanDeployment": answers(SERVERLESS | {"action": "create"})},
    "serverless-update": {
        "PlanDeployment": answers(SERVERLESS),
        "DescribeEndpoint": endpoint(TRIED, ("InService", NEW)),
    },
    "scaled": {
        "StopScaling": returns({}),
        "PlanDeployment": answers(SCALED),
        "DescribeEndpoint": endpoint(TRIED, ("InService", NEW)),
    },
    "not-scaled-rolled-back": {
        "PlanDeployment": answers(SCALED),
        "StartScaling": {
            "0": throws("ApplicationAutoScaling.ValidationException")["0-9"],
            "1-9": returns({})["0-9"],
        },
        "StopScalingBack": returns({}),
        "PlanRollBack": roll_back("restore", scaling=SCALING),
        "DescribeEndpoint": endpoint(TRIED, ("InService", NEW), ("InService", OLD)),
        "RecordOutcome": ROLLED_BACK,
    },
    "kept-by-alarm-and-scaled-again": {
        "PlanDeployment": CANARY,
        "DescribeEndpoint": endpoint(TRIED, ("InService", OLD), ("InService", OLD)),
        "PlanRollBack": roll_back("keep", scaling=SCALING),
        "RecordOutcome": ROLLED_BACK,
    },
    "first-rolled-back": SMOKE,
    "rolled-back": SMOKE
    | {
        "PlanDeployment": UPDATE,
        "PlanRollBack": roll_back("restore"),
        "DescribeEndpoint": endpoint(
            TRIED, ("InService", NEW), ("Updating", NEW), ("InService", OLD)
        ),
    },
    "rolled-back-by-alarm": {
        "PlanDeployment": CANARY,
        "DescribeEndpoint": endpoint(TRIED, ("RollingBack", OLD), ("InService", OLD)),
        "PlanRollBack": roll_back("keep"),
        "RecordOutcome": ROLLED_BACK,
    },
    "champion-changed": {
        "PlanDeployment": UPDATE,
        "RecordChampion": throws("ChampionChanged"),
        "PlanRollBack": roll_back("restore"),
        "DescribeEndpoint": endpoint(TRIED, ("InService", NEW), ("InService", OLD)),
        "RecordOutcome": ROLLED_BACK,
    },
    "trial-fails": {
        "PlanDeployment": UPDATE,
        "SmokeTest": throws("SmokeTestFailed"),
        "PlanRollBack": roll_back("keep", trial=TRIAL),
        "RecordOutcome": ROLLED_BACK,
    },
    "trial-of-a-first-model-does-not-come-up": {
        "DescribeEndpoint": endpoint(("Creating", ALONE), ("Failed", ALONE)),
        "PlanRollBack": roll_back("keep", nobody=True, trial=TRIAL),
        "RecordOutcome": ROLLED_BACK,
    },
    "waits-for-a-machine-of-the-trial": {
        "DescribeEndpoint": {
            "0": returns(
                {
                    "EndpointStatus": "Failed",
                    "EndpointConfigName": ALONE,
                    "FailureReason": "Unable to provision requested ML compute capacity due to "
                    "InsufficientInstanceCapacity error.",
                }
            )["0-9"],
            **{
                str(int(n) + 1): answer for n, answer in endpoint(TRIED, ("InService", NEW)).items()
            },
        },
    },
    "trial-cannot-be-made": {
        "CreateTrial": throws("States.TaskFailed"),
        "PlanRollBack": roll_back("keep"),
        "RecordOutcome": ROLLED_BACK,
    },
    "trial-cannot-be-deleted": {
        "SmokeTest": throws("SmokeTestFailed"),
        "PlanRollBack": roll_back("keep", trial=TRIAL),
        "DeleteTrial": throws("States.TaskFailed"),
    },
    "trial-left-over": {"PlanDeployment": LEFT_OVER},
    "rebuilt": {
        "PlanDataset": answers(replace(PLAN, unchanged=True, redeploy=True)),
        "PlanRollBack": roll_back("create", model_gone=True, config_gone=True, rebuild=REBUILD),
        "DescribeEndpoint": endpoint(("InService", OLD)),
    },
    "configuration-rebuilt": {
        "PlanDataset": answers(replace(PLAN, unchanged=True, redeploy=True)),
        "PlanRollBack": roll_back("restore", config_gone=True, rebuild=REBUILD),
        "DescribeEndpoint": endpoint(("InService", OLD)),
    },
    "roll-back-failed": SMOKE | {"PlanRollBack": throws("RollBackFailed")},
    "waits-for-an-instance-to-train-on": {
        "Train": {
            "0-1": SHORT,
            "2": returns({"TrainingJobName": f"{JOB}-train-020", **MODEL})["0-9"],
        },
        "JudgeFailure": wait(1, 2),
    },
    "waits-for-trials": {
        "PlanTraining": TUNING,
        "Tune": {"0": SHORT, "1": SEARCHED["0-9"]},
        "JudgeFailure": wait(1),
    },
    "waits-for-the-quota-to-evaluate": {
        "Evaluate": {
            "0": throws("SageMaker.ResourceLimitExceededException")["0-9"],
            "1": returns({"ProcessingJobName": f"{JOB}-eval-010"})["0-9"],
        },
        "JudgeFailure": wait(1),
    },
    "waits-for-a-task": {
        "PackDataset": {
            "0": throws("ECS.AmazonECSException")["0-9"],
            "1": returns({"TaskArn": "arn:task"})["0-9"],
        },
        "JudgeFailure": wait(1),
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
    "StopScaling",
    "CreateTrialConfig",
    "CreateEndpoint",
    "RecordOutcome",
]
CASES |= {f"fails-in-{name}": {name: throws("States.TaskFailed")} for name in FAILING}
CASES["fails-in-PlanInTask"] = {
    "PlanDataset": IN_TASK,
    "PlanInTask": throws("States.TaskFailed"),
}
CASES |= {
    f"fails-in-{name}": {"PlanDataset": LONG, name: throws("States.TaskFailed")}
    for name in ("PackPart", "JoinParts")
}
CASES |= {
    "restored": {
        "PlanRollBack": roll_back("restore"),
        "DescribeEndpoint": endpoint(("Updating", OLD), ("InService", NEW), ("InService", OLD)),
    },
    "restored-at-once": {
        "PlanRollBack": roll_back("create"),
        "DescribeEndpoint": endpoint(("InService", OLD)),
    },
    "restored-after-a-trial": {
        "PlanRollBack": roll_back("keep", trial=TRIAL),
        "DescribeEndpoint": endpoint(("Creating", ALONE), TRIED, TRIED),
    },
    "restored-by-deleting": {"DescribeEndpoint": endpoint(("InService", NEW), ("InService", NEW))},
}
CASES |= {
    "ordered": {"PlanDeployment": UPDATE, "DescribeEndpoint": endpoint(TRIED, ("InService", NEW))},
    "fails-in-TakeOrder": {"TakeOrder": throws("States.TaskFailed")},
}
CASES |= {
    f"fails-in-{name}": {"PlanTraining": TUNING, name: throws("States.TaskFailed")}
    for name in ("Tune", "DescribeBestTrial")
}
CASES |= {
    f"fails-in-{name}": {
        "PlanDeployment": CANARY,
        name: throws("States.TaskFailed"),
    }
    for name in ("CreateAlarm", "GuardErrors", "GuardLatency", "UpdateEndpoint")
} | {
    "fails-in-ClearTrial": {"PlanDeployment": LEFT_OVER, "ClearTrial": throws("States.TaskFailed")}
}


RESTORING = {
    case: STATE | {"restore": {"endpoint": "tagline--demo-50876c98a6b2"}}
    for case in CASES
    if case.startswith("restored")
} | {
    "restored-at-once": STATE
    | {"restore": {"endpoint": "tagline--demo-50876c98a6b2", "settled": True}},
    "ordered": STATE | {"order": ORDER},
    "fails-in-TakeOrder": STATE | {"order": ORDER},
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
