"""Runs that are broken off: where, and how they have to end."""

from typing import Any

import pytest

from tests.chaos.conftest import Laptop, alerts
from tests.chaos.flow import functions, working
from tests.laptop import eventually

# states of other ways than a promotion over a champion, each with what shows it instead
ELSEWHERE = {
    **dict.fromkeys(
        ("PackParts", "PackPart", "JoinParts"), "tests/statemachine/test_parts_for_real.py"
    ),
    "PlanInTask": "tests/statemachine/test_parts_for_real.py",
    "JudgeFailure": "tests/statemachine/test_branches.py",
    "TakeOrder": "tests/e2e/test_challenger_trial.py",
    "Tune": "as Train: a job of the same service",
    "DescribeBestTrial": "as CreateModel: a call that changes no endpoint",
    "CreateAlarm": "as CreateModel: a call that changes no endpoint",
    "GuardErrors": "as CreateModel: a call that changes no endpoint",
    "GuardLatency": "as CreateModel: a call that changes no endpoint",
    "ClearTrial": "as EndTrial, for the trial of a run that broke off",
    "ReplaceEndpoint": "tests/statemachine/test_branches.py",
    "CreateEndpoint": "tests/chaos/test_first_champion.py",
    "CreateShadowConfig": "as CreateModel: a call that changes no endpoint",
    "StartShadow": "as UpdateEndpoint: a call of the same operation",
    "WatchShadow": "tests/e2e/test_challenger_trial.py",
    "PlanRollBack": "tests/chaos/test_killed_functions.py",
    "StopScalingBack": "tests/chaos/test_killed_functions.py",
    "UpdateServerlessEndpoint": "as UpdateEndpoint: a call of the same operation",
    "StartScaling": "tests/statemachine/test_branches.py",
    "KeepToTarget": "tests/statemachine/test_branches.py",
    "RestoreChampion": "tests/chaos/test_killed_functions.py",
    "ClearEndpoint": "tests/statemachine/test_branches.py",
    "DeployChampion": "tests/e2e/test_champion_serves.py",
    "RebuildModel": "tests/e2e/test_challenger_trial.py",
    "RebuildConfig": "tests/e2e/test_challenger_trial.py",
    "DeleteEndpoint": "tests/chaos/test_first_champion.py",
    "DeleteTrial": "tests/chaos/test_stopped.py: what follows a stop deletes it",
    "NotifyRollBack": "what it says is recorded before",
    **dict.fromkeys(
        ("PlanPackage", "PackageEdge", "ReleaseEdge", "NotifyEdge"),
        "tests/edge/test_release.py: the promotion is recorded before",
    ),
}
STATES = [name for name in working() if name not in ELSEWHERE]
# what a function does in a state that a run comes to twice, or whose write decides
_MOMENTS = {
    "SmokeTest": ("trial", "endpoint"),
    "RecordChampion": ("before", "after"),
    "RecordOutcome": ("before", "after"),
}
_WORDS = {"trial": "hang-before", "endpoint": "work hang-before"}
MOMENTS = [(state, moment) for state in STATES for moment in _MOMENTS.get(state, ("before",))]
# moments after which a run has written what makes it the champion
PROMOTED = {("RecordChampion", "after"), ("RecordOutcome", "before"), ("RecordOutcome", "after")}


def cases(*, brief: tuple[str, str]) -> list[Any]:
    """Return all moments as parameters of a test, one of them for `make test`."""
    return [
        pytest.param(*at, marks=[pytest.mark.brief] if at == brief else [], id="-".join(at))
        for at in MOMENTS
    ]


def at(laptop: Laptop, state: str, moment: str) -> str:
    """Drop the list; return its run once it is in a state."""
    function = functions().get(state)
    if function:
        laptop.script(function, *_WORDS.get(moment, f"hang-{moment}").split())
    run = laptop.drop()
    if function:
        eventually(lambda: laptop.hanging(function), 240)
    else:
        eventually(lambda: state in laptop.entered(run), 240)
    return run


def answering(laptop: Laptop, run: str, state: str, moment: str) -> list[str]:
    """Return the runs whose models may answer while one is broken off there.

    From UpdateEndpoint on the model that was tried does, until the champion is brought back; a
    service's state may have passed on before it is broken off.
    """
    tried = (state, moment) in PROMOTED or "UpdateEndpoint" in laptop.entered(run)
    return [laptop.champion, *([run] if tried else [])]


def check(laptop: Laptop, run: str, state: str, moment: str) -> None:
    """Check how a run ended that was broken off there."""
    ended = laptop.status(run)
    laptop.settled()
    promoted = (state, moment) in PROMOTED
    assert ended["outcome"] == ("Promoted" if promoted else "Failed"), ended
    assert laptop.champion_json()["run"] == (run if promoted else laptop.champion)
    if not promoted:
        told = alerts(laptop.pipeline, 1)
        assert [alert["run"] for alert in told] == [run]
        if state in functions() and state != "FetchShard":
            assert ended["state"] == state
    assert laptop.left_over() == []
