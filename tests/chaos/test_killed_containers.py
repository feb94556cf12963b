"""kill -9 of what stands for containers: packing, a worker of its pool, training, evaluation."""

from collections.abc import Callable

import psutil
import pytest

from tests.chaos.conftest import DATASET, STRONG, Laptop, alerts
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow]


def container(package: str) -> Callable[[Laptop], psutil.Process | None]:
    """Return what finds the first process of a container."""

    def find(laptop: Laptop) -> psutil.Process | None:
        return next(iter(laptop.processes("-m", package)), None)

    return find


def pool_worker(laptop: Laptop) -> psutil.Process | None:
    """Return a worker of the packing container's pool."""
    packing = container("im2rec")(laptop)
    try:
        children = packing.children() if packing else []
        return next(
            (child for child in children if "spawn_main" in " ".join(child.cmdline())), None
        )
    except psutil.NoSuchProcess:
        return None


# where, who, how often, and how the run ends: packing is tried three times
VICTIMS: dict[str, tuple[str, Callable[[Laptop], psutil.Process | None], int, str]] = {
    "packing": ("PackDataset", container("im2rec"), 1, "Promoted"),
    "packing-each-time": ("PackDataset", container("im2rec"), 3, "Failed"),
    "pool-worker": ("PackDataset", pool_worker, 1, "Promoted"),
    "training": ("Train", container("trainer"), 1, "Failed"),
    "evaluation": ("Evaluate", container("trainer"), 1, "Failed"),
}


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_container(laptop: Laptop, victim: str) -> None:
    state, find, times, outcome = VICTIMS[victim]
    killed: set[int] = set()

    def next_one() -> psutil.Process | None:
        process = find(laptop)
        return process if process and process.pid not in killed else None

    laptop.fresh_champion()
    # other pixels: what was packed before is not taken again
    background = {"size": 32, "background": f"#ffff{list(VICTIMS).index(victim):02x}"}
    laptop.pipeline.settings(DATASET, image=background, training=STRONG)
    with laptop.asking() as answers:
        run = laptop.drop()
        eventually(lambda: state in laptop.entered(run), 120)
        for _ in range(times):
            process = eventually(next_one, 120)
            process.kill()
            killed.add(process.pid)
        ended = laptop.status(run)
        laptop.settled()
    assert ended["outcome"] == outcome, ended
    answers.check(laptop.champion, *([run] if outcome == "Promoted" else []))
    if outcome == "Failed":
        assert ended["state"] == state
        assert "SIGKILL" in ended["reason"] or "137" in ended["reason"], ended
    told = [(run, state)] if outcome == "Failed" else []
    found = alerts(laptop.pipeline, len(told))
    assert [(alert["run"], alert["state"]) for alert in found] == told
    assert laptop.left_over() == []
