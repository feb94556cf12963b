"""RecordOutcome: how the run ended, and what the next one compares itself with."""

from tagline.aws import clients
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.outcomes import Ending
from tagline.formats.steps import OutcomeEvent
from tagline.outcomes.endings import record_outcome


@step
def handler(event: OutcomeEvent) -> Ending:
    """Write latest.json for a judged run, then status.json, which closes the run."""
    return record_outcome(event, Bucket(clients.s3(), event.bucket))
