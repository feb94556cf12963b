"""The report on a dataset: its champion's reference beside what was counted lately."""

from collections.abc import Sequence
from datetime import datetime

from tagline.aws.s3 import Bucket
from tagline.drift import words
from tagline.drift.comparing import compare_inputs, compare_labels
from tagline.drift.hours import collected, hours_before
from tagline.formats.drift import (
    EDGES,
    Counts,
    DriftReport,
    HourImages,
    InputDrift,
    LabelDrift,
    Reference,
    Verdict,
)
from tagline.formats.keys import RunKeys
from tagline.formats.settings import DriftSettings


def look(
    bucket: Bucket, dataset: str, run: str, settings: DriftSettings, now: datetime
) -> DriftReport:
    """Return the report of a moment, UTC; `run` is the champion."""
    first, last = hours_before(now, settings.window_hours)
    found, hours = collected(bucket, dataset, run, first, last)
    reference = bucket.get(RunKeys(run).reference, Reference)
    return report_on(dataset, found, reference, hours=hours, settings=settings, at=now)


def report_on(
    dataset: str,
    now: Counts,
    reference: Reference | None,
    *,
    hours: Sequence[HourImages],
    settings: DriftSettings,
    at: datetime,
) -> DriftReport:
    """Return the report of what was counted beside the reference."""
    labels: list[LabelDrift] = []
    inputs: list[InputDrift] = []
    if reference is None:
        verdict, said = _of_none()
    else:
        labels = compare_labels(reference, now, settings.psi)
        inputs = compare_inputs(reference.inputs, now.inputs, settings.psi)
        if now.images < settings.min_images:
            verdict, said = "too_few", words.too_few(now.images, settings.min_images)
        else:
            verdict, said = _judged(labels, inputs, now.images)
    return DriftReport(
        dataset=dataset,
        run=now.run,
        at=at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        window_hours=settings.window_hours,
        hours=tuple(hours),
        images=now.images,
        verdict=verdict,
        said=said,
        psi=settings.psi,
        min_images=settings.min_images,
        edges=EDGES,
        labels=tuple(labels),
        inputs=tuple(inputs),
    )


def _of_none() -> tuple[Verdict, str]:
    return "no_reference", words.NO_REFERENCE


def _judged(
    labels: Sequence[LabelDrift], inputs: Sequence[InputDrift], images: int
) -> tuple[Verdict, str]:
    worse = [each for each in labels if each.scores.drifted or each.rate.drifted]
    other = [each for each in inputs if each.shift.drifted]
    if worse or other:
        return "drifted", words.drifted(worse, other, images)
    return "steady", words.steady(images, len(labels))
