"""From a list to the rows a run can work on: parsed, and found in S3."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from tagline.formats.reasons import UnusableList
from tagline.formats.settings import Settings, Tolerance
from tagline.listing.label_counts import count_labels
from tagline.listing.label_names import default_label_names
from tagline.listing.list_file import check_names
from tagline.listing.sources import Source
from tagline.listing.survey import Survey, survey_list
from tagline.planning.store import Rejects, Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass
class JudgedRows:
    """What is known of a list's rows so far: `rows` = `accepted` + len(`rejects`).

    It outlives a failure, so that the rejects can be left for the list's owner.
    """

    tolerance: Tolerance
    rejects: Rejects
    rows: int = 0
    accepted: int = 0
    contradicting: int = 0
    """Rejects that say something else than the row that counts."""
    names: tuple[str, ...] = ()
    """Of the labels, in column order."""

    def check(self) -> None:
        """Raise UnusableList where too few rows are left."""
        rejected = len(self.rejects)
        if self.accepted and self.tolerance.allows(rejected, self.rows):
            return
        reasons = Counter(reject.reason.value for reject in self.rejects)
        counts = ", ".join(f"{reason} {n:,}" for reason, n in reasons.most_common(4))
        first = next(iter(self.rejects))
        verdict = (
            self.tolerance.said(rejected, self.rows)
            if self.accepted
            else f"none of the {self.rows:,} rows can be used"
        )
        raise UnusableList(f"{verdict}: {counts}; first: line {first.line}: {first.detail}")


def parse(  # noqa: PLR0917 - what a list is judged by
    judged: JudgedRows,
    store: Store,
    stream: BinaryIO,
    source: Source,
    names: Sequence[str] | None,
    settings: Settings,
    check: Callable[[Survey], None] = lambda _: None,
) -> None:
    """Judge every row by what the list says, and keep the good ones; raises UnusableList.

    `check` is asked before any row is judged.
    """
    survey = survey_list(stream, names, settings.task)
    check(survey)
    judged.rows = survey.rows
    judged.names = tuple(names or default_label_names(survey.label_count))
    judged.contradicting = store.read(stream, survey, source, settings)
    check_names(survey, names, lambda: count_labels(store.labels(), survey.label_count))
    judged.accepted = len(store)
    judged.check()


def locate(judged: JudgedRows, store: Store, client: "S3Client", source: Source) -> None:
    """Judge parsed rows by their objects, and keep the usable ones.

    Raises UnusableList where too few are left, InvalidSettings where the dataset's own source
    cannot be listed; elsewhere that is a verdict on the rows.
    """
    store.locate(client, source)
    judged.accepted = len(store)
    judged.check()
