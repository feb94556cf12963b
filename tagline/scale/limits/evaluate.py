"""What the evaluation meets."""

from collections.abc import Iterator

from tagline.formats.instances import memory
from tagline.jobs.evaluation import LISTED_BYTES, MAX_RUNTIME
from tagline.jobs.sagemaker import LARGEST_DISK, disk
from tagline.scale import figures as f
from tagline.scale.checks import Check, check
from tagline.scale.load import Load

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
    yield check(
        name="volume",
        needed=disk(int(load.held * load.record_bytes + load.images * LISTED_BYTES)),
        limit=LARGEST_DISK,
        unit="GiB",
        mark=f.JPEG_BYTES.mark,
        source="SageMaker: GiB of a job's volume; the images that judge, and what two runs list",
        cure=_FEWER,
    )
    there = memory(load.evaluation_type)
    if there is not None:
        yield check(
            name="Evaluate's memory",
            needed=load.judge_gib,
            limit=there / 2**30,
            unit="GiB",
            mark="computed",
            source=f"{f.JUDGE_ROW.source}; {f.JUDGE_LABEL.source}",
            cure=f"{_FEWER}, or a larger EvaluationInstanceType",
        )
