"""kill -9 of the worker of each Lambda function that the flow calls."""

import pytest

from tests.chaos.conftest import Laptop, alerts
from tests.chaos.flow import functions

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
# functions that an update of the champion by a list does not come to
ELSEWHERE = {
    *("PlanRollBack", "JudgeFailure", "TakeOrder", "WatchShadow"),
    *("PlanPackage", "ReleaseEdge"),
}
ON_THE_WAY = {name: function for name, function in functions().items() if name not in ELSEWHERE}
TRIES = 3
# how a run ends whose function dies as often as it is tried, where that is not Failed
ENDS = {"SmokeTest": "RolledBack", "RecordChampion": "RolledBack", "RecordOutcome": "Promoted"}


@pytest.mark.brief
def test_each_function_may_die_before_and_after_its_work(laptop: Laptop) -> None:
    laptop.fresh_champion()
    scripts = [laptop.script(name, "before", "after") for name in ON_THE_WAY.values()]
    with laptop.asking() as answers:
        run = laptop.drop()
        ended = laptop.status(run)
        laptop.settled()
    assert ended["outcome"] == "Promoted", ended
    assert not [script for script in scripts if script.read_text()]  # each died twice
    answers.check(laptop.champion, run)
    assert alerts(laptop.pipeline) == []
    assert laptop.left_over() == []


@pytest.mark.parametrize("state", ON_THE_WAY)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_function_that_dies_each_time(laptop: Laptop, state: str, moment: str) -> None:
    laptop.fresh_champion()
    laptop.script(ON_THE_WAY[state], *[moment] * TRIES)
    with laptop.asking() as answers:
        run = laptop.drop()
        ended = laptop.status(run)
        laptop.settled()
    promoted = laptop.champion_json()["run"] == run
    outcome = "Promoted" if promoted else ENDS.get(state, "Failed")
    assert ended["outcome"] == outcome, ended
    if not promoted:
        assert state in {ended["state"], "FetchShard"}
        # the challenger has passed its trial by then, and answers until it is rolled back
        answers.check(laptop.champion, *([run] if state == "RecordChampion" else []))
    told = [] if promoted else [run]
    assert [alert["run"] for alert in alerts(laptop.pipeline, len(told))] == told
    assert laptop.left_over() == []
