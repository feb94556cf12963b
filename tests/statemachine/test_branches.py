"""Every way through the flow, walked on the laptop cloud with scripted tasks."""

import pytest

from tests.statemachine.conftest import Flow
from tests.statemachine.script import CASES

pytestmark = pytest.mark.cloud
WAIT = ["WaitForEndpoint", "CountChecks", "DescribeEndpoint", "EndpointReady?"]
AGAIN = ["WaitBetweenChecks", *WAIT[1:]]
FETCHED = [
    *("Restoring?", "PlanDataset", "Unchanged?", "WhatKind?", "LimitFetching", "FetchShards"),
    *("LimitPacking", "PackInParts?"),
]
PLANNED = [*FETCHED, "PackDataset"]
JUDGED = ["PlanEvaluation", "Evaluate", "DecidePromotion", "Promote?"]
TRAINED = [*PLANNED, "PlanTraining", "TrainOrTune?", "Train", *JUDGED]
IN_PARTS = [*FETCHED, "PackParts", "JoinParts"]
TESTED = ["SmokeTest", "Scales?", "WhoServes?"]
ALONE = ["GuardErrors", "GuardLatency", "CreateTrialConfig", "LeftOver?"]
READY = [
    *TRAINED,
    *("PlanDeployment", "CreateModel", "CreateEndpointConfig", *ALONE),
    *(
        "CreateTrial",
        "AwaitTrial",
        *WAIT,
        *TESTED,
        "EndTrial",
        "AwaitChallenger",
        "CreateAlarm",
        "StopScaling",
        "Shadow?",
        "CreateOrUpdate?",
    ),
]
UNSEEN = [*READY[:-1], "CreateShadowConfig", "StartShadow", "AwaitShadow", *WAIT]
LOOK = ["WatchShadow", "Watched?"]
ON_TRIAL = READY[: READY.index("CreateTrial") + 1]
SCALES = ["SmokeTest", "Scales?", "StartScaling", "KeepToTarget", "WhoServes?"]
PROVEN = [*TESTED, "RecordChampion"]
KNOWN = [*PROVEN, "Edge?"]
PACKAGED = ["PlanPackage", "PackageEdge"]
NO_TRIAL = ["TrialLeft?", "GoOn?"]
TRIAL_ENDED = ["TrialLeft?", "DeleteTrial", "GoOn?"]
CHAMPION_SERVES = [*TESTED, *NO_TRIAL]
RECORDED = ["RecordOutcome", "RolledBack?", "Done"]
BACK = ["RecordOutcome", "RolledBack?", "NotifyRollBack", "Done"]
KEPT_FROM_DEVICES = ["RecordOutcome", "RolledBack?", "NotifyEdge", "Done"]
LOOKED = ["PlanRollBack", "AwaitChampion", "ModelGone?"]
KEPT = [*LOOKED, "ConfigGone?", "Keep?"]
UNSCALED = ["Keep?", "StopScalingBack", "RollBackHow?"]
PLANNED_BACK = [*KEPT[:-1], *UNSCALED]
RESTORED = [*PLANNED_BACK, "RestoreChampion"]
JUDGED_JOB = ["JobFailed", "JudgeFailure", "AwaitCapacity", "WhichJob?"]
REST = [
    *(*READY[len(TRAINED) :], "CreateEndpoint", *WAIT, *AGAIN, *KNOWN, *RECORDED),
]
PROMOTED = [*JUDGED, *REST]
TO_DEVICES = [*READY, "CreateEndpoint", *WAIT, *AGAIN, *KNOWN]
PLANNED_FIRST = ["Restoring?", "PlanDataset", "Unchanged?"]


@pytest.mark.parametrize(
    ("case", "states"),
    [
        ("first", [*READY, "CreateEndpoint", *WAIT, *AGAIN, *KNOWN, *RECORDED]),
        (
            "as-long-as-one-task-packs",
            [*READY, "CreateEndpoint", *WAIT, *AGAIN, *KNOWN, *RECORDED],
        ),
        (
            "planned-in-task",
            [
                *("Restoring?", "PlanDataset", "Unchanged?", "PlanInTask", "PlanDataset"),
                *("Unchanged?", *RECORDED),
            ],
        ),
        (
            "in-parts",
            [
                *(*IN_PARTS, *READY[len(PLANNED) :]),
                *("CreateEndpoint", *WAIT, *AGAIN, *KNOWN, *RECORDED),
            ],
        ),
        (
            "ratings",
            [
                *(*PLANNED_FIRST, "WhatKind?", "LimitPacking", "PackInParts?"),
                *(*TRAINED[len(PLANNED) :], *REST),
            ],
        ),
        ("unchanged", [*PLANNED_FIRST, *RECORDED]),
        ("awaited", [*PLANNED_FIRST, *PACKAGED, "ReleaseEdge", *RECORDED]),
        ("to-devices", [*TO_DEVICES, *PACKAGED, "ReleaseEdge", *RECORDED]),
        ("unknown-target", [*TO_DEVICES, *PACKAGED, "ReleaseEdge", *KEPT_FROM_DEVICES]),
        ("not-packaged", [*TO_DEVICES, *PACKAGED, *KEPT_FROM_DEVICES]),
        ("package-not-planned", [*TO_DEVICES, "PlanPackage", *KEPT_FROM_DEVICES]),
        ("superseded", [*PLANNED_FIRST, *RECORDED]),
        (
            "redeployed",
            [
                *(*PLANNED_FIRST, *PLANNED_BACK, "DeployChampion", *WAIT, *AGAIN),
                *(*CHAMPION_SERVES, *RECORDED),
            ],
        ),
        (
            "redeployed-from-failed",
            [
                *(*PLANNED_FIRST, *PLANNED_BACK, "ClearEndpoint", "DeployChampion", *WAIT),
                *(*CHAMPION_SERVES, *RECORDED),
            ],
        ),
        (
            "redeployed-before-training",
            [
                *(*PLANNED_FIRST, *PLANNED_BACK, "DeployChampion", *WAIT, *CHAMPION_SERVES),
                *(*READY[len(PLANNED_FIRST) :], "UpdateEndpoint", *WAIT, *KNOWN, *RECORDED),
            ],
        ),
        (
            "trained-all-the-same",
            [
                *(*PLANNED_FIRST, *PLANNED_BACK, "DeployChampion", *KEPT, *NO_TRIAL),
                *(*TRAINED[len(PLANNED_FIRST) :], *RECORDED),
            ],
        ),
        (
            "not-promoted-redeployed",
            [*TRAINED, *RESTORED, *WAIT, *CHAMPION_SERVES, *RECORDED],
        ),
        (
            "replaced",
            [*READY, "ReplaceEndpoint", "CreateEndpoint", *WAIT, *KNOWN, *RECORDED],
        ),
        (
            "restored",
            [
                *("Restoring?", "AwaitSettled", *WAIT, *AGAIN),
                *(*RESTORED, *WAIT, *CHAMPION_SERVES, *RECORDED),
            ],
        ),
        (
            "restored-at-once",
            [
                *("Restoring?", *PLANNED_BACK, "DeployChampion", *WAIT),
                *(*CHAMPION_SERVES, *RECORDED),
            ],
        ),
        (
            "ordered",
            [
                *("Restoring?", "TakeOrder", "Ordered", *READY[len(TRAINED) :]),
                *("UpdateEndpoint", *WAIT, *KNOWN, *RECORDED),
            ],
        ),
        (
            "restored-by-deleting",
            [
                *("Restoring?", "AwaitSettled", *WAIT, *AGAIN),
                *(*PLANNED_BACK, "DeleteEndpoint", *NO_TRIAL, *RECORDED),
            ],
        ),
        (
            "tune",
            [
                *(*PLANNED, "PlanTraining", "TrainOrTune?", "Tune", "DescribeBestTrial", *JUDGED),
                *(*READY[len(TRAINED) :], "CreateEndpoint", *WAIT, *AGAIN, *KNOWN, *RECORDED),
            ],
        ),
        ("not-promoted", [*TRAINED, *RECORDED]),
        (
            "waits-for-an-instance-to-train-on",
            [*TRAINED[:-4], *2 * [*JUDGED_JOB, "TrainOrTune?", "Train"], *PROMOTED],
        ),
        (
            "waits-for-trials",
            [
                *(*PLANNED, "PlanTraining", "TrainOrTune?", "Tune", *JUDGED_JOB),
                *("TrainOrTune?", "Tune", "DescribeBestTrial", *PROMOTED),
            ],
        ),
        (
            "waits-for-the-quota-to-evaluate",
            [*TRAINED[:-2], *JUDGED_JOB, *PROMOTED],
        ),
        ("waits-for-a-task", [*PLANNED, *JUDGED_JOB, *TRAINED[len(PLANNED) - 1 :], *REST]),
        (
            "trial-fails",
            [*ON_TRIAL, "AwaitTrial", *WAIT, "SmokeTest", *KEPT, *TRIAL_ENDED, *BACK],
        ),
        (
            "trial-of-a-first-model-does-not-come-up",
            [*ON_TRIAL, "AwaitTrial", *WAIT, *AGAIN, *KEPT, *TRIAL_ENDED, *BACK],
        ),
        (
            "waits-for-a-machine-of-the-trial",
            [
                *(*ON_TRIAL, "AwaitTrial", *WAIT, "NoMachine", "AwaitMachine", "ClearTrial"),
                *(*READY[len(ON_TRIAL) - 1 :], "CreateEndpoint", *WAIT, *KNOWN, *RECORDED),
            ],
        ),
        ("trial-cannot-be-made", [*ON_TRIAL, *KEPT, *NO_TRIAL, *BACK]),
        (
            "trial-left-over",
            [
                *(*ON_TRIAL[:-1], "ClearTrial", *READY[len(ON_TRIAL) - 1 :]),
                *("CreateEndpoint", *WAIT, *AGAIN, *KNOWN, *RECORDED),
            ],
        ),
        (
            "rebuilt",
            [
                *(*PLANNED_FIRST, *LOOKED, "RebuildModel", "ConfigGone?", "RebuildConfig"),
                *(*UNSCALED, "DeployChampion", *WAIT, *CHAMPION_SERVES, *RECORDED),
            ],
        ),
        (
            "configuration-rebuilt",
            [
                *(*PLANNED_FIRST, *LOOKED, "ConfigGone?", "RebuildConfig"),
                *(*UNSCALED, "RestoreChampion", *WAIT, *CHAMPION_SERVES, *RECORDED),
            ],
        ),
        (
            "restored-after-a-trial",
            [
                *("Restoring?", "AwaitSettled", *WAIT, *AGAIN),
                *(*KEPT, *TRIAL_ENDED, *RECORDED),
            ],
        ),
        ("update", [*READY, "UpdateEndpoint", *WAIT, *AGAIN, *KNOWN, *RECORDED]),
        ("update-shows-late", [*READY, "UpdateEndpoint", *WAIT, *AGAIN, *KNOWN, *RECORDED]),
        (
            "canary",
            [*READY, "UpdateEndpoint", *WAIT, *AGAIN, *KNOWN, *RECORDED],
        ),
        (
            "first-rolled-back",
            [
                *(*READY, "CreateEndpoint", *WAIT, *AGAIN, "SmokeTest"),
                *(*PLANNED_BACK, "DeleteEndpoint", *NO_TRIAL, *BACK),
            ],
        ),
        (
            "rolled-back",
            [
                *(*READY, "UpdateEndpoint", *WAIT, "SmokeTest", *RESTORED, *WAIT, *AGAIN),
                *(*CHAMPION_SERVES, *BACK),
            ],
        ),
        (
            "rolled-back-by-alarm",
            [
                *(*READY, "UpdateEndpoint", *WAIT, *AGAIN),
                *(*KEPT, *NO_TRIAL, *BACK),
            ],
        ),
        (
            "shadow",
            [
                *(*UNSEEN, *AGAIN, *TESTED, "ShadowServes", *LOOK, "WaitForShadow", *LOOK),
                *("Shadowed", *READY[READY.index("AwaitChallenger") :], "UpdateEndpoint", *WAIT),
                *(*KNOWN, *RECORDED),
            ],
        ),
        (
            "shadow-rejected",
            [
                *(*UNSEEN, *TESTED, "ShadowServes", "WatchShadow", *RESTORED, *WAIT),
                *(*CHAMPION_SERVES, *BACK),
            ],
        ),
        ("shadow-does-not-come-up", [*UNSEEN, *AGAIN, *KEPT, *NO_TRIAL, *BACK]),
        ("shadow-cannot-be-made", [*UNSEEN[:-6], *KEPT, *NO_TRIAL, *BACK]),
        ("serverless", [*READY, "CreateEndpoint", *WAIT, *AGAIN, *KNOWN, *RECORDED]),
        (
            "serverless-update",
            [*READY, "UpdateServerlessEndpoint", *WAIT, *KNOWN, *RECORDED],
        ),
        (
            "scaled",
            [*READY, "UpdateEndpoint", *WAIT, *SCALES, "RecordChampion", "Edge?", *RECORDED],
        ),
        (
            "not-scaled-rolled-back",
            [
                *(*READY, "UpdateEndpoint", *WAIT, "SmokeTest", "Scales?", "StartScaling"),
                *(*RESTORED, *WAIT, *SCALES, *NO_TRIAL, *BACK),
            ],
        ),
        (
            "kept-by-alarm-and-scaled-again",
            [
                *(*READY, "UpdateEndpoint", *WAIT, *AGAIN, *KEPT),
                *(*SCALES[2:], *NO_TRIAL, *BACK),
            ],
        ),
        (
            "champion-changed",
            [*READY, "UpdateEndpoint", *WAIT, *PROVEN, *RESTORED, *WAIT, *CHAMPION_SERVES, *BACK],
        ),
        (
            "roll-back-unannounced",
            [
                *(*READY, "CreateEndpoint", *WAIT, *AGAIN, "SmokeTest"),
                *(*PLANNED_BACK, "DeleteEndpoint", *NO_TRIAL, *BACK),
            ],
        ),
    ],
)
def test_a_way_that_ends_well(flow: Flow, case: str, states: list[str]) -> None:
    walk = flow.walk(case)
    assert walk.states == states
    assert walk.status == "SUCCEEDED"
    assert walk.output is not None
    assert set(walk.output) == {"outcome", "state", "reason"}


@pytest.mark.parametrize("case", [name for name in CASES if name.startswith("fails-in-")])
def test_a_run_that_fails_ends_at_the_state_that_failed(flow: Flow, case: str) -> None:
    """There RedriveExecution resumes it; RecordFailure hears of it by EventBridge."""
    walk = flow.walk(case)
    failed = case.removeprefix("fails-in-")
    outer = {"FetchShard": "FetchShards", "PackPart": "PackParts"}.get(failed)
    judged = failed in {"Train", "Tune", "Evaluate"}
    last = [failed, "JobFailed", "JudgeFailure"] if judged else [outer or failed]
    assert walk.states[-len(last) :] == last
    error = "States.ExceedToleratedFailureThreshold" if outer else "States.TaskFailed"
    assert (walk.status, walk.error) == ("FAILED", "JobFailed" if judged else error)


def test_a_roll_back_that_fails_is_a_failure(flow: Flow) -> None:
    walk = flow.walk("roll-back-failed")
    assert walk.states[-1] == "PlanRollBack"
    assert (walk.status, walk.error) == ("FAILED", "RollBackFailed")


def test_a_trial_that_stays_is_a_failure_that_somebody_hears_of(flow: Flow) -> None:
    walk = flow.walk("trial-cannot-be-deleted")
    assert walk.states[-2:] == ["TrialLeft?", "DeleteTrial"]
    assert walk.status == "FAILED"
