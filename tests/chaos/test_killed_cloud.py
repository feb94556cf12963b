"""kill -9 of the laptop cloud, at any moment: each list ends in a run, each run in a status."""

import pytest

from tests.chaos.breaking import answering, at, cases, check
from tests.chaos.conftest import Laptop

pytestmark = [pytest.mark.cloud, pytest.mark.slow]


@pytest.mark.parametrize(("state", "moment"), cases(brief=("RecordChampion", "after")))
def test_killed_cloud(laptop: Laptop, state: str, moment: str) -> None:
    laptop.fresh_champion()
    with laptop.asking() as before:
        run = at(laptop, state, moment)
    laptop.kill()
    laptop.unscript()
    laptop.start()
    with laptop.asking() as after:
        check(laptop, run, state, moment)
    before.check(*answering(laptop, run, state, moment))
    after.check(*answering(laptop, run, state, moment))


def test_a_list_dropped_just_before_the_kill_is_run_after_it(laptop: Laptop) -> None:
    laptop.fresh_champion()
    run = laptop.drop()
    laptop.kill()
    laptop.start()
    with laptop.asking() as answers:
        assert laptop.status(run)["outcome"] == "Promoted"
        laptop.settled()
    answers.check(laptop.champion, run)
