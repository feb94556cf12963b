"""Whether a run that has read its list goes on: it may change nothing, or another may decide."""

from collections.abc import Sequence
from dataclasses import dataclass

from tagline.aws.s3 import Bucket
from tagline.formats.plan import ListVersion
from tagline.formats.settings import Settings
from tagline.formats.steps import RunInput
from tagline.planning import standing
from tagline.planning.by_hand import set_by_hand, thresholds_said
from tagline.planning.fingerprint import compare


@dataclass(frozen=True)
class Taken:
    """Whether anything changed, which run decides instead, and why."""

    unchanged: bool
    overtaken: str | None
    reason: str
    same_as: str | None
    """The run that it equals, where it is unchanged."""

    @property
    def trains(self) -> bool:
        """Whether the run goes on to train."""
        return not self.unchanged and self.overtaken is None


def take(
    bucket: Bucket,
    event: RunInput,
    version: ListVersion,
    mark: str,
    *,
    tried: Sequence[str],
    what: str,
    settings: Settings,
) -> Taken:
    """Make the run its dataset's newest and compare its fingerprint with what was judged.

    `what` goes into the fingerprint. A candidate, which is `tried` with something, is no list of
    the dataset's: it neither gives way nor is given way to.
    """
    before = set_by_hand(bucket, event.dataset)
    overtaken = None if tried else standing.claim(bucket, event, settings)
    # looked at anew: reading the list took its time
    champion = standing.find_champion(bucket, event.dataset)
    judged = list(standing.judged(bucket, event.dataset, champion))
    unchanged, reason = compare(mark, judged, what)
    if unchanged and version.train_anyway:
        unchanged, reason = False, f"trained though nothing changed: {version.train_anyway}"
    if tried:
        unchanged, reason = False, f"a candidate, tried with {', '.join(tried)}"
    if (
        unchanged
        and champion
        and (said := thresholds_said(bucket, champion.run, before, settings.thresholds))
    ):
        reason = f"{reason}; {said}"
    if overtaken:
        unchanged, reason = False, f"run {overtaken}, of a list that was dropped later, decides"
    same_as = next((run.run for run in judged if run.fingerprint == mark), None)
    return Taken(unchanged, overtaken, reason, same_as if unchanged else None)
