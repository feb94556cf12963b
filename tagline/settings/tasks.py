"""Which settings go with a task."""

from collections.abc import Iterator

from tagline.formats.settings import Settings
from tagline.formats.tasks import Task
from tagline.settings.errors import InvalidSettings


def check_task(settings: Settings, task: Task) -> None:
    """Raise InvalidSettings for a setting that the task has nothing for."""
    if task is not Task.SINGLE:
        return
    named = next(_of_multi(settings), None)
    if named is None:
        return
    setting, words = named
    multi = "" if settings.task == "single" else ", or set task: multi"
    raise InvalidSettings(
        f"{setting}: {words}, and each image of this dataset has exactly one label: take it "
        f"out{multi}",
        setting,
    )


def _of_multi(settings: Settings) -> Iterator[tuple[str, str]]:
    training = settings.training
    if training.loss == "asymmetric":
        yield "training.loss", "asymmetric is a loss of several labels an image"
    ranges = settings.tuning.ranges if settings.tuning else None
    if ranges and ranges.loss and "asymmetric" in ranges.loss:
        yield "tuning.ranges.loss", "asymmetric is a loss of several labels an image"
    if training.algorithm == "builtin":
        yield "training.algorithm", "builtin is asked for several labels an image"
