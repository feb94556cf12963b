"""Whether a list has corrections merged into it: what merged them left word, by the list's hash."""

from tagline.aws.s3 import Bucket
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.merged import Merged
from tagline.formats.plan import CorrectionsIn, ListVersion


def corrections_in(bucket: Bucket, dataset: str, version: ListVersion) -> CorrectionsIn | None:
    """Return what corrections a list has merged into it; None for none."""
    key = FeedbackKeys(dataset).merged(version.sha256)
    found = bucket.whole(key, Merged)
    if found is None:
        return None
    return CorrectionsIn(
        key=key,
        corrections=found.corrections,
        rows=found.rows_changed + found.rows_added,
        by=found.by,
        new=found.new,
    )


def corrections_said(merged: CorrectionsIn) -> str:
    """Return it in words."""
    said = f"{merged.corrections:,} corrections merged, which changed {merged.rows:,} rows"
    return f"started by {merged.new:,} corrections; {said}" if merged.new else said
