"""StopExecution in each state that does something."""

import pytest

from tests.chaos.breaking import answering, at, cases, check
from tests.chaos.conftest import Laptop

pytestmark = [pytest.mark.cloud, pytest.mark.slow]


@pytest.mark.parametrize(("state", "moment"), cases(brief=("SmokeTest", "endpoint")))
def test_stop_execution(laptop: Laptop, state: str, moment: str) -> None:
    laptop.fresh_champion()
    with laptop.asking() as answers:
        run = at(laptop, state, moment)
        laptop.pipeline.states.stop_execution(executionArn=laptop.execution(run))
        check(laptop, run, state, moment)
    answers.check(*answering(laptop, run, state, moment))
