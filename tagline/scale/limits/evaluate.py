"""What the evaluation meets."""

from collections.abc import Iterator

from tagline.jobs.evaluation import MAX_RUNTIME
from tagline.scale import figures as f
from tagline.scale.checks import Check, check
from tagline.scale.load import Load
from tagline.scale.machines import memory

_FEWER = "lower split.validation and split.test"


def evaluate_checks(load: Load, seconds: float) -> Iterator[Check]:
    """Yield what the evaluation meets."""
    yield check(
        name="Evaluate's time",
        needed=seconds,
        limit=MAX_RUNTIME,
        unit="s",
        mark=f.JUDGED.mark,
        source=f"tagline/jobs/evaluation.py; {f.JUDGED.source}",
        cure=_FEWER,
    )
    gib = memory(load.evaluation_type)
    if gib is not None:
        yield check(
            name="Evaluate's memory",
            needed=load.judge_gib,
            limit=gib,
            unit="GiB",
            mark=f.JUDGE_LABEL.mark,
            source=f"{f.TRAIN_ROW.source}; {f.JUDGE_LABEL.source}",
            cure=_FEWER,
        )
