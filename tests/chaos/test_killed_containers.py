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


VICTIMS: dict[str, tuple[str, Callable[[Laptop], psutil.Process | None], str]] = {
    "packing": ("PackDataset", container("im2rec"), "Failed"),
    "pool-worker": ("PackDataset", pool_worker, "Promoted"),
    "training": ("Train", container("trainer"), "Failed"),
    "evaluation": ("Evaluate", container("trainer"), "Failed"),
}


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_container(laptop: Laptop, victim: str) -> None:
    state, find, outcome = VICTIMS[victim]
    laptop.fresh_champion()
    # other pixels: what was packed before is not taken again
    background = {"size": 32, "background": f"#ffff{list(VICTIMS).index(victim):02x}"}
    laptop.pipeline.settings(DATASET, image=background, training=STRONG)
    with laptop.asking() as answers:
        run = laptop.drop()
        eventually(lambda: state in laptop.entered(run), 120)
        eventually(lambda: find(laptop), 60).kill()
        ended = laptop.status(run)
        laptop.settled()
    assert ended["outcome"] == outcome, ended
    answers.check(laptop.champion, *([run] if outcome == "Promoted" else []))
    if outcome == "Failed":
        assert ended["state"] == state
        assert "SIGKILL" in ended["reason"] or "137" in ended["reason"], ended
    told = [(alert["run"], alert["state"]) for alert in alerts(laptop.pipeline)]
    assert told == ([(run, state)] if outcome == "Failed" else [])
    assert laptop.left_over() == []
