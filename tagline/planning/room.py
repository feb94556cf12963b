"""Where a list is planned: in a function as far as its rows fit there, else in a container task."""

from dataclasses import dataclass

from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys
from tagline.formats.list_lines import FUNCTION_LIST_BYTES
from tagline.formats.plan import DroppedList
from tagline.listing.survey import Survey
from tagline.planning.inputs import look_at_list
from tagline.split.memory import LINE_BYTES

# What a plan in memory holds, bytes: 1,303 MB at 1,000,000 rows of 334 labels. A row keeps a byte a
# label, twice: as it was read, and as it is planned.
PLAN_IN_TASK_ABOVE = 500_000  # rows: the template's default; they take two minutes and 0.7 GB
START_BYTES = 90 << 20
ROW_BYTES = 606
LABEL_BYTES = 2
REMEMBERED_BYTES = 150  # of a content that split.txt knows, and no row has
MARGIN = 1.25  # paths, ids and label names may be longer than those measured


def plan_bytes(rows: float, labels: int, remembered: float = 0) -> float:
    """Return the memory that a plan of so many rows takes in a function, the margin in it."""
    held = rows * (ROW_BYTES + LABEL_BYTES * labels)
    return MARGIN * (START_BYTES + held + REMEMBERED_BYTES * remembered)


class TooLargeHere(Exception):
    """A list is larger than its first lines let expect: it has to be planned in a task."""


@dataclass(frozen=True)
class Room:
    """What a function may plan: at most so many rows, in so much memory (bytes)."""

    rows: int
    memory: int

    def why_not(
        self, rows: int, labels: int, remembered: float = 0, list_bytes: float = 0
    ) -> str | None:
        """Return why a list of so many rows and labels is planned in a task; None if it is not.

        Labels that rows share, those of a class, do not count. `list_bytes` are uncompressed.
        """
        if list_bytes > FUNCTION_LIST_BYTES:
            return f"the list has {list_bytes:,.0f} bytes, more than a function's disk takes twice"
        if rows > self.rows:
            return f"{rows:,} rows are more than PlanInTaskAbove ({self.rows:,})"
        needed = plan_bytes(rows, labels, remembered)
        if needed > self.memory:
            return (
                f"{rows:,} rows of {labels} label(s) and {remembered:,.0f} remembered images need "
                f"{needed / 2**20:,.0f} MiB, and the function has {self.memory >> 20:,}"
            )
        return None

    def refusal(self, bucket: Bucket, dataset: str, dropped: DroppedList) -> str | None:
        """Return why a list is planned in a task, by what can be told before it is read."""
        size = look_at_list(dropped, bucket)
        head = bucket.head(DatasetKeys(dataset).split)
        remembered = head.size / LINE_BYTES if head else 0
        labels = 0 if size.classes else size.labels
        return self.why_not(size.rows, labels, remembered, size.bytes)

    def check(self, survey: Survey) -> None:
        """Raise TooLargeHere where a list turns out to be one for a task."""
        if why := self.why_not(survey.rows, 0 if survey.classes else survey.label_count):
            raise TooLargeHere(why)
