"""What a listing marks runs with beside their ending: candidates, and shadows of a champion."""

from typing import Literal

from tagline.api.bucket import DataBucket
from tagline.api.documents import RunSummary
from tagline.formats.document import Record
from tagline.formats.keys import RunKeys
from tagline.formats.plan import Plan

_KEPT = 10_000  # runs that ended, which keep their marks


class Mark(Record):
    """As `documents.RunSummary` has it."""

    candidate: bool = False
    shadow: Literal["answering", "answered"] | None = None


class Marks:
    """Reads the marks of one bucket's runs; of those that ended once."""

    def __init__(self, bucket: DataBucket) -> None:
        self._bucket = bucket
        self._ended: dict[tuple[str, str], Mark] = {}

    def of(self, run: RunSummary) -> Mark:
        """Return the marks of a run."""
        known = self._ended.get((run.run, run.ended or ""))
        if known is not None:
            return known
        mark = self._look(run)
        if run.ended:
            if len(self._ended) >= _KEPT:
                self._ended.clear()
            self._ended[run.run, run.ended] = mark
        return mark

    def _look(self, run: RunSummary) -> Mark:
        keys = RunKeys(run.run)
        plan = self._bucket.whole(keys.plan, Plan)
        if plan is None:
            return Mark()
        if plan.settings.endpoint.shadow is None:
            return Mark(candidate=plan.candidate)
        if self._bucket.head(keys.shadow):
            return Mark(candidate=plan.candidate, shadow="answered")
        answering = not run.ended and self._bucket.holds(keys.captured)
        return Mark(candidate=plan.candidate, shadow="answering" if answering else None)
