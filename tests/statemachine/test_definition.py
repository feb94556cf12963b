"""The rules that every state keeps, checked on the definition itself."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "statemachine/retrain.asl.json"
DEFINITION: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
# functions that are no state
OUTSIDE_THE_FLOW = {
    *("start_run", "record_failure", "tell_failures", "watch_drift"),
    *(
        "curate",
        "datasets",
        "keep_edge_results",
        "merge_corrections",
        "progress",
        "tag",
        "take_feedback",
    ),
    *("plan_batch", "tag_shard", "publish_batch"),
}


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state, those inside maps included."""
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


ALL = dict(states(DEFINITION))
TOP: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = {name: state for name, state in ALL.items() if state["Type"] == "Task"}
WORKING = {name: state for name, state in ALL.items() if state["Type"] in ("Task", "Map")}

JOBS = {name for name, state in TASKS.items() if state["Resource"].endswith(".sync")}
CAPACITY = {
    "AmazonECS.Unknown",
    "ECS.LimitExceededException",
    "Lambda.TooManyRequestsException",
}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def targets(state: dict[str, Any]) -> set[str]:
    found = {state[key] for key in ("Next", "Default") if key in state}
    found |= {choice["Next"] for choice in state.get("Choices", [])}
    return found | {catch["Next"] for catch in state.get("Catch", [])}


@pytest.mark.parametrize("name", WORKING)
def test_retries_are_few_and_spread_out(name: str) -> None:
    retriers = WORKING[name]["Retry"]
    assert retriers
    for retrier in retriers:
        assert retrier["JitterStrategy"] == "FULL"
        assert "States.ALL" not in retrier["ErrorEquals"]
        if set(retrier["ErrorEquals"]) <= CAPACITY:
            assert retrier["BackoffRate"] == 1
            assert 3600 <= retrier["IntervalSeconds"] * retrier["MaxAttempts"] <= 5 * 3600
            assert retrier["MaxAttempts"] <= 360  # three events of the history's 25,000 each
        else:
            waits = retrier["ErrorEquals"] == ["TooManyRuns"]  # for the turn of a run
            assert 1 <= retrier["MaxAttempts"] <= (2000 if waits else 6)
            assert retrier["MaxDelaySeconds"] <= 300


@pytest.mark.parametrize("name", TASKS)
def test_a_task_waits_for_hours_where_an_account_has_no_room(name: str) -> None:
    retried = {error for retrier in TASKS[name]["Retry"] for error in retrier["ErrorEquals"]}
    patient = retried & CAPACITY
    resource = TASKS[name]["Resource"]
    if "ecs:runTask" in resource:
        assert patient == {"AmazonECS.Unknown", "ECS.LimitExceededException"}
        assert "States.TaskFailed" in retried, "a killed task"
    elif resource.endswith("lambda:invoke"):
        assert patient == {"Lambda.TooManyRequestsException"}
    else:
        assert not patient
    if resource.endswith("Job.sync") and name != "PackageEdge":  # for which no promotion waits
        assert TASKS[name]["Catch"][0]["Next"] == "JobFailed", "which knows capacity by its cause"


def test_a_task_that_is_refused_for_good_does_not_wait_for_hours() -> None:
    """Want of capacity and a fault of the request have one name: ECS.AmazonECSException."""
    for name in ("PlanInTask", "PackDataset", "PackPart", "JoinParts"):
        waits = [
            retrier["MaxAttempts"] * retrier["MaxDelaySeconds"]
            for retrier in ALL[name]["Retry"]
            if {"ECS.AmazonECSException", "States.TaskFailed"} & set(retrier["ErrorEquals"])
        ]
        assert sum(waits) <= 3600


def test_what_fails_a_run_ends_it_where_it_can_be_redriven() -> None:
    """Of an execution that ended in a Fail state RedriveExecution would only fail again.

    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
    """
    assert [name for name, state in ALL.items() if state["Type"] == "Fail"] == []
    caught = {name: s["Catch"][-1]["Next"] for name, s in WORKING.items() if "Catch" in s}
    caught.pop("StopScaling")  # which catches nothing but that nothing scales
    edge = {name for name, led in caught.items() if led == "RecordOutcome"}
    assert edge == {"PlanPackage", "PackageEdge", "ReleaseEdge"}  # the promotion stands
    assert set(caught.values()) == {"PlanRollBack", "Done", "JobFailed", "RecordOutcome"}
    assert TOP["JobFailed"]["Next"] == "JudgeFailure"  # which fails, until it is redriven
    assert {name for name, led in caught.items() if led == "Done"} == {
        "NotifyEdge",
        "NotifyRollBack",
    }


@pytest.mark.parametrize("name", [n for n, s in WORKING.items() if "Catch" in s])
def test_an_error_that_is_caught_is_kept(name: str) -> None:
    for catch in WORKING[name]["Catch"]:
        if catch["ErrorEquals"] == ["ApplicationAutoScaling.ObjectNotFoundException"]:
            assert catch["ResultPath"] is None  # no error: nothing scales there
        else:
            kept = {"JobFailed": "$.failure", "RecordOutcome": "$.edge_error"}
            assert catch["Next"] == "JobFailed" or catch["ErrorEquals"] == ["States.ALL"]
            assert catch["ResultPath"] == kept.get(catch["Next"], "$.error")


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_time_limit(name: str) -> None:
    assert ("TimeoutSeconds" in TASKS[name]) != ("TimeoutSecondsPath" in TASKS[name])


@pytest.mark.parametrize("name", TASKS)
def test_only_what_is_named_travels(name: str) -> None:
    state = TASKS[name]
    assert state["ResultPath"] is None or state["ResultSelector"]


@pytest.mark.parametrize(
    "name", sorted(name for name in JOBS if "sagemaker:" in TASKS[name]["Resource"])
)
def test_a_job_that_failed_by_itself_is_not_paid_for_again(name: str) -> None:
    errors = {error for retrier in TASKS[name]["Retry"] for error in retrier["ErrorEquals"]}
    assert not errors & {"States.ALL", "States.TaskFailed", "States.Timeout"}


@pytest.mark.parametrize(
    ("state", "field"),
    [
        ("Train", "TrainingJobName.$"),
        ("Tune", "HyperParameterTuningJobName.$"),
        ("Evaluate", "ProcessingJobName.$"),
        ("CreateModel", "ModelName.$"),
        ("CreateEndpointConfig", "EndpointConfigName.$"),
        ("CreateTrialConfig", "EndpointConfigName.$"),
    ],
)
def test_a_name_is_never_used_twice(state: str, field: str) -> None:
    name = TOP[state]["Parameters"][field]
    assert "$$.State.RetryCount" in name  # begins again at 0 when the execution is redriven
    assert "$$.Execution.RedriveCount" in name
    assert ("$.pack.waiting.times" in name) == (state in JOBS)


def test_a_states_name_is_its_functions_name() -> None:
    invoked = {
        name: state["Parameters"]["FunctionName"].removeprefix("${FunctionPrefix}-")
        for name, state in TASKS.items()
        if state["Resource"].endswith("lambda:invoke")
    }
    assert {snake(name).replace("_", "-") for name in invoked} == set(invoked.values())
    folders = {path.parent.name for path in ROOT.glob("functions/*/app.py")}
    assert {snake(name) for name in invoked} == folders - OUTSIDE_THE_FLOW


def test_a_part_that_failed_is_packed_again_alone() -> None:
    errors = {e for retrier in ALL["PackPart"]["Retry"] for e in retrier["ErrorEquals"]}
    assert "States.TaskFailed" in errors  # one of many tasks, each a small piece of the work
    again = {e for retrier in TOP["PackParts"]["Retry"] for e in retrier["ErrorEquals"]}
    assert again == {"States.ItemReaderFailed", "States.ResultWriterFailed"}


@pytest.mark.parametrize(
    ("name", "command", "says"),
    [
        ("PlanInTask", None, {"TAGLINE_INPUT"}),
        ("PackDataset", None, set()),
        ("PackPart", None, {"TAGLINE_SHARDS"}),
        ("JoinParts", ["join"], set()),
    ],
)
def test_the_packing_container_is_named_like_its_folder(
    name: str, command: list[str] | None, says: set[str]
) -> None:
    (override,) = ALL[name]["Parameters"]["Overrides"]["ContainerOverrides"]
    assert (ROOT / "containers" / override["Name"] / "Dockerfile").is_file()
    assert override.get("Command") == command  # the task definition says `pack` or `plan`
    names = {entry["Name"] for entry in override["Environment"]}
    assert names == {"TAGLINE_BUCKET", "TAGLINE_RUN"} | says


def test_every_state_is_reached_and_every_target_exists() -> None:
    reached, waiting = set(), {DEFINITION["StartAt"]}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= targets(TOP[name]) - reached
    assert reached == set(TOP)


def test_every_way_that_ends_well_is_recorded() -> None:
    ends = {name for name, state in TOP.items() if state["Type"] in ("Succeed", "Fail")}
    assert ends == {"Done"}
    before = {n for n, s in TOP.items() if "Done" in targets(s)}
    assert before == {"RolledBack?", "NotifyEdge", "NotifyRollBack"}
    assert {n for n, s in TOP.items() if "RolledBack?" in targets(s)} == {"RecordOutcome"}


@pytest.mark.parametrize("name", [n for n, s in TASKS.items() if "lambda:invoke" in s["Resource"]])
@pytest.mark.parametrize(
    "error", ["Runtime.ExitError", "Sandbox.Timedout", "Lambda.Unknown", "States.Timeout"]
)
def test_a_function_that_died_is_tried_again(name: str, error: str) -> None:
    """Each of them may run twice: it writes the same again, or finds it written."""
    errors = {e for retrier in TASKS[name]["Retry"] for e in retrier["ErrorEquals"]}
    matching = {"States.TaskFailed"} if error != "States.Timeout" else set()
    assert errors & {error, *matching}


AT_THE_ENDPOINT = [
    *("DescribeEndpoint", "SmokeTest", "RecordChampion"),
    *("CreateTrial", "EndTrial", "RebuildModel", "RebuildConfig", "StartScaling", "KeepToTarget"),
    *("RestoreChampion", "ClearEndpoint", "DeployChampion"),
]


@pytest.mark.parametrize("name", AT_THE_ENDPOINT)
def test_once_the_endpoint_changed_an_error_rolls_back(name: str) -> None:
    assert TOP[name]["Catch"][0]["Next"] == "PlanRollBack"


def test_no_traffic_moves_before_the_trial_was_asked() -> None:
    """Without the state that ends a trial, nobody comes to what gives the challenger traffic.

    What follows a shadow is behind that state, too: only there it is said that there is one.
    """
    reached, waiting = set(), {"PlanDeployment"}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= targets(TOP[name]) - reached - {"EndTrial", "ShadowServes"}
    assert "SmokeTest" in reached
    saying = {
        name for name, state in TOP.items() if '"shadow"' in json.dumps(state.get("Parameters"))
    }
    assert saying == {"AwaitShadow"}
    assert not reached & {"StartShadow", "AwaitShadow"}
    assert not reached & {"UpdateEndpoint", "CreateEndpoint", "ReplaceEndpoint"}
    assert {n for n, s in TOP.items() if "EndTrial" in targets(s)} == {"WhoServes?"}
    assert {n for n, s in TOP.items() if "WhoServes?" in targets(s)} == {"Scales?", "KeepToTarget"}
    assert {n for n, s in TOP.items() if "Scales?" in targets(s)} == {"SmokeTest"}


def test_paths_are_json_paths_without_variables() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert "QueryLanguage" not in text
    assert "{%" not in text
    assert '"Assign"' not in text
    for path in re.findall(r"(?<!\$)\$(?=[A-Za-z])", text):
        pytest.fail(f"a variable is used: {path}")


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_asl_validator_finds_nothing(partition: str, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    assert npm, "install Node.js 20 with npm: asl-validator runs on it"
    validator = ROOT / "node_modules/.bin/asl-validator"
    if not validator.exists():
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=ROOT, check=True)
    deployed = tmp_path / FILE.name
    deployed.write_text(FILE.read_text("utf-8").replace("${Partition}", partition), "utf-8")
    done = subprocess.run(
        [validator, "--json-path", deployed], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_first_look_at_an_endpoint_comes_soon_and_the_template_says_how_often() -> None:
    assert TOP["WaitForEndpoint"]["Seconds"] <= 2
    assert TOP["WaitBetweenChecks"]["SecondsPath"] == "$.awaited.seconds"
    seconds = TOP["CountChecks"]["Parameters"]["seconds.$"]
    assert seconds == "States.StringToJson('${EndpointCheckSeconds}')"
    parameter = (ROOT / "template.yaml").read_text().partition("  EndpointCheckSeconds:\n")[2]
    assert "    Default: 10\n" in parameter[:60]
