"""kill -9 of the model server: while it starts, each time it starts, and six times in a row."""

import threading
from collections import Counter

import psutil
import pytest

from tests.chaos.conftest import Laptop, alerts
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow]


def servers(laptop: Laptop) -> list[psutil.Process]:
    return laptop.processes("-m", "server", "serve")


@pytest.mark.parametrize("times", [1, 9])
def test_killed_before_it_is_in_service(laptop: Laptop, times: int) -> None:
    """SageMaker starts a container again once; a second death rolls the update back."""
    laptop.fresh_champion()
    before = {process.pid for process in servers(laptop)}
    killed: set[int] = set()
    done = threading.Event()

    def kill_new() -> None:
        while not done.is_set() and len(killed) < times:
            for process in servers(laptop):
                if process.pid not in before | killed:
                    process.kill()
                    killed.add(process.pid)

    with laptop.asking() as answers:
        run = laptop.drop()
        eventually(lambda: "CreateEndpointConfig" in laptop.entered(run), 240)
        thread = threading.Thread(target=kill_new)
        thread.start()
        eventually(lambda: len(killed) >= min(times, 2), 120)
        if times > 1:  # the champion's own server is not to be killed, too
            done.set()
        ended = laptop.status(run)
        done.set()
        thread.join()
        laptop.settled()
    outcome = "Promoted" if times == 1 else "RolledBack"
    assert ended["outcome"] == outcome, ended
    answers.check(laptop.champion, *([run] if times == 1 else []))
    told = [] if times == 1 else [run]
    assert [alert["run"] for alert in alerts(laptop.pipeline, len(told))] == told
    assert laptop.left_over() == []


def test_killed_six_times_in_a_row(laptop: Laptop) -> None:
    """It comes back each time; callers who would wait long are told to come again."""
    laptop.fresh_champion()
    killed: set[int] = set()
    with laptop.asking() as answers:
        for _ in range(6):
            (process,) = eventually(
                lambda: [found for found in servers(laptop) if found.pid not in killed], 90
            )
            answered = answers.by[laptop.champion]
            eventually(lambda: answers.by[laptop.champion] > answered, 90)  # noqa: B023
            process.kill()
            killed.add(process.pid)
        answered = answers.by[laptop.champion]
        eventually(lambda: answers.by[laptop.champion] > answered + 5, 120)
    assert set(answers.by) == {laptop.champion}
    kinds = Counter(told.split()[0] for told in answers.other)
    assert set(kinds) <= {"503"}, answers.other
    assert laptop.left_over() == []
    unchanged = laptop.status(laptop.drop())
    assert unchanged["outcome"] == "Promoted"
