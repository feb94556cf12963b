"""What `tagline check` tells about a list with no cloud at all: its rejects and its labels."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple

from tagline.formats.keys import MAX_LABELS_BYTES, MAX_SETTINGS_BYTES
from tagline.formats.list_lines import MAX_LIST_BYTES
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject
from tagline.formats.settings import Settings
from tagline.formats.spellings import plain_path
from tagline.formats.tasks import Task
from tagline.listing.label_counts import LabelCounter
from tagline.listing.label_facts import LabelFacts, label_facts
from tagline.listing.label_names import parse_label_names
from tagline.listing.list_file import check_names, contradictions_said, read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list
from tagline.listing.tasks import TaskTeller
from tagline.listing.trainable import (
    Images,
    check_one_label,
    check_trainable,
    few_said,
    split_said,
)
from tagline.settings import InvalidSettings, check_thresholds, load_settings, located
from tagline.settings.starts import start_said
from tagline.settings.tasks import check_task

FIRST_REJECTS = 3  # shown of every reason
_CHUNK = 1 << 20


class Beside(NamedTuple):
    """A file beside a list that lies in a bucket: its address, and its bytes."""

    address: str
    data: bytes

    def __str__(self) -> str:
        """Return what errors call it."""
        return self.address


@dataclass(frozen=True)
class CheckReport:
    """The findings about one list; `usable` is False where a run would fail in PlanDataset.

    `problems` are sentences about the list as a whole, `warnings` about what a run would leave out
    though it might be meant; `reasons` counts the rejected rows by
    reason code, and `first` holds the first few rejects of each.
    """

    path: str
    usable: bool
    problems: list[str]
    warnings: list[str] = field(default_factory=list)
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    task: Task = Task.MULTI
    """That dataset.yaml says, or the accepted rows tell."""
    reasons: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[Reject]] = field(default_factory=dict)
    labels: LabelFacts | None = None
    settings: Settings = field(default_factory=Settings)


def check_list(
    list_path: Path,
    labels_path: Path | Beside | None = None,
    settings_path: Path | Beside | None = None,
    source_buckets: Collection[str] | None = None,
    unusable: Mapping[str, tuple[Reason, str]] | None = None,
    *,
    named: bool = True,
) -> CheckReport:
    """Read a list as PlanDataset would, up to what only the cloud knows: whether images exist.

    Rows whose path, as `relative_paths` tells it, is among `unusable` are rejected for the reason
    and with the detail given there. Without `source_buckets`, s3:// URIs of any bucket pass. The
    list may be a pipe. Where the labels' names are not known (`named`), no thresholds are held
    against them. Raises OSError for a file that cannot be read; everything else that is wrong is in
    the report.
    """
    config = _read(settings_path, MAX_SETTINGS_BYTES) if settings_path is not None else b""
    problems: list[str] = []
    settings = Settings()
    names: tuple[str, ...] | None = None
    source = Source.unchecked()
    with _noting(problems):
        settings = load_settings(config, str(settings_path))
        source = _source(settings, source_buckets)
    with _noting(problems):
        if labels_path is not None:
            names = parse_label_names(_read(labels_path, MAX_LABELS_BYTES), str(labels_path))
    report = CheckReport(str(list_path), usable=False, problems=problems)
    with _noting(problems), _open_twice(list_path) as stream:
        rows = _Rows(names, settings, source, unusable or {}, str(labels_path))
        report = _check(report, stream, rows)
    with _noting(problems):
        _check_trainable(report, settings, config, str(settings_path))
    if named and report.labels is not None and not problems:
        with _noting(problems):
            _check_thresholds(report.labels, settings, config, str(settings_path))
    said = (_of_the_split(report, settings), _of_few(report), start_said(settings))
    report.warnings.extend(sentence for sentence in said if sentence)
    return replace(report, usable=not problems, settings=settings)


@contextmanager
def _noting(problems: list[str]) -> Iterator[None]:
    """Note what is wrong with a file as a whole."""
    try:
        yield
    except (InvalidSettings, UnusableList) as exc:
        problems.append(str(exc))


def _of_the_split(report: CheckReport, settings: Settings) -> str | None:
    if report.labels is None or not report.accepted:
        return None
    shares = settings.split.shares
    labelled = report.accepted - report.labels.rows_without_label
    least = Images.at_best(report.accepted, labelled, shares)
    likely = max(least.test, round(report.accepted * shares.test)) if least.test else 0
    return split_said(likely, least.validation, shares, least=least.test)


def _of_few(report: CheckReport) -> str | None:
    if report.task is not Task.SINGLE or report.labels is None:
        return None
    return few_said(report.labels.positives)


def _check_trainable(report: CheckReport, settings: Settings, config: bytes, file: str) -> None:
    if report.labels is None or not report.accepted:
        return
    labelled = report.accepted - report.labels.rows_without_label
    check_one_label(report.task, report.labels.positives)
    try:
        check_task(settings, report.task)
        check_trainable(Images.at_best(report.accepted, labelled, settings.split.shares), settings)
    except InvalidSettings as exc:
        raise located(exc, config, file) from exc


def _check_thresholds(labels: LabelFacts, settings: Settings, config: bytes, file: str) -> None:
    try:
        check_thresholds(settings, tuple(labels.positives))
    except InvalidSettings as exc:
        raise located(exc, config, file) from exc


def _source(settings: Settings, source_buckets: Collection[str] | None) -> Source:
    if source_buckets is None:
        return Source.unchecked(settings.source)
    return Source.of_dataset("dataset", "data-bucket", settings.source, source_buckets)


class _Rows(NamedTuple):
    """By what the rows are judged."""

    names: tuple[str, ...] | None
    settings: Settings
    source: Source
    unusable: Mapping[str, tuple[Reason, str]]
    file: str
    """What errors call labels.txt."""


def _check(report: CheckReport, stream: BinaryIO, by: _Rows) -> CheckReport:
    problems, settings = report.problems, by.settings
    survey = survey_list(stream, by.names, settings.task)
    counter, teller = LabelCounter(survey.label_count), TaskTeller(settings.task)
    reasons: Counter[str] = Counter()
    first: dict[str, list[Reject]] = {}
    accepted = 0
    rows = read_rows(stream, survey, by.source, settings.on_conflict)
    for found in rows:
        row = found
        if isinstance(row, Row) and (why := by.unusable.get(plain_path(row.path))):
            row = row.reject(*why)
        if isinstance(row, Reject):
            reasons[row.reason.value] += 1
            samples = first.setdefault(row.reason.value, [])
            if len(samples) < FIRST_REJECTS:
                samples.append(row)
        else:
            accepted += 1
            counter.add(row.labels)
            teller.add(row.labels)
    with _noting(problems):
        check_names(survey, by.names, counter.positives, by.file)
    rejected = reasons.total()
    if not accepted:
        problems.append(f"no row can be used: all {rejected:,} are rejected")
    elif not settings.tolerance.allows(rejected, survey.rows):
        problems.append(settings.tolerance.said(rejected, survey.rows))
    said = contradictions_said(rows.contradicting, settings.on_conflict)
    return replace(
        report,
        warnings=[sentence for sentence in (said, teller.nearly_said) if sentence],
        rows=survey.rows,
        accepted=accepted,
        rejected=rejected,
        task=teller.task,
        reasons=dict(reasons.most_common()),
        first=first,
        labels=label_facts(counter, by.names, accepted, classes=survey.classes),
    )


@contextmanager
def _open_twice(path: Path) -> Iterator[BinaryIO]:
    """Open a file that is read more than once; a pipe's data goes to a temporary file first."""
    with path.open("rb") as stream:
        if stream.seekable():
            yield stream
            return
        with TemporaryFile() as copy:
            left = MAX_LIST_BYTES + 4  # a BOM and a byte too much
            while chunk := stream.read(min(_CHUNK, left)):
                left -= copy.write(chunk)
            yield copy


def _read(path: Path | Beside, limit: int) -> bytes:
    if isinstance(path, Beside):
        return path.data
    with path.open("rb") as file:
        return file.read(limit + 1)  # one more byte, so that the reader sees an overlong file
